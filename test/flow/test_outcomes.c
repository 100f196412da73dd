/* SPDX-License-Identifier: MIT */
/* Outcomes of many promises, each when it settles (rule 34). */
#include "choices.h"
#include "elsewhere.h"
#include "famine.h"
#include "items.h"

enum { INPUTS = 4 };

static avow_promise_t *ps[INPUTS];
static avow_deferred_t *ds[INPUTS];

static void make_inputs(void) {
  for (int i = 0; i < INPUTS; i++)
    ps[i] = avow_promise_new(loop, &ds[i]);
}

static void resolve(int i) {
  (void) avow_resolve(ds[i], avow_int(i)); /* false if it was canceled */
}

static void assert_over(const avow_channel_t *c) {
  avow_value_t v = avow_int(1);
  assert_int_equal(avow_channel_try_next(c, &v), 0);
  assert_true(avow_is_none(&v));
}

static void assert_outlived(const avow_channel_t *c) {
  avow_value_t v;
  assert_int_equal(avow_channel_try_next(c, &v), 0);
  assert_int_equal(avow_error_code(&v), UV_ECANCELED);
}

static void outcomes_come_as_promises_settle(void **state) {
  make_inputs();
  avow_channel_t *c = avow_outcomes(loop, ps, INPUTS);
  avow_promise_t *first = avow_channel_next(c);
  assert_int_equal(avow_state(first), AVOW_PENDING);

  resolve(2);
  resolve(0);
  (void) avow_reject(ds[3], avow_error(UV_EIO)); /* pending */
  assert_chooses_int(first, 2, 2);
  assert_chooses_int(avow_channel_next(c), 0, 0);
  assert_chooses_failure(avow_channel_next(c), 3, UV_EIO);
  avow_value_t v;
  assert_int_equal(avow_channel_try_next(c, &v), UV_EAGAIN);
  resolve(1);
  assert_chooses_int(avow_channel_next(c), 1, 1);

  assert_over(c);
  avow_channel_unref(c);
}

static void settled_promises_give_outcomes_in_order(void **state) {
  for (int i = 0; i < INPUTS; i++)
    ps[i] = avow_promise_resolve(loop, avow_int(i));
  avow_channel_t *c = avow_outcomes(loop, ps, INPUTS);

  for (int i = 0; i < INPUTS; i++)
    assert_chooses_int(avow_channel_next(c), (size_t) i, i);

  assert_over(c);
  avow_channel_unref(c);
}

static void outcomes_of_no_promises_end_at_once(void **state) {
  avow_channel_t *c = avow_outcomes(loop, NULL, 0);

  assert_over(c);

  avow_channel_unref(c);
}

static void unreceived_outcomes_are_kept(void **state) {
  enum { MANY = 1000 };
  static avow_promise_t *many[MANY];
  for (int i = 0; i < MANY; i++)
    many[i] = avow_promise_resolve(loop, avow_int(i));
  avow_channel_t *c = avow_outcomes(loop, many, MANY);
  run();

  for (int i = 0; i < MANY; i++)
    assert_chooses_int(avow_channel_next(c), (size_t) i, i);

  assert_over(c);
  avow_channel_unref(c);
}

static void releasing_the_channel_cancels_its_promises(void **state) {
  make_inputs();
  for (int i = 0; i < INPUTS; i++)
    avow_on_cancel(ds[i], note_free, i == 1 ? "1" : "others");
  avow_promise_t *held = avow_ref(ps[1]);
  avow_channel_t *c = avow_outcomes(loop, ps, INPUTS);
  resolve(0);
  assert_chooses_int(avow_channel_next(c), 0, 0);

  avow_channel_unref(c);

  assert_notes("others others");
  avow_deferred_drop(ds[2]);
  avow_deferred_drop(ds[3]);
  resolve(1);
  assert_fulfills_int(held, 1);
}

static uint64_t live(void) {
  avow_stats_t stats;
  avow_loop_stats(loop, &stats, sizeof(stats));
  return stats.live;
}

static void promise_with_other_references_is_not_canceled(void **state) {
  avow_deferred_t *d;
  avow_promise_t *held = avow_promise_new(loop, &d);
  const uint64_t before = live();

  for (int i = 0; i < 1000; i++) {
    avow_promise_t *both[] = { avow_ref(held),
                               avow_promise_resolve(loop, avow_int(i)) };
    avow_channel_t *c = avow_outcomes(loop, both, 2);
    assert_chooses_int(avow_channel_next(c), 1, i);
    avow_channel_unref(c);
  }

  assert_int_equal(live(), before);
  (void) avow_resolve(d, avow_int(1)); /* pending */
  assert_fulfills_int(held, 1);
}

