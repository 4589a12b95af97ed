// SPDX-License-Identifier: MIT
// What nobody should send. Each gets its answer, the server lives, and another client, which is
// served all the while, notices nothing.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, afterEach, before, describe, test } from "node:test";

import { closing, CLOSE, frame, handshake, PING, Raw, TEXT } from "./support/raw.mjs";
import { Server } from "./support/server.mjs";
import { until, within } from "./support/wait.mjs";
import { Witness } from "./support/witness.mjs";

const MIB = 1024 * 1024;
// What is freed has to be given back for memory to be measured.
const QUARANTINE = { ASAN_OPTIONS: "quarantine_size_mb=1:malloc_context_size=5" };

let server;
let witness;
before(async () => {
  server = await Server.start([], { env: QUARANTINE });
  witness = await Witness.start(server);
});
afterEach(() => witness.ask());
after(async () => {
  await witness.stop();
  assert.ok(witness.slowest < 2000, `the witness waited ${witness.slowest} ms`);
  await server.stop();
});

/** Sends the bytes and expects an answer with one of these statuses, and the end. */
async function answered(bytes, ...statuses) {
  const raw = await Raw.open(server.port);
  raw.write(bytes);
  const response = await raw.response();
  assert.ok(statuses.includes(response.status), response.text);
  if (response.status === 101) {
    raw.destroy();
    return response;
  }
  assert.match(response.body, /^[^\n]+\n$/, "a reason in one line");
  assert.equal(await raw.rest(), "", "one answer and no more");
  raw.destroy();
  return response;
}

async function disconnected(raw, code) {
  assert.equal((await raw.closed()).code, code);
  raw.destroy();
}

