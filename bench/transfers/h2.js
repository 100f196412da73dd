// SPDX-License-Identifier: MIT
// URL REQUESTS: makes REQUESTS requests at once over HTTP/2 with node:http2. It
// opens a new connection each time the server closes one.
'use strict';
const fs = require('node:fs');
const http2 = require('node:http2');

const [url, requests] = process.argv.slice(2);
const { origin, pathname } = new URL(url);
const ca = fs.readFileSync(process.env.CURL_CA_BUNDLE);
let session = null;
let connections = 0;
let bytes = 0;

function connected() {
  if (session === null || session.closed || session.destroyed) {
    connections++;
    session = http2.connect(origin, { ca });
    session.setMaxListeners(0);
    session.on('error', () => {});
  }
  return session;
}

function ask() {
  return new Promise((resolve, reject) => {
    const stream = connected().request({ ':path': pathname });
    let status = 0;
    stream.on('response', (headers) => {
      status = headers[':status'];
    });
    stream.on('data', (chunk) => {
      bytes += chunk.length;
    });
    stream.on('error', reject);
    stream.on('close', () => resolve(status));
  });
}

// A request that the server refuses because it closes the connection is
// repeated.
async function answer() {
  for (;;) {
    const status = await ask().catch(() => 0);
    if (status !== 0) return status;
  }
}

async function main() {
  const asked = Array.from({ length: Number(requests) }, answer);
  const answers = (await Promise.all(asked)).filter((one) => one === 200);
  console.log(
    `${answers.length} answers, ${bytes} bytes, ${connections} connections`,
  );
  session.close();
}

main();
