// SPDX-License-Identifier: MIT
'use strict';
/*
 * Runs programs (see generate.js) on V8's promises and prints the events.
 * interpret.c prints the same lines for avow:
 *
 *   f3 #12 v5      function 3 was called for promise 12 (or thenable 12)
 *   tick 2         the second round of a clock
 *   R 12, H 12     promise 12 was rejected without a handler; it got a handler
 *   U 12, L 12     reported as unhandled; reported as handled late
 *   = p0#1=v5      at the end of a step: the contents of each slot
 *
 * Promises are numbered from 1 in the order of their creation. Returning an
 * error throws it, because an error of avow is always a rejection. JavaScript
 * cannot read the state of a promise or what V8 reports to its host about
 * rejections. Therefore this needs `node --expose-internals`.
 */
const fs = require('fs');
const { internalBinding } = require('internal/test/binding');
const { getPromiseDetails } = internalBinding('util');
const { setPromiseRejectCallback } = internalBinding('task_queue');
const { parse } = require('./parse');

const FUEL = 200;
const [PENDING, FULFILLED, REJECTED] = [0, 1, 2];
const [ON_REJECT, ON_HANDLE] = [0, 1];
const [REPORTABLE, REPORTED] = [1, 2];

/* Calls functions through a MessagePort, each in a task of its own. */
class Ports {
  constructor() {
    const { port1, port2 } = new MessageChannel();
    this.queue = [];
    this.port = port1;
    port2.onmessage = () => this.queue.shift()();
    this.close = () => port2.close();
  }

  post(fn) {
    this.queue.push(fn);
    this.port.postMessage(0);
  }
}

const ports = new Ports();

/* For the stack of an error, V8 follows promises. It never ends for promises
   that wait for each other. */
Error.stackTraceLimit = 0;

class Failure {
  constructor(text) {
    this.text = text;
  }
}

const failures = Array.from({ length: 10 }, (_, i) => new Failure('e' + i));

class Thenable {
  constructor(machine, fn) {
    this.machine = machine;
    this.fn = fn;
    this.id = ++machine.ids;
  }

  then(resolve, reject) {
    const me = { resolve, reject };
    return this.machine.call(this.fn, this.id, undefined, me);
  }
}

function isError(value) {
  return value instanceof Failure || value instanceof Error;
}

function isPending(promise) {
  return getPromiseDetails(promise)[0] === PENDING;
}

function showError(error, depth) {
  if (error instanceof AggregateError)
    return '!a' + showList(error.errors, depth);
  if (error instanceof TypeError && /cycle/.test(error.message))
    return '!cycle';
  if (error instanceof Error)
    return '!' + error;
  return '!' + (error.text || `r(${show(error.cause, depth)})`);
}

function showList(list, depth) {
  if (depth === 0)
    return '[*]';
  return '[' + list.map((item) => show(item, depth - 1)).join() + ']';
}

function show(value, depth) {
  if (value === undefined)
    return 'n';
  if (typeof value === 'number')
    return 'v' + value;
  if (typeof value === 'string')
    return value;
  if (isError(value))
    return showError(value, depth);
  if (Array.isArray(value))
    return showList(value, depth);
  if (value instanceof Promise)
    return 'p#' + value.id;
  if (value instanceof Thenable)
    return 't';
  return show(value.status === 'fulfilled' ? value.value : value.reason, depth);
}

class Machine {
  constructor(program, print) {
    this.print = print;
    this.bodies = program.bodies;
    this.steps = program.steps;
    this.step = 0;
    this.fuel = FUEL;
    this.ids = 0;
    this.making = 0; /* id of a promise that may reject before it is stored */
    this.promises = [];
    this.deferreds = [];
    this.tasks = 0; /* number of pending tasks */
    this.tracked = [];
    this.unhandled = [];
    this.late = [];
  }

  /* Statements. */

  new([target, deferred]) {
    const made = {};
    const promise = new Promise((resolve, reject) => {
      made.resolve = resolve;
      made.reject = reject;
    });
    this.deferreds[deferred.n] = made;
    this.store(target, promise, ++this.ids);
  }

  of([target, operand], frame) {
    this.of_value(target, this.value(operand, frame));
  }

  of_value(target, value) {
    if (value instanceof Promise)
      this.store(target, Promise.resolve(value), value.id);
    else
      this.store(target, ...this.made(value));
  }

  made(value) {
    const id = this.making = ++this.ids;
    const promise =
        isError(value) ? Promise.reject(value) : Promise.resolve(value);
    this.making = 0;
    promise.id = id;
    return [promise, id];
  }

  fail([target, operand], frame) {
    this.of_value(target, this.reason(this.value(operand, frame)));
  }

  /* Promise.try, which this version of V8 may lack. */
  try([target, fn]) {
    const id = ++this.ids;
    const promise = new Promise((resolve) => {
      const value = this.result(fn.n, id, undefined, null);
      this.making = id;
      if (isError(value))
        throw value;
      resolve(value);
    });
    this.making = 0;
    this.store(target, promise, id);
  }