describe("handshakes", () => {
  for (const [what, bytes, ...statuses] of [
    ["POST", handshake({}, "POST /connection/websocket HTTP/1.1"), 405],
    ["HTTP/1.0", handshake({}, "GET /connection/websocket HTTP/1.0"), 400, 505],
    ["HTTP/2.0", handshake({}, "GET /connection/websocket HTTP/2.0"), 505],
    ["HTTP/0.9", "GET /connection/websocket\r\n\r\n", 400],
    ["a method in lower case", handshake({}, "get /connection/websocket HTTP/1.1"), 400, 405],
    ["no Host", handshake({ Host: null }), 400],
    ["two Hosts", handshake({ Host: "a\r\nHost: b" }), 400],
    ["no key", handshake({ "Sec-WebSocket-Key": null }), 400],
    ["an empty key", handshake({ "Sec-WebSocket-Key": "" }), 400],
    ["a short key", handshake({ "Sec-WebSocket-Key": "dGhlIHNhbXBsZQ==" }), 400],
    ["a long key", handshake({ "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZSBhbmQgbW9yZQ==" }), 400],
    [
      "a key that is not base64",
      handshake({ "Sec-WebSocket-Key": "!!!!!!!!!!!!!!!!!!!!!!==" }),
      400,
    ],
    [
      "two keys",
      handshake({
        "Sec-WebSocket-Key":
          "dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
      }),
      400,
    ],
    ["no Upgrade", handshake({ Upgrade: null }), 400, 426],
    ["another Upgrade", handshake({ Upgrade: "h2c" }), 400, 426],
    ["no Connection", handshake({ Connection: null }), 400, 426],
    ["another Connection", handshake({ Connection: "keep-alive" }), 400, 426],
    ["Upgrade in a list", handshake({ Upgrade: "h2c, WebSocket" }), 101],
    ["Connection in a list, in capitals", handshake({ Connection: "keep-alive , UPGRADE" }), 101],
    ["a NUL in a header", handshake({ "X-A": "a\0b" }), 400],
    ["a NUL in the target", handshake({}, "GET /connection/web\0socket HTTP/1.1"), 400],
    ["a CR alone", handshake({ "X-A": "a\rb" }), 400],
    ["a folded header", handshake({ "X-A": "a\r\n b" }), 400],
    ["a space before the colon", handshake({ "X-A ": "a" }), 400],
    ["a header without a name", handshake({ "": "a" }), 400],
    ["a header without a colon", handshake({ Host: "a\r\nrubbish" }), 400],
    [
      "Content-Length and chunks",
      handshake({ "Content-Length": "3", "Transfer-Encoding": "chunked" }),
      400,
    ],
    ["two lengths", handshake({ "Content-Length": "0\r\nContent-Length: 3" }), 400],
    ["a length below nothing", handshake({ "Content-Length": "-1" }), 400],
    [
      "a length beyond numbers",
      handshake({ "Content-Length": "99999999999999999999999" }),
      400,
      413,
    ],
    ["a length in hexadecimal", handshake({ "Content-Length": "0x10" }), 400],
    ["an unknown coding", handshake({ "Transfer-Encoding": "gzip" }), 400, 501],
    [
      "a body with a second request in it",
      `${handshake({ "Content-Length": "36" })}GET /connection/websocket HTTP/1.1\r\n\r\n`,
      400,
    ],
    [
      "a subprotocol that we do not speak",
      handshake({ "Sec-WebSocket-Protocol": "soap, mqtt" }),
      101,
    ],
    [
      "a subprotocol with another line in it",
      handshake({ "Sec-WebSocket-Protocol": "centrifuge-json\r\n\tX-Evil: 1" }),
      400,
    ],
    [
      "an extension that we do not speak",
      handshake({
        "Sec-WebSocket-Extensions":
          "permessage-deflate; client_max_window_bits, x-webkit-deflate-frame",
      }),
      101,
    ],
    [
      "an extension offer of 8 KiB",
      handshake({ "Sec-WebSocket-Extensions": `x; a=${"b".repeat(8192)}` }),
      101,
      400,
    ],
    ["another path", handshake({}, "GET /connection/websocket/x HTTP/1.1"), 404],
  ]) {
    test(`${what}: ${statuses.join(" or ")}`, async () => {
      const response = await answered(bytes, ...statuses);
      if (response.status === 426 || response.status === 400)
        assert.equal(response.headers.get("connection"), "close");
      assert.ok(!response.headers.has("x-evil"));
      assert.ok(!response.headers.has("sec-websocket-extensions"));
      assert.ok(!response.headers.has("sec-websocket-protocol"));
    });
  }

  for (const version of ["8", "0", "14", "13, 8", "x", ""]) {
    test(`version "${version}": 426, and which one is spoken`, async () => {
      const response = await answered(handshake({ "Sec-WebSocket-Version": version }), 426);
      assert.equal(response.headers.get("sec-websocket-version"), "13");
    });
  }

  test("after a refused upgrade the rest of the connection is not looked at", async () => {
    await answered(handshake({ "Sec-WebSocket-Version": "8" }) + handshake(), 426);
  });

  test("the peer's bytes do not come back in headers", async () => {
    const response = await answered(
      "GET /a%0d%0aX-Evil:%201?b%0d%0aX-Evil:1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
      404,
    );
    assert.ok(!response.headers.has("x-evil"));
  });
});

describe("sizes", () => {
  async function tooLarge(bytes, status) {
    const raw = await Raw.open(server.port);
    raw.socket.on("error", () => {}); // the server may have gone before all is written
    raw.write(bytes);
    assert.equal((await raw.response()).status, status);
    raw.end();
    await raw.gone();
    raw.destroy();
  }

  test("a header of 1 MiB: 431", () => tooLarge(handshake({ "X-A": "a".repeat(MIB) }), 431));
  test("20,000 headers: 431", () =>
    tooLarge(
      handshake(Object.fromEntries(Array.from({ length: 20000 }, (_, i) => [`X-${i}`, "a"]))),
      431,
    ));
  test("a target of 256 KiB: 414", () =>
    tooLarge(handshake({}, `GET /${"a".repeat(256 * 1024)} HTTP/1.1`), 414));
  test("a header name without an end: 431", () =>
    tooLarge(`GET / HTTP/1.1\r\n${"a".repeat(MIB)}`, 431));

  test("none of them costs memory", async () => {
    const large = handshake({ "X-A": "a".repeat(MIB) });
    const round = async () => {
      for (let i = 0; i < 20; i++) await tooLarge(large, 431);
    };
    await round();
    const before = server.memory("VmRSS");
    await round();
    assert.ok(server.memory("VmRSS") < before + 8 * MIB);
  });
});

