/* SPDX-License-Identifier: MIT */
/*
 * avow for JavaScript on Node's own loop, as far as the suites of JavaScript
 * promises need it. This file provides states, deferreds, reactions and
 * combinators. promise.js performs the lookups of JavaScript (then,
 * constructors, iterators). A promise is any object that this file has bound to
 * a promise of avow.
 */
#include <limits.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "box.h"
#include "host.h"

/* Ways to resolve a promise: [kind, x], made by promise.js. */
typedef enum {
  FULFIL, /* with x */
  REJECT, /* with x */
  FOLLOW, /* x is a promise of avow */
  ADOPT   /* a thenable: x is a function that will call its then */
} resolution_kind_t;

typedef struct wrap_s {
  LIST_ENTRY(wrap_s) link;
  avow_promise_t *p;
  napi_ref object; /* a weak reference */
} wrap_t;

/* The deferred of a pair of resolving functions. In JavaScript, a promise stays
   pending if both functions are dropped. avow_deferred_drop() would reject it.
   Therefore a pair that was never used is kept until the environment ends. */
typedef struct pair_s {
  LIST_ENTRY(pair_s) link;
  avow_deferred_t *d;
  bool used;
} pair_t;

/* The handlers of a `then`, or the handler of a `finally`. At most one handler
   runs. A reaction that never runs is freed when the environment ends. */
typedef struct reaction_s {
  LIST_ENTRY(reaction_s) link;
  napi_ref jobs[2]; /* by outcome; NULL if missing */
  bool derives;     /* their results resolve the derived promise */
} reaction_t;

typedef struct {
  avow_promise_t *outcome;
  avow_gather_t *gather;
  napi_ref list_maker;
} combinator_t;

static LIST_HEAD(, wrap_s) wraps;
static LIST_HEAD(, pair_s) forgotten;
static LIST_HEAD(, reaction_s) reactions;

static napi_ref reject_hook, handle_hook; /* (promise) */
static const avow_promise_t *nameless; /* rejected before its object exists */

/* Returns NULL if the object is not a promise of avow. */
static wrap_t *unwrap(napi_value object) {
  void *wrap = NULL;
  if (is_object(object))
    (void) napi_unwrap(host.env, object, &wrap); /* fails if not wrapped */
  return wrap;
}

static void wrap_finalize(napi_env env, void *data, void *hint) {
  wrap_t *wrap = data;
  LIST_REMOVE(wrap, link);
  release_ref(wrap->object);
  avow_unref(wrap->p);
  free(wrap);
}

static void tell(napi_ref hook, const avow_promise_t *p) {
  const wrap_t *wrap = LIST_FIRST(&wraps);
  while (wrap != NULL && wrap->p != p)
    wrap = LIST_NEXT(wrap, link);
  napi_value ignored;
  if (wrap == NULL)
    nameless = p;
  else if (!call(kept(hook), kept(wrap->object), &ignored))
    fail("a hook threw");
}

static void on_track(napi_ref hook, const avow_promise_t *p) {
  napi_handle_scope handles;
  if (hook == NULL || host.closed)
    return;
  must(napi_open_handle_scope(host.env, &handles));
  tell(hook, p);
  must(napi_close_handle_scope(host.env, handles));
}

static void on_reject(uv_loop_t *loop, const avow_promise_t *p, void *data) {
  on_track(reject_hook, p);
}

static void on_handle(uv_loop_t *loop, const avow_promise_t *p, void *data) {
  on_track(handle_hook, p);
}

static void on_unhandled(uv_loop_t *loop, const avow_value_t *reason,
                         const char *where, void *data) {
  /* The two hooks above report it in the way of JavaScript. */
}

/* Binds `p` to the object. Takes ownership of `p`. */
static void wrap_new(napi_value object, avow_promise_t *p) {
  wrap_t *wrap = allocate(sizeof(*wrap));
  wrap->p = p;
  must(napi_wrap(host.env, object, wrap, wrap_finalize, NULL, &wrap->object));
  LIST_INSERT_HEAD(&wraps, wrap, link);
  if (nameless == p && avow_state(p) == AVOW_REJECTED)
    on_track(reject_hook, p);
  nameless = NULL;
}

static void pair_finalize(napi_env env, void *data, void *hint) {
  pair_t *pair = data;
  if (!pair->used && !host.closed) {
    LIST_INSERT_HEAD(&forgotten, pair, link);
    return;
  }
  avow_deferred_drop(pair->d);
  free(pair);
}

static napi_value pair_new(avow_deferred_t *d) {
  pair_t *pair = allocate(sizeof(*pair));
  napi_value out;
  pair->d = d;
  must(napi_create_external(host.env, pair, pair_finalize, NULL, &out));
  return out;
}

