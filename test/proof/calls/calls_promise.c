/* SPDX-License-Identifier: MIT */
/*
 * Calls for promises: from their creation to combinators and async functions.
 */
#include "pool.h"

static const avow_local_t key = { "key" };

static uv_loop_t *loop(void) {
  return &program.loop;
}

static void new_promise(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop(), &d);
  if (any(2) > 0)
    avow_on_cancel(d, made, NULL);
  avow_promise_set_name(p, "any");
  put(PROMISES, p);
  put(DEFERREDS, d);
}

static void settle(void) {
  avow_deferred_t *d = take(DEFERREDS);
  if (d == NULL)
    return;
  if (any(3) == 0)
    put(DEFERREDS, avow_deferred_ref(d));
  if (any(2) > 0)
    (void) avow_resolve(d, any_value());
  else
    (void) avow_reject(d, any_error());
}

static void drop_deferred(void) {
  avow_deferred_drop(take(DEFERREDS));
}

/* Makes promises that wait for each other. */
static void cycle(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop(), &d);
  avow_promise_t *follower = avow_then(avow_ref(p), handler, NULL, NULL);
  if (any(2) > 0)
    follower = avow_timeout(follower, any_ms());
  (void) avow_resolve(d, avow_follow(avow_ref(follower)));
  put(PROMISES, p);
  put(PROMISES, follower);
}

static void then(void) {
  avow_promise_t *p = take_promise();
  const avow_cb on_fulfilled = any(2) > 0 ? handler : NULL;
  const avow_cb on_rejected = any(2) > 0 ? handler : NULL;
  put(PROMISES, avow_then(p, on_fulfilled, on_rejected, NULL));
}

static void catch_it(void) {
  put(PROMISES, avow_catch(take_promise(), handler, NULL));
}

static void finally(void) {
  put(PROMISES, avow_finally(take_promise(), step, NULL));
}

static void heard(const avow_value_t *outcome, void *data) {
}

static void on_settled(void) {
  avow_on_settled(take_promise(), any(4) > 0 ? heard : NULL, NULL);
}

static void attach(void) {
  put(PROMISES, avow_attach(take_promise(), some_data(), freed));
}

static void resolved(void) {
  put(PROMISES, avow_promise_resolve(loop(), any_value()));
}

static void rejected(void) {
  put(PROMISES, avow_promise_reject(loop(), any_error()));
}

static void try_it(void) {
  put(PROMISES, avow_try(loop(), step, NULL));
}

static void cancel(void) {
  avow_promise_t *p = take_promise();
  if (any(2) > 0)
    avow_cancel(p);
  else
    avow_cancel_with(p, any_error());
  put(PROMISES, p);
}

static void release(void) {
  avow_unref(take(PROMISES));
}

static void look(void) {
  avow_promise_t *p = take_promise();
  if (avow_state(p) != AVOW_PENDING)
    put_value(avow_value_ref(avow_result(p)));
  put(PROMISES, p);
}

static void combine(void) {
  typedef avow_promise_t *(*combinator_t)(uv_loop_t * loop,
                                          avow_promise_t *const ps[], size_t n);
  static const combinator_t combinators[] = { avow_all, avow_all_settled,
                                              avow_race, avow_any };
  avow_promise_t *ps[5];
  const unsigned n = any(6);
  for (unsigned i = 0; i < n; i++)
    ps[i] = take_promise();
  avow_promise_t *p = combinators[any(4)](loop(), ps, n);
  const unsigned losers = any(3);
  if (losers == 1)
    p = avow_cancel_losers(p);
  if (losers == 2)
    p = avow_join_losers(p);
  put(PROMISES, p);
}

static void until(void) {
  avow_promise_t *stop = take_promise();
  put(PROMISES, avow_until(take_promise(), stop));
  put(PROMISES, stop);
}

static void timeout(void) {
  const uint64_t ms = any_ms();
  put(PROMISES, avow_timeout(take_promise(), ms));
}

static void deadline(void) {
  const uint64_t at = avow_now(loop()) + any(8);
  put(PROMISES, avow_deadline(take_promise(), at));
}

