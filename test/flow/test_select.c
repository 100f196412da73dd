/* SPDX-License-Identifier: MIT */
/* Selects: exactly one of several operations happens (rules 32 and 35). */
#include <stdio.h>

#include "choices.h"
#include "items.h"

static void channel_that_is_not_chosen_keeps_its_item(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 4), *b = avow_channel_new(loop, 4);
  send_int(b, 1);

  assert_chooses_int(next_of(a, b), 1, 1);
  send_int(a, 2);
  send_int(b, 3);
  avow_value_t v;
  const size_t i = chosen(next_of(a, b), &v);

  assert_int_equal(avow_to_int(&v), i == 0 ? 2 : 3);
  assert_next_int(i == 0 ? b : a, i == 0 ? 3 : 2);
  avow_channel_unref(a);
  avow_channel_unref(b);
}

static void first_channel_with_an_item_is_chosen(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 4), *b = avow_channel_new(loop, 4);
  avow_promise_t *p = next_of(a, b);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  send_int(b, 1);
  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  send_int(a, 2);
  send_int(b, 3);

  assert_chooses_int(p, 1, 1);
  assert_next_int(a, 2);
  assert_next_int(b, 3);
  avow_channel_unref(a);
  avow_channel_unref(b);
}

static void selects_and_receives_are_served_in_order(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *first = avow_channel_next(c);
  avow_promise_t *second = next_of(c, c);
  avow_promise_t *third = avow_channel_next(c);

  for (int i = 1; i <= 3; i++)
    send_int(c, i);

  assert_fulfills_int(first, 1);
  assert_chooses_int(second, 0, 2);
  assert_fulfills_int(third, 3);
  avow_channel_unref(c);
}

enum { TIMES = 3000 };

/* Selects TIMES times. Returns how often the case with that index was
   chosen. */
static int times_of(size_t index, const avow_case_t cases[], size_t n) {
  int times = 0;
  for (int i = 0; i < TIMES; i++) {
    avow_value_t v;
    times += chosen(avow_select(cases, n), &v) == index;
  }
  return times;
}

static void ready_cases_are_chosen_equally_often(void **state) {
  avow_channel_t *silent = avow_channel_new(loop, 0);
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));
  const avow_case_t cases[] = { avow_case_next(silent), avow_case_settled(p),
                                avow_case_settled(p), avow_case_settled(p) };

  assert_int_equal(times_of(0, cases, 4), 0);
  for (size_t i = 1; i < 4; i++)
    assert_int_in_range(times_of(i, cases, 4), TIMES / 3 - 9, TIMES / 3 + 9);

  avow_unref(p);
  avow_channel_unref(silent);
}

/* Two functions of a program select in turn. */
static void other_selects_do_not_bias_the_choice(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));
  const avow_case_t cases[] = { avow_case_settled(p), avow_case_settled(p) };
  for (int between = 1; between < 10; between++) {
    int times = 0;

    for (int i = 0; i < TIMES; i++) {
      avow_value_t v;
      times += chosen(avow_select(cases, 2), &v) == 0;
      for (int k = 0; k < between; k++)
        (void) chosen(avow_select(cases, 2), &v); /* any case */
    }

    assert_int_in_range(times, TIMES / 2 - 30, TIMES / 2 + 30);
  }
  avow_unref(p);
}

static void one_item_is_sent_and_the_other_released(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 0), *b = avow_channel_new(loop, 1);

  assert_chooses_none(send_to(a, thing("to_a"), b, thing("to_b")), 1);

  assert_notes("to_a");
  avow_channel_close(b);
  assert_notes("to_b");
  avow_channel_unref(a);
  avow_channel_unref(b);
}

static void pending_select_sends_to_the_first_receiver(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 0), *b = avow_channel_new(loop, 0);
  avow_promise_t *p = send_to(a, avow_int(1), b, avow_int(2));
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_next_int(b, 2);

  assert_chooses_none(p, 1);
  avow_value_t v;
  assert_int_equal(avow_channel_try_next(a, &v), UV_EAGAIN);
  avow_channel_unref(a);
  avow_channel_unref(b);
}

static void pending_send_case_keeps_its_place(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 1), *b = avow_channel_new(loop, 0);
  send_int(a, 1);
  avow_promise_t *p = send_to(a, avow_int(2), b, avow_int(2));
  avow_promise_t *sent = avow_channel_send(a, avow_int(3));

  assert_next_int(a, 1);

  assert_chooses_none(p, 0);
  assert_next_int(a, 2);
  assert_next_int(a, 3);
  assert_fulfills_none(sent);
  avow_channel_unref(a);
  avow_channel_unref(b);
}