describe("not HTTP at all", () => {
  for (const [what, bytes] of [
    [
      "a TLS hello",
      Buffer.concat([
        Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]),
        randomBytes(300),
      ]),
    ],
    ["the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["a WebSocket frame", frame(TEXT, "{}")],
    ["JSON", '{"id":1,"connect":{}}\n'],
    ["zeros", Buffer.alloc(1000)],
    ["spaces", " ".repeat(1000)],
    ["a proxy's greeting", "PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n"],
  ]) {
    test(what, async () => {
      const raw = await Raw.open(server.port);
      raw.socket.on("error", () => {});
      raw.write(bytes);
      raw.end();
      const rest = await raw.rest();
      assert.match(rest, /^$|^HTTP\/1\.1 (400|431|501|505) /);
      raw.destroy();
    });
  }

  test("300 lots of random bytes", async () => {
    for (let i = 0; i < 300; i++) {
      const raw = await Raw.open(server.port);
      raw.write(randomBytes(1 + ((i * 37) % 3000)));
      if (i % 3 === 0) raw.abort();
      else raw.end();
      if (i % 3 !== 0) assert.doesNotMatch(await raw.rest(), / (101|200) /);
      raw.destroy();
    }
  });

  test("nothing but empty lines: cut off", async () => {
    const raw = await Raw.open(server.port);
    raw.socket.on("error", () => {});
    raw.write("\r\n".repeat(100000));
    await raw.gone();
    raw.destroy();
  });
});

describe("slow ones", () => {
  test("a request that does not come to its end is cut off after 10 s, and so is silence", async () => {
    const begin = performance.now();
    const silent = await Promise.all(Array.from({ length: 50 }, () => Raw.open(server.port)));
    const drip = await Promise.all(Array.from({ length: 50 }, () => Raw.open(server.port)));
    const half = await Promise.all(Array.from({ length: 50 }, () => Raw.open(server.port)));
    const head = handshake({ "X-A": "a".repeat(1000) });
    half.forEach((raw) => raw.write(head.slice(0, 100)));
    let at = 0;
    const dripping = setInterval(() => {
      drip.forEach((raw) => raw.write(head[at]));
      at++;
    }, 500);
    const all = [...silent, ...drip, ...half];
    all.forEach((raw) => raw.socket.on("error", () => {}));
    await within(Promise.all(all.map((raw) => raw.gone(14000))), "all to be cut off", 14000);
    clearInterval(dripping);
    assert.ok(performance.now() - begin > 9000, "not before its time");
    all.forEach((raw) => raw.destroy());
  });
});

