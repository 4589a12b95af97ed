// SPDX-License-Identifier: MIT
// centrifuge-js, as an application would use it.

import { Centrifuge, State, SubscriptionState } from "centrifuge";
import WebSocket from "ws";

import { next, until } from "./wait.mjs";

const open = new Set();

/** A client that has not connected yet and comes back quickly when it loses its connection. */
export function newClient(url, options = {}) {
  const client = new Centrifuge(url, {
    websocket: WebSocket,
    minReconnectDelay: 20,
    maxReconnectDelay: 200,
    ...options,
  });
  open.add(client);
  return client;
}

/** A connected client. */
export async function connect(url, options = {}) {
  const client = newClient(url, options);
  const connected = next(client, "connected");
  client.connect();
  await connected;
  return client;
}

/** A subscription that is in force. `received` has the publications as they come. */
export async function subscribe(client, channel, options = {}) {
  const sub = client.newSubscription(channel, options);
  sub.received = [];
  sub.on("publication", (publication) => sub.received.push(publication));
  const subscribed = next(sub, "subscribed");
  sub.subscribe();
  await subscribed;
  return sub;
}

/** The first `count` publications of a subscription, once they are there. */
export async function received(sub, count) {
  await until(() => sub.received.length >= count, `${count} publications in ${sub.channel}`);
  return sub.received.slice(0, count).map((publication) => publication.data);
}

/** Ends every client that a test has left open, so that the process can end. */
export function disconnectAll() {
  for (const client of open) client.disconnect();
  open.clear();
}

export { State, SubscriptionState };
