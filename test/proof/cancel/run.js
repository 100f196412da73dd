// SPDX-License-Identifier: MIT
'use strict';
/*
 * Compares avow with the model of canceling on random programs:
 *
 *   node run.js [--count N] [--seed S] [--stackless]
 *     [--interpreter build/…/cancel_interpret]
 *
 * known.txt lists the kinds of difference that the library still has. Each
 * kind is a quirk of the model. A random program has to do on the library what
 * the model with all listed quirks says. The program of each kind has to
 * differ from the model without quirks, and has to agree with the model that
 * has the one quirk. So the test fails on any difference that is not listed,
 * and on a listed one that no longer occurs. A program that fails is made
 * small and printed with both logs.
 */
const path = require('path');
const { parseArgs } = require('util');
const { shrink } = require('../differential/shrink');
const { Comparison } = require('./compare');
const { generate } = require('./generate');
const { checkKinds, readKinds } = require('./known');

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
    seed: Number(values.seed || Math.floor(Math.random() * 2 ** 32)),
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
  console.log(`Program ${index} of seed ${seed} differs; making it small`);
  const small = await shrink(comparison, program);
  console.log(small);
  printDifference(await comparison.firstDifference([small]));
}

/* The kinds without which a program would differ. */
async function kindsOf(comparison, program, log, touched) {
  const all = comparison.quirks;
  const found = [];
  if ((await comparison.agrees(program, log, [])).same)
    return found;
  for (const name of touched) {
    const others = all.filter((other) => other !== name);
    if (!(await comparison.agrees(program, log, others)).same)
      found.push(name);
  }
  return found;
}

class Tally {
  constructor(kinds) {
    this.counts = new Map(kinds.map(({ name }) => [name, 0]));
    this.programs = 0;
    this.different = 0;
    this.began = Date.now();
  }

  add(kinds) {
    this.programs++;
    this.different += kinds.length > 0 ? 1 : 0;
    for (const kind of kinds)
      this.counts.set(kind, this.counts.get(kind) + 1);
  }

  print() {
    const { counts, different, programs } = this;
    const seconds = (Date.now() - this.began) / 1000;
    console.log(`${programs} programs in ${seconds} s; ` +
      `${different} differ from the rules, each in a known way`);
    for (const [name, count] of counts)
      console.log(`  ${String(count).padStart(6)}  ${name}`);
  }
}

async function compareBatch(comparison, options, from, tally) {
  const programs = [];
  for (let i = from; i < Math.min(from + BATCH, options.count); i++)
    programs.push(generate(options.seed, i));
  const logs = await comparison.library(programs);
  for (const [i, program] of programs.entries()) {
    const { same, touched } =
      await comparison.agrees(program, logs[i], comparison.quirks);
    if (!same) {
      await report(comparison, options, from + i, program);
      return false;
    }
    tally.add(touched.size === 0 ? [] :
      await kindsOf(comparison, program, logs[i], touched));
  }
  return true;
}

async function compare(comparison, options, kinds) {
  const tally = new Tally(kinds);
  let same = true;
  for (let from = 0; same && from < options.count; from += BATCH)
    same = await compareBatch(comparison, options, from, tally);
  tally.print();
  if (same)
    console.log(`result: ${tally.programs} programs, no difference but ` +
      `${tally.different} in ${kinds.length} known kinds`);
  return same;
}

async function main() {
  const options = readOptions();
  console.log(`seed ${options.seed}`);
  const kinds = readKinds();
  const comparison = new Comparison(options, kinds.map(({ name }) => name));
  try {
    const sound = await checkKinds(comparison, kinds);
    const same = await compare(comparison, options, kinds);
    process.exitCode = sound && same ? 0 : 1;
  } finally {
    comparison.close();
  }
}

main();
