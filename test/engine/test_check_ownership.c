/* SPDX-License-Identifier: MIT */
/*
 * Promises, deferreds, gathers, remotes and loops that are used after they were
 * taken or released: checked builds report them.
 */
#include "harness.h"

static void promise_used_twice_with_a_ref_is_fine(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);

  avow_promise_t *q = avow_then(avow_ref(p), note_cb, NULL, "first");
  p = avow_then(p, note_cb, NULL, "second");
  assert_true(avow_resolve(d, avow_int(1)));

  assert_fulfils_int(q, 1);
  assert_fulfils_int(p, 1);
  assert_notes("first second");
}

static void as_many_may_settle_as_were_made(void **state) {
  enum { MANY = 1000 };
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  for (int i = 0; i < MANY; i++)
    (void) avow_deferred_ref(d); /* returns d */

  assert_true(avow_resolve(d, avow_int(1)));
  for (int i = 0; i < MANY; i++)
    assert_false(avow_resolve(d, avow_int(2)));

  assert_fulfils_int(p, 1);
}

static avow_gather_t *busy_gather(void) {
  avow_gather_t *g;
  avow_unref(avow_gather_new(loop, AVOW_ALL, &g));
  avow_gather_add(g, avow_sleep(loop, 60000));
  return g;
}

static void let_go_of_a_gather_twice(void) {
  avow_gather_t *g = busy_gather();
  avow_gather_unref(g);
  avow_gather_unref(g);
}

/* Release builds ignore the second call while the gather exists. */
static void gather_let_go_twice_is_named_as_such(void **state) {
  assert_misuse(let_go_of_a_gather_twice,
                "gather used after avow_gather_unref() freed it");
}

#ifndef NDEBUG

#  ifndef AVOW_NO_POOL /* without the pool, memory checkers report it */

static void let_go_twice(void) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_unref(p);
  avow_unref(p);
}

static void use_after_run(void) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_ignore(avow_run(p));
  avow_unref(avow_then(p, note_cb, NULL, "never"));
}

static void promise_that_is_gone_is_named_as_such(void **state) {
  assert_misuse(let_go_twice, "promise used after it was freed");
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

static void let_go_of_taken(void) {
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

static void promise_taken_before_is_named_as_such(void **state) {
  static void (*const mistakes[])(void) = { then_twice, let_go_of_taken,
                                            follow_taken, gather_taken };

  for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
    assert_misuse(mistakes[i],
                  "promise used after another call took ownership of it");
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

static void deferred_that_was_settled_is_named_as_such(void **state) {
  assert_misuse(settle_twice, "deferred used after it was settled");
  assert_misuse(settle_twice, "(its promise is fulfilled)");
  assert_misuse(drop_after_settling, "(its promise is rejected)");
  assert_misuse(settle_after_following, "(its promise follows another)");
  assert_misuse(ref_after_dropping, "deferred used after it was settled");
}

#  ifndef AVOW_NO_POOL

static void settle_what_is_gone(void) {
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));
  (void) avow_resolve(d, avow_none()); /* true, and frees the promise */
  avow_deferred_drop(d);
}

/* Uses more deferreds than the counter can count. */
static void settle_what_is_gone_once_more_than_many(void) {
  enum { MANY = 1000 };
  avow_deferred_t *d;
  avow_unref(avow_promise_new(loop, &d));
  for (int i = 0; i < MANY; i++)
    (void) avow_deferred_ref(d); /* returns d */
  for (int i = 0; i <= MANY; i++)
    avow_deferred_drop(d);
  avow_deferred_drop(d);
}

static void deferred_that_is_gone_is_named_as_such(void **state) {
  assert_misuse(settle_what_is_gone, "(its promise was freed)");
  assert_misuse(settle_what_is_gone_once_more_than_many,
                "(its promise was freed)");
}

#  endif

static void add_to_what_was_ended(void) {
  avow_gather_t *g = busy_gather();
  avow_gather_end(g);
  avow_gather_add(g, avow_sleep(loop, 60000));
}

static void end_what_was_ended(void) {
  avow_gather_t *g = busy_gather();
  avow_gather_end(g);
  avow_gather_end(g);
}

static void gather_that_was_ended_is_named_as_such(void **state) {
  assert_misuse(add_to_what_was_ended, "gather used after avow_gather_end()");
  assert_misuse(end_what_was_ended, "gather used after avow_gather_end()");
}

static void end_what_was_let_go(void) {
  avow_gather_t *g = busy_gather();
  avow_gather_unref(g);
  avow_gather_end(g);
}

static avow_gather_t *gather_that_is_gone(void) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
  avow_gather_unref(g);
  avow_ignore(avow_run(p));
  return g;
}

static void let_go_of_a_settled_gather_twice(void) {
  avow_gather_unref(gather_that_is_gone());
}

static void add_to_what_came_in_place_of_a_gather(void) {
  avow_gather_t *g = gather_that_is_gone();
  avow_promise_t *p = avow_sleep(loop, 60000);
  avow_gather_add(g, avow_promise_resolve(loop, avow_none()));
  avow_unref(p);
}

