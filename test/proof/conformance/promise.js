// SPDX-License-Identifier: MIT
'use strict';

/*
 * Promise for JavaScript on top of avow. This file does the lookups of ECMA-262
 * (then, constructors, species, iterators). avow has the states, the reactions,
 * the jobs, the adoption and the combinators.
 *
 * The file is evaluated in the realm whose Promise it defines. Tested programs
 * change prototypes, so this file uses no array patterns and no method that
 * they could change.
 */
module.exports = (native) => {
  const FULFIL = 0, REJECT = 1, FOLLOW = 2, ADOPT = 3; /* as in binding.c */
  const ALL = 0, ALL_SETTLED = 1, RACE = 2, ANY = 3; /* avow_gather_kind_t */
  const CYCLE = -20002, AGGREGATE = -20003; /* avow/value.h */

  const { apply, construct, defineProperty, getOwnPropertyDescriptor,
    getPrototypeOf, ownKeys, setPrototypeOf } = Reflect;
  const { create, hasOwn } = Object;
  const { AggregateError, Error, Object: PlainObject, Proxy, TypeError } =
    globalThis;
  const { iterator, species, toStringTag } = Symbol;

  const isFunction = (x) => typeof x === 'function';
  const isObject = (x) => x !== null && typeof x === 'object' || isFunction(x);

  const define = (object, key, value, enumerable = true) =>
    defineProperty(object, key, { __proto__: null, value, enumerable,
      writable: true, configurable: true });

  /* Tells whether `new F` would work, without running F. */
  const isConstructor = (F) => {
    try {
      return isObject(new (new Proxy(F, { __proto__: null,
        construct: () => ({}) }))());
    } catch {
      return false;
    }
  };

  /* Tells whether programs cannot observe the lookups of ECMA-262 on p. */
  const isPristine = (p) => {
    if (!native.isPromise(p) || getPrototypeOf(p) !== prototype ||
        hasOwn(p, 'then') || hasOwn(p, 'constructor'))
      return false;
    const ctor = getOwnPropertyDescriptor(prototype, 'constructor');
    const then = getOwnPropertyDescriptor(prototype, 'then');
    const kind = getOwnPropertyDescriptor(AvowPromise, species);
    return ctor?.value === AvowPromise && then?.value === intrinsicThen &&
      kind?.get === intrinsicSpecies;
  };

  /* Promise Resolve Functions, from the check for the promise itself on. */
  const resolution = (promise, x) => {
    if (!isObject(x))
      return [FULFIL, x];
    if (x === promise)
      return [FOLLOW, x];
    let then;
    try {
      then = x.then;
    } catch (error) {
      return [REJECT, error];
    }
    if (!isFunction(then))
      return [FULFIL, x];
    if (then === intrinsicThen && isPristine(x))
      return [FOLLOW, x];
    return [ADOPT, (pair) => {
      const to = resolvingFunctions(pair, promise);
      apply(then, x, [to.resolve, to.reject]);
    }];
  };

  /* During the lookup of `then`, further calls are ignored. After the pair was
     used, calls still go to avow, which must ignore them. */
  const resolvingFunctions = (pair, promise) => {
    let used = false, looking = false;
    const to = {};
    define(to, 'resolve', (x) => {
      if (looking)
        return;
      looking = !used;
      const result = used ? [FULFIL, x] : resolution(promise, x);
      looking = false;
      used = true;
      native.settle(pair, result);
    });
    define(to, 'reject', (error) => {
      if (looking)
        return;
      used = true;
      native.settle(pair, [REJECT, error]);
    });
    return to;
  };

  const newCapability = (C) => {
    if (!isConstructor(C))
      throw new TypeError('this is not a constructor');
    const to = { __proto__: null, resolve: undefined, reject: undefined };
    to.promise = construct(C, [(resolve, reject) => {
      if (to.resolve !== undefined || to.reject !== undefined)
        throw new TypeError('an executor was called twice');
      to.resolve = resolve;
      to.reject = reject;
    }]);
    if (!isFunction(to.resolve) || !isFunction(to.reject))
      throw new TypeError('a constructor gave no resolving functions');
    return to;
  };

  const speciesOf = (object) => {
    const C = object.constructor;
    if (C === undefined)
      return AvowPromise;
    if (!isObject(C))
      throw new TypeError('constructor is not an object');
    const S = C[species];
    if (S === undefined || S === null)
      return AvowPromise;
    if (!isConstructor(S))
      throw new TypeError('Symbol.species is not a constructor');
    return S;
  };

  const promiseResolve = (C, x) => {
    if (native.isPromise(x) && x.constructor === C)
      return x;
    const { promise, resolve } = newCapability(C);
    resolve(x);
    return promise;
  };

  const handlerJob = (promise, handler) => isFunction(handler) ?
    (x) => resolution(promise, handler(x)) : undefined;

  /* For a capability of another constructor, which settles its own promise. */
  const foreignJob = ({ resolve, reject }, handler, otherwise) => (x) => {
    let result;
    try {
      result = isFunction(handler) ? handler(x) : x;
    } catch (error) {
      reject(error);
      return;
    }
    (isFunction(handler) ? resolve : otherwise)(result);
  };

  /* Converts the list of a combinator, [rejected, x, …], for JavaScript. */
  const listOf = (kind, keys) => (raw) => {
    const out = keys === undefined ? [] : { __proto__: null };
    for (let i = 0; i < raw.length / 2; i++) {
      const rejected = raw[2 * i], x = raw[2 * i + 1];
      const item = kind !== ALL_SETTLED ? x :
        rejected ? { status: 'rejected', reason: x } :
          { status: 'fulfilled', value: x };
      define(out, keys === undefined ? i : keys[i], item);
    }
    return out;
  };

  const none = { __proto__: null, [iterator]: () => ({
    __proto__: null, next: () => ({ __proto__: null, done: true }) }) };

  const makeAggregate = (raw) => {
    const error = new AggregateError(none, 'all promises rejected');
    define(error, 'errors', listOf(ANY)(raw), false);
    return error;
  };

  /* Makes the error for a code of avow: [code, list of an aggregate]. */
  const makeError = (born) => {
    if (born[0] === AGGREGATE)
      return makeAggregate(born[1]);
    return born[0] === CYCLE ?
      new TypeError('a promise was resolved with itself') :
      new Error(`avow: ${born[0]}`);
  };

  /* Combines with avow_gather_*(). An input that is not a promise of avow
     becomes a deferred, for which avow ignores all calls but the first. */
  const gather = (kind, toList) => {
    const handle = native.gather(kind, toList);
    const end = () => {
      const promise = create(prototype);
      native.gatherEnd(handle, promise);
      return promise;
    };
    const settler = (pair, how) => (x) => native.settle(pair, [how, x]);
    const resolver = (pair) => (x) =>
      native.settle(pair, resolution(undefined, x));
    return { __proto__: null, end,
      add: (p) => native.gatherAdd(handle, p),
      element: () => {
        const pair = native.gatherElement(handle);
        return {
          fulfilled: kind >= RACE ? resolver(pair) : settler(pair, FULFIL),
          rejected: settler(pair, REJECT) };
      },
      fail: (error) => {
        end();
        const { promise, reject } = newCapability(AvowPromise);
        reject(error);
        return promise;
      } };
  };

  /* Combines for other constructors. ECMA-262 calls their functions within the
     call of the last element's function, and not in a job. */
  const tally = (kind, toList, C) => {
    const { promise, resolve, reject } = newCapability(C);
    const raw = { __proto__: null, length: 0 };
    let remaining = 1;
    const finish = () => kind === ANY ? reject(makeAggregate(raw)) :
      resolve(toList(raw));
    const countDown = () => {
      if (--remaining === 0 && kind !== RACE)
        finish();
    };
    const element = () => {
      const i = raw.length;
      let called = false;
      raw.length += 2;
      remaining++;
      const report = (rejected) => (x) => {
        if (called)
          return;
        called = true;
        raw[i] = rejected;
        raw[i + 1] = x;
        countDown();
      };
      return {
        fulfilled: kind >= RACE ? resolve : report(false),
        rejected: kind === ALL || kind === RACE ? reject : report(true) };
    };
    return { __proto__: null, element,
      end: () => { countDown(); return promise; },
      fail: (error) => { reject(error); return promise; } };
  };

  /* `each` calls its argument with each input, in order. avow's combinators
     serve promises of avow and outcomes that cannot have a `then`. The outcome
     of a foreign winner of a race may have a `then`. In a gather, an input can
     adopt it, but the gather cannot. Therefore tally() combines races that
     begin with such inputs. */
  const combine = (kind, C, each, keys) => {
    const ours = C === AvowPromise && keys === undefined && !('then' in []);
    const toList = listOf(kind, keys);
    const begin = (byAvow) => {
      native.combined?.(byAvow);
      return byAvow ? gather(kind, toList) : tally(kind, toList, C);
    };
    let to = ours && kind >= RACE ? undefined : begin(ours);
    try {
      const resolve = C.resolve;
      if (!isFunction(resolve))
        throw new TypeError('resolve is not a function');
      each((x) => {
        const p = apply(resolve, C, [x]);
        const pristine = isPristine(p);
        to ??= begin(pristine);
        if (pristine && to.add !== undefined) {
          to.add(p);
        } else {
          const { fulfilled, rejected } = to.element();
          p.then(fulfilled, rejected);
        }
      });
      to ??= begin(true);
      return to.end();
    } catch (error) {
      return (to ?? begin(true)).fail(error);
    }
  };

  const combineItems = (kind, C, iterable) => combine(kind, C, (add) => {
    for (const x of iterable)
      add(x);
  });

  const combineKeyed = (kind, C, dictionary) => {
    const keys = { __proto__: null };
    let n = 0;
    return combine(kind, C, (add) => {
      if (!isObject(dictionary))
        throw new TypeError('the argument is not an object');
      const all = ownKeys(dictionary);
      for (let i = 0; i < all.length; i++) {
        if (!getOwnPropertyDescriptor(dictionary, all[i])?.enumerable)
          continue;
        const x = dictionary[all[i]];
        keys[n++] = all[i];
        add(x);
      }
    }, keys);
  };

  /* A derived class can check its arguments before it creates the object. The
     object still gets the prototype of new.target. */
  const AvowPromise = class Promise extends null {
    constructor(executor) {
      if (!isFunction(executor))
        throw new TypeError('the executor is not a function');
      const self = construct(PlainObject, [], new.target);
      const fallback = native.realms.get(getPrototypeOf(self));
      if (fallback !== undefined && !isObject(new.target.prototype))
        setPrototypeOf(self, fallback);
      const { resolve, reject } =
        resolvingFunctions(native.create(self), self);
      try {
        executor(resolve, reject);
      } catch (error) {
        reject(error);
      }
      return self;
    }

    static all(iterable) {
      return combineItems(ALL, this, iterable);
    }

    static allKeyed(promises) {
      return combineKeyed(ALL, this, promises);
    }

    static allSettled(iterable) {
      return combineItems(ALL_SETTLED, this, iterable);
    }

    static allSettledKeyed(promises) {
      return combineKeyed(ALL_SETTLED, this, promises);
    }

    static any(iterable) {
      return combineItems(ANY, this, iterable);
    }

    static race(iterable) {
      return combineItems(RACE, this, iterable);
    }

    static reject(error) {
      const { promise, reject } = newCapability(this);
      reject(error);
      return promise;
    }

    static resolve(x) {
      if (!isObject(this))
        throw new TypeError('Promise.resolve was called on no constructor');
      return promiseResolve(this, x);
    }

    static try(callback, ...args) {
      if (!isObject(this))
        throw new TypeError('Promise.try was called on no constructor');
      const { promise, resolve, reject } = newCapability(this);
      let result;
      try {
        result = apply(callback, undefined, args);
      } catch (error) {
        reject(error);
        return promise;
      }
      resolve(result);
      return promise;
    }

    static withResolvers() {
      const { promise, resolve, reject } = newCapability(this);
      return { promise, resolve, reject };
    }

    static get [species]() {
      return this;
    }

    catch(onRejected) {
      return this.then(undefined, onRejected);
    }

    finally(onFinally) {
      if (!isObject(this))
        throw new TypeError('finally was called on what is not an object');
      const C = speciesOf(this);
      if (!isFunction(onFinally))
        return this.then(onFinally, onFinally);
      if (C === AvowPromise && isPristine(this)) {
        const derived = create(prototype);
        native.finally(this, derived, () => resolution(undefined, onFinally()));
        return derived;
      }
      return this.then(
        (x) => promiseResolve(C, onFinally()).then(() => x),
        (error) => promiseResolve(C, onFinally()).then(() => { throw error; }));
    }

    then(onFulfilled, onRejected) {
      if (!native.isPromise(this))
        throw new TypeError('then was called on what is not a promise');
      const C = speciesOf(this);
      if (C === AvowPromise) {
        const derived = create(prototype);
        native.then(this, derived, handlerJob(derived, onFulfilled),
          handlerJob(derived, onRejected));
        return derived;
      }
      const to = newCapability(C);
      native.then(this, undefined, foreignJob(to, onFulfilled, to.resolve),
        foreignJob(to, onRejected, to.reject));
      return to.promise;
    }
  };

  const { prototype } = AvowPromise;
  const intrinsicThen = prototype.then;
  const intrinsicSpecies = getOwnPropertyDescriptor(AvowPromise, species).get;
  setPrototypeOf(prototype, PlainObject.prototype);
  defineProperty(prototype, toStringTag,
    { __proto__: null, value: 'Promise', configurable: true });
  native.realms ??= new WeakMap();
  native.realms.set(PlainObject.prototype, prototype);
  native.init(makeError);
  return AvowPromise;
};
