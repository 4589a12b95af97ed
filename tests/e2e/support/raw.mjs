// SPDX-License-Identifier: MIT
// A bare TCP socket that can say anything, with just enough HTTP and WebSocket to read the answers.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import net from "node:net";

import { within } from "./wait.mjs";

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

export const KEY = "dGhlIHNhbXBsZSBub25jZQ=="; // the one of RFC 6455 section 1.3
export const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const HANDSHAKE = {
  Host: "localhost",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": KEY,
};

/** A request for a WebSocket. changes: { header: another value, or null to leave it out }. */
export function handshake(changes = {}, line = "GET /connection/websocket HTTP/1.1") {
  const headers = { ...HANDSHAKE, ...changes };
  const lines = Object.entries(headers)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}`);
  return `${[line, ...lines].join("\r\n")}\r\n\r\n`;
}

function lengthField(length) {
  if (length < 126) return Buffer.from([length]);
  const field = Buffer.alloc(length < 65536 ? 3 : 9);
  field[0] = field.length === 3 ? 126 : 127;
  if (field.length === 3) field.writeUInt16BE(length, 1);
  else field.writeBigUInt64BE(BigInt(length), 1);
  return field;
}

/** A client's frame. lengthBytes: another length field than the right one (without its mask bit). */
export function frame(
  opcode,
  payload = "",
  { fin = true, rsv = 0, mask = true, lengthBytes } = {},
) {
  const data = Buffer.from(payload);
  const length = Buffer.from(lengthBytes ?? lengthField(data.length));
  const head = Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode]);
  if (!mask) return Buffer.concat([head, length, data]);
  const key = randomBytes(4);
  length[0] |= 0x80;
  return Buffer.concat([head, length, key, data.map((byte, i) => byte ^ key[i & 3])]);
}

/** A close frame's payload. */
export function closing(code, reason = "") {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(code);
  return Buffer.concat([bytes, Buffer.from(reason)]);
}

export class Raw {
  received = Buffer.alloc(0); // and not yet taken
  ended = false; // the server has finished sending, or reset
  reset = false;
  #wake = () => {};

  /** Connected; local: the port it comes from does not matter. */
  static async open(port, options = {}) {
    const raw = new Raw();
    raw.socket = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true, ...options });
    raw.socket.setNoDelay(true).unref();
    raw.socket.on("data", (bytes) =>
      raw.#note(() => (raw.received = Buffer.concat([raw.received, bytes]))),
    );
    raw.socket.on("end", () => raw.#note(() => (raw.ended = true)));
    raw.socket.on("close", () => raw.#note(() => (raw.ended = true)));
    raw.socket.on("error", () => raw.#note(() => (raw.ended = raw.reset = true)));
    await within(
      new Promise((resolve) => raw.socket.once("connect", resolve)),
      "a connection to the server",
    );
    return raw;
  }

  /** Opened and past the handshake. */
  static async webSocket(port, options = {}) {
    const raw = await Raw.open(port, options);
    raw.write(handshake());
    const answer = await raw.response();
    assert.equal(answer.status, 101, answer.text);
    return raw;
  }

  /** A client that has connected; more commands go with the connect command. */
  static async client(port, commands = [], options = {}) {
    const raw = await Raw.webSocket(port, options);
    raw.command({ id: 1, connect: {} }, ...commands);
    await raw.reply(1);
    return raw;
  }

  #note(change) {
    change();
    this.#wake();
  }

  write(bytes) {
    this.socket.write(bytes);
    return this;
  }

  command(...commands) {
    return this.write(frame(TEXT, commands.map((c) => JSON.stringify(c)).join("\n")));
  }

  end() {
    this.socket.end();
  }

  /** Gone without a word (RST). */
  abort() {
    this.socket.resetAndDestroy();
  }

  destroy() {
    this.socket.destroy();
  }

  #change() {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  /** What `look` finds in the bytes received so far, as soon as it finds something. */
  async #find(look, what, ms) {
    const found = async () => {
      for (;;) {
        const result = look();
        if (result !== undefined) return result;
        if (this.ended) throw new Error(`the connection ended before ${what}: ${this.received}`);
        await this.#change();
      }
    };
    return within(found(), what, ms);
  }

  #take(length) {
    const bytes = this.received.subarray(0, length);
    this.received = this.received.subarray(length);
    return bytes;
  }

  /** The next HTTP response: { status, headers, body, text }. */
  async response(ms) {
    return this.#find(
      () => {
        const end = this.received.indexOf("\r\n\r\n");
        if (end < 0) return undefined;
        const text = this.received.subarray(0, end).toString("latin1");
        const [line, ...lines] = text.split("\r\n");
        const headers = new Map(
          lines
            .map((l) => l.match(/^([^:]+): *(.*)$/).slice(1))
            .map(([n, v]) => [n.toLowerCase(), v]),
        );
        const length = Number(headers.get("content-length") ?? 0);
        if (this.received.length < end + 4 + length) return undefined;
        this.#take(end + 4);
        const status = Number(line.match(/^HTTP\/1\.1 (\d{3}) /)[1]);
        return { status, headers, body: this.#take(length).toString(), text };
      },
      "an HTTP response",
      ms,
    );
  }

  /** The next frame: { fin, opcode, payload }. What servers may not send fails. */
  async frame(ms) {
    return this.#find(
      () => {
        const bytes = this.received;
        if (bytes.length < 2) return undefined;
        assert.equal(bytes[0] & 0x70, 0, "a reserved bit in a frame of the server");
        assert.equal(bytes[1] & 0x80, 0, "a masked frame of the server");
        let length = bytes[1];
        let from = 2;
        if (length >= 126) {
          from = length === 126 ? 4 : 10;
          if (bytes.length < from) return undefined;
          length = from === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
        }
        if (bytes.length < from + length) return undefined;
        const taken = this.#take(from + length);
        return { fin: taken[0] >= 0x80, opcode: taken[0] & 15, payload: taken.subarray(from) };
      },
      "a frame",
      ms,
    );
  }

  #lines = [];

  /** The next JSON object that the server sends. */
  async message(ms) {
    while (this.#lines.length === 0) {
      const { opcode, payload } = await this.frame(ms);
      if (opcode !== TEXT)
        throw new Error(`not a message: opcode ${opcode}, ${payload.toString("latin1")}`);
      this.#lines = payload.toString().split("\n");
    }
    return JSON.parse(this.#lines.shift());
  }

  /** The reply with this id; pings are answered on the way, pushes are passed over. */
  async reply(id, ms) {
    for (;;) {
      const message = await this.message(ms);
      if (message.id === id) return message;
      if (Object.keys(message).length === 0) this.command({});
    }
  }

  /** The server's close frame, whatever comes before it: { code, reason }. */
  async closed(ms) {
    for (;;) {
      const { opcode, payload } = await this.frame(ms);
      if (opcode !== CLOSE) continue;
      if (payload.length === 0) return { code: 1005, reason: "" };
      return { code: payload.readUInt16BE(), reason: payload.subarray(2).toString() };
    }
  }

  /** Throws away what comes until the server has finished sending, or has reset the connection. */
  async gone(ms) {
    const over = async () => {
      while (!this.ended) {
        this.received = Buffer.alloc(0);
        await this.#change();
      }
    };
    await within(over(), "the end of the connection", ms);
  }

  /** Everything from now until the server's end of the connection. */
  async rest(ms) {
    const over = async () => {
      while (!this.ended) await this.#change();
    };
    await within(over(), "the end of the connection", ms);
    return this.#take(this.received.length).toString("latin1");
  }
}
