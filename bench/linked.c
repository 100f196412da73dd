/* SPDX-License-Identifier: MIT */
/*
 * The work of bench_settle.c, bench_chain.c, bench_combine.c and bench_async.c,
 * which the function LINKED exports.
 */
#include "linked.h"

#include <stdlib.h>

#include "avow/all.h"

static uv_loop_t loop;
static linked_clock now;
static bool opened;

static void require(bool ok) {
  if (!ok)
    abort();
}

static avow_value_t give(const avow_value_t *arg, void *data) {
  return avow_int(arg->u.i);
}

/* Opens the loop at its first use, because the counting allocator must be
   installed before. */
static uint64_t begin(void) {
  if (!opened)
    require(uv_loop_init(&loop) == 0 && avow_loop_init(&loop, NULL) == 0);
  opened = true;
  return now();
}

static uint64_t settle(size_t n, size_t rounds) {
  const uint64_t start = begin();
  for (size_t round = 0; round < rounds; round++) {
    avow_promise_t *last = NULL;
    for (size_t i = 0; i < n; i++) {
      avow_deferred_t *d;
      avow_promise_t *p = avow_promise_new(&loop, &d);
      avow_unref(last);
      last = avow_then(p, give, NULL, NULL);
      (void) avow_resolve(d, avow_int((int64_t) i)); /* returns true */
    }
    avow_ignore(avow_run(last)); /* an INT */
  }
  return now() - start;
}

static uint64_t settled(size_t n, size_t rounds) {
  const uint64_t start = begin();
  for (size_t round = 0; round < rounds; round++) {
    avow_promise_t *last = NULL;
    for (size_t i = 0; i < n; i++) {
      avow_promise_t *p = avow_promise_resolve(&loop, avow_int((int64_t) i));
      avow_unref(last);
      last = avow_then(p, give, NULL, NULL);
    }
    avow_ignore(avow_run(last)); /* an INT */
  }
  return now() - start;
}

static uint64_t chain(size_t n, size_t rounds) {
  const uint64_t start = begin();
  for (size_t round = 0; round < rounds; round++) {
    avow_deferred_t *d;
    avow_promise_t *p = avow_promise_new(&loop, &d);
    for (size_t i = 0; i < n; i++)
      p = avow_then(p, give, NULL, NULL);
    (void) avow_resolve(d, avow_int(1)); /* returns true */
    avow_ignore(avow_run(p));            /* an INT */
  }
  return now() - start;
}

static uint64_t all(size_t n, size_t rounds) {
  avow_promise_t **ps = calloc(n, sizeof(avow_promise_t *));
  avow_deferred_t **ds = calloc(n, sizeof(avow_deferred_t *));
  require(ps != NULL && ds != NULL);
  const uint64_t start = begin();
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < n; i++)
      ps[i] = avow_promise_new(&loop, &ds[i]);
    avow_promise_t *p = avow_all(&loop, ps, n);
    for (size_t i = 0; i < n; i++)
      (void) avow_resolve(ds[i], avow_int(1)); /* returns true */
    avow_value_unref(avow_run(p));
  }
  const uint64_t elapsed = now() - start;
  free(ps);
  free(ds);
  return elapsed;
}

#ifndef AVOW_NO_ASYNC

static avow_promise_t *shared;
static size_t left;

static avow_value_t await_shared(void *data) {
  while (left > 0) {
    left--;
    avow_ignore(avow_await(avow_ref(shared))); /* NONE */
  }
  return avow_none();
}

static uint64_t await_settled(size_t n, size_t rounds) {
  const uint64_t start = begin();
  shared = avow_promise_resolve(&loop, avow_none());
  for (size_t round = 0; round < rounds; round++) {
    left = n;
    avow_ignore(avow_run(avow_async(&loop, await_shared, NULL))); /* NONE */
  }
  avow_unref(shared);
  return now() - start;
}

static uint64_t await_in_turns(size_t n, size_t rounds) {
  const uint64_t start = begin();
  shared = avow_promise_resolve(&loop, avow_none());
  for (size_t round = 0; round < rounds; round++) {
    left = n;
    avow_promise_t *p = avow_async(&loop, await_shared, NULL);
    avow_promise_t *q = avow_async(&loop, await_shared, NULL);
    avow_ignore(avow_run(p)); /* NONE */
    avow_ignore(avow_run(q)); /* NONE */
  }
  avow_unref(shared);
  return now() - start;
}

#endif

static void close_loop(void) {
  if (opened)
    require(avow_loop_close(&loop) == 0 && uv_loop_close(&loop) == 0);
}

const linked_t *LINKED(linked_clock clock) {
  static const linked_t linked = {
#ifndef AVOW_NO_ASYNC
    .await_settled = await_settled,
    .await_in_turns = await_in_turns,
#endif
    .settle = settle,
    .settled = settled,
    .chain = chain,
    .all = all,
    .close = close_loop,
  };
  now = clock;
  return &linked;
}
