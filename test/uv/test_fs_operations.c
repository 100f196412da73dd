/* SPDX-License-Identifier: MIT */
/*
 * Properties of every operation on files. Each test runs with each operation.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#include "fs_operations.h"

static const operation_t *operation; /* of the running test */
static atomic_bool libuv_fails;
static int files_before, entries_before;

static void *libuv_malloc(size_t size) {
  if (!libuv_fails)
    return malloc(size);
  errno = ENOMEM; /* as malloc() does; libuv relies on it */
  return NULL;
}

static int set_up(void **state) {
  operation = *state;
  if (disk_setup(state) != 0)
    return -1;
  stage_set();
  if (operation->object == ON_DIR)
    (void) stage_dir(); /* opened before files are counted */
  files_before = open_files();
  entries_before = entries_of("");
  return 0;
}

static int tear_down(void **state) {
  libuv_fails = false;
  release_pool();
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the pool's jobs end */
  stage_strike();
  return disk_teardown(state);
}

static avow_promise_t *start(void) {
  return operation_start(operation);
}

/* Operations that create or remove an entry, whoever receives the result. */
static bool changes_entries(void) {
  static const char *const names[] = { "unlink", "mkdir",   "rmdir",
                                       "link",   "symlink", "copyfile" };
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (strcmp(operation->name, names[i]) == 0)
      return true;
  return false;
}

static bool ends_a_file(void) {
  return strcmp(operation->name, "closedir") == 0;
}

/* No unreceived result is left after any outcome. */
static void assert_nothing_is_left(void) {
  run();
  assert_int_equal(open_files(), files_before - ends_a_file());
  if (!changes_entries())
    assert_int_equal(entries_of(""), entries_before);
}

static void succeeds(void **state) {
  const avow_value_t v = avow_run(start());

  assert_string_equal(avow_error_message(&v), "no error");
  operation->check(&v);
  avow_value_unref(v);
  assert_int_equal(open_files(), files_before - ends_a_file());
}

static void copies_its_paths(void **state) {
  char path[64];
  (void) snprintf(path, sizeof(path), "%s", at(operation->path)); /* fits */

  hold_pool(THREADS);
  avow_promise_t *p = operation->start(path, stage_file());
  memset(path, 'x', sizeof(path) - 1);
  release_pool();

  const avow_value_t v = avow_run(p);
  assert_string_equal(avow_error_message(&v), "no error");
  operation->check(&v);
  avow_value_unref(v);
}

static void rejects_a_path_that_is_null(void **state) {
  if (operation->object > ON_PATHS)
    return;

  assert_says(operation->start(NULL, stage_file()), UV_EINVAL,
              "%s 'NULL': invalid argument", operation->name);
}

static void rejection_names_the_missing_file(void **state) {
  const char *name = operation->name;
  avow_promise_t *p = operation->object == ON_DIR
                          ? NULL
                          : operation->start("/missing/XXXXXX", 999);
  switch (operation->object) {
  case ON_PATH:
    assert_says(p, UV_ENOENT, "%s '/missing/XXXXXX': no such file or directory",
                name);
    break;
  case ON_PATHS:
    assert_says(p, UV_ENOENT,
                "%s '/missing/XXXXXX' to '/missing/XXXXXX': "
                "no such file or directory",
                name);
    break;
  case ON_FILE:
    assert_says(p, UV_EBADF, "%s file 999: bad file descriptor", name);
    break;
  case ON_FILES:
    assert_says(p, UV_EBADF, "%s file 999 to file 999: bad file descriptor",
                name);
    break;
  case ON_DIR: /* see test_fs_dirent.c */
    break;
  }
}

static void can_be_canceled_at_once(void **state) {
  assert_cancels_at_once(start());

  assert_nothing_is_left();
}

static void can_be_canceled_while_queued(void **state) {
  hold_pool(THREADS);
  avow_promise_t *p = start();

  assert_cancels_at_once(p);
  release_pool();

  assert_nothing_is_left();
}

