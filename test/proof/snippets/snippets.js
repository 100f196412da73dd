// SPDX-License-Identifier: MIT
// Runs the JavaScript beside the C in a document and compares what it says:
//
//   node snippets.js docs/from-javascript.md
'use strict';
const fs = require('fs');
const { spawn } = require('child_process');
const { once } = require('events');
const { createInterface } = require('readline');
const { monitorEventLoopDelay } = require('perf_hooks');

const AsyncFunction = (async () => {}).constructor;
// Node has it from 19 on.
globalThis.CustomEvent ??= class extends Event {
  constructor(type, { detail } = {}) {
    super(type);
    this.detail = detail;
  }
};

const DURATIONS = { slow: 60, never: 60000 };

let said = '';
let atWork = 0;
let most = 0;

function say(...words) {
  said += words.join(' ') + '\n';
}

function mostAtOnce() {
  const result = most;
  most = atWork;
  return result;
}

function get(name, { signal } = {}) {
  most = Math.max(most, ++atWork);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      atWork--;
      if (name.startsWith('no ')) reject(new Error(`${name}: not found`));
      else resolve(name.toUpperCase());
    }, DURATIONS[name] ?? 5);
    timer.unref();
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      atWork--;
      reject(new Error('operation canceled'));
    });
  });
}

function oldGet(name, callback) {
  get(name).then(callback);
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function read(file) {
  const found = [];
  let title, code, output;
  for (const part of fs.readFileSync(file, 'utf8').split(/^(?=## |```)/m)) {
    if (part.startsWith('## ')) title = part.slice(3).split('\n')[0];
    const body = part.slice(part.indexOf('\n') + 1);
    if (part.startsWith('```js\n')) found.push({ title, code: body });
    if (part.startsWith('```text\n')) found.at(-1).output = body;
  }
  return found;
}

async function main(file) {
  const around = {
    say, get, oldGet, sleep, mostAtOnce, spawn, once, createInterface,
    monitorEventLoopDelay,
  };
  const alive = setInterval(() => {}, 1000); // get() does not keep it so
  process.exitCode = 1; // until all have been run
  let failed = 0;
  const names = Object.keys(around);
  const values = Object.values(around);
  for (const { title, code, output } of read(file)) {
    said = '';
    atWork = most = 0;
    await new AsyncFunction(...names, code)(...values);
    await sleep(80);
    const ok = said === output;
    console.log(ok ? 'ok    ' : 'FAILED', title);
    if (!ok) console.log(`--- says\n${said}--- not\n${output}`);
    failed += !ok;
  }
  process.exitCode = failed === 0 ? 0 : 1;
  clearInterval(alive);
}

main(process.argv[2]);
