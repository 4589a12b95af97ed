// SPDX-License-Identifier: MIT
// How the server starts, refuses to start, and stops.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";

import { connect, disconnectAll } from "./support/client.mjs";
import { closing, CLOSE, frame, Raw } from "./support/raw.mjs";
import { Process, program, Server } from "./support/server.mjs";
import { next, until } from "./support/wait.mjs";

after(disconnectAll);

const STOPPED = { code: 0, signal: null };

describe("stopping", () => {
  for (const signal of ["SIGTERM", "SIGINT"]) {
    test(`${signal}: 3001 to everybody, and status 0`, async () => {
      const server = await Server.start();
      const clients = await Promise.all(
        Array.from({ length: 100 }, () =>
          Raw.client(server.port, [{ id: 2, subscribe: { channel: "a" } }]),
        ),
      );
      const half = await Raw.open(server.port);
      half.write("GET /connection/websocket HTTP/1.1\r\n");
      const idle = await Raw.open(server.port);
      const fresh = await Raw.webSocket(server.port);
      const begin = performance.now();
      server.kill(signal);
      for (const raw of [...clients, fresh]) {
        assert.deepEqual(await raw.closed(), { code: 3001, reason: "shutdown" });
        raw.write(frame(CLOSE, closing(3001)));
        raw.end();
      }
      await Promise.all([half.gone(), idle.gone()]);
      assert.deepEqual(await server.ended(), STOPPED, server.log);
      assert.ok(performance.now() - begin < 4000, `${performance.now() - begin} ms`);
      server.checkLog();
      for (const raw of [...clients, fresh, half, idle]) raw.destroy();
    });
  }

  test("centrifuge-js learns why", async () => {
    const server = await Server.start();
    const client = await connect(server.url);
    const connecting = next(client, "connecting");
    await server.stop();
    const { code, reason } = await connecting;
    assert.deepEqual({ code, reason }, { code: 3001, reason: "shutdown" });
    client.disconnect();
  });

  for (const args of [[], ["--delivery.flush_interval=1m"]])
    test(`while it is being published to: what was answered arrives before the 3001 ${args}`, async () => {
      const server = await Server.start(["--workers=3", ...args]);
      const channels = ["a", "b", "c", "d"];
      const subscribe = channels.map((channel, i) => ({ id: i + 2, subscribe: { channel } }));
      const clients = await Promise.all(
        Array.from({ length: 50 }, () => Raw.client(server.port, subscribe)),
      );
      for (const raw of clients) await raw.reply(channels.length + 1);
      const answered = channels.map(() => 0);
      const publishing = channels.map(async (channel, i) => {
        for (;;) {
          await server.api.publish(channel, answered[i]);
          answered[i]++;
        }
      });
      await until(() => answered.every((count) => count > 20), "publications");
      server.kill("SIGTERM");
      await Promise.allSettled(publishing);
      for (const raw of clients) {
        const seen = channels.map(() => 0);
        for (;;) {
          const { opcode, payload } = await raw.frame();
          if (opcode === CLOSE) {
            assert.equal(payload.readUInt16BE(), 3001);
            break;
          }
          for (const line of payload.toString().split("\n")) {
            const { channel, pub } = JSON.parse(line).push;
            assert.equal(pub.data, seen[channels.indexOf(channel)]++);
          }
        }
        // one more may have been published whose answer did not arrive any more
        answered.forEach((count, i) => assert.ok(seen[i] === count || seen[i] === count + 1));
        raw.end();
      }
      assert.deepEqual(await server.ended(), STOPPED, server.log);
      server.checkLog();
      clients.forEach((raw) => raw.destroy());
    });

  test("clients that do not answer are dropped in time", async () => {
    const server = await Server.start(["--shutdown.timeout=2s"]);
    const raws = await Promise.all(Array.from({ length: 10 }, () => Raw.client(server.port)));
    raws.forEach((raw) => raw.socket.pause());
    const begin = performance.now();
    server.kill("SIGTERM");
    assert.deepEqual(await server.ended(), STOPPED, server.log);
    assert.ok(performance.now() - begin < 3000, `${performance.now() - begin} ms`);
    server.checkLog();
    raws.forEach((raw) => raw.destroy());
  });

  test("while it stops nobody new comes in, and a second signal ends it at once", async () => {
    const server = await Server.start();
    const raw = await Raw.client(server.port);
    server.kill("SIGTERM");
    assert.equal((await raw.closed()).code, 3001);
    // each worker closes its listening socket itself: another one's may be open a moment longer
    const refused = () =>
      new Promise((resolve) => {
        const socket = net.connect(server.port, "127.0.0.1");
        socket.once("error", () => resolve(true)).once("connect", () => resolve(false));
        socket.once("connect", () => socket.destroy());
      });
    await until(refused, "new connections to be refused", 2000);
    const begin = performance.now();
    server.kill("SIGTERM");
    const { code, signal } = await server.ended();
    assert.deepEqual({ code, signal }, { code: 1, signal: null });
    assert.ok(performance.now() - begin < 1000);
    raw.destroy();
  });

  test("SIGHUP changes nothing", async () => {
    const server = await Server.start();
    const raw = await Raw.client(server.port);
    server.kill("SIGHUP");
    await until(() => /SIGHUP|RELOAD/.test(server.log), "a line in the log");
    raw.command({ id: 2, subscribe: { channel: "a" } });
    assert.ok((await raw.reply(2)).subscribe);
    raw.destroy();
    await server.stop();
  });

  test("the signal right after the start", async () => {
    for (let i = 0; i < 10; i++) {
      const server = await Server.start();
      await server.stop();
    }
  });
});

