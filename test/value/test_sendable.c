/* SPDX-License-Identifier: MIT */
/*
 * Values that may change threads, and values that may not. These tests are also
 * for ThreadSanitizer.
 */
#include <stdatomic.h>

#include "harness.h"

static avow_loops_t *loops;
static atomic_int notes; /* number of releases */

static int set_up(void **state) {
  notes = 0;
  const int err = harness_setup(state);
  loops = avow_loops_new(2);
  return err;
}

static void end_loops(void) {
  assert_fulfills_none(avow_loops_close(loops, loop));
}

static avow_value_t make_list(uv_loop_t *own, void *data) {
  avow_value_t inner[] = { avow_string("a"), avow_double(0.5) };
  avow_value_t items[] = { avow_list(inner, 2), avow_string("b"), avow_none() };
  return avow_list(items, 3);
}

static void lists_and_bytes_change_threads(void **state) {
  const avow_value_t v =
      avow_run(avow_loops_run(loops, 1, loop, make_list, NULL));

  const avow_value_t *inner = avow_list_at(&v, 0);
  assert_string_equal(avow_to_bytes(avow_list_at(inner, 0), NULL), "a");
  assert_string_equal(avow_to_bytes(avow_list_at(&v, 1), NULL), "b");
  avow_value_unref(v);
  end_loops();
}

static void count_note(void *self) {
  notes++;
}

static const avow_class_t rooted = { .name = "rooted", .destroy = count_note };
static const avow_class_t mobile = { .name = "mobile",
                                     .destroy = count_note,
                                     .sendable = true };

static avow_value_t make_rooted(uv_loop_t *own, void *data) {
  avow_value_t inner = avow_object(&rooted, NULL);
  avow_value_t items[] = { avow_int(1), avow_list(&inner, 1) };
  return avow_error_new(UV_EIO, avow_list(items, 2), "with an object");
}

static avow_value_t make_mobile(uv_loop_t *own, void *data) {
  return avow_object(&mobile, &notes);
}

static avow_value_t make_promise(uv_loop_t *own, void *data) {
  avow_value_t item = avow_follow(avow_promise_resolve(own, avow_int(1)));
  return avow_list(&item, 1);
}

static avow_value_t make_tower(uv_loop_t *own, void *data) {
  avow_value_t v = avow_int(1);
  for (int i = 0; i < 100000; i++)
    v = avow_list(&v, 1);
  return v;
}

static void assert_stays(avow_loops_fn fn, const char *message) {
  const avow_value_t v = avow_run(avow_loops_run(loops, 0, loop, fn, NULL));
  assert_int_equal(avow_error_code(&v), AVOW_EMISUSE);
  assert_string_equal(avow_error_message(&v), message);
  avow_value_unref(v);
}

static void loop_bound_values_cannot_change_threads(void **state) {
  assert_stays(make_rooted, "loops run: rooted cannot change threads");
  assert_int_equal(notes, 1);
  assert_stays(make_promise, "loops run: promise cannot change threads");
  assert_stays(make_tower,
               "loops run: a list nested too deeply cannot change threads");

  end_loops();
}

static void sendable_objects_change_threads(void **state) {
  const avow_value_t v =
      avow_run(avow_loops_run(loops, 0, loop, make_mobile, NULL));

  assert_ptr_equal(avow_to_object(&v, &mobile), &notes);
  end_loops();
  avow_value_unref(v);
  assert_int_equal(notes, 1);
}

#define CROSS_CASE(f) \
  cmocka_unit_test_setup_teardown(f, set_up, harness_teardown)

SUITE(sendable) {
  const struct CMUnitTest tests[] = {
    CROSS_CASE(lists_and_bytes_change_threads),
    CROSS_CASE(loop_bound_values_cannot_change_threads),
    CROSS_CASE(sendable_objects_change_threads),
  };
  return RUN(tests);
}
