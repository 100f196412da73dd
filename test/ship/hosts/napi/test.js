// SPDX-License-Identifier: MIT
// Tests the statements of docs/node.md with the add-on of examples/napi, which
// is in $ADDON.
const { spawnSync } = require('child_process');
const { join } = require('path');
const { isDeepStrictEqual, inspect } = require('util');
const { Worker, isMainThread, parentPort } = require('worker_threads');

const addon = join(process.env.ADDON, 'files.node');
const { read, within, echo } = require(addon);

const report = (name, ok, found) => {
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}${ok ? '' : `: ${inspect(found)}`}`);
  process.exitCode ||= ok ? 0 : 1;
};

const never = new Promise(() => {});
const reason = (promise) => promise.then(() => null, (error) => error);

// Calls the add-on all the time in both directions until the worker ends.
const work = () => {
  const again = () => within(1, read(__filename)).catch(() => {}).then(again);
  for (let i = 0; i < 20; i++) {
    again();
    reason(within(1e9, never));
    reason(echo(new Promise((resolve) => setTimeout(resolve, i))));
  }
  read(__filename).then(() => parentPort.postMessage('busy'));
};

const terminate = async (count) => {
  let left = count, ended = 0;
  const next = () => new Promise((resolve) => {
    if (left-- <= 0)
      return resolve();
    const worker = new Worker(__filename);
    worker.on('message', () =>
      setTimeout(() => worker.terminate(), Math.random() * 40));
    worker.on('error', (error) => console.log(error));
    worker.on('exit', () => {
      ended++;
      resolve(next());
    });
  });
  await Promise.all(Array.from({ length: 8 }, next));
  return ended;
};

const values = async () => {
  for (const each of [0, -1, 2 ** 53 - 1, 0.5, undefined, 2n ** 60n,
    [1, [2, undefined]], Buffer.from('a\0b'), []]) {
    const found = await echo(each);
    report(`${inspect(each)} comes back`, isDeepStrictEqual(found, each), found);
  }
  let found = await echo('tëxt');
  report('a string comes back as a Buffer', found.toString() === 'tëxt', found);
  found = await echo({ then: (resolve) => resolve(5) });
  report('a thenable is adopted', found === 5, found);
};

const errors = async () => {
  let found = await reason(read('/nowhere'));
  report('errors have a code and a message',
    found.code === 'ENOENT' && found.message.includes("'/nowhere'"), found);
  found = await reason(echo(Promise.reject(new TypeError('a word'))));
  report('a rejection comes back as an Error',
    found.code === 'AVOW_ETHROWN' && found.message === 'a word', found);
  found = await reason(echo(Promise.reject(7)));
  report('another reason is the cause',
    found.code === 'AVOW_EREASON' && found.cause === 7, found);
  found = await reason(echo({}));
  report('an object is refused', found.code === 'EINVAL', found);
  found = await reason(echo({ get then() { throw new Error('thrown'); } }));
  report('an error of a getter is the reason', found.message === 'thrown',
    found);
  found = await reason(within(1e9, read('/nowhere')));
  report('a code comes back', found.code === 'ENOENT' && found.errno < 0,
    found);
  found = await reason(echo(new Error('a word', { cause: [7] })));
  report('a cause comes back', isDeepStrictEqual(found.cause, [7]), found);
  found = await reason(echo(Promise.reject(new DOMException('a word'))));
  report('an object with a message is an error', found.message === 'a word',
    found);
  found = await reason(echo(Promise.reject(Symbol())));
  report('a symbol is refused by name', found.message.includes('symbol'),
    found);
  found = await reason(within(5, never));
  report('a timeout rejects', found.code === 'ETIMEDOUT', found);
};

const throws = (object, name) => Object.defineProperty(object, name,
  { get() { throw new Error('thrown'); } });

// Values that are too large, contain themselves or throw are rejected.
const hostile = async () => {
  const huge = [];
  huge.length = 2 ** 32 - 1;
  let found = await reason(echo(huge));
  report('a huge Array is refused', found?.code === 'E2BIG', found);
  const cycle = [];
  cycle.push(cycle, cycle);
  found = await reason(echo(cycle));
  report('a list that contains itself is refused', found?.code === 'E2BIG',
    found);
  let shared = [];
  for (let i = 0; i < 30; i++)
    shared = [shared, shared];
  found = await reason(echo(shared));
  report('a list that repeats another list too often is refused',
    found?.code === 'E2BIG', found);
  for (const each of [throws([1, 2, 3], 1), [throws([1], 0)],
    throws(new Error('not this'), 'message'), throws(new Error(), 'errno'),
    throws({}, 'message')]) {
    found = await reason(echo(each));
    report('an error of a getter is the reason', found?.message === 'thrown',
      found);
  }
  class Twice { get message() { throw new Twice(); } }
  found = await reason(echo(new Twice()));
  report('an error that throws when it is read has no message',
    found?.code === 'AVOW_ETHROWN', found);
};

const order = async () => {
  const ran = [];
  await Promise.all(Array.from({ length: 50 }, async () => {
    await read(__filename);
    ran.push('reaction');
    process.nextTick(() => ran.push('tick'));
  }));
  await new Promise(setImmediate);
  report('reactions run when the promise settles',
    ran.join(' ') === Array(50).fill('reaction tick').join(' '), ran);
};

const collected = async () => {
  for (let i = 0; i < 1000; i++)
    reason(echo(new Promise(() => {})));
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.();
    await new Promise(setImmediate);
  }
  report('collected promises cause no failure', true);
};

const uncaught = () => {
  const end = spawnSync(process.execPath, ['-e',
    `require(${JSON.stringify(addon)}).read('/nowhere')`],
  { encoding: 'utf8', timeout: 60000 });
  report('an unhandled rejection ends the program',
    end.status === 1 && end.stderr.includes("ENOENT"), end);
};

const test = async () => {
  await values();
  await errors();
  await hostile();
  await order();
  await collected();
  uncaught();
  const ended = await terminate(100);
  report('100 workers are terminated at random times', ended === 100, ended);
  console.log('done');
};

if (isMainThread)
  test();
else
  work();
