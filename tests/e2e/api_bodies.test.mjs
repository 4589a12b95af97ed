// SPDX-License-Identifier: MIT
// The HTTP API as a caller without a library meets it: bytes sent, bytes that come back.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { request } from "./support/api.mjs";
import { disconnectAll } from "./support/client.mjs";
import { handshake, Raw } from "./support/raw.mjs";
import { API_KEY, Server } from "./support/server.mjs";
import { until } from "./support/wait.mjs";

const NAMESPACES = `--channel.namespaces=${JSON.stringify([
  { name: "room", presence: true },
  { name: "kept", history_size: 5, history_ttl: "60s" },
])}`;

const NOT_FOUND = '"error":{"code":104,"message":"method not found"}';
const BAD_REQUEST = '"error":{"code":107,"message":"bad request"}';
const UNKNOWN_CHANNEL = '"error":{"code":102,"message":"unknown channel"}';
const NOT_AVAILABLE = '"error":{"code":108,"message":"not available"}';

let server;
before(async () => {
  server = await Server.start([NAMESPACES, "--client.user_id_http_header=X-User"]);
});
after(async () => {
  disconnectAll();
  await server.stop();
});

function post(path, body, headers = {}) {
  return request(server.port, {
    method: "POST",
    path,
    headers: { "X-API-Key": API_KEY, ...headers },
    body,
  });
}

/** What this call answers, status and body compared exactly. */
async function expectAnswer(path, body, expected, { status = 200, headers } = {}) {
  const answer = await post(path, body, headers);
  assert.equal(answer.body, expected);
  assert.equal(answer.status, status);
  if (status === 200) assert.equal(answer.headers["content-type"], "application/json");
}

const BIG = 10001;

