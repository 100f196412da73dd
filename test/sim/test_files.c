/* SPDX-License-Identifier: MIT */
/* Files in simulated programs: how requests end, and random failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "avow/all.h"
#include "avow/sim.h"
#include "suite.h"

enum { SEEDS = 500, SIZE = 5000, MANY = 12 };

static const char path[] = "file";

static void assert_passes(avow_sim_fn program, unsigned faults) {
  const avow_sim_options_t options = { .faults = faults, .fault_rate = 500 };
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    assert_string_equal(avow_sim(seed, program, NULL, &options).why, "");
}

static avow_value_t some_bytes(void) {
  char *bytes = NULL;
  const avow_value_t v = avow_bytes_new(SIZE, &bytes);
  for (size_t i = 0; i < SIZE; i++)
    bytes[i] = (char) (i % 251);
  return v;
}

static bool are_those(const avow_value_t *v) {
  size_t len;
  const char *bytes = avow_to_bytes(v, &len);
  const avow_value_t those = some_bytes();
  const bool same =
      len == SIZE && memcmp(bytes, avow_to_bytes(&those, &len), SIZE) == 0;
  avow_value_unref(those);
  return same;
}

/* Creates, copies, walks and removes a tree of files. */

static avow_value_t do_tree(void *data) {
  uv_loop_t *loop = data;
  AVOW_TRY(avow_await(avow_make_dirs(loop, "from/a/b", 0755)));
  AVOW_TRY(
      avow_await(avow_write_file(loop, "from/a/b/file", some_bytes(), 0600)));
  AVOW_TRY(avow_await(avow_fs_symlink(loop, "b/file", "from/a/link", 0)));
  AVOW_TRY(avow_await(avow_copy_tree(loop, "from", "to", NULL)));
  const avow_value_t v = avow_await(avow_read_file(loop, "to/a/link", SIZE));
  avow_sim_check(are_those(&v), "the copy differs");
  avow_value_unref(v);
  AVOW_TRY(avow_await(avow_remove_tree(loop, "from")));
  AVOW_TRY(avow_await(avow_remove_tree(loop, "to")));
  const avow_value_t entries = avow_await(avow_fs_scandir(loop, "."));
  avow_sim_check(avow_entries_len(&entries) == 0, "something is left");
  return entries;
}

static avow_promise_t *makes_a_tree(uv_loop_t *loop, void *data) {
  return avow_async(loop, do_tree, loop);
}

static void trees_are_made_copied_and_removed(void **state) {
  assert_passes(makes_a_tree, 0);
}

/* The pool. */

static int order[MANY], ended;

static avow_value_t on_ended(const avow_value_t *v, void *data) {
  order[ended++] = (int) (intptr_t) data;
  return avow_none();
}

static avow_promise_t *asks_for_many(uv_loop_t *loop, void *data) {
  avow_promise_t *all[MANY];
  ended = 0;
  for (intptr_t i = 0; i < MANY; i++)
    all[i] = avow_then(avow_fs_stat(loop, "."), on_ended, NULL, (void *) i);
  return avow_all(loop, all, MANY);
}

static bool is_in_order(void) {
  for (int i = 0; i < MANY; i++)
    if (order[i] != i)
      return false;
  return true;
}

static void seed_determines_the_order_of_requests(void **state) {
  int others = 0;
  for (uint64_t seed = 0; seed < 50; seed++) {
    assert_string_equal(avow_sim(seed, asks_for_many, NULL, NULL).why, "");
    assert_int_equal(ended, MANY);
    others += !is_in_order();
  }
  assert_in_range(others, 10, 50);
}

/* The seed chooses whether a file is in memory. Such a file is read before the
   loop polls. */

static uv_prepare_t prepare;
static bool polls;
static int at_once;

static void on_prepare(uv_prepare_t *handle) {
  polls = true;
}