static void promises_may_be_added_one_at_a_time(void **state) {
  make_inputs();
  avow_gather_t *g;
  avow_channel_t *c = avow_outcomes_new(loop, &g);
  avow_gather_add(g, ps[0]);
  avow_gather_add(g, ps[1]);
  resolve(1);
  assert_chooses_int(avow_channel_next(c), 1, 1);
  avow_gather_add(g, ps[2]);
  resolve(0);
  assert_chooses_int(avow_channel_next(c), 0, 0);
  avow_promise_t *next = avow_channel_next(c);

  avow_gather_end(g);
  assert_int_equal(avow_state(next), AVOW_PENDING);
  resolve(2);

  assert_chooses_int(next, 2, 2);
  assert_over(c);
  avow_gather_unref(g);
  avow_channel_unref(c);
  avow_unref(ps[3]);
  avow_deferred_drop(ds[3]);
}

static void releasing_the_gather_ends_the_channel(void **state) {
  avow_gather_t *g;
  avow_channel_t *c = avow_outcomes_new(loop, &g);
  avow_promise_t *next = avow_channel_next(c);

  avow_gather_unref(g);

  assert_fulfills_none(next);
  avow_channel_unref(c);
}

static void promise_added_after_the_release_is_canceled(void **state) {
  make_inputs();
  avow_on_cancel(ds[0], note_free, "late");
  avow_gather_t *g;
  avow_channel_unref(avow_outcomes_new(loop, &g));

  avow_gather_add(g, ps[0]);

  assert_notes("late");
  avow_gather_unref(g);
  avow_deferred_drop(ds[0]);
  for (int i = 1; i < INPUTS; i++) {
    avow_unref(ps[i]);
    avow_deferred_drop(ds[i]);
  }
}

/* As many promises as a server starts in its lifetime. */
static void many_promises_need_no_more_memory_than_one(void **state) {
  avow_gather_t *g;
  avow_channel_t *c = avow_outcomes_new(loop, &g);
  const uint64_t before = live();
  const long memory = live_allocations();

  for (int i = 0; i < 250000; i++) {
    avow_gather_add(g, avow_promise_resolve(loop, avow_int(i)));
    assert_chooses_int(avow_channel_next(c), (size_t) i, i);
  }

  assert_int_equal(live(), before);
  assert_true(live_allocations() < memory + 10);
  avow_gather_unref(g);
  avow_channel_unref(c);
}

static avow_value_t stop_cb(const avow_value_t *v, void *channel) {
  avow_channel_unref(channel);
  return avow_value_ref(v);
}

static void handler_may_release_the_channel(void **state) {
  make_inputs();
  avow_channel_t *c = avow_outcomes(loop, ps, INPUTS);
  avow_promise_t *first = avow_then(avow_channel_next(c), stop_cb, NULL, c);

  for (int i = 0; i < INPUTS; i++)
    resolve(i);

  assert_chooses_int(first, 0, 0);
}