describe("one method, one answer", () => {
  for (const [method, body, answer] of [
    ["publish", '{"channel":"chat","data":{"text":"hi"}}', '{"result":{}}'],
    ["publish", '{"channel":"chat","b64data":"eyJhIjoxfQ=="}', '{"result":{}}'],
    ["publish", '{"channel":"nope:a","data":1}', `{${UNKNOWN_CHANNEL}}`],
    ["publish", '{"channel":"a"}', `{${BAD_REQUEST}}`],
    ["publish", "{}", `{${BAD_REQUEST}}`],
    [
      "broadcast",
      '{"channels":["a","nope:b"],"data":{}}',
      `{"result":{"responses":[{"result":{}},{${UNKNOWN_CHANNEL}}]}}`,
    ],
    ["broadcast", '{"data":1}', `{${BAD_REQUEST}}`],
    ["unsubscribe", '{"user":"nobody","channel":"a"}', '{"result":{}}'],
    ["disconnect", '{"user":"nobody"}', '{"result":{}}'],
    ["presence_stats", '{"channel":"room:a"}', '{"result":{"num_clients":0,"num_users":0}}'],
    ["presence_stats", '{"channel":"a"}', `{${NOT_AVAILABLE}}`],
    ["presence", '{"channel":"room:a"}', '{"result":{"presence":{}}}'],
    ["presence", '{"channel":"a"}', `{${NOT_AVAILABLE}}`],
    ["presence", '{"channel":"nope:a"}', `{${UNKNOWN_CHANNEL}}`],
    ["presence", "{}", `{${BAD_REQUEST}}`],
    ["channels", '{"pattern":"none*"}', '{"result":{"channels":{}}}'],
    ["send", '{"user":"nobody","data":1}', '{"result":{"recipients":0}}'],
    ["subscribe", '{"user":"nobody","channel":"a"}', '{"result":{}}'],
    ["subscribe", '{"user":"nobody","channel":"nope:a"}', `{${UNKNOWN_CHANNEL}}`],
    ["subscribe", '{"user":"nobody"}', `{${BAD_REQUEST}}`],
    ["refresh", '{"user":"nobody","expired":true}', '{"result":{}}'],
    ["rpc", '{"method":"f","params":{}}', `{${NOT_FOUND}}`],
    ["rpc", "{}", `{${BAD_REQUEST}}`],
  ])
    test(`${method} ${body}`, () => expectAnswer(`/api/${method}`, body, answer));

  for (const method of [
    "map_publish",
    "map_remove",
    "map_read_state",
    "map_read_stream",
    "map_stats",
    "map_clear",
    "shared_poll_publish",
    "connections",
    "block_user",
  ])
    test(`${method} is no method here`, () =>
      expectAnswer(`/api/${method}`, "{}", "no such method\n", { status: 404 }));

  for (const path of ["/api", "/api/publish", "/api/batch"])
    test(`GET ${path}: 405`, async () => {
      const answer = await request(server.port, { path, headers: { "X-API-Key": API_KEY } });
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.allow, "POST");
    });

  test("info: every member that callers know", async () => {
    const { body } = await post("/api/info", "{}");
    const shape = body
      .replace(/"items":\{("\w+":\d+,?)+\}/, '"items":{}')
      .replace(/[\da-f-]{36}/, "UID")
      .replace(/"name":"[^"]+_0"/, '"name":"NAME"')
      .replace(/"version":"[\d.]+ Gracecast"/, '"version":"VERSION"')
      .replace(/(?<=:)\d+(\.\d+)?/g, "N");
    assert.equal(
      shape,
      '{"result":{"nodes":[{"uid":"UID","name":"NAME","version":"VERSION","num_clients":N,"num_users":N,' +
        '"num_channels":N,"num_subs":N,"uptime":N,"metrics":{"interval":N,"items":{}},' +
        '"process":{"cpu":N,"rss":N}}]}}',
    );
  });

  test("info: clients without a user id are one user", async () => {
    const before = await server.info();
    assert.equal(before.num_users, 0);
    const raws = [];
    for (const headers of [{}, {}, { "X-User": "ann" }]) {
      const raw = await Raw.open(server.port);
      raw.write(handshake(headers));
      assert.equal((await raw.response()).status, 101);
      raw.command({ id: 1, connect: {} });
      await raw.reply(1);
      raws.push(raw);
    }
    const node = await server.info();
    assert.deepEqual([node.num_clients, node.num_users], [3, 2]);
    assert.ok(node.metrics.interval > 0);
    raws.forEach((raw) => raw.destroy());
    await server.untilEmpty();
    assert.equal((await server.info()).num_users, 0);
  });
});

describe("history, as it is kept", () => {
  const shape = (body) => body.replace(/"epoch":"[A-Za-z]{8}"/g, '"epoch":"EPOCH"');

  test("publish, history, history_remove", async () => {
    const ask = async (method, params) => shape((await post(`/api/${method}`, params)).body);
    const channel = '"channel":"kept:bodies"';
    assert.equal(
      await ask("publish", `{${channel},"data":{"text":"hi"},"tags":{"a":"b"}}`),
      '{"result":{"offset":1,"epoch":"EPOCH"}}',
    );
    assert.equal(
      await ask("broadcast", '{"channels":["kept:bodies","a"],"data":[1, 2]}'),
      '{"result":{"responses":[{"result":{"offset":2,"epoch":"EPOCH"}},{"result":{}}]}}',
    );
    assert.equal(await ask("publish", `{${channel},"data":3,"skip_history":true}`), '{"result":{}}');
    assert.equal(
      await ask("history", `{${channel},"limit":-1}`),
      '{"result":{"publications":[{"data":{"text":"hi"},"offset":1,"tags":{"a":"b"}},' +
        '{"data":[1, 2],"offset":2}],"epoch":"EPOCH","offset":2}}',
    );
    assert.equal(
      await ask("history", `{${channel},"limit":1,"reverse":true}`),
      '{"result":{"publications":[{"data":[1, 2],"offset":2}],"epoch":"EPOCH","offset":2}}',
    );
    assert.equal(
      await ask("history", `{${channel}}`),
      '{"result":{"publications":[],"epoch":"EPOCH","offset":2}}',
    );
    assert.equal(
      await ask("history", `{${channel},"limit":1,"since":{"offset":1,"epoch":"other"}}`),
      '{"error":{"code":112,"message":"unrecoverable position"}}',
    );
    assert.equal(await ask("history_remove", `{${channel}}`), '{"result":{}}');
    assert.equal(
      await ask("history", `{${channel},"limit":-1}`),
      '{"result":{"publications":[],"epoch":"EPOCH","offset":2}}',
    );
  });

  test("a repeated idempotency key has the first answer", async () => {
    const body = '{"channel":"kept:once","data":1,"idempotency_key":"k"}';
    const first = await post("/api/publish", body);
    assert.equal(shape(first.body), '{"result":{"offset":1,"epoch":"EPOCH"}}');
    assert.equal((await post("/api/publish", body)).body, first.body);
  });
});

