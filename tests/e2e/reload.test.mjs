// SPDX-License-Identifier: MIT
// SIGHUP: the configuration is read again while clients stay.

import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";

import { request } from "./support/api.mjs";
import {
  connect,
  disconnectAll,
  newClient,
  received,
  State,
  subscribe,
} from "./support/client.mjs";
import { token } from "./support/jwt.mjs";
import { handshake, Raw } from "./support/raw.mjs";
import { API_KEY, Server } from "./support/server.mjs";
import { next, until } from "./support/wait.mjs";

const folder = mkdtempSync(join(tmpdir(), "gracecast-reload-"));
after(() => {
  disconnectAll();
  rmSync(folder, { recursive: true });
});

let files = 0;

/** A server with a file of its own; `server.rewrite()` changes the file. */
async function startWith(config, args = [], options = {}) {
  const path = join(folder, `${files++}.yaml`);
  // As a whole or not at all: the server may read it at any moment.
  const write = (content) => {
    writeFileSync(`${path}.new`, typeof content === "string" ? content : JSON.stringify(content));
    renameSync(`${path}.new`, path);
  };
  write(config);
  const server = await Server.start([`--config=${path}`, "--prometheus.enabled", ...args], options);
  server.rewrite = write;
  server.file = path;
  return server;
}

async function counter(server, name) {
  const { body } = await request(server.port, { path: "/metrics" });
  return Number(body.match(new RegExp(`^gracecast_${name} (\\d+)`, "m"))[1]);
}

/** Writes, signals, and waits until the server has made up its mind. */
async function reload(server, content, verdict = "config_reloads") {
  const before = await counter(server, verdict);
  if (content !== undefined) server.rewrite(content);
  server.kill("SIGHUP");
  await until(async () => (await counter(server, verdict)) > before, verdict);
}

async function handshakeStatus(server, headers = {}) {
  const raw = await Raw.open(server.port);
  raw.write(handshake(headers));
  const { status } = await raw.response();
  raw.destroy();
  return status;
}

const spaces = (...names) => ({ channel: { namespaces: names.map((name) => ({ name })) } });

