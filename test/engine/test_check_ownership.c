/* SPDX-License-Identifier: MIT */
/*
 * Promises, deferreds, gathers, remotes and loops that are used after they were
 * taken or released: checked builds report them.
 */
#include "base/misuse.h"
#include "harness.h"

static void promise_may_be_used_twice_with_a_ref(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);

  avow_promise_t *q = avow_then(avow_ref(p), note_cb, NULL, "first");
  p = avow_then(p, note_cb, NULL, "second");
  assert_true(avow_resolve(d, avow_int(1)));

  assert_fulfills_int(q, 1);
  assert_fulfills_int(p, 1);
  assert_notes("first second");
}

static void each_deferred_reference_may_settle(void **state) {
  enum { MANY = 1000 };
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  for (int i = 0; i < MANY; i++)
    (void) avow_deferred_ref(d); /* returns d */

  assert_true(avow_resolve(d, avow_int(1)));
  for (int i = 0; i < MANY; i++)
    assert_false(avow_resolve(d, avow_int(2)));

  assert_fulfills_int(p, 1);
}

static avow_gather_t *busy_gather(void) {
  avow_gather_t *g;
  avow_unref(avow_gather_new(loop, AVOW_ALL, &g));
  avow_gather_add(g, avow_sleep(loop, 60000));
  return g;
}

static void release_a_gather_twice(void) {
  avow_gather_t *g = busy_gather();
  avow_gather_unref(g);
  avow_gather_unref(g);
}

/* Release builds ignore the second call while the gather exists. */
static void gather_released_twice_is_reported(void **state) {
  assert_misuse(release_a_gather_twice,
                "gather used after avow_gather_unref() freed it");
#ifdef AVOW_DLADDR
  assert_misuse(release_a_gather_twice, "freed it in ");
#endif
}

#ifndef NDEBUG

#  ifndef AVOW_NO_POOL /* without the pool, memory checkers report it */

static void release_twice(void) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_unref(p);
  avow_unref(p);
}

static void use_after_run(void) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_ignore(avow_run(p));
  avow_unref(avow_then(p, note_cb, NULL, "never"));
}

#    ifdef AVOW__QUARANTINE

static avow_promise_t *freed_promise(void) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_unref(p);
  return p;
}

#      ifdef AVOW_DLADDR
static void use_freed_after_another(void) {
  avow_promise_t *p = freed_promise();
  avow_unref(avow_promise_resolve(loop, avow_int(1)));
  avow_unref(avow_then(p, note_cb, NULL, "never"));
}

static void message_names_the_place_of_the_release(void **state) {
  assert_misuse(use_freed_after_another,
                "avow_then(): promise used after it was freed in ");
  assert_misuse(use_freed_after_another, "(addr2line -fpe ");
}
#      endif

static void freed_promise_is_not_reused_at_once(void **state) {
  const avow_promise_t *p = freed_promise();

  avow_promise_t *q = avow_promise_resolve(loop, avow_int(1));

  assert_ptr_not_equal(q, p);
  avow_unref(q);
}

#    endif

static void use_of_a_freed_promise_is_reported(void **state) {
  assert_misuse(release_twice, "promise used after it was freed");
  assert_misuse(use_after_run, "call avow_ref() before passing it on");
}

#  endif

static avow_promise_t *taken_promise(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_unref(avow_then(p, note_cb, NULL, "first"));
  return p;
}

static void then_twice(void) {
  avow_unref(avow_then(taken_promise(), note_cb, NULL, "second"));
}

static void release_taken(void) {
  avow_unref(taken_promise());
}

static avow_value_t follow_fn(void *promise) {
  return avow_follow(promise);
}

static void follow_taken(void) {
  avow_unref(avow_try(loop, follow_fn, taken_promise()));
}

static void gather_taken(void) {
  avow_promise_t *const ps[] = { taken_promise() };
  avow_unref(avow_race(loop, ps, 1));
}

static void use_of_a_taken_promise_is_reported(void **state) {
  static void (*const mistakes[])(void) = { then_twice, release_taken,
                                            follow_taken, gather_taken };

  for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
    assert_misuse(mistakes[i],
                  "promise used after avow_then() took ownership of it");
}

/* Uses a promise whose only reaction was made by the given function. */
static void use_again(void (*take)(avow_promise_t *p)) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  take(p);
  avow_unref(avow_ref(p));
}

static void take_by_catch(avow_promise_t *p) {
  avow_unref(avow_catch(p, note_cb, NULL));
}

static void take_by_finally(avow_promise_t *p) {
  avow_unref(avow_finally(p, note_fn, NULL));
}