describe("presence and whom a call reaches", () => {
  let raw;
  before(async () => {
    raw = await Raw.open(server.port);
    raw.write(handshake({ "X-User": "bob" }));
    assert.equal((await raw.response()).status, 101);
    raw.command({ id: 1, connect: {} }, { id: 2, subscribe: { channel: "room:here" } });
    raw.id = (await raw.reply(1)).connect.client;
    await raw.reply(2);
  });
  after(async () => {
    raw.destroy();
    await server.untilEmpty();
  });

  test("presence and presence_stats", async () => {
    await expectAnswer(
      "/api/presence",
      '{"channel":"room:here"}',
      `{"result":{"presence":{"${raw.id}":{"user":"bob","client":"${raw.id}"}}}}`,
    );
    await expectAnswer(
      "/api/presence_stats",
      '{"channel":"room:here"}',
      '{"result":{"num_clients":1,"num_users":1}}',
    );
    await expectAnswer(
      "/api/channels",
      '{"pattern":"room:*"}',
      '{"result":{"channels":{"room:here":{"num_clients":1}}}}',
    );
  });

  test("a session names nobody", async () => {
    for (const method of ["unsubscribe", "disconnect", "refresh", "subscribe"])
      await expectAnswer(
        `/api/${method}`,
        '{"user":"bob","channel":"room:here","session":"x","expired":true}',
        '{"result":{}}',
      );
    assert.deepEqual((await server.api.result("presence_stats", { channel: "room:here" })), {
      num_clients: 1,
      num_users: 1,
    });
    raw.command({ id: 9, presence_stats: { channel: "room:here" } });
    assert.equal((await raw.message()).id, 9, "something came before the answer");
  });
});

