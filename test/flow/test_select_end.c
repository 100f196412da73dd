/* SPDX-License-Identifier: MIT */
/* Selects that are refused, or that end before a case is ready. */
#include "choices.h"
#include "elsewhere.h"
#include "items.h"

static void none_as_an_item_is_refused(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 1), *b = avow_channel_new(loop, 1);

  assert_says(send_to(a, thing("gone"), b, avow_none()), UV_EINVAL,
              "select: invalid argument");

  assert_notes("gone");
  avow_value_t v;
  assert_int_equal(avow_channel_try_next(a, &v), UV_EAGAIN);
  avow_channel_unref(a);
  avow_channel_unref(b);
}

static void case_of_an_unknown_kind_is_refused(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_case_t cases[] = { avow_case_next(c), { 0 } };
  send_int(c, 1);

  for (int i = 4; i <= 5; i++) {
    cases[1].kind = (avow_case_kind_t) i;
    assert_rejects(avow_select(cases, 2), UV_EINVAL);
  }

  assert_next_int(c, 1);
  avow_channel_unref(c);
}

/* The select also sends. The item is released. */
static void select_with_another_loop(void) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *there = promise_on_second_loop();
  const avow_case_t cases[] = { avow_case_send(c, thing("gone")),
                                avow_case_settled(there) };
  assert_rejects(avow_select(cases, 2), AVOW_EMISUSE);
  assert_notes("gone");
  avow_unref(there);
  close_second_loop();
  avow_channel_unref(c);
}

static void case_of_another_loop_is_refused(void **state) {
  assert_misuse(select_with_another_loop, "promise belongs to another loop");
}

static void select_nothing(void) {
  const avow_case_t out = { 0 };
  assert_rejects(avow_select(&out, 1), AVOW_EMISUSE);
}

static void select_of_none(void) {
  const avow_case_t out = { 0 };
  assert_rejects(avow_select(&out, 0), AVOW_EMISUSE);
}

static void select_null_of_none(void) {
  assert_rejects(avow_select(NULL, 0), AVOW_EMISUSE);
}

static void select_null(void) {
  assert_rejects(avow_select(NULL, 1), AVOW_EMISUSE);
}

static void select_next_of_null(void) {
  const avow_case_t cases[] = { avow_case_next(NULL) };
  assert_rejects(avow_select(cases, 1), AVOW_EMISUSE);
}

static void select_null_beside_another(void) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  send_int(c, 1);
  const avow_case_t cases[] = { avow_case_next(c), avow_case_settled(NULL) };
  assert_rejects(avow_select(cases, 2), AVOW_EMISUSE);
  assert_next_int(c, 1);
  avow_channel_unref(c);
}

static void select_with_missing_cases_is_misuse(void **state) {
  assert_misuse(select_nothing, "all cases are over or missing");
  assert_misuse(select_of_none, "all cases are over or missing");
  assert_misuse(select_null_of_none, "all cases are over or missing");
  assert_misuse(select_null, "array of cases is NULL");
  assert_misuse(select_next_of_null, "channel is NULL");
  assert_misuse(select_null_beside_another, "promise is NULL");
}

static void canceled_select_takes_and_sends_nothing(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 0), *b = avow_channel_new(loop, 0);
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  const avow_case_t cases[] = { avow_case_next(a), avow_case_settled(p),
                                avow_case_send(b, thing("back")) };

  assert_cancels_at_once(avow_select(cases, 3));
  run();

  assert_notes("back");
  avow_promise_t *sent = avow_channel_send(a, avow_int(1));
  avow_promise_t *next = avow_channel_next(b);
  assert_int_equal(avow_state(sent), AVOW_PENDING);
  assert_int_equal(avow_state(next), AVOW_PENDING);
  (void) avow_resolve(d, avow_int(1)); /* pending */
  assert_fulfills_int(p, 1);
  avow_channel_unref(a);
  avow_channel_unref(b);
  assert_rejects(sent, UV_EPIPE);
  assert_fulfills_none(next);
}

static void settled_select_cannot_be_canceled(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 1), *b = avow_channel_new(loop, 1);
  avow_promise_t *p = next_of(a, b);
  send_int(a, 1);

  avow_cancel(p);

  assert_chooses_int(p, 0, 1);
  avow_channel_unref(a);
  avow_channel_unref(b);
}

static void timed_out_select_loses_no_item(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 1), *b = avow_channel_new(loop, 1);

  assert_rejects(avow_timeout(next_of(a, b), 1), UV_ETIMEDOUT);
  send_int(a, 1);

  assert_chooses_int(avow_timeout(next_of(a, b), 1), 0, 1);
  avow_channel_unref(a);
  avow_channel_unref(b);
}

static void loop_close_releases_items(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 0), *b = avow_channel_new(loop, 0);
  avow_promise_t *p = send_to(a, thing("a"), b, thing("b"));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("a b");
  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  avow_channel_unref(a);
  avow_channel_unref(b);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void loop_close_waits_for_a_shielded_select(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *soon = avow_sleep(loop, 1);
  const avow_case_t cases[] = { avow_case_next(c), avow_case_settled(soon) };
  avow_promise_t *p = avow_shield(avow_select(cases, 2));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  const avow_outcome_t *outcome = avow_to_outcome(avow_result(p));
  assert_int_equal(outcome->index, 1);
  assert_int_equal(outcome->status, AVOW_FULFILLED); /* it could wake up */
  avow_unref(p);
  avow_unref(soon);
  avow_channel_unref(c);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

SUITE(select_end) {
  const struct CMUnitTest tests[] = {
    CASE(none_as_an_item_is_refused),
    CASE(case_of_an_unknown_kind_is_refused),
    CASE(case_of_another_loop_is_refused),
    CASE(select_with_missing_cases_is_misuse),
    CASE(canceled_select_takes_and_sends_nothing),
    CASE(settled_select_cannot_be_canceled),
    CASE(timed_out_select_loses_no_item),
    CASE(loop_close_releases_items),
    CASE(loop_close_waits_for_a_shielded_select),
  };
  return RUN(tests);
}
