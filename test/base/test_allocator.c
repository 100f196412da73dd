/* SPDX-License-Identifier: MIT */
/* The allocator, which a program may replace before its first other call. */
#include "harness.h"

#include "base/alloc.h"

/* An allocator that counts the calls of each function, and records the size of
   the last allocation. */
static int mallocs, reallocs, callocs, frees;
static size_t bytes;

static void *note_malloc(size_t size) {
  mallocs++;
  bytes = size;
  return malloc(size);
}

static void *note_realloc(void *p, size_t size) {
  reallocs++;
  bytes = size;
  return realloc(p, size);
}

static void *note_calloc(size_t n, size_t size) {
  callocs++;
  bytes = n * size;
  return calloc(n, size);
}

static void count_free(void *p) {
  frees++;
  free(p);
}

static int use_noting_allocator(void) {
  return avow_replace_allocator(note_malloc, note_realloc, note_calloc,
                                count_free);
}

static int reset_counts(void **state) {
  mallocs = reallocs = callocs = frees = 0;
  return 0;
}

static void each_function_calls_its_replacement(void **state) {
  void *p = avow_malloc(1);
  p = avow_realloc(p, 100);
  void *zeroed = avow_calloc(2, 8);
  avow_free(p);
  avow_free(zeroed);

  assert_int_equal(mallocs, 1);
  assert_int_equal(reallocs, 1);
  assert_int_equal(callocs, 1);
  assert_int_equal(frees, 2);
}

static void free_of_null_does_not_call_the_allocator(void **state) {
  avow_free(NULL);

  assert_int_equal(frees, 0);
}

static void malloc_of_zero_bytes_allocates_one_byte(void **state) {
  void *p = avow_malloc(0);

  assert_non_null(p);
  assert_true(bytes == 1);
  avow_free(p);
}

/* realloc() of the C library may free the memory in this case. */
static void realloc_to_zero_bytes_keeps_one_byte(void **state) {
  void *p = avow_realloc(avow_malloc(2), 0);

  assert_non_null(p);
  assert_true(bytes == 1);
  assert_int_equal(frees, 0);
  avow_free(p);
}

static void realloc_of_null_allocates(void **state) {
  void *p = avow_realloc(NULL, 3);

  assert_non_null(p);
  assert_true(bytes == 3);
  avow_free(p);
}

static void realloc_keeps_the_content(void **state) {
  char *p = avow_malloc(2);
  memcpy(p, "x", 2);

  p = avow_realloc(p, 1 << 20);

  assert_string_equal(p, "x");
  avow_free(p);
}

static void calloc_treats_zero_arguments_as_one(void **state) {
  void *none = avow_calloc(0, 8);
  assert_non_null(none);
  assert_true(bytes == 8);

  void *empty = avow_calloc(4, 0);
  assert_non_null(empty);
  assert_true(bytes == 4);

  avow_free(none);
  avow_free(empty);
}

static void calloc_returns_zeroed_memory(void **state) {
  static const char zeros[400];

  void *p = avow_calloc(100, 4);

  assert_true(bytes == 400);
  assert_memory_equal(p, zeros, 400);
  avow_free(p);
}

static void overflowing_sizes_are_refused(void **state) {
  assert_true(avow__plus(SIZE_MAX - 1, 1) == SIZE_MAX);
  assert_true(avow__plus(SIZE_MAX, SIZE_MAX) == SIZE_MAX);
  assert_true(avow__plus(2, 3) == 5);
  assert_true(avow__times(SIZE_MAX / 2 + 1, 2) == SIZE_MAX);
  assert_true(avow__times(0, SIZE_MAX) == 0);
  assert_true(avow__times(2, 3) == 6);

  assert_null(avow_malloc(SIZE_MAX));
  assert_null(avow_realloc(NULL, SIZE_MAX));
  assert_null(avow_calloc(SIZE_MAX / 2 + 1, 2));

  assert_int_equal(mallocs + reallocs + callocs, 0);
}

static void values_use_the_replaced_allocator(void **state) {
  const avow_value_t v = avow_string("x");
  assert_int_equal(mallocs, 1);

  avow_value_unref(v);

  assert_int_equal(frees, 1);
}

static void loop_memory_uses_the_replaced_allocator(void **state) {
  uv_loop_t own;
  assert_int_equal(uv_loop_init(&own), 0);

  assert_int_equal(avow_loop_init(&own, &steady), 0);
  assert_fulfills_none(avow_sleep(&own, 0));
  assert_int_equal(avow_loop_close(&own), 0);

  assert_true(mallocs + callocs > 0);
  assert_int_equal(mallocs + callocs, frees);
  assert_int_equal(uv_loop_close(&own), 0);
}

static void null_allocator_functions_are_refused(void **state) {
  assert_int_equal(avow_replace_allocator(NULL, realloc, calloc, free),
                   UV_EINVAL);
  assert_int_equal(avow_replace_allocator(malloc, NULL, calloc, free),
                   UV_EINVAL);
  assert_int_equal(avow_replace_allocator(malloc, realloc, NULL, free),
                   UV_EINVAL);
  assert_int_equal(avow_replace_allocator(malloc, realloc, calloc, NULL),
                   UV_EINVAL);

  avow_free(avow_realloc(avow_malloc(1), 2));
  avow_free(avow_calloc(1, 1));

  assert_int_equal(mallocs + reallocs + callocs + frees, 5);
}

static void replacing_after_the_first_use_is_refused(void **state) {
  const avow_value_t v = avow_string("x");
  assert_int_equal(avow_replace_allocator(malloc, realloc, calloc, free),
                   UV_EBUSY);

  avow_value_unref(v);

  assert_int_equal(frees, 1);
}

#define NOTING(f) cmocka_unit_test_setup(f, reset_counts)

SUITE(allocator) {
  const struct CMUnitTest tests[] = {
    NOTING(each_function_calls_its_replacement),
    NOTING(free_of_null_does_not_call_the_allocator),
    NOTING(malloc_of_zero_bytes_allocates_one_byte),
    NOTING(realloc_to_zero_bytes_keeps_one_byte),
    NOTING(realloc_of_null_allocates),
    NOTING(realloc_keeps_the_content),
    NOTING(calloc_treats_zero_arguments_as_one),
    NOTING(calloc_returns_zeroed_memory),
    NOTING(overflowing_sizes_are_refused),
    NOTING(values_use_the_replaced_allocator),
    NOTING(loop_memory_uses_the_replaced_allocator),
    NOTING(null_allocator_functions_are_refused),
    NOTING(replacing_after_the_first_use_is_refused),
  };
  return use_noting_allocator() != 0 ||
         cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
