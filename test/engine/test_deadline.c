/* Deadlines: times that are handed down. */
#include "famine.h"

static avow_promise_t *pending(avow_deferred_t **out) {
  avow_promise_t *p = avow_promise_new(loop, out);
  avow_on_cancel(*out, note_free, "stopped");
  return p;
}

static void deadline_counts_from_the_present(void **state) {
  const uint64_t before = uv_hrtime();
  const uint64_t by = avow_deadline_in(loop, 50, AVOW_NEVER);

  assert_int_in_range(by, uv_now(loop) + 50, uv_now(loop) + 50);
  uv_update_time(loop);
  assert_true(uv_now(loop) - (by - 50) <= (uv_hrtime() - before) / 1000000 + 1);
}

static void earlier_deadline_counts(void **state) {
  const uint64_t outer = avow_deadline_in(loop, 3600 * 1000, AVOW_NEVER);

  assert_true(avow_deadline_in(loop, 7200 * 1000, outer) == outer);
  assert_true(avow_deadline_in(loop, 1, outer) < outer);
  assert_true(avow_deadline_in(loop, UINT64_MAX, AVOW_NEVER) == AVOW_NEVER);
}

static void deadline_ends_what_is_late(void **state) {
  avow_deferred_t *d;
  const uint64_t by = avow_deadline_in(loop, 2, AVOW_NEVER);

  const avow_value_t v = avow_run(avow_deadline(pending(&d), by));

  assert_int_equal(avow_error_code(&v), UV_ETIMEDOUT);
  assert_true(uv_now(loop) >= by);
  assert_notes("stopped");
  avow_value_unref(v);
  avow_deferred_drop(d);
}

static void nested_promises_end_at_the_deadline_of_the_outer(void **state) {
  avow_deferred_t *d;
  const uint64_t outer = avow_deadline_in(loop, 2, AVOW_NEVER);
  const uint64_t inner = avow_deadline_in(loop, 60000, outer);

  avow_promise_t *p = avow_deadline(pending(&d), inner);

  assert_rejects(avow_deadline(p, outer), UV_ETIMEDOUT);
  assert_notes("stopped");
  avow_deferred_drop(d);
}

static void deadline_that_has_passed_ends_at_once(void **state) {
  avow_deferred_t *d;

  avow_promise_t *p = avow_deadline(pending(&d), 0);

  assert_notes("stopped");
  assert_says(p, UV_ETIMEDOUT, "timed out");
  avow_deferred_drop(d);
}

static void what_is_in_time_goes_on_as_it_was(void **state) {
  const uint64_t by = avow_deadline_in(loop, 60000, AVOW_NEVER);
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));

  assert_fulfils_int(avow_deadline(p, by), 1);

  assert_false(uv_loop_alive(loop));
}

static void never_is_no_deadline(void **state) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));

  assert_ptr_equal(avow_deadline(p, AVOW_NEVER), p);

  assert_fulfils_int(p, 1);
}

static avow_value_t use_deadline(const avow_value_t *arg, void *data) {
  const uint64_t now = uv_now(loop);
  while (uv_hrtime() / 1000000 <= now) /* the cached time is old now */
    continue;
  *(uint64_t *) data = avow_deadline_in(loop, 5, AVOW_NEVER) - now;
  return avow_none();
}

static void ask_a_closed_loop(void) {
  assert_true(avow_deadline_in(loop, 1, 5) == 5);
}

static void closed_loop_has_no_deadlines(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  assert_int_equal(avow_loop_close(loop), 0);

  assert_true(avow_deadline(p, 5) == p);
  assert_misuse(ask_a_closed_loop, "this loop is not ready");

  avow_unref(p);
  avow_deferred_drop(d);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void deadline_counts_from_the_cached_time_in_callbacks(void **state) {
  uint64_t ms = 0;
  avow_promise_t *p = avow_sleep(loop, 0);

  assert_fulfils_none(avow_then(p, use_deadline, NULL, &ms));

  assert_int_equal(ms, 5);
}

static void deadline_that_is_over_needs_memory_to_say_so(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = pending(&d);
  const uint64_t by = uv_now(loop);
  use_up_memory();
  p = avow_deadline(p, by);
  give_back_memory();

  assert_rejects(p, UV_ENOMEM);

  assert_notes("stopped");
  avow_deferred_drop(d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    CASE(deadline_counts_from_the_present),
    CASE(earlier_deadline_counts),
    CASE(deadline_ends_what_is_late),
    CASE(nested_promises_end_at_the_deadline_of_the_outer),
    CASE(deadline_that_has_passed_ends_at_once),
    CASE(what_is_in_time_goes_on_as_it_was),
    CASE(never_is_no_deadline),
    CASE(closed_loop_has_no_deadlines),
    CASE(deadline_counts_from_the_cached_time_in_callbacks),
    CASE(deadline_that_is_over_needs_memory_to_say_so),
  };
  return RUN(tests);
}
