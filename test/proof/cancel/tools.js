// SPDX-License-Identifier: MIT
'use strict';
/*
 * The other cells of the model (see model.js): combinators, sleeps, and tools
 * that call functions of the program in jobs.
 */
const {
  Cell, Failure, Then, FULFILLED, REJECTED, fulfilled, rejected, CANCELED,
} = require('./cells');

/* A combinator references each input until the input or itself settles. */
class Combinator extends Cell {
  constructor(model, kind, inputs) {
    super(model);
    this.kind = kind;
    this.inputs = inputs.slice();
    this.results = new Array(inputs.length);
    this.left = inputs.length;
    inputs.forEach((input, i) => {
      input.v8.then((outcome) => this.pending && this.hear(i, outcome));
    });
    if (this.left === 0 && kind !== 'race')
      this.complete();
  }

  hear(i, { state, value }) {
    const { kind } = this;
    this.inputs[i].refs--;
    this.inputs[i] = null;
    const decides = { all: REJECTED, any: FULFILLED }[kind];
    if (state === decides || kind === 'race')
      return this.settle({ state, value });
    this.results[i] = value;
    return --this.left === 0 && this.complete();
  }

  complete() {
    const { kind, results } = this;
    this.settle(kind === 'any' ? rejected(new Failure('a', results)) :
      fulfilled(results));
  }

  get awaited() {
    return this.inputs.filter((input) => input);
  }

  leave() {
    for (const input of this.inputs || [])
      if (input)
        input.refs--;
    this.inputs = [];
  }

  /* Rule 39. */
  stop() {
    const inputs = this.awaited;
    this.inputs = [];
    super.stop();
    this.model.cancelInputs(inputs.filter((input) => {
      input.refs--;
      return input.references === 0;
    }));
  }
}

class Sleep extends Cell {
  constructor(model, ms) {
    super(model);
    this.at = model.time + ms;
    model.sleeps.push(this);
  }

  stop() {
    this.model.forget(this);
    super.stop();
  }
}

/* A function that is called in a job, or in the job of its source. It does not
   begin if the cell is canceled before. */
class Job extends Cell {
  constructor(model, fn, source) {
    super(model);
    this.begun = false;
    const begin = () => this.resolve(this.call(fn));
    if (source)
      this.wait(source, (outcome) => this.begin(outcome, begin));
    else
      this.later(begin);
    this.busy = false;
  }

  begin(outcome, fn) {
    return outcome.state === FULFILLED ? fn() : this.settle(outcome);
  }

  get arriving() {
    return this.busy || (this.begun && super.arriving);
  }

  adopt(source) {
    this.begun = true;
    super.adopt(source);
  }

  get isRoot() {
    return false;
  }
}

/* Each step subscribes to the promise of the last step, without adoption. */
class Repeat extends Cell {
  constructor(model, fn) {
    super(model);
    this.fn = fn;
    this.climbed = false; /* a cancellation was passed to a step */
    this.next();
  }

  next() {
    this.later(() => this.step());
    this.busy = false;
  }

  step() {
    if (this.noted || this.climbed)
      return this.settle(rejected(CANCELED));
    const value = this.call(this.fn);
    if (value instanceof Cell)
      return this.follow(value);
    return value === undefined ? this.next() : this.resolve(value);
  }

  follow(source) {
    if (source === this)
      return this.resolve(source);
    this.wait(source, (outcome) => this.hear(outcome));
    return this.deliver();
  }

  hear(outcome) {
    if (outcome.state === FULFILLED && outcome.value === undefined)
      this.step();
    else
      this.settle(outcome);
  }

  deliver() {
    const { noted, source } = this;
    this.noted = noted && !source.pending;
    if (noted && source.pending)
      this.model.cancel(this);
  }

  reached() {
    this.climbed = true;
  }
}

/* The reaction to an attempt follows the reaction to the next attempt. */
class Retry extends Cell {
  constructor(model, fn, attempts) {
    super(model);
    this.fn = fn;
    this.left = attempts;
    this.reasons = [];
    this.climbed = false;
    const judge = this.judge(new Job(model, fn));
    this.wait(judge, (outcome) => this.settle(outcome));
  }

  judge(attempt) {
    const reaction = new Then(this.model, attempt, {
      [REJECTED]: (reason) => this.again(reaction, reason),
    });
    return reaction;
  }

  again(reaction, reason) {
    this.reasons.push(reason);
    if (--this.left === 0 || reason === CANCELED)
      return this.last(reason);
    if (this.climbed)
      return CANCELED;
    const sleep = new Sleep(this.model, 1);
    return this.judge(new Job(this.model, this.fn, sleep));
  }

  /* If several attempts failed, the cause of the reason lists all reasons. */
  last(reason) {
    const { length } = this.reasons;
    return length === 1 || reason.cause === undefined ? reason :
      new Failure(reason.text, this.reasons);
  }

  reached() {
    this.climbed = true;
  }

  get attached() {
    return true;
  }
}

module.exports = { Combinator, Job, Repeat, Retry, Sleep };
