// SPDX-License-Identifier: MIT
// Serves the files below a directory over HTTP/1.1.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { pipeline } = require('node:stream/promises');

const SHORT = 64 * 1024;
const root = fs.realpathSync(process.argv[2]) + path.sep;

async function answer(request, response) {
  const wanted = path.join(root, decodeURIComponent(request.url));
  const real = await fs.promises.realpath(wanted);
  if (!real.startsWith(root)) throw new Error('it leads out');
  const file = await fs.promises.open(real);
  try {
    const { size } = await file.stat();
    response.setHeader('Content-Length', size);
    response.setHeader('Content-Type', 'application/octet-stream');
    if (size <= SHORT) response.end(await file.readFile());
    else await pipeline(file.createReadStream({ autoClose: false }), response);
  } finally {
    await file.close();
  }
}

const server = http.createServer(async (request, response) => {
  try {
    await answer(request, response);
  } catch {
    if (!response.headersSent) response.writeHead(404).end();
    else response.destroy();
  }
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
