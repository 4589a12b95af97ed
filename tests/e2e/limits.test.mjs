// SPDX-License-Identifier: MIT
// What one client, or all together, may take; and the clocks of a connection, set to run fast.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { connect, disconnectAll, State } from "./support/client.mjs";
import { frame, handshake, Raw, TEXT } from "./support/raw.mjs";
import { Server } from "./support/server.mjs";
import { next, until } from "./support/wait.mjs";
import { Witness } from "./support/witness.mjs";

const MIB = 1024 * 1024;
const QUARANTINE = { ASAN_OPTIONS: "quarantine_size_mb=1:malloc_context_size=5" };

after(disconnectAll);

/** Runs `body` with a server of these options, and stops it. */
const withServer = (args, body, options) => async () => {
  const server = await Server.start(args, options);
  await body(server);
  await server.stop();
};

describe("numbers", () => {
  test(
    "the 129th channel: error 106; one less makes room",
    withServer([], async (server) => {
      const raw = await Raw.client(server.port);
      raw.command(
        ...Array.from({ length: 129 }, (_, i) => ({ id: i + 2, subscribe: { channel: `c${i}` } })),
      );
      for (let i = 0; i < 128; i++)
        assert.deepEqual(await raw.message(), { id: i + 2, subscribe: {} });
      assert.deepEqual(await raw.message(), {
        id: 130,
        error: { code: 106, message: "limit exceeded" },
      });
      raw.command(
        { id: 131, unsubscribe: { channel: "c0" } },
        { id: 132, subscribe: { channel: "c128" } },
      );
      assert.deepEqual(await raw.reply(132), { id: 132, subscribe: {} });
      raw.destroy();
    }),
  );

  test(
    "client.channel_limit",
    withServer(["--client.channel_limit=2"], async (server) => {
      const raw = await Raw.client(
        server.port,
        [2, 3, 4].map((id) => ({ id, subscribe: { channel: `c${id}` } })),
      );
      assert.equal((await raw.reply(4)).error.code, 106);
      raw.destroy();
    }),
  );

  test(
    "client.connection_limit counts clients: 503 beyond it, and places become free again",
    withServer(["--client.connection_limit=10"], async (server) => {
      const clients = await Promise.all(Array.from({ length: 10 }, () => Raw.client(server.port)));
      assert.equal((await server.info()).num_clients, 10);
      for (let i = 0; i < 5; i++) {
        const raw = await Raw.open(server.port);
        raw.write(handshake());
        assert.equal((await raw.response()).status, 503);
        assert.equal(await raw.rest(), "");
        raw.destroy();
      }
      clients[0].destroy();
      await until(async () => (await server.info()).num_clients === 9, "one to have left");
      clients[0] = await Raw.client(server.port);
      clients.forEach((raw) => raw.destroy());
    }),
  );

  test(
    "websocket.message_size_limit and channel.max_length",
    withServer(
      ["--websocket.message_size_limit=1000", "--channel.max_length=10"],
      async (server) => {
        const raw = await Raw.client(server.port);
        raw.command(
          { id: 2, subscribe: { channel: "x".repeat(10) } },
          { id: 3, subscribe: { channel: "x".repeat(11) } },
        );
        assert.ok((await raw.reply(2)).subscribe);
        assert.equal((await raw.reply(3)).error.code, 107);
        raw.write(frame(TEXT, "x".repeat(1001)));
        assert.equal((await raw.closed()).code, 1009);
        raw.destroy();
      },
    ),
  );
});

/** Publishes to the channel until the condition holds. Far more than the kernel buffers for one. */
async function publishUntil(server, channel, condition) {
  const data = "x".repeat(60000);
  for (let i = 0; i < 1000; i++) {
    await server.api.publish(channel, data);
    if (await condition()) return;
  }
  assert.fail("published 60 MB and nothing came of it");
}

async function slowReaders(server, count) {
  const raws = await Promise.all(
    Array.from({ length: count }, () =>
      Raw.client(server.port, [{ id: 2, subscribe: { channel: "flood" } }]),
    ),
  );
  for (const raw of raws) await raw.reply(2);
  for (const raw of raws) raw.socket.pause();
  return raws;
}

/** Reads on, and finds whole publications, and then the close frame. */
async function readsTheEnd(raw, code) {
  raw.socket.resume();
  assert.equal((await raw.closed()).code, code);
  raw.end();
  await raw.gone();
  raw.destroy();
}

