/* SPDX-License-Identifier: MIT */
/* Errors: codes, messages and causes. */
#include "harness.h"

#include <errno.h>

enum { DEPTH = 1000000, SMALL_STACK = 64 * 1024, LONG_MESSAGE = 10000 };

static void count_destroy(void *self) {
  ++*(int *) self;
}

static const avow_class_t counted_class = { .name = "counted",
                                            .destroy = count_destroy };

static avow_value_t counted(int *destroyed) {
  *destroyed = 0;
  return avow_object(&counted_class, destroyed);
}

static void error_of_a_code_allocates_nothing(void **state) {
  const long calls = allocation_calls();

  const avow_value_t v = avow_error(UV_ENOENT);

  assert_true(avow_is_error(&v));
  assert_int_equal(avow_error_code(&v), UV_ENOENT);
  assert_string_equal(avow_error_message(&v), uv_strerror(UV_ENOENT));
  assert_null(avow_error_cause(&v));
  assert_int_equal(allocation_calls(), calls);
}

static void non_error_has_no_code_and_no_cause(void **state) {
  const avow_value_t vs[] = { avow_none(), avow_int(UV_ENOENT),
                              avow_string("ENOENT"), avow_list(NULL, 0) };

  for (size_t i = 0; i < sizeof(vs) / sizeof(vs[0]); i++) {
    assert_false(avow_is_error(&vs[i]));
    assert_int_equal(avow_error_code(&vs[i]), 0);
    assert_string_equal(avow_error_message(&vs[i]), "no error");
    assert_null(avow_error_cause(&vs[i]));
    avow_value_unref(vs[i]);
  }
}

static int steps;

static avow_value_t try_it(avow_value_t v) {
  steps = 0;
  AVOW_TRY((steps++, v));
  steps++;
  return avow_int(steps);
}

static void try_returns_the_error_unchanged(void **state) {
  const avow_value_t v =
      try_it(avow_error_new(UV_EIO, avow_none(), "disk on fire"));

  assert_string_equal(avow_error_message(&v), "disk on fire");
  assert_int_equal(steps, 1);
  avow_value_unref(v);
}

static void try_releases_other_values_and_continues(void **state) {
  int destroyed;

  const avow_value_t v = try_it(counted(&destroyed));

  assert_int_equal(avow_to_int(&v), 2);
  assert_int_equal(destroyed, 1);
}

static void message_is_formatted(void **state) {
  const avow_value_t v =
      avow_error_new(UV_ENOENT, avow_none(), "open '%s': %d", "/x", 5);

  assert_true(avow_is_error(&v));
  assert_int_equal(avow_error_code(&v), UV_ENOENT);
  assert_string_equal(avow_error_message(&v), "open '/x': 5");
  assert_null(avow_error_cause(&v));
  avow_value_unref(v);
}

static void long_message_is_not_truncated(void **state) {
  const avow_value_t v =
      avow_error_new(UV_EIO, avow_none(), "%*s.", LONG_MESSAGE, "end");
  const char *message = avow_error_message(&v);

  assert_int_equal(strlen(message), LONG_MESSAGE + 1);
  assert_string_equal(message + LONG_MESSAGE - 3, "end.");
  avow_value_unref(v);
}

static void empty_message_defaults_to_the_code_text(void **state) {
  const avow_value_t empty = avow_error_new(UV_EPIPE, avow_int(1), "%s", "");
  const avow_value_t theirs = avow_error_new(UV_EPIPE, avow_int(1), NULL);
  const avow_value_t ours = avow_error_new(AVOW_ECYCLE, avow_int(1), NULL);

  assert_string_equal(avow_error_message(&empty), uv_strerror(UV_EPIPE));
  assert_string_equal(avow_error_message(&theirs), uv_strerror(UV_EPIPE));
  assert_string_equal(avow_error_message(&ours), avow_strerror(AVOW_ECYCLE));
  avow_value_unref(empty);
  avow_value_unref(theirs);
  avow_value_unref(ours);
}

