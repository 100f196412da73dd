/* SPDX-License-Identifier: MIT */
/* Shields: how cancellation and the close of a loop wait for them. */
#include "harness.h"

#include <stdio.h>

static avow_promise_t *pending(avow_deferred_t **out) {
  avow_promise_t *p = avow_promise_new(loop, out);
  avow_on_cancel(*out, note_free, "canceled");
  return p;
}

static void shield_settles_as_its_promise_does(void **state) {
  avow_deferred_t *d, *e;
  avow_promise_t *p = avow_shield(pending(&d));
  avow_promise_t *q = avow_shield(pending(&e));

  assert_true(avow_resolve(d, avow_string("done")));
  assert_true(avow_resolve(e, avow_error(UV_EIO)));

  assert_fulfills_bytes(p, "done");
  assert_rejects(q, UV_EIO);
}

static void shield_of_a_settled_promise_is_that_promise(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));

  assert_ptr_equal(avow_shield(p), p);

  assert_fulfills_int(p, 1);
}

static avow_value_t sleep_long(const avow_value_t *arg, void *data) {
  avow_value_unref(note_value_cb(arg, "got"));
  return avow_follow(avow_sleep(loop, 60000));
}

/* The outcome of the shield is not lost, as behind a handler that runs. */
static void cancellation_continues_after_the_shield_settles(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_shield(pending(&d));
  p = avow_then(p, sleep_long, NULL, NULL);

  avow_cancel(p);
  avow_cancel(p);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(5)));

  assert_rejects(p, UV_ECANCELED);
  assert_notes("got=5");
}

static void cancellation_waits_for_a_shared_shield(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_shield(pending(&d));
  avow_promise_t *q = avow_then(avow_ref(p), note_cb, NULL, "then");

  avow_cancel(q);
  assert_int_equal(avow_state(q), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(5)));

  assert_fulfills_int(q, 5);
  assert_fulfills_int(p, 5);
  assert_notes("then");
}

static void until_waits_for_a_shield(void **state) {
  avow_deferred_t *d;
  avow_promise_t *stop = avow_promise_resolve(loop, avow_none());
  avow_promise_t *p = avow_until(avow_shield(pending(&d)), stop);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* 0: no handle is active */
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_true(avow_resolve(d, avow_string("dropped")));

  assert_rejects(p, UV_ECANCELED);
  avow_unref(stop);
}

static void timeout_inside_a_shield_still_applies(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_shield(avow_timeout(pending(&d), 1));

  avow_cancel(p);

  assert_rejects(p, UV_ETIMEDOUT);
  assert_notes("canceled");
  avow_deferred_drop(d);
}

/* Closing the loop. */

static void close_loop(void) {
  assert_int_equal(avow_loop_close(loop), 0);
}

