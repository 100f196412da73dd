// SPDX-License-Identifier: MIT
'use strict';

/*
 * Runs test262's tests of Promise against the Promise of promise.js. Each file
 * runs in a realm of its own, in the modes (strict, sloppy) that it declares.
 *
 *   node run-test262.js PATH-OF-TEST262 [PART-OF-A-FILE-NAME]
 *
 * expected-failures.txt lists the files that fail, with reasons. Any other
 * failure is an error, and so is a listed file that passes.
 */
const fs = require('fs');
const path = require('path');
const vm = require('vm');

const native = require(process.env.AVOW_BINDING ?? './build/binding.node');

const TIMEOUT = 10000; /* ms; limit of a file */
const HERE = 'test/built-ins/Promise';

const read = (file) => fs.readFileSync(file, 'utf8');

const shim = new vm.Script(`(function (module) {${
  read(path.join(__dirname, 'promise.js'))}\nreturn module.exports; })`,
{ filename: 'promise.js' });

/* The parts of the front matter that a runner needs. */
const parseMeta = (source) => {
  const yaml = /\/\*---\r?\n([^]*?)---\*\//.exec(source)?.[1] ?? '';
  const list = (key) => {
    const items = '(?:\\[([^\\]]*)\\]|((?:\\n\\s+- .*)+))';
    const found = new RegExp(`^${key}:\\s*${items}`, 'm').exec(yaml);
    return (found?.[1] ?? found?.[2] ?? '').split(/,|\n\s*- /)
      .map((item) => item.trim()).filter((item) => item !== '');
  };
  const negative = /^negative:\s*\n((?:\s+.*\n?)+)/m.exec(yaml)?.[1];
  return {
    flags: list('flags'),
    includes: list('includes'),
    features: list('features'),
    negative: negative && { phase: /phase:\s*(\w+)/.exec(negative)?.[1],
      type: /type:\s*(\w+)/.exec(negative)?.[1] },
  };
};

const makeRealm = (print) => {
  const context = vm.createContext({ print, setTimeout });
  const global = vm.runInContext('globalThis', context);
  const Promise = shim.runInContext(context)({})(native);
  Object.defineProperty(global, 'Promise', { value: Promise, writable: true,
    enumerable: false, configurable: true });
  const evaluate = (source, filename) =>
    vm.runInContext(source, context, { filename, timeout: TIMEOUT });
  global.$262 = { global, evalScript: evaluate,
    createRealm: () => makeRealm(print).global.$262 };
  return { global, evaluate };
};

/* Returns the features that this Node lacks, such as AggregateError or
   Symbol.species. promise.js provides those of Promise. */
const missing = (features) => features.filter((feature) =>
  /^(?!Promise)[A-Z][\w.]*$/.test(feature) &&
  vm.runInThisContext(`try { typeof ${feature} } catch { 'undefined' }`) ===
    'undefined');

const describe = (error) => error === null || typeof error !== 'object' ?
  String(error) : `${error.constructor?.name}: ${error.message}`;

const evaluateAll = (realm, root, test) => {
  const harness = ['assert.js', 'sta.js', ...test.meta.includes];
  if (test.meta.flags.includes('async'))
    harness.push('doneprintHandle.js');
  if (!test.meta.flags.includes('raw')) {
    for (const name of harness)
      realm.evaluate(read(path.join(root, 'harness', name)), name);
  }
  realm.evaluate((test.strict ? '"use strict";\n' : '') + test.source,
    test.file);
};

