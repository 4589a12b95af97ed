// SPDX-License-Identifier: MIT
// delivery.io_uring: who uses it, and what happens where it is forbidden. That delivery is the same
// with and without it is for the other tests, which run in both ways.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { request } from "./support/api.mjs";
import { connect, disconnectAll, received, subscribe } from "./support/client.mjs";
import { Process, Server } from "./support/server.mjs";

/** Runs the server where the kernel refuses io_uring, as containers often have it. */
const FORBIDDEN = { wrapper: [process.env.GCAST_WITHOUT_IO_URING] };

after(disconnectAll);

/** Its workers that use io_uring, by its own metrics, after a publication has come through. */
async function workersOf(server) {
  const client = await connect(server.url);
  const sub = await subscribe(client, "news");
  await server.api.publish("news", { a: 1 });
  assert.deepEqual(await received(sub, 1), [{ a: 1 }]);
  client.disconnect();
  const answer = await request(server.port, { path: "/metrics" });
  return Number(answer.body.match(/^gracecast_io_uring_workers (\d+)$/m)[1]);
}

async function withServer(args, options, body) {
  const server = await Server.start(["--prometheus.enabled", ...args], options);
  await body(server);
  await server.stop();
}

describe("delivery.io_uring", () => {
  test("off: no worker uses it", () =>
    withServer(["--delivery.io_uring=off"], {}, async (server) => {
      assert.equal(await workersOf(server), 0);
      assert.match(server.log, /SERVER-START .*io_uring=no/);
    }));

  test("auto and on: every worker does, where it works", async (t) => {
    let works;
    await withServer(["--delivery.io_uring=auto"], {}, async (server) => {
      works = /SERVER-START .*io_uring=yes/.test(server.log);
      assert.equal(await workersOf(server), works ? 2 : 0);
    });
    if (!works) return t.skip("io_uring does not work here");
    await withServer(["--delivery.io_uring=on"], {}, async (server) =>
      assert.equal(await workersOf(server), 2),
    );
  });

  test("on where it is forbidden: the server says so and does not start", async () => {
    const args = ["--address=127.0.0.1", "--port=0", "--delivery.io_uring=on"];
    const server = new Process(args, {}, FORBIDDEN.wrapper);
    assert.deepEqual(await server.ended(), { code: 1, signal: null });
    assert.match(server.log, /level=error event=SERVER-IO-URING error=/);
    assert.match(server.log, /Operation not permitted|built without liburing/);
  });

  test("auto where it is forbidden: it is done without, which the log says once", () =>
    withServer(["--delivery.io_uring=auto"], FORBIDDEN, async (server) => {
      assert.equal(await workersOf(server), 0);
      assert.equal(server.log.match(/SERVER-IO-URING used=no/g).length, 1);
    }));
});
