/* SPDX-License-Identifier: MIT */
/* Selects: a case that is not chosen leaves no trace (rule 33). */
#include "channel/channel.h"
#include "choices.h"
#include "items.h"

enum { LONG = 1 << 20 }; /* ms */

static avow_stats_t stats(void) {
  avow_stats_t now;
  avow_loop_stats(loop, &now, sizeof(now));
  return now;
}

/* Number of allocations, without blocks of promises. */
static long allocations(void) {
  return allocation_calls() - (long) stats().allocations;
}

/* This happens in the loop of a server that waits for a stop. */
static void promise_may_be_in_many_selects(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_deferred_t *d;
  avow_promise_t *stop = avow_promise_new(loop, &d);
  const avow_case_t cases[] = { avow_case_next(c), avow_case_settled(stop) };
  const uint64_t before = stats().live;
  const long memory = live_allocations();

  for (int64_t i = 0; i < 250000; i++) {
    avow_promise_t *p = avow_select(cases, 2);
    assert_int_equal(avow_channel_try_send(c, avow_int(i)), 0);
    const avow_outcome_t *outcome = avow_to_outcome(avow_result(p));
    assert_int_equal(avow_to_int(outcome->value), i);
    avow_unref(p);
  }

  assert_int_equal(stats().live, before);
  assert_true(live_allocations() < memory + 10);
  (void) avow_resolve(d, avow_int(1)); /* pending */
  assert_chooses_int(avow_select(cases, 2), 1, 1);
  avow_unref(stop);
  avow_channel_unref(c);
}

/* A select allocates one block, however many cases it has. */
static void select_allocates_once(void **state) {
  enum { MANY = 10 };
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_case_t cases[MANY];
  for (size_t i = 0; i < MANY; i++)
    cases[i] = avow_case_next(c);
  avow_promise_t *p = avow_select(cases, MANY);
  const long before = allocations();

  avow_promise_t *waits = avow_select(cases, MANY);
  send_int(c, 1);
  send_int(c, 2);
  send_int(c, 3);
  avow_promise_t *now = avow_select(cases, MANY);

  assert_int_equal(allocations() - before, 2);
  assert_chooses_int(p, 0, 1);
  assert_chooses_int(waits, 0, 2);
  avow_value_t v;
  (void) chosen(now, &v); /* any case */
  assert_int_equal(avow_to_int(&v), 3);
  avow_channel_unref(c);
}

static void promise_without_other_references_is_canceled(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *sleep = avow_sleep(loop, LONG);
  const avow_case_t cases[] = { avow_case_next(c), avow_case_settled(sleep) };
  avow_promise_t *p = avow_select(cases, 2);
  avow_unref(sleep);

  send_int(c, 1);

  assert_chooses_int(p, 0, 1);
  run(); /* returns before LONG ms */
  avow_channel_unref(c);
}

static void cancel_callbacks_run_after_the_send(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_deferred_t *d;
  avow_promise_t *work = avow_promise_new(loop, &d);
  avow_on_cancel(d, note_free, "stopped");
  avow_channel_t *full = avow_channel_new(loop, 0);
  const avow_case_t cases[] = { avow_case_next(c), avow_case_settled(work),
                                avow_case_send(full, thing("back")) };
  avow_promise_t *p = avow_select(cases, 3);
  avow_unref(work);

  send_int(c, 1);
  assert_notes("");

  assert_chooses_int(p, 0, 1);
  run();
  assert_notes("stopped back");
  avow_deferred_drop(d);
  avow_channel_unref(c);
  avow_channel_unref(full);
}

static void promise_with_other_references_continues(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_deferred_t *d;
  avow_promise_t *work = avow_promise_new(loop, &d);
  avow_on_cancel(d, note_free, "stopped");
  const avow_case_t cases[] = { avow_case_next(c), avow_case_settled(work) };
  avow_promise_t *p = avow_select(cases, 2);

  send_int(c, 1);
  assert_chooses_int(p, 0, 1);
  run();

  assert_notes("");
  (void) avow_resolve(d, avow_int(2)); /* pending */
  assert_fulfills_int(work, 2);
  avow_channel_unref(c);
}