static void open_again(void) {
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void closing_waits_only_for_shielded_promises(void **state) {
  avow_promise_t *p = avow_then(avow_sleep(loop, 1), note_cb, NULL, "slept");
  avow_promise_t *q = avow_catch(avow_sleep(loop, 1), note_value_cb, "other");
  p = avow_then(avow_shield(p), note_cb, NULL, "behind");

  close_loop();

  assert_notes("other=ECANCELED slept behind");
  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  avow_unref(p);
  avow_unref(q);
  open_again();
}

static avow_value_t sleep_a_little(size_t i, void *data) {
  return avow_follow(avow_sleep(loop, 1));
}

static avow_promise_t *group_of_one(void) {
  avow_group_t *g;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_add(g, avow_map(loop, 3, sleep_a_little, NULL, NULL));
  avow_group_unref(g);
  return p;
}

/* Tests nested combinators and tools. */
static void closing_keeps_all_inputs_of_a_shield(void **state) {
  avow_promise_t *some[] = { avow_sleep(loop, 1), group_of_one() };
  avow_promise_t *all[] = { avow_all(loop, some, 2),
                            avow_timeout(avow_sleep(loop, 1), 60000) };
  avow_promise_t *p = avow_shield(avow_all(loop, all, 2));

  close_loop();

  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  avow_unref(p);
  open_again();
}

static void closing_keeps_the_timeout_inside_a_shield(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_shield(avow_timeout(pending(&d), 1));

  close_loop();

  assert_int_equal(avow_error_code(avow_result(p)), UV_ETIMEDOUT);
  assert_notes("canceled");
  avow_unref(p);
  avow_deferred_drop(d);
  open_again();
}

static void closing_cancels_shields_that_cannot_settle(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_shield(pending(&d));

  close_loop();

  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  assert_notes("canceled");
  avow_unref(p);
  avow_deferred_drop(d);
  open_again();
}

static avow_deferred_t *late;

static void resolve_late(uv_timer_t *timer) {
  (void) avow_resolve(late, avow_int(1)); /* true: the shield waits for it */
  close_handle((uv_handle_t *) timer, NULL);
}

/* A mailbox keeps the loop alive, so that closing waits for the shield. The
   report is due before the timer. */
static void closing_reports_the_promise_it_waits_for(void **state) {
  avow_options_t options = steady;
  options.clock_guard_ms = 1;
  close_loop();
  assert_int_equal(avow_loop_init(loop, &options), 0);
  avow_mailbox_t *mailbox = avow_mailbox_new(loop);
  avow_promise_t *p = avow_promise_new(loop, &late);
  avow_promise_set_name(p, "lamp");
  avow_unref(avow_shield(p));
  uv_timer_t timer;
  (void) uv_timer_init(loop, &timer);
  (void) uv_timer_start(&timer, resolve_late, 2, 0);
  char text[1024];

  FILE *file = stderr_of(close_loop);

  text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
  (void) fclose(file);
#ifdef NDEBUG
  assert_string_equal(text, "");
#else
  const char *first =
      "avow: avow_loop_close(): still waiting (requests in "
      "flight: 0, shields: 1); cancel or settle what it waits for:\n"
      "avow:   deferred 'lamp'";
  assert_ptr_equal(strstr(text, first), text);
#endif
  run(); /* closes the timer */
  avow_mailbox_unref(mailbox);
  open_again();
}

static avow_value_t shield_again(void *data) {
  int *calls = data;
  ++*calls;
  return avow_follow(avow_shield(avow_sleep(loop, 0)));
}

static void closing_abandons_endless_new_shields(void **state) {
  int calls = 0;
  avow_promise_t *p = avow_repeat(loop, shield_again, &calls);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* not 0: the repeat has begun */

  close_loop();

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_in_range(calls, 1, 10000);
  avow_unref(p);
  open_again();
}

static void cancel_behind(void *p) {
  note("cancels");
  avow_cancel(p);
}

/* Two shields would wait forever. The first promise that is canceled cancels
   the shield of the other. */
static void abandoned_shield_accepts_cancellation(void **state) {
  avow_deferred_t *d[2];
  avow_promise_t *p[2];
  for (int i = 0; i < 2; i++)
    p[i] = avow_then(avow_shield(avow_promise_new(loop, &d[i])), note_cb, NULL,
                     "went on");
  for (int i = 0; i < 2; i++)
    avow_on_cancel(d[i], cancel_behind, p[1 - i]);

  close_loop();

  assert_notes("cancels cancels");
  for (int i = 0; i < 2; i++) {
    assert_int_equal(avow_error_code(avow_result(p[i])), UV_ECANCELED);
    avow_unref(p[i]);
    avow_deferred_drop(d[i]);
  }
  open_again();
}

/* The first promise that is canceled cancels the other shield before the other
   promise. */
static void abandoned_shield_of_a_shared_promise_is_canceled(void **state) {
  avow_deferred_t *d[2];
  avow_promise_t *held[2], *shield[2];
  for (int i = 0; i < 2; i++) {
    held[i] = avow_promise_new(loop, &d[i]);
    shield[i] = avow_shield(avow_ref(held[i]));
  }
  for (int i = 0; i < 2; i++)
    avow_on_cancel(d[i], cancel_behind, shield[1 - i]);

  close_loop();

  assert_notes("cancels cancels");
  for (int i = 0; i < 2; i++) {
    assert_int_equal(avow_error_code(avow_result(held[i])), UV_ECANCELED);
    assert_int_equal(avow_error_code(avow_result(shield[i])), UV_ECANCELED);
    avow_unref(held[i]);
    avow_unref(shield[i]);
    avow_deferred_drop(d[i]);
  }
  open_again();
}

static avow_value_t tidy(void *data) {
  return avow_follow(avow_then(avow_sleep(loop, 1), note_cb, NULL, "cleaned"));
}

static avow_value_t sleep_and_clean_up(size_t i, void *data) {
  return avow_follow(avow_finally(avow_sleep(loop, 60000), tidy, NULL));
}

/* A canceled tool waits for its children, and a shield waits for the tool. */
static void closing_keeps_children_of_a_shielded_canceled_tool(void **state) {
  avow_promise_t *map = avow_map(loop, 1, sleep_and_clean_up, NULL, NULL);
  avow_promise_t *p = avow_shield(avow_ref(map));
  (void) uv_run(loop, UV_RUN_NOWAIT); /* not 0: it has begun */
  avow_cancel(map);
  avow_unref(map);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* not 0: it cleans up */

  close_loop();

  assert_notes("cleaned");
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  open_again();
}

static avow_value_t shield_long(const avow_value_t *arg, void *data) {
  return avow_follow(avow_shield(avow_sleep(loop, 60000)));
}

/* No event can settle the promises, and a shield that is made now does not
   change that. */
static void closing_cancels_shields_of_a_cycle(void **state) {
  avow_deferred_t *dp, *dq;
  avow_promise_t *p = avow_promise_new(loop, &dp);
  avow_promise_t *q = avow_promise_new(loop, &dq);
  assert_true(avow_resolve(dp, avow_follow(avow_ref(q))));
  assert_true(avow_resolve(dq, avow_follow(avow_ref(p))));
  p = avow_catch(avow_shield(p), shield_long, NULL);

  close_loop();

  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  assert_int_equal(avow_error_code(avow_result(q)), UV_ECANCELED);
  avow_unref(p);
  avow_unref(q);
  open_again();
}

static avow_value_t clean_up(void *data) {
  avow_promise_t *p = avow_then(avow_sleep(loop, 1), note_cb, NULL, "clean");
  return avow_follow(p);
}

/* The losers of a race that has settled are canceled and clean up. */
static void closing_keeps_losers_that_a_shield_waits_for(void **state) {
  avow_deferred_t *d;
  avow_promise_t *racers[] = {
    avow_promise_new(loop, &d),
    avow_finally(avow_sleep(loop, 60000), clean_up, NULL),
  };
  avow_promise_t *p = avow_shield(avow_join_losers(avow_race(loop, racers, 2)));
  assert_true(avow_resolve(d, avow_int(1)));
  (void) uv_run(loop, UV_RUN_NOWAIT); /* not 0: cleanups are pending */
  assert_int_equal(avow_state(p), AVOW_PENDING);

  close_loop();

  assert_notes("clean");
  assert_int_equal(avow_to_int(avow_result(p)), 1);
  avow_unref(p);
  open_again();
}

static avow_deferred_t *resolved_late;

static avow_value_t end_repeat(void *data) {
  return avow_int(1);
}

static void on_idle(uv_idle_t *handle) {
  avow_promise_t *p = avow_repeat(loop, end_repeat, NULL);
  uv_walk(loop, close_handle, NULL);
  assert_true(avow_resolve(resolved_late, avow_follow(p)));
}

/* The loop is not alive then, but jobs are queued. */
static void shield_settles_while_a_program_closes_all_handles(void **state) {
  avow_promise_t *p = avow_shield(avow_promise_new(loop, &resolved_late));
  uv_idle_t idle;
  assert_int_equal(uv_idle_init(loop, &idle), 0);
  assert_int_equal(uv_idle_start(&idle, on_idle), 0);

  close_loop();

  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  avow_unref(p);
  open_again();
}

/* Functions that are canceled. */

#ifndef AVOW_NO_ASYNC

static avow_value_t swallow(void *data) {
  for (int i = 0; i < 3; i++) {
    const avow_value_t v = avow_await(avow_sleep(loop, i == 0 ? 60000 : 1));
    avow_value_unref(note_value_cb(&v, "long"));
    avow_value_unref(v);
  }
  avow_value_t v = avow_await(avow_shield(avow_sleep(loop, 1)));
  avow_value_unref(note_value_cb(&v, "shielded"));
  v = avow_await(avow_promise_resolve(loop, avow_int(3)));
  avow_value_unref(note_value_cb(&v, "there"));
  return avow_await(avow_sleep(loop, 1));
}

static void function_that_ignores_cancellation_continues(void **state) {
  avow_promise_t *p = avow_async(loop, swallow, NULL);

  assert_rejects(avow_timeout(p, 1), UV_ETIMEDOUT);

  assert_notes("long=ECANCELED long=none long=none shielded=none there=3");
}

static avow_value_t shield_first(void *data) {
  avow_value_t v = avow_await(avow_shield(data));
  avow_value_unref(note_value_cb(&v, "shielded"));
  v = avow_await(avow_sleep(loop, 60000));
  return note_value_cb(&v, "next");
}

static void cancellation_behind_a_shield_ends_the_next_await(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_async(loop, shield_first, pending(&d));

  avow_cancel(p);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_true(avow_resolve(d, avow_int(1)));

  assert_rejects(p, UV_ECANCELED);
  assert_notes("shielded=1 next=ECANCELED");
}

static void function_can_clean_up_during_close(void **state) {
  avow_unref(avow_async(loop, shield_first, avow_sleep(loop, 1)));

  close_loop();

  assert_notes("shielded=none next=ECANCELED");
  open_again();
}

static void count_line(const char *line, void *lines) {
  ++*(unsigned *) lines;
}

/* If the loop polled, checked builds would report that closing takes long. */
static void closing_cancels_before_it_polls(void **state) {
  unsigned lines = 0;
  avow_set_log(count_line, &lines);
  avow_unref(avow_async(loop, shield_first, avow_sleep(loop, 1)));
  const uint64_t now = uv_hrtime();
  while (uv_hrtime() < now + UINT64_C(3000000))
    continue; /* the sleep is due when the loop closes */

  close_loop();

  avow_set_log(NULL, NULL);
  assert_int_equal(lines, 0);
  assert_notes("shielded=none next=ECANCELED");
  open_again();
}

#endif

SUITE(shield) {
  const struct CMUnitTest tests[] = {
    CASE(shield_settles_as_its_promise_does),
    CASE(shield_of_a_settled_promise_is_that_promise),
    CASE(cancellation_continues_after_the_shield_settles),
    CASE(cancellation_waits_for_a_shared_shield),
    CASE(until_waits_for_a_shield),
    CASE(timeout_inside_a_shield_still_applies),
    CASE(closing_waits_only_for_shielded_promises),
    CASE(closing_keeps_all_inputs_of_a_shield),
    CASE(closing_keeps_the_timeout_inside_a_shield),
    CASE(closing_cancels_shields_that_cannot_settle),
    CASE(closing_reports_the_promise_it_waits_for),
    CASE(closing_abandons_endless_new_shields),
#ifndef AVOW_NO_ASYNC
    CASE(function_that_ignores_cancellation_continues),
    CASE(cancellation_behind_a_shield_ends_the_next_await),
    CASE(function_can_clean_up_during_close),
    CASE(closing_cancels_before_it_polls),
#endif
    CASE(abandoned_shield_accepts_cancellation),
    CASE(abandoned_shield_of_a_shared_promise_is_canceled),
    CASE(closing_keeps_children_of_a_shielded_canceled_tool),
    CASE(closing_cancels_shields_of_a_cycle),
    CASE(closing_keeps_losers_that_a_shield_waits_for),
    CASE(shield_settles_while_a_program_closes_all_handles),
  };
  return RUN(tests);
}
