// SPDX-License-Identifier: MIT
// URL REQUESTS: makes REQUESTS requests at once with fetch().
'use strict';
const [url, requests] = process.argv.slice(2);
let bytes = 0;

async function ask() {
  const response = await fetch(url);
  bytes += (await response.arrayBuffer()).byteLength;
  return response.status;
}

async function main() {
  const asked = Array.from({ length: Number(requests) }, ask);
  const outcomes = await Promise.allSettled(asked);
  const answers = outcomes.filter((outcome) => outcome.value === 200);
  console.log(`${answers.length} answers, ${bytes} bytes`);
  process.exit(0); // its connections would stay open for a while
}

main();
