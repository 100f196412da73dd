/* SPDX-License-Identifier: MIT */
/* Directories that are removed with their owner. */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "disk.h"

static avow_promise_t *start_temp_dir(void) {
  return avow_temp_dir(loop, "x-");
}

static avow_value_t make_temp_dir(void) {
  (void) setenv("TMPDIR", at(""), 1);
  const avow_value_t v = avow_run(start_temp_dir());
  assert_string_equal(avow_error_message(&v), "no error");
  return v;
}

static void put_something_in(const avow_value_t *dir) {
  char name[256];
  (void) snprintf(name, sizeof(name), "%s/a/b/c",
                  avow_to_temp_dir(dir)); /* it fits */
  assert_fulfills_int(avow_make_dirs(loop, name, 0700), 3);
}

static void temp_dir_is_created_in_tmpdir(void **state) {
  const avow_value_t v = make_temp_dir();

  const char *path = avow_to_temp_dir(&v);

  assert_int_equal(strncmp(path, at("x-"), strlen(at("x-"))), 0);
  assert_int_equal(strlen(path), strlen(at("x-123456")));
  assert_int_equal(mode_of(path + strlen(at("")) + 1), 0700);
  avow_value_unref(v);
}

static void temp_dir_is_removed_after_chdir(void **state) {
  char *here = getcwd(NULL, 0);
  make_dir("tmp");
  make_dir("other");
  assert_int_equal(chdir(at("")), 0);
  (void) setenv("TMPDIR", "tmp", 1);

  const avow_value_t v = avow_run(start_temp_dir());
  assert_int_equal(avow_to_temp_dir(&v)[0], '/');
  assert_int_equal(entries_of("tmp"), 1);
  assert_int_equal(chdir("other"), 0);
  put_something_in(&v);
  avow_value_unref(v);
  run();

  assert_int_equal(entries_of("tmp"), 0);
  assert_int_equal(entries_of("other"), 0);
  assert_int_equal(chdir(here), 0);
  free(here);
}

static void temp_dir_may_be_relative_to_the_root(void **state) {
  char *here = getcwd(NULL, 0);
  assert_int_equal(chdir("/"), 0);
  (void) setenv("TMPDIR", at("") + 1, 1);

  const avow_value_t v = avow_run(start_temp_dir());

  assert_int_equal(strncmp(avow_to_temp_dir(&v), at("x-"), strlen(at("x-"))),
                   0);
  avow_value_unref(v);
  assert_int_equal(chdir(here), 0);
  free(here);
}

static void temp_dir_is_in_tmp_by_default(void **state) {
  (void) setenv("TMPDIR", "", 1);

  const avow_value_t v = avow_run(start_temp_dir());

  assert_int_equal(strncmp(avow_to_temp_dir(&v), "/tmp/x-", 7), 0);
  avow_value_unref(v);
}

static void temp_dir_rejects_in_a_removed_directory(void **state) {
  char *here = getcwd(NULL, 0);
  make_dir("gone");
  assert_int_equal(chdir(at("gone")), 0);
  assert_int_equal(rmdir(at("gone")), 0);
  (void) setenv("TMPDIR", "tmp", 1);

  assert_rejects(start_temp_dir(), UV_ENOENT);

  assert_int_equal(chdir(here), 0);
  free(here);
}

static void temp_dir_is_removed_with_its_last_reference(void **state) {
  const int before = open_files();
  const avow_value_t v = make_temp_dir();
  const avow_value_t again = avow_value_ref(&v);
  put_something_in(&v);

  avow_value_unref(v);
  run();
  assert_int_equal(entries_of(""), 1);
  avow_value_unref(again);
  run();

  assert_int_equal(entries_of(""), 0);
  assert_int_equal(open_files(), before);
}

/* Another entry takes the name. */
static void put_another_in_place(const char *path) {
  assert_int_equal(rename(path, at("moved")), 0);
  make_dir(path + strlen(at("")) + 1);
  char name[128];
  (void) snprintf(name, sizeof(name), "%s/theirs",
                  path + strlen(at("")) + 1); /* it fits */
  make_file(name, "kept");
  make_file("moved/ours", "");
}

static void temp_dir_leaves_a_link_of_its_name(void **state) {
  const avow_value_t v = make_temp_dir();
  const char *path = avow_to_temp_dir(&v);
  const char *name = path + strlen(at("")) + 1;
  char link[64];
  (void) snprintf(link, sizeof(link), "%s", name); /* it fits */
  assert_int_equal(rename(path, at("moved")), 0);
  make_link(link, "moved");

  avow_value_unref(v);
  run();

  assert_true(is_there(link));
  assert_true(is_there("moved"));
}

typedef struct {
  char path[64];
  struct rlimit limit;
} exchange_t;

