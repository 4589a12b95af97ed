// SPDX-License-Identifier: MIT
// Tokens: who comes in, what expires, what is refreshed; and what the server subscribes clients to.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { connect, disconnectAll, newClient, received, subscribe } from "./support/client.mjs";
import { keyPair, nowS, token } from "./support/jwt.mjs";
import { Process, Server } from "./support/server.mjs";
import { next, until } from "./support/wait.mjs";

const SECRET = "a secret of the tests";
const RSA = keyPair("rsa", { modulusLength: 2048 });
const EC = keyPair("ec", { namedCurve: "P-256" });
const NAMESPACES = [
  { name: "open", allow_subscribe_for_client: true },
  { name: "seen", presence: true, allow_presence_for_subscriber: true },
  { name: "unseen" },
  { name: "told", join_leave: true, force_push_join_leave: true },
  { name: "memory", history_size: 10, history_ttl: "60s" },
  { name: "own" },
  { name: "kept", history_size: 10, history_ttl: "60s", force_recovery: true },
];

let server;
before(async () => {
  server = await Server.start([
    "--client.insecure=false",
    `--client.token.hmac_secret_key=${SECRET}`,
    `--client.token.rsa_public_key=${RSA.publicKey}`,
    `--client.token.ecdsa_public_key=${EC.publicKey}`,
    "--client.expired_close_delay=1s",
    "--client.expired_sub_close_delay=1s",
    "--client.subscribe_to_user_personal_channel.enabled",
    "--client.subscribe_to_user_personal_channel.personal_channel_namespace=own",
    `--channel.namespaces=${JSON.stringify(NAMESPACES)}`,
  ]);
});
after(async () => {
  disconnectAll();
  await server.untilEmpty();
  await server.stop();
});

const tokenOf = (claims) => token(claims, SECRET);

/** The context of the event that ends a client with this token. */
async function refused(badToken) {
  const client = newClient(server.url, { token: badToken });
  const disconnected = next(client, "disconnected");
  client.connect();
  return disconnected;
}

describe("a connection token", () => {
  test("of any configured key lets its user in", async () => {
    const tokens = [
      token({ sub: "ann" }, SECRET, "HS256"),
      token({ sub: "ann" }, SECRET, "HS384"),
      token({ sub: "ann" }, SECRET, "HS512"),
      token({ sub: "ann" }, RSA.privateKey, "RS256"),
      token({ sub: "ann" }, RSA.privateKey, "RS512"),
      token({ sub: "ann" }, EC.privateKey, "ES256"),
    ];
    for (const one of tokens) (await connect(server.url, { token: one })).disconnect();
  });

  test("that is not valid ends the client for good", async () => {
    const bad = [
      "rubbish",
      token({ sub: "ann" }, "another secret"),
      token({ sub: "ann" }, RSA.publicKey, "HS256"),
      token({ sub: "ann", channel: "a" }, SECRET),
      `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from("{}").toString("base64url")}.`,
    ];
    for (const one of bad) assert.equal((await refused(one)).code, 3500);
  });

  test("is needed", async () => {
    const client = newClient(server.url);
    const disconnected = next(client, "disconnected");
    client.connect();
    assert.equal((await disconnected).code, 3501);
  });

  test("that has expired is asked for again", async () => {
    const handedOut = [{ sub: "ann", exp: nowS() - 10 }, { sub: "ann" }];
    const client = newClient(server.url, { getToken: async () => tokenOf(handedOut.shift()) });
    const errors = [];
    client.on("error", (context) => errors.push(context.error.code));
    const connected = next(client, "connected");
    client.connect();
    await connected;
    assert.ok(errors.includes(109), `${errors}`);
    assert.equal(handedOut.length, 0);
    client.disconnect();
  });

  test("is refreshed before it ends, and the connection stays", async () => {
    let asked = 0;
    const client = await connect(server.url, {
      token: tokenOf({ sub: "ann", exp: nowS() + 2 }),
      getToken: async () => {
        asked++;
        return tokenOf({ sub: "ann", exp: nowS() + 600 });
      },
    });
    let left = 0;
    client.on("connecting", () => left++);
    await until(() => asked === 1, "the refresh");
    const sub = await subscribe(client, "open:later");
    await new Promise((resolve) => setTimeout(resolve, 2500)); // past the end and its delay
    await server.api.publish("open:later", 1);
    assert.deepEqual(await received(sub, 1), [1]);
    assert.equal(left, 0);
    client.disconnect();
  });

  test("that is not refreshed ends the connection with 3005, and it comes back", async () => {
    const client = await connect(server.url, {
      token: tokenOf({ sub: "ann", exp: nowS() + 1 }),
      getToken: () => new Promise(() => {}), // nobody answers
    });
    assert.equal((await next(client, "connecting")).code, 3005);
    client.disconnect();
  });
});

