// SPDX-License-Identifier: MIT
// A client that does nothing wrong while others do: it must notice nothing.

import assert from "node:assert/strict";

import { Raw } from "./raw.mjs";
import { until } from "./wait.mjs";

const CHANNEL = "witness";
const PAUSE_MS = 25;

export class Witness {
  slowest = 0; // ms from a publication to its arrival
  #sent = []; // when
  #seen = 0;
  #stopped = false;

  static async start(server) {
    const witness = new Witness();
    witness.raw = await Raw.client(server.port, [{ id: 2, subscribe: { channel: CHANNEL } }]);
    await witness.raw.reply(2);
    witness.publishing = witness.#publish(server);
    witness.watching = witness.#watch();
    witness.failure = Promise.all([witness.publishing, witness.watching]).then(
      () => null,
      (error) => error,
    );
    return witness;
  }

  async #publish(server) {
    while (!this.#stopped) {
      this.#sent.push(performance.now());
      await server.api.publish(CHANNEL, this.#sent.length - 1);
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    await server.api.publish(CHANNEL, "end");
  }

  async #watch() {
    for (;;) {
      const message = await this.raw.message();
      if (!message.push) {
        this.raw.command({}); // a ping
        continue;
      }
      const { data } = message.push.pub;
      if (data === "end") return;
      assert.equal(data, this.#seen);
      this.slowest = Math.max(this.slowest, performance.now() - this.#sent[this.#seen++]);
    }
  }

  /** It is still served: what is published from now on arrives. */
  async ask() {
    const from = this.#sent.length;
    const failed = this.failure.then((error) => {
      throw error ?? new Error("the witness has stopped");
    });
    await Promise.race([failed, until(() => this.#seen > from, "the witness to be served")]);
  }

  /** Has it had everything, in order and in good time, on the one connection? */
  async stop() {
    this.#stopped = true;
    const error = await this.failure;
    if (error) throw error;
    assert.ok(this.#seen > 0 && this.#seen === this.#sent.length);
    this.raw.destroy();
  }
}
