// SPDX-License-Identifier: MIT
// Slow readers of channels of which only the newest counts, and subscribers that want few publications.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { request } from "./support/api.mjs";
import { connect, disconnectAll, received, subscribe } from "./support/client.mjs";
import { handshake, Raw } from "./support/raw.mjs";
import { Server } from "./support/server.mjs";
import { next, until } from "./support/wait.mjs";
import { Witness } from "./support/witness.mjs";

const MIB = 1024 * 1024;
const QUARANTINE = { ASAN_OPTIONS: "quarantine_size_mb=1:malloc_context_size=5" };

const NAMESPACES = [
  { name: "live", conflate: "latest", conflate_key: "symbol" },
  { name: "calm", max_rate: 5, conflate_key: "symbol" },
  { name: "all" },
];

after(disconnectAll);

/** Runs `body` with a server of these options, and stops it. */
const withServer = (args, body, options) => async () => {
  const server = await Server.start(
    [`--channel.namespaces=${JSON.stringify(NAMESPACES)}`, "--prometheus.enabled", ...args],
    options,
  );
  await body(server);
  await server.stop();
};

async function conflated(server) {
  const { body } = await request(server.port, { path: "/metrics" });
  return Number(body.match(/^gracecast_conflated_total (\d+)$/m)[1]);
}

const publish = (server, channel, symbol, data) =>
  server.api.result("publish", { channel, data, tags: { symbol } });

/** The next publication. */
async function publication(raw) {
  for (;;) {
    const message = await raw.message();
    if (message.push?.pub) return message.push.pub;
    if (Object.keys(message).length === 0) raw.command({});
  }
}

describe("a slow reader of a channel that conflates", () => {
  test(
    "is never cut off, costs bounded memory and ends with the newest of each key",
    withServer(
      ["--client.queue_max_size=10000", "--websocket.write_timeout=200ms"],
      async (server) => {
        const symbols = ["a", "b", "c", "d"];
        const rounds = 400; // 4 x 400 x 50 kB: 80 MB, far more than the kernel buffers
        const witness = await Witness.start(server);
        const raws = await Promise.all(
          Array.from({ length: 5 }, () =>
            Raw.client(server.port, [{ id: 2, subscribe: { channel: "live:x" } }]),
          ),
        );
        for (const raw of raws) await raw.reply(2);
        for (const raw of raws) raw.socket.pause();
        const before = server.memory("VmRSS");
        for (let i = 0; i < rounds; i++)
          for (const symbol of symbols)
            await publish(server, "live:x", symbol, [i, "x".repeat(50000)]);
        assert.ok(server.memory("VmRSS") < before + 32 * MIB);
        assert.equal((await server.info()).num_clients, 6); // the witness is one
        assert.ok((await conflated(server)) > 1000);

        for (const raw of raws) {
          const newest = {};
          raw.socket.resume();
          while (!symbols.every((symbol) => newest[symbol] === rounds - 1)) {
            const { data, tags } = await publication(raw);
            assert.ok(data[0] > (newest[tags.symbol] ?? -1), "values only become newer");
            newest[tags.symbol] = data[0];
          }
        }
        await publish(server, "live:x", "a", "live again");
        for (const raw of raws) {
          assert.equal((await publication(raw)).data, "live again");
          raw.destroy();
        }
        await witness.stop();
        await server.untilEmpty();
      },
      { env: QUARANTINE },
    ),
  );

  const QUICK = ["--client.ping_interval=1s", "--client.pong_timeout=300ms"];

  /** Publishes until told otherwise, as fast as it is accepted. */
  function flood(server, channel) {
    let on = true;
    const over = (async () => {
      for (let i = 0; on; i++) await publish(server, channel, `s${i % 3}`, "x".repeat(10000));
    })();
    return () => {
      on = false;
      return over;
    };
  }

  test(
    "answers pings as late as its link needs",
    withServer(["--client.ping_interval=2s", "--client.pong_timeout=100ms"], async (server) => {
      // a fixed piece of what has come is read every 25 ms: far less than what is published
      let raw;
      const buffer = Buffer.alloc(8192);
      const onread = {
        buffer,
        callback: (count) => {
          raw.socket.emit("data", Buffer.from(buffer.subarray(0, count)));
          return false; // reads no more until it is told to
        },
      };
      raw = await Raw.open(server.port, { onread });
      raw.write(handshake());
      const timer = setInterval(() => raw.socket.resume(), 25);
      await raw.response();
      raw.command({ id: 1, connect: {} }, { id: 2, subscribe: { channel: "live:x" } });
      await raw.reply(2);
      const stop = flood(server, "live:x");
      let pings = 0;
      const end = performance.now() + 8000; // several intervals and timeouts
      while (performance.now() < end) {
        const message = await raw.message();
        if (Object.keys(message).length !== 0) continue;
        pings++;
        raw.command({});
      }
      await stop();
      assert.ok(pings >= 1);
      assert.equal((await server.info()).num_clients, 1);
      assert.ok((await conflated(server)) > 0, "it was too fast to be slow");
      clearInterval(timer);
      raw.destroy();
    }),
  );

  test(
    "that takes nothing at all is taken for dead: 3012",
    withServer(QUICK, async (server) => {
      const raw = await Raw.client(server.port, [{ id: 2, subscribe: { channel: "live:x" } }]);
      await raw.reply(2);
      raw.socket.pause();
      const stop = flood(server, "live:x");
      await until(async () => (await server.info()).num_clients === 0, "it to be cut off");
      await stop();
      raw.socket.resume();
      assert.equal((await raw.closed()).code, 3012);
      raw.destroy();
    }),
  );
});

