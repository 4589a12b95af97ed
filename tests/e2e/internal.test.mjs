// SPDX-License-Identifier: MIT
// An address or a port of its own for what only the operator is to reach.

import assert from "node:assert/strict";
import net from "node:net";
import { once } from "node:events";
import { describe, test } from "node:test";

import { request } from "./support/api.mjs";
import { connect, disconnectAll } from "./support/client.mjs";
import { API_KEY, Process, Server } from "./support/server.mjs";

const ALL = ["--health.enabled", "--prometheus.enabled", "--demo"];

async function freePort() {
  const probe = net.createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}

/** The status of each page, asked for at this port. */
async function statuses(host, port) {
  const ask = async (rq) => (await request(port, rq, host)).status;
  return {
    api: await ask({
      method: "POST",
      path: "/api/info",
      headers: { "X-API-Key": API_KEY },
      body: "{}",
    }),
    health: await ask({ path: "/health" }),
    metrics: await ask({ path: "/metrics" }),
    page: await ask({ path: "/" }),
    websocket: await ask({ path: "/connection/websocket" }),
  };
}

const PUBLIC = { page: 200, websocket: 426 };
const CLOSED = { api: 404, health: 404, metrics: 404 };
const OPEN = { api: 200, health: 200, metrics: 200 };
const NO_CLIENTS = { page: 404, websocket: 404 };

/** The server says where it listens. */
function internalPort(server) {
  return Number(server.log.match(/internal_port=(\d+)/)[1]);
}

describe("internal listeners", () => {
  test("a port of its own", async () => {
    const port = await freePort();
    const server = await Server.start([...ALL, `--http_server.internal_port=${port}`]);
    assert.equal(internalPort(server), port);
    assert.deepEqual(await statuses("127.0.0.1", server.port), { ...CLOSED, ...PUBLIC });
    assert.deepEqual(await statuses("127.0.0.1", port), { ...OPEN, ...NO_CLIENTS });
    await connect(server.url);
    disconnectAll();
    await server.stop();
  });

  test("an address of its own, at the same port", async () => {
    const server = await Server.start([...ALL, "--http_server.internal_address=127.0.0.2"]);
    assert.equal(internalPort(server), server.port);
    assert.deepEqual(await statuses("127.0.0.1", server.port), { ...CLOSED, ...PUBLIC });
    assert.deepEqual(await statuses("127.0.0.2", server.port), { ...OPEN, ...NO_CLIENTS });
    await server.stop();
  });

  test("http_api.external: the API stays on the public port", async () => {
    const server = await Server.start([
      ...ALL,
      "--http_server.internal_address=127.0.0.2",
      "--http_api.external",
    ]);
    const outside = await statuses("127.0.0.1", server.port);
    assert.deepEqual(outside, { ...CLOSED, api: 200, ...PUBLIC });
    const inside = await statuses("127.0.0.2", server.port);
    assert.deepEqual(inside, { ...OPEN, api: 404, ...NO_CLIENTS });
    await server.stop();
  });

  test("the same address and port: nothing is apart", async () => {
    const port = await freePort();
    const server = await Server.start(
      [...ALL, "--http_server.internal_address=127.0.0.1", `--http_server.internal_port=${port}`],
      { port },
    );
    assert.doesNotMatch(server.log, /internal_port/);
    assert.deepEqual(await statuses("127.0.0.1", port), { ...OPEN, ...PUBLIC });
    await server.stop();
  });

  test("a port in use: no start, and the line says which option", async () => {
    const taken = net.createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const server = new Process([
      "--address=127.0.0.1",
      "--port=0",
      `--http_server.internal_port=${taken.address().port}`,
    ]);
    assert.equal((await server.ended()).code, 1);
    assert.match(server.log, /http_server\.internal_port: cannot listen on \d+ of 127\.0\.0\.1/);
    taken.close();
  });
});