describe("batch", () => {
  for (const [body, answer] of [
    [
      '{"commands":[{"publish":{"channel":"a","data":1}},{"presence_stats":{"channel":"room:a"}}]}',
      '{"replies":[{"publish":{}},{"presence_stats":{"num_clients":0,"num_users":0}}]}',
    ],
    ['{"commands":[{"publish":{"channel":"a","data":1}}],"parallel":true}', '{"replies":[{"publish":{}}]}'],
    ['{"commands":[]}', '{"replies":[]}'],
    ["{}", '{"replies":[]}'],
    [
      '{"commands":[{"broadcast":{"channels":["a","nope:b"],"data":1}}]}',
      `{"replies":[{"broadcast":{"responses":[{"result":{}},{${UNKNOWN_CHANNEL}}]}}]}`,
    ],
    [
      '{"commands":[{"publish":{"channel":"nope:a","data":1}},{"publish":{"channel":"a","data":1}}]}',
      `{"replies":[{${UNKNOWN_CHANNEL}},{"publish":{}}]}`,
    ],
    ['{"commands":[null]}', `{"replies":[{${BAD_REQUEST}}]}`],
    ['{"commands":[{}]}', `{"replies":[{${NOT_FOUND}}]}`],
    ['{"commands":[{"map_clear":{"channel":"a"}}]}', `{"replies":[{${NOT_FOUND}}]}`],
    ['{"commands":[{"batch":{"commands":[]}}]}', `{"replies":[{${NOT_FOUND}}]}`],
    ['{"commands":[{"publish":{"channel":1}}]}', `{"replies":[{${BAD_REQUEST}}]}`],
    ['{"commands":[{"publish":null,"channels":{"pattern":"none*"}}]}', '{"replies":[{"channels":{"channels":{}}}]}'],
    ['{"commands":[{"p\\u0075blish":{"channel":"\\u0061","data":1}}]}', '{"replies":[{"publish":{}}]}'],
  ])
    test(body, () => expectAnswer("/api/batch", body, answer));

  for (const body of ['{"commands":{}}', '{"commands":1}', "[]", '{"commands":[}'])
    test(`${body}: 400`, async () => assert.equal((await post("/api/batch", body)).status, 400));

  test("the commands run in their order", async () => {
    const raw = await Raw.open(server.port);
    raw.write(handshake());
    assert.equal((await raw.response()).status, 101);
    raw.command({ id: 1, connect: {} }, { id: 2, subscribe: { channel: "ordered" } });
    await raw.reply(2);
    const commands = Array.from({ length: 500 }, (_, data) => ({
      publish: { channel: "ordered", data },
    }));
    const { body } = await post("/api/batch", JSON.stringify({ commands }));
    assert.equal(body, `{"replies":[${Array(500).fill('{"publish":{}}').join(",")}]}`);
    for (let i = 0; i < 500; i++) assert.equal((await raw.message()).push.pub.data, i);
    raw.destroy();
  });

  test("answers that come from another thread stand in their places", async () => {
    const channels = Array.from({ length: 50 }, (_, i) => `kept:batch-${i}`);
    const commands = channels.flatMap((channel) => [
      { publish: { channel, data: 1 } },
      { publish: { channel: "a", data: 1 } },
      { history: { channel } },
      { publish: { channel: "nope:a", data: 1 } },
    ]);
    const { body } = await post("/api/batch", JSON.stringify({ commands }));
    const { replies } = JSON.parse(body);
    assert.equal(replies.length, 200);
    channels.forEach((_, i) => {
      const [kept, plain, history, unknown] = replies.slice(4 * i);
      assert.equal(kept.publish.offset, 1);
      assert.deepEqual(plain, { publish: {} });
      assert.deepEqual(history, { history: { publications: [], ...kept.publish } });
      assert.equal(unknown.error.code, 102);
    });
    const lines = commands.map((command, id) => {
      const [method] = Object.keys(command);
      return JSON.stringify({ id: id + 1, method, params: command[method] });
    });
    const answers = (await post("/api", lines.join("\n"))).body.trimEnd().split("\n").map(JSON.parse);
    assert.deepEqual(answers.map(({ id }) => id), lines.map((_, i) => i + 1));
    channels.forEach((_, i) => assert.equal(answers[4 * i].result.offset, 2));
  });

  test("a caller who leaves in the middle of it hurts nobody", async () => {
    const body = JSON.stringify({
      commands: Array(2000).fill({ publish: { channel: "kept:left", data: 1 } }),
    });
    const rq = `POST /api/batch HTTP/1.1\r\nHost: x\r\nX-API-Key: ${API_KEY}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    for (let i = 0; i < 5; i++) {
      const raw = await Raw.open(server.port);
      raw.write(rq);
      await until(
        async () => (await server.api.result("history", { channel: "kept:left" })).offset > 2000 * i,
        "the batch to begin",
      );
      raw.socket.resetAndDestroy();
    }
    await until(
      async () => (await server.api.result("history", { channel: "kept:left" })).offset === 10000,
      "the batches to end",
    );
  });

  test("too many at once are refused", async () => {
    const commands = Array(BIG).fill('{"publish":{"channel":"a","data":1}}');
    await expectAnswer("/api/batch", `{"commands":[${commands}]}`, `{${BAD_REQUEST}}`);
    await expectAnswer("/api", commands.join("\n"), `{${BAD_REQUEST}}`);
  });

  test("errors stay in the replies, in whatever mode", () =>
    expectAnswer("/api/batch", '{"commands":[null]}', `{"replies":[{${BAD_REQUEST}}]}`, {
      headers: { "X-Centrifugo-Error-Mode": "transport" },
    }));
});

describe("the old form", () => {
  for (const [body, answer] of [
    ['{"method":"publish","params":{"channel":"a","data":1}}', '{"result":{}}\n'],
    ['{"id":7,"method":"publish","params":{"channel":"a","data":1}}', '{"id":7,"result":{}}\n'],
    [
      '{"method":"publish","params":{"channel":"a","data":1}}\n{"method":"channels","params":{"pattern":"none*"}}\n',
      '{"result":{}}\n{"result":{"channels":{}}}\n',
    ],
    [
      '{"id":1,"method":"publish","params":{"channel":"nope:a","data":1}}\r\n\r\n{"id":2,"method":"nothing"}',
      `{"id":1,${UNKNOWN_CHANNEL}}\n{"id":2,${NOT_FOUND}}\n`,
    ],
    ['{\n  "method": "publish",\n  "params": {"channel": "a", "data": 1}\n}', '{"result":{}}\n'],
    ['{"method":0,"params":{"channel":"a","data":1}}', '{"result":{}}\n'],
    ['{"method":1,"params":{"channels":["a"],"data":1}}', '{"result":{"responses":[{"result":{}}]}}\n'],
    ['{"method":8,"params":{"pattern":"none*"}}', '{"result":{"channels":{}}}\n'],
    ['{"method":99,"params":{}}', `{${NOT_FOUND}}\n`],
    ['{"method":"batch","params":{"commands":[]}}', `{${NOT_FOUND}}\n`],
    ['{"method":"publish"}', `{${BAD_REQUEST}}\n`],
    ['{"method":"publish","params":{"channel":1}}', `{${BAD_REQUEST}}\n`],
  ])
    test(body, () => expectAnswer("/api", body, answer));

  for (const body of [
    "",
    "\n",
    "nonsense",
    "[]",
    '{"method":"publish","params":{"channel":"a","data":1}}\n{',
    '{"method":"publish","params":{"channel":"a","data":1}} {"method":"info"}',
  ])
    test(`${JSON.stringify(body)}: 400, and nothing is done`, async () =>
      assert.equal((await post("/api", body)).status, 400));

  test("needs a key as the new one does", async () => {
    const answer = await post("/api", '{"method":"info"}', { "X-API-Key": "x" });
    assert.equal(answer.status, 401);
  });
});

describe("errors in the HTTP status", () => {
  const headers = { "X-Centrifugo-Error-Mode": "transport" };

  for (const [method, body, status, answer] of [
    ["publish", '{"channel":"nope:a","data":1}', 404, '{"code":102,"message":"unknown channel"}'],
    ["publish", '{"channel":"a"}', 400, '{"code":107,"message":"bad request"}'],
    ["presence_stats", '{"channel":"a"}', 400, '{"code":108,"message":"not available"}'],
    ["rpc", '{"method":"f"}', 404, '{"code":104,"message":"method not found"}'],
    ["publish", '{"channel":"a","data":1}', 200, '{"result":{}}'],
  ])
    test(`${method} ${body}: ${status}`, () =>
      expectAnswer(`/api/${method}`, body, answer, { status, headers }));

  test("as configured, unless the header says otherwise", async () => {
    const other = await Server.start(["--http_api.error_mode=transport"]);
    const call = (headers) =>
      other.api.call("publish", { channel: "a" }, { "X-API-Key": API_KEY, ...headers });
    assert.equal((await call({})).status, 400);
    assert.equal((await call({ "X-Centrifugo-Error-Mode": "" })).status, 200);
    await other.stop();
  });
});
