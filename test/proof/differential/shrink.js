// SPDX-License-Identifier: MIT
'use strict';
/*
 * Reduces a program that shows a difference. Each sequence of lines is a
 * program. Therefore this removes lines, first many at once and then one by
 * one. Then it simplifies the rest word by word. A difference must remain.
 */
const { format } = require('./generate');

const PLAIN_HEAD = 'main 10000';
const COMBINATORS = ['all', 'settled', 'race', 'any'];
const VALUED = new Set([...COMBINATORS, 'of', 'fail', 'resolve', 'reject']);
const REACTIONS = ['then', 'catch', 'finally'];
const CALLING = new Set(['try', 'async', 'repeat', 'retry']);
const TARGETED =
  new Set([...COMBINATORS, ...REACTIONS, 'of', 'fail', 'try', 'async']);

function parse(text) {
  const [head, ...lines] = text.trimEnd().split('\n').slice(0, -1);
  const [, , mode, budget] = head.split(' ');
  return { head: `${mode} ${budget}`, lines };
}

function unparse({ head, lines }) {
  return format(0, head, lines);
}

function withLines(program, lines) {
  return { head: program.head, lines };
}

/* Returns programs that each lack `size` consecutive lines. */
function withoutLines(program, size) {
  const candidates = [];
  const { lines } = program;
  for (let at = 0; at < lines.length; at += size) {
    const kept = lines.filter((_, i) => i < at || i >= at + size);
    candidates.push(withLines(program, kept));
  }
  return candidates;
}

/* Returns simpler words for an operand that is a value. */
function plainValues(word) {
  if (word[0] === 'P')
    return ['n', word.toLowerCase()];
  return word === 'n' ? [] : ['n'];
}

/* Returns simpler words for a word. */
function plainWords(op, word, at) {
  const takesValue = at === 2 ? op === 'return' : VALUED.has(op);
  if (takesValue)
    return plainValues(word);
  if (/^[PD]/.test(word))
    return [word.toLowerCase()];
  if (TARGETED.has(op) && at === 2 && word !== '-')
    return ['-'];
  if (word[0] === 'f' && !CALLING.has(op))
    return ['-'];
  const counts = op === 'clock' || (op === 'round' && at === 2);
  return counts && word > 1 ? [String(word - 1)] : [];
}

function plainLines(line) {
  const words = line.split(' ');
  const op = words[1];
  const lines = [];
  for (let i = 2; i < words.length; i++) {
    for (const word of plainWords(op, words[i], i))
      lines.push(words.with(i, word).join(' '));
    if (COMBINATORS.includes(op) && i > 2)
      lines.push(words.filter((_, k) => k !== i).join(' '));
  }
  return lines;
}

function withPlainWords(program) {
  const candidates = [];
  program.lines.forEach((line, i) => {
    for (const plain of plainLines(line))
      candidates.push(withLines(program, program.lines.with(i, plain)));
  });
  return candidates;
}

/* Returns programs in which one step moves into the previous one. */
function withFewerSteps(program) {
  return [1, 2, 3].map((step) => {
    const move = (line) => line.replace(`s${step} `, `s${step - 1} `);
    return withLines(program, program.lines.map(move));
  });
}

function plainer(program) {
  const candidates = [...withFewerSteps(program), ...withPlainWords(program)];
  if (program.head !== PLAIN_HEAD)
    candidates.unshift({ head: PLAIN_HEAD, lines: program.lines });
  const text = unparse(program);
  return candidates.filter((candidate) => unparse(candidate) !== text);
}

/* Returns the first candidate that still shows a difference, or null. */
async function first(pair, candidates) {
  if (candidates.length === 0)
    return null;
  const found = await pair.firstDifference(candidates.map(unparse));
  return found && candidates[found.index];
}

async function repeat(pair, program, propose) {
  for (;;) {
    const smaller = await first(pair, propose(program));
    if (!smaller)
      return program;
    program = smaller;
  }
}

async function shrink(pair, text) {
  let program = parse(text);
  for (let before; before !== unparse(program);) {
    before = unparse(program);
    for (let n = program.lines.length >> 1; n > 0; n >>= 1)
      program = await repeat(pair, program, (p) => withoutLines(p, n));
    program = await repeat(pair, program, plainer);
  }
  return unparse(program);
}

module.exports = { shrink };