describe("a subscription token", () => {
  test("opens a private channel", async () => {
    const client = await connect(server.url, { token: tokenOf({ sub: "ann" }) });
    const sub = await subscribe(client, "$private", {
      token: tokenOf({ sub: "ann", channel: "$private" }),
    });
    await server.api.publish("$private", { x: 1 });
    assert.deepEqual(await received(sub, 1), [{ x: 1 }]);
    client.disconnect();
  });

  test("of another channel ends the client", async () => {
    const client = await connect(server.url, { token: tokenOf({ sub: "ann" }) });
    const disconnected = next(client, "disconnected");
    client
      .newSubscription("$other", { token: tokenOf({ sub: "ann", channel: "$private" }) })
      .subscribe();
    assert.equal((await disconnected).code, 3500);
  });

  test("is refreshed before it ends", async () => {
    let asked = 0;
    const client = await connect(server.url, { token: tokenOf({ sub: "ann" }) });
    const sub = await subscribe(client, "$refreshed", {
      token: tokenOf({ sub: "ann", channel: "$refreshed", exp: nowS() + 2 }),
      getToken: async () => {
        asked++;
        return tokenOf({ sub: "ann", channel: "$refreshed", exp: nowS() + 600 });
      },
    });
    let left = 0;
    sub.on("subscribing", () => left++);
    await until(() => asked === 1, "the refresh");
    await new Promise((resolve) => setTimeout(resolve, 2500)); // past the end and its delay
    await server.api.publish("$refreshed", 1);
    assert.deepEqual(await received(sub, 1), [1]);
    assert.equal(left, 0);
    client.disconnect();
  });

  test("that is not refreshed ends the subscription with 2501, and it is made again", async () => {
    const answers = [() => new Promise(() => {})]; // the refresh: nobody answers
    const renew = async () => tokenOf({ sub: "ann", channel: "$lapsed" });
    const client = await connect(server.url, { token: tokenOf({ sub: "ann" }) });
    const sub = await subscribe(client, "$lapsed", {
      token: tokenOf({ sub: "ann", channel: "$lapsed", exp: nowS() + 1 }),
      getToken: () => (answers.shift() ?? renew)(),
    });
    const subscribed = next(sub, "subscribed");
    assert.equal((await next(sub, "subscribing")).code, 2501);
    await subscribed;
    client.disconnect();
  });
});

