// SPDX-License-Identifier: MIT
// A small server that speaks enough of the client protocol and the HTTP API to be loaded, and has
// one fault built in:   node server.mjs FAULT
// Prints its port as the first line, and when told to stop how often the fault struck.
import crypto from 'node:crypto';
import http from 'node:http';

const fault = process.argv[2];
const every = 50; // of whatever the fault is about, one in so many is hit
let struck = 0;
let counted = 0;
let ghosts = 0; // clients that are gone and still counted
const clients = new Set();

// true for one in `every` when the fault is the one named
function strikes(name) {
  if (fault !== name || ++counted % every !== 0) return false;
  struck++;
  return true;
}

class Client {
  constructor(socket) {
    this.socket = socket;
    this.subscribed = new Set();
    this.was = new Set(); // left, but the fault may forget that
    this.held = new Map(); // a publication of each channel that the fault keeps back
    this.early = new Set(); // subscribed and not yet told so
    this.input = Buffer.alloc(0);
    clients.add(this);
    socket.on('data', (bytes) => this.feed(bytes));
    socket.on('close', () => this.gone());
    socket.on('error', () => {});
  }

  gone() {
    if (clients.delete(this) && strikes('leaks-clients')) ghosts++;
  }

  frame(opcode, payload) {
    const body = Buffer.from(payload);
    const head = body.length < 126 ? Buffer.from([0x80 | opcode, body.length])
      : Buffer.from([0x80 | opcode, 126, body.length >> 8, body.length & 255]);
    this.socket.write(Buffer.concat([head, body]));
  }

  say(object) {
    this.frame(1, typeof object === 'string' ? object : JSON.stringify(object));
  }

  close(code) {
    this.frame(8, Buffer.from([code >> 8, code & 255]));
    this.socket.end();
  }

  feed(bytes) {
    this.input = Buffer.concat([this.input, bytes]);
    for (;;) {
      const input = this.input;
      if (input.length < 6) return;
      const short = input[1] & 127;
      const head = short === 126 ? 4 : 2;
      if (short === 127 || input.length < head + 4) return;
      const length = short === 126 ? input.readUInt16BE(2) : short;
      if (input.length < head + 4 + length) return;
      const mask = input.subarray(head, head + 4);
      const payload = Buffer.from(input.subarray(head + 4, head + 4 + length));
      for (let i = 0; i < payload.length; i++) payload[i] ^= mask[i & 3];
      this.input = input.subarray(head + 4 + length);
      this.on(input[0] & 15, payload);
    }
  }

  on(opcode, payload) {
    if (opcode === 8 && fault === 'ignores-close') struck++;
    else if (opcode === 8) this.close(payload.length < 2 ? 1000 : payload.readUInt16BE(0));
    else if (opcode === 1 && fault.startsWith('raw-')) this.onRaw(payload.toString());
    else if (opcode === 1) payload.toString().split('\n').forEach((line) => this.command(JSON.parse(line)));
  }

  onRaw(text) {
    const to = fault.startsWith('raw-echo') ? [this] : [...clients];
    for (const client of to) {
      if (!strikes('raw-echo-drops') && !strikes('raw-broadcast-drops')) client.say(text);
    }
  }

  command({ id, connect, subscribe, unsubscribe, publish }) {
    if (connect) this.onConnect(id);
    if (subscribe) this.onSubscribe(id, subscribe);
    if (unsubscribe) this.onUnsubscribe(id, unsubscribe.channel);
    if (publish) this.onPublish(id, publish);
  }

  onConnect(id) {
    if (fault === 'mute-connect') struck++;
    else if (fault === 'refuses-connect' && ++struck) this.say({ id, error: { code: 109, message: 'token expired' } });
    else this.say({ id, connect: { client: crypto.randomUUID(), version: '0', ping: 25 } });
  }

  onSubscribe(id, { channel, recover, offset }) {
    if (fault === 'mute-subscribe' && ++struck) return;
    if (fault === 'refuses-subscribe' && ++struck) {
      this.say({ id, error: { code: 103, message: 'permission denied' } });
      return;
    }
    const result = recoveryOf(channel, recover, offset ?? 0);
    this.subscribed.add(channel);
    this.was.delete(channel);
    if (fault !== 'subscribe-late') {
      this.say({ id, subscribe: result });
      return;
    }
    this.early.add(channel);
    setTimeout(() => {
      this.early.delete(channel);
      this.say({ id, subscribe: result });
    }, 100);
  }

