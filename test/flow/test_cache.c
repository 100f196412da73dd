/* SPDX-License-Identifier: MIT */
/*
 * Caches: one run for all callers of a key, whose value stays valid for a
 * while.
 */
#include "harness.h"

enum { TTL = 1000 };

/* State of the function that computes the values. */
typedef struct {
  int runs;
  int error; /* runs reject with it, unless 0 */
} source_t;

/* Takes 10 ms and returns the number of runs. */
static avow_value_t answer(const avow_value_t *none, void *data) {
  const source_t *source = data;
  return source->error != 0 ? avow_error(source->error)
                            : avow_int(source->runs);
}

static avow_value_t look_up(const avow_value_t *key, void *data) {
  source_t *source = data;
  note(key->tag == AVOW_BYTES ? avow_to_bytes(key, NULL) : "number");
  source->runs++;
  avow_promise_t *p = avow_finally(avow_sleep(loop, 10), note_fn, "slept");
  return avow_follow(avow_then(p, answer, NULL, source));
}

static avow_cache_t *cache_of(source_t *source, uint64_t ttl, size_t most) {
  const avow_cache_options_t options = { .ttl = ttl, .most = most };
  return avow_cache_new(loop, look_up, source, NULL, &options);
}

static avow_promise_t *get(const avow_cache_t *c, const char *key) {
  return avow_cache_get(c, avow_string(key));
}

static void concurrent_gets_share_one_run(void **state) {
  source_t source = { 0 };
  avow_cache_t *c = avow_cache_new(loop, look_up, &source, NULL, NULL);

  avow_promise_t *ps[] = { get(c, "a"), get(c, "b"), get(c, "a") };
  assert_int_equal(source.runs, 0);

  assert_fulfills_int(ps[0], 2);
  assert_fulfills_int(ps[1], 2);
  assert_fulfills_int(ps[2], 2);
  assert_fulfills_int(get(c, "a"), 3);
  assert_int_equal(avow_cache_kept(c), 0);
  assert_notes("a b slept slept a slept");
  avow_cache_unref(c);
}

static void value_is_kept_for_its_ttl(void **state) {
  source_t source = { 0 };
  avow_cache_t *c = cache_of(&source, TTL, 0);
  assert_fulfills_int(get(c, "a"), 1);

  assert_fulfills_none(avow_sleep(loop, TTL - 1));
  assert_fulfills_int(get(c, "a"), 1);
  assert_int_equal(avow_cache_kept(c), 1);
  assert_fulfills_none(avow_sleep(loop, 1));
  assert_int_equal(avow_cache_kept(c), 0);

  assert_fulfills_int(get(c, "a"), 2);
  assert_int_equal(avow_now(loop), TTL + 20);
  avow_cache_unref(c);
  assert_notes("a slept a slept");
}

static void value_may_be_kept_forever(void **state) {
  source_t source = { 0 };
  avow_cache_t *c = cache_of(&source, UINT64_MAX, 0);
  assert_fulfills_int(get(c, "a"), 1);

  assert_fulfills_none(avow_sleep(loop, UINT64_C(1) << 40));

  assert_fulfills_int(get(c, "a"), 1);
  avow_cache_unref(c);
  assert_notes("a slept");
}

static void keys_are_numbers_or_bytes(void **state) {
  source_t source = { 0 };
  avow_cache_t *c = cache_of(&source, TTL, 0);

  assert_fulfills_int(avow_cache_get(c, avow_int(97)), 1);
  assert_fulfills_int(avow_cache_get(c, avow_bytes("a\0\0\0\0\0\0\0", 8)), 2);
  assert_fulfills_int(avow_cache_get(c, avow_bytes("a\0b", 3)), 3);
  assert_fulfills_int(get(c, "a"), 4);
  assert_fulfills_int(get(c, ""), 5);
  assert_fulfills_int(avow_cache_get(c, avow_int(97)), 1);
  assert_fulfills_int(avow_cache_get(c, avow_int(-97)), 6);
  assert_fulfills_int(avow_cache_get(c, avow_bytes("a\0b", 3)), 3);

  assert_says(avow_cache_get(c, avow_none()), UV_EINVAL,
              "cache: invalid argument");
  assert_rejects(avow_cache_get(c, avow_error(UV_ENOMEM)), UV_ENOMEM);
  avow_cache_forget(c, avow_none());
  assert_int_equal(avow_cache_kept(c), 6);
  avow_cache_unref(c);
  assert_notes("number slept a slept a slept a slept  slept number slept");
}

static void keys_may_be_many(void **state) {
  enum { MANY = 1000 };
  source_t source = { 0 };
  avow_cache_t *c = cache_of(&source, TTL, 0);
  avow_promise_t *ps[MANY];
  for (int i = 0; i < MANY; i++)
    ps[i] = avow_cache_get(c, avow_int(i));
  avow_value_unref(avow_run(avow_all(loop, ps, MANY)));
  assert_int_equal(avow_cache_kept(c), MANY);

  for (int i = 0; i < MANY; i += 2)
    avow_cache_forget(c, avow_int(i));

  for (int64_t i = 0; i < MANY; i++) /* the bytes of a number are another key */
    avow_cache_forget(c, avow_bytes((const char *) &i, sizeof(i)));

  assert_int_equal(avow_cache_kept(c), MANY / 2);
  assert_fulfills_int(avow_cache_get(c, avow_int(1)), MANY);
  assert_fulfills_int(avow_cache_get(c, avow_int(2)), MANY + 1);
  avow_cache_unref(c);
}