/* The promise is settled. Only the select references its value. */
static void value_of_an_unchosen_promise_is_released(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_deferred_t *d;
  avow_promise_t *work = avow_promise_new(loop, &d);
  const avow_case_t cases[] = { avow_case_next(c), avow_case_settled(work) };
  avow_promise_t *p = avow_select(cases, 2);
  avow_unref(work);

  (void) avow_resolve(d, thing("gone")); /* pending */
  send_int(c, 1);
  assert_notes("");

  assert_chooses_int(p, 0, 1);
  run();
  assert_notes("gone");
  avow_channel_unref(c);
}

static void note_unhandled(uv_loop_t *of, const avow_value_t *reason,
                           const char *where, void *data) {
  note(avow_err_name(reason->code));
}

static void rejection_that_is_not_chosen_is_reported(void **state) {
  const avow_options_t options = { STEADY, .on_unhandled = note_unhandled };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_deferred_t *d;
  avow_promise_t *work = avow_promise_new(loop, &d);
  const avow_case_t cases[] = { avow_case_next(c), avow_case_settled(work) };
  avow_promise_t *p = avow_select(cases, 2);
  send_int(c, 1);
  assert_chooses_int(p, 0, 1);

  (void) avow_reject(d, avow_error(UV_EIO)); /* pending */
  avow_unref(work);

  assert_notes("EIO");
  avow_channel_unref(c);
}

/* A source that pushes on demand and notes each call. */
typedef struct {
  avow__source_t source;
  uv_idle_t handle;
  char *name;
  int left; /* number of items to push */
} fake_t;

static void note_as(const fake_t *fake, const char *what) {
  note(fake->name);
  note(what);
}

static void fake_resume(avow__source_t *source) {
  fake_t *fake = (fake_t *) source;
  note_as(fake, "flows");
  if (fake->left > 0)
    (void) avow__channel_push(source->channel, avow_int(fake->left--));
}

static void fake_pause(avow__source_t *source) {
  note_as((fake_t *) source, "rests");
}

static void fake_stop(avow__source_t *source) {
  avow__source_close(source, (uv_handle_t *) &((fake_t *) source)->handle);
}

static void on_idle(uv_idle_t *handle) {
}

/* The handle keeps the loop alive while a receive is pending. */
static avow_channel_t *fake_new(char *name, int left) {
  fake_t *fake = avow__source_new(loop, sizeof(*fake));
  assert_non_null(fake);
  assert_int_equal(uv_idle_init(loop, &fake->handle), 0);
  assert_int_equal(uv_idle_start(&fake->handle, on_idle), 0);
  fake->handle.data = fake;
  fake->source.handle = (uv_handle_t *) &fake->handle;
  fake->source.resume = fake_resume;
  fake->source.pause = fake_pause;
  fake->source.stop = fake_stop;
  fake->name = name;
  fake->left = left;
  return avow__channel_feed(loop, 0, &fake->source);
}

static bool is_alive(void) {
  return uv_run(loop, UV_RUN_NOWAIT) != 0;
}

static void source_is_resumed_while_a_case_waits(void **state) {
  avow_channel_t *fed = fake_new("fed", 0), *c = avow_channel_new(loop, 1);
  assert_false(is_alive());

  avow_promise_t *p = next_of(fed, c);
  assert_notes("fed flows");
  assert_true(is_alive());
  send_int(c, 1);
  assert_notes("fed rests");
  assert_chooses_int(p, 1, 1);

  assert_false(is_alive());
  avow_channel_unref(fed);
  avow_channel_unref(c);
}

