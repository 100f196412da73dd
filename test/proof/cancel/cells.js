// SPDX-License-Identifier: MIT
'use strict';
/*
 * The cells of the model (see model.js) that wait for one other cell at a time:
 * deferreds, reactions, shields and async functions.
 */

const [PENDING, FULFILLED, REJECTED] = ['pending', 'fulfilled', 'rejected'];

class Failure {
  constructor(text, cause) {
    this.text = text;
    this.cause = cause;
  }
}

const CANCELED = new Failure('ECANCELED');
const CYCLE = new Failure('cycle');

function fulfilled(value) {
  return { state: FULFILLED, value };
}

function rejected(value) {
  return { state: REJECTED, value };
}

function isCanceled({ state, value }) {
  return state === REJECTED && value === CANCELED;
}

function outcomeOf(value) {
  return value instanceof Failure ? rejected(value) : fulfilled(value);
}

class Cell {
  constructor(model) {
    this.model = model;
    this.id = 0;
    this.outcome = { state: PENDING };
    this.refs = 1;
    this.source = null;
    this.turn = 0; /* wake() ignores calls for an earlier turn */
    this.busy = false; /* its handler runs, or will run in a job */
    this.noted = false;
    this.adopter = null; /* the last cell that adopted this one */
    this.joined = false; /* this cell and its adopter count as one */
    this.v8 = new Promise((settle) => {
      this.settleV8 = settle;
    });
    model.cells.add(this);
  }

  get pending() {
    return this.outcome.state === PENDING;
  }

  settle(outcome) {
    this.leave();
    this.busy = false;
    this.outcome = outcome;
    this.settleV8(outcome);
    this.model.cells.delete(this);
  }

  /* Takes a reference to the source until this cell wakes or leaves. */
  wait(source, wake) {
    this.source = source;
    const turn = ++this.turn;
    source.v8.then((outcome) => this.wake(turn, () => wake(outcome)));
  }

  wake(turn, fn) {
    if (turn !== this.turn)
      return;
    this.leave();
    fn();
  }

  leave() {
    this.turn++;
    if (this.source)
      this.source.refs--;
    this.source = null;
  }

  /* Waits only for a job. */
  later(fn) {
    this.leave();
    this.busy = true;
    const turn = this.turn;
    queueMicrotask(() => this.wake(turn, fn));
  }

  /* A promise resolve function of ECMA-262, where an adoption takes a job. */
  resolve(value) {
    if (!(value instanceof Cell))
      return this.settle(outcomeOf(value));
    if (value === this) {
      this.refs--;
      return this.settle(rejected(CYCLE));
    }
    return this.adopt(value);
  }

  adopt(source) {
    this.source = source;
    const turn = ++this.turn;
    queueMicrotask(() => {
      if (turn === this.turn)
        this.subscribe(source);
    });
    this.deliver();
  }

  /* A loop by recursion adopts from the outermost promise to the innermost.
     Such a row of promises is detached as one. */
  subscribe(source) {
    const { adopter } = this;
    source.adopter = this;
    this.joined = this.references === 1 && adopter !== null &&
      adopter.source === this;
    this.wait(source, (outcome) => this.settle(outcome));
  }

  call(fn, arg) {
    this.busy = true;
    const value = fn(arg);
    this.busy = false;
    return value;
  }

  /* Rule 40: the note cancels what the handler follows. */
  deliver() {
    if (this.noted && this.source.pending)
      this.model.cancel(this);
  }

  get references() {
    return this.refs;
  }

  /* Tells whether cancel() continues to the source. */
  get climbs() {
    const { source } = this;
    return source !== null && source.pending && !source.shields &&
      source.references === 1;
  }

  /* At the top: tells whether an outcome is on its way or a shield waits for
     it. */
  get arriving() {
    const { source } = this;
    return this.busy || this.shields ||
      (source !== null && (!source.pending || source.shields));
  }

  get shields() {
    return false;
  }

  /* Tells whether avow_attach() frees data when this cell settles. */
  get attached() {
    return false;
  }

  get awaited() {
    return this.source ? [this.source] : [];
  }

  get isRoot() {
    return !this.busy && this.awaited.length === 0;
  }

  /* Rule 38: stops a top whose outcome is not on its way. */
  stop() {
    this.settle(rejected(CANCELED));
  }

  /* Rule 40: notes the cancellation if the outcome of the top is on its way. */
  arrive(path) {
    path.forEach((cell) => cell.note());
  }

  note() {
    this.noted = true;
  }

  /* Called when a cancellation passes this cell, with the cells below it. */
  reached(below) {}
}

/* The promise of a deferred. */
class Deferred extends Cell {
  constructor(model, onCancel) {
    super(model);
    this.holders = 1; /* number of references to the deferred */
    this.resolved = false;
    this.onCancel = onCancel;
  }

  /* Rule 38: a deferred that is still held counts after an adoption. */
  get references() {
    return this.refs + (this.source ? this.holders : 0);
  }

