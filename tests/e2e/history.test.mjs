// SPDX-License-Identifier: MIT
// Channels that remember: history, positions, recovery.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { request } from "./support/api.mjs";
import { connect, disconnectAll, received, subscribe } from "./support/client.mjs";
import { Raw } from "./support/raw.mjs";
import { Server } from "./support/server.mjs";
import { next, until } from "./support/wait.mjs";

const KEEPS = { history_size: 10, history_ttl: "60s" };
const NAMESPACES = `--channel.namespaces=${JSON.stringify([
  { name: "stream", ...KEEPS, force_recovery: true },
  { name: "long", ...KEEPS, history_size: 1000, force_recovery: true },
  { name: "asked", ...KEEPS, allow_recovery: true, allow_positioning: true },
  { name: "cache", ...KEEPS, force_recovery: true, force_recovery_mode: "cache" },
  {
    name: "auto",
    ...KEEPS,
    history_size: 1,
    force_recovery: true,
    force_recovery_mode: "cache",
    auto_cache_recover: true,
  },
  { name: "brief", ...KEEPS, force_recovery: true, history_ttl: "100ms", history_meta_ttl: "100ms" },
])}`;

const FLAGS = [
  NAMESPACES,
  "--client.channel_position_check_delay=300ms",
  "--client.recovery_max_publication_limit=1000",
  "--prometheus.enabled",
];
const EPOCH = /^[a-zA-Z]{8}$/;

let server;
before(async () => (server = await Server.start(FLAGS)));
after(async () => {
  disconnectAll();
  await server.stop();
});

async function publish(channel, from, to) {
  let result;
  for (let i = from; i <= to; i++) result = await server.api.publish(channel, i);
  return result;
}

const numbers = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const offsets = (sub) => sub.received.map((publication) => publication.offset);

/** Connects again and waits for the subscription; returns what it was told. */
async function back(client, sub) {
  const subscribed = next(sub, "subscribed");
  client.connect();
  return subscribed;
}

describe("recovery", () => {
  test("over a disconnect: nothing is missed, nothing comes twice", async () => {
    const client = await connect(server.url);
    const sub = client.newSubscription("stream:a");
    sub.received = [];
    sub.on("publication", (publication) => sub.received.push(publication));
    const first = next(sub, "subscribed");
    sub.subscribe();
    const told = await first;
    assert.equal(told.recoverable, true);
    assert.equal(told.positioned, true);
    assert.equal(told.wasRecovering, false);
    assert.equal(told.streamPosition.offset, 0);
    assert.match(told.streamPosition.epoch, EPOCH);

    await publish("stream:a", 1, 2);
    await received(sub, 2);
    client.disconnect();
    await publish("stream:a", 3, 5);
    const again = await back(client, sub);
    assert.equal(again.wasRecovering, true);
    assert.equal(again.recovered, true);
    assert.equal(again.hasRecoveredPublications, true);
    await publish("stream:a", 6, 6);
    assert.deepEqual(await received(sub, 6), numbers(1, 6));
    assert.deepEqual(offsets(sub), numbers(1, 6));
  });

  test("a client that missed nothing is told so", async () => {
    const client = await connect(server.url);
    await publish("stream:b", 1, 3);
    const sub = await subscribe(client, "stream:b");
    client.disconnect();
    const again = await back(client, sub);
    assert.equal(again.recovered, true);
    assert.equal(again.hasRecoveredPublications, false);
    assert.equal(sub.received.length, 0);
  });

  test("a client that missed more than is kept is told so", async () => {
    const client = await connect(server.url);
    const sub = await subscribe(client, "stream:c");
    client.disconnect();
    const { offset, epoch } = await publish("stream:c", 1, 15);
    const again = await back(client, sub);
    assert.equal(again.wasRecovering, true);
    assert.equal(again.recovered, false);
    assert.deepEqual(again.streamPosition, { offset, epoch });
    await publish("stream:c", 16, 16);
    assert.deepEqual(await received(sub, 1), [16]);
  });

  test("a client whose position is of another life of the server is told so", async () => {
    const first = await Server.start(FLAGS);
    const client = await connect(first.url);
    const sub = await subscribe(client, "stream:a");
    first.kill("SIGKILL");
    await first.ended();
    const subscribed = next(sub, "subscribed");
    const second = await Server.start(FLAGS, { port: first.port });
    const again = await subscribed;
    assert.equal(again.wasRecovering, true);
    assert.equal(again.recovered, false);
    client.disconnect();
    await second.stop();
  });

  test("a client that asks not to be subscribed then is refused", async () => {
    const raw = await Raw.webSocket(server.port);
    raw.command(
      { id: 1, connect: {} },
      { id: 2, subscribe: { channel: "stream:r", recover: true, epoch: "_", flag: 3 } },
      { id: 3, subscribe: { channel: "stream:r", recover: true, epoch: "_", flag: 1 } },
      { id: 4, subscribe: { channel: "stream:r" } },
    );
    assert.deepEqual(await raw.reply(2), {
      id: 2,
      error: { code: 112, message: "unrecoverable position" },
    });
    const { subscribe: result } = await raw.reply(3);
    assert.match(result.epoch, EPOCH);
    delete result.epoch;
    assert.deepEqual(result, { recoverable: true, positioned: true, was_recovering: true });
    assert.equal((await raw.reply(4)).error.code, 105);
    raw.destroy();
  });

  test("a subscription whose stream is another one ends and begins again", async () => {
    const client = await connect(server.url);
    const sub = await subscribe(client, "brief:a");
    const { code, reason } = await next(sub, "subscribing"); // at the next check
    assert.deepEqual({ code, reason }, { code: 2500, reason: "insufficient state" });
    const again = await next(sub, "subscribed");
    assert.equal(again.wasRecovering, true);
    assert.equal(again.recovered, false);
  });

  test("is only for those who ask, where it is allowed", async () => {
    const client = await connect(server.url);
    const plain = client.newSubscription("asked:a");
    const positioned = client.newSubscription("asked:b", { positioned: true });
    const recoverable = client.newSubscription("asked:c", { recoverable: true });
    const told = [plain, positioned, recoverable].map((sub) => next(sub, "subscribed"));
    for (const sub of [plain, positioned, recoverable]) sub.subscribe();
    const flags = (await Promise.all(told)).map((t) => [t.positioned, t.recoverable]);
    assert.deepEqual(flags, [
      [false, false],
      [true, false],
      [true, true],
    ]);
  });

  test("clients that come and go while others publish see every publication once", async () => {
    const count = 300;
    const clients = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const client = await connect(server.url);
        return { client, sub: await subscribe(client, "long:busy") };
      }),
    );
    let sent = 0;
    const publishing = (async () => {
      while (sent < count) await server.api.publish("long:busy", ++sent);
    })();
    for (let i = 0; sent < count; i++) {
      const { client, sub } = clients[i % clients.length];
      const from = sub.received.length;
      client.disconnect();
      await until(() => sent >= count || sent > from + 1, "a publication meanwhile");
      await back(client, sub);
    }
    await publishing;
    for (const { sub } of clients) {
      assert.deepEqual(await received(sub, count), numbers(1, count));
      assert.deepEqual(offsets(sub), numbers(1, count));
    }
  });
});

