// SPDX-License-Identifier: MIT
// DIRECTORY AT_ONCE: reads all files of the directory, AT_ONCE at a time.
'use strict';
const fs = require('node:fs/promises');
const path = require('node:path');

const [directory, atOnce] = process.argv.slice(2);
let files = 0;
let bytes = 0;

async function readSome(names) {
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    bytes += (await fs.readFile(path.join(directory, name))).length;
    files++;
  }
}

async function main() {
  const names = await fs.readdir(directory);
  const readers = Array.from({ length: Number(atOnce) }, () => readSome(names));
  await Promise.all(readers);
  console.log(`${files} files, ${bytes} bytes`);
}

main();
