// SPDX-License-Identifier: MIT
// What docs/embedding.md says of Node, on the add-ons in the directory $ADDONS.
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

// What a process of its own comes to that calls one of those below.
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
  report('promises of JavaScript settle with what was read',
    texts.every((each) => each === text), texts);

  const error = await read(1, '/nowhere').catch((reason) => reason);
  report('errors have a code and a message',
    error.code === 'ENOENT' && error.message.includes("'/nowhere'"), error);

  // Without one what several have woken would run together, and later.
  const ran = [];
  await Promise.all(Array.from({ length: 100 }, async () => {
    await read(1, __filename);
    ran.push('reaction');
    process.nextTick(() => ran.push('tick'));
  }));
  await new Promise(setImmediate);
  const order = ran.join(' ');
  report('what it wakes runs when its scope is closed',
    order === Array(100).fill('reaction tick').join(' '), order);

  let found = ending('exit');
  report('process.exit() within a handler ends the process', found === '7 ',
    found);
  found = ending('fail');
  report('what is thrown behind it is an uncaught exception',
    /^1 .*Error: thrown behind a read/s.test(found), found);
  found = ending('survive');
  report('and a program that catches it goes on', found === '0 ENOENT\n',
    found);

  const { tryThere } = require(addon('stacks.node'));
  const begun = read(5, __filename);
  found = tryThere(() => {});
  report("JavaScript on an async function's stack is refused",
    found instanceof RangeError, found);
  found = await begun;
  report('an avow of another add-on ends on the loop beside it', found === text,
    found);

  if (process.env.OWN_LIBUV) {
    found = ending('unload');
    report("an add-on linked with libuv.so ends Node's own with it",
      /^SIGABRT/.test(found), found);
  }

  workers('alone', '100 workers end at random, and the add-on is unloaded');
  workers('loaded', '100 workers end at random beside the main thread');
  console.log('done');
};

(endings[process.argv[2]] ?? test)();