describe("recovery of the latest only", () => {
  test("a client that comes without a position gets the latest", async () => {
    await publish("cache:a", 1, 20);
    const client = await connect(server.url);
    const sub = await subscribe(client, "cache:a", { since: {} });
    assert.deepEqual(await received(sub, 1), [20]);
    await publish("cache:a", 21, 21);
    assert.deepEqual(await received(sub, 2), [20, 21]);
    client.disconnect();
    await publish("cache:a", 22, 40);
    const again = await back(client, sub);
    assert.equal(again.recovered, true);
    assert.deepEqual(await received(sub, 3), [20, 21, 40]);
  });

  test("a client that has the latest gets nothing", async () => {
    const client = await connect(server.url);
    await publish("cache:b", 1, 1);
    const sub = await subscribe(client, "cache:b", { since: {} });
    await received(sub, 1);
    client.disconnect();
    const again = await back(client, sub);
    assert.equal(again.recovered, true);
    assert.equal(again.hasRecoveredPublications, false);
    assert.equal(sub.received.length, 1);
  });

  test("a client that does not ask gets the latest where everybody does", async () => {
    const client = await connect(server.url);
    await publish("auto:a", 1, 3);
    const sub = client.newSubscription("auto:a");
    const publication = next(sub, "publication");
    const subscribed = next(sub, "subscribed");
    sub.subscribe();
    const told = await subscribed;
    assert.equal(told.wasRecovering, true);
    assert.equal(told.recovered, true);
    assert.equal((await publication).data, 3);
  });
});

describe("the history command", () => {
  let client;
  let sub;
  let top;
  before(async () => {
    top = await publish("stream:h", 1, 12);
    client = await connect(server.url);
    sub = await subscribe(client, "stream:h");
  });

  const data = (result) => result.publications.map((publication) => publication.data);

  test("pages forward", async () => {
    const seen = [];
    let since;
    for (;;) {
      const page = await sub.history({ limit: 4, ...(since && { since }) });
      assert.equal(page.offset, top.offset);
      assert.equal(page.epoch, top.epoch);
      if (page.publications.length === 0) break;
      seen.push(...data(page));
      since = { offset: page.publications.at(-1).offset, epoch: page.epoch };
    }
    assert.deepEqual(seen, numbers(3, 12));
  });

  test("pages in reverse", async () => {
    const seen = [];
    let since;
    for (;;) {
      const page = await sub.history({ limit: 4, reverse: true, ...(since && { since }) });
      if (page.publications.length === 0) break;
      seen.push(...data(page));
      since = { offset: page.publications.at(-1).offset, epoch: page.epoch };
    }
    assert.deepEqual(seen, numbers(3, 12).reverse());
  });

  test("with no limit tells the position only, with -1 everything", async () => {
    const position = await sub.history();
    assert.deepEqual(position, { publications: [], ...top });
    assert.deepEqual(data(await sub.history({ limit: -1 })), numbers(3, 12));
  });

  test("is refused for another epoch, and in reverse from 0", async () => {
    const refused = async (options, code) =>
      assert.rejects(sub.history(options), (error) => error.code === code);
    await refused({ limit: 1, since: { offset: 5, epoch: "abcdefgh" } }, 112);
    await refused({ limit: 1, reverse: true, since: { offset: 0, epoch: top.epoch } }, 107);
    const plain = await subscribe(client, "nothing-kept");
    await assert.rejects(plain.history({ limit: 1 }), (error) => error.code === 108);
  });
});