static avow_promise_t *either(const avow_channel_t *c, int64_t i) {
  const avow_case_t cases[] = { avow_case_send(c, avow_int(i)),
                                avow_case_next(c) };
  return avow_select(cases, 2);
}

static void select_matches_another_select_but_not_itself(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_promise_t *one = either(c, 1);
  assert_int_equal(avow_state(one), AVOW_PENDING);

  avow_promise_t *other = either(c, 2);

  avow_value_t v;
  if (chosen(other, &v) == 0)
    assert_chooses_int(one, 1, 2);
  else
    assert_chooses_none(one, 0);
  avow_promise_t *next = avow_channel_next(c);
  assert_int_equal(avow_state(next), AVOW_PENDING);
  avow_channel_unref(c);
  avow_unref(next);
}

static void promise_is_chosen_when_it_settles(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  const avow_case_t cases[] = { avow_case_next(c), avow_case_settled(p) };
  avow_promise_t *waits = avow_select(cases, 2);

  (void) avow_resolve(d, avow_int(1)); /* pending */

  assert_chooses_int(waits, 1, 1);
  assert_chooses_int(avow_select(cases, 2), 1, 1);
  assert_fulfills_int(p, 1);
  send_int(c, 2);
  assert_next_int(c, 2);
  avow_channel_unref(c);
}

static void rejection_is_an_outcome(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  const avow_case_t cases[] = { avow_case_settled(p) };
  avow_promise_t *waits = avow_select(cases, 1);

  (void) avow_reject(d, avow_error(UV_EIO)); /* pending */

  assert_chooses_failure(waits, 0, UV_EIO);
  assert_chooses_failure(avow_select(cases, 1), 0, UV_EIO);
  avow_unref(p);
}

/* The promise has settled, but its job has not run. */
static avow_promise_t *borrowed;

static void release_borrowed(uv_loop_t *at, const avow_promise_t *p,
                             void *data) {
  note("handled");
  avow_unref(borrowed);
}

/* A select keeps no reference for cases that are ready. */
static void rejection_may_be_released_when_it_is_handled(void **state) {
  const avow_options_t options = { STEADY, .on_handle = release_borrowed };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  borrowed = avow_promise_reject(loop, avow_error_new(UV_EIO, avow_none(),
                                                      "its message"));

  const avow_case_t cases[] = { { .kind = AVOW_CASE_SETTLED,
                                  .promise = borrowed } };
  avow_promise_t *p = avow_select(cases, 1);

  assert_notes("handled");
  assert_chooses_failure(p, 0, UV_EIO);
}

static void item_before_the_settlement_job_is_chosen(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  const avow_case_t cases[] = { avow_case_settled(p), avow_case_next(c) };
  avow_promise_t *waits = avow_select(cases, 2);

  (void) avow_resolve(d, avow_int(1)); /* pending */
  send_int(c, 2);

  assert_chooses_int(waits, 1, 2);
  assert_chooses_int(avow_select(cases, 2), 0, 1);
  avow_unref(p);
  avow_channel_unref(c);
}

static void promise_sent_as_an_item_is_not_awaited(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_channel_t *none = avow_channel_new(loop, 1);
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_unref(avow_channel_send(c, avow_follow(p)));

  avow_value_t v;
  assert_int_equal(chosen(next_of(none, c), &v), 1);

  (void) avow_resolve(d, avow_int(1)); /* pending */
  assert_fulfills_int(avow_promise_resolve(loop, v), 1);
  avow_channel_unref(c);
  avow_channel_unref(none);
}

static void end_of_a_channel_is_chosen(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 1), *b = avow_channel_new(loop, 1);
  avow_promise_t *waits = next_of(a, b);

  avow_channel_end(b);

  assert_chooses_none(waits, 1);
  assert_chooses_none(next_of(a, b), 1);
  avow_channel_unref(a);
  avow_channel_unref(b);
}

