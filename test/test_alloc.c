/* Memory: the allocator may be replaced, and what is made without memory
   releases what it was given. */
#include "harness.h"

#include "alloc.h"

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

static int use_noting_allocator(void **state) {
  mallocs = reallocs = callocs = frees = 0;
  return avow_replace_allocator(note_malloc, note_realloc, note_calloc,
                                count_free);
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

  assert_int_equal(avow_loop_init(&own, NULL), 0);
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

static void bytes_without_memory_are_enomem(void **state) {
  char *out = NULL;

  fail_allocation(1, false);
  assert_enomem(avow_bytes("x", 1));
  fail_allocation(1, false);
  assert_enomem(avow_string("x"));
  fail_allocation(1, false);
  assert_enomem(avow_bytes_new(1, &out));

  assert_null(out);
}

static void object_without_memory_is_destroyed_once(void **state) {
  int destroyed = 0;

  fail_allocation(1, false);
  assert_enomem(avow_object(&counted_class, &destroyed));
  fail_allocation(1, false);
  assert_enomem(avow_object(&inert_class, &destroyed));

  assert_int_equal(destroyed, 1);
}

static avow_value_t never_asked(void *self, avow_deferred_t *d) {
  note("asked");
  avow_deferred_drop(d);
  return avow_none();
}

static void thenable_without_memory_is_destroyed_unasked(void **state) {
  static const avow_class_t foreign = { .name = "foreign",
                                        .destroy = count_destroy,
                                        .then = never_asked };
  int destroyed = 0;

  fail_allocation(1, false);
  const avow_value_t v = avow_object(&foreign, &destroyed);
  avow_promise_t *p = avow_promise_resolve(loop, v);

  assert_int_equal(destroyed, 1);
  assert_rejects(p, UV_ENOMEM);
  assert_notes("");
}

static void list_without_memory_releases_its_items(void **state) {
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

static void error_without_memory_keeps_its_code_alone(void **state) {
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

static void value_that_failed_rejects_as_it_is(void **state) {
  fail_allocation(1, false);

  avow_promise_t *p = avow_promise_resolve(loop, avow_string("x"));

  assert_rejects(p, UV_ENOMEM);
}

#define NOTING(f) cmocka_unit_test_setup(f, use_noting_allocator)

int main(void) {
  const struct CMUnitTest replacing[] = {
    NOTING(each_function_goes_to_the_one_given_for_it),
    NOTING(free_of_nothing_does_not_reach_the_allocator),
    NOTING(sizes_that_would_wrap_have_no_memory),
    NOTING(values_come_from_the_replacement),
    NOTING(loop_comes_from_the_replacement_and_goes_back),
    NOTING(replacing_with_null_is_refused_and_changes_nothing),
  };
  const struct CMUnitTest failing[] = {
    CASE(bytes_without_memory_are_enomem),
    CASE(object_without_memory_is_destroyed_once),
    CASE(thenable_without_memory_is_destroyed_unasked),
    CASE(list_without_memory_releases_its_items),
    CASE(error_without_memory_keeps_its_code_alone),
    CASE(reason_that_cannot_be_wrapped_is_released),
    CASE(value_that_failed_rejects_as_it_is),
  };
  const int failures = cmocka_run_group_tests(replacing, NULL, NULL);
  return failures + RUN(failing);
}
