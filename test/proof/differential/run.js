// SPDX-License-Identifier: MIT
'use strict';
/*
 * Compares avow with V8 on random programs:
 *
 *   node run.js [--count N] [--seed S] [--interpreter build/…/interpret]
 *     [--stackless]
 *
 * The script first runs the programs in regressions/. If the logs of a random
 * program differ, the script reduces the program, stores it in regressions/,
 * prints it with both logs, and fails.
 */
const fs = require('fs');
const path = require('path');
const { parseArgs } = require('util');
const { generate } = require('./generate');
const { Pair } = require('./pair');
const { shrink } = require('./shrink');

const KEPT = path.join(__dirname, 'regressions');
const BATCH = 20000;

function readOptions() {
  const string = { type: 'string' };
  const stackless = { type: 'boolean' };
  const options =
    { count: string, seed: string, interpreter: string, stackless };
  const { values } = parseArgs({ options });
  return {
    count: Number(values.count || 5000),
    seed: Number(values.seed || 1),
    interpreter: values.interpreter,
    stackless: values.stackless,
  };
}

function readKept() {
  const names = fs.readdirSync(KEPT).filter((name) => name.endsWith('.txt'));
  return names.map((name) => {
    const text = fs.readFileSync(path.join(KEPT, name), 'latin1');
    return { name, text: text.replace(/^#.*\n/gm, '') };
  });
}

function printDifference({ v8, avow }) {
  const [left, right] = [v8.split('\n'), avow.split('\n')];
  const width = Math.max(4, ...left.map((line) => line.length));
  console.log('\n  ' + 'V8'.padEnd(width) + '  avow');
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const [a, b] = [left[i] || '', right[i] || ''];
    console.log((a === b ? '  ' : '* ') + a.padEnd(width) + '  ' + b);
  }
}

async function replay(pair) {
  const kept = readKept();
  if (kept.length === 0)
    return true;
  const found = await pair.firstDifference(kept.map(({ text }) => text));
  if (!found) {
    console.log(`${kept.length} stored programs: no difference`);
    return true;
  }
  const { name, text } = kept[found.index];
  console.log(`regressions/${name} differs again:\n${text}`);
  printDifference(found);
  return false;
}

async function keep(pair, seed, index, text) {
  console.log(`Program ${index} of seed ${seed} differs; reducing it`);
  const small = await shrink(pair, text);
  const file = path.join(KEPT, `${seed}-${index}.txt`);
  fs.writeFileSync(file, small);
  console.log(`Stored as ${file}:\n${small}`);
  printDifference(await pair.firstDifference([small]));
}

function makeBatch(seed, from, count) {
  const programs = [];
  for (let i = from; i < Math.min(from + BATCH, count); i++)
    programs.push(generate(seed, i));
  return programs;
}

function progress(done, began) {
  const rate = Math.round(done / (Date.now() - began) * 1000);
  console.log(`${done} programs, ${rate} a second: no difference`);
}

async function compare(pair, { count, seed }) {
  const began = Date.now();
  let programs = makeBatch(seed, 0, count);
  for (let from = 0; programs.length > 0;) {
    const running = pair.firstDifference(programs);
    const next = makeBatch(seed, from + programs.length, count);
    const found = await running;
    if (found) {
      const index = from + found.index;
      await keep(pair, seed, index, programs[found.index]);
      return false;
    }
    from += programs.length;
    programs = next;
    progress(from, began);
  }
  console.log(`result: ${count} programs, no difference`);
  return true;
}

async function main() {
  const options = readOptions();
  console.log(`seed ${options.seed}`);
  const pair = new Pair(options);
  try {
    const same = await replay(pair) && await compare(pair, options);
    process.exitCode = same ? 0 : 1;
  } finally {
    pair.close();
  }
}

main();
