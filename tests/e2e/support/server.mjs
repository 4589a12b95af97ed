// SPDX-License-Identifier: MIT
// The server under test, as a process of its own. GCAST_SERVER is the path of the program.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

import { Api } from "./api.mjs";
import { until, within } from "./wait.mjs";

export const API_KEY = "key-of-the-tests";
const COMPLAINT = /AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:/;

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

// A test that has failed may have left something open. It does not keep the process alive for ever:
// children and sockets are not waited for (what waits for them has a timer), and this ends the rest.
const FILE_MS = 150000;
setTimeout(() => {
  console.log(`Bail out! The tests of this file took more than ${FILE_MS} ms.`);
  process.exit(1);
}, FILE_MS).unref();

export function program() {
  const path = process.env.GCAST_SERVER;
  assert.ok(path, "GCAST_SERVER has to be the path of the server's program");
  return path;
}

/** A process of the server's program: its output as it comes, and its end. */
export class Process {
  log = ""; // standard error
  output = ""; // standard output
  status; // { code, signal } after the end

  /** `wrapper`: a command that runs the program, and whose process becomes the program's */
  constructor(args, env = {}, wrapper = []) {
    const [file, ...words] = [...wrapper, program(), ...args];
    this.child = spawn(file, words, {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(this.child);
    for (const handle of [this.child, this.child.stdout, this.child.stderr]) handle.unref();
    this.child.stdout.setEncoding("utf8").on("data", (text) => (this.output += text));
    this.child.stderr.setEncoding("utf8").on("data", (text) => (this.log += text));
    this.end = once(this.child, "close").then(([code, signal]) => {
      running.delete(this.child);
      this.status = { code, signal };
      return this.status;
    });
  }

  kill(signal) {
    this.child.kill(signal);
  }

  async ended(ms) {
    return within(this.end, `the end of the server; its log:\n${this.log}`, ms);
  }

  checkLog() {
    assert.doesNotMatch(this.log, COMPLAINT);
  }

  /** The value of `name` in /proc/PID/status, e.g. VmRSS, in bytes. */
  memory(name) {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    return Number(status.match(new RegExp(`^${name}:\\s*(\\d+) kB`, "m"))[1]) * 1024;
  }
}

/** A server that takes connections. */
export class Server extends Process {
  /**
   * Starts with everything allowed, on a free port (or `port`), with two workers so that messages
   * pass between threads; `args` come after these and so win over them.
   */
  static async start(args = [], { port = 0, env = {}, wrapper = [] } = {}) {
    const server = new Server(
      [
        "--address=127.0.0.1",
        `--port=${port}`,
        "--workers=2",
        "--client.insecure",
        `--http_api.key=${API_KEY}`,
        ...args,
      ],
      env,
      wrapper,
    );
    const started = () => server.status || server.log.match(/event=SERVER-START .*\bport=(\d+)/);
    const line = await until(started, "the server's start");
    assert.ok(!server.status, `the server ended at its start:\n${server.log}`);
    server.port = Number(line[1]);
    server.api = new Api(server.port, API_KEY);
    return server;
  }

  get url() {
    return `ws://127.0.0.1:${this.port}/connection/websocket`;
  }

  /** Asks it to stop, and checks that it did so in order and without a word of a sanitizer. */
  async stop(ms) {
    this.api.close();
    if (!this.status) this.kill("SIGTERM");
    const status = await this.ended(ms);
    this.checkLog();
    assert.deepEqual(status, { code: 0, signal: null }, this.log);
  }

  /** What `info` says of this node. */
  async info() {
    return (await this.api.result("info")).nodes[0];
  }

  async untilEmpty() {
    const empty = async () => {
      const { num_clients, num_channels, num_subs } = await this.info();
      return num_clients + num_channels + num_subs === 0;
    };
    await until(empty, "the server to be without clients and channels");
  }
}
