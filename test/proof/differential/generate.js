// SPDX-License-Identifier: MIT
'use strict';
/*
 * Makes random programs with promises. A program is lines of words:
 *
 *   program 17 main 10000    number, where steps run, budget of jobs (C)
 *   s0 new p0 d0             a place, and a statement
 *   s0 then p1 p0 f0 -
 *   f0 return v3
 *   s1 resolve D0 t2
 *   end
 *
 * Places: s0, s1, … are steps, before which the queue is empty. f0, f1, … are
 * functions. u runs when a rejection is reported as unhandled. `main`, `timer`,
 * `poll` and `job` select where C runs the steps.
 *
 * Operands: n is none, v3 a number, b3 bytes, e3 an error (e1, e3, … have more
 * than a code), p3 the promise in slot 3. P3 also empties the slot. t3 is a new
 * thenable whose then() is function 3, and a is the argument of the function.
 * Deferreds: d3, D3, and `me` for the deferred that a thenable got.
 *
 * Each sequence of lines is a program, because a statement has no effect if it
 * lacks an operand. Therefore any line may be removed. Statements and calls use
 * fuel, so that each program ends.
 *
 * `async p1 f0` calls f0 as an async function. Only async functions execute
 * await and attempt (an await that catches errors). The awaited value becomes
 * the argument.
 *
 * `sleep p1`, `turn p1` and `remote p1 v3` wait for a task of the loop: a timer
 * with a fixed duration, the next iteration, or a value from another thread. A
 * program has at most one kind of task, because the order of different kinds
 * depends on the time. Its budget is large, because V8 has no budget.
 *
 * To add a construct, add an entry to WEIGHTS, a function here that makes it,
 * and a method with its name to both interpreters.
 */

const WEIGHTS = {
  new: 6, of: 6, fail: 3, try: 3, resolve: 10, reject: 4, then: 16, catch: 4,
  finally: 6, observe: 3, all: 2, settled: 2, race: 2, any: 2, drop: 3,
  clock: 2, keep: 1,
  async: 8, await: 8, attempt: 4,
};
const TASKS = { sleep: 8, turn: 8, remote: 8 };
const ALWAYS = new Set(['new', 'resolve', 'then']);
const MODES = ['main', 'timer', 'poll', 'job'];
const BUDGETS = [1, 2, 7, 10000, 10000, 10000];
const PLENTY = [10000];

/* sfc32, which gives the same numbers on each system. */
function randomFrom(seed, index) {
  let [a, b, c, d] = [seed >>> 0, index >>> 0, 0x9e3779b9, 1];
  const next = () => {
    const t = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++)
    next();
  return next;
}

class Generator {
  constructor(seed, index) {
    this.random = randomFrom(seed, index);
    this.index = index;
    this.lines = [];
    this.promises = 3 + this.below(5);
    this.deferreds = 1 + this.below(4);
    this.functions = 2 + this.below(7);
    this.steps = 1 + this.below(4);
    this.moves = this.pick([0, 15, 50, 90]);
    this.chooseWeights();
  }

  below(n) {
    return this.random() % n;
  }

