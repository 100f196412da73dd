/* SPDX-License-Identifier: MIT */
/* Out of memory: every operation on files survives it. */
#include <fcntl.h>
#include <unistd.h>

#include "fs_operations.h"
#include "torture.h"

static const operation_t *operation; /* of the running program */

static avow_value_t check_cb(const avow_value_t *v, void *data) {
  operation->check(v);
  return avow_none();
}

static avow_promise_t *one_operation(void) {
  return avow_then(operation_start(operation), check_cb, NULL, NULL);
}

static int files; /* open before the program starts */

static void set_again(void) {
  run();
  assert_int_equal(open_files(), files);
  stage_strike();
  stage_set();
  assert_int_equal(avow_loop_close(loop), 0); /* frees the blocks that the loop
                                                 keeps */
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void every_operation_survives(void **state) {
  stage_set();
  files = open_files();
  for (size_t i = 0; i < operation_count; i++) {
    operation = &operations[i];
    if (operation->object != ON_DIR)
      survive_failing_memory(one_operation, set_again);
  }
  stage_strike();
}

static avow_value_t directory; /* opened by the program */

static avow_value_t read_cb(const avow_value_t *v, void *data) {
  check(avow_entries_len(v) == 2, "two entries, and then a third");
  return avow_follow(avow_fs_readdir(loop, &directory, 2));
}

static avow_value_t close_fn(void *data) {
  avow_promise_t *p = avow_fs_closedir(loop, &directory);
  avow_value_unref(directory);
  return avow_follow(p);
}

static avow_value_t use_cb(const avow_value_t *v, void *data) {
  directory = avow_value_ref(v);
  avow_promise_t *p = avow_fs_readdir(loop, v, 2);
  p = avow_then(p, read_cb, NULL, NULL);
  return avow_follow(avow_finally(p, close_fn, NULL));
}

static avow_promise_t *directory_in_parts(void) {
  return avow_then(avow_fs_opendir(loop, at("full")), use_cb, NULL, NULL);
}

static void directories_survive(void **state) {
  stage_set();
  wait_until_taken(); /* the pool has started */
  uv_loop_t *mine = loop;
  survive(directory_in_parts);
  loop = mine; /* the fixture closes that loop */
  stage_strike();
}

/* An existing file, as a stream and as a descriptor. */

static int open_file;
static avow_value_t streams[2];

static void release_streams(void *data) {
  avow_value_clear(&streams[0]);
  avow_value_clear(&streams[1]);
}

static avow_promise_t *file_as_streams(void) {
  streams[0] = avow_file_stream(loop, open_file, 0, 3);
  streams[1] = avow_open_stream(loop, open_file);
  for (size_t i = 0; i < 2; i++) {
    if (!avow_is_error(&streams[i]))
      continue;
    const avow_value_t reason = avow_steal(&streams[i]);
    release_streams(NULL);
    return avow_promise_reject(loop, reason);
  }
  avow_promise_t *const all[] = { avow_read_all(avow_to_stream(&streams[0]), 9),
                                  avow_write(avow_to_stream(&streams[1]),
                                             avow_string("hello")) };
  return avow_attach(avow_all(loop, all, 2), NULL, release_streams);
}

static void streams_of_files_survive(void **state) {
  wait_until_taken(); /* the pool has started */
  uv_loop_t *mine = loop;
  make_file("file", "text");
  open_file = open(at("file"), O_RDWR);
  survive(file_as_streams);
  (void) close(open_file);
  loop = mine; /* the fixture closes that loop */
}

SUITE(oom_fs) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(every_operation_survives),
    DISK_CASE(directories_survive),
    DISK_CASE(streams_of_files_survive),
  };
  disk_init();
  harness_init();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