describe("messages", () => {
  for (const [what, text] of [
    ["an empty message", ""],
    [
      "an empty line in the middle",
      '{"id":2,"unsubscribe":{"channel":"a"}}\n\n{"id":3,"unsubscribe":{"channel":"a"}}',
    ],
    ["an empty line before", '\n{"id":2,"unsubscribe":{"channel":"a"}}'],
    ["two line ends after", '{"id":2,"unsubscribe":{"channel":"a"}}\n\n'],
    ["no JSON", "hello"],
    ["half of JSON", '{"id":2,"subscribe":{"channel":"a"'],
    ["JSON and more", '{"id":2,"subscribe":{"channel":"a"}} x'],
    ["an array", "[1]"],
    ["a number", "1"],
    ["null", "null"],
    ["a trailing comma", '{"id":2,"subscribe":{"channel":"a"},}'],
    ["a control character in a string", '{"id":2,"subscribe":{"channel":"a\u0001"}}'],
    ["a NUL", '{"id":2\0}'],
    ["an id below 0", '{"id":-1,"subscribe":{"channel":"a"}}'],
    ["an id of 2^32", '{"id":4294967296,"subscribe":{"channel":"a"}}'],
    ["an id of 2^64", '{"id":18446744073709551616,"subscribe":{"channel":"a"}}'],
    ["an id with a fraction", '{"id":1.5,"subscribe":{"channel":"a"}}'],
    ["an id in quotes", '{"id":"2","subscribe":{"channel":"a"}}'],
    ["no id", '{"subscribe":{"channel":"a"}}'],
    ["a channel that is a number", '{"id":2,"subscribe":{"channel":1}}'],
    ["a command that is no object", '{"id":2,"subscribe":"a"}'],
    ["nesting 100,000 deep", "[".repeat(32000) + "]".repeat(32000)],
    [
      "nesting 10,000 deep in a command",
      `{"id":2,"publish":{"channel":"a","data":${'{"a":'.repeat(10000)}1${"}".repeat(10000)}}}`,
    ],
    ["an unknown command", '{"id":2,"nothing":{}}'],
  ]) {
    test(`${what}: 3501`, async () => {
      const raw = await Raw.client(server.port);
      raw.write(frame(TEXT, text));
      await disconnected(raw, 3501);
    });
  }

  test("nesting 1,000 deep: an answer, and no crash", async () => {
    const raw = await Raw.client(server.port);
    raw.write(
      frame(
        TEXT,
        `{"id":2,"publish":{"channel":"a","data":${"[".repeat(1000)}${"]".repeat(1000)}}}`,
      ),
    );
    const answer = await raw.frame();
    assert.ok(answer.opcode === CLOSE || JSON.parse(answer.payload).id === 2);
    raw.destroy();
  });

  test("one line end after the command is tolerated", async () => {
    const raw = await Raw.client(server.port);
    raw.write(frame(TEXT, '{"id":2,"unsubscribe":{"channel":"a"}}\n'));
    assert.deepEqual(await raw.reply(2), { id: 2, unsubscribe: {} });
    raw.destroy();
  });

  test("an unfinished JSON before connect: 3501", async () => {
    const raw = await Raw.webSocket(server.port);
    raw.write(frame(TEXT, '{"id":1,"connect":{'));
    await disconnected(raw, 3501);
  });

  test("the commands before a bad one are answered", async () => {
    const raw = await Raw.client(server.port);
    raw.write(
      frame(
        TEXT,
        '{"id":2,"unsubscribe":{"channel":"a"}}\nx\n{"id":3,"unsubscribe":{"channel":"a"}}',
      ),
    );
    assert.deepEqual(await raw.message(), { id: 2, unsubscribe: {} });
    await disconnected(raw, 3501);
  });

  test("5,000 commands in one message are answered one by one", async () => {
    const raw = await Raw.client(server.port);
    const lines = Array.from({ length: 5000 }, (_, i) => `{"id":${i + 2},"ping":0}`);
    raw.write(
      frame(
        TEXT,
        lines
          .map((line) => line.replace('"ping":0', '"rpc":{}'))
          .join("\n")
          .slice(0, 65000)
          .replace(/\n[^\n]*$/, ""),
      ),
    );
    for (let id = 2; id < 1000; id++) assert.equal((await raw.message()).id, id);
    raw.destroy();
  });

  test("300 mutated messages", async () => {
    const good = Buffer.from(
      '{"id":2,"subscribe":{"channel":"mutant","recover":true,"offset":12,"data":{"a":[1,2.5e3,"x\\u00e9"]}}}',
    );
    for (let i = 0; i < 300; i++) {
      const raw = await Raw.client(server.port);
      const bad = Buffer.from(good);
      for (const byte of randomBytes(1 + (i % 4))) bad[byte % bad.length] = randomBytes(1)[0];
      raw.write(frame(TEXT, bad));
      const { opcode, payload } = await raw.frame();
      const code = opcode === CLOSE ? payload.readUInt16BE() : 0;
      assert.ok([0, 1007, 3501, 3500].includes(code), `${code} for ${bad.toString("latin1")}`);
      raw.destroy();
    }
  });
});