static void failure_is_an_outcome(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 1), *b = avow_channel_new(loop, 1);
  avow_promise_t *waits = next_of(a, b);
  avow_unref(avow_channel_send(b, avow_error(UV_ENOENT)));
  avow_channel_fail(b, avow_error_new(UV_EIO, avow_none(), "broken"));

  assert_chooses_failure(waits, 1, UV_ENOENT);
  assert_chooses_failure(next_of(a, b), 1, UV_EIO);
  avow_channel_unref(a);
  avow_channel_unref(b);
}

static void failed_send_is_an_outcome(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 0), *b = avow_channel_new(loop, 0);
  avow_channel_t *f = avow_channel_new(loop, 0);
  avow_promise_t *waits = send_to(a, thing("to_a"), b, thing("to_b"));

  avow_channel_close(b);
  avow_channel_fail(f, avow_error(UV_EIO));

  assert_chooses_failure(waits, 1, UV_EPIPE);
  run();
  assert_notes("to_b to_a");
  assert_chooses_failure(send_to(a, thing("to_a"), b, thing("to_b")), 1,
                         UV_EPIPE);
  assert_notes("to_a to_b");
  assert_chooses_failure(send_to(a, avow_int(1), f, avow_int(2)), 1, UV_EIO);
  avow_channel_unref(a);
  avow_channel_unref(b);
  avow_channel_unref(f);
}

static void channel_without_memory_is_an_outcome(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 0);
  fail_allocation(1, true);
  avow_channel_t *b = avow_channel_new(loop, 1);
  fail_allocation(0, false);

  assert_chooses_failure(next_of(a, b), 1, UV_ENOMEM);
  assert_chooses_failure(send_to(a, avow_int(1), b, avow_int(2)), 1, UV_ENOMEM);
  avow_channel_unref(a);
  avow_channel_unref(b);
}

static void zeroed_case_is_ignored(void **state) {
  avow_channel_t *a = avow_channel_new(loop, 1), *b = avow_channel_new(loop, 1);
  avow_case_t cases[] = { avow_case_next(a), avow_case_next(b) };
  avow_channel_end(a);
  cases[0] = (avow_case_t){ 0 };
  avow_promise_t *waits = avow_select(cases, 2);

  send_int(b, 1);
  assert_chooses_int(waits, 1, 1);
  send_int(b, 2);
  assert_chooses_int(avow_select(cases, 2), 1, 2);

  avow_channel_unref(a);
  avow_channel_unref(b);
}

static void dump_shows_the_pending_cases_of_a_select(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  avow_promise_t *sleep = avow_sleep(loop, 1 << 20);
  const avow_case_t cases[] = { avow_case_next(c), avow_case_settled(sleep) };
  avow_promise_t *p = avow_select(cases, 2);
  FILE *out = tmpfile();
  assert_non_null(out);
  char text[2000];

  avow_loop_dump(loop, out);
  rewind(out);
  text[fread(text, 1, sizeof(text) - 1, out)] = '\0';

  assert_non_null(strstr(text, "pending select"));
  char *first = strstr(text, "pending case waits for ");
  assert_non_null(first);
  assert_non_null(strstr(first + 1, "pending case waits for "));
  assert_int_equal(fclose(out), 0);
  avow_cancel(p);
  avow_unref(p);
  avow_cancel(sleep);
  avow_unref(sleep);
  avow_channel_unref(c);
}

SUITE(select) {
  const struct CMUnitTest tests[] = {
    CASE(channel_that_is_not_chosen_keeps_its_item),
    CASE(first_channel_with_an_item_is_chosen),
    CASE(selects_and_receives_are_served_in_order),
    CASE(ready_cases_are_chosen_equally_often),
    CASE(other_selects_do_not_bias_the_choice),
    CASE(one_item_is_sent_and_the_other_released),
    CASE(pending_select_sends_to_the_first_receiver),
    CASE(pending_send_case_keeps_its_place),
    CASE(select_matches_another_select_but_not_itself),
    CASE(promise_is_chosen_when_it_settles),
    CASE(rejection_is_an_outcome),
    CASE(rejection_may_be_released_when_it_is_handled),
    CASE(item_before_the_settlement_job_is_chosen),
    CASE(promise_sent_as_an_item_is_not_awaited),
    CASE(end_of_a_channel_is_chosen),
    CASE(failure_is_an_outcome),
    CASE(failed_send_is_an_outcome),
    CASE(channel_without_memory_is_an_outcome),
    CASE(zeroed_case_is_ignored),
    CASE(dump_shows_the_pending_cases_of_a_select),
  };
  return RUN(tests);
}