static void cause_may_be_any_value(void **state) {
  avow_value_t items[] = { avow_int(1), avow_int(2) };
  const avow_value_t number = avow_error_new(UV_EIO, avow_int(5), "x");
  const avow_value_t list = avow_error_new(UV_EIO, avow_list(items, 2), NULL);

  assert_int_equal(avow_to_int(avow_error_cause(&number)), 5);
  assert_int_equal(avow_list_len(avow_error_cause(&list)), 2);
  avow_value_unref(number);
  avow_value_unref(list);
}

static void cause_may_be_an_error_with_a_cause(void **state) {
  const avow_value_t root = avow_error_new(UV_ENOENT, avow_none(), "root");
  const avow_value_t middle = avow_error_new(UV_EIO, root, "middle");
  const avow_value_t top = avow_error_new(AVOW_EBROKEN, middle, "top");

  const avow_value_t *cause = avow_error_cause(&top);
  assert_string_equal(avow_error_message(cause), "middle");
  cause = avow_error_cause(cause);
  assert_string_equal(avow_error_message(cause), "root");

  assert_int_equal(avow_error_code(cause), UV_ENOENT);
  assert_null(avow_error_cause(cause));
  avow_value_unref(top);
}

static void cause_is_released_with_the_last_error_reference(void **state) {
  int destroyed;
  const avow_value_t v = avow_error_new(UV_EIO, counted(&destroyed), "x");
  const avow_value_t second = avow_value_ref(&v);

  avow_value_unref(v);
  assert_int_equal(destroyed, 0);
  assert_string_equal(avow_error_message(&second), "x");
  avow_value_unref(second);

  assert_int_equal(destroyed, 1);
}

static void referenced_cause_outlives_its_error(void **state) {
  const avow_value_t v = avow_error_new(UV_EIO, avow_string("why"), "x");

  const avow_value_t cause = avow_value_ref(avow_error_cause(&v));
  avow_value_unref(v);

  assert_string_equal(avow_to_bytes(&cause, NULL), "why");
  avow_value_unref(cause);
}

static void promise_cause_is_released_with_its_error(void **state) {
  int destroyed;
  avow_promise_t *p = avow_promise_resolve(loop, counted(&destroyed));

  avow_value_unref(avow_error_new(AVOW_EREASON, avow_follow(p), NULL));

  assert_int_equal(destroyed, 1);
}

static void unref_in_thread(void *value) {
  avow_value_unref(*(avow_value_t *) value);
}

static void nested_causes_are_freed_on_a_small_stack(void **state) {
  const uv_thread_options_t options = { .flags = UV_THREAD_HAS_STACK_SIZE,
                                        .stack_size = SMALL_STACK };
  int destroyed;
  uv_thread_t thread;
  avow_value_t v = counted(&destroyed);
  for (int i = 0; i < DEPTH; i++)
    v = avow_error_new(UV_EIO, v, NULL);

  assert_int_equal(uv_thread_create_ex(&thread, &options, unref_in_thread, &v),
                   0);
  assert_int_equal(uv_thread_join(&thread), 0);

  assert_int_equal(destroyed, 1);
}

/* The libuv that runs may be older than its header and lack some codes. */
static void assert_named_as_by_libuv(int code) {
  if (uv_version() >= UV_VERSION_HEX)
    assert_string_equal(avow_err_name(code), uv_err_name(code));
}