static avow_value_t do_read(void *data) {
  uv_loop_t *loop = data;
  AVOW_TRY(avow_await(avow_write_file(loop, path, some_bytes(), 0600)));
  polls = false;
  assert_int_equal(uv_prepare_init(loop, &prepare), 0);
  assert_int_equal(uv_prepare_start(&prepare, on_prepare), 0);
  const avow_value_t v = avow_await(avow_read_file(loop, path, SIZE));
  at_once += !polls;
  uv_close((uv_handle_t *) &prepare, NULL);
  avow_sim_check(are_those(&v), "the file has other bytes");
  return v;
}

static avow_promise_t *reads_a_file(uv_loop_t *loop, void *data) {
  return avow_async(loop, do_read, loop);
}

static void seed_determines_what_is_in_memory(void **state) {
  at_once = 0;
  for (uint64_t seed = 0; seed < 50; seed++)
    assert_string_equal(avow_sim(seed, reads_a_file, NULL, NULL).why, "");
  assert_in_range(at_once, 5, 45);
}

static uv_fs_t reqs[MANY];
static int canceled;

static void on_request(uv_fs_t *req) {
  canceled += req->result == UV_ECANCELED;
  assert_true(req->result == UV_ECANCELED || req->result == UV_ENOENT);
  assert_string_equal(req->path, "nothing");
  uv_fs_req_cleanup(req);
}

static avow_promise_t *cancels_the_last(uv_loop_t *loop, void *data) {
  char name[] = "nothing";
  canceled = 0;
  for (int i = 0; i < MANY; i++)
    (void) uv_fs_unlink(loop, &reqs[i], name, on_request);
  memset(name, 'x', sizeof(name) - 1); /* libuv copied the name */
  avow_sim_check(uv_cancel((uv_req_t *) &reqs[MANY - 1]) == 0,
                 "a request in the queue was not canceled");
  return avow_sleep(loop, 1000);
}

static void queued_request_may_be_canceled(void **state) {
  assert_string_equal(avow_sim(1, cancels_the_last, NULL, NULL).why, "");
  assert_int_equal(canceled, 1);
}

/* Random failures. */

static int failed, whole;

static avow_value_t do_keep(void *data) {
  uv_loop_t *loop = data;
  const avow_value_t written =
      avow_await(avow_replace_file(loop, path, some_bytes(), 0600));
  const avow_value_t v = avow_await(avow_read_file(loop, path, SIZE));
  avow_sim_check(avow_is_error(&v) || are_those(&v), "a part of it");
  failed += avow_is_error(&written) || avow_is_error(&v);
  whole += !avow_is_error(&v);
  avow_value_unref(v);
  avow_value_unref(written);
  return avow_none();
}

static avow_promise_t *keeps(uv_loop_t *loop, void *data) {
  return avow_async(loop, do_keep, loop);
}

static void faults_leave_no_partial_file(void **state) {
  failed = whole = 0;
  assert_passes(keeps, AVOW_SIM_FS);
  assert_in_range(failed, SEEDS / 10, SEEDS - 1);
  assert_in_range(whole, 10, SEEDS - 1);

  failed = whole = 0;
  assert_passes(keeps, 0);
  assert_int_equal(failed, 0);
}

enum { SHORT, FULL, BROKEN, KINDS };

static int seen[KINDS];

static avow_promise_t *writes_once(uv_loop_t *loop, void *data) {
  uv_fs_t req;
  char bytes[SIZE] = "";
  const uv_buf_t buf = uv_buf_init(bytes, SIZE);
  const uv_file file =
      uv_fs_open(NULL, &req, path, UV_FS_O_WRONLY | UV_FS_O_CREAT, 0600, NULL);
  uv_fs_req_cleanup(&req);
  const int n = uv_fs_write(NULL, &req, file, &buf, 1, -1, NULL);
  uv_fs_req_cleanup(&req);
  if (file >= 0)
    (void) uv_fs_close(NULL, &req, file, NULL);
  seen[SHORT] += n > 0 && n < SIZE;
  seen[FULL] += n == UV_ENOSPC;
  seen[BROKEN] += n == UV_EIO;
  return avow_promise_resolve(loop, avow_none());
}

