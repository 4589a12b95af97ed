// SPDX-License-Identifier: MIT
// Subscriptions: made, refused, counted and ended.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import {
  connect,
  disconnectAll,
  newClient,
  received,
  subscribe,
  SubscriptionState,
} from "./support/client.mjs";
import { Raw } from "./support/raw.mjs";
import { Server } from "./support/server.mjs";
import { next, until } from "./support/wait.mjs";

const NAMESPACES = '--channel.namespaces=[{"name":"room","presence":true}]';

describe("subscriptions", () => {
  let server;
  before(async () => (server = await Server.start([NAMESPACES])));
  after(async () => {
    disconnectAll();
    await server.stop();
  });

  const subscribers = async (channel) =>
    (await server.api.result("channels", {})).channels[channel]?.num_clients ?? 0;

  test("a subscriber gets what is published through the API", async () => {
    const client = await connect(server.url);
    const sub = await subscribe(client, "news");
    await server.api.publish("news", { text: "hello" });
    await server.api.publish("other", { text: "not for it" });
    await server.api.publish("news", [1, 2]);
    assert.deepEqual(await received(sub, 2), [{ text: "hello" }, [1, 2]]);
    assert.equal(sub.received[0].info, undefined);
    assert.equal(sub.received[0].offset, undefined);
  });

  test("50 subscriptions in the first frame", async () => {
    const client = newClient(server.url);
    const channels = Array.from({ length: 50 }, (_, i) => `first-frame-${i}`);
    const ready = channels.map((channel) => subscribe(client, channel));
    client.connect();
    const subs = await Promise.all(ready);
    await server.api.result("broadcast", { channels, data: "all" });
    for (const sub of subs) assert.deepEqual(await received(sub, 1), ["all"]);
  });

  test("commands of one frame are answered in their order, connect first", async () => {
    const raw = await Raw.webSocket(server.port);
    const count = 50;
    raw.command(
      { id: 1, connect: {} },
      ...Array.from({ length: count }, (_, i) => ({
        id: i + 2,
        subscribe: { channel: `o-${i}`, flag: 1 },
      })),
    );
    assert.ok((await raw.message()).connect);
    for (let i = 0; i < count; i++)
      assert.deepEqual(await raw.message(), { id: i + 2, subscribe: {} });
    raw.destroy();
  });

  test("unsubscribing ends it; a new subscription of the same channel works", async () => {
    const client = await connect(server.url);
    const sub = await subscribe(client, "again");
    const ended = next(sub, "unsubscribed");
    sub.unsubscribe();
    assert.equal((await ended).code, 0);
    await until(async () => (await subscribers("again")) === 0, "the channel to be left");
    await server.api.publish("again", "lost");
    const subscribed = next(sub, "subscribed");
    sub.subscribe();
    await subscribed;
    await server.api.publish("again", "found");
    assert.deepEqual(await received(sub, 1), ["found"]);
  });

  test("after the reply to unsubscribe nothing more comes", async () => {
    const raw = await Raw.client(server.port, [{ id: 2, subscribe: { channel: "over" } }]);
    await raw.reply(2);
    await server.api.publish("over", 1);
    raw.command({ id: 3, unsubscribe: { channel: "over" } });
    let reply;
    do reply = await raw.message();
    while (reply.push);
    assert.deepEqual(reply, { id: 3, unsubscribe: {} });
    await server.api.publish("over", 2);
    raw.command({ id: 4, unsubscribe: { channel: "over" } });
    assert.deepEqual(await raw.message(), { id: 4, unsubscribe: {} });
    raw.destroy();
  });

  test("subscribing and leaving in one frame, again and again, leaves nothing", async () => {
    const raw = await Raw.client(server.port);
    const commands = [];
    for (let i = 0; i < 200; i++) {
      commands.push({ id: 100 + 2 * i, subscribe: { channel: "flip" } });
      commands.push({ id: 101 + 2 * i, unsubscribe: { channel: "flip" } });
    }
    raw.command(...commands);
    for (let i = 0; i < 400; i++) assert.equal((await raw.message()).error, undefined);
    assert.equal(await subscribers("flip"), 0);
    raw.destroy();
  });

  for (const [what, request, code] of [
    ["a name of 256 bytes", { channel: "x".repeat(256) }, 107],
    ["a name beyond ASCII", { channel: "größe" }, 107],
    ["a control character in the name", { channel: "a\nb" }, 107],
    ["an unknown namespace", { channel: "nope:a" }, 102],
    ["a private channel without a token", { channel: "$secret" }, 103],
    [
      "a filter that no namespace allows",
      { channel: "a", tf: { key: "k", cmp: "eq", val: "v" } },
      107,
    ],
  ]) {
    test(`${what}: error ${code}`, async () => {
      const raw = await Raw.client(server.port);
      raw.command({ id: 2, subscribe: request });
      const { error, ...rest } = await raw.reply(2);
      assert.deepEqual(rest, { id: 2 });
      assert.equal(error.code, code);
      raw.command({ id: 3, subscribe: { channel: "fine" } });
      assert.deepEqual(await raw.reply(3), { id: 3, subscribe: {} });
      raw.destroy();
    });
  }

  test("a name of 255 bytes is taken", async () => {
    const channel = "x".repeat(255);
    const client = await connect(server.url);
    const sub = await subscribe(client, channel);
    await server.api.publish(channel, 1);
    assert.deepEqual(await received(sub, 1), [1]);
  });

  test("subscribing twice: error 105, and the subscription stays", async () => {
    const raw = await Raw.client(server.port, [
      { id: 2, subscribe: { channel: "twice" } },
      { id: 3, subscribe: { channel: "twice" } },
    ]);
    assert.deepEqual(await raw.reply(2), { id: 2, subscribe: {} });
    assert.deepEqual(await raw.reply(3), {
      id: 3,
      error: { code: 105, message: "already subscribed" },
    });
    await server.api.publish("twice", 1);
    assert.deepEqual(await raw.message(), { push: { channel: "twice", pub: { data: 1 } } });
    raw.destroy();
  });

  for (const [what, command] of [
    ["subscribe", { subscribe: {} }],
    ["unsubscribe", { unsubscribe: {} }],
    ["publish", { publish: { data: 1 } }],
    ["presence_stats", { presence_stats: {} }],
    ["subscribe, with an unknown delta,", { subscribe: { channel: "a", delta: "zip" } }],
  ]) {
    test(`${what} without a channel, or as wrong, is a bad request`, async () => {
      const raw = await Raw.client(server.port);
      raw.command({ id: 2, ...command });
      assert.equal((await raw.closed()).code, 3501);
      raw.destroy();
    });
  }

  test("unsubscribed by the API: the client stays away", async () => {
    const client = await connect(server.url);
    const sub = await subscribe(client, "kicked");
    const other = await subscribe(client, "kept");
    const ended = next(sub, "unsubscribed");
    await server.api.result("unsubscribe", { user: "", channel: "kicked" });
    const { code, reason } = await ended;
    assert.deepEqual({ code, reason }, { code: 2000, reason: "server unsubscribe" });
    assert.equal(sub.state, SubscriptionState.Unsubscribed);
    assert.equal(await subscribers("kicked"), 0);
    await server.api.publish("kept", 1);
    assert.deepEqual(await received(other, 1), [1]);
  });

  test("presence_stats counts connections and users", async () => {
    const raws = await Promise.all(
      [1, 2, 3].map(() => Raw.client(server.port, [{ id: 2, subscribe: { channel: "room:1" } }])),
    );
    for (const raw of raws) await raw.reply(2);
    raws[0].command(
      { id: 3, presence_stats: { channel: "room:1" } },
      { id: 4, presence_stats: { channel: "room:empty" } },
    );
    assert.deepEqual(await raws[0].reply(3), {
      id: 3,
      presence_stats: { num_clients: 3, num_users: 1 },
    });
    assert.deepEqual(await raws[0].reply(4), {
      id: 4,
      presence_stats: { num_clients: 0, num_users: 0 },
    });
    raws[0].command({ id: 5, presence_stats: { channel: "without" } });
    assert.equal((await raws[0].reply(5)).error.code, 108);
    raws[1].end();
    raws[2].abort();
    const left = async () => {
      raws[0].command({ id: 6, presence_stats: { channel: "room:1" } });
      return (await raws[0].reply(6)).presence_stats.num_clients === 1;
    };
    await until(left, "the others to have left");
    raws[0].destroy();
  });

  test("with the last subscriber a channel is gone", async () => {
    const raws = await Promise.all(
      [1, 2].map(() => Raw.client(server.port, [{ id: 2, subscribe: { channel: "short" } }])),
    );
    for (const raw of raws) await raw.reply(2);
    assert.equal(await subscribers("short"), 2);
    raws[0].destroy();
    await until(async () => (await subscribers("short")) === 1, "one to have left");
    raws[1].destroy();
    await until(
      async () => !("short" in (await server.api.result("channels")).channels),
      "the end of the channel",
    );
  });
});
