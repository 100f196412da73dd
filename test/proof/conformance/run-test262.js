// SPDX-License-Identifier: MIT
'use strict';

/*
 * Runs test262's tests of Promise against the Promise of promise.js, each file
 * in a realm of its own, strict and sloppy as the file has it.
 *
 *   node run-test262.js PATH-OF-TEST262 [PART-OF-A-FILE-NAME]
 *
 * expected-failures.txt names what fails and why; anything else that fails is
 * an error, and so is one of these that passes.
 */
const fs = require('fs');
const path = require('path');
const vm = require('vm');

const native = require(process.env.AVOW_BINDING ?? './build/binding.node');

const TIMEOUT = 10000; /* ms, of a file that does not end */
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

/* Which of the features, such as AggregateError or Symbol.species, this Node
   has not. Promise's own are promise.js's to have. */
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

/* Resolves with what went wrong, if anything. */
const runTest = (root, test) => new Promise((resolve) => {
  const { flags, negative } = test.meta;
  let problem, isDone = false;
  const done = (found) => {
    problem ??= found;
    if (!isDone)
      setImmediate(() => { stop(); resolve(problem); }); /* jobs come first */
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
  process.on('beforeExit', starve); /* nothing is left to do */
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

/* One or two for each file. */
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

/* "file: reason" a line. */
const readExpected = () => new Map(
  read(path.join(__dirname, 'expected-failures.txt')).split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/:\s+(.*)/).slice(0, 2)));

/* Files whose combinators were avow's, and those in which promise.js counted
   for other constructors, for foreign promises or for keys. */
const combined = { byAvow: new Set(), byShim: new Set() };

/* The problems of all the tests by file. */
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
    console.log(`${file}: skipped, this Node has no ${missing(meta.features)}`);
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
    any.size - byShim.size} are avow's alone, ${any.size - byAvow.size} the ` +
    `shim's, ${byAvow.size + byShim.size - any.size} both`);
  process.exitCode = surprises.length > 0 || names.size === 0 ? 1 : 0;
};

const root = process.argv[2] || process.env.TEST262;
if (root === undefined || root === '')
  console.log('test262: not run, because neither an argument nor $TEST262 ' +
    'names a checkout');
else
  main(path.resolve(root), process.argv[3]);
