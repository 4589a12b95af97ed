// SPDX-License-Identifier: MIT
// A caller of the server's HTTP API.

import assert from "node:assert/strict";
import http from "node:http";

import { within } from "./wait.mjs";

/** One HTTP request; { status, headers, body } of the answer. */
export function request(
  port,
  { method = "GET", path = "/", headers = {}, body, agent } = {},
  host = "127.0.0.1",
) {
  const answer = new Promise((resolve, reject) => {
    const rq = http.request({ host, port, method, path, headers, agent });
    rq.on("error", reject);
    rq.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => (text += part));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ status: response.statusCode, headers: response.headers, body: text }),
      );
    });
    rq.end(body);
  });
  return within(answer, `the answer to ${method} ${path}`);
}

export class Api {
  #agent = new http.Agent({ keepAlive: true, maxSockets: 4 });

  constructor(port, key) {
    this.port = port;
    this.key = key;
  }

  /** `params`: an object, or the text of the body. Returns { status, headers, body }. */
  call(method, params = {}, headers = { "X-API-Key": this.key }) {
    return request(this.port, {
      method: "POST",
      path: `/api/${method}`,
      headers,
      body: typeof params === "string" ? params : JSON.stringify(params),
      agent: this.#agent,
    });
  }

  /** The result; anything else fails the test. */
  async result(method, params) {
    const answer = await this.call(method, params);
    assert.equal(answer.status, 200, answer.body);
    const body = JSON.parse(answer.body);
    assert.deepEqual(Object.keys(body), ["result"], answer.body);
    return body.result;
  }

  /** The error's code; anything else fails the test. */
  async error(method, params) {
    const answer = await this.call(method, params);
    assert.equal(answer.status, 200, answer.body);
    const body = JSON.parse(answer.body);
    assert.deepEqual(Object.keys(body), ["error"], answer.body);
    assert.equal(typeof body.error.message, "string");
    return body.error.code;
  }

  publish(channel, data) {
    return this.result("publish", { channel, data });
  }

  close() {
    this.#agent.destroy();
  }
}
