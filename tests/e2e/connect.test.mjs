// SPDX-License-Identifier: MIT
// How clients come in, and what they may not say before and after.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import WebSocket from "ws";

import { connect, disconnectAll, newClient, State } from "./support/client.mjs";
import { ACCEPT, handshake, Raw } from "./support/raw.mjs";
import { Server } from "./support/server.mjs";
import { next } from "./support/wait.mjs";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

describe("insecure mode", () => {
  let server;
  before(async () => (server = await Server.start()));
  after(async () => {
    disconnectAll();
    await server.stop();
  });

  test("centrifuge-js connects and learns its id and the server's version", async () => {
    const client = newClient(server.url);
    const connected = next(client, "connected");
    client.connect();
    const context = await connected;
    assert.match(context.client, UUID);
    assert.equal(context.transport, "websocket");
    const { version } = await server.info();
    const raw = await Raw.webSocket(server.port);
    raw.command({ id: 1, connect: {} });
    assert.equal((await raw.reply(1)).connect.version, version);
    raw.destroy();
  });

  test("the reply to connect has exactly what it should", async () => {
    const raw = await Raw.webSocket(server.port);
    raw.command({ id: 7, connect: { name: "js", version: "1", data: { x: [1] }, headers: {} } });
    const { id, connect: result, ...rest } = await raw.message();
    const { client, version, ...timing } = result;
    assert.equal(id, 7);
    assert.deepEqual(rest, {});
    assert.match(client, UUID);
    assert.notEqual(version, "");
    assert.deepEqual(timing, { ping: 25, pong: true });
    raw.destroy();
  });

  test("every connection has an id of its own, and the server counts them", async () => {
    const raws = await Promise.all(Array.from({ length: 20 }, () => Raw.webSocket(server.port)));
    const before = (await server.info()).num_clients;
    const ids = new Set();
    for (const raw of raws) {
      raw.command({ id: 1, connect: {} });
      ids.add((await raw.reply(1)).connect.client);
    }
    assert.equal(ids.size, raws.length);
    assert.equal((await server.info()).num_clients, before + raws.length);
    raws.forEach((raw) => raw.destroy());
  });

  test("a handshake is accepted with the right proof", async () => {
    const raw = await Raw.open(server.port);
    raw.write(handshake());
    const { status, headers } = await raw.response();
    assert.equal(status, 101);
    assert.equal(headers.get("sec-websocket-accept"), ACCEPT);
    assert.equal(headers.get("upgrade").toLowerCase(), "websocket");
    assert.equal(headers.get("connection").toLowerCase(), "upgrade");
    assert.ok(!headers.has("sec-websocket-protocol"));
    assert.ok(!headers.has("sec-websocket-extensions"));
    raw.destroy();
  });

  test("the subprotocol centrifuge-json is echoed", async () => {
    const ws = new WebSocket(server.url, ["centrifuge-json"]);
    await next(ws, "open");
    assert.equal(ws.protocol, "centrifuge-json");
    ws.terminate();
  });

  test("parameters in the address are ignored", async () => {
    await connect(`${server.url}?cf_protocol_version=v2&unknown=1`);
  });

  test("IPv4 and IPv6 are served when no address is given", async () => {
    const both = await Server.start(["--address="]);
    const v6 = await connect(`ws://[::1]:${both.port}/connection/websocket`);
    const v4 = await connect(both.url);
    v6.disconnect();
    v4.disconnect();
    await both.stop();
  });

  for (const [what, commands] of [
    ["a subscription before connect", [{ id: 1, subscribe: { channel: "a" } }]],
    ["a publication before connect", [{ id: 1, publish: { channel: "a", data: 1 } }]],
    ["an object that looks like a pong before connect", [{}]],
    [
      "a second connect",
      [
        { id: 1, connect: {} },
        { id: 2, connect: {} },
      ],
    ],
    ["a pong without a ping", [{ id: 1, connect: {} }, {}]],
    [
      "the command ping",
      [
        { id: 1, connect: {} },
        { id: 2, ping: {} },
      ],
    ],
    [
      "an unknown command",
      [
        { id: 1, connect: {} },
        { id: 2, dance: {} },
      ],
    ],
  ]) {
    test(`${what} is a bad request`, async () => {
      const raw = await Raw.webSocket(server.port);
      raw.command(...commands);
      assert.deepEqual(await raw.closed(), { code: 3501, reason: "bad request" });
      raw.destroy();
    });
  }

  test("the connect reply is sent even when the next command of the frame is bad", async () => {
    const raw = await Raw.webSocket(server.port);
    raw.command(
      { id: 1, connect: {} },
      { id: 2, ping: {} },
      { id: 3, subscribe: { channel: "a" } },
    );
    assert.match((await raw.message()).connect.client, UUID);
    assert.equal((await raw.closed()).code, 3501);
    raw.destroy();
  });

  test("what is off, or has nobody to handle it, is not available", async () => {
    const raw = await Raw.client(server.port);
    for (const [name, body] of Object.entries({
      presence: { channel: "a" },
      history: { channel: "a" },
      rpc: { method: "m", data: {} },
    })) {
      raw.command({ id: 9, [name]: body });
      assert.deepEqual(await raw.reply(9), {
        id: 9,
        error: { code: 108, message: "not available" },
      });
    }
    raw.destroy();
  });

  test("a message to the server ends the connection, for nobody takes it", async () => {
    const raw = await Raw.client(server.port);
    raw.command({ send: { data: 1 } });
    assert.deepEqual(await raw.closed(), { code: 3508, reason: "not available" });
    raw.destroy();
  });

  test("a token cannot be verified: invalid", async () => {
    const client = newClient(server.url, { token: "e30.e30.c2ln" });
    const disconnected = next(client, "disconnected");
    client.connect();
    assert.equal((await disconnected).code, 3500);
    assert.equal(client.state, State.Disconnected);
  });
});

