// SPDX-License-Identifier: MIT
// A fan-out server on Bun's own publish(): bun.mjs PORT. Viewers name their channels in the URL,
// /?c=NAME,NAME; what comes in at /publish is NAME (4 characters) and a message.
const NAME_LEN = 4;

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: Number(process.argv[2]),
  fetch(request, self) {
    const url = new URL(request.url);
    const names = url.pathname === '/publish' ? [] : url.searchParams.get('c').split(',');
    return self.upgrade(request, { data: names }) ? undefined : new Response('', { status: 400 });
  },
  websocket: {
    perMessageDeflate: false,
    backpressureLimit: 64 * 1024 * 1024,
    open(socket) {
      for (const name of socket.data) socket.subscribe(name);
      socket.data = null;
    },
    message(socket, message) {
      server.publish(message.slice(0, NAME_LEN), message.slice(NAME_LEN));
    },
  },
});