static void take_by_attach(avow_promise_t *p) {
  avow_unref(avow_attach(p, NULL, free));
}

static void take_by_shield(avow_promise_t *p) {
  avow_unref(avow_shield(p));
}

static void take_by_all(avow_promise_t *p) {
  avow_unref(avow_all(loop, &p, 1));
}

static void take_by_timeout(avow_promise_t *p) {
  avow_unref(avow_timeout(p, 60000));
}

static void take_by_follow(avow_promise_t *p) {
  avow_unref(avow_try(loop, follow_fn, p));
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the promise stays pending */
}

#  ifndef AVOW_NO_ASYNC
static avow_value_t await_fn(void *promise) {
  return avow_await(promise);
}

static void take_by_await(avow_promise_t *p) {
  avow_unref(avow_async(loop, await_fn, p));
}
#  endif

static void use_after_catch(void) {
  use_again(take_by_catch);
}

static void use_after_finally(void) {
  use_again(take_by_finally);
}

static void use_after_attach(void) {
  use_again(take_by_attach);
}

static void use_after_shield(void) {
  use_again(take_by_shield);
}

static void use_after_all(void) {
  use_again(take_by_all);
}

static void use_after_timeout(void) {
  use_again(take_by_timeout);
}

static void use_after_follow(void) {
  use_again(take_by_follow);
}

#  ifndef AVOW_NO_ASYNC
static void use_after_await(void) {
  use_again(take_by_await);
}
#  endif

static void function_that_took_a_promise_is_named(void **state) {
  assert_misuse(use_after_catch, "used after avow_catch() took ownership");
  assert_misuse(use_after_finally, "used after avow_finally() took ownership");
  assert_misuse(use_after_attach, "used after avow_attach() took ownership");
  assert_misuse(use_after_shield, "used after avow_shield() took ownership");
  assert_misuse(use_after_all, "used after avow_all() took ownership");
  assert_misuse(use_after_timeout, "used after another call took ownership");
  assert_misuse(use_after_follow, "used after avow_follow() took ownership");
#  ifndef AVOW_NO_ASYNC
  assert_misuse(use_after_await, "used after avow_await() took ownership");
#  endif
}

static void timeout_taken(void) {
  avow_unref(avow_timeout(taken_promise(), 1));
}

static void deadline_taken(void) {
  avow_unref(avow_deadline(taken_promise(), 1));
}

static void until_taken(void) {
  avow_unref(avow_until(taken_promise(), avow_sleep(loop, 1)));
}

static void finally_taken(void) {
  avow_unref(avow_finally(taken_promise(), note_fn, NULL));
}

static void attach_taken(void) {
  avow_unref(avow_attach(taken_promise(), NULL, free));
}

static void no_outcome(const avow_value_t *outcome, void *data) {
}

static void on_settled_taken(void) {
  avow_on_settled(taken_promise(), no_outcome, NULL);
}

static void shield_taken(void) {
  avow_unref(avow_shield(taken_promise()));
}

static void message_names_the_called_function(void **state) {
  assert_misuse(timeout_taken, "avow_timeout(): promise used after");
  assert_misuse(deadline_taken, "avow_deadline(): promise used after");
  assert_misuse(until_taken, "avow_until(): promise used after");
  assert_misuse(finally_taken, "avow_finally(): promise used after");
  assert_misuse(attach_taken, "avow_attach(): promise used after");
  assert_misuse(on_settled_taken, "avow_on_settled(): promise used after");
  assert_misuse(shield_taken, "avow_shield(): promise used after");
}

static void settle_twice(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  (void) avow_resolve(d, avow_int(1)); /* true */
  (void) avow_resolve(d, avow_int(2)); /* ignored, as in JavaScript */
  avow_unref(p);
}

static void drop_after_settling(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  (void) avow_reject(d, avow_error(UV_EIO)); /* true */
  avow_deferred_drop(d);
  avow_unref(p);
}

static void settle_after_following(void) {
  avow_deferred_t *d, *e;
  avow_promise_t *p = avow_promise_new(loop, &d);
  (void) avow_resolve(d, avow_follow(avow_promise_new(loop, &e))); /* true */
  avow_on_cancel(d, note_free, "never");
  avow_unref(p);
}

static void ref_after_dropping(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_deferred_drop(avow_deferred_ref(d));
  avow_deferred_drop(d);
  avow_deferred_drop(avow_deferred_ref(d));
  avow_unref(p);
}

