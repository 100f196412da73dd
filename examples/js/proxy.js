#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// ../proxy.c for Node: a TCP proxy with half-close, an idle timeout, and an
// orderly end.
'use strict';
const net = require('node:net');
const { once } = require('node:events');
const { pipeline } = require('node:stream/promises');
const { parseArgs } = require('node:util');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '0' },
    idle: { type: 'string', default: '60000' },
    grace: { type: 'string', default: '10000' },
  },
});
const [host, port] = positionals;
const open = new Set();

// Ends when both directions have ended, one fails, or the connection is idle.
async function relay(client) {
  const peer = net.connect({ host, port, allowHalfOpen: true });
  const idle = () => client.destroy(new Error('idle for too long'));
  client.setTimeout(Number(values.idle), idle);
  try {
    await Promise.all([pipeline(client, peer), pipeline(peer, client)]);
  } catch (error) {
    console.error(`proxy: ${error.message}`);
  } finally {
    client.destroy();
    peer.destroy();
    open.delete(client);
  }
}

async function interrupted() {
  const signals = ['SIGINT', 'SIGTERM'].map((name) => once(process, name));
  await Promise.race(signals);
}

async function main() {
  const listener = net.createServer({ allowHalfOpen: true });
  listener.on('connection', (client) => {
    open.add(client);
    relay(client);
  });
  listener.listen(Number(values.port), '127.0.0.1');
  await once(listener, 'listening');
  const at = listener.address().port;
  console.log(`proxy at 127.0.0.1:${at}, to try it: nc 127.0.0.1 ${at}`);
  await interrupted();
  const cutOff = setTimeout(() => {
    process.exitCode = 1;
    console.error('proxy: timed out');
    open.forEach((client) => client.destroy());
  }, Number(values.grace));
  listener.close();
  await once(listener, 'close');
  clearTimeout(cutOff);
}

main().catch((error) => {
  console.error(`proxy: ${error.message}`);
  process.exitCode = 1;
});