describe("server-side subscriptions", () => {
  /** A client and the events of its server-side subscriptions. */
  async function comeWith(claims) {
    const client = newClient(server.url, { token: tokenOf(claims) });
    const events = [];
    for (const event of ["subscribed", "unsubscribed", "publication"])
      client.on(event, (context) => events.push({ event, ...context }));
    const connected = next(client, "connected");
    client.connect();
    await connected;
    return { client, events };
  }

  test("come with the token, and are told of publications", async () => {
    const { client, events } = await comeWith({
      subs: { news: { data: { hello: 1 } }, "seen:x": { info: { seat: 3 } } },
    });
    await until(() => events.length === 2, "the subscriptions");
    assert.deepEqual(events.map(({ event, channel }) => `${event} ${channel}`).sort(), [
      "subscribed news",
      "subscribed seen:x",
    ]);
    assert.deepEqual(events.find(({ channel }) => channel === "news").data, { hello: 1 });
    await server.api.publish("news", { n: 1 });
    await until(() => events.length === 3, "the publication");
    assert.deepEqual(events[2].data, { n: 1 });
    const { presence } = await server.api.result("presence", { channel: "seen:x" });
    assert.deepEqual(
      Object.values(presence).map((info) => info.chan_info),
      [{ seat: 3 }],
    );
    client.disconnect();
  });

  test("have a channel of the user's own", async () => {
    const { client, events } = await comeWith({ sub: "bea" });
    await until(() => events.length === 1, "the subscription");
    assert.equal(events[0].channel, "own:#bea");
    await server.api.publish("own:#bea", "hi");
    await until(() => events.length === 2, "the publication");
    assert.equal(events[1].data, "hi");
    client.disconnect();
  });

  test("come and go as the API says", async () => {
    const { client, events } = await comeWith({ sub: "cem" });
    await until(() => events.length === 1, "the personal channel");
    const call = { user: "cem", channel: "given" };
    assert.deepEqual(await server.api.result("subscribe", { ...call, data: { why: "so" } }), {});
    await until(() => events.length === 2, "the subscription");
    assert.equal(events[1].event, "subscribed");
    assert.deepEqual(events[1].data, { why: "so" });
    await server.api.publish("given", 5);
    await until(() => events.length === 3, "the publication");
    assert.deepEqual(await server.api.result("unsubscribe", call), {});
    await until(() => events.length === 4, "the end");
    assert.equal(events[3].event, "unsubscribed");
    assert.equal(events[3].channel, "given");
    client.disconnect();
  });

  test("are there again after a reconnect", async () => {
    const { client, events } = await comeWith({ sub: "dan", channels: ["again"] });
    await until(() => events.length === 2, "the subscriptions");
    const connected = next(client, "connected");
    await server.api.result("disconnect", { user: "dan", disconnect: { code: 3000 } });
    await connected;
    await server.api.publish("again", 7);
    await until(() => events.some(({ data }) => data === 7), "the publication");
    client.disconnect();
  });

  test("recover what was published while the client was away", async () => {
    const client = newClient(server.url, {
      token: tokenOf({ sub: "ida", channels: ["kept:a", "kept:b", "news"] }),
      minReconnectDelay: 500,
    });
    const seen = [];
    const subscribed = [];
    client.on("publication", ({ channel, data }) => seen.push(`${channel} ${data}`));
    client.on("subscribed", (context) => subscribed.push(context));
    client.connect();
    await next(client, "connected");
    await server.api.publish("kept:a", 1);
    await until(() => seen.length === 1, "the publication");
    const back = next(client, "connected");
    const left = next(client, "connecting");
    await server.api.result("disconnect", { user: "ida", disconnect: { code: 3000 } });
    await left;
    subscribed.length = 0;
    await server.api.publish("kept:a", 2);
    await server.api.publish("kept:b", 3);
    await server.api.publish("kept:a", 4);
    await back;
    await server.api.publish("kept:b", 5);
    await until(() => seen.length >= 5, "all publications");
    assert.deepEqual(
      seen.filter((entry) => entry.startsWith("kept:a")),
      ["kept:a 1", "kept:a 2", "kept:a 4"],
    );
    assert.deepEqual(
      seen.filter((entry) => entry.startsWith("kept:b")),
      ["kept:b 3", "kept:b 5"],
    );
    const { recovered, wasRecovering } = subscribed.find(({ channel }) => channel === "kept:a");
    assert.deepEqual({ recovered, wasRecovering }, { recovered: true, wasRecovering: true });
    client.disconnect();
  });

  test("recover from where the API says", async () => {
    const { client } = await comeWith({ sub: "joe" });
    for (let i = 1; i <= 4; i++) await server.api.publish("kept:since", i);
    const { offset, epoch } = await server.api.result("history", { channel: "kept:since" });
    const seen = [];
    client.on("subscribed", ({ channel, streamPosition }) => seen.push([channel, streamPosition]));
    client.on("publication", ({ channel, data, offset }) => seen.push([channel, data, offset]));
    const order = { user: "joe", channel: "kept:since", recover_since: { offset: 2, epoch } };
    assert.deepEqual(await server.api.result("subscribe", order), {});
    await until(() => seen.length >= 3, "what was recovered");
    await server.api.publish("kept:since", 5);
    await until(() => seen.length >= 4, "what follows");
    assert.equal(offset, 4);
    assert.deepEqual(seen, [
      ["kept:since", { offset: 2, epoch }],
      ["kept:since", 3, 3],
      ["kept:since", 4, 4],
      ["kept:since", 5, 5],
    ]);
    // a position of another epoch, and a channel that nobody recovers
    seen.length = 0;
    await server.api.result("unsubscribe", { user: "joe", channel: "kept:since" });
    order.recover_since = { offset: 1, epoch: "gone" };
    await server.api.result("subscribe", order);
    await server.api.publish("memory:since", 1);
    await server.api.result("subscribe", {
      user: "joe",
      channel: "memory:since",
      recover_since: { offset: 0 },
    });
    await server.api.publish("memory:since", 2);
    await until(() => seen.length >= 3, "the subscriptions");
    assert.deepEqual(seen, [
      ["kept:since", { offset: 5, epoch }],
      ["memory:since", undefined],
      ["memory:since", 2, 2],
    ]);
    const bad = { ...order, recover_since: { offset: "x" } };
    assert.equal((await server.api.call("subscribe", bad)).status, 400);
    client.disconnect();
  });

  test("are not made with nonsense", async () => {
    assert.equal(await server.api.error("subscribe", { user: "x" }), 107);
    assert.equal(await server.api.error("subscribe", { user: "x", channel: "none:x" }), 102);
    assert.equal(
      await server.api.error("subscribe", { user: "x", channel: "a", b64data: "?" }),
      107,
    );
    assert.equal((await server.api.call("subscribe", { channel: "a", expire_at: "x" })).status, 400);
    assert.deepEqual(await server.api.result("subscribe", { user: "nobody", channel: "a" }), {});
  });
});

