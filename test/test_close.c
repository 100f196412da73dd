/*
 * Closing a loop under programs that answer the end with new work, always. They
 * stop long after the close should have given up on them, so that a failure is
 * no hang.
 */
#include "harness.h"

enum { TOO_OFTEN = 3000000 };

static void assert_close_ends(const unsigned *calls) {
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_in_range(*calls, 1, TOO_OFTEN - 1);
  assert_int_equal(avow_loop_init(loop, NULL), 0); /* for the fixture */
}

static avow_value_t catch_again(const avow_value_t *arg, void *data) {
  unsigned *calls = data;
  if (++*calls < TOO_OFTEN)
    avow_unref(avow_catch(avow_sleep(loop, 60000), catch_again, calls));
  return avow_none();
}

static void close_ends_although_catch_starts_anew(void **state) {
  unsigned calls = 0;
  avow_unref(avow_catch(avow_sleep(loop, 60000), catch_again, &calls));

  assert_close_ends(&calls);
}

static avow_value_t then_again(const avow_value_t *arg, void *data) {
  unsigned *calls = data;
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  if (++*calls < TOO_OFTEN)
    p = avow_then(p, then_again, NULL, calls);
  avow_unref(p);
  return avow_none();
}

static void close_ends_although_jobs_make_jobs(void **state) {
  unsigned calls = 0;
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  avow_unref(avow_then(p, then_again, NULL, &calls));

  assert_close_ends(&calls);
}

static avow_value_t finally_again(void *data) {
  unsigned *calls = data;
  if (++*calls < TOO_OFTEN)
    avow_unref(avow_finally(avow_sleep(loop, 60000), finally_again, calls));
  return avow_none();
}

static void close_ends_although_finally_starts_anew(void **state) {
  unsigned calls = 0;
  avow_unref(avow_finally(avow_sleep(loop, 60000), finally_again, &calls));

  assert_close_ends(&calls);
}

static void attach_again(void *data) {
  unsigned *calls = data;
  if (++*calls < TOO_OFTEN)
    avow_unref(avow_attach(avow_sleep(loop, 60000), calls, attach_again));
}

static void close_ends_although_attach_starts_anew(void **state) {
  unsigned calls = 0;
  avow_unref(avow_attach(avow_sleep(loop, 60000), &calls, attach_again));

  assert_close_ends(&calls);
}

static avow_deferred_t *current;

static void cancel_again(void *data) {
  unsigned *calls = data;
  avow_deferred_drop(current);
  avow_unref(avow_promise_new(loop, &current));
  if (++*calls < TOO_OFTEN)
    avow_on_cancel(current, cancel_again, calls);
}

static void close_ends_although_on_cancel_starts_anew(void **state) {
  unsigned calls = 0;
  avow_unref(avow_promise_new(loop, &current));
  avow_on_cancel(current, cancel_again, &calls);

  assert_close_ends(&calls);
  avow_deferred_drop(current);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    CASE(close_ends_although_catch_starts_anew),
    CASE(close_ends_although_jobs_make_jobs),
    CASE(close_ends_although_finally_starts_anew),
    CASE(close_ends_although_attach_starts_anew),
    CASE(close_ends_although_on_cancel_starts_anew),
  };
  return RUN(tests);
}