/* Resolves with the first problem, or with undefined. */
const runTest = (root, test) => new Promise((resolve) => {
  const { flags, negative } = test.meta;
  let problem, isDone = false;
  const done = (found) => {
    problem ??= found;
    if (!isDone)
      setImmediate(() => { stop(); resolve(problem); }); /* after all jobs */
    isDone = true;
  };
  const starve = () => done('never called $DONE');
  const crash = (error) => done(describe(error));
  const timer = setTimeout(done, TIMEOUT, 'did not end').unref();
  const stop = () => {
    clearTimeout(timer);
    process.removeListener('beforeExit', starve);
    process.removeListener('uncaughtException', crash);
  };
  process.on('beforeExit', starve); /* no more events */
  process.on('uncaughtException', crash);
  const realm = makeRealm((line) =>
    done(line === 'Test262:AsyncTestComplete' ? undefined : line));
  try {
    evaluateAll(realm, root, test);
    if (negative !== undefined)
      done(`no ${negative.type} was thrown`);
    else if (!flags.includes('async'))
      done();
  } catch (error) {
    done(negative !== undefined && negative.type === error?.constructor?.name ?
      undefined : describe(error));
  }
});

const findFiles = (folder) => fs.readdirSync(folder, { withFileTypes: true })
  .flatMap((entry) => entry.isDirectory() ?
    findFiles(path.join(folder, entry.name)) :
    entry.name.endsWith('.js') && !entry.name.includes('_FIXTURE') ?
      [path.join(folder, entry.name)] : []).sort();

/* Returns one or two tests for a file. */
const testsOf = (root, file) => {
  const source = read(file);
  const meta = parseMeta(source);
  const { flags } = meta;
  const modes = flags.includes('onlyStrict') ? [true] :
    flags.includes('noStrict') || flags.includes('raw') ? [false] :
      [false, true];
  return modes.map((strict) => ({ file: path.relative(root, file), source, meta,
    strict }));
};

/* Reads lines "file: reason". */
const readExpected = () => new Map(
  read(path.join(__dirname, 'expected-failures.txt')).split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/:\s+(.*)/).slice(0, 2)));

/* Files whose combinators were those of avow, and files in which promise.js
   combined: other constructors, foreign promises and keys. */
const combined = { byAvow: new Set(), byShim: new Set() };

/* Maps each failed file to its problem. */
const runAll = async (root, tests) => {
  const problems = new Map();
  for (const test of tests) {
    native.combined = (byAvow) =>
      combined[byAvow ? 'byAvow' : 'byShim'].add(test.file);
    const problem = await runTest(root, test);
    if (problem === undefined)
      continue;
    console.log(`${test.file} (${test.strict ? 'strict' : 'sloppy'}): ${
      problem}`);
    problems.set(test.file, problem);
  }
  return problems;
};

const main = async (root, part = '') => {
  const files = findFiles(path.join(root, HERE)).filter((file) =>
    file.includes(part));
  const found = files.flatMap((file) => testsOf(root, file));
  const tests = found.filter(({ meta }) => missing(meta.features).length === 0);
  const names = new Set(tests.map(({ file }) => file));
  for (const { file, meta } of found.filter((test) => !tests.includes(test)))
    console.log(`${file}: skipped, this Node lacks ${missing(meta.features)}`);
  const failed = await runAll(root, tests);
  const expected = readExpected();
  const surprises = [
    ...[...failed.keys()].filter((file) => !expected.has(file))
      .map((file) => `unexpected failure: ${file}`),
    ...[...expected.keys()]
      .filter((file) => names.has(file) && !failed.has(file))
      .map((file) => `unexpected pass: ${file}`),
  ];
  surprises.forEach((line) => console.log(line));
  console.log(`result: test262: ${names.size - failed.size} of ${files.length} ` +
    `files pass (${tests.length} runs), ${failed.size} fail, ${
      files.length - names.size} skipped, ${surprises.length} unexpected`);
  const { byAvow, byShim } = combined;
  const any = new Set([...byAvow, ...byShim]);
  console.log(`test262: of ${any.size} files that call combinators ${
    any.size - byShim.size} use only avow's, ${any.size - byAvow.size} only ` +
    `the shim's, ${byAvow.size + byShim.size - any.size} both`);
  process.exitCode = surprises.length > 0 || names.size === 0 ? 1 : 0;
};

const root = process.argv[2] || process.env.TEST262;
if (root === undefined || root === '')
  console.log('test262: not run; pass a checkout of test262 or set $TEST262');
else
  main(path.resolve(root), process.argv[3]);
