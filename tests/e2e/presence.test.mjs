// SPDX-License-Identifier: MIT
// Who is there, who comes and who goes, and who may know.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import WebSocket from "ws";

import { disconnectAll, newClient, subscribe } from "./support/client.mjs";
import { Raw } from "./support/raw.mjs";
import { Server } from "./support/server.mjs";
import { next, until } from "./support/wait.mjs";

const ALL = ["client", "anonymous"];
const allow = (what, whom = ALL) =>
  Object.fromEntries(whom.map((who) => [`allow_${what}_for_${who}`, true]));

const NAMESPACES = [
  {
    name: "room",
    presence: true,
    join_leave: true,
    ...allow("subscribe"),
    ...allow("presence"),
    ...allow("publish"),
  },
  {
    name: "forced",
    presence: true,
    join_leave: true,
    force_push_join_leave: true,
    ...allow("subscribe"),
  },
  {
    name: "subs",
    presence: true,
    ...allow("subscribe"),
    ...allow("presence", ["subscriber"]),
    ...allow("publish", ["subscriber"]),
  },
  { name: "users", presence: true, ...allow("subscribe", ["client"]) },
  { name: "own", presence: true, allow_user_limited_channels: true },
  { name: "dark", ...allow("subscribe"), ...allow("presence") },
];

let server;
before(async () => {
  server = await Server.start([
    "--client.insecure=false",
    "--client.allow_anonymous_connect_without_token",
    "--client.user_id_http_header=X-User",
    `--channel.namespaces=${JSON.stringify(NAMESPACES)}`,
  ]);
});
after(async () => {
  disconnectAll();
  await server.stop();
});

/** The options of a client that a proxy in front has found to be `user`. */
const as = (user) => ({
  websocket: class extends WebSocket {
    constructor(url, protocols) {
      super(url, protocols, { headers: { "X-User": user } });
    }
  },
});

/** A connected client; `id` is what the server calls it. */
async function come(user) {
  const client = newClient(server.url, user ? as(user) : {});
  const connected = next(client, "connected");
  client.connect();
  client.id = (await connected).client;
  return client;
}

/** A subscription in force that keeps what it is told in `told`: ["join", user, client]... */
async function watch(client, channel, options = {}) {
  const sub = client.newSubscription(channel, options);
  sub.told = [];
  for (const event of ["join", "leave"])
    sub.on(event, ({ channel: where, info }) => {
      assert.equal(where, channel);
      sub.told.push([event, info.user, info.client]);
    });
  sub.on("publication", ({ data }) => sub.told.push(["publication", data]));
  const subscribed = next(sub, "subscribed");
  sub.subscribe();
  await subscribed;
  return sub;
}

async function told(sub, count) {
  await until(() => sub.told.length >= count, `${count} events in ${sub.channel}`);
  return sub.told;
}

const refused = (promise, code) => assert.rejects(promise, (error) => error.code === code);