static void libuv_codes_have_libuv_names_and_texts(void **state) {
#define X(name, text)                                   \
  assert_string_equal(avow_strerror(UV_##name), text);  \
  assert_string_equal(avow_err_name(UV_##name), #name); \
  assert_named_as_by_libuv(UV_##name);

  UV_ERRNO_MAP(X)
#undef X
}

static const struct {
  int code;
  const char *name;
} own[] = {
  { AVOW_EBROKEN, "AVOW_EBROKEN" },       { AVOW_ECYCLE, "AVOW_ECYCLE" },
  { AVOW_EAGGREGATE, "AVOW_EAGGREGATE" }, { AVOW_EIDLE, "AVOW_EIDLE" },
  { AVOW_EREASON, "AVOW_EREASON" },       { AVOW_EMISUSE, "AVOW_EMISUSE" },
  { AVOW_ENOTASYNC, "AVOW_ENOTASYNC" },   { AVOW_ETHROWN, "AVOW_ETHROWN" },
  { AVOW_ESKIP, "AVOW_ESKIP" },           { AVOW_EMISSED, "AVOW_EMISSED" },
};

enum { OWN = sizeof(own) / sizeof(own[0]) };

static void own_codes_have_their_names_and_texts(void **state) {
  for (size_t i = 0; i < OWN; i++) {
    const char *text = avow_strerror(own[i].code);

    assert_string_equal(avow_err_name(own[i].code), own[i].name);
    assert_string_not_equal(text, avow_strerror(1));
    for (size_t j = 0; j < i; j++)
      assert_string_not_equal(text, avow_strerror(own[j].code));
  }
}

static void own_codes_are_below_all_libuv_codes(void **state) {
  for (size_t i = 0; i < OWN; i++) {
    assert_true(own[i].code < -20000);
#define X(name, text) assert_true(own[i].code < UV_##name);
    UV_ERRNO_MAP(X)
#undef X
  }
}

static void unknown_codes_are_named_by_their_numbers(void **state) {
  static const struct {
    int code;
    const char *name, *text;
  } codes[] = { { 0, "0", "error 0" },
                { -20000, "-20000", "error -20000" },
                { -30001, "-30001", "error -30001" },
                { 123456, "123456", "error 123456" },
                { INT32_MIN, "-2147483648", "error -2147483648" } };

  for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
    assert_string_equal(avow_err_name(codes[i].code), codes[i].name);
    assert_string_equal(avow_strerror(codes[i].code), codes[i].text);
  }
}

static void eight_unknown_code_texts_are_valid_at_once(void **state) {
  const avow_value_t v = avow_error(-30001), w = avow_error(-30002);
  const char *texts[] = { avow_error_message(&v), avow_err_name(-30001),
                          avow_strerror(-30001),  avow_error_message(&w),
                          avow_err_name(-30002),  avow_strerror(-30002),
                          avow_err_name(-30003),  avow_strerror(-30003) };
  static const char *const expected[] = { "error -30001", "-30001",
                                          "error -30001", "error -30002",
                                          "-30002",       "error -30002",
                                          "-30003",       "error -30003" };

  for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
    assert_string_equal(texts[i], expected[i]);
}

static void positive_errno_has_its_name_and_text(void **state) {
  assert_string_equal(avow_err_name(ENOENT), "+ENOENT");
  assert_string_equal(avow_strerror(ENOENT), avow_strerror(UV_ENOENT));
}

static avow_value_t succeed(void *data) {
  return avow_error(0);
}

static void error_zero_is_none(void **state) {
  avow_group_t *g;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_add(g, avow_try(loop, succeed, NULL));
  avow_group_unref(g);
  const avow_value_t v = avow_error_new(0, avow_string("gone"), "no %s", "one");

  assert_fulfills_none(avow_try(loop, succeed, NULL));
  assert_fulfills_none(p);
  assert_int_equal(v.tag, AVOW_NONE);
}

static avow_value_t fail_slowly(void *data) {
  return avow_follow(avow_timeout(avow_sleep(loop, 60000), 1));
}

static void is_timeout_matches_only_timeouts_of_avow(void **state) {
  const avow_retry_options_t options = { .attempts = 2, .delay = 1 };
  avow_value_t v = avow_run(fail_slowly(NULL).u.p);
  const avow_value_t code = avow_error(UV_ETIMEDOUT);
  const avow_value_t kernel =
      avow_error_new(UV_ETIMEDOUT, avow_none(), "connect: timed out");
  const avow_value_t number = avow_int(UV_ETIMEDOUT);

  assert_true(avow_is_timeout(&v));
  assert_false(avow_is_timeout(&code));
  assert_false(avow_is_timeout(&kernel));
  assert_false(avow_is_timeout(&number));
  avow_value_unref(v);
  avow_value_unref(kernel);

  v = avow_run(avow_retry(loop, fail_slowly, NULL, &options));
  assert_non_null(avow_error_cause(&v)); /* the list of both errors */
  assert_true(avow_is_timeout(&v));
  avow_value_unref(v);
}

static void error_keeps_message_and_cause_along_a_chain(void **state) {
  const avow_value_t made = avow_error_new(UV_EIO, avow_int(5), "made here");
  avow_promise_t *p = avow_promise_reject(loop, made);

  p = avow_then(p, note_cb, NULL, "skipped");
  p = avow_finally(p, note_fn, "finally");
  const avow_value_t v = avow_run(p);

  assert_notes("finally");
  assert_string_equal(avow_error_message(&v), "made here");
  assert_int_equal(avow_to_int(avow_error_cause(&v)), 5);
  avow_value_unref(v);
}

static void non_error_reason_becomes_a_cause(void **state) {
  const avow_value_t v = avow_run(avow_promise_reject(loop, avow_int(42)));

  assert_int_equal(avow_error_code(&v), AVOW_EREASON);
  assert_int_equal(avow_to_int(avow_error_cause(&v)), 42);
  avow_value_unref(v);
}

static void aggregate_has_all_reasons_as_its_cause(void **state) {
  avow_promise_t *const ps[] = {
    avow_promise_reject(loop, avow_error(UV_EIO)),
    avow_promise_reject(loop, avow_error(UV_EPERM)),
  };

  const avow_value_t v = avow_run(avow_any(loop, ps, 2));

  const avow_value_t *reasons = avow_error_cause(&v);
  assert_int_equal(avow_error_code(&v), AVOW_EAGGREGATE);
  assert_int_equal(avow_list_len(reasons), 2);
  assert_int_equal(avow_error_code(avow_list_at(reasons, 0)), UV_EIO);
  assert_int_equal(avow_error_code(avow_list_at(reasons, 1)), UV_EPERM);
  avow_value_unref(v);
}

SUITE(error) {
  const struct CMUnitTest tests[] = {
    CASE(error_of_a_code_allocates_nothing),
    CASE(non_error_has_no_code_and_no_cause),
    CASE(message_is_formatted),
    CASE(long_message_is_not_truncated),
    CASE(empty_message_defaults_to_the_code_text),
    CASE(cause_may_be_any_value),
    CASE(cause_may_be_an_error_with_a_cause),
    CASE(cause_is_released_with_the_last_error_reference),
    CASE(referenced_cause_outlives_its_error),
    CASE(promise_cause_is_released_with_its_error),
    CASE(nested_causes_are_freed_on_a_small_stack),
    CASE(libuv_codes_have_libuv_names_and_texts),
    CASE(own_codes_have_their_names_and_texts),
    CASE(own_codes_are_below_all_libuv_codes),
    CASE(unknown_codes_are_named_by_their_numbers),
    CASE(eight_unknown_code_texts_are_valid_at_once),
    CASE(positive_errno_has_its_name_and_text),
    CASE(error_zero_is_none),
    CASE(is_timeout_matches_only_timeouts_of_avow),
    CASE(try_returns_the_error_unchanged),
    CASE(try_releases_other_values_and_continues),
    CASE(error_keeps_message_and_cause_along_a_chain),
    CASE(non_error_reason_becomes_a_cause),
    CASE(aggregate_has_all_reasons_as_its_cause),
  };
  return RUN(tests);
}
