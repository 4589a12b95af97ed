// SPDX-License-Identifier: MIT
// A small client of the Centrifugo protocol: JSON over WebSocket, subscriptions only.
//
//   const client = new Gracecast();
//   client.onstate = (state) => console.log(state.name, state.reason);
//   client.subscribe("news", (data) => console.log(data));
//   client.connect();
//
// It reconnects by itself, with growing pauses, and subscribes again. States: "connecting" (for
// the first time), "live", "reconnecting" (retryAt: when the pause ends, in Date.now() time; 0
// during an attempt) and "closed" (by us, or for good by the server; connect() tries again).

const PAUSE_FIRST_MS = 250;
const PAUSE_MAX_MS = 5000;
const STABLE_MS = 3000; // live for so long: the next pause is a short one again
const REPLY_TIMEOUT_MS = 5000;
const PING_GRACE_MS = 10000;

/** Whether the server wants us to stay away. A code without a reason is not from the server. */
function isFinal(code, reason) {
  if (code === 1009) return true; // our message was too big, and would be again
  return reason && ((code >= 3500 && code < 4000) || (code >= 4500 && code < 5000));
}

export class Gracecast {
  onstate = () => {};
  onerror = () => {}; // (channel, {code, message}): a subscription was refused

  #url;
  #socket = null;
  #handlers = new Map(); // channel -> function(data)
  #asked = new Map(); // id of a command -> its channel
  #lastId = 0;
  #sendPong = false;
  #patienceMs = REPLY_TIMEOUT_MS; // silence after which the connection counts as lost; 0: never
  #heardAt = 0;
  #liveAt = 0; // 0: not live
  #failures = 0;
  #timer = 0; // of the watch while there is a socket, else of the pause

  constructor(url = location.origin.replace(/^http/, "ws") + "/connection/websocket") {
    this.#url = url;
  }

  /** One handler for a channel; it gets the data of each publication. */
  subscribe(channel, handler) {
    this.#handlers.set(channel, handler);
    if (this.#liveAt) this.#sendSubscribe(channel);
  }

  /** Connects now; also ends a pause early. Does nothing while there is a connection. */
  connect() {
    if (this.#socket) return;
    clearTimeout(this.#timer);
    this.#patienceMs = REPLY_TIMEOUT_MS;
    this.#heardAt = performance.now();
    this.#timer = setInterval(() => this.#watch(), 1000);
    this.#socket = new WebSocket(this.#url);
    this.#socket.onopen = () => this.#greet();
    this.#socket.onmessage = (event) => this.#receive(event.data);
    this.#socket.onclose = (event) => this.#lost(event.code, event.reason);
    this.#tell(this.#failures ? "reconnecting" : "connecting");
  }

  close() {
    this.#drop();
    this.#tell("closed", { reason: "closed by this page" });
  }

  #tell(name, details) {
    this.onstate({ name, reason: "", retryAt: 0, ...details });
  }

  #send(...commands) {
    this.#socket.send(commands.map((command) => JSON.stringify(command)).join("\n"));
  }

  #subscribeCommand(channel) {
    this.#asked.set(++this.#lastId, channel);
    return { id: this.#lastId, subscribe: { channel } };
  }

  #sendSubscribe(channel) {
    this.#send(this.#subscribeCommand(channel));
  }

  // Connect and all subscriptions go in one frame: the server handles them in this order.
  #greet() {
    this.#asked.clear();
    this.#lastId = 1;
    const subscribes = [...this.#handlers.keys()].map((c) => this.#subscribeCommand(c));
    this.#send({ id: 1, connect: { name: "gracecast-demo" } }, ...subscribes);
  }

  #receive(frame) {
    const socket = this.#socket;
    this.#heardAt = performance.now();
    for (const line of frame.trim().split("\n")) {
      if (this.#socket !== socket) return; // a line before this one ended the connection
      try {
        this.#handle(JSON.parse(line));
      } catch (error) {
        reportError(error); // one bad line, or a handler's mistake, does not end the stream
      }
    }
  }

  #handle(reply) {
    if (reply.push) this.#pushed(reply.push);
    else if (reply.error) this.#refused(reply.id, reply.error);
    else if (reply.connect) this.#connected(reply.connect);
    else if (reply.id) this.#asked.delete(reply.id);
    else if (this.#sendPong) this.#send({}); // an empty object is a ping, and its answer
  }

  #connected(result) {
    this.#sendPong = result.pong === true;
    this.#patienceMs = result.ping > 0 ? result.ping * 1000 + PING_GRACE_MS : 0;
    this.#liveAt = performance.now();
    this.#tell("live", { client: result.client, version: result.version ?? "" });
  }

  #pushed({ channel, pub, unsubscribe }) {
    if (pub) this.#handlers.get(channel)?.(pub.data);
    else if (unsubscribe?.code >= 2500) this.#sendSubscribe(channel); // "subscribe again"
    else if (unsubscribe) this.onerror(channel, { message: unsubscribe.reason, ...unsubscribe });
  }

  #refused(id, error) {
    const channel = this.#asked.get(id);
    this.#asked.delete(id);
    if (channel === undefined) return this.#lost(error.temporary ? 0 : 3500, error.message);
    this.onerror(channel, error);
    const socket = this.#socket;
    const again = () => this.#socket === socket && this.#sendSubscribe(channel);
    if (error.temporary) setTimeout(again, 1000);
  }

  #watch() {
    const silence = performance.now() - this.#heardAt;
    if (this.#patienceMs && silence > this.#patienceMs) this.#lost(0, "no answer");
  }

  // Lets go of the socket without waiting for its close event, which a dead network delays.
  #drop() {
    clearTimeout(this.#timer); // ends an interval as well
    if (!this.#socket) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
    this.#sendPong = false;
    if (this.#liveAt && performance.now() - this.#liveAt > STABLE_MS) this.#failures = 0;
    this.#liveAt = 0;
  }

  #lost(code, reason) {
    this.#drop();
    if (isFinal(code, reason)) return this.#tell("closed", { reason });
    const ceiling = Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** this.#failures++);
    const pause = ceiling * (0.5 + Math.random() / 2); // clients of a restarted server spread out
    this.#timer = setTimeout(() => this.connect(), pause);
    this.#tell("reconnecting", { reason, retryAt: Date.now() + pause });
  }
}