static void loop_close_cancels_outcomes(void **state) {
  make_inputs();
  avow_gather_t *g;
  avow_channel_t *c = avow_outcomes_new(loop, &g);
  avow_channel_t *d = avow_outcomes(loop, ps, INPUTS);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_outlived(c);
  assert_outlived(d);
  avow_gather_unref(g);
  avow_channel_unref(c);
  avow_channel_unref(d);
  for (int i = 0; i < INPUTS; i++)
    avow_deferred_drop(ds[i]);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void assert_no_memory(avow_promise_t *p) {
  const avow_value_t v = avow_run(p);
  assert_int_equal(avow_error_code(&v), UV_ENOMEM);
  avow_value_unref(v);
}

/* An allocation that an outcome needs when it is ready fails. */
static void out_of_memory_fails_the_channel_and_cancels_the_rest(void **state) {
  make_inputs();
  avow_on_cancel(ds[1], note_free, "canceled");
  avow_channel_t *c = avow_outcomes(loop, ps, INPUTS);
  resolve(2);
  (void) avow_resolve(ds[0], thing("gone")); /* pending */

  fail_allocation(2, true);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* all promises are settled */
  fail_allocation(0, false);

  assert_notes("canceled gone");
  assert_chooses_int(avow_channel_next(c), 2, 2);
  assert_no_memory(avow_channel_next(c));
  assert_no_memory(avow_channel_next(c));
  avow_channel_unref(c);
  avow_deferred_drop(ds[1]);
  avow_deferred_drop(ds[3]);
}

static void note_unhandled(uv_loop_t *of, const avow_value_t *reason,
                           const char *where, void *data) {
  note(avow_err_name(reason->code));
}

/* The channel fails, and no other report follows. */
static void add_without_memory_fails_the_channel(void **state) {
  const avow_options_t options = { STEADY, .on_unhandled = note_unhandled };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  make_inputs();
  avow_on_cancel(ds[0], note_free, "canceled");
  avow_gather_t *g;
  avow_channel_t *c = avow_outcomes_new(loop, &g);
  avow_gather_add(g, ps[0]);

  use_up_memory();
  avow_gather_add(g, ps[1]);
  give_back_memory();

  assert_notes("canceled");
  assert_no_memory(avow_channel_next(c));
  avow_gather_unref(g);
  avow_channel_unref(c);
  assert_notes("");
  avow_unref(ps[2]);
  avow_unref(ps[3]);
  for (int i = 0; i < INPUTS; i++)
    avow_deferred_drop(ds[i]);
  assert_notes("AVOW_EBROKEN AVOW_EBROKEN");
}

static void release_channel(void *channel) {
  note("gone");
  avow_channel_unref(*(avow_channel_t **) channel);
}

static const avow_class_t releasing_class = { .name = "letting go",
                                              .destroy = release_channel };

/* The dropped value is released before the failure is reported. */
static void dropped_value_may_release_the_channel(void **state) {
  static avow_channel_t *c;
  make_inputs();
  avow_gather_t *g;
  c = avow_outcomes_new(loop, &g);
  avow_gather_add(g, ps[0]);
  avow_gather_add(g, ps[1]);
  (void) avow_resolve(ds[0], avow_object(&releasing_class, &c)); /* pending */

  use_up_memory();
  avow_gather_add(g, ps[2]);
  assert_notes("gone");
  give_back_memory();

  avow_gather_unref(g);
  avow_unref(ps[3]);
  for (int i = 1; i < INPUTS; i++)
    avow_deferred_drop(ds[i]);
}

static void outcomes_without_memory_reject(void **state) {
  for (long n = 1;; n++) {
    for (int i = 0; i < INPUTS; i++)
      ps[i] = avow_promise_resolve(loop, avow_int(i));
    fail_allocation(n, true);
    avow_channel_t *c = avow_outcomes(loop, ps, INPUTS);
    const bool failed = allocation_failed();
    fail_allocation(0, false);
    if (failed)
      assert_no_memory(avow_channel_next(c));
    else
      assert_chooses_int(avow_channel_next(c), 0, 0);
    avow_channel_unref(c);
    if (!failed)
      break;
  }
}

static void mix_loops(void) {
  make_inputs();
  avow_on_cancel(ds[0], note_free, "canceled");
  avow_unref(ps[1]);
  ps[1] = promise_on_second_loop();
  avow_channel_t *c = avow_outcomes(loop, ps, 2);
  assert_rejects(avow_channel_next(c), AVOW_EMISUSE);
  assert_notes("canceled");
  close_second_loop();
  avow_channel_unref(c);
  avow_unref(ps[2]);
  avow_unref(ps[3]);
  for (int i = 0; i < INPUTS; i++)
    avow_deferred_drop(ds[i]);
}

static void promises_of_another_loop_are_refused(void **state) {
  assert_misuse(mix_loops, "promise belongs to another loop");
}

SUITE(outcomes) {
  const struct CMUnitTest tests[] = {
    CASE(outcomes_come_as_promises_settle),
    CASE(settled_promises_give_outcomes_in_order),
    CASE(outcomes_of_no_promises_end_at_once),
    CASE(unreceived_outcomes_are_kept),
    CASE(releasing_the_channel_cancels_its_promises),
    CASE(promise_with_other_references_is_not_canceled),
    CASE(promises_may_be_added_one_at_a_time),
    CASE(releasing_the_gather_ends_the_channel),
    CASE(promise_added_after_the_release_is_canceled),
    CASE(many_promises_need_no_more_memory_than_one),
    CASE(handler_may_release_the_channel),
    CASE(loop_close_cancels_outcomes),
    CASE(out_of_memory_fails_the_channel_and_cancels_the_rest),
    CASE(add_without_memory_fails_the_channel),
    CASE(dropped_value_may_release_the_channel),
    CASE(outcomes_without_memory_reject),
    CASE(promises_of_another_loop_are_refused),
  };
  return RUN(tests);
}
