// SPDX-License-Identifier: MIT
// Reads this file, and waits for a promise that settles and for one that does
// not.
const { read, within } = require('./files.node');

const demo = async () => {
  const text = (await read(__filename)).toString();
  console.log(text.split('\n')[0]);
  console.log(await within(1000, Promise.resolve(42)));
  const error = await within(10, new Promise(() => {})).catch((e) => e);
  console.log(`${error.code}: ${error.message}`);
};

demo();
