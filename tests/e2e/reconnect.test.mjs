// SPDX-License-Identifier: MIT
// Clients find back after the server was away.

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";

import { connect, disconnectAll, received, State, subscribe } from "./support/client.mjs";
import { Server } from "./support/server.mjs";
import { next } from "./support/wait.mjs";

after(disconnectAll);

async function clientWithSubscriptions(server, channels) {
  const client = await connect(server.url);
  const subs = [];
  for (const channel of channels) subs.push(await subscribe(client, channel));
  return { client, subs };
}

describe("the server is started again on its port", () => {
  for (const [how, signal] of [
    ["stopped", "SIGTERM"],
    ["killed", "SIGKILL"],
  ]) {
    test(`after it was ${how}, clients are back with their subscriptions`, async () => {
      const first = await Server.start();
      const clients = await Promise.all(
        Array.from({ length: 20 }, () => clientWithSubscriptions(first, ["r1", "r2"])),
      );
      const lost = clients.map(({ client }) => next(client, "connecting"));
      first.kill(signal);
      const reasons = await Promise.all(lost);
      const status = await first.ended();
      first.checkLog();
      if (signal === "SIGTERM") assert.deepEqual(status, { code: 0, signal: null }, first.log);
      for (const { code, reason } of reasons) {
        if (signal === "SIGTERM")
          assert.deepEqual({ code, reason }, { code: 3001, reason: "shutdown" });
        else assert.equal(code, 1); // transport closed
      }

      const back = clients.flatMap(({ subs }) => subs.map((sub) => next(sub, "subscribed")));
      const second = await Server.start([], { port: first.port });
      await Promise.all(back);
      const info = await second.info();
      assert.equal(info.num_clients, 20);
      assert.equal(info.num_subs, 40);
      await second.api.publish("r2", "after");
      for (const { client, subs } of clients) {
        assert.deepEqual(await received(subs[1], 1), ["after"]);
        assert.equal(client.state, State.Connected);
        client.disconnect();
      }
      await second.untilEmpty();
      await second.stop();
    });
  }
});