  resolveOnce(value) {
    const late = this.resolved || !this.pending;
    this.resolved = true;
    if (!late)
      this.resolve(value);
    else if (value instanceof Cell)
      value.refs--;
  }

  stop() {
    const { source } = this;
    super.stop();
    if (source === null)
      this.onCancel();
  }
}

class Settled extends Cell {
  constructor(model, value) {
    super(model);
    this.settle(outcomeOf(value));
  }
}

/* then and catch. `handlers` has a handler for each state of the source. */
class Then extends Cell {
  constructor(model, source, handlers) {
    super(model);
    this.handlers = handlers;
    this.wait(source, (outcome) => this.react(outcome));
  }

  react(outcome) {
    const handler = this.handlers[outcome.state];
    if (!handler)
      return this.settle(outcome);
    const cleansUp = isCanceled(outcome);
    if (cleansUp) /* rule 41 */
      this.noted = false;
    const value = this.call(handler, outcome.value);
    if (cleansUp)
      this.noted = false;
    return this.resolve(value);
  }
}

/* finally, in the jobs of ECMA-262. */
class Finally extends Cell {
  constructor(model, source, handler) {
    super(model);
    this.handler = handler;
    this.kept = null; /* the outcome to pass on */
    this.canceled = false; /* while the clean-up waited */
    this.below = new Set();
    const react = (outcome) =>
      handler ? this.cleanUp(outcome) : this.settle(outcome);
    this.wait(source, react);
  }

  cleanUp(outcome) {
    this.kept = outcome;
    const value = this.call(this.handler);
    if (value instanceof Failure)
      return this.fail(value);
    const isCell = value instanceof Cell;
    return this.await(isCell ? value : new Settled(this.model, value));
  }

  /* The promise that ECMA-262 makes in between is adopted in a job. */
  await(source) {
    this.source = source;
    const turn = ++this.turn;
    const between = source.v8.then();
    queueMicrotask(() => between.then((outcome) => {
      this.wake(turn, () => this.end(outcome));
    }));
  }

  end(outcome) {
    const { kept, canceled } = this;
    if (outcome.state === REJECTED && !(canceled && isCanceled(outcome)))
      return this.fail(outcome.value);
    if (!canceled)
      return this.settle(kept);
    return kept.state === FULFILLED ? this.settle(rejected(CANCELED)) :
      this.fail(kept.value);
  }

  /* Rule 42: a reason other than UV_ECANCELED does not end a cancellation. */
  fail(reason) {
    if (reason !== CANCELED && this.keepsCanceling())
      this.below.forEach((cell) => cell.note());
    this.settle(rejected(reason));
  }

  keepsCanceling() {
    return this.canceled || isCanceled(this.kept);
  }

  get cleaning() {
    return this.kept !== null && this.source !== null && this.source.pending;
  }

  reached(below) {
    below.forEach((cell) => this.below.add(cell));
    this.canceled = this.canceled || this.cleaning;
  }

  arrive(path) {
    if (!this.cleaning)
      super.arrive(path);
  }

  stop() {
    this.leave();
    if (this.kept)
      this.end(fulfilled());
    else if (this.handler)
      this.later(() => this.cleanUp(rejected(CANCELED)));
    else
      super.stop();
  }
}

/* Rule 41: a shield stops a cancellation. */
class Shield extends Cell {
  constructor(model, source) {
    super(model);
    this.wait(source, (outcome) => this.settle(outcome));
  }

  get climbs() {
    return false;
  }

  get shields() {
    return true;
  }
}

/* An async function, whose program machine.js executes. Its result counts as
   its last `await`. */
class Async extends Cell {
  constructor(model) {
    super(model);
    this.busy = true;
    this.goOn = null;
    this.cleansUp = false; /* until an `await` must wait */
  }

  /* Waits, and then calls `goOn` with the outcome. */
  await(source, goOn) {
    this.goOn = goOn;
    this.busy = false;
    this.wait(source, (outcome) => this.resume(outcome));
    this.deliver();
  }

  resume(outcome) {
    this.busy = true;
    if (isCanceled(outcome)) { /* rule 41 */
      this.cleansUp = true;
      this.noted = false;
    }
    this.goOn(outcome);
  }

  finish(value) {
    this.busy = false;
    this.resolve(value);
  }

  /* Rules 40 and 41: the `await` uses up the note, unless rule 40 notes the
     cancellation again. */
  deliver() {
    if (!this.source.pending)
      return;
    const { noted } = this;
    this.cleansUp = false;
    this.noted = false;
    if (noted)
      this.model.cancel(this);
  }

  note() {
    this.noted = !this.cleansUp;
  }

  stop() {
    if (this.resumes)
      this.later(() => this.resume(rejected(CANCELED)));
    else
      super.stop();
  }

  get resumes() {
    return this.source !== null && this.goOn !== null;
  }

  adopt(source) {
    this.goOn = null;
    super.adopt(source);
  }
}

module.exports = {
  Async, Cell, Deferred, Failure, Finally, Settled, Shield, Then,
  FULFILLED, PENDING, REJECTED, fulfilled, rejected, CANCELED,
};