static avow_value_t exchange_cb(const avow_value_t *none, void *data) {
  const exchange_t *exchange = data;
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &exchange->limit), 0);
  put_another_in_place(exchange->path);
  return avow_none();
}

/* The directory exists when it is checked, but it cannot be opened. Another one
   takes its name before the next attempt. */
static void temp_dir_leaves_a_late_directory_of_its_name(void **state) {
  const int before = open_files();
  const avow_value_t v = make_temp_dir();
  exchange_t exchange;
  (void) snprintf(exchange.path, sizeof(exchange.path), "%s",
                  avow_to_temp_dir(&v)); /* it fits */
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &exchange.limit), 0);
  const struct rlimit none = { 3, exchange.limit.rlim_max };
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);

  avow_value_unref(v);
  avow_unref(avow_then(avow_sleep(loop, 30), exchange_cb, NULL, &exchange));
  run();

  assert_int_equal(entries_of(exchange.path + strlen(at("")) + 1), 1);
  assert_int_equal(open_files(), before);
}

static void loop_close_removes_a_released_temp_dir(void **state) {
  const avow_value_t v = make_temp_dir();
  put_something_in(&v);
  avow_value_unref(v);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(entries_of(""), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void temp_dir_may_be_removed_after_loop_close(void **state) {
  const avow_value_t v = make_temp_dir();
  put_something_in(&v);
  assert_int_equal(avow_loop_close(loop), 0);

  avow_value_unref(v);

  assert_int_equal(entries_of(""), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void loop_close_finishes_the_removal_of_a_temp_dir(void **state) {
  const avow_value_t v = make_temp_dir();
  put_something_in(&v);
  hold_pool(THREADS);
  avow_value_unref(v);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* what is held keeps it alive */
  release_pool();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(entries_of(""), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void temp_dir_of_a_released_promise_is_removed(void **state) {
  (void) setenv("TMPDIR", at(""), 1);

  assert_cancels_at_once(done_but_not_received(start_temp_dir));
  avow_unref(start_temp_dir());
  run();

  assert_int_equal(entries_of(""), 0);
}

static void temp_dir_error_names_the_template(void **state) {
  (void) setenv("TMPDIR", "/absent", 1);

  assert_says(start_temp_dir(), UV_ENOENT,
              "mkdtemp '/absent/x-XXXXXX': no such file or directory");
  assert_says(avow_temp_dir(loop, NULL), UV_EINVAL,
              "mkdtemp 'NULL': invalid argument");
  assert_says(avow_temp_dir(loop, "a/b"), UV_EINVAL,
              "mkdtemp 'a/b': invalid argument");
}

static void temp_dir_rejects_a_path_that_is_too_long(void **state) {
  static char tmp[5000];
  memset(tmp, 'x', sizeof(tmp) - 1);
  (void) setenv("TMPDIR", tmp, 1);

  assert_rejects(start_temp_dir(), UV_ENOBUFS);
}

static void assert_nothing_left(void) {
  run();
  assert_int_equal(entries_of(""), 0);
}

static void temp_dir_survives_failing_memory(void **state) {
  const int before = open_files();
  (void) setenv("TMPDIR", at(""), 1);

  survive_failing_memory(start_temp_dir, assert_nothing_left);

  assert_int_equal(open_files(), before);
}

static void temp_dir_is_removed_without_memory(void **state) {
  for (int on = 0; on < 2; on++) {
    for (long nth = 1; nth < 4; nth++) {
      const avow_value_t v = make_temp_dir();
      fail_allocation(nth, on != 0);
      avow_value_unref(v);
      fail_allocation(0, false);
      run();
      assert_int_equal(entries_of(""), 0);
    }
  }
}

SUITE(temp_dir) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(temp_dir_is_created_in_tmpdir),
    DISK_CASE(temp_dir_is_removed_after_chdir),
    DISK_CASE(temp_dir_may_be_relative_to_the_root),
    DISK_CASE(temp_dir_is_in_tmp_by_default),
    DISK_CASE(temp_dir_rejects_in_a_removed_directory),
    DISK_CASE(temp_dir_is_removed_with_its_last_reference),
    DISK_CASE(temp_dir_leaves_a_link_of_its_name),
    DISK_CASE(temp_dir_leaves_a_late_directory_of_its_name),
    DISK_CASE(loop_close_removes_a_released_temp_dir),
    DISK_CASE(temp_dir_may_be_removed_after_loop_close),
    DISK_CASE(loop_close_finishes_the_removal_of_a_temp_dir),
    DISK_CASE(temp_dir_of_a_released_promise_is_removed),
    DISK_CASE(temp_dir_error_names_the_template),
    DISK_CASE(temp_dir_rejects_a_path_that_is_too_long),
    DISK_CASE(temp_dir_survives_failing_memory),
    DISK_CASE(temp_dir_is_removed_without_memory),
  };
  disk_init();
  return RUN(tests);
}