describe("a file that is better now", () => {
  test("namespaces come and go", async () => {
    const server = await startWith(spaces("first"));
    assert.equal(await server.api.error("publish", { channel: "second:a", data: 1 }), 102);
    await reload(server, spaces("second"));
    await server.api.publish("second:a", 1);
    assert.equal(await server.api.error("publish", { channel: "first:a", data: 1 }), 102);
    await until(() => /event=SERVER-RELOAD namespaces=1/.test(server.log), "the line of the log");
    await server.stop();
  });

  test("what a namespace allows changes for clients that are connected", async () => {
    const strict = { channel: { namespaces: [{ name: "room" }] } };
    const open = {
      channel: { namespaces: [{ name: "room", allow_publish_for_client: true, allow_publish_for_anonymous: true }] },
      client: { channel_limit: 1 },
    };
    const server = await startWith({ ...strict, client: { channel_limit: 2 } }, [
      "--client.insecure=false",
      "--client.allow_anonymous_connect_without_token",
    ]);
    const raw = await Raw.open(server.port);
    raw.write(handshake());
    assert.equal((await raw.response()).status, 101);
    raw.command({ id: 1, connect: {} }, { id: 2, publish: { channel: "room:a", data: 1 } });
    assert.equal((await raw.reply(2)).error.code, 103);
    await reload(server, open);
    raw.command({ id: 3, publish: { channel: "room:a", data: 1 } });
    assert.deepEqual(await raw.reply(3), { id: 3, publish: {} });
    raw.destroy();
    await server.stop();
  });

  test("origins, the key of the API and how it answers errors", async () => {
    const server = await startWith({ client: { allowed_origins: ["https://old.example"] } }, [
      "--log.level=info",
    ]);
    const origin = (name) => handshakeStatus(server, { Origin: `https://${name}.example` });
    assert.deepEqual([await origin("old"), await origin("new")], [101, 403]);
    await reload(server, {
      client: { allowed_origins: ["https://new.example"] },
      http_api: { error_mode: "transport" },
    });
    assert.deepEqual([await origin("old"), await origin("new")], [403, 101]);
    assert.equal((await server.api.call("publish", {})).status, 400);
    await server.stop();
  });

  test("keys of tokens: the new one lets in, the old one no more, who is in stays", async () => {
    const withKey = (key) => ({ client: { insecure: false, token: { hmac_secret_key: key } } });
    const server = await startWith(withKey("the old key"), ["--client.insecure=false"]);
    const [before, later] = ["the old key", "the new key"].map((key) => token({ sub: "ann" }, key));
    const client = await connect(server.url, { token: before });
    await reload(server, withKey("the new key"));
    const late = newClient(server.url, { token: before });
    const refused = next(late, "disconnected");
    late.connect();
    assert.equal((await refused).code, 3500);
    await connect(server.url, { token: later });
    assert.equal(client.state, State.Connected);
    await reload(
      server,
      { client: { token: { rsa_public_key: "no key at all" } } },
      "config_reload_errors",
    );
    await until(() => /event=SERVER-KEYS .*client\.token\.rsa_public_key/.test(server.log), "why");
    await connect(server.url, { token: later });
    disconnectAll();
    await server.stop();
  });

  test("the limit of connections", async () => {
    const server = await startWith({ client: { connection_limit: 1 } });
    await connect(server.url);
    assert.equal(await handshakeStatus(server), 503);
    await reload(server, { client: { connection_limit: 0 } });
    assert.equal(await handshakeStatus(server), 101);
    disconnectAll();
    await server.stop();
  });

  test("how long a message may be, also for clients that are connected", async () => {
    const limit = (bytes) => ({ websocket: { message_size_limit: bytes } });
    const server = await startWith(limit(500), ["--workers=1"]);
    const raw = await Raw.client(server.port);
    const long = (id) => ({ id, unsubscribe: { channel: "a" }, ignored: "x".repeat(1000) });
    await reload(server, limit(2000));
    raw.command(long(2));
    assert.deepEqual(await raw.reply(2), { id: 2, unsubscribe: {} });
    await reload(server, limit(500));
    raw.command(long(3));
    assert.equal((await raw.closed()).code, 1009);
    await server.stop();
  });

  test("pings: as each client was told when it connected", async () => {
    const pings = (ping_interval, pong_timeout) => ({ client: { ping_interval, pong_timeout } });
    const server = await startWith(pings("200ms", "100ms"));
    const raw = await Raw.client(server.port);
    await reload(server, pings("0s", "0s"));
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(await raw.message(), {});
      raw.command({}); // as it was told to
    }
    raw.command({ id: 2, unsubscribe: { channel: "a" } });
    assert.deepEqual(await raw.reply(2), { id: 2, unsubscribe: {} });
    const late = await Raw.webSocket(server.port);
    late.command({ id: 1, connect: {} });
    assert.deepEqual(Object.keys((await late.reply(1)).connect), ["client", "version"]);
    raw.destroy();
    late.destroy();
    await server.stop();
  });

  test("flags and the environment still win over the file", async () => {
    const server = await startWith({}, [], {
      env: { GRACECAST_CHANNEL_NAMESPACES: '[{"name":"of-environment"}]' },
    });
    await reload(server, { ...spaces("of-file"), http_api: { key: "another" } });
    await server.api.publish("of-environment:a", 1);
    assert.equal(await server.api.error("publish", { channel: "of-file:a", data: 1 }), 102);
    await server.stop();
  });

  test("options that are read once are named, and wait", async () => {
    const server = await startWith({ websocket: { handler_prefix: "/ws" } });
    await reload(server, {
      websocket: { handler_prefix: "/other", write_timeout: "2s" },
      client: { queue_max_size: 4096, channel_position_check_delay: "1s" },
      ...spaces("new"),
    });
    await until(
      () => /level=warn event=SERVER-RELOAD needs_restart="client\.queue_max_size, client\.channel_position_check_delay, websocket\.handler_prefix"/.test(server.log),
      "the warning",
    );
    const raw = await Raw.open(server.port);
    raw.write(handshake({}, "GET /ws HTTP/1.1"));
    assert.equal((await raw.response()).status, 101);
    raw.destroy();
    await server.api.publish("new:a", 1);
    await server.stop();
  });

  test("without a file there is nothing new, and nothing breaks", async () => {
    const server = await Server.start(["--prometheus.enabled"]);
    await reload(server);
    await server.stop();
  });
});

