// SPDX-License-Identifier: MIT
// Tests the statements of docs/embedding.md about Node with the add-ons in
// $ADDONS.
const { spawnSync } = require('child_process');
const { readFileSync } = require('fs');
const { readFile } = require('fs/promises');
const { Worker } = require('worker_threads');
const { join } = require('path');

const addon = (name) => join(process.env.ADDONS, name);
const { read } = require(addon('later.node'));
const forever = 1e9;

const report = (name, ok, found) => {
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}${ok ? '' : `: ${found}`}`);
  process.exitCode ||= ok ? 0 : 1;
};

// Runs one of the functions below in a process of its own. Returns the status
// and the output.
const ending = (name) => {
  const end = spawnSync(process.execPath, [__filename, name], {
    encoding: 'utf8',
    timeout: 60000,
  });
  return `${end.status ?? end.signal} ${end.stdout}${end.stderr}`;
};

const endings = {
  exit() {
    read(forever, __filename);
    read(1, __filename).then(() => process.exit(7));
  },
  fail() {
    read(1, __filename).then(() => process.nextTick(() => {
      throw new Error('thrown behind a read');
    }));
  },
  survive() {
    process.on('uncaughtException', () =>
      read(1, '/nowhere').catch((error) => console.log(error.code)));
    endings.fail();
  },
  async unload() {
    await readFile(__filename);
    const worker = new Worker('require(process.env.ADDONS + "/linked.node")',
      { eval: true });
    worker.on('exit', () => readFile(__filename));
  },
};

const workers = (name, wanted) => {
  const end = spawnSync(process.execPath, [join(__dirname, 'workers.js'), name],
    { encoding: 'utf8', timeout: 300000 });
  const found = `${end.status ?? end.signal} ${end.stdout}${end.stderr}`;
  report(wanted, found === '0 75 terminated, 25 exited\n', found);
};

const test = async () => {
  const text = readFileSync(__filename, 'utf8');
  const texts = await Promise.all([2, 1, 0].map((ms) => read(ms, __filename)));
  report('promises of JavaScript settle with the text of the file',
    texts.every((each) => each === text), texts);

  const error = await read(1, '/nowhere').catch((reason) => reason);
  report('errors have a code and a message',
    error.code === 'ENOENT' && error.message.includes("'/nowhere'"), error);

  // Without a callback scope, the reactions of all promises would run together,
  // and later.
  const ran = [];
  await Promise.all(Array.from({ length: 100 }, async () => {
    await read(1, __filename);
    ran.push('reaction');
    process.nextTick(() => ran.push('tick'));
  }));
  await new Promise(setImmediate);
  const order = ran.join(' ');
  report('reactions run when the callback scope closes',
    order === Array(100).fill('reaction tick').join(' '), order);

  let found = ending('exit');
  report('process.exit() within a handler ends the process', found === '7 ',
    found);
  found = ending('fail');
  report('an error thrown in a reaction is an uncaught exception',
    /^1 .*Error: thrown behind a read/s.test(found), found);
  found = ending('survive');
  report('a program that catches it continues', found === '0 ENOENT\n',
    found);

  const { tryThere } = require(addon('stacks.node'));
  const begun = read(5, __filename);
  found = tryThere(() => {});
  report('V8 refuses JavaScript on the stack of an async function',
    found instanceof RangeError, found);
  found = await begun;
  report('another add-on with avow closes on the same loop', found === text,
    found);

  if (process.env.OWN_LIBUV) {
    found = ending('unload');
    report('an add-on linked with libuv.so ends the libuv of Node',
      /^SIGABRT/.test(found), found);
  }

  workers('alone', '100 workers end at random, and the add-on is unloaded');
  workers('loaded', '100 workers end at random while the add-on is loaded');
  console.log('done');
};

(endings[process.argv[2]] ?? test)();
