/* SPDX-License-Identifier: MIT */
/* File changes that are found by polling. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "disk.h"

static char path[64];
static int file;

static int set_up(void **state) {
  size_t size = sizeof(path) - 16;
  if (harness_setup(state) != 0 || uv_os_tmpdir(path, &size) != 0)
    return -1;
  strcat(path, "/avow-XXXXXX");
  file = mkstemp(path);
  return file >= 0 ? 0 : -1;
}

static int tear_down(void **state) {
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the pool's jobs end */
  const int failed = harness_teardown(state);
  (void) unlink(path); /* or a test removed it */
  return close(file) != 0 || failed != 0 ? -1 : 0;
}

/* Grows the file while no poll runs. During a poll, its time may be read before
   the other fields. */
static void grow(void) {
  hold_pool(THREADS);
  assert_int_equal(write(file, "x", 1), 1);
  release_pool();
}

static void remove_file(void) {
  hold_pool(THREADS);
  assert_int_equal(unlink(path), 0);
  release_pool();
}

static bool fails;
static unsigned copies; /* copies of the path */

static void *failing_malloc(size_t size) {
  copies += size == strlen(path) + 1;
  return fails ? NULL : malloc(size);
}

/* Lets the poll see the file. libuv copies the path for each poll: when the
   second poll from now begins, the first is over. */
static void wait_for_poll(void) {
  const unsigned before = copies;
  while (copies - before < 2)
    assert_fulfills_none(avow_sleep(loop, 1));
}

static void change_has_previous_and_current_stat(void **state) {
  avow_channel_t *c = avow_fs_polls(loop, path, 1);
  wait_for_poll();
  grow();

  const avow_value_t v = avow_run(avow_channel_next(c));

  const avow_fs_change_t *change = avow_to_fs_change(&v);
  assert_int_equal(change->prev.st_size, 0);
  assert_int_equal(change->curr.st_size, 1);
  avow_value_unref(v);
  avow_channel_unref(c);
}

static void unreceived_changes_become_one(void **state) {
  avow_channel_t *c = avow_fs_polls(loop, path, 1);
  wait_for_poll();
  for (int i = 0; i < 3; i++) {
    grow();
    wait_for_poll();
  }

  const avow_value_t v = avow_run(avow_channel_next(c));

  const avow_fs_change_t *change = avow_to_fs_change(&v);
  assert_int_equal(change->prev.st_size, 0);
  assert_int_equal(change->curr.st_size, 3);
  avow_value_unref(v);
  avow_channel_unref(c);
}

static avow_value_t size_cb(const avow_value_t *v, void *data) {
  return avow_int((int64_t) avow_to_fs_change(v)->curr.st_size);
}

static void channel_first_stops_polling_after_one_change(void **state) {
  avow_promise_t *p = avow_channel_first(avow_fs_polls(loop, path, 1));
  wait_for_poll();
  grow();

  assert_fulfills_int(avow_then(p, size_cb, NULL, NULL), 1);
  run();
}

static void removed_file_is_an_error_and_polling_continues(void **state) {
  avow_channel_t *c = avow_fs_polls(loop, path, 1);
  wait_for_poll();
  remove_file();

  const avow_value_t v = avow_run(avow_channel_next(c));
  char text[128];
  (void) snprintf(text, sizeof(text), "watch '%s': no such file or directory",
                  path); /* fits */
  assert_string_equal(avow_error_message(&v), text);
  avow_value_unref(v);
  wait_for_poll(); /* no item: the change was already reported */
  const int again = open(path, O_CREAT | O_WRONLY, 0600);
  assert_true(again >= 0);
  assert_int_equal(close(again), 0);

  assert_fulfills_int(avow_then(avow_channel_next(c), size_cb, NULL, NULL), 0);
  avow_channel_unref(c);
}

static void null_path_is_refused(void **state) {
  assert_rejects(avow_channel_first(avow_fs_polls(loop, NULL, 1)), UV_EINVAL);
}

static void cancel_during_a_poll_rejects(void **state) {
  avow_promise_t *p = avow_channel_first(avow_fs_polls(loop, path, 1));

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
}

static void change_without_memory_rejects_the_receiver(void **state) {
  avow_channel_t *c = avow_fs_polls(loop, path, 1);
  wait_for_poll();
  avow_promise_t *next = avow_channel_next(c);
  grow();

  fail_allocation(1, true);
  while (avow_state(next) == AVOW_PENDING)
    (void) uv_run(loop, UV_RUN_ONCE); /* the test checks the loop next */
  fail_allocation(0, false);

  assert_rejects(next, UV_ENOMEM);
  avow_channel_unref(c);
}

/* uv_fs_poll_t would abort the process. */
static void poll_without_memory_rejects_and_polling_continues(void **state) {
  avow_channel_t *c = avow_fs_polls(loop, path, 1);
  wait_for_poll();
  avow_promise_t *next = avow_channel_next(c);

  fails = true;
  while (avow_state(next) == AVOW_PENDING)
    (void) uv_run(loop, UV_RUN_ONCE); /* the test checks the loop next */
  fails = false;

  assert_rejects(next, UV_ENOMEM);
  grow();
  assert_fulfills_int(avow_then(avow_channel_next(c), size_cb, NULL, NULL), 1);
  avow_channel_unref(c);
}

/* While libuv polls, its handle takes a while to close. */
static void program_may_close_all_handles(void **state) {
  avow_channel_t *c = avow_fs_polls(loop, path, 1);
  avow_promise_t *next = avow_channel_next(c);
  uv_walk(loop, close_handle, NULL);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(next)->code, UV_ECANCELED);
  avow_unref(next);
  avow_channel_unref(c);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void read_a_number_as_change(void) {
  const avow_value_t v = avow_int(1);
  assert_null(avow_to_fs_change(&v));
}

static void other_values_are_not_changes(void **state) {
  assert_misuse(read_a_number_as_change, "not fs_change; check its type first");
}

#define LOOK(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(fs_poll) {
  (void) uv_replace_allocator(failing_malloc, realloc, calloc,
                              free); /* valid */
  const struct CMUnitTest tests[] = {
    LOOK(change_has_previous_and_current_stat),
    LOOK(unreceived_changes_become_one),
    LOOK(channel_first_stops_polling_after_one_change),
    LOOK(removed_file_is_an_error_and_polling_continues),
    LOOK(null_path_is_refused),
    LOOK(cancel_during_a_poll_rejects),
    LOOK(change_without_memory_rejects_the_receiver),
    LOOK(poll_without_memory_rejects_and_polling_continues),
    LOOK(program_may_close_all_handles),
    LOOK(other_values_are_not_changes),
  };
  disk_init();
  return RUN(tests);
}
