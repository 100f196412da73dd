// SPDX-License-Identifier: MIT
'use strict';
/*
 * Prints the tick table: the round of the queue (from 1) in which a handler
 * runs after each construct, on V8 and on avow. Fails if a row differs.
 *
 *   node ticks.js [--interpreter build/…/interpret] [--stackless]
 *
 * Each case stores its promise in p9. generate.js defines the words.
 */
const { parseArgs } = require('util');
const { format } = require('./generate');
const { Pair } = require('./pair');

const ROUNDS = 30;
const OBSERVER = 30;

const ONE = 'of p0 v1'; /* p0 is settled */
const BAD = 'of p0 e1';
const OPEN = 'new p0 d0';
const SETTLED = 'f0 of p1 v1; f0 return p1';
const FAILED = 'f0 of p1 e1; f0 return p1';
const NOW = 'f1 resolve me v1'; /* the then() of t1 */
const NESTED = 'f1 resolve me t2; f2 resolve me v1';

function handlers() {
  const then = `${ONE}; then p9 p0 f0 -`;
  return [
    ['resolve(value)', 'of p9 v1'],
    ['resolve(promise), the same', `${ONE}; of p9 p0`],
    ['resolve(thenable)', `of p9 t1; ${NOW}`],
    ['resolve(thenable that throws)', 'of p9 t1; f1 return e1'],
    ['resolve(thenable of a thenable)', `of p9 t1; ${NESTED}`],
    ['resolve(thenable of a promise)',
      `${ONE}; of p9 t1; f1 resolve me p0`],
    ['reject(error)', 'of p9 e1'],
    ['then -> value', `${then}; f0 return v1`],
    ['then -> throw', `${then}; f0 return e1`],
    ['then -> settled promise', `${then}; ${SETTLED}`],
    ['then -> rejected promise', `${then}; ${FAILED}`],
    ['then -> thenable', `${then}; f0 return t1; ${NOW}`],
    ['then -> itself', `${then}; f0 return p9`],
    ['then past a fulfillment', `${ONE}; catch p9 p0 f0`],
    ['then past a rejection', `${BAD}; then p9 p0 f0 -`],
    ['then without handlers', `${ONE}; then p9 p0 - -`],
    ['catch -> value', `${BAD}; catch p9 p0 f0; f0 return v1`],
    ['catch -> settled promise', `${BAD}; catch p9 p0 f0; ${SETTLED}`],
    ['2 thens -> values', `${ONE}; then p1 p0 f0 -; then p9 p1 f0 -`],
    ['3 thens past a rejection',
      `${BAD}; then p1 p0 f0 -; then p2 p1 f0 -; then p9 p2 f0 -`],
  ];
}

function deferreds() {
  const open = 'new p9 d0';
  return [
    ['deferred, value', `${open}; resolve d0 v1`],
    ['deferred, error', `${open}; reject d0 e1`],
    ['deferred, settled promise', `${open}; ${ONE}; resolve d0 p0`],
    ['deferred, rejected promise', `${open}; ${BAD}; resolve d0 p0`],
    ['deferred, pending promise',
      `${open}; new p0 d1; resolve d0 p0; resolve d1 v1`],
    ['deferred, thenable', `${open}; resolve d0 t1; ${NOW}`],
    ['deferred, itself', `${open}; resolve d0 p9`],
    ['deferred, rejected with a promise', `${open}; ${ONE}; reject d0 p0`],
    ['deferred, two that adopt each other',
      `${open}; new p1 d1; resolve d0 p1; resolve d1 p9`],
  ];
}

function tries() {
  return [
    ['try -> value', 'try p9 f0; f0 return v1'],
    ['try -> throw', 'try p9 f0; f0 return e1'],
    ['try -> settled promise', `try p9 f0; ${SETTLED}`],
    ['try -> thenable', `try p9 f0; f0 return t1; ${NOW}`],
  ];
}

function asyncs() {
  const call = 'async p9 f0';
  return [
    ['async -> value', `${call}; f0 return v1`],
    ['async -> throw', `${call}; f0 return e1`],
    ['async -> settled promise', `${call}; ${SETTLED}`],
    ['async -> thenable', `${call}; f0 return t1; ${NOW}`],
    ['async -> itself', `${call}; f0 await v1; f0 return p9`],
    ['await value', `${call}; f0 await v1; f0 return a`],
    ['await settled promise', `${ONE}; ${call}; f0 await p0; f0 return a`],
    ['await rejected promise', `${BAD}; ${call}; f0 await p0; f0 return v1`],
    ['await rejected promise, caught',
      `${BAD}; ${call}; f0 attempt p0; f0 return v1`],
    ['await thenable', `${call}; f0 await t1; f0 return a; ${NOW}`],
    ['await thenable that throws',
      `${call}; f0 attempt t1; f0 return v1; f1 return e1`],
    ['await pending promise',
      `${OPEN}; ${call}; resolve d0 v1; f0 await p0; f0 return a`],
    ['await, then -> settled promise',
      `${ONE}; ${call}; f0 await p0; f0 return p0`],
    ['3 awaits', `${call}; f0 await v1; f0 await v2; f0 await v3`],
    ['await of an async that awaits',
      `${call}; f0 async p1 f1; f0 await p1; f1 await v1; f1 return a`],
    ['async -> an async that awaits',
      `${call}; f0 async p1 f1; f0 return p1; f1 await v1; f1 return a`],
  ];
}

