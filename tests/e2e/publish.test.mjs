// SPDX-License-Identifier: MIT
// What arrives of what was published: all of it, byte for byte, in order.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { connect, disconnectAll, received, subscribe } from "./support/client.mjs";
import { frame, Raw, TEXT } from "./support/raw.mjs";
import { API_KEY, Server } from "./support/server.mjs";

describe("publications", () => {
  let server;
  before(async () => (server = await Server.start(['--channel.namespaces=[{"name":"ns"}]'])));
  after(async () => {
    disconnectAll();
    await server.stop();
  });

  const subscriber = async (channel) => {
    const raw = await Raw.client(server.port, [{ id: 2, subscribe: { channel } }]);
    await raw.reply(2);
    return raw;
  };

  test("what curl publishes, centrifuge-js receives", async () => {
    const client = await connect(server.url);
    const sub = await subscribe(client, "curl");
    const { stdout } = await promisify(execFile)("curl", [
      "--silent",
      "--show-error",
      "--noproxy",
      "*",
      "--header",
      `X-API-Key: ${API_KEY}`,
      "--data",
      '{"channel":"curl","data":{"from":"curl"}}',
      `http://127.0.0.1:${server.port}/api/publish`,
    ]);
    assert.equal(stdout, '{"result":{}}');
    assert.deepEqual(await received(sub, 1), [{ from: "curl" }]);
  });

  test("a client's publication reaches everybody, itself too, with who it was", async () => {
    const [publisher, other] = await Promise.all([connect(server.url), connect(server.url)]);
    const subs = await Promise.all([publisher, other].map((client) => subscribe(client, "talk")));
    await publisher.publish("talk", { input: "hi" });
    for (const sub of subs) {
      assert.deepEqual(await received(sub, 1), [{ input: "hi" }]);
      assert.deepEqual(Object.keys(sub.received[0].info).sort(), ["client", "user"].sort());
      assert.equal(sub.received[0].info.user, "");
    }
  });

  test("publishing without data, in a bad or an unknown channel: an error", async () => {
    const raw = await Raw.client(server.port);
    raw.command(
      { id: 2, publish: { channel: "a" } },
      { id: 3, publish: { channel: "nope:a", data: 1 } },
      { id: 4, publish: { channel: "x".repeat(256), data: 1 } },
      { id: 5, publish: { channel: "nobody-listens", data: 0 } },
    );
    const codes = [];
    for (const id of [2, 3, 4, 5]) codes.push((await raw.reply(id)).error?.code ?? 0);
    assert.deepEqual(codes, [107, 102, 107, 0]);
    raw.destroy();
  });

  for (const [what, data, expected = data] of [
    ["numbers as they were spelled", "[1.0,1e2,-0,12345678901234567890,0.10000000000000000001]"],
    ["the order of keys, and doubles", '{"b":1,"a":2,"b":3}'],
    ["escapes", String.raw`"\u00e9\/\"\\\u2028<script>&\ud83d\ude00"`],
    ["characters beyond ASCII", '"é\u2028\u{1f600}"'],
    ["white space but line ends", '{ "a" :\t1 }'],
    ["line ends go", '{\n  "a": [\r\n1 ,\n2]\n}', null],
    ["a string alone", '"x"'],
    ["a number alone", "0"],
    ["true alone", "true"],
    ["nested 200 deep", "[".repeat(200) + "]".repeat(200)],
  ]) {
    test(`a payload passes unchanged: ${what}`, async () => {
      const raw = await subscriber("bytes");
      const answer = await server.api.call("publish", `{"channel":"bytes","data":${data}}`);
      assert.equal(answer.body, '{"result":{}}');
      const { payload } = await raw.frame();
      const text = payload.toString();
      const begin = '{"push":{"channel":"bytes","pub":{"data":';
      assert.ok(text.startsWith(begin) && text.endsWith("}}}"), text);
      const arrived = text.slice(begin.length, -3);
      assert.doesNotMatch(arrived, /\n/);
      if (expected === null) assert.deepEqual(JSON.parse(arrived), JSON.parse(data));
      else assert.equal(arrived, expected);
      raw.destroy();
    });
  }

  test("the same for what a client publishes", async () => {
    const raw = await subscriber("own");
    raw.write(frame(TEXT, '{"id":3,"publish":{"channel":"own","data":{"z":1.50,\t"a":[ ]}}}'));
    for (let seen = 0; seen < 2;) {
      const text = (await raw.frame()).payload.toString();
      for (const line of text.split("\n")) {
        seen++;
        if (line.includes("push")) assert.ok(line.includes('"data":{"z":1.50,\t"a":[ ]}'), line);
      }
    }
    raw.destroy();
  });

  for (const length of [100, 125, 126, 65535, 65536, 1 << 20]) {
    test(`a payload of ${length} bytes`, async () => {
      const raw = await subscriber("large");
      const data = "x".repeat(length - 2);
      await server.api.publish("large", data);
      const { push } = await raw.message();
      assert.equal(push.pub.data.length, data.length);
      assert.ok(push.pub.data === data);
      raw.destroy();
    });
  }

  test("1,000 publications reach 20 subscribers, each once and in order", async () => {
    const raws = await Promise.all(Array.from({ length: 20 }, () => subscriber("many")));
    const publishing = [];
    for (let i = 0; i < 1000; i++) {
      publishing.push(server.api.publish("many", i));
      if (i % 50 === 49) await publishing.at(-1);
    }
    await Promise.all(publishing);
    const orders = await Promise.all(
      raws.map(async (raw) => {
        const order = [];
        while (order.length < 1000) order.push((await raw.message()).push.pub.data);
        return order;
      }),
    );
    assert.equal(new Set(orders[0]).size, 1000);
    // four connections published at a time, so the order is the server's; but it is one for all
    for (const order of orders) assert.deepEqual(order, orders[0]);
    raws.forEach((raw) => raw.destroy());
  });

  test("publishers everywhere, and all subscribers see one order", async () => {
    const raws = await Promise.all(Array.from({ length: 8 }, () => subscriber("fair")));
    const each = 100;
    raws.forEach((raw, who) => {
      for (let i = 0; i < each; i++)
        raw.command({ id: 10 + i, publish: { channel: "fair", data: [who, i] } });
    });
    const orders = await Promise.all(
      raws.map(async (raw) => {
        const order = [];
        while (order.length < raws.length * each) {
          const { push } = await raw.message();
          if (push) order.push(push.pub.data);
        }
        return order;
      }),
    );
    for (const order of orders) assert.deepEqual(order, orders[0]);
    raws.forEach((_, who) => {
      const own = orders[0].filter(([from]) => from === who).map(([, i]) => i);
      assert.deepEqual(
        own,
        Array.from({ length: each }, (_, i) => i),
      );
    });
    raws.forEach((raw) => raw.destroy());
  });

  test("tags come along", async () => {
    const raw = await subscriber("tagged");
    await server.api.result("publish", { channel: "tagged", data: 1, tags: { a: "1", b: "x" } });
    assert.deepEqual((await raw.message()).push.pub, { data: 1, tags: { a: "1", b: "x" } });
    raw.destroy();
  });

  test("to a channel that everybody is just leaving", async () => {
    let publishing = true;
    const storm = (async () => {
      for (let i = 0; publishing; i++) await server.api.publish("fleeting", i);
    })();
    for (let round = 0; round < 20; round++) {
      const raws = await Promise.all(Array.from({ length: 10 }, () => subscriber("fleeting")));
      let last = -1;
      while (last < 0) last = (await raws[0].message()).push.pub.data;
      raws.forEach((raw, i) =>
        i % 2 ? raw.abort() : raw.command({ id: 3, unsubscribe: { channel: "fleeting" } }),
      );
      await Promise.all(raws.filter((_, i) => i % 2 === 0).map((raw) => raw.reply(3)));
      raws.forEach((raw) => raw.destroy());
    }
    publishing = false;
    await storm;
  });
});