  async([target, fn]) {
    const id = ++this.ids;
    const promise = this.callAsync(fn.n, id);
    this.making = 0;
    this.store(target, promise, id);
  }

  await() {} /* for async functions only */

  attempt() {}

  resolve([deferred, operand], frame) {
    const d = this.deferred(deferred, frame);
    const value = d && this.value(operand, frame);
    if (d)
      isError(value) ? d.reject(value) : d.resolve(value);
  }

  reject([deferred, operand], frame) {
    const d = this.deferred(deferred, frame);
    if (d)
      d.reject(this.reason(this.value(operand, frame)));
  }

  then([target, operand, onFulfilled, onRejected]) {
    const promise = this.take(operand);
    if (!promise)
      return;
    const id = ++this.ids;
    const derived = promise.then(this.handler(onFulfilled, id),
                                 this.handler(onRejected, id));
    this.store(target, derived, id);
  }

  catch([target, operand, onRejected]) {
    const promise = this.take(operand);
    if (!promise)
      return;
    const id = ++this.ids;
    this.store(target, promise.catch(this.handler(onRejected, id)), id);
  }

  finally([target, operand, onSettled]) {
    const promise = this.take(operand);
    if (!promise)
      return;
    const id = ++this.ids;
    this.store(target, promise.finally(this.handler(onSettled, id)), id);
  }

  /* Like avow_on_settled(), this ignores the result of the function. */
  observe([operand, onSettled]) {
    const promise = this.take(operand);
    if (!promise)
      return;
    const id = ++this.ids;
    const observer = (arg) => void this.result(onSettled.n, id, arg, null);
    if (onSettled.kind === 'f')
      promise.then(observer, observer);
  }

  all(args, frame) {
    this.combine('all', args, frame);
  }

  settled(args, frame) {
    this.combine('allSettled', args, frame);
  }

  race(args, frame) {
    this.combine('race', args, frame);
  }

  any(args, frame) {
    this.combine('any', args, frame);
  }

  combine(name, [target, ...operands], frame) {
    const id = ++this.ids;
    const promise = Promise[name](this.inputs(operands, frame, id));
    this.making = 0;
    this.store(target, promise, id);
  }

  * inputs(operands, frame, id) {
    for (const operand of operands) {
      const isPromise = operand.kind === 'p' || operand.kind === 'P';
      const input = isPromise ? this.take(operand) : this.input(operand, frame);
      if (input)
        yield input;
    }
    this.making = id; /* for any() without inputs */
  }

  /* Returns a promise with a number, which tracking of rejections needs. */
  input(operand, frame) {
    return this.made(this.value(operand, frame))[0];
  }

  /* Tasks, which the loop delivers one by one. */

  task(target, begin) {
    const promise = new Promise((resolve, reject) => {
      begin((value) => {
        this.tasks--;
        (isError(value) ? reject : resolve)(value);
      });
    });
    this.tasks++;
    this.store(target, promise, ++this.ids);
  }

  sleep([target]) {
    this.task(target, (settle) => setTimeout(settle, 1));
  }

  turn([target]) {
    this.task(target, (settle) => setImmediate(settle));
  }

  remote([target, operand], frame) {
    const value = this.value(operand, frame);
    this.task(target, (settle) => ports.post(() => settle(value)));
  }

  drop([target]) {
    this.promises[target.n] = undefined;
  }

  clock([rounds]) {
    let promise = Promise.resolve();
    for (let i = 1; i <= rounds.n; i++)
      promise = promise.then(() => this.print('tick ' + i));
  }

  keep([deferred], frame) {
    if (frame.me)
      this.deferreds[deferred.n] = frame.me;
  }

  /* Operands. */

  store(target, promise, id) {
    promise.id = id;
    if (target.kind === 'p')
      this.promises[target.n] = promise;
  }

  take({ kind, n }) {
    const promise = this.promises[n];
    if (kind === 'P')
      this.promises[n] = undefined;
    return promise;
  }

