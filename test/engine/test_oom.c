/* SPDX-License-Identifier: MIT */
/* Out of memory: chains, combinators, cancellations and values survive it. */
#include "avow/closure.h"
#include "torture.h"

static avow_value_t throw_cb(const avow_value_t *arg, void *data) {
  use(data);
  return avow_error_new(UV_EIO, duty_object(), "%s on fire", "disk");
}

static avow_value_t sleep_cb(const avow_value_t *arg, void *data) {
  use(data);
  return avow_follow(avow_then(avow_sleep(loop, 0), thing_cb, NULL, data));
}

static avow_promise_t *chain_on(avow_promise_t *p) {
  duty_t *data = duty_new();
  p = avow_then(p, pass_cb, NULL, data);
  p = avow_then(p, sleep_cb, NULL, data);
  p = avow_finally(p, duty_fn, duty_new());
  p = avow_then(p, throw_cb, NULL, data);
  p = avow_finally(p, slow_duty_fn, duty_new());
  p = avow_catch(p, thing_cb, data);
  return avow_attach(p, data, duty_end);
}

static avow_promise_t *chain_on_settled(void) {
  return chain_on(avow_promise_resolve(loop, duty_object()));
}

static avow_promise_t *chain_on_deferred(void) {
  avow_deferred_t *d;
  avow_promise_t *p = chain_on(avow_promise_new(loop, &d));
  resolve_later(d);
  return p;
}

static void chain_survives(void **state) {
  survive(chain_on_settled);
}

static void pending_chain_survives(void **state) {
  survive(chain_on_deferred);
}

/* Makes one input of each kind. The first one fulfills. */
static avow_promise_t *input(size_t i) {
  avow_deferred_t *d;
  if (i % 4 == 1)
    return avow_promise_reject(loop, avow_error_new(UV_EIO, duty_object(),
                                                    "input %zu", i));
  if (i % 4 == 2)
    return avow_finally(avow_sleep(loop, 0), slow_duty_fn, duty_new());
  if (i % 4 == 0)
    return avow_promise_resolve(loop, duty_object());
  avow_promise_t *p = avow_promise_new(loop, &d);
  resolve_later(d);
  return p;
}

typedef avow_promise_t *(*combine_fn)(uv_loop_t *, avow_promise_t *const[],
                                      size_t);

static avow_promise_t *combined(combine_fn combine, size_t n) {
  avow_promise_t *ps[8];
  for (size_t i = 0; i < n; i++)
    ps[i] = input(i);
  return combine(loop, ps, n);
}

/* Fulfills, whatever the inputs do. */
static avow_promise_t *growing(combine_fn combine) {
  avow_promise_t *ps[6];
  for (size_t n = 1; n <= 6; n++)
    ps[n - 1] = combined(combine, n);
  return avow_all_settled(loop, ps, 6);
}

static avow_promise_t *growing_all(void) {
  return growing(avow_all);
}

static avow_promise_t *growing_all_settled(void) {
  return growing(avow_all_settled);
}

static avow_promise_t *growing_race(void) {
  return growing(avow_race);
}

static avow_promise_t *growing_any(void) {
  return growing(avow_any);
}

static void combinators_survive(void **state) {
  survive_some(growing_all, 5);
  survive_some(growing_all_settled, 5);
  survive_some(growing_race, 5);
  survive_some(growing_any, 5);
}

static avow_promise_t *nested_combinators(void) {
  avow_promise_t *ps[] = {
    avow_cancel_losers(combined(avow_race, 3)),
    combined(avow_any, 4),
    combined(avow_all_settled, 5),
    avow_all(loop, NULL, 0),
  };
  avow_promise_t *outer[] = {
    avow_all(loop, ps, 4),
    avow_join_losers(combined(avow_any, 3)),
  };
  return avow_finally(avow_all(loop, outer, 2), duty_fn, duty_new());
}

static void nested_combinators_survive(void **state) {
  survive(nested_combinators);
}

static avow_promise_t *gathered(avow_gather_kind_t kind, size_t n) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, kind, &g);
  for (size_t i = 0; i < n; i++)
    avow_gather_add(g, input(i));
  avow_gather_unref(g);
  return p;
}

static avow_promise_t *growing_gather(void) {
  avow_gather_t *outer;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL_SETTLED, &outer);
  avow_gather_add(outer, gathered(AVOW_ALL, 0));
  for (int kind = AVOW_ALL; kind <= AVOW_ANY; kind++)
    avow_gather_add(outer, gathered((avow_gather_kind_t) kind, 6));
  avow_gather_end(outer);
  avow_gather_unref(outer);
  return p;
}

