// SPDX-License-Identifier: MIT
// A TLS peer in Node, in a folder with the certificates of tls_node.
// node_peer.js server VERSION, or
// node_peer.js client|resume VERSION PROTOCOL PORT
//
// The server prints its port. It sends each client the protocol and the version,
// and echoes what it receives. It disconnects without a notification if that is
// "cut\n", and sends a last message when the client ends. The client sends three
// messages, each after the answer to the previous one, ends, and prints what it
// received. If the answer is "cut\n", it disconnects without a notification. With
// `resume` it sends one message, ends, and does so again with the same session.
'use strict';
const fs = require('node:fs');
const tls = require('node:tls');

const [side, version, protocol, port] = process.argv.slice(2);
const common = {
  minVersion: version,
  maxVersion: version,
  allowHalfOpen: true,
};

function agreed(socket) {
  return `${socket.alpnProtocol} ${socket.getProtocol()}\n`;
}

function answer(socket) {
  socket.on('error', () => socket.destroy());
  socket.write(agreed(socket));
  socket.on('data', (heard) => {
    if (heard.equals(Buffer.from('cut\n'))) socket.destroy();
    else socket.write(heard);
  });
  socket.on('end', () => socket.end('bye\n'));
}

function serve() {
  const server = tls.createServer({
    ...common,
    cert: fs.readFileSync('certificate'),
    key: fs.readFileSync('key'),
    ALPNProtocols: ['echo', 'other'],
  }, answer);
  server.listen(0, '127.0.0.1', () => {
    console.log(`127.0.0.1:${server.address().port}`);
  });
}

const address = {
  ...common,
  host: '127.0.0.1',
  port: Number(port),
  servername: 'localhost',
  ca: fs.readFileSync('authority'),
  ALPNProtocols: [protocol],
};

function ask() {
  const questions = ['one\n', 'two\n', 'three\n'];
  const socket = tls.connect(address, () => {
    process.stdout.write(agreed(socket));
    socket.write(questions.shift());
  });
  socket.on('error', (error) => console.log(error.code));
  socket.on('data', (heard) => {
    process.stdout.write(heard);
    if (String(heard) === 'cut\n') socket.destroy();
    else if (questions.length > 0) socket.write(questions.shift());
    else socket.end();
  });
}

function askAgain(session) {
  const socket = tls.connect({ ...address, session }, () => {
    socket.write('one\n');
  });
  let kept;
  socket.on('session', (one) => { kept = one; });
  socket.on('error', (error) => console.log(error.code));
  socket.on('data', (heard) => {
    process.stdout.write(heard);
    if (String(heard) === 'one\n') socket.end();
  });
  socket.on('end', () => {
    if (session === undefined) askAgain(kept);
    else console.log(`resumed: ${socket.isSessionReused()}`);
  });
}

if (side === 'server') serve();
else if (side === 'resume') askAgain();
else ask();
