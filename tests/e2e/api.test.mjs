// SPDX-License-Identifier: MIT
// The HTTP API: its methods, who may call them, and HTTP as its callers speak it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { request } from "./support/api.mjs";
import {
  connect,
  disconnectAll,
  newClient,
  received,
  State,
  subscribe,
} from "./support/client.mjs";
import { handshake, Raw } from "./support/raw.mjs";
import { API_KEY, Server } from "./support/server.mjs";
import { next, until } from "./support/wait.mjs";

const NAMESPACES = '--channel.namespaces=[{"name":"room","presence":true}]';

let server;
before(async () => {
  server = await Server.start([
    NAMESPACES,
    "--client.user_id_http_header=X-User",
    "--health.enabled",
    "--prometheus.enabled",
    "--http_api.max_body_size=100000",
  ]);
});
after(async () => {
  disconnectAll();
  await server.stop();
});

/** A connection of this user; `id` is its client id. */
async function userClient(user, commands = []) {
  const raw = await Raw.open(server.port);
  raw.write(handshake(user ? { "X-User": user } : {}));
  assert.equal((await raw.response()).status, 101);
  raw.command({ id: 1, connect: {} }, ...commands);
  raw.id = (await raw.reply(1)).connect.client;
  for (const command of commands) assert.equal((await raw.reply(command.id)).error, undefined);
  return raw;
}