static avow_value_t then_of_thenable(void *self, avow_deferred_t *d) {
  if (host.closed) {
    avow_deferred_drop(d);
    return avow_none();
  }
  const scope_t scope = scope_open();
  napi_value out;
  avow_value_t thrown = avow_none();
  if (!call(kept(self), pair_new(d), &out))
    thrown = box_reason(out);
  scope_close(scope);
  return thrown;
}

static void thenable_destroy(void *self) {
  release_ref(self);
}

static const avow_class_t thenable_class = { .name = "thenable",
                                             .destroy = thenable_destroy,
                                             .then = then_of_thenable };

static resolution_kind_t kind_of(napi_value resolution) {
  uint32_t kind;
  must(napi_get_value_uint32(host.env, element(resolution, 0), &kind));
  return (resolution_kind_t) kind;
}

static avow_value_t value_of(napi_value resolution) {
  napi_value x = element(resolution, 1);
  switch (kind_of(resolution)) {
  case FOLLOW:
    return avow_follow(avow_ref(unwrap(x)->p));
  case ADOPT:
    return avow_object(&thenable_class, keep(x));
  case REJECT:
    return box_reason(x);
  default:
    return box(x);
  }
}

static reaction_t *reaction_new(void) {
  reaction_t *reaction = allocate(sizeof(*reaction));
  LIST_INSERT_HEAD(&reactions, reaction, link);
  return reaction;
}

static void reaction_free(reaction_t *reaction) {
  LIST_REMOVE(reaction, link);
  release_ref(reaction->jobs[0]);
  release_ref(reaction->jobs[1]);
  free(reaction);
}

/* A job without a derived promise must not stop the queue when it throws. */
static avow_value_t run(const reaction_t *reaction, napi_value job,
                        napi_value arg) {
  napi_value out;
  const bool returned = call(job, arg, &out);
  if (!reaction->derives) {
    if (!returned)
      must(napi_fatal_exception(host.env, out));
    return avow_none();
  }
  return returned ? value_of(out) : box_reason(out);
}

static avow_value_t react(reaction_t *reaction, int i,
                          const avow_value_t *arg) {
  avow_value_t result = avow_none();
  if (!host.closed) {
    const scope_t scope = scope_open();
    result = run(reaction, kept(reaction->jobs[i]),
                 arg != NULL ? unbox(arg) : undefined());
    scope_close(scope);
  }
  reaction_free(reaction);
  return result;
}

static avow_value_t on_fulfilled(const avow_value_t *arg, void *data) {
  return react(data, 0, arg);
}

static avow_value_t on_rejected(const avow_value_t *arg, void *data) {
  return react(data, 1, arg);
}

static avow_value_t on_settled(void *data) {
  return react(data, 0, NULL);
}

/* create(object): makes `object` a pending promise and returns its pair. */
static napi_value js_create(napi_env env, napi_callback_info info) {
  const args_t args = args_of(info);
  avow_deferred_t *d;
  wrap_new(args.at[0], avow_promise_new(host.loop, &d));
  return pair_new(d);
}

/* settle(pair, resolution): avow must ignore all but the first call. */
static napi_value js_settle(napi_env env, napi_callback_info info) {
  const args_t args = args_of(info);
  pair_t *pair = external(args.at[0]);
  avow_deferred_t *d = avow_deferred_ref(pair->d);
  pair->used = true;
  if (kind_of(args.at[1]) == REJECT)
    (void) avow_reject(d, box(element(args.at[1], 1))); /* false if late */
  else
    (void) avow_resolve(d, value_of(args.at[1])); /* false if late */
  return NULL;
}

/* isPromise(x) */
static napi_value js_is_promise(napi_env env, napi_callback_info info) {
  const args_t args = args_of(info);
  napi_value out;
  must(napi_get_boolean(env, unwrap(args.at[0]) != NULL, &out));
  return out;
}

/* Binds the derived promise, unless JavaScript uses a capability of its own. */
static void derive(napi_value object, avow_promise_t *q) {
  if (is_object(object))
    wrap_new(object, q);
  else
    avow_unref(q);
}

static reaction_t *reaction_of(const args_t *args) {
  reaction_t *reaction = reaction_new();
  reaction->derives = is_object(args->at[1]);
  for (int i = 0; i < 2; i++) {
    if (is_function(args->at[2 + i]))
      reaction->jobs[i] = keep(args->at[2 + i]);
  }
  return reaction;
}

/* then(promise, derived or undefined, onFulfilled, onRejected) */
static napi_value js_then(napi_env env, napi_callback_info info) {
  const args_t args = args_of(info);
  reaction_t *reaction = reaction_of(&args);
  derive(args.at[1],
         avow_then(avow_ref(unwrap(args.at[0])->p),
                   reaction->jobs[0] != NULL ? on_fulfilled : NULL,
                   reaction->jobs[1] != NULL ? on_rejected : NULL, reaction));
  return NULL;
}