static void shield(void) {
  const uint64_t ms = any(4);
  put(PROMISES, avow_shield(avow_timeout(take_promise(), ms)));
}

static void sleep_a_while(void) {
  put(PROMISES, avow_sleep(loop(), any(4)));
}

static void sleep_long(void) {
  const uint64_t ms = any(5);
  put(PROMISES, avow_timeout(avow_sleep(loop(), any_ms()), ms));
}

static void sleep_weak(void) {
  put(PROMISES, avow_sleep_weak(loop(), any_ms()));
}

static void phase(void) {
  typedef avow_promise_t *(*phase_t)(uv_loop_t * loop);
  static const phase_t phases[] = { avow_next_iteration, avow_before_poll,
                                    avow_after_poll };
  put(PROMISES, phases[any(3)](loop()));
}

static void repeat(void) {
  avow_promise_t *p = avow_repeat(loop(), step, NULL);
  put(PROMISES, avow_timeout(p, 2 + any(3)));
}

/* Makes a promise for an async function to await. */
static avow_promise_t *awaited(void) {
  avow_promise_t *p = any(3) > 0 ? take_promise() : avow_sleep(loop(), any(4));
  if (any(2) > 0)
    p = avow_timeout(p, any(6));
  return any(6) > 0 ? p : avow_shield(avow_timeout(p, any(4)));
}

static avow_value_t async_function(void *data) {
  for (unsigned n = any(5); n > 0; n--) {
    some_calls(3);
    const avow_value_t v = avow_await(awaited());
    if (any(4) == 0)
      avow_value_unref(avow_local_set(&key, any_item()));
    (void) avow_local_get(&key);
    if (avow_error_code(&v) == UV_ECANCELED && any(3) > 0)
      return v;
    avow_value_unref(v);
  }
  return any_value();
}

static void async(void) {
  put(PROMISES, avow_async(loop(), async_function, NULL));
}

static void new_gather(void) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop(), (avow_gather_kind_t) any(4), &g);
  if (any(3) == 0)
    p = any(2) > 0 ? avow_cancel_losers(p) : avow_join_losers(p);
  put(PROMISES, p);
  put(GATHERS, g);
}

static void add_to_gather(void) {
  avow_gather_t *g = take(GATHERS);
  if (g == NULL)
    return;
  avow_gather_add(g, take_promise());
  put(GATHERS, g);
}

static void end_gather(void) {
  avow_gather_t *g = take(GATHERS);
  if (g != NULL && any(2) > 0)
    avow_gather_end(g);
  avow_gather_unref(g);
}

static void new_group(void) {
  avow_group_t *g;
  put(PROMISES, avow_group_new(loop(), &g));
  put(GROUPS, g);
}

static void add_to_group(void) {
  avow_group_t *g = take(GROUPS);
  if (g == NULL)
    return;
  avow_group_add(g, take_promise());
  put(GROUPS, g);
}

static void end_group(void) {
  avow_group_t *g = take(GROUPS);
  if (g != NULL && any(2) > 0)
    avow_group_end(g);
  avow_group_unref(g);
}

static void new_outcomes(void) {
  avow_promise_t *ps[4];
  const unsigned n = any(5);
  for (unsigned i = 0; i < n; i++)
    ps[i] = take_promise();
  put(CHANNELS, avow_outcomes(loop(), ps, n));
}

static void outcomes_of_gather(void) {
  avow_gather_t *g;
  put(CHANNELS, avow_outcomes_new(loop(), &g));
  put(GATHERS, g);
}

static const call_t calls[] = {
  new_promise,   settle,       settle,     drop_deferred, cycle,
  then,          then,         catch_it,   finally,       attach,
  on_settled,    on_settled,   resolved,   rejected,      try_it,
  cancel,        cancel,       release,    look,          combine,
  combine,       until,        timeout,    deadline,      shield,
  sleep_a_while, sleep_long,   sleep_weak, phase,         repeat,
  async,         async,        new_gather, end_gather,    add_to_gather,
  new_group,     add_to_group, end_group,  new_outcomes,  outcomes_of_gather,
};

const calls_t promise_calls = { calls, sizeof(calls) / sizeof(calls[0]) };