  onUnsubscribe(id, channel) {
    this.subscribed.delete(channel);
    if (fault === 'leaks-subscriptions') this.was.add(channel);
    this.say({ id, unsubscribe: {} });
  }

  onPublish(id, { channel, data }) {
    this.say(publish(channel, JSON.stringify(data)) ? { id, publish: {} }
      : { id, error: { code: 100, message: 'internal server error' } });
  }

  // Sends the publication that was kept back, if there is one.
  release(channel, push) {
    const held = this.held.get(channel);
    this.held.delete(channel);
    if (held !== undefined) push(held);
    return held !== undefined;
  }

  deliver(channel, data, offset) {
    const position = offset ? `,"offset":${offset}` : '';
    const push = (text) => this.say(`{"push":{"channel":"${channel}","pub":{"data":${text}${position}}}}`);
    if (this.was.has(channel) || this.early.has(channel)) struck++;
    if (strikes('drops')) return;
    if (fault === 'reorders' && !this.held.has(channel) && ++counted % every === 0) {
      this.held.set(channel, data);
      setTimeout(() => this.release(channel, push), 300); // it was the last one: no harm done
      return;
    }
    push(data);
    if (strikes('duplicates')) push(data);
    if (this.release(channel, push)) struck++;
    if (strikes('closes')) this.close(3004);
    else if (strikes('resets')) this.socket.resetAndDestroy();
    else if (strikes('unsubscribes')) {
      this.subscribed.delete(channel);
      this.say({ push: { channel, unsubscribe: { code: 2500, reason: 'insufficient state' } } });
    } else if (strikes('strange')) this.say('no JSON');
  }
}

// A stream that recovers everything, or says so.
const history = new Map();

function recoveryOf(channel, recover, since) {
  if (!fault.startsWith('recovers')) return {};
  const kept = history.get(channel) ?? [];
  const result = { recoverable: true, epoch: 'e', offset: kept.length };
  if (!recover) return result;
  let missed = kept.filter(({ offset }) => offset > since);
  if (fault === 'recovers-too-little' && missed.length > 0) {
    missed = missed.slice(1);
    struck++;
  }
  return { ...result, recovered: true, publications: missed };
}

function publish(channel, data) {
  let offset = 0;
  if (strikes('refuses-publish')) return false;
  if (fault.startsWith('recovers')) {
    const kept = history.get(channel) ?? [];
    offset = kept.length + 1;
    kept.push({ offset, data: JSON.parse(data) });
    history.set(channel, kept);
  }
  for (const client of clients) {
    const elsewhere = fault === 'misdelivers' && !client.subscribed.has(channel) && strikes('misdelivers');
    if (client.subscribed.has(channel) || client.was.has(channel) || elsewhere) client.deliver(channel, data, offset);
  }
  return true;
}

const server = http.createServer((request, response) => {
  let body = '';
  request.on('data', (bytes) => { body += bytes; });
  request.on('end', () => {
    const answer = (object) => response.end(JSON.stringify(object));
    if (request.url === '/api/info')
      answer({ result: { nodes: [{ num_clients: clients.size + ghosts, num_subs: 0 }] } });
    else if (strikes('publish-status')) response.writeHead(503).end();
    else {
      const { channel, data } = JSON.parse(body);
      answer(publish(channel, JSON.stringify(data)) ? { result: {} }
        : { error: { code: 100, message: 'internal server error' } });
    }
  });
});

server.on('upgrade', (request, socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => {});
  if (fault === 'mute-handshake' && ++struck) return;
  if (fault === 'refuses-handshake' && ++struck) {
    socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  if (fault === 'closes-handshake' && ++struck) {
    socket.destroy();
    return;
  }
  const proof = fault === 'wrong-accept' && ++struck ? 'x' : request.headers['sec-websocket-key'];
  const accept = crypto.createHash('sha1').update(`${proof}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
  new Client(socket);
});

server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.on('SIGTERM', () => {
  console.log(struck);
  process.exit(0);
});