static void failure_rejects_pending_gets_and_is_not_kept(void **state) {
  source_t source = { .error = UV_EIO };
  avow_cache_t *c = cache_of(&source, TTL, 0);
  avow_promise_t *ps[] = { get(c, "a"), get(c, "a") };
  assert_rejects(ps[0], UV_EIO);
  assert_rejects(ps[1], UV_EIO);

  source.error = 0;

  assert_fulfills_int(get(c, "a"), 2);
  avow_cache_unref(c);
  assert_notes("a slept a slept");
}

static void oldest_values_are_dropped_above_the_limit(void **state) {
  source_t source = { 0 };
  avow_cache_t *c = cache_of(&source, TTL, 2);
  assert_fulfills_int(get(c, "a"), 1);
  assert_fulfills_int(get(c, "b"), 2);
  assert_fulfills_int(avow_cache_refresh(c, avow_string("a")), 3);

  assert_fulfills_int(get(c, "c"), 4);

  assert_int_equal(avow_cache_kept(c), 2);
  assert_fulfills_int(get(c, "a"), 3);
  assert_fulfills_int(get(c, "b"), 5);
  avow_cache_unref(c);
}

static void refresh_keeps_the_old_value_until_it_succeeds(void **state) {
  source_t source = { 0 };
  avow_cache_t *c = cache_of(&source, TTL, 0);
  assert_fulfills_int(get(c, "a"), 1);
  assert_fulfills_none(avow_sleep(loop, TTL - 1));

  avow_unref(avow_cache_refresh(c, avow_string("a")));
  assert_fulfills_int(get(c, "a"), 1);
  run();

  assert_fulfills_none(avow_sleep(loop, TTL - 1));
  assert_fulfills_int(get(c, "a"), 2);
  assert_notes("a slept a slept");
  avow_cache_unref(c);
}

static void value_expires_during_its_refresh(void **state) {
  source_t source = { 0 };
  avow_cache_t *c = cache_of(&source, TTL, 0);
  assert_fulfills_int(get(c, "a"), 1);
  assert_fulfills_none(avow_sleep(loop, TTL - 1));
  avow_promise_t *p = avow_cache_refresh(c, avow_string("a"));
  assert_fulfills_none(avow_sleep(loop, 1));

  avow_promise_t *q = get(c, "a");

  assert_int_equal(avow_cache_kept(c), 0);
  assert_fulfills_int(p, 2);
  assert_fulfills_int(q, 2);
  assert_int_equal(avow_cache_kept(c), 1);
  assert_notes("a slept a slept");
  avow_cache_unref(c);
}

static void failed_refresh_changes_nothing(void **state) {
  source_t source = { 0 };
  avow_cache_t *c = cache_of(&source, TTL, 0);
  assert_fulfills_int(get(c, "a"), 1);
  source.error = UV_EIO;

  assert_rejects(avow_cache_refresh(c, avow_string("a")), UV_EIO);

  assert_fulfills_int(get(c, "a"), 1);
  avow_cache_unref(c);
}

static void forgotten_value_is_computed_again(void **state) {
  source_t source = { 0 };
  avow_cache_t *c = cache_of(&source, TTL, 0);
  assert_fulfills_int(get(c, "a"), 1);
  avow_cache_forget(c, avow_string("a"));
  avow_cache_forget(c, avow_string("b"));
  assert_int_equal(avow_cache_kept(c), 0);

  avow_promise_t *p = get(c, "a");
  avow_cache_forget(c, avow_string("a"));
  avow_promise_t *q = get(c, "a");

  assert_fulfills_int(p, 3);
  assert_fulfills_int(q, 3);
  assert_int_equal(avow_cache_kept(c), 1);
  assert_notes("a slept a a slept slept");
  avow_cache_unref(c);
}

static void run_without_pending_gets_is_canceled(void **state) {
  source_t source = { 0 };
  avow_cache_t *c = cache_of(&source, TTL, 0);
  avow_promise_t *p = get(c, "a");
  assert_fulfills_none(avow_sleep(loop, 5));

  avow_cancel(p);
  avow_promise_t *next = get(c, "a");

  assert_rejects(p, UV_ECANCELED);
  assert_fulfills_int(next, 2);
  assert_int_equal(avow_now(loop), 15);
  assert_notes("a slept a slept");
  avow_cache_unref(c);
}

