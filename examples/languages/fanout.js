// SPDX-License-Identifier: MIT
// Reads files at the same time, and prints the outcome of each, in Node with the
// add-on fanout_node.c:
//
//    cc -shared -fPIC fanout_node.c -o fanout.node $(pkg-config --cflags avow) \
//      $(pkg-config --variable=libdir avow)/libavow.a -I/usr/include/node
//    node fanout.js FILE...
const readAll = require(process.env.FANOUT_NODE || './fanout.node');

const main = async (paths) => {
  const texts = await readAll(...paths);
  texts.forEach((text, i) => console.log(`${paths[i].padEnd(24)} ${text}`));
};

main(process.argv.slice(2));