describe("other modes", () => {
  test("without any of them nobody comes in", async () => {
    const server = await Server.start(["--client.insecure=false"]);
    const client = newClient(server.url);
    const disconnected = next(client, "disconnected");
    client.connect();
    const { code, reason } = await disconnected;
    assert.deepEqual({ code, reason }, { code: 3501, reason: "bad request" });
    await server.untilEmpty();
    await server.stop();
  });

  test("anonymous: the connection has no user, and what the channels allow", async () => {
    const server = await Server.start([
      "--client.insecure=false",
      "--client.allow_anonymous_connect_without_token",
      '--channel.namespaces=[{"name":"open","allow_subscribe_for_client":true,"allow_subscribe_for_anonymous":true,"allow_publish_for_subscriber":true,"allow_publish_for_anonymous":true}]',
    ]);
    const raw = await Raw.client(server.port);
    raw.command(
      { id: 2, subscribe: { channel: "shut" } },
      { id: 3, subscribe: { channel: "open:a" } },
    );
    assert.equal((await raw.reply(2)).error.code, 103);
    assert.deepEqual(await raw.reply(3), { id: 3, subscribe: {} });
    raw.command({ id: 4, publish: { channel: "open:b", data: 1 } });
    assert.equal((await raw.reply(4)).error.code, 103);
    raw.command({ id: 5, publish: { channel: "open:a", data: 1 } });
    const { push } = await raw.message().then((m) => (m.push ? m : raw.message()));
    assert.equal(push.pub.info.user, "");
    raw.destroy();
    await server.stop();
  });

  test("a proxy in front may say in a header who the user is", async () => {
    const server = await Server.start([
      "--client.insecure=false",
      "--client.user_id_http_header=X-User",
      "--channel.without_namespace.allow_subscribe_for_client",
    ]);
    const raw = await Raw.open(server.port);
    raw.write(handshake({ "X-User": "jane" }));
    assert.equal((await raw.response()).status, 101);
    raw.command({ id: 1, connect: {} }, { id: 2, subscribe: { channel: "a" } });
    assert.deepEqual(await raw.reply(2), { id: 2, subscribe: {} });
    assert.deepEqual(await server.api.result("send", { user: "jane", data: "hello" }), {
      recipients: 1,
    });
    assert.deepEqual(await raw.message(), { push: { message: { data: "hello" } } });
    raw.destroy();
    await server.stop();
  });

  test("the server's time is told when asked for", async () => {
    const server = await Server.start(["--client.connect_include_server_time"]);
    const raw = await Raw.webSocket(server.port);
    const before = Date.now();
    raw.command({ id: 1, connect: {} });
    const { time } = (await raw.reply(1)).connect;
    assert.ok(time >= before - 1 && time <= Date.now() + 1, `${time}`);
    raw.destroy();
    await server.stop();
  });
});

describe("origins", () => {
  let server;
  before(
    async () =>
      (server = await Server.start([
        "--client.allowed_origins=https://good.example,https://*.wide.example",
      ])),
  );
  after(() => server.stop());

  for (const [origin, status] of [
    [null, 101],
    ["https://good.example", 101],
    ["HTTPS://Good.Example", 101],
    ["https://a.wide.example", 101],
    ["http://good.example", 403],
    ["https://good.example.evil.test", 403],
    ["https://evil.test", 403],
    ["null", 403],
    ["", 403],
  ]) {
    test(`${origin === null ? "none" : `"${origin}"`}: ${status}`, async () => {
      const raw = await Raw.open(server.port);
      raw.write(handshake({ Origin: origin }));
      const response = await raw.response();
      assert.equal(response.status, status);
      if (status === 403) assert.match(response.body, /^[^\n]+\n$/);
      raw.destroy();
    });
  }

  test("no list: nobody who names an origin", async () => {
    const strict = await Server.start();
    const raw = await Raw.open(strict.port);
    raw.write(handshake({ Origin: "https://good.example" }));
    assert.equal((await raw.response()).status, 403);
    raw.destroy();
    await strict.stop();
  });
});