static void write_may_be_short_or_fail(void **state) {
  memset(seen, 0, sizeof(seen));
  assert_passes(writes_once, AVOW_SIM_FS);
  for (int i = 0; i < KINDS; i++)
    assert_true(seen[i] > 0);
}

/* If a sync fails, a second sync cannot save the bytes. */

static bool claims;

static int sync_twice(uv_file file) {
  uv_fs_t req;
  (void) uv_fs_fsync(NULL, &req, file, NULL);
  uv_fs_req_cleanup(&req);
  const int err = uv_fs_fsync(NULL, &req, file, NULL);
  uv_fs_req_cleanup(&req);
  return err;
}

static avow_promise_t *syncs_again(uv_loop_t *loop, void *data) {
  uv_fs_t req;
  char bytes[SIZE];
  const uv_buf_t buf = uv_buf_init(bytes, SIZE);
  memset(bytes, 'b', SIZE);
  const uv_file file =
      uv_fs_open(NULL, &req, path, UV_FS_O_WRONLY | UV_FS_O_CREAT, 0600, NULL);
  const int n = uv_fs_write(NULL, &req, file, &buf, 1, -1, NULL);
  claims = n == SIZE && sync_twice(file) == 0;
  if (file >= 0)
    (void) uv_fs_close(NULL, &req, file, NULL);
  return avow_promise_resolve(loop, avow_none());
}

static avow_value_t is_what_was_synced(const avow_value_t *file, void *data) {
  size_t len;
  const char *bytes = avow_to_bytes(file, &len);
  avow_sim_check(!claims || (len == SIZE && memchr(bytes, 0, len) == NULL),
                 "it was synced the second time");
  return avow_none();
}

static avow_value_t no_file(const avow_value_t *error, void *data) {
  return avow_none(); /* its name was not synced */
}

static avow_promise_t *look(uv_loop_t *loop, void *data) {
  return avow_then(avow_read_file(loop, path, SIZE), is_what_was_synced,
                   no_file, NULL);
}

static void next_sync_does_not_save_bytes_of_a_failed_sync(void **state) {
  const avow_sim_options_t faults = { .faults = AVOW_SIM_FS | AVOW_SIM_CRASH,
                                      .fault_rate = 2000,
                                      .recover = look };
  const avow_sim_options_t none = { .faults = AVOW_SIM_CRASH, .recover = look };
  int n = 0;
  for (uint64_t seed = 0; seed < 4 * SEEDS; seed++) {
    n += avow_sim(seed, syncs_again, NULL, &faults).failed;
    assert_string_equal(avow_sim(seed, syncs_again, NULL, &none).why, "");
  }
  assert_true(n > 0);
}

/* Properties of the machine. */

static avow_promise_t *looks_around(uv_loop_t *loop, void *data) {
  char text[100], small[3];
  size_t len = sizeof(text), too_small = sizeof(small);
  avow_sim_check(uv_os_tmpdir(text, &len) == 0 && strcmp(text, "/tmp") == 0,
                 "no /tmp");
  len = sizeof(text);
  avow_sim_check(uv_chdir("/tmp") == 0 && uv_cwd(text, &len) == 0 && len == 4 &&
                     strcmp(text, "/tmp") == 0,
                 "it is not there");
  avow_sim_check(uv_cwd(small, &too_small) == UV_ENOBUFS && too_small == 5,
                 "it is too long");
  avow_sim_check(uv_chdir("nowhere") == UV_ENOENT, "a directory was found");
  return avow_promise_resolve(loop, avow_none());
}

static void machine_has_its_own_directories(void **state) {
  assert_passes(looks_around, 0);
}

static avow_promise_t *goes_back_in_time(uv_loop_t *loop, void *data) {
  uv_fs_t req;
  (void) uv_fs_utime(NULL, &req, ".", -1.5, 1.5, NULL);
  (void) uv_fs_stat(NULL, &req, ".", NULL);
  avow_sim_check(req.statbuf.st_atim.tv_sec == 0 &&
                     req.statbuf.st_atim.tv_nsec == 0,
                 "it is older than all");
  avow_sim_check(req.statbuf.st_mtim.tv_sec == 1 &&
                     req.statbuf.st_mtim.tv_nsec == 500000000,
                 "it has another time");
  uv_fs_req_cleanup(&req);
  return avow_promise_resolve(loop, avow_none());
}