describe("slow readers", () => {
  test(
    "more than client.queue_max_size waits for it: 3008, and others notice nothing",
    withServer(
      ["--client.queue_max_size=262144", "--websocket.write_timeout=60s"],
      async (server) => {
        const witness = await Witness.start(server);
        const before = server.memory("VmRSS");
        const raws = await slowReaders(server, 10);
        await publishUntil(server, "flood", async () => (await server.info()).num_clients === 1);
        assert.ok(server.memory("VmRSS") < before + 10 * 262144 + 16 * MIB);
        for (const raw of raws) await readsTheEnd(raw, 3008);
        await witness.stop();
        assert.ok(witness.slowest < 2000, `the witness waited ${witness.slowest} ms`);
        await server.untilEmpty();
      },
      { env: QUARANTINE },
    ),
  );

  test(
    "takes nothing for websocket.write_timeout: 3009, and nothing late comes after it",
    withServer(
      ["--client.queue_max_size=67108864", "--websocket.write_timeout=500ms"],
      async (server) => {
        const witness = await Witness.start(server);
        const raws = await slowReaders(server, 3);
        await publishUntil(server, "flood", async () => (await server.info()).num_clients === 1);
        await Promise.all(raws.map((raw) => readsTheEnd(raw, 3009)));
        await witness.stop();
      },
    ),
  );

  test(
    "one that is slow but goes on reading gets everything",
    withServer(
      ["--client.queue_max_size=67108864", "--websocket.write_timeout=10s"],
      async (server) => {
        const [raw] = await slowReaders(server, 1);
        const count = 300;
        for (let i = 0; i < count; i++) await server.api.publish("flood", [i, "x".repeat(50000)]);
        raw.socket.resume();
        for (let i = 0; i < count; i++) assert.equal((await raw.message()).push.pub.data[0], i);
        raw.destroy();
      },
    ),
  );

  test(
    "one that goes away without reading: what waited for it is given back",
    withServer(
      ["--client.queue_max_size=67108864", "--websocket.write_timeout=60s"],
      async (server) => {
        const round = async () => {
          const raws = await slowReaders(server, 3);
          for (let i = 0; i < 250; i++) await server.api.publish("flood", "x".repeat(60000));
          raws.forEach((raw) => raw.destroy());
          await server.untilEmpty();
        };
        await round();
        const before = server.memory("VmRSS");
        await round();
        await round();
        const settled = () => server.memory("VmRSS") < before + 12 * MIB;
        await until(settled, "the memory to be given back");
      },
      { env: QUARANTINE },
    ),
  );
});

describe("clocks", () => {
  test(
    "no connect command in client.stale_close_delay: 3502",
    withServer(["--client.stale_close_delay=500ms"], async (server) => {
      const begin = performance.now();
      const raw = await Raw.webSocket(server.port);
      assert.deepEqual(await raw.closed(3000), { code: 3502, reason: "stale" });
      assert.ok(performance.now() - begin >= 499);
      const fine = await Raw.client(server.port);
      await assert.rejects(fine.closed(1500), /waited/);
      fine.destroy();
      raw.destroy();
    }),
  );

  const QUICK = ["--client.ping_interval=1s", "--client.pong_timeout=500ms"];

  test(
    "a ping that is not answered: 3012",
    withServer(QUICK, async (server) => {
      const raw = await Raw.webSocket(server.port);
      raw.command({ id: 1, connect: {} });
      const { ping, pong } = (await raw.reply(1)).connect;
      assert.deepEqual({ ping, pong }, { ping: 1, pong: true });
      const begin = performance.now();
      assert.deepEqual(await raw.message(), {});
      const pinged = performance.now();
      assert.ok(
        pinged - begin >= 450 && pinged - begin < 2000,
        `the first ping after ${pinged - begin} ms`,
      );
      assert.deepEqual(await raw.closed(), { code: 3012, reason: "no pong" });
      assert.ok(performance.now() - pinged >= 490);
      raw.destroy();
      await server.untilEmpty();
    }),
  );

  test(
    "who answers stays, and is asked again after the interval; a second answer is one too many",
    withServer(QUICK, async (server) => {
      const raw = await Raw.client(server.port);
      let last = 0;
      for (let i = 0; i < 3; i++) {
        assert.deepEqual(await raw.message(), {});
        const now = performance.now();
        if (last)
          assert.ok(now - last > 900 && now - last < 2500, `${now - last} ms between pings`);
        last = now;
        raw.command({});
      }
      raw.command({});
      assert.deepEqual(await raw.closed(), { code: 3501, reason: "bad request" });
      raw.destroy();
    }),
  );

  test(
    "centrifuge-js and a server with pings in each second stay together",
    withServer(QUICK, async (server) => {
      const client = await connect(server.url);
      let changes = 0;
      client.on("state", () => changes++);
      await assert.rejects(next(client, "connecting", 3500), /waited/);
      assert.equal(client.state, State.Connected);
      assert.equal(changes, 0);
      client.disconnect();
    }),
  );

  test(
    "without a pong timeout nobody has to answer; without an interval nobody is asked",
    withServer(["--client.ping_interval=1s", "--client.pong_timeout=0"], async (server) => {
      const raw = await Raw.webSocket(server.port);
      raw.command({ id: 1, connect: {} });
      const { connect: result } = await raw.reply(1);
      assert.equal(result.ping, 1);
      assert.equal(result.pong, undefined);
      for (let i = 0; i < 3; i++) assert.deepEqual(await raw.message(), {});
      raw.destroy();

      const silent = await Server.start(["--client.ping_interval=0"]);
      const other = await Raw.webSocket(silent.port);
      other.command({ id: 1, connect: {} });
      const { connect: quiet } = await other.reply(1);
      assert.equal(quiet.ping, undefined);
      assert.equal(quiet.pong, undefined);
      other.destroy();
      await silent.stop();
    }),
  );

  test(
    "a server that was stopped for a while does not take its clients for dead",
    withServer(QUICK, async (server) => {
      const clients = await Promise.all(Array.from({ length: 20 }, () => connect(server.url)));
      let lost = 0;
      clients.forEach((client) => client.on("connecting", () => lost++));
      server.kill("SIGSTOP");
      await new Promise((resolve) => setTimeout(resolve, 2500)); // the pause is what is tested
      server.kill("SIGCONT");
      await assert.rejects(
        until(() => lost > 0, "a client to be lost", 2000),
        /waited/,
      );
      assert.equal((await server.info()).num_clients, 20);
      clients.forEach((client) => client.disconnect());
    }),
  );
});
