// SPDX-License-Identifier: MIT
// node.js CASE N ROUNDS: see avow.c.
'use strict';
const fs = require('node:fs/promises');

const [name, ...numbers] = process.argv.slice(2);
const [n, rounds] = numbers.map(Number);
const pass = (v) => v + 1;
const nothing = async () => {};
const times = (make) => Array.from({ length: n }, make);

function resolvers() {
  const all = { ps: [], settle: [] };
  for (let i = 0; i < n; i++) {
    all.ps.push(new Promise((resolve) => {
      all.settle.push(resolve);
    }));
  }
  return all;
}

function combine(combinator) {
  const { ps, settle } = resolvers();
  const p = combinator(ps);
  for (const resolve of settle) resolve(1);
  return p;
}

// A channel of capacity 0, which JavaScript does not have.
function makeChannel() {
  const waiting = [];
  const offered = [];
  return {
    send: (v) => new Promise((sent) => {
      if (waiting.length === 0) return offered.push([v, sent]);
      waiting.shift()(v);
      return sent();
    }),
    next: () => new Promise((take) => {
      if (offered.length === 0) return waiting.push(take);
      const [v, sent] = offered.shift();
      sent();
      return take(v);
    }),
  };
}

const cases = {
  async settle() {
    const { ps, settle } = resolvers();
    const handled = ps.map((p) => p.then(pass));
    for (const resolve of settle) resolve(1);
    await handled.at(-1);
  },
  async chain() {
    let start;
    let p = new Promise((resolve) => {
      start = resolve;
    });
    for (let i = 0; i < n; i++) p = p.then(pass);
    start(0);
    await p;
  },
  async follow() {
    let p = Promise.resolve(1);
    for (let i = 0; i < n; i++) p = p.then(() => Promise.resolve(1));
    await p;
  },
  async await() {
    for (let i = 0; i < n; i++) await Promise.resolve(1);
  },
  start: () => Promise.all(times(nothing)),
  all: () => combine((ps) => Promise.all(ps)),
  all_settled: () => combine((ps) => Promise.allSettled(ps)),
  race: () => combine((ps) => Promise.race(ps)),
  async channel() {
    const { send, next } = makeChannel();
    const sendAll = async () => {
      for (let i = 0; i < n; i++) await send(1);
    };
    const takeAll = async () => {
      for (let i = 0; i < n; i++) await next();
    };
    await Promise.all([sendAll(), takeAll()]);
  },
  sleep: () => Promise.all(times(() => new Promise((resolve) => {
    setTimeout(resolve, 1);
  }))),
  file: () => Promise.all(times(() => fs.readFile(process.env.PEER_FILE))),
  requests: () => Promise.all(times(async () => {
    const file = await fs.open(process.env.PEER_FILE);
    await file.stat();
    await file.read(Buffer.alloc(4096), 0, 4096, 0);
    await file.close();
  })),
  pending() {
    const { ps } = resolvers();
    globalThis.kept = [ps, ps.map((p) => p.then(pass))];
    process.exit(0);
  },
};

async function main() {
  for (let i = 0; i < rounds; i++) await cases[name]();
}

if (!(name in cases)) process.exit(3);
main();
