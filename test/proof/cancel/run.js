// SPDX-License-Identifier: MIT
'use strict';
/*
 * Compares avow with the model of canceling on random programs:
 *
 *   node run.js [--count N] [--seed S] [--stackless]
 *     [--interpreter build/…/cancel_interpret]
 *
 * A program with different logs is reduced and printed with both logs.
 */
const path = require('path');
const { parseArgs } = require('util');
const { shrink } = require('../differential/shrink');
const { Comparison } = require('./compare');
const { generate } = require('./generate');

const BUILT =
  path.join(__dirname, '../../../build/test/proof/cancel/cancel_interpret');
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
    interpreter: values.interpreter || BUILT,
    stackless: values.stackless,
  };
}

function printDifference({ model, avow }) {
  const width = Math.max(5, ...model.map((line) => line.length));
  console.log('\n  ' + 'model'.padEnd(width) + '  avow');
  for (let i = 0; i < Math.max(model.length, avow.length); i++) {
    const [a, b] = [model[i] || '', avow[i] || ''];
    console.log((a === b ? '  ' : '* ') + a.padEnd(width) + '  ' + b);
  }
}

async function report(comparison, { seed }, index, program) {
  console.log(`Program ${index} of seed ${seed} differs; reducing it`);
  const small = await shrink(comparison, program);
  console.log(small);
  printDifference(await comparison.firstDifference([small]));
}

/* Tells whether all programs from `index` to the end of the batch agree. */
async function compareBatch(comparison, options, from) {
  const programs = [];
  for (let i = from; i < Math.min(from + BATCH, options.count); i++)
    programs.push(generate(options.seed, i));
  const found = await comparison.firstDifference(programs);
  if (found)
    await report(comparison, options, from + found.index,
      programs[found.index]);
  return !found;
}

async function compare(comparison, options) {
  const began = Date.now();
  for (let from = 0; from < options.count; from += BATCH)
    if (!await compareBatch(comparison, options, from))
      return false;
  const seconds = (Date.now() - began) / 1000;
  console.log(`result: ${options.count} programs, no difference ` +
    `(${seconds} s)`);
  return true;
}

async function main() {
  const options = readOptions();
  console.log(`seed ${options.seed}`);
  const comparison = new Comparison(options);
  try {
    process.exitCode = await compare(comparison, options) ? 0 : 1;
  } finally {
    comparison.close();
  }
}

main();
