// SPDX-License-Identifier: MIT
'use strict';
/*
 * Makes random programs that cancel. They use the statements of
 * test/proof/differential/generate.js, and these:
 *
 *   s0 cancel p0          cancels the promise in slot 0
 *   s0 shield p1 p0       a shield around a promise
 *   s0 repeat p0 f0       a repeat whose step is function 0
 *   s0 retry p0 f0 3      a retry of 3 attempts, 1 ms of the clock apart
 *   s0 sleep p0 5         a sleep of 5 ms of the loop's own clock
 *   s0 round 3 f1         executes function 1 in round 3
 *
 * The head of a program says `main`, or `close` if the loop is closed as soon
 * as its last step has run. A program builds a few trees of promises, settles
 * their deferreds and cancels them, in any round and between the steps.
 */
const { Generator, format } = require('../differential/generate');

const SLOTS = 14;
const FUNCTIONS = 31;
const NODES = {
  then: 16, catch: 10, finally: 20, shield: 4, adopted: 4, async: 9, retry: 4,
  repeat: 4, all: 4, settled: 3, race: 3, any: 3,
};
const FOCUS = { finally: 5, catch: 3, then: 2, async: 2, shield: 1 };
const LEAVES = { new: 10, of: 6, fail: 3, sleep: 2 };
const EVENTS = { cancel: 10, resolve: 5, reject: 2, drop: 1 };

function bagOf(weights, factor) {
  return Object.keys(weights).flatMap((name) =>
    new Array(weights[name] * factor(name)).fill(name));
}

class Trees extends Generator {
  /* Each program prefers some constructs and omits others. */
  chooseWeights() {
    const factor = () => this.pick([0, 1, 1, 3]);
    this.nodes = bagOf(NODES, factor);
    if (this.nodes.length === 0)
      this.nodes = ['then'];
    this.leaves = bagOf(LEAVES, (name) =>
      name === 'new' || name === 'of' ? 1 : this.pick([0, 1]));
    this.events = bagOf(EVENTS, () => 1);
    this.functions = 0;
    this.deferreds = 0;
    this.promises = 0;
    this.focused = this.chance(40);
    if (this.focused) {
      this.nodes = bagOf(FOCUS, () => 1);
      this.leaves = ['new', 'new', 'of', 'fail'];
    }
    this.sharing = this.pick([0, 0, 8, 30]);
    this.steps = this.pick([1, 2, 2, 3]) + (this.focused ? 1 : 0);
  }

  slot() {
    return this.promises < SLOTS ? this.promises++ : this.below(SLOTS);
  }

  /* Returns a slot that is in use. */
  used() {
    return this.chance(55) ? 0 : this.below(Math.max(1, this.promises));
  }

  deferred() {
    return this.deferreds < SLOTS ? this.deferreds++ : this.below(SLOTS);
  }

  /* Returns the promise in a slot, mostly with its only reference. */
  promise(slot) {
    return (this.chance(this.sharing) ? 'p' : 'P') + slot;
  }

  /* Adds a function if there is room. */
  fn(write) {
    if (this.functions === FUNCTIONS)
      return 'f' + this.below(FUNCTIONS);
    const place = 'f' + this.functions++;
    write(place);
    return place;
  }

  result() {
    const roll = this.below(100);
    if (roll < 30)
      return 'e' + this.below(6);
    return roll < 45 ? 'n' : roll < 60 ? 'a' : 'v' + this.below(10);
  }

  /* Returns a function that returns a value, an error or the root of a tree. */
  work(depth) {
    return this.fn((place) => {
      if (this.chance(8))
        this.event(place);
      if (depth <= 0 || this.chance(this.focused ? 30 : 55))
        return this.add(place, `return ${this.result()}`);
      const slot = this.tree(place, depth - 1);
      return this.add(place, `return ${this.promise(slot)}`);
    });
  }

  handler(depth) {
    return this.chance(12) ? '-' : this.work(depth);
  }

  /* Makes a deferred that is passed on, or that the program keeps. */
  held() {
    return this.chance(85) ? 'D' : 'd';
  }

  event(place) {
    const name = this.pick(this.events);
    const d = this.held() + this.below(Math.max(1, this.deferreds));
    if (name === 'resolve' && this.chance(10))
      this.add(place, `resolve ${d} ${this.promise(this.used())}`);
    else if (name === 'resolve')
      this.add(place, `resolve ${d} ${this.chance(50) ? 'n' : 'v3'}`);
    else if (name === 'reject')
      this.add(place, `reject ${d} e${this.below(6)}`);
    else
      this.add(place, `${name} p${this.used()}`);
  }

  /* Builds a tree and returns the slot of its root. */
  tree(place, depth) {
    if (depth <= 0 || this.chance(12))
      return this.leaf(place);
    const node = this.pick(this.nodes);
    if (['all', 'settled', 'race', 'any'].includes(node))
      return this.combinator(place, node, depth);
    if (node === 'async' || node === 'retry' || node === 'repeat')
      return this[node](place, depth);
    return this.reaction(place, node, depth);
  }