/* The operation is done, but only its callback can tell. */
static void can_be_canceled_before_its_callback(void **state) {
  avow_promise_t *p = done_but_not_received(start);

  assert_cancels_at_once(p);

  assert_nothing_is_left();
}

static avow_promise_t *start_fstat(void) {
  return avow_fs_fstat(loop, stage_file());
}

/* The completion just before it cancels the operation. libuv delivers both
   together. */
static void can_be_canceled_by_another_completion(void **state) {
  hold_pool(THREADS - 1);
  avow_promise_t *first = done_next(start_fstat);
  avow_promise_t *second = start();
  wait_until_taken();

  const avow_value_t v = avow_run(avow_then(first, cancel_cb, NULL, second));
  assert_false(avow_is_error(&v));
  avow_value_unref(v);

  assert_rejects(second, UV_ECANCELED);
  release_pool();
  assert_nothing_is_left();
}

static void is_canceled_by_loop_close(void **state) {
  avow_promise_t *p = done_but_not_received(start);

  assert_loop_close_cancels(p);

  assert_nothing_is_left();
}

/* The operation succeeds if libuv copies nothing. */
static void leaves_nothing_without_memory_of_libuv(void **state) {
  libuv_fails = true;
  avow_promise_t *p = start();
  libuv_fails = false;

  const avow_value_t v = avow_run(p);
  if (avow_is_error(&v))
    assert_int_equal(avow_error_code(&v), UV_ENOMEM);
  else
    operation->check(&v);
  avow_value_unref(v);
  assert_nothing_is_left();
}

static void failure_keeps_its_code_without_memory(void **state) {
  if (operation->object == ON_DIR)
    return;
  avow_promise_t *p = operation->start("/missing/XXXXXX", 999);

  fail_allocation(1, true);

  assert_rejects(p, operation->object < ON_FILE ? UV_ENOENT : UV_EBADF);
}

typedef struct {
  const char *name;
  CMUnitTestFunction test;
} behavior_t;

#define BEHAVIOR(f) \
  { #f, f }

static const behavior_t behaviors[] = {
  BEHAVIOR(succeeds),
  BEHAVIOR(copies_its_paths),
  BEHAVIOR(rejects_a_path_that_is_null),
  BEHAVIOR(rejection_names_the_missing_file),
  BEHAVIOR(can_be_canceled_at_once),
  BEHAVIOR(can_be_canceled_while_queued),
  BEHAVIOR(can_be_canceled_before_its_callback),
  BEHAVIOR(can_be_canceled_by_another_completion),
  BEHAVIOR(is_canceled_by_loop_close),
  BEHAVIOR(leaves_nothing_without_memory_of_libuv),
  BEHAVIOR(failure_keeps_its_code_without_memory),
};

enum { BEHAVIORS = sizeof(behaviors) / sizeof(behaviors[0]), TESTS = 1024 };

static char names[TESTS][80];
static struct CMUnitTest tests[TESTS];

static void make_test(size_t i) {
  const union { /* cmocka's state is not const */
    const operation_t *from;
    void *to;
  } same = { .from = &operations[i / BEHAVIORS] };
  const behavior_t *behavior = &behaviors[i % BEHAVIORS];
  (void) snprintf(names[i], sizeof(names[i]), "%s_%s", same.from->name,
                  behavior->name); /* the text fits */
  tests[i] = (struct CMUnitTest){ .name = names[i],
                                  .test_func = behavior->test,
                                  .setup_func = set_up,
                                  .teardown_func = tear_down,
                                  .initial_state = same.to };
}

SUITE(fs_operations) {
  const size_t count = operation_count * BEHAVIORS;
  if (count > TESTS)
    return 1;
  for (size_t i = 0; i < count; i++)
    make_test(i);
  disk_init();
  (void) uv_replace_allocator(libuv_malloc, realloc, calloc, free);
  harness_init();
  return _cmocka_run_group_tests("operations", tests, count, NULL, NULL);
}