  chance(percent) {
    return this.below(100) < percent;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /* Each program prefers some constructs and omits others. */
  chooseWeights() {
    this.bag = [];
    for (const name in WEIGHTS) {
      const factor = this.pick(ALWAYS.has(name) ? [1, 1, 2] : [0, 1, 1, 3]);
      for (let i = WEIGHTS[name] * factor; i > 0; i--)
        this.bag.push(name);
    }
    const roll = this.below(100); /* V8 sleeps in real time */
    this.task = roll < 3 ? 'sleep' : roll < 18 ? 'turn' : roll < 33 && 'remote';
    for (let i = this.task ? TASKS[this.task] : 0; i > 0; i--)
      this.bag.push(this.task);
  }

  add(place, words) {
    this.lines.push(`${place} ${words}`);
  }

  slot() {
    return this.below(this.promises);
  }

  promise() {
    return (this.chance(this.moves) ? 'P' : 'p') + this.slot();
  }

  target() {
    return this.chance(12) ? '-' : 'p' + this.slot();
  }

  deferred(place) {
    if (place[0] === 'f' && this.chance(30))
      return 'me';
    return (this.chance(this.moves) ? 'D' : 'd') + this.below(this.deferreds);
  }

  fn() {
    return 'f' + this.below(this.functions);
  }

  handler() {
    return this.chance(25) ? '-' : this.fn();
  }

  operand(place) {
    const roll = this.below(100);
    if (roll < 38)
      return this.promise();
    if (roll < 50)
      return 't' + this.below(this.functions);
    if (roll < 68)
      return 'e' + this.below(6);
    if (roll < 78 && place[0] === 'f')
      return 'a';
    if (roll < 84)
      return 'n';
    return (roll < 90 ? 'b' : 'v') + this.below(10);
  }

  input(place) {
    return this.chance(75) ? this.promise() : this.operand(place);
  }

  inputs(place) {
    let words = '';
    for (let n = this.below(6); n > 0; n--)
      words += ' ' + this.input(place);
    return words;
  }

  statement(place) {
    const name = this.pick(this.bag);
    this.add(place, `${name} ${this[name](place)}`);
  }

  new() {
    return `p${this.slot()} d${this.below(this.deferreds)}`;
  }

  of(place) {
    return `${this.target()} ${this.operand(place)}`;
  }

  fail(place) {
    return `${this.target()} ${this.operand(place)}`;
  }

  try() {
    return `${this.target()} ${this.fn()}`;
  }

  resolve(place) {
    return `${this.deferred(place)} ${this.operand(place)}`;
  }

  reject(place) {
    return `${this.deferred(place)} ${this.operand(place)}`;
  }

  then() {
    const handlers = `${this.handler()} ${this.handler()}`;
    return `${this.target()} ${this.promise()} ${handlers}`;
  }

  catch() {
    return `${this.target()} ${this.promise()} ${this.handler()}`;
  }

  finally() {
    return `${this.target()} ${this.promise()} ${this.handler()}`;
  }

  observe() {
    return `${this.promise()} ${this.handler()}`;
  }

  all(place) {
    return this.target() + this.inputs(place);
  }

  settled(place) {
    return this.all(place);
  }

  race(place) {
    return this.all(place);
  }

  any(place) {
    return this.all(place);
  }

  drop() {
    return `p${this.slot()}`;
  }

  async() {
    return `${this.target()} ${this.fn()}`;
  }

  await(place) {
    return this.input(place);
  }

  attempt(place) {
    return this.input(place);
  }

  sleep() {
    return this.target();
  }

  turn() {
    return this.target();
  }

  remote() {
    return `${this.target()} ${this.pick(['n', 'v', 'b', 'e'])}${this.below(6)}`;
  }

  clock() {
    return String(1 + this.below(10));
  }

  keep() {
    return `d${this.below(this.deferreds)}`;
  }

  body(place) {
    for (let n = this.pick([0, 0, 1, 1, 2, 3]); n > 0; n--)
      this.statement(place);
    if (this.chance(80))
      this.add(place, `return ${this.operand(place)}`);
  }

  /* Adds handlers that return promises of handlers that return promises. */
  nest() {
    const first = this.functions;
    const depth = this.pick([1, 2, 3, 4, 5, 6, 12]);
    this.functions += depth;
    const [inner, outer] = [this.slot(), this.slot()];
    const letter = this.chance(70) ? 'P' : 'p';
    for (let i = first; i < first + depth; i++) {
      const next = i + 1 < first + depth ? 'f' + (i + 1) : this.fn();
      this.add('f' + i, `of p${inner} v${this.below(10)}`);
      this.add('f' + i, `then p${outer} ${letter}${inner} ${next} -`);
      this.add('f' + i, `return ${letter}${outer}`);
    }
    this.add('s0', `clock ${2 * depth + 4}`);
    this.add('s0', `of p${inner} n`);
    this.add('s0', `then p${outer} p${inner} f${first} -`);
    this.add('s0', `then - p${outer} ${this.fn()} ${this.fn()}`);
  }

  /* Adds async functions with several awaits, mostly of settled promises. */
  routine() {
    const place = 'f' + this.functions++;
    for (let n = 2 + this.below(6); n > 0; n--) {
      const p = this.slot();
      if (this.chance(60))
        this.add(place, `of p${p} ${this.chance(70) ? 'v5' : this.operand(place)}`);
      if (this.chance(40))
        this.statement(place);
      this.add(place, `${this.pick(['await', 'attempt'])} ${this.pick(['p', 'P'])}${p}`);
    }
    this.add('s0', `async ${this.target()} ${place}`);
  }

  /* Adds tasks that are due at the same time, with chains of handlers. */
  crowd() {
    for (let n = 2 + this.below(3); n > 0; n--) {
      const p = 'p' + this.slot();
      this.add('s0', `${this.task} ${this[this.task]().replace(/^\S+/, p)}`);
      for (let i = this.below(4); i > 0; i--)
        this.add('s0', `then ${p} ${p} ${this.fn()} ${this.handler()}`);
    }
  }

  step(place) {
    if (this.chance(50))
      this.add(place, `clock ${3 + this.below(8)}`);
    for (let n = 2 + this.below(6); n > 0; n--)
      this.statement(place);
    if (this.chance(60))
      this.add(place, `then - p${this.slot()} ${this.fn()} ${this.fn()}`);
  }

  program() {
    if (this.chance(20))
      this.nest();
    if (this.task)
      this.crowd();
    for (let n = this.pick([0, 0, 1, 2]); n > 0; n--)
      this.routine();
    this.add('s0', `new p0 d0`);
    for (let i = 0; i < this.steps; i++)
      this.step('s' + i);
    for (let i = 0; i < this.functions; i++)
      this.body('f' + i);
    if (this.chance(30))
      this.statement('u');
    const budgets = this.task ? PLENTY : BUDGETS;
    const head = `${this.pick(MODES)} ${this.pick(budgets)}`;
    return format(this.index, head, this.lines);
  }
}

function format(index, head, lines) {
  return `program ${index} ${head}\n${lines.join('\n')}\nend\n`;
}

function generate(seed, index) {
  return new Generator(seed, index).program();
}

module.exports = { Generator, format, generate };

if (require.main === module) {
  const [seed, index = 0] = process.argv.slice(2).map(Number);
  process.stdout.write(generate(seed, index));
}
