#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// ../crawl.c for Node: a crawler with a limited number of pages at a time,
// retries and timeouts.
'use strict';
const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    jobs: { type: 'string', default: '4' },
    tries: { type: 'string', default: '3' },
    wait: { type: 'string', default: '10000' },
  },
});
const PAGES = 1000;
const start = new URL(positionals[0]);
const seen = new Set();
const queue = [];
const running = new Set();
let failed = 0;

// Adds the page, unless it is known or belongs to another server.
function add(url) {
  url.hash = '';
  if (url.origin !== start.origin) return;
  if (seen.has(url.href) || seen.size === PAGES) return;
  seen.add(url.href);
  queue.push(url);
}

function addLinks(page, html) {
  for (const [, link] of html.matchAll(/href="([^"]*)"/g)) {
    add(new URL(link, page));
  }
}

async function ask(url) {
  const signal = AbortSignal.timeout(Number(values.wait));
  const answer = await fetch(url, { signal, redirect: 'manual' });
  if (answer.status >= 500) throw new Error(`status ${answer.status}`);
  return { status: answer.status, html: await answer.text() };
}

async function askAgain(url) {
  for (let left = Number(values.tries), delay = 100; ; delay *= 2) {
    try {
      return await ask(url);
    } catch (error) {
      left -= 1;
      if (left === 0) throw error;
      await sleep(Math.random() * delay);
    }
  }
}

// Shows the result of a visit and adds the links of the page.
async function visit(url) {
  try {
    const { status, html } = await askAgain(url);
    console.log(status, url.pathname + url.search);
    if (status === 200) addLinks(url, html);
    else failed += 1;
  } catch (error) {
    const reason = error.name === 'TimeoutError' ? 'timed out' : error.message;
    console.log(`000 ${url.pathname}${url.search}: ${reason}`);
    failed += 1;
  }
}

async function main() {
  add(start);
  while (queue.length > 0 || running.size > 0) {
    if (queue.length > 0 && running.size < Number(values.jobs)) {
      const visited = visit(queue.shift());
      running.add(visited);
      visited.finally(() => running.delete(visited));
    } else {
      await Promise.race(running);
    }
  }
  console.log(`${seen.size} visited, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

main();
