/* SPDX-License-Identifier: MIT */
/* The allocator, which a program may replace before it does anything else. */
#include "harness.h"

#include "base/alloc.h"

/* An allocator that notes who was called. */
static int mallocs, reallocs, callocs, frees;

static void *note_malloc(size_t size) {
  mallocs++;
  return malloc(size);
}

static void *note_realloc(void *p, size_t size) {
  reallocs++;
  return realloc(p, size);
}

static void *note_calloc(size_t n, size_t size) {
  callocs++;
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

static int forget(void **state) {
  mallocs = reallocs = callocs = frees = 0;
  return 0;
}

static void each_function_goes_to_the_one_given_for_it(void **state) {
  void *p = avow__malloc(1);
  p = avow__realloc(p, 100);
  void *zeroed = avow__calloc(2, 8);
  avow__free(p);
  avow__free(zeroed);

  assert_int_equal(mallocs, 1);
  assert_int_equal(reallocs, 1);
  assert_int_equal(callocs, 1);
  assert_int_equal(frees, 2);
}

static void free_of_nothing_does_not_reach_the_allocator(void **state) {
  avow__free(NULL);

  assert_int_equal(frees, 0);
}

static void sizes_that_would_wrap_have_no_memory(void **state) {
  assert_true(avow__plus(SIZE_MAX - 1, 1) == SIZE_MAX);
  assert_true(avow__plus(SIZE_MAX, SIZE_MAX) == SIZE_MAX);
  assert_true(avow__plus(2, 3) == 5);
  assert_true(avow__times(SIZE_MAX / 2 + 1, 2) == SIZE_MAX);
  assert_true(avow__times(0, SIZE_MAX) == 0);
  assert_true(avow__times(2, 3) == 6);

  assert_null(avow__malloc(SIZE_MAX));
  assert_null(avow__realloc(NULL, SIZE_MAX));
  assert_null(avow__calloc(SIZE_MAX / 2 + 1, 2));

  assert_int_equal(mallocs + reallocs + callocs, 0);
}

static void values_come_from_the_replacement(void **state) {
  const avow_value_t v = avow_string("x");
  assert_int_equal(mallocs, 1);

  avow_value_unref(v);

  assert_int_equal(frees, 1);
}

static void loop_comes_from_the_replacement_and_goes_back(void **state) {
  uv_loop_t own;
  assert_int_equal(uv_loop_init(&own), 0);

  assert_int_equal(avow_loop_init(&own, &steady), 0);
  assert_fulfils_none(avow_sleep(&own, 0));
  assert_int_equal(avow_loop_close(&own), 0);

  assert_true(mallocs + callocs > 0);
  assert_int_equal(mallocs + callocs, frees);
  assert_int_equal(uv_loop_close(&own), 0);
}

static void replacing_with_null_is_refused_and_changes_nothing(void **state) {
  assert_int_equal(avow_replace_allocator(NULL, realloc, calloc, free),
                   UV_EINVAL);
  assert_int_equal(avow_replace_allocator(malloc, NULL, calloc, free),
                   UV_EINVAL);
  assert_int_equal(avow_replace_allocator(malloc, realloc, NULL, free),
                   UV_EINVAL);
  assert_int_equal(avow_replace_allocator(malloc, realloc, calloc, NULL),
                   UV_EINVAL);

  avow__free(avow__realloc(avow__malloc(1), 2));
  avow__free(avow__calloc(1, 1));

  assert_int_equal(mallocs + reallocs + callocs + frees, 5);
}

static void replacing_after_the_first_use_is_refused(void **state) {
  const avow_value_t v = avow_string("x");
  assert_int_equal(avow_replace_allocator(malloc, realloc, calloc, free),
                   UV_EBUSY);

  avow_value_unref(v);

  assert_int_equal(frees, 1);
}

#define NOTING(f) cmocka_unit_test_setup(f, forget)

SUITE(allocator) {
  const struct CMUnitTest tests[] = {
    NOTING(each_function_goes_to_the_one_given_for_it),
    NOTING(free_of_nothing_does_not_reach_the_allocator),
    NOTING(sizes_that_would_wrap_have_no_memory),
    NOTING(values_come_from_the_replacement),
    NOTING(loop_comes_from_the_replacement_and_goes_back),
    NOTING(replacing_with_null_is_refused_and_changes_nothing),
    NOTING(replacing_after_the_first_use_is_refused),
  };
  return use_noting_allocator() != 0 ||
         cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