static void canceled_select_pauses_its_sources(void **state) {
  avow_channel_t *a = fake_new("a", 0), *b = fake_new("b", 0);
  avow_promise_t *p = next_of(a, b);
  assert_notes("b flows a flows");

  avow_cancel(p);

  assert_notes("a rests b rests");
  assert_rejects(p, UV_ECANCELED);
  assert_false(is_alive());
  avow_channel_unref(a);
  avow_channel_unref(b);
}

/* A source pushes its items within the call. Later sources are not resumed. */
static void sources_with_items_are_chosen_equally_often(void **state) {
  enum { EACH = 100 };
  avow_channel_t *a = fake_new("a", EACH), *b = fake_new("b", EACH);
  int of_a = 0;

  for (int i = 0; i < EACH; i++) {
    avow_promise_t *p = next_of(a, b);
    assert_int_equal(avow_state(p), AVOW_FULFILLED);
    avow_value_t v;
    const bool is_a = chosen(p, &v) == 0;
    assert_notes(is_a ? "a flows a rests" : "b flows b rests");
    of_a += is_a;
  }

  assert_int_in_range(of_a, EACH / 2 - 5, EACH / 2 + 5);
  avow_channel_unref(a);
  avow_channel_unref(b);
}

static void select_without_memory_loses_no_item(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 8), *b = avow_channel_new(loop, 8);
  avow_promise_t *sleep = avow_sleep(loop, LONG);
  for (long n = 1;; n++) {
    const avow_case_t cases[] = { avow_case_next(a), avow_case_settled(sleep),
                                  avow_case_send(b, thing("item")) };
    while (avow_channel_try_send(b, avow_int(1)) == 0)
      ; /* until it is full */
    fail_allocation(n, true);
    avow_promise_t *p = avow_select(cases, 3);
    const bool failed = allocation_failed();
    fail_allocation(0, false);
    if (failed)
      assert_rejects(p, UV_ENOMEM);
    else
      assert_cancels_at_once(p);
    (void) is_alive();
    assert_notes("item");
    if (!failed)
      break;
  }
  send_int(a, 1);
  fail_allocation(1, true);
  avow_promise_t *p = next_of(a, b);
  fail_allocation(0, false);

  assert_rejects(p, UV_ENOMEM);
  assert_next_int(a, 1);
  avow_cancel(sleep);
  avow_unref(sleep);
  avow_channel_unref(a);
  avow_channel_unref(b);
}

/* The channel has free capacity, but its ring would have to grow. */
static void select_without_buffer_memory_sends_nothing(void **state) {
  avow_channel_t *c = avow_channel_new(loop, SIZE_MAX);
  for (int64_t i = 0; i < 8; i++)
    send_int(c, i);
  const avow_case_t cases[] = { avow_case_send(c, thing("item")) };

  fail_allocation(2, true); /* the first is for the outcome */
  avow_promise_t *p = avow_select(cases, 1);
  fail_allocation(0, false);

  assert_rejects(p, UV_ENOMEM);
  assert_notes("item");
  for (int64_t i = 0; i < 8; i++)
    assert_next_int(c, i);
  avow_value_t v;
  assert_int_equal(avow_channel_try_next(c, &v), UV_EAGAIN);
  avow_channel_unref(c);
}

SUITE(select_traces) {
  const struct CMUnitTest tests[] = {
    CASE(promise_may_be_in_many_selects),
    CASE(select_allocates_once),
    CASE(promise_without_other_references_is_canceled),
    CASE(cancel_callbacks_run_after_the_send),
    CASE(promise_with_other_references_continues),
    CASE(value_of_an_unchosen_promise_is_released),
    CASE(rejection_that_is_not_chosen_is_reported),
    CASE(source_is_resumed_while_a_case_waits),
    CASE(canceled_select_pauses_its_sources),
    CASE(sources_with_items_are_chosen_equally_often),
    CASE(select_without_memory_loses_no_item),
    CASE(select_without_buffer_memory_sends_nothing),
  };
  return RUN(tests);
}