static void gather_survives(void **state) {
  survive(growing_gather);
}

/* Makes a chain to cancel. If canceling fails for lack of memory, the chain
   ends by itself. */
static avow_promise_t *slow_chain(uint64_t ms) {
  duty_t *data = duty_new();
  avow_promise_t *weak = avow_sleep_weak(loop, ms);
  avow_cancel(weak); /* no handler waits for it */
  avow_unref(weak);
  avow_promise_t *p = avow_sleep(loop, ms);
  p = avow_then(p, pass_cb, NULL, data);
  p = avow_finally(p, slow_duty_fn, duty_new());
  return avow_attach(p, data, duty_end);
}

static void stop_work(void *data) {
  duty_t *work = data;
  check(work->deferred != NULL && work->done == 0, "work is stopped in time");
}

/* Makes a deferred with a callback for cancellation. The deferred is dropped in
   any case. */
static avow_promise_t *slow_deferred(void) {
  duty_t *work = duty_new();
  avow_promise_t *p = avow_promise_new(loop, &work->deferred);
  avow_deferred_drop(avow_deferred_ref(work->deferred));
  avow_promise_t *worker = avow_sleep(loop, 0);
  avow_on_cancel(work->deferred, stop_work, work);
  avow_unref(avow_attach(worker, work, duty_end));
  return p;
}

/* Makes cleanups that must run in any case. They wait for a promise that has
   another holder. */
static avow_promise_t *left_by_two(void) {
  avow_deferred_t *d;
  avow_promise_t *shared = avow_promise_new(loop, &d);
  avow_promise_t *ps[] = {
    avow_finally(avow_ref(shared), slow_duty_fn, duty_new()),
    avow_attach(avow_ref(shared), duty_new(), duty_end),
  };
  for (size_t i = 0; i < 2; i++)
    avow_cancel(ps[i]);
  avow_unref(shared);
  resolve_later(d);
  return avow_all_settled(loop, ps, 2);
}

static avow_promise_t *canceled(void) {
  avow_promise_t *ps[3] = { slow_chain(0), slow_deferred(), slow_chain(1) };
  for (size_t i = 0; i < 2; i++)
    avow_cancel(ps[i]);
  ps[2] = avow_timeout(ps[2], 0);
  return avow_all_settled(loop, ps, 3);
}

static avow_promise_t *stopped(void) {
  avow_deferred_t *d;
  avow_promise_t *stop = avow_promise_new(loop, &d);
  avow_promise_t *ps[] = {
    avow_until(slow_chain(0), stop), avow_until(slow_deferred(), stop),
    avow_until(avow_timeout(slow_chain(0), 3600000), stop),
    avow_until(avow_shield(slow_chain(0)), stop)
  };
  avow_promise_t *end = avow_all_settled(loop, ps, 4);
  avow_unref(stop);
  resolve_later(d);
  return end;
}

static avow_promise_t *raced(void) {
  avow_promise_t *ps[] = { slow_chain(0), slow_deferred(), input(0) };
  return avow_cancel_losers(avow_race(loop, ps, 3));
}

static void cancellation_survives(void **state) {
  survive(canceled);
  survive(left_by_two);
}

static void until_survives(void **state) {
  survive(stopped);
}

static void cancel_losers_survives(void **state) {
  survive(raced);
}

static int steps;

static avow_value_t step(void *data) {
  use(data);
  if (++steps == 6)
    return duty_object();
  if (steps % 2 == 0)
    return avow_none();
  return avow_follow(avow_sleep(loop, 0));
}

static avow_promise_t *repeated(void) {
  duty_t *data = duty_new();
  steps = 0;
  return avow_attach(avow_repeat(loop, step, data), data, duty_end);
}

static void repeat_survives(void **state) {
  survive(repeated);
}

static avow_value_t then_now(void *self, avow_deferred_t *d) {
  (void) avow_resolve(d, duty_object()); /* false: canceled before */
  return avow_error(UV_EIO);             /* ignored: too late */
}

static avow_value_t then_later(void *self, avow_deferred_t *d) {
  resolve_later(d);
  return duty_object();
}

static avow_value_t then_throw(void *self, avow_deferred_t *d) {
  avow_deferred_drop(d);
  return avow_error_new(UV_EIO, duty_object(), "thrown");
}