describe("the API", () => {
  test("tells where a publication is", async () => {
    const first = await server.api.publish("stream:p", 1);
    const second = await server.api.publish("stream:p", 2);
    assert.match(first.epoch, EPOCH);
    assert.deepEqual(first, { offset: 1, epoch: first.epoch });
    assert.deepEqual(second, { offset: 2, epoch: first.epoch });
    assert.deepEqual(await server.api.publish("nothing-kept", 1), {});
  });

  test("broadcasts, each channel with its own position", async () => {
    await publish("stream:b1", 1, 2);
    const { responses } = await server.api.result("broadcast", {
      channels: ["stream:b1", "nope:a", "nothing-kept", "stream:b2"],
      data: 3,
    });
    assert.equal(responses[0].result.offset, 3);
    assert.equal(responses[1].error.code, 102);
    assert.deepEqual(responses[2], { result: {} });
    assert.equal(responses[3].result.offset, 1);
  });

  test("shows and removes history", async () => {
    await publish("stream:x", 1, 3);
    const all = await server.api.result("history", { channel: "stream:x", limit: -1 });
    assert.deepEqual(
      all.publications,
      numbers(1, 3).map((i) => ({ data: i, offset: i })),
    );
    assert.equal(all.offset, 3);
    const { epoch } = all;
    const some = await server.api.result("history", {
      channel: "stream:x",
      limit: 1,
      reverse: true,
      since: { offset: 3, epoch },
    });
    assert.deepEqual(some, { publications: [{ data: 2, offset: 2 }], epoch, offset: 3 });
    assert.deepEqual(await server.api.result("history_remove", { channel: "stream:x" }), {});
    assert.deepEqual(await server.api.result("history", { channel: "stream:x", limit: 5 }), {
      publications: [],
      epoch,
      offset: 3,
    });
    assert.equal(await server.api.error("history", { channel: "nothing-kept" }), 108);
    assert.equal(await server.api.error("history_remove", { channel: "nothing-kept" }), 108);
    assert.equal(await server.api.error("history", { channel: "" }), 107);
    const since = { offset: 1, epoch: "abcdefgh" };
    assert.equal(await server.api.error("history", { channel: "stream:x", since }), 112);
  });

  test("publishes once for one idempotency key", async () => {
    const once = { channel: "stream:i", data: 1, idempotency_key: "k" };
    const first = await server.api.result("publish", once);
    await server.api.publish("stream:i", 2);
    assert.deepEqual(await server.api.result("publish", once), first);
    const { offset } = await server.api.result("history", { channel: "stream:i" });
    assert.equal(offset, 2);
  });

  test("publishes no version that is not new", async () => {
    const version = (v, version_epoch = "a") =>
      server.api.result("publish", { channel: "stream:v", data: v, version: v, version_epoch });
    assert.equal((await version(3)).offset, 1);
    assert.equal((await version(3)).offset, 1);
    assert.equal((await version(2)).offset, 1);
    assert.equal((await version(4)).offset, 2);
    assert.equal((await version(1, "b")).offset, 3);
  });

  test("publishes without keeping", async () => {
    const client = await connect(server.url);
    const sub = await subscribe(client, "stream:s");
    await publish("stream:s", 1, 1);
    const skipped = { channel: "stream:s", data: 2, skip_history: true };
    assert.deepEqual(await server.api.result("publish", skipped), {});
    await publish("stream:s", 3, 3);
    assert.deepEqual(await received(sub, 3), [1, 2, 3]);
    assert.deepEqual(offsets(sub), [1, undefined, 2]);
  });

  test("shows what history costs", async () => {
    const { body } = await request(server.port, { path: "/metrics" });
    assert.match(body, /^gracecast_history_bytes [1-9]/m);
    assert.match(body, /^gracecast_history_publications [1-9]/m);
    assert.match(body, /^gracecast_recovered [1-9]/m);
    assert.match(body, /^gracecast_unrecovered [1-9]/m);
  });
});