static void released_cache_settles_pending_gets(void **state) {
  source_t source = { 0 };
  const avow_cache_options_t options = { .ttl = TTL };
  avow_cache_t *c = avow_cache_new(loop, look_up, &source, NULL, &options);
  assert_fulfills_int(get(c, "kept"), 1);
  avow_promise_t *p = get(c, "a");

  avow_cache_unref(c);

  assert_fulfills_int(p, 2);
  assert_notes("kept slept a slept");
}

static avow_value_t sleep_and_note(const avow_value_t *key, void *word) {
  return avow_follow(avow_finally(avow_sleep(loop, 10), note_fn, "run"));
}

static void data_is_freed_after_the_last_run(void **state) {
  avow_cache_t *c =
      avow_cache_new(loop, sleep_and_note, "freed", note_free, NULL);
  avow_promise_t *p = get(c, "a");

  avow_cache_unref(c);
  run();

  assert_notes("run freed");
  avow_unref(p);
}

static avow_cache_t *dying;

static void forget_it(void *self) {
  note("gone");
  avow_cache_forget(dying, avow_string(self));
}

static avow_value_t make_object(const avow_value_t *key, void *data) {
  static const avow_class_t klass = { .name = "one", .destroy = forget_it };
  return avow_object(&klass, "a");
}

/* A dropped value may call the program, which may request that value. */
static void value_may_forget_itself(void **state) {
  const avow_cache_options_t options = { .ttl = TTL };
  dying = avow_cache_new(loop, make_object, NULL, NULL, &options);
  avow_value_unref(avow_run(get(dying, "a")));
  assert_int_equal(avow_cache_kept(dying), 1);

  avow_value_unref(avow_run(avow_cache_refresh(dying, avow_string("a"))));

  assert_notes("gone gone");
  assert_int_equal(avow_cache_kept(dying), 0);
  avow_cache_unref(dying);
}

static void assert_refused(avow_cache_t *c, int code) {
  assert_rejects(get(c, "a"), code);
  assert_rejects(avow_cache_refresh(c, avow_string("a")), code);
  avow_cache_forget(c, avow_string("a"));
  assert_int_equal(avow_cache_kept(c), 0);
  avow_cache_unref(c);
}

static void invalid_cache_refuses_gets(void **state) {
  const avow_cache_options_t later = { .reserved = { 1 } };

  assert_refused(avow_cache_new(loop, NULL, "a", note_free, NULL), UV_EINVAL);
  assert_refused(avow_cache_new(loop, look_up, "b", note_free, &later),
                 UV_EINVAL);
  fail_allocation(1, false);
  avow_cache_t *c = avow_cache_new(loop, look_up, "c", note_free, NULL);
  assert_refused(c, UV_ENOMEM);

  assert_notes("a b c");
  avow_cache_unref(NULL);
}

static void get_without_memory_leaves_nothing(void **state) {
  source_t source = { 0 };
  avow_cache_t *c = cache_of(&source, TTL, 0);

  for (long n = 2; n < 4; n++) { /* the first allocation is the key's */
    fail_allocation(n, false);
    assert_rejects(get(c, "a"), UV_ENOMEM);
    assert_true(allocation_failed());
  }

  fail_allocation(0, false);
  assert_fulfills_int(get(c, "a"), 1);
  fail_allocation(2, false);
  assert_rejects(avow_cache_refresh(c, avow_string("a")), UV_ENOMEM);
  assert_true(allocation_failed());
  assert_fulfills_int(get(c, "a"), 1);
  assert_notes("a slept");
  avow_cache_unref(c);
}

static void loop_close_cancels_pending_gets(void **state) {
  source_t source = { 0 };
  avow_cache_t *c = cache_of(&source, TTL, 0);
  assert_fulfills_int(get(c, "kept"), 1);
  avow_promise_t *p = get(c, "a");

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  p = get(c, "kept");
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  avow_cache_forget(c, avow_string("kept"));
  avow_cache_unref(c);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
  assert_notes("kept slept");
}

SUITE(cache) {
  const struct CMUnitTest tests[] = {
    TIMED_CASE(concurrent_gets_share_one_run),
    TIMED_CASE(value_is_kept_for_its_ttl),
    TIMED_CASE(value_may_be_kept_forever),
    TIMED_CASE(keys_are_numbers_or_bytes),
    TIMED_CASE(keys_may_be_many),
    TIMED_CASE(failure_rejects_pending_gets_and_is_not_kept),
    TIMED_CASE(oldest_values_are_dropped_above_the_limit),
    TIMED_CASE(refresh_keeps_the_old_value_until_it_succeeds),
    TIMED_CASE(value_expires_during_its_refresh),
    TIMED_CASE(failed_refresh_changes_nothing),
    TIMED_CASE(forgotten_value_is_computed_again),
    TIMED_CASE(run_without_pending_gets_is_canceled),
    TIMED_CASE(released_cache_settles_pending_gets),
    TIMED_CASE(data_is_freed_after_the_last_run),
    TIMED_CASE(value_may_forget_itself),
    TIMED_CASE(invalid_cache_refuses_gets),
    TIMED_CASE(get_without_memory_leaves_nothing),
    TIMED_CASE(loop_close_cancels_pending_gets),
  };
  return RUN(tests);
}