static void use_of_a_settled_deferred_is_reported(void **state) {
  assert_misuse(settle_twice, "deferred used after it was settled");
  assert_misuse(settle_twice, "(its promise is fulfilled)");
  assert_misuse(drop_after_settling, "(its promise is rejected)");
  assert_misuse(settle_after_following, "(its promise follows another)");
  assert_misuse(ref_after_dropping, "deferred used after it was settled");
}

#  ifndef AVOW_NO_POOL

static void settle_after_free(void) {
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));
  (void) avow_resolve(d, avow_none()); /* true, and frees the promise */
  avow_deferred_drop(d);
}

/* Uses more deferreds than the counter can count. */
static void settle_many_times_after_free(void) {
  enum { MANY = 1000 };
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));
  for (int i = 0; i < MANY; i++)
    (void) avow_deferred_ref(d); /* returns d */
  for (int i = 0; i <= MANY; i++)
    avow_deferred_drop(d);
  avow_deferred_drop(d);
}

static void deferred_of_a_freed_promise_is_reported(void **state) {
  assert_misuse(settle_after_free, "(its promise was freed)");
  assert_misuse(settle_many_times_after_free, "(its promise was freed)");
}

#  endif

static void add_to_ended_gather(void) {
  avow_gather_t *g = busy_gather();
  avow_gather_end(g);
  avow_gather_add(g, avow_sleep(loop, 60000));
}

static void end_ended_gather(void) {
  avow_gather_t *g = busy_gather();
  avow_gather_end(g);
  avow_gather_end(g);
}

static void use_of_an_ended_gather_is_reported(void **state) {
  assert_misuse(add_to_ended_gather, "gather used after avow_gather_end()");
  assert_misuse(end_ended_gather, "gather used after avow_gather_end()");
}

static void end_released_gather(void) {
  avow_gather_t *g = busy_gather();
  avow_gather_unref(g);
  avow_gather_end(g);
}

static avow_gather_t *freed_gather(void) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
  avow_gather_unref(g);
  avow_ignore(avow_run(p));
  return g;
}

static void release_a_settled_gather_twice(void) {
  avow_gather_unref(freed_gather());
}

static void add_to_a_promise_in_place_of_a_gather(void) {
  avow_gather_t *g = freed_gather();
  avow_promise_t *p = avow_sleep(loop, 60000);
  avow_gather_add(g, avow_promise_resolve(loop, avow_none()));
  avow_unref(p);
}

static void gather_in_reused_memory_is_not_reported(void **state) {
  (void) freed_gather();
  (void) live_allocations(); /* empties the quarantine */

  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
  avow_gather_unref(g);

  assert_outcome(p, "is=[]");
}

static void release_an_open_gather_promise_twice(void) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
  avow_unref(p);
  avow_unref(p);
}

static void release_a_settled_gather_promise_twice(void) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
  avow_gather_end(g);
  avow_unref(p);
  avow_unref(p);
}

static void use_of_a_released_gather_is_reported(void **state) {
  assert_misuse(end_released_gather,
                "gather used after avow_gather_unref() freed it");
  assert_misuse(release_a_settled_gather_twice,
                "gather used after avow_gather_unref() freed it");
  assert_misuse(add_to_a_promise_in_place_of_a_gather,
                "gather used after avow_gather_unref() freed it");
  assert_misuse(release_an_open_gather_promise_twice,
                "promise used after it was released");
  assert_misuse(release_a_settled_gather_promise_twice,
                "promise used after it was released");
}

#  ifndef AVOW_NO_POOL /* without the pool, memory checkers report it */

static avow_remote_t *spent_remote(void) {
  avow_remote_t *r;
  avow_promise_t *p = avow_remote_new(loop, &r);
  avow_remote_drop(r);
  avow_ignore(avow_run(p));
  return r;
}

static void drop_a_remote_twice(void) {
  avow_remote_drop(spent_remote());
}

static void answer_after_the_drop(void) {
  (void) avow_remote_resolve(spent_remote(), avow_int(1)); /* 0 or misuse */
}

static void answer_twice_at_once(void) {
  avow_remote_t *r;
  avow_unref(avow_remote_new(loop, &r));
  (void) avow_remote_resolve(r, avow_int(1)); /* 0 */
  (void) avow_remote_resolve(r, avow_int(2)); /* not delivered yet */
}

static void remote_used_twice_is_reported(void **state) {
  assert_misuse(drop_a_remote_twice,
                "remote used after it was resolved, rejected or dropped");
  assert_misuse(answer_after_the_drop,
                "remote used after it was resolved, rejected or dropped");
  assert_misuse(answer_twice_at_once,
                "remote used after it was resolved, rejected or dropped");
}

#  endif