static const avow_class_t thenables[] = {
  { .name = "now", .destroy = duty_end, .then = then_now },
  { .name = "later", .destroy = duty_end, .then = then_later },
  { .name = "throw", .destroy = duty_end, .then = then_throw },
};

static avow_value_t thenable(size_t i) {
  return avow_object(&thenables[i % 3], duty_new());
}

static avow_value_t thenable_fn(void *data) {
  return thenable(1);
}

static avow_promise_t *adopted_thenables(void) {
  avow_promise_t *ps[5];
  for (size_t i = 0; i < 3; i++)
    ps[i] = avow_promise_resolve(loop, thenable(i));
  ps[3] = avow_finally(avow_promise_resolve(loop, duty_object()), thenable_fn,
                       NULL);
  ps[4] = avow_try(loop, thenable_fn, NULL);
  return avow_all_settled(loop, ps, 5);
}

static void thenables_survive(void **state) {
  survive(adopted_thenables);
}

static avow_value_t all_kinds(void) {
  avow_value_t inner[] = { duty_object(), avow_string("text"), avow_int(1) };
  avow_value_t items[] = {
    avow_none(),         avow_int(1),
    avow_double(0.5),    avow_pointer(inner),
    duty_object(),       avow_bytes("\0\1", 2),
    avow_list(inner, 3), avow_error_new(UV_EIO, duty_object(), "number %d", 9),
  };
  return avow_list(items, sizeof(items) / sizeof(items[0]));
}

static avow_value_t wrap_cb(const avow_value_t *arg, void *data) {
  avow_value_t pair[] = { avow_value_ref(arg), all_kinds() };
  return avow_list(pair, 2);
}

static avow_promise_t *values(void) {
  avow_promise_t *p = avow_promise_resolve(loop, all_kinds());
  avow_promise_t *same = avow_then(avow_ref(p), wrap_cb, wrap_cb, NULL);
  avow_promise_t *ps[] = {
    avow_then(p, wrap_cb, NULL, NULL), same,
    avow_promise_reject(loop, all_kinds()),
    avow_promise_reject(loop,
                        avow_follow(avow_promise_resolve(loop, duty_object())))
  };
  return avow_all_settled(loop, ps, 4);
}

static void values_survive(void **state) {
  survive(values);
}

/* Holds a value across awaits. */
typedef struct {
  avow_frame_t frame;
  avow_value_t held;
  duty_t *duty;
} task_t;

static avow_value_t task_step(const avow_value_t *got, void *data) {
  task_t *me = data;
  AVOW_BEGIN(&me->frame);
  use(me->duty);
  me->held = duty_object();
  AVOW_AWAIT(&me->frame, avow_sleep(loop, 0));
  if (!avow_is_error(got))
    AVOW_AWAIT(&me->frame, avow_promise_resolve(loop, duty_object()));
  use(me->duty);
  return me->held;
  AVOW_END;
}

static void free_task(void *data) {
  task_t *me = data;
  duty_end(me->duty);
  free(me);
}

static avow_promise_t *start_task(void) {
  task_t *me = calloc(1, sizeof(*me));
  assert_non_null(me);
  me->duty = duty_new();
  return avow_attach(avow_stackless(loop, task_step, &me->frame), me,
                     free_task);
}

static avow_promise_t *tasks(void) {
  avow_promise_t *ps[] = { start_task(), start_task(), start_task() };
  avow_cancel(ps[1]);
  return avow_all_settled(loop, ps, 3);
}

static void stackless_functions_survive(void **state) {
  survive(tasks);
}

/* The data must be released with its owner, and not earlier. */

static avow_value_t use_and_end(const avow_value_t *got, void *duty) {
  if (got != NULL)
    use(duty);
  duty_end(duty);
  return got != NULL ? duty_object() : avow_none();
}

static avow_value_t owned_step(const avow_value_t *got, void *data) {
  task_t *me = data;
  if (got != NULL)
    return task_step(got, data);
  free_task(me);
  return avow_none();
}

static avow_promise_t *start_owned(void) {
  task_t *me = calloc(1, sizeof(*me));
  assert_non_null(me);
  me->duty = duty_new();
  avow_promise_t *p = avow_coroutine_new(loop, owned_step, &me->frame);
  if (!avow_coroutine_start(p))
    free_task(me);
  return p;
}

static avow_promise_t *closures(void) {
  avow_promise_t *ps[] = {
    avow_then_closure(avow_sleep(loop, 0), use_and_end, duty_new()),
    avow_then_closure(start_owned(), use_and_end, duty_new()),
    start_owned(),
  };
  avow_cancel(ps[2]);
  return avow_all_settled(loop, ps, 3);
}

