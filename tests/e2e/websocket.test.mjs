// SPDX-License-Identifier: MIT
// WebSocket itself (RFC 6455), with the npm client ws and with frames made by hand.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import WebSocket from "ws";

import { BINARY, CLOSE, closing, frame, handshake, PING, PONG, Raw, TEXT } from "./support/raw.mjs";
import { Server } from "./support/server.mjs";
import { next, until } from "./support/wait.mjs";

const LIMIT = 65536; // bytes of a message

let server;
before(async () => (server = await Server.start()));
after(() => server.stop());

/** A WebSocket of the npm client that has connected; `messages` has what came. */
async function wsClient(options = {}) {
  const ws = new WebSocket(server.url, options);
  ws.messages = [];
  ws.on("message", (data) =>
    ws.messages.push(
      ...data
        .toString()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ),
  );
  await next(ws, "open");
  ws.send('{"id":1,"connect":{}}');
  await until(() => ws.messages.length === 1, "the reply to connect");
  assert.ok(ws.messages.shift().connect);
  return ws;
}

const closed = (ws) =>
  new Promise((resolve) =>
    ws.once("close", (code, reason) => resolve({ code, reason: reason.toString() })),
  );

describe("the npm client ws", () => {
  test("permessage-deflate is offered and cleanly declined", async () => {
    const ws = await wsClient({ perMessageDeflate: true });
    assert.equal(ws.extensions, "");
    ws.send(JSON.stringify({ id: 2, subscribe: { channel: "plain" } }));
    await until(() => ws.messages.length === 1, "the reply");
    await server.api.publish("plain", "x".repeat(5000)); // long enough to be worth compressing
    await until(() => ws.messages.length === 2, "the publication");
    assert.equal(ws.messages[1].push.pub.data.length, 5000);
    ws.close();
    await closed(ws);
  });

  test("a message in fragments, with pings between them", async () => {
    const ws = await wsClient();
    const text = JSON.stringify({ id: 2, subscribe: { channel: "größe-ist-zwei-bytes" } });
    const bytes = Buffer.from(text);
    let pongs = 0;
    ws.on("pong", () => pongs++);
    for (let i = 0; i < bytes.length; i++) {
      ws.send(bytes.subarray(i, i + 1), { binary: false, fin: i === bytes.length - 1 });
      if (i % 10 === 0) ws.ping(`ping ${i}`);
    }
    await until(() => ws.messages.length === 1, "the reply");
    assert.equal(ws.messages[0].error.code, 107); // arrived whole: the name is not ASCII
    await until(() => pongs > 0, "an answer to a ping");
    ws.terminate();
  });

  test("a ping is answered with its own payload", async () => {
    const ws = await wsClient();
    for (const payload of ["", "x", "y".repeat(125)]) {
      const pong = next(ws, "pong");
      ws.ping(payload);
      assert.equal((await pong).toString(), payload);
    }
    ws.terminate();
  });

  test("binary messages are taken like text", async () => {
    const ws = await wsClient();
    ws.send(Buffer.from('{"id":2,"subscribe":{"channel":"b"}}'), { binary: true });
    await until(() => ws.messages.length === 1, "the reply");
    assert.deepEqual(ws.messages[0], { id: 2, subscribe: {} });
    ws.terminate();
  });

  test("closing by the client is answered in kind", async () => {
    for (const args of [[], [1000, "bye"], [1001], [3000], [4999, "own"]]) {
      const ws = await wsClient();
      const end = closed(ws);
      ws.close(...args);
      assert.equal((await end).code, args[0] ?? 1005);
    }
  });

  test("a message over the limit: 1009", async () => {
    const ws = await wsClient();
    const end = closed(ws);
    ws.send("x".repeat(LIMIT + 1));
    assert.equal((await end).code, 1009);
  });

  test("a close frame of the server has its code and reason", async () => {
    const ws = await wsClient();
    const end = closed(ws);
    ws.send("nonsense");
    assert.deepEqual(await end, { code: 3501, reason: "bad request" });
  });
});

