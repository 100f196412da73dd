// SPDX-License-Identifier: MIT
// Runs the JavaScript snippets of a document and compares their output:
//
//   node snippets.js docs/from-javascript.md
'use strict';
const fs = require('fs');

const AsyncFunction = (async () => {}).constructor;

let said = '';

function say(...words) {
  said += words.join(' ') + '\n';
}

function get(name) {
  return new Promise((resolve, reject) => {
    setTimeout(() => {
      if (name.startsWith('no ')) reject(new Error(`${name}: not found`));
      else resolve(name.toUpperCase());
    }, 5);
  });
}

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
  process.exitCode = 1; // until all have run
  let failed = 0;
  for (const { title, code, output } of read(file)) {
    said = '';
    await new AsyncFunction('say', 'get', code)(say, get);
    const ok = said === output;
    console.log(ok ? 'ok    ' : 'FAILED', title);
    if (!ok) console.log(`--- prints\n${said}--- not\n${output}`);
    failed += !ok;
  }
  process.exitCode = failed === 0 ? 0 : 1;
}

main(process.argv[2]);
