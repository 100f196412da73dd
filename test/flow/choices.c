/* SPDX-License-Identifier: MIT */
#include "choices.h"

avow_promise_t *next_of(const avow_channel_t *a, const avow_channel_t *b) {
  const avow_case_t cases[] = { avow_case_next(a), avow_case_next(b) };
  return avow_select(cases, 2);
}

avow_promise_t *send_to(const avow_channel_t *a, avow_value_t to_a,
                        const avow_channel_t *b, avow_value_t to_b) {
  const avow_case_t cases[] = { avow_case_send(a, to_a),
                                avow_case_send(b, to_b) };
  return avow_select(cases, 2);
}

size_t chosen(avow_promise_t *p, avow_value_t *out) {
  const avow_value_t v = avow_run(p);
  const avow_outcome_t *outcome = avow_to_outcome(&v);
  const size_t index = outcome->index;
  assert_int_equal(outcome->status, avow_is_error(outcome->value)
                                        ? AVOW_REJECTED
                                        : AVOW_FULFILLED);
  *out = avow_value_ref(outcome->value);
  avow_value_unref(v);
  return index;
}

void assert_chooses_int(avow_promise_t *p, size_t index, int64_t expected) {
  avow_value_t v;
  assert_int_equal(chosen(p, &v), index);
  assert_int_equal(avow_to_int(&v), expected);
}

void assert_chooses_none(avow_promise_t *p, size_t index) {
  avow_value_t v;
  assert_int_equal(chosen(p, &v), index);
  assert_true(avow_is_none(&v));
}

void assert_chooses_failure(avow_promise_t *p, size_t index, int code) {
  avow_value_t v;
  assert_int_equal(chosen(p, &v), index);
  assert_int_equal(avow_error_code(&v), code);
  avow_value_unref(v);
}