static void file_times_start_in_1970(void **state) {
  assert_string_equal(avow_sim(1, goes_back_in_time, NULL, NULL).why, "");
}

static avow_promise_t *fills_the_disk(uv_loop_t *loop, void *data) {
  static char bytes[1 << 20];
  uv_fs_t req;
  const uv_buf_t buf = uv_buf_init(bytes, sizeof(bytes));
  const uv_file file =
      uv_fs_open(NULL, &req, path, UV_FS_O_WRONLY | UV_FS_O_CREAT, 0600, NULL);
  int n;
  while ((n = uv_fs_write(NULL, &req, file, &buf, 1, -1, NULL)) > 0)
    continue;
  avow_sim_check(n == UV_ENOSPC, "the disk takes more than it has");
  (void) uv_fs_ftruncate(NULL, &req, file, 0, NULL);
  n = uv_fs_write(NULL, &req, file, &buf, 1, 0, NULL);
  avow_sim_check(n == sizeof(bytes), "truncated bytes still exist");
  (void) uv_fs_close(NULL, &req, file, NULL);
  return avow_promise_resolve(loop, avow_none());
}

static void disk_has_a_limited_size(void **state) {
  assert_string_equal(avow_sim(1, fills_the_disk, NULL, NULL).why, "");
}

static avow_value_t do_copy(void *loop) {
  AVOW_TRY(avow_await(avow_write_file(loop, path, some_bytes(), 0600)));
  AVOW_TRY(avow_await(avow_fs_copyfile(loop, path, path, 0)));
  const avow_value_t v = avow_await(avow_read_file(loop, path, SIZE));
  avow_sim_check(are_those(&v), "it is another");
  return v;
}

static avow_promise_t *copies_onto_itself(uv_loop_t *loop, void *data) {
  return avow_async(loop, do_copy, loop);
}

static void file_copied_onto_itself_is_unchanged(void **state) {
  assert_passes(copies_onto_itself, 0);
}

/* A program must not rely on the order of names in a directory. */

static unsigned firsts[3];

static avow_value_t read_names(void *loop) {
  static const char *const names[] = { "a", "b", "c" };
  for (int i = 0; i < 3; i++)
    AVOW_TRY(
        avow_await(avow_write_file(loop, names[i], avow_string(""), 0600)));
  const avow_value_t dir = avow_await(avow_fs_opendir(loop, "."));
  const avow_value_t entries = avow_await(avow_fs_readdir(loop, &dir, 3));
  avow_sim_check(avow_entries_len(&entries) == 3, "some names are missing");
  firsts[avow_entry_at(&entries, 0).name[0] - 'a']++;
  avow_value_unref(entries);
  avow_value_unref(dir);
  return avow_none();
}

static avow_promise_t *reads_names(uv_loop_t *loop, void *data) {
  return avow_async(loop, read_names, loop);
}

static void directory_may_list_any_name_first(void **state) {
  assert_passes(reads_names, 0);
  for (int i = 0; i < 3; i++)
    assert_true(firsts[i] > 0);
}

SUITE(files) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(trees_are_made_copied_and_removed),
    cmocka_unit_test(seed_determines_the_order_of_requests),
    cmocka_unit_test(seed_determines_what_is_in_memory),
    cmocka_unit_test(queued_request_may_be_canceled),
    cmocka_unit_test(faults_leave_no_partial_file),
    cmocka_unit_test(write_may_be_short_or_fail),
    cmocka_unit_test(next_sync_does_not_save_bytes_of_a_failed_sync),
    cmocka_unit_test(machine_has_its_own_directories),
    cmocka_unit_test(file_times_start_in_1970),
    cmocka_unit_test(disk_has_a_limited_size),
    cmocka_unit_test(file_copied_onto_itself_is_unchanged),
    cmocka_unit_test(directory_may_list_any_name_first),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
