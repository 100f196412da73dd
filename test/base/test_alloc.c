/* SPDX-License-Identifier: MIT */
/*
 * Out of memory, allocating functions return NULL, and functions that were
 * given values release them.
 */
#include "harness.h"

static void count_destroy(void *self) {
  ++*(int *) self;
}

static const avow_class_t counted_class = { .name = "counted",
                                            .destroy = count_destroy };
static const avow_class_t inert_class = { .name = "inert" };

static avow_value_t counted(int *destroyed) {
  *destroyed = 0;
  return avow_object(&counted_class, destroyed);
}

static void assert_enomem(avow_value_t v) {
  assert_true(allocation_failed());
  assert_true(avow_is_error(&v));
  assert_int_equal(avow_error_code(&v), UV_ENOMEM);
  avow_value_unref(v);
}

static void bytes_return_enomem_when_out_of_memory(void **state) {
  char *out = NULL;

  fail_allocation(1, false);
  assert_enomem(avow_bytes("x", 1));
  fail_allocation(1, false);
  assert_enomem(avow_string("x"));
  fail_allocation(1, false);
  assert_enomem(avow_bytes_new(1, &out));

  assert_null(out);
}

static void object_is_destroyed_once_when_out_of_memory(void **state) {
  int destroyed = 0;

  fail_allocation(1, false);
  assert_enomem(avow_object(&counted_class, &destroyed));
  fail_allocation(1, false);
  assert_enomem(avow_object(&inert_class, &destroyed));

  assert_int_equal(destroyed, 1);
}

static avow_value_t then_never_called(void *self, avow_deferred_t *d) {
  note("asked");
  avow_deferred_drop(d);
  return avow_none();
}

static void failed_thenable_is_destroyed_without_then_call(void **state) {
  static const avow_class_t foreign = { .name = "foreign",
                                        .destroy = count_destroy,
                                        .then = then_never_called };
  int destroyed = 0;

  fail_allocation(1, false);
  const avow_value_t v = avow_object(&foreign, &destroyed);
  avow_promise_t *p = avow_promise_resolve(loop, v);

  assert_int_equal(destroyed, 1);
  assert_rejects(p, UV_ENOMEM);
  assert_notes("");
}

static void failed_list_releases_its_items(void **state) {
  int destroyed, inside;
  avow_promise_t *p = avow_promise_resolve(loop, counted(&inside));
  avow_value_t items[] = { counted(&destroyed), avow_follow(p),
                           avow_string("x"),
                           avow_error_new(UV_EIO, avow_none(), "y") };

  fail_allocation(1, false);
  assert_enomem(avow_list(items, 4));

  assert_int_equal(destroyed, 1);
  assert_int_equal(inside, 1);
}

static void failed_error_keeps_only_its_code(void **state) {
  int destroyed;
  const avow_value_t cause = counted(&destroyed);

  fail_allocation(1, false);
  const avow_value_t v = avow_error_new(UV_EACCES, cause, "no %s", "entry");

  assert_true(allocation_failed());
  assert_int_equal(avow_error_code(&v), UV_EACCES);
  assert_null(avow_error_cause(&v));
  assert_string_equal(avow_error_message(&v), uv_strerror(UV_EACCES));
  assert_int_equal(destroyed, 1);
  avow_value_unref(v);
}

static void reason_that_cannot_be_wrapped_is_released(void **state) {
  int destroyed;
  const avow_value_t v = counted(&destroyed);

  fail_allocation(1, false);
  avow_promise_t *p = avow_promise_reject(loop, v);

  assert_int_equal(destroyed, 1);
  assert_rejects(p, AVOW_EREASON);
}

static void failed_string_rejects_with_enomem(void **state) {
  fail_allocation(1, false);

  avow_promise_t *p = avow_promise_resolve(loop, avow_string("x"));

  assert_rejects(p, UV_ENOMEM);
}

static void malloc_and_calloc_return_null_when_out_of_memory(void **state) {
  fail_allocation(1, false);
  assert_null(avow_malloc(1));
  assert_true(allocation_failed());

  fail_allocation(1, false);
  assert_null(avow_calloc(1, 1));
  assert_true(allocation_failed());
}

static void failed_realloc_keeps_the_memory_valid(void **state) {
  const long before = live_allocations();
  char *p = avow_malloc(2);
  memcpy(p, "x", 2);
  assert_int_equal(live_allocations(), before + 1);

  fail_allocation(1, false);
  assert_null(avow_realloc(p, 1 << 20));

  assert_string_equal(p, "x");
  avow_free(p);
  assert_int_equal(live_allocations(), before);
}

SUITE(alloc) {
  const struct CMUnitTest tests[] = {
    CASE(malloc_and_calloc_return_null_when_out_of_memory),
    CASE(failed_realloc_keeps_the_memory_valid),
    CASE(bytes_return_enomem_when_out_of_memory),
    CASE(object_is_destroyed_once_when_out_of_memory),
    CASE(failed_thenable_is_destroyed_without_then_call),
    CASE(failed_list_releases_its_items),
    CASE(failed_error_keeps_only_its_code),
    CASE(reason_that_cannot_be_wrapped_is_released),
    CASE(failed_string_rejects_with_enomem),
  };
  return RUN(tests);
}