/** Runs the program to its end. */
async function run(args, env) {
  const process = new Process(args, env);
  const { code } = await process.ended();
  process.checkLog();
  return { code, log: process.log, output: process.output };
}

describe("starting", () => {
  test("a port that is taken: one clear line, and status 1", async () => {
    const first = await Server.start();
    const { code, log } = await run(["--address=127.0.0.1", `--port=${first.port}`]);
    assert.equal(code, 1);
    assert.match(log, /^[^\n]*level=error[^\n]*\n$/);
    assert.ok(log.includes(`${first.port}`) && /in use/i.test(log), log);
    const { code: everywhere } = await run([`--port=${first.port}`]);
    assert.equal(everywhere, 1);
    await first.stop();
  });

  test("an address that is not ours", async () => {
    const { code, log } = await run(["--address=192.0.2.1", "--port=0"]);
    assert.equal(code, 1);
    assert.match(log, /^[^\n]*192\.0\.2\.1[^\n]*\n$/);
  });

  for (const [what, args, names] of [
    ["an option that there is not", ["--client.insecur"], ["client.insecur", "client.insecure"]],
    ["a number that is none", ["--port=http"], ["port", "http"]],
    ["a port beyond ports", ["--port=65536"], ["port", "65536"]],
    ["a time that is none", ["--client.ping_interval=soon"], ["client.ping_interval", "soon"]],
    ["a time below nothing", ["--client.ping_interval=-1s"], ["client.ping_interval", "-1s"]],
    ["a level that there is not", ["--log.level=loud"], ["log.level", "loud"]],
    [
      "a pong timeout over the interval",
      ["--client.ping_interval=5s", "--client.pong_timeout=6s"],
      ["pong_timeout"],
    ],
    ["a file that is not there", ["--config=/nowhere/x.yaml"], ["/nowhere/x.yaml"]],
    ["namespaces that are no JSON", ["--channel.namespaces=[{"], ["channel.namespaces"]],
    ["an argument that is no option", ["start"], ["start"]],
  ]) {
    test(`${what}: one line that names it, and status 1`, async () => {
      const { code, log } = await run(args);
      assert.equal(code, 1);
      assert.match(log, /^[^\n]+\n$/);
      for (const name of names) assert.ok(log.includes(name), log);
    });
  }

  test("every wrong option is named", async () => {
    const { code, log } = await run(["--port=x", "--workers=y"], { GRACECAST_LOG_LEVEL: "z" });
    assert.equal(code, 1);
    assert.equal(log.trim().split("\n").length, 3);
  });

  test("options from the environment; a flag wins", async () => {
    const server = await Server.start(["--client.channel_limit=1"], {
      env: {
        GRACECAST_CLIENT_CHANNEL_LIMIT: "5",
        GRACECAST_CLIENT_CONNECT_INCLUDE_SERVER_TIME: "true",
      },
    });
    const raw = await Raw.webSocket(server.port);
    raw.command(
      { id: 1, connect: {} },
      { id: 2, subscribe: { channel: "a" } },
      { id: 3, subscribe: { channel: "b" } },
    );
    assert.ok((await raw.reply(1)).connect.time > 0);
    assert.equal((await raw.reply(3)).error.code, 106);
    raw.destroy();
    await server.stop();
  });

  test("options from a file", async () => {
    const dir = mkdtempSync(join(tmpdir(), "gracecast-"));
    try {
      const file = join(dir, "config.yaml");
      writeFileSync(file, "client:\n  channel_limit: 1\n");
      const server = await Server.start([`--config=${file}`]);
      const raw = await Raw.client(server.port, [
        { id: 2, subscribe: { channel: "a" } },
        { id: 3, subscribe: { channel: "b" } },
      ]);
      assert.equal((await raw.reply(3)).error.code, 106);
      raw.destroy();
      await server.stop();
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test("--help and --version", async () => {
    const help = await run(["--help"]);
    assert.equal(help.code, 0);
    assert.match(help.output, /--client\.insecure\n/);
    const version = await run(["--version"]);
    assert.equal(version.code, 0);
    assert.match(version.output, /^gracecast \d+\.\d+\.\d+\n$/);
  });

  /** Runs the program under a limit of descriptors; the end, or what it says when it starts. */
  async function limited(descriptors) {
    const child = spawn("sh", [
      "-c",
      `ulimit -n ${descriptors}; exec "$0" "$@"`,
      program(),
      "--address=127.0.0.1",
      "--port=0",
      "--workers=2",
    ]);
    let log = "";
    let status;
    child.stderr.on("data", (text) => (log += text));
    child.on("close", (code) => (status = code));
    await until(() => status !== undefined || /SERVER-START.*\n/.test(log), "a start or an end");
    if (status === undefined) {
      child.kill("SIGTERM");
      await until(() => status !== undefined, "the end");
    }
    return { status, log };
  }

  test("with few descriptors it says how many connections they leave; with too few it does not start", async () => {
    const few = await limited(200);
    assert.equal(few.status, 0, few.log);
    const left = Number(few.log.match(/max_connections=(\d+)/)[1]);
    assert.ok(left > 20 && left < 200, few.log);
    const none = await limited(40);
    assert.equal(none.status, 1);
    assert.match(none.log, /descriptor/);
  });
});