  leaf(place) {
    const slot = this.slot();
    const last = {
      new: () => 'd' + this.deferred(),
      of: () => this.chance(30) ? 'n' : 'v' + this.below(10),
      fail: () => 'e' + this.below(6),
      sleep: () => 1 + this.below(6),
    };
    const leaf = this.pick(this.leaves);
    this.add(place, `${leaf} p${slot} ${last[leaf]()}`);
    return slot;
  }

  reaction(place, node, depth) {
    const slot = this.tree(place, depth - 1);
    const source = this.promise(slot);
    const target = source[0] === 'P' ? slot : this.slot();
    const handlers = {
      then: () => ` ${this.handler(depth - 1)} ` +
        (this.chance(30) ? this.handler(depth - 1) : '-'),
      catch: () => ' ' + this.handler(depth - 1),
      finally: () => ' ' + this.handler(depth - 1),
      shield: () => '',
    };
    if (node === 'adopted')
      return this.adopted(place, source);
    this.add(place, `${node} p${target} ${source}${handlers[node]()}`);
    return target;
  }

  /* Makes a deferred that adopts a promise. */
  adopted(place, source) {
    const [slot, deferred] = [this.slot(), this.deferred()];
    this.add(place, `new p${slot} d${deferred}`);
    this.add(place, `resolve ${this.held()}${deferred} ${source}`);
    return slot;
  }

  combinator(place, node, depth) {
    let inputs = '';
    for (let n = 1 + this.below(3); n > 0; n--)
      inputs += ' ' + this.promise(this.tree(place, depth - 1));
    const slot = this.slot();
    this.add(place, `${node} p${slot}${inputs}`);
    return slot;
  }

  async(place, depth) {
    const outer = this.chance(50) ? this.tree(place, depth - 1) : -1;
    const fn = this.fn((inside) => {
      if (outer >= 0)
        this.await(inside, outer);
      for (let n = this.below(this.focused ? 4 : 3); n > 0; n--)
        this.await(inside, this.tree(inside, depth - 1));
      this.add(inside, `return ${this.returned(inside, depth)}`);
    });
    const slot = this.slot();
    this.add(place, `async p${slot} ${fn}`);
    return slot;
  }

  await(place, slot) {
    if (this.chance(8))
      this.event(place);
    const verb = this.chance(this.focused ? 25 : 50) ? 'await' : 'attempt';
    this.add(place, `${verb} ${this.promise(slot)}`);
  }

  returned(place, depth) {
    return this.chance(30) ? this.promise(this.tree(place, depth - 1)) :
      this.result();
  }

  retry(place, depth) {
    const fn = this.work(depth);
    const slot = this.slot();
    this.add(place, `retry p${slot} ${fn} ${1 + this.below(3)}`);
    return slot;
  }

  repeat(place, depth) {
    const fn = this.work(depth);
    const slot = this.slot();
    this.add(place, `repeat p${slot} ${fn}`);
    return slot;
  }

  /* Makes a chain with clean-ups, possibly in the function of a retry or a
     repeat, or in an async function. */
  chain() {
    const roll = this.below(100);
    const depth = 3 + this.below(2);
    if (roll < 20)
      return this.retry('s0', depth);
    if (roll < 35)
      return this.repeat('s0', depth);
    return roll < 50 ? this.async('s0', depth) : this.tree('s0', depth);
  }

  /* Adds a statement that runs in a round of its own. */
  round(place) {
    const fn = this.fn((inside) => {
      for (let n = this.pick([1, 1, 2]); n > 0; n--)
        this.event(inside);
    });
    this.add(place, `round ${1 + this.below(9)} ${fn}`);
  }

  step(place) {
    if (this.focused && place !== 's0' && this.chance(60))
      this.add(place, 'cancel p0');
    for (let n = this.below(3); n > 0; n--)
      this.event(place);
    for (let n = this.pick([0, 1, 1, 2]); n > 0; n--)
      this.round(place);
    if (this.chance(40))
      this.add(place, `clock ${3 + this.below(8)}`);
  }

  program() {
    for (let n = this.pick([1, 1, 1, 2]); n > 0; n--) {
      const root =
        this.focused ? this.chain() : this.tree('s0', 1 + this.below(5));
      if (root !== 0 && this.chance(80))
        this.add('s0', `of p0 P${root}`);
    }
    if (this.chance(30))
      this.add('s0', `then - p0 ${this.work(0)} ${this.work(0)}`);
    for (let i = 0; i < this.steps; i++)
      this.step('s' + i);
    const head = `${this.chance(15) ? 'close' : 'main'} 10000`;
    return format(this.index, head, this.lines);
  }
}

function generate(seed, index) {
  return new Trees(seed, index).program();
}

module.exports = { generate };

if (require.main === module) {
  const [seed, index = 0] = process.argv.slice(2).map(Number);
  process.stdout.write(generate(seed, index));
}
