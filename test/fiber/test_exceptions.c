/* SPDX-License-Identifier: MIT */
/*
 * Exceptions in flight, as a library in C sees them: words of the thread that
 * belong to each function. test_plug.c tests the C++ runtime itself.
 */
#include "harness.h"

enum { NONE, OUTSIDE, FIRST, SECOND };

static int things[4];
static void *words[3]; /* as on 32-bit ARM; other systems have two */

static void set_words(int thing) {
  words[0] = &things[thing];
  words[1] = &things[3 - thing];
}

static void assert_words(int thing) {
  assert_ptr_equal(words[0], &things[thing]);
  assert_ptr_equal(words[1], &things[3 - thing]);
}

static void *get_words(void) {
  return words;
}

static avow_value_t call_it(avow_fn fn, void *data) {
  note("call");
  return fn(data);
}

static const avow_exceptions_t with = { .globals = get_words, .call = call_it };

static avow_value_t keep_words(void *thing) {
  assert_null(words[0]);
  assert_null(words[1]);
  set_words(*(int *) thing);
  for (int i = 0; i < 3; i++) {
    avow_value_unref(avow_await(avow_sleep(loop, 1)));
    assert_words(*(int *) thing);
  }
  return avow_none();
}

static void each_function_has_its_own_exceptions_in_flight(void **state) {
  int first = FIRST, second = SECOND;
  set_words(OUTSIDE);

  avow_promise_t *p = avow_async_throwing(loop, keep_words, &first, &with);
  assert_words(OUTSIDE);
  avow_promise_t *q = avow_async_throwing(loop, keep_words, &second, &with);
  assert_words(OUTSIDE);
  assert_fulfills_none(p);
  assert_words(OUTSIDE);
  assert_fulfills_none(q);
  assert_words(OUTSIDE);
  p = avow_async_throwing(loop, keep_words, &first,
                          &with); /* with one of those words */
  assert_fulfills_none(p);

  assert_words(OUTSIDE);
  assert_notes("call call call");
}

static avow_value_t start_another(void *thing) {
  set_words(FIRST);
  avow_promise_t *p = avow_async_throwing(loop, keep_words, thing, &with);
  assert_words(FIRST);
  const avow_value_t v = avow_await(p);
  assert_words(FIRST);
  return v;
}

static void starting_a_function_preserves_own_exceptions(void **state) {
  int second = SECOND;
  set_words(OUTSIDE);

  assert_fulfills_none(
      avow_async_throwing(loop, start_another, &second, &with));

  assert_words(OUTSIDE);
  assert_notes("call call");
}

static avow_value_t catch_and_wait(void *thing) {
  set_words(*(int *) thing);
  avow_value_unref(avow_await_throwing(avow_sleep(loop, 1), words));
  assert_words(*(int *) thing);
  avow_value_unref(avow_await_throwing(avow_sleep(loop, 1), words));
  assert_words(*(int *) thing);
  words[0] = words[1] = NULL;
  return avow_none();
}

/* avow knows functions that C started from their first await in C++ on. Their
   resumer has no exception in flight. */
static void c_functions_have_their_own_exceptions_in_flight(void **state) {
  int first = FIRST, second = SECOND;
  words[0] = words[1] = NULL;

  avow_promise_t *p = avow_async(loop, catch_and_wait, &first);
  assert_null(words[0]);
  avow_promise_t *q = avow_async(loop, catch_and_wait, &second);
  assert_null(words[1]);
  set_words(OUTSIDE); /* from the second time on, it may have some */
  assert_fulfills_none(p);
  assert_words(OUTSIDE);
  assert_fulfills_none(q);
  assert_words(OUTSIDE);
}

static avow_value_t expect_words(void *thing) {
  assert_words(*(int *) thing);
  note("ran");
  return avow_none();
}

static void plain_functions_see_the_exceptions_of_the_caller(void **state) {
  int first = FIRST, outside = OUTSIDE;
  avow_promise_t *p = avow_async_throwing(loop, keep_words, &first, &with);
  assert_fulfills_none(p);
  set_words(OUTSIDE);

  assert_fulfills_none(avow_async(loop, expect_words, &outside));

  assert_notes("call ran");
}

static avow_value_t throw_it(avow_fn fn, void *data) {
  return avow_error(AVOW_ETHROWN);
}

static void thrown_exception_rejects(void **state) {
  static const avow_exceptions_t failing = { .globals = get_words,
                                             .call = throw_it };
  int outside = OUTSIDE;

  assert_rejects(avow_async_throwing(loop, expect_words, &outside, &failing),
                 AVOW_ETHROWN);
  assert_string_equal(avow_err_name(AVOW_ETHROWN), "AVOW_ETHROWN");
}

static void runtime_of_a_later_version_is_refused(void **state) {
  static const avow_exceptions_t newer = { .globals = get_words,
                                           .call = call_it,
                                           .reserved[0] = 1 };
  int outside = OUTSIDE;

  assert_says(avow_async_throwing(loop, expect_words, &outside, &newer),
              UV_EINVAL,
              "async: invalid argument: a reserved field is not zero");
}

static void await_outside(void) {
  const avow_value_t v = avow_await_throwing(avow_sleep(loop, 0), words);
  assert_int_equal(avow_error_code(&v), AVOW_ENOTASYNC);
}

static void await_outside_a_function_is_refused(void **state) {
  assert_misuse(await_outside,
                "avow_await(): called outside an async function");
}

SUITE(exceptions) {
  const struct CMUnitTest tests[] = {
    CASE(each_function_has_its_own_exceptions_in_flight),
    CASE(starting_a_function_preserves_own_exceptions),
    CASE(c_functions_have_their_own_exceptions_in_flight),
    CASE(plain_functions_see_the_exceptions_of_the_caller),
    CASE(thrown_exception_rejects),
    CASE(runtime_of_a_later_version_is_refused),
    CASE(await_outside_a_function_is_refused),
  };
  return RUN(tests);
}