static void gather_made_in_place_of_another_is_another(void **state) {
  (void) gather_that_is_gone();

  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
  avow_gather_unref(g);

  assert_outcome(p, "is=[]");
}

static void let_go_of_an_open_gathers_promise_twice(void) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
  avow_unref(p);
  avow_unref(p);
}

static void let_go_of_a_settled_gathers_promise_twice(void) {
  avow_gather_t *g;
  avow_promise_t *p = avow_gather_new(loop, AVOW_ALL, &g);
  avow_gather_end(g);
  avow_unref(p);
  avow_unref(p);
}

static void gather_that_was_let_go_is_named_as_such(void **state) {
  assert_misuse(end_what_was_let_go,
                "gather used after avow_gather_unref() freed it");
  assert_misuse(let_go_of_a_settled_gather_twice,
                "gather used after avow_gather_unref() freed it");
  assert_misuse(add_to_what_came_in_place_of_a_gather,
                "gather used after avow_gather_unref() freed it");
  assert_misuse(let_go_of_an_open_gathers_promise_twice,
                "promise released twice before it settled");
  assert_misuse(let_go_of_a_settled_gathers_promise_twice,
                "call avow_ref() for each release");
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

static void remote_used_twice_is_named_as_such(void **state) {
  assert_misuse(drop_a_remote_twice,
                "remote used after it was resolved, rejected or dropped");
  assert_misuse(answer_after_the_drop,
                "remote used after it was resolved, rejected or dropped");
  assert_misuse(answer_twice_at_once,
                "remote used after it was resolved, rejected or dropped");
}

#  endif

static avow_value_t never_there(uv_loop_t *own, void *data) {
  return avow_none();
}

static avow_loops_t *closed_loops(void) {
  avow_loops_t *closed = avow_loops_new(1);
  avow_ignore(avow_run(avow_loops_close(closed, loop)));
  return closed;
}

static void close_what_is_gone(void) {
  avow_ignore(avow_run(avow_loops_close(closed_loops(), loop)));
}

static void run_on_what_is_gone(void) {
  avow_promise_t *p =
      avow_loops_run(closed_loops(), 0, loop, never_there, NULL);
  avow_ignore(avow_run(p));
}

static void count_what_is_gone(void) {
  (void) avow_loops_count(closed_loops()); /* unknown */
}

static void close_what_is_closing(void) {
  avow_loops_t *closing = avow_loops_new(1);
  avow_unref(avow_loops_close(closing, loop));
  avow_unref(avow_loops_close(closing, loop));
}

static void loops_used_after_their_close_are_named_as_such(void **state) {
  assert_misuse(close_what_is_gone, "loops used after avow_loops_close()");
  assert_misuse(run_on_what_is_gone, "loops used after avow_loops_close()");
  assert_misuse(count_what_is_gone, "loops used after avow_loops_close()");
  assert_misuse(close_what_is_closing,
                "avow_loops_close(): loops are closed already");
}

static void let_go_twice_of_what_is_pending(void) {
  avow_promise_t *p = avow_sleep(loop, 60000);
  avow_unref(p);
  avow_unref(p);
}

static void pending_promise_let_go_before_is_named_as_such(void **state) {
  assert_misuse(let_go_twice_of_what_is_pending,
                "promise released twice before it settled");
}

static void ask_what_was_taken(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_then(p, note_cb, NULL, "later");
  (void) avow_state(p); /* pending */
  avow_unref(q);
}

static void cancel_what_was_taken(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_then(p, note_cb, NULL, "later");
  avow_cancel(p);
  avow_unref(q);
}

static void keep_what_was_taken(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_then(p, note_cb, NULL, "later");
  avow_unref(avow_ref(p));
  avow_unref(q);
}

static void asking_what_was_taken_is_named_as_such(void **state) {
  assert_misuse(ask_what_was_taken,
                "promise used after another call took ownership of it");
  assert_misuse(cancel_what_was_taken,
                "promise used after another call took ownership of it");
  assert_misuse(keep_what_was_taken,
                "promise used after another call took ownership of it");
}

#endif

SUITE(check_ownership) {
  const struct CMUnitTest tests[] = {
    CASE(promise_used_twice_with_a_ref_is_fine),
    CASE(as_many_may_settle_as_were_made),
    CASE(gather_let_go_twice_is_named_as_such),
#ifndef NDEBUG
    CASE(promise_taken_before_is_named_as_such),
    CASE(deferred_that_was_settled_is_named_as_such),
    CASE(gather_that_was_ended_is_named_as_such),
    CASE(gather_that_was_let_go_is_named_as_such),
    CASE(gather_made_in_place_of_another_is_another),
    CASE(loops_used_after_their_close_are_named_as_such),
    CASE(pending_promise_let_go_before_is_named_as_such),
    CASE(asking_what_was_taken_is_named_as_such),
#  ifndef AVOW_NO_POOL
    CASE(remote_used_twice_is_named_as_such),
    CASE(promise_that_is_gone_is_named_as_such),
    CASE(deferred_that_is_gone_is_named_as_such),
#  endif
#endif
  };
  return RUN(tests);
}