describe("presence", () => {
  test("names every connection, in both ways of asking", async () => {
    const ann = await come("ann");
    const again = await come("ann");
    const nobody = await come();
    const entries = {};
    for (const [client, user] of [
      [ann, "ann"],
      [again, "ann"],
      [nobody, ""],
    ]) {
      await subscribe(client, "room:p");
      entries[client.id] = { user, client: client.id };
    }
    const clients = await ann.presence("room:p");
    assert.deepEqual(Object.keys(clients.clients).sort(), Object.keys(entries).sort());
    for (const [id, { user }] of Object.entries(entries)) {
      assert.equal(clients.clients[id].user, user);
      assert.equal(clients.clients[id].client, id);
      assert.equal(clients.clients[id].connInfo, undefined);
    }
    assert.deepEqual(await nobody.presenceStats("room:p"), { numClients: 3, numUsers: 2 });
    const { body } = await server.api.call("presence", { channel: "room:p" });
    assert.deepEqual(JSON.parse(body), { result: { presence: entries } });
    nobody.disconnect();
    await until(
      async () => (await ann.presenceStats("room:p")).numClients === 2,
      "the presence of who has gone to end",
    );
    disconnectAll();
  });

  test("of nobody is an empty object, by any way", async () => {
    const ann = await come("ann");
    assert.deepEqual(await ann.presence("room:empty"), { clients: {} });
    assert.deepEqual(await ann.presenceStats("room:empty"), { numClients: 0, numUsers: 0 });
    const { body } = await server.api.call("presence", { channel: "room:empty" });
    assert.equal(body, '{"result":{"presence":{}}}');
    disconnectAll();
  });

  test("the API's answer, byte for byte", async () => {
    const ann = await come("ann");
    await subscribe(ann, "room:bytes");
    const { body } = await server.api.call("presence", { channel: "room:bytes" });
    const entry = `"${ann.id}":{"user":"ann","client":"${ann.id}"}`;
    assert.equal(body, `{"result":{"presence":{${entry}}}}`);
    const batch = await server.api.call("batch", {
      commands: [{ presence: { channel: "room:bytes" } }, { presence: { channel: "dark:a" } }],
    });
    assert.equal(
      batch.body,
      `{"replies":[{"presence":{"presence":{${entry}}}},` +
        '{"error":{"code":108,"message":"not available"}}]}',
    );
    assert.equal(await server.api.error("presence", { channel: "dark:a" }), 108);
    assert.equal(await server.api.error("presence", { channel: "none:a" }), 102);
    assert.equal(await server.api.error("presence", {}), 107);
    assert.equal((await server.api.call("presence", { channel: 1 })).status, 400);
    disconnectAll();
  });

  test("is for those who may see it", async () => {
    const ann = await come("ann");
    const nobody = await come();
    await refused(ann.presence("dark:a"), 108);
    await refused(ann.presence("none:a"), 102);
    await refused(ann.presence("forced:a"), 103);
    await refused(ann.presence("subs:a"), 103);
    await subscribe(ann, "subs:a");
    await subscribe(nobody, "subs:a");
    assert.equal((await ann.presenceStats("subs:a")).numClients, 2);
    await refused(nobody.presence("subs:a"), 103);
    disconnectAll();
  });
});

describe("permissions", () => {
  test("subscribers may publish, anonymous ones not", async () => {
    const ann = await come("ann");
    const nobody = await come();
    await refused(ann.publish("subs:b", 1), 103);
    const sub = await subscribe(ann, "subs:b");
    await subscribe(nobody, "subs:b");
    await ann.publish("subs:b", 2);
    await refused(nobody.publish("subs:b", 3), 103);
    await until(() => sub.received.length === 1, "the publication");
    assert.equal(sub.received[0].data, 2);
    assert.equal(sub.received[0].info.user, "ann");
    disconnectAll();
  });

  test("a user-limited channel is for those it names", async () => {
    const unsubscribed = (client, channel) => {
      const sub = client.newSubscription(channel);
      const ended = next(sub, "unsubscribed");
      sub.subscribe();
      return ended;
    };
    const ann = await come("ann");
    const bob = await come("bob");
    await subscribe(ann, "own:chat#ann,bob");
    await subscribe(bob, "own:chat#ann,bob");
    await subscribe(bob, "own:#bob");
    assert.equal((await unsubscribed(ann, "own:#bob")).code, 103);
    assert.equal((await unsubscribed(await come(), "own:#")).code, 103);
    assert.equal((await unsubscribed(await come(), "users:a")).code, 103);
    disconnectAll();
  });
});