function finals(what, first) {
  const then = `${first}; finally p9 p0 f0`;
  return [
    [`${what}, absent`, `${first}; finally p9 p0 -`],
    [`${what} -> value`, `${then}; f0 return v1`],
    [`${what} -> throw`, `${then}; f0 return e1`],
    [`${what} -> settled promise`, `${then}; ${SETTLED}`],
    [`${what} -> rejected promise`, `${then}; ${FAILED}`],
    [`${what} -> thenable`, `${then}; f0 return t1; ${NOW}`],
    [`${what} -> thenable that throws`,
      `${then}; f0 return t1; f1 return e1`],
    [`${what} -> itself`, `${then}; f0 return p9`],
  ];
}

function combinators(name) {
  return [
    [`${name} of nothing`, `${name} p9`],
    [`${name} of a value`, `${name} p9 v1`],
    [`${name} of 3 values`, `${name} p9 v1 v2 v3`],
    [`${name} of a settled promise`, `${ONE}; ${name} p9 p0`],
    [`${name} of the same one twice`, `${ONE}; ${name} p9 p0 p0`],
    [`${name} of a rejected promise`, `${BAD}; ${name} p9 p0`],
    [`${name} of a fulfilled, a rejected`,
      `${ONE}; of p1 e1; ${name} p9 p0 p1`],
    [`${name} of a pending promise`, `${OPEN}; ${name} p9 p0; resolve d0 v1`],
    [`${name} of a thenable`, `${name} p9 t1; ${NOW}`],
    [`${name} of a settled, a pending`, `${ONE}; new p1 d1; ${name} p9 p0 p1`],
  ];
}

/* Handlers that return promises whose handlers return promises. */
function nestedHandlers(depth, letter) {
  let text = `${ONE}; then p9 p0 f0 -`;
  for (let i = 0; i < depth; i++) {
    text += `; f${i} of p1 v1; f${i} then p2 ${letter}1 f${i + 1} -`;
    text += `; f${i} return ${letter}2`;
  }
  return text;
}

/* A row of promises, each resolved with the next, the last one first. */
function nestedDeferreds(depth) {
  let text = 'new p9 d9';
  for (let i = 10; i < 10 + depth; i++)
    text += `; new p${i} d${i}; resolve d${i - 1} p${i}`;
  return `${text}; resolve d${9 + depth} v1`;
}

function nested() {
  return [1, 2, 3, 4, 5, 12].flatMap((depth) => [
    [`handlers nested ${depth} deep`, nestedHandlers(depth, 'p')],
    [`handlers nested ${depth} deep, unshared`, nestedHandlers(depth, 'P')],
    [`deferreds nested ${depth} deep`, nestedDeferreds(depth)],
  ]);
}

function allCases() {
  return [
    ...handlers(), ...deferreds(), ...tries(), ...asyncs(),
    ...finals('finally', ONE), ...finals('finally of a rejection', BAD),
    ...['all', 'settled', 'any', 'race'].flatMap(combinators), ...nested(),
  ];
}

function toProgram([, text], index) {
  const lines = [`clock ${ROUNDS}`, ...text.split('; ')];
  lines.push(`then - p9 f${OBSERVER} f${OBSERVER}`);
  const placed = lines.map((line) => /^f\d/.test(line) ? line : 's0 ' + line);
  return format(index, 'main 10000', placed);
}

function round(log) {
  const lines = log.split('\n');
  const at = lines.findIndex((line) => line.startsWith(`f${OBSERVER} `));
  const before = lines.slice(0, at).filter((line) => /^tick/.test(line));
  return at < 0 ? 'never' : String(before.length);
}

function rounds(log) {
  return log.toString('latin1').split(/^program .*\n/m).slice(1).map(round);
}

function print(name, v8, avow) {
  const mark = v8 === avow ? '' : '  differs';
  console.log(name.padEnd(44) + v8.padStart(6) + avow.padStart(7) + mark);
}

async function main() {
  const options =
    { interpreter: { type: 'string' }, stackless: { type: 'boolean' } };
  const pair = new Pair(parseArgs({ options }).values);
  try {
    const cases = allCases();
    const { died, ...logs } = await pair.run(cases.map(toProgram));
    const [v8, avow] = [rounds(logs.v8), rounds(logs.avow)];
    console.log(''.padEnd(44) + 'V8'.padStart(6) + 'avow'.padStart(7));
    cases.forEach(([name], i) => print(name, v8[i], avow[i] || 'died'));
    process.exitCode = !died && logs.v8.equals(logs.avow) ? 0 : 1;
  } finally {
    pair.close();
  }
}

main();
