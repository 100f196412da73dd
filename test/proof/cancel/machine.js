// SPDX-License-Identifier: MIT
'use strict';
/*
 * Runs programs (see generate.js) on the model and returns the lines that
 * interpret.c also prints:
 *
 *   f3 #12 v5      function 3 was called for promise 12, with its argument
 *   tick 2         the second round of a clock
 *   canceled #12   the callback for the cancellation of promise 12 was called
 *   = p0#1=v5      at the end of a step: the contents of each slot
 *   close          the loop is closed
 *
 * While the loop closes, a function prints its call, executes no statement and
 * returns its value, unless that is a promise.
 */
const {
  Async, Cell, Deferred, Failure, Finally, Settled, Then,
  FULFILLED, PENDING, REJECTED,
} = require('./cells');
const { Model } = require('./model');
const { Combinator, Repeat, Retry, Sleep } = require('./tools');

const FUEL = 200;
const DONE = 9; /* ends a repeat after too many steps */

const failures = Array.from({ length: 10 }, (_, i) => new Failure('e' + i));

function showList(list, depth) {
  if (depth === 0)
    return '[*]';
  return '[' + list.map((item) => show(item, depth - 1)).join() + ']';
}

function showCause({ text, cause }, depth) {
  if (text === 'a')
    return showList(cause, depth);
  return text === 'r' ? `(${show(cause, depth)})` : '';
}

function show(value, depth = 2) {
  if (value === undefined)
    return 'n';
  if (typeof value === 'number')
    return 'v' + value;
  if (typeof value === 'string')
    return value;
  if (Array.isArray(value))
    return showList(value, depth);
  return '!' + value.text + showCause(value, depth);
}

class Machine {
  constructor(program) {
    this.model = new Model();
    this.program = program;
    this.log = [];
    this.fuel = FUEL;
    this.closing = false;
    this.loose = false;
    this.ids = 0;
    this.promises = [];
    this.deferreds = [];
  }

  print(line) {
    this.log.push(line);
  }

  /* Slots and operands. */

  store({ kind, n }, cell, id) {
    cell.id = id;
    if (kind !== 'p')
      return void cell.refs--;
    if (this.promises[n])
      this.promises[n].refs--;
    this.promises[n] = cell;
  }

  take({ kind, n }) {
    const cell = this.promises[n];
    if (kind === 'P')
      this.promises[n] = undefined;
    else if (cell)
      cell.refs++;
    return cell;
  }

  value(operand, frame) {
    switch (operand.kind) {
    case 'v':
      return operand.n;
    case 'b':
      return 'b' + operand.n;
    case 'e':
      return failures[operand.n];
    case 'p':
    case 'P':
      return this.closing ? undefined : this.take(operand);
    case 'a':
      return frame.arg;
    default:
      return undefined;
    }
  }

  made(value) {
    const cell = new Settled(this.model, value);
    cell.id = ++this.ids;
    return cell;
  }

  input(operand, frame) {
    const isPromise = operand.kind === 'p' || operand.kind === 'P';
    return isPromise ? this.take(operand) :
      this.made(this.value(operand, frame));
  }

  /* Statements. */

  new([target, slot]) {
    const id = ++this.ids;
    const cell = new Deferred(this.model, () => this.print('canceled #' + id));
    this.deferreds[slot.n] = cell;
    this.store(target, cell, id);
  }

  of([target, operand], frame) {
    const value = this.value(operand, frame);
    if (value instanceof Cell)
      this.store(target, value, value.id);
    else
      this.store(target, this.made(value), this.ids);
  }

  fail([target, operand], frame) {
    this.store(target, this.made(this.reason(operand, frame)), this.ids);
  }

  /* Rule 2, for operands that are not promises. */
  reason(operand, frame) {
    const value = this.value(operand, frame);
    return value instanceof Failure ? value :
      new Failure('r', value);
  }

  async([target, fn]) {
    const id = ++this.ids;
    const cell = new Async(this.model);
    this.runAsync(cell, fn.n, id);
    this.store(target, cell, id);
  }

  deferred({ kind, n }) {
    const cell = this.deferreds[n];
    if (kind === 'D') {
      this.deferreds[n] = undefined;
      if (cell)
        cell.holders--;
    }
    return cell;
  }

  resolve([slot, operand], frame) {
    const cell = this.deferred(slot);
    if (cell)
      cell.resolveOnce(this.value(operand, frame));
  }

  reject([slot, operand], frame) {
    const cell = this.deferred(slot);
    if (cell)
      cell.resolveOnce(this.reason(operand, frame));
  }

  /* Adds a reaction that `make` makes from its source and its number. */
  react(target, operand, make) {
    const source = this.take(operand);
    if (!source)
      return;
    const id = ++this.ids;
    this.store(target, make(source, id), id);
  }

  then([target, operand, first, second]) {
    this.react(target, operand, (source, id) => new Then(this.model, source, {
      [FULFILLED]: this.handler(first, id),
      [REJECTED]: this.handler(second, id),
    }));
  }

  catch([target, operand, second]) {
    this.then([target, operand, { kind: '-' }, second]);
  }

  finally([target, operand, fn]) {
    this.react(target, operand, (source, id) =>
      new Finally(this.model, source, this.handler(fn, id)));
  }

  shield([target, operand]) {
    this.react(target, operand, (source) => this.model.shield(source));
  }

  all(args, frame) {
    this.combine('all', args, frame);
  }

  settled(args, frame) {
    this.combine('settled', args, frame);
  }