  deferred({ kind, n }, frame) {
    if (kind === 'm')
      return frame.me;
    const deferred = this.deferreds[n];
    if (kind === 'D')
      this.deferreds[n] = undefined;
    return deferred;
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
      return this.take(operand);
    case 't':
      return new Thenable(this, operand.n);
    case 'a':
      return frame.arg;
    default:
      return undefined;
    }
  }

  /* A pending promise is no reason, because a promise could wait for itself. */
  reason(value) {
    if (isError(value))
      return value;
    const failure = new Failure('');
    const keeps = !(value instanceof Promise) || !isPending(value);
    failure.cause = keeps ? value : undefined;
    return failure;
  }

  /* Functions. */

  handler({ kind, n }, id) {
    return kind === 'f' ? (arg) => this.call(n, id, arg, null) : undefined;
  }

  call(fn, id, arg, me) {
    const value = this.result(fn, id, arg, me);
    if (isError(value))
      throw value;
    return value;
  }

  result(fn, id, arg, me) {
    if (this.fuel === 0)
      return undefined;
    this.fuel--;
    this.print(`f${fn} #${id} ${show(arg, 2)}`);
    return this.run('f' + fn, { arg, me });
  }

  async callAsync(fn, id) {
    const frame = { arg: undefined, me: null, id, parked: false };
    if (this.fuel === 0)
      return undefined;
    this.fuel--;
    this.print(`f${fn} #${id} n`);
    for (const line of this.bodies.get('f' + fn) || []) {
      if (this.fuel === 0)
        return undefined;
      this.fuel--;
      if (line.op === 'return')
        return this.thrown(this.value(line.args[0], frame), frame);
      const input = this.awaited(line, frame);
      try {
        if (input)
          frame.arg = await input;
      } catch (error) {
        if (line.op === 'await')
          throw error;
        frame.arg = error;
      }
      if (line.op !== 'await' && line.op !== 'attempt')
        this[line.op](line.args, frame);
    }
    return undefined;
  }

  /* Returns the promise that a line awaits, if any. */
  awaited({ op, args: [operand] }, frame) {
    if (op !== 'await' && op !== 'attempt')
      return undefined;
    const isPromise = operand.kind === 'p' || operand.kind === 'P';
    const input = isPromise ? this.take(operand) : this.input(operand, frame);
    frame.parked = frame.parked || Boolean(input);
    return input;
  }

  /* Returns the value, or throws it if it is an error. The promise of the
     function may have no number yet. */
  thrown(value, frame) {
    if (!isError(value))
      return value;
    if (!frame.parked)
      this.making = frame.id;
    throw value;
  }

  run(place, frame) {
    for (const line of this.bodies.get(place) || []) {
      if (this.fuel === 0)
        return undefined;
      this.fuel--;
      if (line.op === 'return')
        return this.value(line.args[0], frame);
      this[line.op](line.args, frame);
    }
    return undefined;
  }

  /* Rejections: HostPromiseRejectionTracker, and the reports when the queue is
     empty. */

  track(type, promise) {
    if (promise.id === undefined && this.making !== 0) {
      promise.id = this.making;
      this.making = 0;
    }
    if (promise.id === undefined)
      return; /* an internal promise of V8 */
    this.print(`${type === ON_REJECT ? 'R' : 'H'} ${promise.id}`);
    (type === ON_REJECT ? this.rejected : this.handled).call(this, promise.id);
  }

  rejected(id) {
    this.tracked[id] = REPORTABLE;
    this.unhandled.push(id);
  }

  handled(id) {
    if (this.tracked[id] === REPORTED)
      this.late.push(id);
    this.tracked[id] = 0;
  }

  /* Returns true if there was anything to report. */
  report() {
    const { late, unhandled } = this;
    this.late = [];
    this.unhandled = [];
    for (const id of late)
      this.print('L ' + id);
    for (const id of unhandled) {
      if (this.tracked[id] !== REPORTABLE)
        continue;
      this.tracked[id] = REPORTED;
      this.print('U ' + id);
      this.run('u', { arg: undefined, me: null });
    }
    return late.length + unhandled.length > 0;
  }

  snapshot(reasons) {
    let line = '=';
    this.promises.forEach((promise, i) => {
      if (promise)
        line += ` p${i}#${promise.id}=${this.outcome(promise, reasons)}`;
    });
    this.print(line);
  }

  outcome(promise, reasons) {
    const [state, result] = getPromiseDetails(promise);
    if (state === PENDING)
      return '?';
    return state === FULFILLED || reasons ? show(result, 2) : '!';
  }

  /* Runs one iteration. Returns false after the last one. */
  goOn() {
    if (this.tasks > 0 || this.report())
      return true;
    if (this.step > 0)
      this.snapshot(this.step === this.steps);
    if (this.step === this.steps)
      return false;
    this.run('s' + this.step++, { arg: undefined, me: null });
    return true;
  }
}

function main() {
  const programs = parse(fs.readFileSync(0, 'latin1'));
  let machine = null;
  let log = '';
  const print = (line) => {
    log += line + '\n';
  };
  const flush = (least) => {
    if (log.length > least)
      fs.writeSync(1, log);
    if (log.length > least)
      log = '';
  };
  const start = () => {
    const { value } = programs.next();
    machine = value && new Machine(value, print);
    if (value)
      print('program ' + value.head);
    return machine;
  };
  const turn = () => {
    while (!machine.goOn()) {
      flush(1 << 20);
      if (!start()) {
        ports.close();
        return flush(0);
      }
    }
    return setImmediate(turn);
  };
  setPromiseRejectCallback((type, promise) => {
    if (type === ON_REJECT || type === ON_HANDLE)
      machine.track(type, promise);
  });
  if (start())
    turn();
}

main();
