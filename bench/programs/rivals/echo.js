// SPDX-License-Identifier: MIT
// An echo server. Prints its port.
'use strict';
const net = require('node:net');

const server = net.createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
});
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
  console.log(server.address().port);
});