/* finally(promise, derived, onSettled) */
static napi_value js_finally(napi_env env, napi_callback_info info) {
  const args_t args = args_of(info);
  derive(args.at[1], avow_finally(avow_ref(unwrap(args.at[0])->p), on_settled,
                                  reaction_of(&args)));
  return NULL;
}

static void combinator_finalize(napi_env env, void *data, void *hint) {
  free(data);
}

/* gather(kind, listMaker) */
static napi_value js_gather(napi_env env, napi_callback_info info) {
  const args_t args = args_of(info);
  combinator_t *c = allocate(sizeof(*c));
  uint32_t kind;
  napi_value out;
  must(napi_get_value_uint32(env, args.at[0], &kind));
  c->outcome =
      avow_gather_new(host.loop, (avow_gather_kind_t) kind, &c->gather);
  c->list_maker = keep(args.at[1]);
  must(napi_create_external(env, c, combinator_finalize, NULL, &out));
  return out;
}

/* gatherAdd(gather, promise) */
static napi_value js_gather_add(napi_env env, napi_callback_info info) {
  const args_t args = args_of(info);
  const combinator_t *c = external(args.at[0]);
  avow_gather_add(c->gather, avow_ref(unwrap(args.at[1])->p));
  return NULL;
}

/* gatherElement(gather): adds an input and returns the pair that settles it. */
static napi_value js_gather_element(napi_env env, napi_callback_info info) {
  const args_t args = args_of(info);
  const combinator_t *c = external(args.at[0]);
  avow_deferred_t *d;
  avow_gather_add(c->gather, avow_promise_new(host.loop, &d));
  return pair_new(d);
}

/* gatherEnd(gather, object): makes `object` the promise of the outcome. Must be
   called once. */
static napi_value js_gather_end(napi_env env, napi_callback_info info) {
  const args_t args = args_of(info);
  combinator_t *c = external(args.at[0]);
  avow_gather_unref(c->gather);
  box_set_list_maker(avow_ref(c->outcome), kept(c->list_maker));
  release_ref(c->list_maker);
  wrap_new(args.at[1], c->outcome);
  return NULL;
}

static void set_hook(napi_ref *hook, napi_value fn) {
  release_ref(*hook);
  *hook = is_function(fn) ? keep(fn) : NULL;
}

/* init(makeError) */
static napi_value js_init(napi_env env, napi_callback_info info) {
  const args_t args = args_of(info);
  box_set_error_maker(args.at[0]);
  return NULL;
}

/* track(onReject, onHandle): sets hooks for HostPromiseRejectionTracker. */
static napi_value js_track(napi_env env, napi_callback_info info) {
  const args_t args = args_of(info);
  set_hook(&reject_hook, args.at[0]);
  set_hook(&handle_hook, args.at[1]);
  return NULL;
}

static void free_pairs(void) {
  while (!LIST_EMPTY(&forgotten)) {
    pair_t *pair = LIST_FIRST(&forgotten);
    LIST_REMOVE(pair, link);
    avow_deferred_drop(pair->d);
    free(pair);
  }
}

/* Runs before the finalizers of objects that JavaScript still references. */
static void on_exit_of_node(void *data) {
  host.closed = true;
  if (avow_loop_close(host.loop) != 0)
    fail("the loop did not close");
  free_pairs();
  box_close();
  while (!LIST_EMPTY(&reactions))
    reaction_free(LIST_FIRST(&reactions));
}

static void begin(napi_env env) {
  const avow_options_t options = { .on_unhandled = on_unhandled,
                                   .on_reject = on_reject,
                                   .on_handle = on_handle,
                                   .slow_us = UINT_MAX };
  host_init(env);
  if (avow_loop_init(host.loop, &options) != 0)
    fail("avow does not start on the loop");
  must(napi_add_env_cleanup_hook(env, on_exit_of_node, NULL));
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
#define FUNCTION(name, fn) { name, NULL, fn, NULL, NULL, NULL, 0, NULL }
    FUNCTION("create", js_create),
    FUNCTION("settle", js_settle),
    FUNCTION("isPromise", js_is_promise),
    FUNCTION("then", js_then),
    FUNCTION("finally", js_finally),
    FUNCTION("gather", js_gather),
    FUNCTION("gatherAdd", js_gather_add),
    FUNCTION("gatherElement", js_gather_element),
    FUNCTION("gatherEnd", js_gather_end),
    FUNCTION("init", js_init),
    FUNCTION("track", js_track),
#undef FUNCTION
  };
  begin(env);
  must(napi_define_properties(env, exports,
                              sizeof(functions) / sizeof(functions[0]),
                              functions));
  return exports;
}
