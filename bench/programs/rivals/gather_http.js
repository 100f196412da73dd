// SPDX-License-Identifier: MIT
// URL REQUESTS CONNECTIONS: makes REQUESTS requests at once with node:http.
'use strict';
const http = require('node:http');

const [url, requests, connections] = process.argv.slice(2);
const agent = new http.Agent({
  keepAlive: true,
  maxSockets: Number(connections),
});
let bytes = 0;

function ask() {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent }, (response) => {
      response.on('data', (chunk) => {
        bytes += chunk.length;
      });
      response.on('error', reject);
      response.on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject);
  });
}

async function main() {
  const asked = Array.from({ length: Number(requests) }, ask);
  const outcomes = await Promise.allSettled(asked);
  const answers = outcomes.filter((outcome) => outcome.value === 200);
  console.log(`${answers.length} answers, ${bytes} bytes`);
  agent.destroy();
}

main();