static avow_value_t unexpected_call(uv_loop_t *own, void *data) {
  return avow_none();
}

static avow_loops_t *closed_loops(void) {
  avow_loops_t *closed = avow_loops_new(1);
  avow_ignore(avow_run(avow_loops_close(closed, loop)));
  return closed;
}

static void close_closed_loops(void) {
  avow_ignore(avow_run(avow_loops_close(closed_loops(), loop)));
}

static void run_on_closed_loops(void) {
  avow_promise_t *p =
      avow_loops_run(closed_loops(), 0, loop, unexpected_call, NULL);
  avow_ignore(avow_run(p));
}

static void count_closed_loops(void) {
  (void) avow_loops_count(closed_loops()); /* unknown */
}

static void close_closing_loops(void) {
  avow_loops_t *closing = avow_loops_new(1);
  avow_unref(avow_loops_close(closing, loop));
  avow_unref(avow_loops_close(closing, loop));
}

static void use_of_closed_loops_is_reported(void **state) {
  assert_misuse(close_closed_loops, "loops used after avow_loops_close()");
  assert_misuse(run_on_closed_loops, "loops used after avow_loops_close()");
  assert_misuse(count_closed_loops, "loops used after avow_loops_close()");
  assert_misuse(close_closing_loops,
                "avow_loops_close(): loops are closed already");
}

static void release_a_pending_promise_twice(void) {
  avow_promise_t *p = avow_sleep(loop, 60000);
  avow_unref(p);
  avow_unref(p);
}

static void take_a_released_promise(void) {
  avow_promise_t *p = avow_sleep(loop, 60000);
  avow_unref(p);
  avow_unref(avow_then(p, note_cb, NULL, "never"));
}

static void follow_a_released_promise(void) {
  avow_promise_t *p = avow_sleep(loop, 60000);
  avow_unref(p);
  avow_ignore(avow_run(avow_try(loop, follow_fn, p)));
}

static void use_of_a_released_promise_is_reported(void **state) {
  assert_misuse(release_a_pending_promise_twice,
                "avow_unref(): promise used after it was released");
  assert_misuse(take_a_released_promise,
                "avow_then(): promise used after it was released");
  assert_misuse(follow_a_released_promise,
                "promise used after it was released");
}

/* The deferred holds the promise as well. */
static void last_reference_may_be_taken(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_unref(avow_ref(p));
  p = avow_then(p, note_cb, NULL, "got");

  assert_true(avow_resolve(d, avow_int(1)));

  assert_fulfills_int(p, 1);
}

static void read_state_of_taken(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_then(p, note_cb, NULL, "later");
  (void) avow_state(p); /* pending */
  avow_unref(q);
}

static void cancel_taken(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_then(p, note_cb, NULL, "later");
  avow_cancel(p);
  avow_unref(q);
}

static void ref_taken(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_then(p, note_cb, NULL, "later");
  avow_unref(avow_ref(p));
  avow_unref(q);
}

static void accessing_a_taken_promise_is_reported(void **state) {
  assert_misuse(read_state_of_taken,
                "promise used after avow_then() took ownership of it");
  assert_misuse(cancel_taken,
                "promise used after avow_then() took ownership of it");
  assert_misuse(ref_taken,
                "promise used after avow_then() took ownership of it");
}

#endif

SUITE(check_ownership) {
  const struct CMUnitTest tests[] = {
    CASE(promise_may_be_used_twice_with_a_ref),
    CASE(each_deferred_reference_may_settle),
    CASE(gather_released_twice_is_reported),
#ifndef NDEBUG
    CASE(use_of_a_taken_promise_is_reported),
    CASE(function_that_took_a_promise_is_named),
    CASE(message_names_the_called_function),
    CASE(use_of_a_settled_deferred_is_reported),
    CASE(use_of_an_ended_gather_is_reported),
    CASE(use_of_a_released_gather_is_reported),
    CASE(gather_in_reused_memory_is_not_reported),
    CASE(use_of_closed_loops_is_reported),
    CASE(use_of_a_released_promise_is_reported),
    CASE(last_reference_may_be_taken),
    CASE(accessing_a_taken_promise_is_reported),
#  ifndef AVOW_NO_POOL
    CASE(remote_used_twice_is_reported),
    CASE(use_of_a_freed_promise_is_reported),
#    ifdef AVOW__QUARANTINE
    CASE(freed_promise_is_not_reused_at_once),
#      ifdef AVOW_DLADDR
    CASE(message_names_the_place_of_the_release),
#      endif
#    endif
    CASE(deferred_of_a_freed_promise_is_reported),
#  endif
#endif
  };
  return RUN(tests);
}
