// SPDX-License-Identifier: MIT
// URL REQUESTS AT_ONCE: does the work of avow.c with fetch().
'use strict';
const [url, requests, atOnce] = process.argv.slice(2);
let left = Number(requests);
let answered = 0;
let bytes = 0;

async function askSome() {
  while (left > 0) {
    left--;
    const response = await fetch(url);
    bytes += (await response.arrayBuffer()).byteLength;
    if (response.status === 200) answered++;
  }
}

async function main() {
  await Promise.all(Array.from({ length: Number(atOnce) }, askSome));
  console.log(`${answered} answers, ${bytes} bytes`);
  process.exit(0); // its connections would stay open for a while
}

main();