describe("override", () => {
  const no = { value: false };
  const yes = { value: true };
  const presence = async (channel) =>
    Object.values((await server.api.result("presence", { channel })).presence).map(
      ({ user }) => user,
    );

  test("presence hides a subscription, and shows nothing that the namespace does not", async () => {
    const shown = await connect(server.url, { token: tokenOf({ sub: "ann", channels: ["seen:o"] }) });
    const subs = { "seen:o": { override: { presence: no } } };
    const hidden = await connect(server.url, { token: tokenOf({ sub: "bob", subs }) });
    const asking = await connect(server.url, { token: tokenOf({ sub: "cat" }) });
    const override = { presence: no };
    const sub = { sub: "cat", channel: "seen:o", override };
    const mine = await subscribe(asking, "seen:o", { token: tokenOf(sub) });
    await server.api.result("subscribe", { user: "ann", channel: "seen:p", override });
    assert.deepEqual(await presence("seen:o"), ["ann"]);
    assert.deepEqual(await mine.presenceStats(), { numClients: 1, numUsers: 1 });
    await until(
      async () => "seen:p" in (await server.api.result("channels", {})).channels,
      "the API's subscription",
    );
    assert.deepEqual(await presence("seen:p"), []);
    await server.api.result("subscribe", {
      user: "ann",
      channel: "unseen:o",
      override: { presence: yes },
    });
    assert.equal(await server.api.error("presence", { channel: "unseen:o" }), 108);
    for (const client of [shown, hidden, asking]) client.disconnect();
  });

  test("force_positioning and force_recovery go for one subscription", async () => {
    const subs = {
      "memory:plain": {},
      "memory:positioned": { override: { force_positioning: yes } },
      "memory:recoverable": { override: { force_recovery: yes } },
      "kept:plain": { override: { force_recovery: no } },
    };
    const client = newClient(server.url, { token: tokenOf({ sub: "ann", subs }) });
    const got = {};
    client.on("subscribed", ({ channel, positioned, recoverable }) => {
      got[channel] = [positioned, recoverable];
    });
    client.connect();
    await next(client, "connected");
    await until(() => Object.keys(got).length >= 5, "the subscriptions");
    delete got["own:#ann"];
    assert.deepEqual(got, {
      "memory:plain": [false, false],
      "memory:positioned": [true, false],
      "memory:recoverable": [true, true],
      "kept:plain": [false, false],
    });
    client.disconnect();
  });

  test("join_leave and force_push_join_leave go for one subscription", async () => {
    const watcher = newClient(server.url, {
      token: tokenOf({
        sub: "watcher",
        subs: { "told:o": {}, "unseen:j": { override: { join_leave: yes, force_push_join_leave: yes } } },
      }),
    });
    const deaf = newClient(server.url, {
      token: tokenOf({
        sub: "deaf",
        subs: {
          "told:o": { override: { join_leave: no } },
          "unseen:j": { override: { join_leave: yes } },
        },
      }),
    });
    const told = { watcher: [], deaf: [] };
    for (const [name, client] of Object.entries({ watcher, deaf }))
      client.on("join", ({ channel, info }) => {
        if (info.user !== name) told[name].push([channel, info.user]);
      });
    watcher.connect();
    await next(watcher, "connected");
    deaf.connect();
    await next(deaf, "connected");
    const last = await connect(server.url, { token: tokenOf({ sub: "last", channels: ["told:o"] }) });
    await until(() => told.watcher.length >= 2, "the joins");
    assert.deepEqual(told, {
      watcher: [
        ["unseen:j", "deaf"],
        ["told:o", "last"],
      ],
      deaf: [],
    });
    for (const client of [watcher, deaf, last]) client.disconnect();
  });
});