test(
  "who keeps up gets every publication, in order",
  withServer([], async (server) => {
    const client = await connect(server.url);
    const sub = await subscribe(client, "live:x");
    for (let i = 0; i < 100; i++) await publish(server, "live:x", "a", i);
    assert.deepEqual(
      await received(sub, 100),
      Array.from({ length: 100 }, (_, i) => i),
    );
    client.disconnect();
  }),
);

describe("max_rate", () => {
  /** Publishes 1, 2, 3... for a while; the number of the last one and the seconds it took. */
  async function publishFor(server, channel, seconds) {
    const begin = performance.now();
    let i = 1;
    for (; performance.now() - begin < seconds * 1000; i++) await publish(server, channel, "a", i);
    return { last: i - 1, seconds: (performance.now() - begin) / 1000 };
  }

  const values = (sub) => sub.received.map((publication) => publication.data);

  test(
    "each subscriber gets no more than its rate, and always the last value",
    withServer([], async (server) => {
      const [client, slower, free] = await Promise.all([1, 2, 3].map(() => connect(server.url)));
      const calm = await subscribe(client, "calm:x");
      const calmer = await subscribe(slower, "calm:x", { data: { max_rate: 2 } });
      const greedy = await subscribe(free, "calm:x", { data: { max_rate: 1000 } });
      await publish(server, "calm:x", "a", 0);
      for (const sub of [calm, calmer, greedy])
        assert.deepEqual(await received(sub, 1), [0], "the first is not delayed");
      const { last, seconds } = await publishFor(server, "calm:x", 2);
      for (const [sub, rate] of [
        [calm, 5],
        [calmer, 2],
        [greedy, 5],
      ]) {
        await until(() => values(sub).at(-1) === last, "the last value");
        const most = Math.floor(seconds * rate) + 3; // the first two, and one of the interval it ends in
        assert.ok(values(sub).length <= most, `${values(sub).length} in ${seconds} s`);
        assert.ok(values(sub).length >= Math.floor(seconds * rate) - 1);
        assert.ok(values(sub).every((value, i, all) => i === 0 || value > all[i - 1]));
      }
      assert.ok((await conflated(server)) > 0);
    }),
  );

  test(
    "may be asked for in any namespace, and has to be a whole number above 0: error 107",
    withServer([], async (server) => {
      const client = await connect(server.url);
      const sub = await subscribe(client, "all:x", { data: { max_rate: 4, more: [] } });
      const { last, seconds } = await publishFor(server, "all:x", 1);
      await until(() => values(sub).at(-1) === last, "the last value");
      assert.ok(values(sub).length <= Math.floor(seconds * 4) + 2);
      for (const max_rate of [0, -1, 0.5, "2", null, {}]) {
        const refused = client.newSubscription(`all:${JSON.stringify(max_rate)}`, {
          data: { max_rate },
        });
        const unsubscribed = next(refused, "unsubscribed");
        refused.subscribe();
        assert.equal((await unsubscribed).code, 107);
      }
      client.disconnect();
    }),
  );
});
