// SPDX-License-Identifier: MIT
'use strict';
/*
 * A model of avow's promises with canceling, written from the rules 38 to 43
 * of docs/semantics.md and from no other source.
 *
 * A cell is one promise. Each cell has a promise of V8, which makes the jobs
 * and their order. A cell adds what canceling needs: the cell that it waits
 * for (`source`), the number of references to it (`refs`), and whether a
 * cancellation is noted at it (`noted`). A promise of V8 always fulfills, with
 * the outcome of its cell: V8 then reports no rejection as unhandled.
 */
const { Shield, fulfilled } = require('./cells');
const { Retry } = require('./tools');

class Model {
  constructor() {
    this.cells = new Set(); /* the pending cells */
    this.sleeps = [];
    this.time = 0;
    this.inputs = []; /* of canceled combinators, to be canceled */
    this.canceling = false;
    this.fallen = false; /* shields, at the end of closing */
  }

  shield(source) {
    return source.pending ? new Shield(this, source) : source;
  }

  /* Rules 38 and 40. */
  cancel(p) {
    if (!p.pending)
      return;
    const path = [p]; /* from the bottom to the top */
    let top = p;
    for (; top.climbs && top.source !== p; path.push(top))
      top = top.source;
    path.forEach((cell, i) => cell.reached(path.slice(0, i)));
    if (top.arriving)
      top.arrive(path);
    else
      (this.opening(path) || this.lowest(path)).stop();
  }

  /* Rule 38: returns where a circle with avow_attach() opens, or null. */
  opening(path) {
    const [start] = path;
    const [top] = path.slice(-1);
    const opens = (cell) => cell !== top && cell.source.attached;
    return (top.source === start && path.find(opens)) || null;
  }

  /* Rule 38: a row of adoptions may be detached as one promise. */
  lowest(path) {
    let at = path.length - 1;
    while (at > 0 && path[at].joined)
      at--;
    return path[at];
  }

  /* Rule 39: the inputs of a nested combinator follow the others. */
  cancelInputs(inputs) {
    this.inputs.push(...inputs);
    if (this.canceling)
      return;
    this.canceling = true;
    while (this.inputs.length > 0)
      this.cancel(this.inputs.shift());
    this.canceling = false;
  }

  /* Runs the sleep that is due next. Returns false if there is none. */
  advance() {
    if (this.sleeps.length === 0)
      return false;
    const next = this.sleeps.reduce((a, b) => b.at < a.at ? b : a);
    this.forget(next);
    this.time = next.at;
    next.settle(fulfilled());
    return true;
  }

  /* Rule 43: a root waits for no other promise. */
  cancelRoots() {
    const sheltered = this.sheltered();
    const roots = [...this.cells].filter((cell) =>
      cell.pending && cell.isRoot && !sheltered.has(cell));
    roots.forEach((root) => this.cancel(root));
    return roots.length > 0;
  }

  /* Returns the cells below shields. */
  sheltered() {
    const shields = [...this.cells].filter((cell) => cell.shields);
    return this.awaitedBy(this.fallen ? [] : shields);
  }

  awaitedBy(cells) {
    const found = new Set();
    for (const rest = cells.slice(); rest.length > 0;) {
      for (const cell of rest.pop().awaited) {
        if (!found.has(cell))
          rest.push(cell);
        found.add(cell);
      }
    }
    return found;
  }

  circles() {
    return [...this.cells].filter((cell) =>
      this.awaitedBy([cell]).has(cell));
  }

  dependsOnOrder() {
    const choosing = [...this.cells].some((cell) => cell instanceof Retry ||
      (cell.awaited.length > 1 && cell.kind !== 'settled'));
    return choosing || this.circles().length > 0;
  }

  /* Rule 43: promises that wait for each other have no root. Each of them is
     detached. */
  detachCircles() {
    const circles = this.circles();
    circles.forEach((cell) => cell.pending && cell.stop());
    return circles.length > 0;
  }

  /* When no event can happen, shields no longer hold. */
  dropShields() {
    const fell = !this.fallen;
    this.fallen = true;
    return fell && this.cells.size > 0;
  }

  forget(sleep) {
    this.sleeps = this.sleeps.filter((other) => other !== sleep);
  }
}

module.exports = { Model };