describe("the API's refresh", () => {
  test("sets when connections end", async () => {
    const client = await connect(server.url, { token: tokenOf({ sub: "eva" }) });
    const gone = next(client, "connecting");
    assert.deepEqual(await server.api.result("refresh", { user: "eva", expire_at: nowS() + 1 }), {});
    assert.equal((await gone).code, 3005);
    client.disconnect();
  });

  test("ends them", async () => {
    const client = await connect(server.url, { token: tokenOf({ sub: "fay" }) });
    const gone = next(client, "connecting");
    assert.deepEqual(await server.api.result("refresh", { user: "fay", expired: true }), {});
    assert.equal((await gone).code, 3005);
    client.disconnect();
  });
});

describe("the program", () => {
  async function run(...args) {
    const process = new Process([...args, `--client.token.hmac_secret_key=${SECRET}`]);
    await process.ended();
    return process.output.trim();
  }

  test("makes tokens that its server takes", async () => {
    const made = await run("gentoken", "-q", "-u", "gil", "-t", "60");
    const client = await connect(server.url, { token: made });
    await subscribe(client, "$made", {
      token: await run("gensubtoken", "-q", "-u", "gil", "-s", "$made"),
    });
    client.disconnect();
  });

  test("does not start with a key that is none", async () => {
    const process = new Process(["--port=0", "--client.token.rsa_public_key=x"]);
    assert.deepEqual(await process.ended(), { code: 1, signal: null });
    assert.match(process.log, /client\.token\.rsa_public_key: neither a public key/);
  });
});
