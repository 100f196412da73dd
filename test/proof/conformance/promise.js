// SPDX-License-Identifier: MIT
'use strict';

/*
 * Promise for JavaScript on top of avow: what ECMA-262 has JavaScript look up
 * (then, constructors, species, iterators), while avow has the states, the
 * reactions, the jobs, the adopting and the combinators.
 *
 * To be evaluated in the realm whose Promise it is going to be. Programs under
 * test change prototypes, so this uses no method that they could reach, and no
 * array patterns.
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

  /* Whether new F would work, without running any of it. */
  const isConstructor = (F) => {
    try {
      return isObject(new (new Proxy(F, { __proto__: null,
        construct: () => ({}) }))());
    } catch {
      return false;
    }
  };

  /* Nothing that ECMA-262 would look up on p can be seen to be looked up. */
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

  /* While `then` is looked up nothing else settles the promise. Once the pair
     was used avow is asked all the same: it has to ignore that. */
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
      throw new TypeError('Promise was called on what is no constructor');
    const to = { __proto__: null, resolve: undefined, reject: undefined };
    to.promise = construct(C, [(resolve, reject) => {
      if (to.resolve !== undefined || to.reject !== undefined)
        throw new TypeError('an executor was called twice');
      to.resolve = resolve;
      to.reject = reject;
    }]);
    if (!isFunction(to.resolve) || !isFunction(to.reject))
      throw new TypeError('a promise came without resolving functions');
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

  /* Of a promise that is not ours: avow's own derived one is not used. */
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

  /* What a list of a combinator's, [rejected, x, …], is for JavaScript. */
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

  /* What avow rejects with of its own accord: [code, list of an aggregate]. */
  const makeError = (born) => {
    if (born[0] === AGGREGATE)
      return makeAggregate(born[1]);
    return born[0] === CYCLE ?
      new TypeError('a promise was resolved with itself') :
      new Error(`avow: ${born[0]}`);
  };

  /* avow_gather_*(). Inputs that are not ours are deferreds to avow, which
     ignores what their functions say after the first. */
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

  /* For other constructors: ECMA-262 calls their functions inside the call of
     the last element's, so that no queue may come between. */
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

  /* each calls its argument with every input, in order. avow's combinators are
     for promises of ours and for outcomes that nobody can give a `then`. What a
     foreign winner gives may have one: a gather lets an input adopt that, never
     itself, so that races which begin with such inputs are tallied. */
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

  /* A derived class, since those see their arguments before there is an object;
     the object is of new.target all the same. */
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