describe("a file that is worse now", () => {
  for (const [what, content, line] of [
    ["no YAML", "channel: [", /problem=".*\.yaml:\d+: /],
    ["an option that does not exist", "channel:\n  namespaces:\n  - name: new\n    presense: true\n", /\.yaml:4: channel\.namespaces\[0\]\.presense: unknown option; the nearest is presence/],
    ["a value out of range", "client:\n  channel_limit: 0\n", /\.yaml:2: client\.channel_limit: /],
  ])
    test(`${what}: the old one stays`, async () => {
      const server = await startWith(spaces("old"));
      await reload(server, content, "config_reload_errors");
      await until(() => /refused="the configuration stays as it was"/.test(server.log), "the log");
      assert.match(server.log, line);
      await server.api.publish("old:a", 1);
      assert.equal(await counter(server, "config_reloads"), 0);
      await reload(server, spaces("old", "new"));
      await server.api.publish("new:a", 1);
      await server.stop();
    });

  test("all that is wrong is said, not the first thing only", async () => {
    const server = await startWith({});
    await reload(server, "clientt: {}\nlog:\n  level: loud\n", "config_reload_errors");
    await until(() => server.log.match(/problem=/g)?.length === 2, "two lines");
    await server.stop();
  });

  test("a file that is gone", async () => {
    const server = await startWith(spaces("old"));
    rmSync(server.file);
    await reload(server, undefined, "config_reload_errors");
    await server.api.publish("old:a", 1);
    await server.stop();
  });
});

describe("under load", () => {
  test("nobody is dropped, nothing is lost, through 30 reloads", async () => {
    const server = await startWith(spaces("load"));
    const subs = [];
    const clients = [];
    for (let i = 0; i < 20; i++) {
      const client = await connect(server.url);
      client.lost = 0;
      client.on("connecting", () => client.lost++).on("disconnected", () => client.lost++);
      clients.push(client);
      subs.push(await subscribe(client, `load:${i % 4}`));
    }
    let published = 0;
    let done = false;
    const publisher = (async () => {
      for (; !done; published++) {
        const { responses } = await server.api.result("broadcast", {
          channels: [0, 1, 2, 3].map((i) => `load:${i}`),
          data: published,
        });
        assert.deepEqual(responses, Array(4).fill({ result: {} }));
      }
    })();
    for (let round = 0; round < 30; round++) {
      const seen = published;
      if (round % 3 === 2) await reload(server, "load: [", "config_reload_errors");
      else await reload(server, spaces("load", `round-${round}`));
      if (round % 3 !== 2) await server.api.publish(`round-${round}:a`, 1);
      await until(() => published > seen, "publications to go on");
    }
    for (let i = 0; i < 50; i++) server.kill("SIGHUP"); // faster than they can be obeyed
    await reload(server, spaces("load", "last"));
    await server.api.publish("last:a", 1);
    done = true;
    await publisher;
    const all = Array.from({ length: published }, (_, i) => i);
    for (const sub of subs) assert.deepEqual(await received(sub, published), all);
    for (const client of clients) assert.deepEqual([client.lost, client.state], [0, State.Connected]);
    disconnectAll();
    await server.stop();
  });

  test("a stop right behind a reload is an orderly stop", async () => {
    const server = await startWith(spaces("before"));
    await connect(server.url);
    server.rewrite(spaces("after"));
    server.kill("SIGHUP");
    await server.stop(); // by SIGTERM, at once
    disconnectAll();
  });
});