  race(args, frame) {
    this.combine('race', args, frame);
  }

  any(args, frame) {
    this.combine('any', args, frame);
  }

  combine(kind, [target, ...operands], frame) {
    const id = ++this.ids;
    const inputs = operands.map((operand) => this.input(operand, frame));
    const present = inputs.filter((input) => input);
    this.store(target, new Combinator(this.model, kind, present), id);
  }

  repeat([target, fn]) {
    const id = ++this.ids;
    const step = () => this.fuel === 0 || this.closing ? DONE :
      this.result(fn.n, id, undefined);
    this.store(target, new Repeat(this.model, step), id);
  }

  retry([target, fn, { n }]) {
    const id = ++this.ids;
    const attempt = () => this.result(fn.n, id, undefined);
    this.store(target, new Retry(this.model, attempt, n || 3), id);
  }

  sleep([target, { n }]) {
    this.store(target, new Sleep(this.model, n), ++this.ids);
  }

  cancel([{ n }]) {
    if (this.promises[n])
      this.model.cancel(this.promises[n]);
  }

  drop([{ n }]) {
    if (this.promises[n])
      this.promises[n].refs--;
    this.promises[n] = undefined;
  }

  /* A chain of V8's promises. */
  clock([{ n }]) {
    let promise = Promise.resolve();
    for (let i = 1; i <= n; i++)
      promise = promise.then(() => this.print('tick ' + i));
  }

  /* Calls a function in a round, without a line in the log. */
  round([{ n }, { kind, n: fn }]) {
    let promise = Promise.resolve();
    for (let i = 1; i < n; i++)
      promise = promise.then(() => {});
    promise.then(() => {
      if (kind === 'f' && !this.closing)
        this.release(this.run('f' + fn, {}));
    });
  }

  await() {} /* for statements of async functions */

  attempt() {}

  /* Functions. */

  handler({ kind, n }, id) {
    return kind === 'f' ? (arg) => this.result(n, id, arg) : undefined;
  }

  enter(fn, id, arg) {
    if (this.fuel === 0)
      return false;
    this.fuel--;
    this.print(`f${fn} #${id} ${show(arg)}`);
    return true;
  }

  result(fn, id, arg) {
    return this.enter(fn, id, arg) ? this.run('f' + fn, { arg }) : undefined;
  }

  release(value) {
    if (value instanceof Cell)
      value.refs--;
  }

  run(place, frame) {
    const lines = this.lines(place);
    for (const { op, args } of lines) {
      if (this.fuel === 0)
        return undefined;
      this.fuel--;
      if (op === 'return')
        return this.value(args[0], frame);
      if (!this.closing)
        this[op](args, frame);
    }
    return undefined;
  }

  lines(place) {
    return this.program.bodies.get(place) || [];
  }

  runAsync(cell, fn, id) {
    const frame = { arg: undefined };
    if (this.enter(fn, id, undefined))
      this.goOn(cell, frame, this.lines('f' + fn), 0);
    else
      cell.finish(undefined);
  }

  /* Executes an async function from a line on. */
  goOn(cell, frame, lines, at) {
    for (; at < lines.length && this.fuel > 0; at++) {
      const { op, args } = lines[at];
      this.fuel--;
      if (op === 'return')
        return cell.finish(this.value(args[0], frame));
      const input = this.awaited(op, args, frame);
      if (input)
        return this.park(cell, frame, lines, at, input);
      if (!this.closing)
        this[op](args, frame);
    }
    return cell.finish(undefined);
  }

  awaited(op, [operand], frame) {
    const awaits = op === 'await' || op === 'attempt';
    return awaits && !this.closing ? this.input(operand, frame) : undefined;
  }

  park(cell, frame, lines, at, input) {
    cell.await(input, ({ state, value }) => {
      frame.arg = value;
      if (state === REJECTED && lines[at].op === 'await')
        cell.finish(value);
      else
        this.goOn(cell, frame, lines, at + 1);
    });
  }

  /* The loop. */

  snapshot() {
    let line = '=';
    this.promises.forEach((cell, i) => {
      const { state, value } = cell ? cell.outcome : {};
      if (cell)
        line += ` p${i}#${cell.id}=${state === PENDING ? '?' : show(value)}`;
    });
    this.print(line);
  }

  async idle() {
    do
      await new Promise(setImmediate);
    while (this.model.advance());
  }

  async play() {
    const { steps, mode } = this.program;
    for (let i = 0; i < steps; i++) {
      this.release(this.run('s' + i, {}));
      if (mode !== 'close' || i < steps - 1)
        await this.idle();
      this.snapshot();
    }
    this.beginClosing(); /* in the job of the last step, for `close` */
    await this.close();
  }

  /* Rule 43 does not define which root is canceled first, or how long new work
     is served. If the outcome of a combinator, a retry or a circle depends on
     that, the following lines may differ. */
  beginClosing() {
    this.loose = this.model.dependsOnOrder();
    this.print('close');
    this.closing = true;
    this.fuel = Infinity;
  }

  /* Rule 43. */
  async close() {
    const { model } = this;
    model.cancelRoots();
    do {
      do
        await new Promise(setImmediate);
      while (model.cancelRoots());
    } while (model.advance() || model.dropShields() ||
      model.detachCircles());
    this.snapshot();
  }
}

/* Returns the log of a program on the model. */
async function run(program) {
  const machine = new Machine(program);
  await machine.play();
  const { log, loose } = machine;
  return { log, loose };
}

module.exports = { run };
