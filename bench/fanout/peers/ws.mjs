// SPDX-License-Identifier: MIT
// A fan-out server on npm's ws: ws.mjs PORT. Viewers name their channels in the URL, /?c=NAME,NAME;
// what comes in at /publish is NAME (4 bytes) and a message.
import { WebSocketServer } from 'ws';

const NAME_LEN = 4;
const channels = new Map();

function publish(message) {
  const viewers = channels.get(message.toString('latin1', 0, NAME_LEN)) ?? [];
  const payload = message.subarray(NAME_LEN);
  for (const viewer of viewers) viewer.send(payload, { binary: false });
}

function subscribe(socket, names) {
  for (const name of names) {
    if (!channels.has(name)) channels.set(name, new Set());
    channels.get(name).add(socket);
  }
  socket.on('close', () => names.forEach((name) => channels.get(name).delete(socket)));
}

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.argv[2]),
  backlog: 4096,
  perMessageDeflate: false,
  clientTracking: false,
});

server.on('connection', (socket, request) => {
  const url = new URL(request.url, 'http://localhost');
  socket.on('error', () => {});
  if (url.pathname === '/publish') socket.on('message', publish);
  else subscribe(socket, url.searchParams.get('c').split(','));
});