static void closures_survive(void **state) {
  survive(closures);
}

static void end_duty(const avow_value_t *outcome, void *duty) {
  use(duty);
  duty_end(duty);
}

static avow_promise_t *told(void) {
  avow_promise_t *p = avow_sleep(loop, 0);
  avow_on_settled(avow_ref(p), end_duty, duty_new());
  avow_on_settled(avow_promise_resolve(loop, duty_object()), end_duty,
                  duty_new());
  avow_on_settled(avow_promise_reject(loop, avow_error(UV_EIO)), end_duty,
                  duty_new());
  return p;
}

static void on_settled_survives(void **state) {
  survive(told);
}

/* Advances a virtual clock by an hour, in which sleeps and limits are due. If
   the program does not advance the clock itself, the test waits for nothing. */
static avow_promise_t *hour(void) {
  duty_t *duty = duty_new(), *last = duty_new();
  avow_promise_t *nap =
      avow_then(avow_sleep(loop, 3600000), thing_cb, NULL, duty);
  avow_promise_t *endless = avow_promise_new(loop, &last->deferred);
  avow_promise_t *end = avow_clock_advance(loop, 3600000);
  avow_promise_t *ps[] = {
    avow_until(avow_attach(nap, duty, duty_end), end),
    avow_until(avow_timeout(endless, 60000), end),
    avow_clock_advance(loop, 1),
    end,
  };
  avow_cancel(ps[2]);
  return avow_attach(avow_all_settled(loop, ps, 4), last, duty_end);
}

static void virtual_clocks_survive(void **state) {
  survive_by(AVOW_CLOCK_BY_HAND, hour);
  survive_by(AVOW_CLOCK_BY_ITSELF, hour);
}

static avow_value_t nap_cb(const avow_value_t *arg, void *data) {
  return avow_follow(avow_sleep(loop, 0));
}

static avow_value_t nothing_cb(const avow_value_t *arg, void *data) {
  return avow_none();
}

static avow_value_t chain_cb(const avow_value_t *arg, void *data) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  p = avow_then(p, nap_cb, NULL, NULL);
  return avow_follow(avow_then(p, nothing_cb, NULL, NULL));
}

/* Fails allocation `nth` while `others` promises occupy blocks of the pool. */
static void follow_chain(void **state, size_t others, long nth) {
  avow_deferred_t *deferreds[80];
  avow_promise_t *ps[80];
  assert_int_equal(harness_setup(state), 0);
  for (size_t i = 0; i < others; i++)
    ps[i] = avow_promise_new(loop, &deferreds[i]);
  fail_allocation(nth, false);
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  const avow_value_t v = avow_run(avow_then(p, chain_cb, NULL, NULL));
  assert_int_equal(avow_error_code(&v), avow_is_error(&v) ? UV_ENOMEM : 0);
  fail_allocation(0, false);
  for (size_t i = 0; i < others; i++) {
    avow_deferred_drop(deferreds[i]);
    (void) avow_result(ps[i]);
    avow_unref(ps[i]);
  }
  avow_value_unref(v);
  assert_int_equal(harness_teardown(state), 0);
}

/* A promise that is canceled for lack of memory settles, and so do the promises
   that adopt it. */
static void followers_of_a_failed_promise_fail(void **state) {
  for (size_t others = 0; others <= 80; others++)
    for (long nth = 1; nth < 12; nth++)
      follow_chain(state, others, nth);
}

SUITE(oom) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(chain_survives),
    cmocka_unit_test(pending_chain_survives),
    cmocka_unit_test(combinators_survive),
    cmocka_unit_test(nested_combinators_survive),
    cmocka_unit_test(gather_survives),
    cmocka_unit_test(cancellation_survives),
    cmocka_unit_test(until_survives),
    cmocka_unit_test(cancel_losers_survives),
    cmocka_unit_test(repeat_survives),
    cmocka_unit_test(thenables_survive),
    cmocka_unit_test(values_survive),
    cmocka_unit_test(stackless_functions_survive),
    cmocka_unit_test(closures_survive),
    cmocka_unit_test(on_settled_survives),
    cmocka_unit_test(followers_of_a_failed_promise_fail),
    cmocka_unit_test(virtual_clocks_survive),
  };
  harness_init();
  return cmocka_run_group_tests(tests, start_pool_alone, NULL);
}