describe("joins and leaves", () => {
  test("come to who asks for them, its own join first", async () => {
    const ann = await come("ann");
    const sub = await watch(ann, "room:j", { joinLeave: true });
    const bob = await come("bob");
    const other = await watch(bob, "room:j");
    await bob.publish("room:j", "between");
    other.unsubscribe();
    assert.deepEqual(await told(sub, 4), [
      ["join", "ann", ann.id],
      ["join", "bob", bob.id],
      ["publication", "between"],
      ["leave", "bob", bob.id],
    ]);
    const carl = await come("carl");
    await watch(carl, "room:j");
    carl.disconnect();
    assert.deepEqual((await told(sub, 6)).slice(4), [
      ["join", "carl", carl.id],
      ["leave", "carl", carl.id],
    ]);
    const dora = await come("dora");
    await watch(dora, "room:j");
    await server.api.result("unsubscribe", { user: "dora", channel: "room:j" });
    assert.deepEqual((await told(sub, 8)).slice(6), [
      ["join", "dora", dora.id],
      ["leave", "dora", dora.id],
    ]);
    await server.api.publish("room:j", "end");
    await told(sub, 9);
    assert.ok(other.told.every(([event]) => event === "publication"));
    disconnectAll();
  });

  test("come to all where the namespace says so", async () => {
    const ann = await come("ann");
    const sub = await watch(ann, "forced:j");
    const nobody = await come();
    const other = await watch(nobody, "forced:j");
    await told(sub, 2);
    ann.disconnect();
    assert.deepEqual(await told(other, 2), [
      ["join", "", nobody.id],
      ["leave", "ann", ann.id],
    ]);
    assert.deepEqual(sub.told, [
      ["join", "ann", ann.id],
      ["join", "", nobody.id],
    ]);
    disconnectAll();
  });

  test("have one order for everybody, and the same as publications", async () => {
    const watchers = [];
    for (let i = 0; i < 8; i++) {
      const sub = await watch(await come(`w${i}`), "forced:order");
      watchers.push(sub);
    }
    await Promise.all(watchers.map((sub, i) => told(sub, 8 - i)));
    watchers.forEach((sub) => (sub.told = []));
    const guests = await Promise.all(Array.from({ length: 20 }, (_, i) => come(`g${i}`)));
    await Promise.all([
      ...guests.map((guest) => watch(guest, "forced:order")),
      ...guests.map((_, i) => server.api.publish("forced:order", i)),
    ]);
    guests.forEach((guest) => guest.disconnect());
    for (const sub of watchers) assert.equal((await told(sub, 60)).length, 60);
    for (const sub of watchers) assert.deepEqual(sub.told, watchers[0].told);
    disconnectAll();
  });
});

test("a channel with hundreds of clients is read in slices, and answered in order", async () => {
  const count = 700;
  const crowded = await Server.start(["--workers=1", "--channel.without_namespace.presence"]);
  const raws = [];
  for (let i = 0; i < count; i++)
    raws.push(await Raw.client(crowded.port, [{ id: 2, subscribe: { channel: "crowd" } }]));
  await Promise.all(raws.map((raw) => raw.reply(2)));
  raws[0].command(
    { id: 3, presence: { channel: "crowd" } },
    { id: 4, presence_stats: { channel: "crowd" } },
    { id: 5, unsubscribe: { channel: "x" } },
  );
  raws[0].command({ id: 6, unsubscribe: { channel: "x" } });
  const replies = [];
  for (let i = 0; i < 4; i++) replies.push(await raws[0].message());
  assert.deepEqual(
    replies.map((reply) => reply.id),
    [3, 4, 5, 6],
  );
  assert.equal(Object.keys(replies[0].presence.presence).length, count);
  assert.deepEqual(replies[1].presence_stats, { num_clients: count, num_users: 1 });
  const { presence } = await crowded.api.result("presence", { channel: "crowd" });
  assert.deepEqual(presence, replies[0].presence.presence);
  assert.deepEqual(await crowded.api.result("presence_stats", { channel: "crowd" }), {
    num_clients: count,
    num_users: 1,
  });
  raws[1].command({ id: 3, presence: { channel: "crowd" } });
  raws.forEach((raw) => raw.destroy()); // one of them while it waits
  await crowded.untilEmpty();
  await crowded.stop();
});