/** The bytes of a call, for a socket. */
function callBytes(method, params, extra = "") {
  const body = JSON.stringify(params);
  return `POST /api/${method} HTTP/1.1\r\nHost: x\r\nX-API-Key: ${API_KEY}\r\n${extra}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

describe("who may call", () => {
  for (const [what, headers, query, status] of [
    ["X-API-Key", { "X-API-Key": API_KEY }, "", 200],
    ["Authorization", { Authorization: `apikey ${API_KEY}` }, "", 200],
    ["Authorization, scheme in capitals", { Authorization: `APIKEY ${API_KEY}` }, "", 200],
    ["the query", {}, `?api_key=${API_KEY}`, 200],
    ["no key", {}, "", 401],
    ["an empty key", { "X-API-Key": "" }, "", 401],
    ["a wrong key", { "X-API-Key": `${API_KEY}x` }, "", 401],
    ["the beginning of the key", { "X-API-Key": API_KEY.slice(0, -1) }, "", 401],
    ["a wrong key, the right one in the query", { "X-API-Key": "x" }, `?api_key=${API_KEY}`, 401],
    ["another scheme", { Authorization: `Bearer ${API_KEY}` }, "", 401],
    ["a wrong key in the query", {}, "?api_key=x", 401],
  ]) {
    test(`${what}: ${status}`, async () => {
      const answer = await request(server.port, {
        method: "POST",
        path: `/api/info${query}`,
        headers,
        body: "{}",
      });
      assert.equal(answer.status, status);
    });
  }

  test("no key configured: nobody, not even with an empty one", async () => {
    const shut = await Server.start(["--http_api.key="]);
    for (const headers of [{}, { "X-API-Key": "" }, { Authorization: "apikey " }])
      assert.equal((await shut.api.call("info", {}, headers)).status, 401);
    await shut.stop();
  });

  test("http_api.insecure: everybody", async () => {
    const wide = await Server.start(["--http_api.key=", "--http_api.insecure"]);
    assert.equal((await wide.api.call("info", {}, {})).status, 200);
    await wide.stop();
  });

  test("http_api.disabled: there is no API", async () => {
    const none = await Server.start(["--http_api.disabled"]);
    assert.equal((await none.api.call("info")).status, 404);
    await none.stop();
  });
});

describe("HTTP", () => {
  test("other methods than POST: 405, and which is allowed", async () => {
    const answer = await request(server.port, {
      path: "/api/publish",
      headers: { "X-API-Key": API_KEY },
    });
    assert.equal(answer.status, 405);
    assert.equal(answer.headers.allow, "POST");
  });

  for (const path of ["/api/no_such_method", "/api/publish/more", "/apipublish", "/nothing", "/"]) {
    test(`${path}: 404`, async () => {
      const answer = await request(server.port, {
        method: "POST",
        path,
        headers: { "X-API-Key": API_KEY },
        body: "{}",
      });
      assert.equal(answer.status, 404);
    });
  }

  for (const body of [
    "",
    "{",
    "[]",
    "publish",
    '{"channel":1,"data":1}',
    '{"channel":"a","data":}',
    '{"channel":"a","data":1}}',
    "\u0000",
  ]) {
    test(`the body ${JSON.stringify(body)}: 400`, async () => {
      assert.equal((await server.api.call("publish", body)).status, 400);
    });
  }

  test("unknown fields and null are passed over", async () => {
    await server.api.result("publish", {
      channel: "a",
      data: 1,
      b64data: null,
      tags: null,
      later: { x: [] },
    });
  });

  test("a body over the limit: 413, before it is sent", async () => {
    const raw = await Raw.open(server.port);
    raw.write(
      `POST /api/publish HTTP/1.1\r\nHost: x\r\nX-API-Key: ${API_KEY}\r\nContent-Length: 100001\r\n\r\n`,
    );
    assert.equal((await raw.response()).status, 413);
    await raw.gone();
    raw.destroy();
  });

  test("chunks without an end: 413 when they pass the limit", async () => {
    const raw = await Raw.open(server.port);
    raw.write(
      `POST /api/publish HTTP/1.1\r\nHost: x\r\nX-API-Key: ${API_KEY}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    for (let i = 0; i < 11; i++) raw.write(`2710\r\n${"x".repeat(10000)}\r\n`);
    assert.equal((await raw.response()).status, 413);
    raw.destroy();
  });

  test("a body of exactly the limit is taken, in chunks too", async () => {
    const frame = '{"channel":"a","data":""}';
    const body = frame.replace('""', `"${"x".repeat(100000 - frame.length)}"`);
    assert.equal((await server.api.call("publish", body)).status, 200);
    const raw = await Raw.open(server.port);
    raw.write(
      `POST /api/publish HTTP/1.1\r\nHost: x\r\nX-API-Key: ${API_KEY}\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    for (let i = 0; i < 4; i++) raw.write(`61a8\r\n${body.slice(i * 25000, (i + 1) * 25000)}\r\n`);
    raw.write("0\r\n\r\n");
    assert.equal((await raw.response()).status, 200);
    raw.destroy();
  });

  test("one connection serves many calls", async () => {
    const raw = await Raw.open(server.port);
    for (let i = 0; i < 20; i++) {
      raw.write(callBytes("publish", { channel: "a", data: i }));
      assert.equal((await raw.response()).body, '{"result":{}}');
    }
    raw.destroy();
  });

  test("calls sent ahead are answered in order, and their publications are in order", async () => {
    const listener = await userClient("", [{ id: 2, subscribe: { channel: "ahead" } }]);
    const raw = await Raw.open(server.port);
    const calls = Array.from({ length: 100 }, (_, i) =>
      i % 10 === 9
        ? callBytes("nonsense", {})
        : callBytes("publish", { channel: "ahead", data: i }),
    );
    raw.write(calls.join(""));
    for (let i = 0; i < 100; i++)
      assert.equal((await raw.response()).status, i % 10 === 9 ? 404 : 200);
    for (let i = 0; i < 100; i++)
      if (i % 10 !== 9) assert.equal((await listener.message()).push.pub.data, i);
    raw.destroy();
    listener.destroy();
  });

  test("a call byte by byte", async () => {
    const raw = await Raw.open(server.port);
    for (const byte of callBytes("publish", { channel: "a", data: 1 })) {
      raw.write(byte);
      await new Promise(setImmediate);
    }
    assert.equal((await raw.response()).status, 200);
    raw.destroy();
  });

  test("Connection: close is honoured; HTTP/1.0 is answered and closed", async () => {
    for (const bytes of [
      callBytes("info", {}, "Connection: close\r\n"),
      callBytes("info", {}).replace("HTTP/1.1", "HTTP/1.0"),
    ]) {
      const raw = await Raw.open(server.port);
      raw.write(bytes);
      assert.equal((await raw.response()).status, 200);
      assert.equal(await raw.rest(), "");
      raw.destroy();
    }
  });

  test("Expect: 100-continue", async () => {
    const raw = await Raw.open(server.port);
    const [head, body] = callBytes(
      "publish",
      { channel: "a", data: 1 },
      "Expect: 100-continue\r\n",
    ).split(/(?<=\r\n\r\n)/);
    raw.write(head);
    assert.equal((await raw.response()).status, 100);
    raw.write(body);
    assert.equal((await raw.response()).status, 200);
    raw.destroy();
  });

  test("a caller that has finished sending still gets its answers", async () => {
    const raw = await Raw.open(server.port);
    raw.write(callBytes("publish", { channel: "a", data: 1 }) + callBytes("info", {}));
    raw.end();
    assert.equal((await raw.response()).status, 200);
    assert.equal((await raw.response()).status, 200);
    assert.equal(await raw.rest(), "");
    raw.destroy();
  });

  test("health and metrics where they are enabled", async () => {
    const health = await request(server.port, { path: "/health" });
    assert.deepEqual([health.status, health.body], [200, "{}"]);
    assert.match(health.headers["content-type"], /^application\/json/);
    const metrics = await request(server.port, { path: "/metrics" });
    assert.equal(metrics.status, 200);
    assert.match(metrics.body, /^# TYPE /m);
    const head = await request(server.port, { method: "HEAD", path: "/health" });
    assert.deepEqual([head.status, head.body], [200, ""]);
    const plain = await Server.start();
    assert.equal((await request(plain.port, { path: "/health" })).status, 404);
    assert.equal((await request(plain.port, { path: "/metrics" })).status, 404);
    await plain.stop();
  });
});

describe("methods", () => {
  test("publish: no channel, no data, a bad or an unknown channel", async () => {
    assert.equal(await server.api.error("publish", { data: 1 }), 107);
    assert.equal(await server.api.error("publish", { channel: "a" }), 107);
    assert.equal(await server.api.error("publish", { channel: "nope:a", data: 1 }), 102);
    assert.equal(await server.api.error("publish", { channel: "a\r\nb", data: 1 }), 107);
    assert.equal(await server.api.error("publish", { channel: "x".repeat(256), data: 1 }), 107);
  });

  test("publish: base64 in place of data", async () => {
    const raw = await userClient("", [{ id: 2, subscribe: { channel: "b64" } }]);
    await server.api.result("publish", {
      channel: "b64",
      b64data: Buffer.from('{"a":1}').toString("base64"),
    });
    assert.deepEqual((await raw.message()).push.pub, { data: { a: 1 } });
    assert.equal(await server.api.error("publish", { channel: "b64", b64data: "!" }), 107);
    raw.destroy();
  });

  test("broadcast: an answer for each channel, one bad one does not hurt the others", async () => {
    const raw = await userClient("", [
      { id: 2, subscribe: { channel: "b1" } },
      { id: 3, subscribe: { channel: "b2" } },
    ]);
    const { responses } = await server.api.result("broadcast", {
      channels: ["b1", "nope:x", "b2"],
      data: { n: 1 },
    });
    assert.deepEqual(responses, [
      { result: {} },
      { error: { code: 102, message: "unknown channel" } },
      { result: {} },
    ]);
    const channels = [(await raw.message()).push.channel, (await raw.message()).push.channel];
    assert.deepEqual(channels.sort(), ["b1", "b2"]);
    assert.equal(await server.api.error("broadcast", { data: 1 }), 107);
    assert.equal(await server.api.error("broadcast", { channels: [], data: 1 }), 107);
    raw.destroy();
  });

  test("info: what the server is and holds", async () => {
    const before = await server.info();
    const raws = [
      await userClient("info-1", [{ id: 2, subscribe: { channel: "i1" } }]),
      await userClient("info-1", [{ id: 2, subscribe: { channel: "i1" } }]),
    ];
    const { nodes } = await server.api.result("info");
    assert.equal(nodes.length, 1);
    const [node] = nodes;
    assert.ok(node.uid && node.name && node.version);
    assert.equal(node.num_clients - before.num_clients, 2);
    assert.equal(node.num_users - before.num_users, 1);
    assert.equal(node.num_channels - before.num_channels, 1);
    assert.equal(node.num_subs - before.num_subs, 2);
    assert.ok(node.process.rss > 1e6);
    raws.forEach((raw) => raw.destroy());
  });

  test("channels: those with subscribers, by pattern", async () => {
    const raw = await userClient(
      "",
      ["list-a", "list-b", "room:list"].map((channel, i) => ({
        id: i + 2,
        subscribe: { channel },
      })),
    );
    const all = (await server.api.result("channels")).channels;
    for (const name of ["list-a", "list-b", "room:list"])
      assert.deepEqual(all[name], { num_clients: 1 });
    assert.deepEqual((await server.api.result("channels", { pattern: "list-*" })).channels, {
      "list-a": { num_clients: 1 },
      "list-b": { num_clients: 1 },
    });
    assert.deepEqual((await server.api.result("channels", { pattern: "none*" })).channels, {});
    raw.destroy();
  });

  test("presence_stats: the channel's connections and users", async () => {
    const raws = [];
    for (const user of ["p1", "p1", "p2"])
      raws.push(await userClient(user, [{ id: 2, subscribe: { channel: "room:p" } }]));
    assert.deepEqual(await server.api.result("presence_stats", { channel: "room:p" }), {
      num_clients: 3,
      num_users: 2,
    });
    assert.deepEqual(await server.api.result("presence_stats", { channel: "room:empty" }), {
      num_clients: 0,
      num_users: 0,
    });
    assert.equal(await server.api.error("presence_stats", { channel: "p" }), 108);
    assert.equal(await server.api.error("presence_stats", {}), 107);
    assert.equal(await server.api.error("presence_stats", { channel: "nope:a" }), 102);
    raws.forEach((raw) => raw.destroy());
  });

  test("send: to one connection, to a user's, to all", async () => {
    const one = await userClient("s1");
    const two = await userClient("s1");
    const three = await userClient("s2");
    const all = (await server.info()).num_clients;
    assert.deepEqual(await server.api.result("send", { client: one.id, data: "c" }), {
      recipients: 1,
    });
    assert.deepEqual(await server.api.result("send", { user: "s1", data: { b: 1, a: 2 } }), {
      recipients: 2,
    });
    assert.deepEqual(await server.api.result("send", { all: true, data: "a" }), {
      recipients: all,
    });
    const got = async (raw, count) => {
      const list = [];
      for (let i = 0; i < count; i++) list.push((await raw.message()).push.message.data);
      return list;
    };
    assert.deepEqual(await got(one, 3), ["c", { b: 1, a: 2 }, "a"]);
    assert.deepEqual(await got(two, 2), [{ b: 1, a: 2 }, "a"]);
    assert.deepEqual(await got(three, 1), ["a"]);
    assert.deepEqual(await server.api.result("send", { user: "nobody", data: 1 }), {
      recipients: 0,
    });
    assert.deepEqual(
      await server.api.result("send", { client: "00000000-0000-4000-8000-000000000000", data: 1 }),
      { recipients: 0 },
    );
    assert.deepEqual(await server.api.result("send", { client: "not an id", data: 1 }), {
      recipients: 0,
    });
    for (const params of [
      { data: 1 },
      { all: true },
      { all: true, user: "s1", data: 1 },
      { client: one.id, user: "s1", data: 1 },
    ])
      assert.equal(await server.api.error("send", params), 107);
    [one, two, three].forEach((raw) => raw.destroy());
  });

  test("centrifuge-js gets a message", async () => {
    const client = await connect(server.url);
    const message = next(client, "message");
    await server.api.result("send", { all: true, data: { to: "everybody" } });
    assert.deepEqual((await message).data, { to: "everybody" });
    client.disconnect();
  });

  test("disconnect: by default for good", async () => {
    const raws = [await userClient("d1"), await userClient("d1"), await userClient("d2")];
    await server.api.result("disconnect", { user: "d1" });
    for (const raw of raws.slice(0, 2))
      assert.deepEqual(await raw.closed(), { code: 3503, reason: "force disconnect" });
    raws.push(await userClient("d1"));
    await server.api.result("disconnect", { user: "d1", disconnect: { code: 0, reason: "" } });
    assert.deepEqual(await raws[3].closed(), { code: 3503, reason: "force disconnect" });
    raws[2].command({ id: 2, subscribe: { channel: "still-here" } });
    assert.ok((await raws[2].reply(2)).subscribe);
    raws.forEach((raw) => raw.destroy());
  });

  test("disconnect: one connection, or all but some", async () => {
    const [one, two, three] = [
      await userClient("d3"),
      await userClient("d3"),
      await userClient("d3"),
    ];
    await server.api.result("disconnect", {
      user: "d3",
      client: one.id,
      disconnect: { code: 4000, reason: "app says" },
    });
    assert.deepEqual(await one.closed(), { code: 4000, reason: "app says" });
    await server.api.result("disconnect", {
      user: "d3",
      whitelist: [two.id],
      disconnect: { code: 3000, reason: "x" },
    });
    assert.equal((await three.closed()).code, 3000);
    two.command({ id: 2, subscribe: { channel: "spared" } });
    assert.ok((await two.reply(2)).subscribe);
    [one, two, three].forEach((raw) => raw.destroy());
  });

  test("disconnect: what no close frame can carry is refused", async () => {
    for (const disconnect of [
      { code: 1000, reason: "x" },
      { code: 5000, reason: "x" },
      { code: 3000, reason: "x".repeat(124) },
      { code: 3000, reason: "{}" },
    ])
      assert.equal(await server.api.error("disconnect", { user: "d4", disconnect }), 107);
  });

  test("disconnect with a terminal code: centrifuge-js stays away", async () => {
    const client = newClient(server.url);
    const connected = next(client, "connected");
    client.connect();
    const { client: id } = await connected;
    const disconnected = next(client, "disconnected");
    await server.api.result("disconnect", {
      user: "",
      client: id,
      disconnect: { code: 4501, reason: "go away" },
    });
    const { code, reason } = await disconnected;
    assert.deepEqual({ code, reason }, { code: 4501, reason: "go away" });
    assert.equal(client.state, State.Disconnected);
  });

  test("disconnect with a reconnect code: centrifuge-js comes back with its subscriptions", async () => {
    const client = await connect(server.url);
    const sub = await subscribe(client, "returning");
    const connecting = next(client, "connecting");
    const resubscribed = next(sub, "subscribed");
    await server.api.result("disconnect", {
      user: "",
      disconnect: { code: 3011, reason: "force reconnect" },
    });
    assert.equal((await connecting).code, 3011);
    await resubscribed;
    await server.api.publish("returning", "again");
    assert.deepEqual(await received(sub, 1), ["again"]);
    client.disconnect();
  });

  test("unsubscribe: one channel, or all", async () => {
    const raw = await userClient(
      "u1",
      ["u-a", "u-b", "u-c"].map((channel, i) => ({ id: i + 2, subscribe: { channel } })),
    );
    const unsubscribed = (channel) => ({
      push: { channel, unsubscribe: { code: 2000, reason: "server unsubscribe" } },
    });
    await server.api.result("unsubscribe", { user: "u1", channel: "u-a" });
    assert.deepEqual(await raw.message(), unsubscribed("u-a"));
    await server.api.result("unsubscribe", { user: "u1", channel: "" });
    const rest = [await raw.message(), await raw.message()];
    assert.deepEqual(rest.map((m) => m.push.channel).sort(), ["u-b", "u-c"]);
    await until(
      async () =>
        Object.keys((await server.api.result("channels", { pattern: "u-*" })).channels).length ===
        0,
      "the channels to be left",
    );
    raw.destroy();
  });

  test("errors in the HTTP status, where the caller wants them there", async () => {
    const headers = { "X-API-Key": API_KEY, "X-Centrifugo-Error-Mode": "transport" };
    for (const [params, status, code] of [
      [{ channel: "nope:a", data: 1 }, 404, 102],
      [{ channel: "a" }, 400, 107],
    ]) {
      const answer = await server.api.call("publish", params, headers);
      assert.equal(answer.status, status);
      assert.equal(JSON.parse(answer.body).code, code);
    }
    assert.equal(
      (await server.api.call("publish", { channel: "a", data: 1 }, headers)).status,
      200,
    );
  });
});

describe("pipelining", () => {
  const CALLS = 400;

  // Every call has an answer of its own, a few kilobytes long, so that the order shows.
  function pipeline() {
    return Array.from({ length: CALLS }, (_, i) => callBytes("broadcast", { channels: Array(60).fill(`nope:${i}`), data: i })).join("") + callBytes("publish", { channel: "last", data: 1 });
  }

  async function checkAnswers(raw) {
    for (let i = 0; i < CALLS; i++) assert.equal(JSON.parse((await raw.response()).body).result.responses.length, 60, `answer ${i}`);
    assert.deepEqual(JSON.parse((await raw.response()).body), { result: {} });
  }

  test("hundreds of large answers come in order to a client that reads", async () => {
    const raw = await Raw.open(server.port);
    raw.write(pipeline());
    await checkAnswers(raw);
    raw.destroy();
  });

  test("and to one that begins to read late, in pieces", async () => {
    const raw = await Raw.open(server.port);
    raw.socket.pause();
    const bytes = Buffer.from(pipeline());
    for (let at = 0; at < bytes.length; at += 9973) raw.write(bytes.subarray(at, at + 9973));
    await until(async () => raw.socket.writableLength === 0 || raw.socket.bytesWritten > 0, "some of it to be sent");
    raw.socket.resume();
    await checkAnswers(raw);
    raw.destroy();
  });

  test("a client that has finished sending still gets every answer", async () => {
    const raw = await Raw.open(server.port);
    raw.write(pipeline());
    raw.end();
    await checkAnswers(raw);
    await raw.gone();
  });
});

describe("bodies that nobody asked for", () => {
  for (const [what, path, headers, status] of [
    ["without a key", "/api/publish", "", 413],
    ["for an unknown method", "/api/nothing", `X-API-Key: ${API_KEY}\r\n`, 413],
    ["for an unknown path", "/nowhere", "", 413],
    ["for the WebSocket path", "/connection/websocket", "", 413],
  ])
    test(`are refused by their length: ${what}`, async () => {
      const raw = await Raw.open(server.port);
      raw.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${headers}Content-Length: 90000\r\n\r\n`);
      assert.equal((await raw.response()).status, status);
      raw.destroy();
    });
});