describe("frames", () => {
  const subscribe = (channel) => JSON.stringify({ id: 2, subscribe: { channel } });

  /** Sends the bytes and expects a close frame with this code, and then the end. */
  async function refused(bytes, code) {
    const raw = await Raw.client(server.port);
    for (const part of [bytes].flat()) raw.write(part);
    assert.equal((await raw.closed()).code, code);
    raw.end();
    await raw.gone();
    raw.destroy();
  }

  /** Sends the bytes, and the connection works afterwards. */
  async function accepted(...parts) {
    const raw = await Raw.client(server.port);
    for (const part of parts) raw.write(part);
    raw.command({ id: 99, unsubscribe: { channel: "none" } });
    for (;;) {
      const { opcode, payload } = await raw.frame();
      assert.notEqual(opcode, CLOSE, payload.toString("latin1"));
      if (payload.toString().includes('"id":99')) break;
    }
    raw.destroy();
  }

  test("the first frame may come in the segment of the handshake", async () => {
    const raw = await Raw.open(server.port);
    raw.write(
      Buffer.concat([
        Buffer.from(handshake()),
        frame(TEXT, '{"id":1,"connect":{}}'),
        frame(TEXT, subscribe("early")),
      ]),
    );
    assert.equal((await raw.response()).status, 101);
    assert.ok((await raw.message()).connect);
    assert.deepEqual(await raw.message(), { id: 2, subscribe: {} });
    raw.destroy();
  });

  test("a handshake and frames byte by byte", async () => {
    const raw = await Raw.open(server.port);
    for (const byte of Buffer.concat([
      Buffer.from(handshake()),
      frame(TEXT, '{"id":1,"connect":{}}'),
    ])) {
      raw.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
    assert.equal((await raw.response()).status, 101);
    assert.ok((await raw.message()).connect);
    raw.destroy();
  });

  test("many messages in one segment", async () => {
    const raw = await Raw.client(server.port);
    const frames = Array.from({ length: 500 }, (_, i) =>
      frame(TEXT, `{"id":${i + 2},"unsubscribe":{"channel":"x"}}`),
    );
    raw.write(Buffer.concat(frames));
    for (let i = 0; i < 500; i++) assert.equal((await raw.message()).id, i + 2);
    raw.destroy();
  });

  test("a message of exactly the limit", async () => {
    const command = '{"id":2,"publish":{"channel":"x","data":""}}';
    const filled = command.replace('""', `"${"y".repeat(LIMIT - command.length)}"`);
    assert.equal(filled.length, LIMIT);
    await accepted(frame(TEXT, filled));
    await accepted(
      frame(TEXT, filled.slice(0, 30000), { fin: false }),
      frame(0, filled.slice(30000)),
    );
  });

  test("empty fragments, pings and pongs between them, an unasked pong", async () => {
    const text = subscribe("parts");
    await accepted(
      frame(TEXT, "", { fin: false }),
      frame(0, text.slice(0, 5), { fin: false }),
      frame(PING, "between"),
      frame(0, "", { fin: false }),
      frame(PONG, "unasked"),
      frame(0, text.slice(5), { fin: false }),
      frame(0, ""),
    );
  });

  test("one byte over the limit, in one frame or several", async () => {
    await refused(frame(TEXT, "x".repeat(LIMIT + 1)), 1009);
    await refused([frame(TEXT, "x".repeat(LIMIT), { fin: false }), frame(0, "x")], 1009);
  });

  for (const [what, bytes, code] of [
    ["an unmasked frame", frame(TEXT, "{}", { mask: false }), 1002],
    ["the first reserved bit", frame(TEXT, "{}", { rsv: 4 }), 1002],
    ["the second reserved bit", frame(TEXT, "{}", { rsv: 2 }), 1002],
    ["the third reserved bit", frame(TEXT, "{}", { rsv: 1 }), 1002],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode) => [
      `opcode ${opcode}`,
      frame(opcode, "x"),
      1002,
    ]),
    ["a ping in fragments", frame(PING, "x", { fin: false }), 1002],
    ["a close frame in fragments", frame(CLOSE, "", { fin: false }), 1002],
    ["a ping of 126 bytes", frame(PING, "x".repeat(126)), 1002],
    ["a continuation of nothing", frame(0, "x"), 1002],
    ["a new message inside another", [frame(TEXT, "x", { fin: false }), frame(TEXT, "y")], 1002],
    [
      "a binary message inside a text",
      [frame(TEXT, "x", { fin: false }), frame(BINARY, "y")],
      1002,
    ],
    ["a length in 16 bits that fits 7", frame(TEXT, "xx", { lengthBytes: [126, 0, 2] }), 1002],
    [
      "a length in 64 bits that fits 16",
      frame(TEXT, "xx", { lengthBytes: [127, 0, 0, 0, 0, 0, 0, 0, 2] }),
      1002,
    ],
    [
      "a length with its highest bit set",
      frame(TEXT, "", { lengthBytes: [127, 0x80, 0, 0, 0, 0, 0, 0, 0] }),
      1002,
    ],
    [
      "an announced length of 2^62",
      frame(TEXT, "", { lengthBytes: [127, 0x40, 0, 0, 0, 0, 0, 0, 0] }),
      1009,
    ],
    [
      "an announced length over the limit",
      frame(TEXT, "", { lengthBytes: [127, 0, 0, 0, 0, 0, 1, 0, 1] }),
      1009,
    ],
    ["an HTTP request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1002],
    ["a close frame of one byte", frame(CLOSE, "x"), 1002],
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((code) => [
      `the close code ${code}`,
      frame(CLOSE, closing(code)),
      1002,
    ]),
    [
      "a close reason that is not UTF-8",
      frame(CLOSE, Buffer.concat([closing(1000), Buffer.from([0xff])])),
      1007,
    ],
  ]) {
    test(`${what}: ${code}`, () => refused(bytes, code));
  }

  for (const [what, bytes] of [
    ["a stray continuation byte", [0x80]],
    ["a truncated character", [0xe2, 0x82]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["half a surrogate pair", [0xed, 0xa0, 0x80]],
    ["a character beyond the last", [0xf4, 0x90, 0x80, 0x80]],
    ["a byte that is never used", [0xff]],
  ]) {
    test(`text that is not UTF-8, ${what}: 1007`, async () => {
      const whole = Buffer.from(['"'.charCodeAt(), ...bytes, '"'.charCodeAt()]);
      await refused(frame(TEXT, whole), 1007);
      await refused(
        [frame(TEXT, whole.subarray(0, 2), { fin: false }), frame(0, whole.subarray(2))],
        1007,
      );
    });
  }

  test("a character may be split over fragments", async () => {
    const text = Buffer.from('{"id":2,"publish":{"channel":"x","data":"€😀"}}');
    const at = text.indexOf("€") + 1;
    await accepted(
      frame(TEXT, text.subarray(0, at), { fin: false }),
      frame(PING),
      frame(0, text.subarray(at, at + 4), { fin: false }),
      frame(0, text.subarray(at + 4)),
    );
  });

  test("an empty close frame is answered with an empty one, what follows is ignored", async () => {
    const raw = await Raw.client(server.port);
    raw.write(
      Buffer.concat([frame(CLOSE), frame(TEXT, subscribe("late")), Buffer.from("rubbish")]),
    );
    assert.deepEqual(await raw.closed(), { code: 1005, reason: "" });
    assert.equal(await raw.rest(), "");
    assert.ok(!("late" in (await server.api.result("channels")).channels));
    raw.destroy();
  });

  test("a client that answers the close frame: the server ends the connection first", async () => {
    const raw = await Raw.client(server.port);
    raw.write(frame(TEXT, "nonsense"));
    assert.equal((await raw.closed()).code, 3501);
    raw.write(frame(CLOSE, closing(3501)));
    assert.equal(await raw.rest(), "");
    raw.destroy();
  });

  test("one that never answers, or never ends the connection after the handshake, is dropped in 5 s", async () => {
    const mute = await Raw.client(server.port);
    mute.write(frame(TEXT, "nonsense"));
    await mute.closed();
    const open = await Raw.client(server.port);
    open.write(frame(CLOSE, closing(1000)));
    assert.equal((await open.closed()).code, 1000);
    await open.gone();

    const begin = performance.now();
    const reset = () => {
      open.write("x");
      return open.reset;
    };
    await Promise.all([mute.gone(8000), until(reset, "the connection to be dropped", 8000)]);
    assert.ok(performance.now() - begin > 4000, "not before its time");
    mute.destroy();
    open.destroy();
  });
});