describe("frames", () => {
  test("200,000 empty fragments end at a limit", async () => {
    const before = server.memory("VmRSS");
    const raw = await Raw.client(server.port);
    raw.socket.on("error", () => {});
    raw.write(frame(TEXT, "", { fin: false }));
    const empty = frame(0, "", { fin: false });
    raw.write(Buffer.concat(Array.from({ length: 200000 }, () => empty)));
    assert.ok([1008, 1009].includes((await raw.closed()).code));
    raw.end();
    await raw.gone();
    assert.ok(server.memory("VmRSS") < before + 64 * MIB);
    raw.destroy();
  });

  test("20,000 fragments of one byte", async () => {
    const raw = await Raw.client(server.port);
    raw.socket.on("error", () => {});
    raw.write(frame(TEXT, '"', { fin: false }));
    raw.write(Buffer.concat(Array.from({ length: 20000 }, () => frame(0, "x", { fin: false }))));
    assert.ok([1008, 1009].includes((await raw.closed()).code));
    raw.destroy();
  });

  test("a flood of pings from one that does not read costs less than 1 MiB", async () => {
    const raw = await Raw.client(server.port);
    raw.socket.pause();
    const before = server.memory("VmRSS");
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => frame(PING, "p".repeat(125))));
    for (let i = 0; i < 50; i++) raw.write(pings);
    await until(
      () => raw.socket.bytesWritten - raw.socket.writableLength > 0,
      "pings to be on their way",
    );
    await witness.ask();
    assert.ok(server.memory("VmRSS") < before + 4 * MIB);
    raw.destroy();
  });

  test("one that reads again after it sent pings gets the answer to its last ping", async () => {
    const raw = await Raw.client(server.port);
    for (let i = 0; i < 100; i++) raw.write(frame(PING, `${i}`));
    let last;
    do last = (await raw.frame()).payload.toString();
    while (last !== "99");
    raw.destroy();
  });

  test("half a frame, and then the end, a reset or nothing", async () => {
    const clients = (await server.info()).num_clients;
    const raws = await Promise.all(Array.from({ length: 30 }, () => Raw.client(server.port)));
    const whole = frame(TEXT, '{"id":2,"subscribe":{"channel":"half"}}');
    raws.forEach((raw, i) => raw.write(whole.subarray(0, 1 + i)));
    raws.forEach((raw, i) => {
      if (i % 3 === 0) raw.end();
      if (i % 3 === 1) raw.abort();
    });
    await until(
      async () => (await server.info()).num_clients === clients + 10,
      "two of three to be gone",
    );
    raws.forEach((raw, i) => i % 3 === 2 && raw.write(whole.subarray(1 + i)));
    for (const raw of raws.filter((_, i) => i % 3 === 2)) assert.ok((await raw.reply(2)).subscribe);
    raws.forEach((raw) => raw.destroy());
    await until(async () => (await server.info()).num_clients === clients, "all to be gone");
  });

  test("300 mutated frames", async () => {
    for (let i = 0; i < 300; i++) {
      const raw = await Raw.client(server.port);
      raw.socket.on("error", () => {});
      const bad = Buffer.concat([
        frame(TEXT, '{"id":2,"subscribe":{"channel":"m"}}'),
        frame(CLOSE, closing(1000)),
      ]);
      for (const byte of randomBytes(1 + (i % 3))) bad[byte % 12] = randomBytes(1)[0];
      raw.write(bad);
      raw.end();
      await raw.gone();
      raw.destroy();
    }
  });
});

describe("callers of the API", () => {
  test("garbage after a call gets no second answer but a refusal", async () => {
    const raw = await Raw.open(server.port);
    raw.write(
      `POST /api/info HTTP/1.1\r\nHost: x\r\nX-API-Key: wrong\r\nContent-Length: 2\r\n\r\n{}\0\0\0`,
    );
    assert.equal((await raw.response()).status, 401);
    assert.equal((await raw.response()).status, 400);
    assert.equal(await raw.rest(), "");
    raw.destroy();
  });

  for (const [what, headers] of [
    ["both lengths", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n"],
    ["two different lengths", "Content-Length: 2\r\nContent-Length: 3\r\n"],
    ["a chunk size that is none", "Transfer-Encoding: chunked\r\n"],
  ]) {
    test(`${what}: 400 and the end`, async () => {
      const raw = await Raw.open(server.port);
      raw.write(
        `POST /api/info HTTP/1.1\r\nHost: x\r\nX-API-Key: x\r\n${headers}\r\nzz\r\n{}\r\n0\r\n\r\n`,
      );
      assert.equal((await raw.response()).status, 400);
      assert.equal(await raw.rest(), "");
      raw.destroy();
    });
  }

  test("calls that nobody reads the answers of do not pile up", async () => {
    const raw = await Raw.open(server.port);
    raw.socket.on("error", () => {});
    raw.socket.pause();
    const before = server.memory("VmRSS");
    const call = "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000);
    for (let i = 0; i < 300; i++) raw.write(call);
    await witness.ask();
    assert.ok(server.memory("VmRSS") < before + 8 * MIB);
    raw.destroy();
  });
});

describe("afterwards", () => {
  test("nobody is left but the witness, and the log is clean", async () => {
    await until(async () => (await server.info()).num_clients === 1, "all others to be gone");
    server.checkLog();
    assert.doesNotMatch(server.log, /[\x00-\x09\x0b-\x1f\x7f]/);
  });
});
