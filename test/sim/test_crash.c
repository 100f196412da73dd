/* SPDX-License-Identifier: MIT */
/* The disk of a simulated machine after a crash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "avow/all.h"
#include "avow/sim.h"
#include "suite.h"

enum { SEEDS = 4000, FEW = 1000, SIZE = 3000, MOST = 1 << 20 };

static const char path[] = "state";

/* Returns how many seeds fail. avow_sim() runs each failure twice and compares
   the runs. */
static int failures(avow_sim_fn program, avow_sim_fn recover, uint64_t seeds) {
  const avow_sim_options_t options = { .faults = AVOW_SIM_CRASH,
                                       .recover = recover };
  int n = 0;
  for (uint64_t seed = 0; seed < seeds; seed++)
    n += avow_sim(seed, program, NULL, &options).failed;
  return n;
}

static avow_value_t bytes_of(char letter, size_t size) {
  char *bytes = NULL;
  const avow_value_t v = avow_bytes_new(size, &bytes);
  memset(bytes, letter, size);
  return v;
}

/* Returns the letter that fills a file, or 0 if the file is not whole. */
static char letter_of(const avow_value_t *file) {
  size_t len;
  const char *bytes = avow_to_bytes(file, &len);
  if (len != SIZE && len != SIZE + SIZE / 2)
    return 0;
  return memcmp(bytes, bytes + 1, len - 1) == 0 ? bytes[0] : 0;
}

static char kept; /* the last content that was reported as written */

/* Writes the file. The test is about what happens after this. */
static avow_value_t begin_with_a(uv_loop_t *loop) {
  kept = 0;
  AVOW_TRY(
      avow_await(avow_replace_file(loop, path, bytes_of('a', SIZE), 0600)));
  kept = 'a';
  return avow_none();
}

static avow_value_t is_whole(const avow_value_t *file, void *data) {
  const char letter = letter_of(file);
  avow_sim_check(letter == 'a' || letter == 'b', "neither old nor new");
  avow_sim_check(letter >= kept,
                 "the old one, although the new one was written");
  return avow_none();
}

static avow_value_t is_too_early(const avow_value_t *error, void *data) {
  avow_sim_check(avow_error_code(error) == UV_ENOENT && kept == 0,
                 "no file: %s", avow_error_message(error));
  return avow_none();
}

static avow_promise_t *look(uv_loop_t *loop, void *data) {
  return avow_then(avow_read_file(loop, path, MOST), is_whole, is_too_early,
                   NULL);
}

static avow_value_t do_replace(void *loop) {
  AVOW_TRY(begin_with_a(loop));
  AVOW_TRY(avow_await(
      avow_replace_file(loop, path, bytes_of('b', SIZE + SIZE / 2), 0600)));
  kept = 'b';
  return avow_none();
}

static avow_promise_t *replaces(uv_loop_t *loop, void *data) {
  return avow_async(loop, do_replace, loop);
}

static void replaced_file_is_old_or_new_after_a_crash(void **state) {
  assert_int_equal(failures(replaces, look, SEEDS), 0);
}

static avow_value_t do_write(void *loop) {
  AVOW_TRY(begin_with_a(loop));
  return avow_await(
      avow_write_file(loop, path, bytes_of('b', SIZE + SIZE / 2), 0600));
}

static avow_promise_t *writes(uv_loop_t *loop, void *data) {
  return avow_async(loop, do_write, loop);
}

static void written_file_may_be_mixed_after_a_crash(void **state) {
  assert_in_range(failures(writes, look, FEW), 10, FEW);
}

/* Outcomes of steps of libuv, by the content that is found. */

enum { OLD, NEW, EMPTY, SHORT, ZEROS, MIXED, NONE, OUTCOMES };

static int found[OUTCOMES];

static bool is_ready; /* what happens before is not tested */

static int outcome_of(const avow_value_t *file) {
  size_t len;
  const char *bytes = avow_to_bytes(file, &len);
  if (len == 0)
    return EMPTY;
  if (memcmp(bytes, bytes + 1, len - 1) != 0)
    return MIXED;
  if (bytes[0] == 0)
    return ZEROS;
  if (bytes[0] == 'b' && len != SIZE)
    return SHORT;
  return bytes[0] == 'b' ? NEW : OLD;
}

static avow_value_t tally(const avow_value_t *file, void *data) {
  found[outcome_of(file)] += is_ready;
  return avow_none();
}

static avow_value_t tally_none(const avow_value_t *error, void *data) {
  found[NONE] += is_ready;
  return avow_none();
}

static avow_promise_t *count(uv_loop_t *loop, void *data) {
  return avow_then(avow_read_file(loop, path, MOST), tally, tally_none, NULL);
}

static void find_outcomes(avow_sim_fn program) {
  memset(found, 0, sizeof(found));
  assert_int_equal(failures(program, count, FEW), 0);
}

/* Synchronous calls, as a job of the pool makes them. */
static uv_fs_t req;

static int done(int result) {
  uv_fs_req_cleanup(&req);
  return result;
}

static void put(const char *name, int flags, char letter) {
  char bytes[SIZE];
  const uv_buf_t buf = uv_buf_init(bytes, SIZE);
  memset(bytes, letter, SIZE);
  const uv_file file =
      done(uv_fs_open(NULL, &req, name, flags | UV_FS_O_WRONLY, 0600, NULL));
  (void) done(uv_fs_write(NULL, &req, file, &buf, 1, 0, NULL));
  (void) done(uv_fs_close(NULL, &req, file, NULL));
}

static void sync_path(const char *name) {
  const uv_file file =
      done(uv_fs_open(NULL, &req, name, UV_FS_O_RDONLY, 0, NULL));
  (void) done(uv_fs_fsync(NULL, &req, file, NULL));
  (void) done(uv_fs_close(NULL, &req, file, NULL));
}

static avow_promise_t *end(uv_loop_t *loop) {
  return avow_promise_resolve(loop, avow_none());
}

static void put_old(void) {
  put(path, UV_FS_O_CREAT, 'a');
  sync_path(path);
  sync_path(".");
  is_ready = done(uv_fs_access(NULL, &req, path, 0, NULL)) == 0;
}

static avow_promise_t *renames_unsynced(uv_loop_t *loop, void *data) {
  put_old();
  put("new", UV_FS_O_CREAT, 'b');
  (void) done(uv_fs_rename(NULL, &req, "new", path, NULL));
  return end(loop);
}

static void unsynced_renamed_file_may_have_any_state(void **state) {
  find_outcomes(renames_unsynced);

  assert_true(found[OLD] > 0);
  assert_true(found[NEW] > 0);
  assert_true(found[EMPTY] > 0);
  assert_true(found[SHORT] > 0);
  assert_true(found[ZEROS] > 0);
  assert_true(found[MIXED] > 0); /* bytes and zeros, by sectors */
}

static avow_promise_t *renames_synced(uv_loop_t *loop, void *data) {
  put_old();
  put("new", UV_FS_O_CREAT, 'b');
  sync_path("new");
  (void) done(uv_fs_rename(NULL, &req, "new", path, NULL));
  return end(loop);
}

static void synced_renamed_file_is_old_or_new(void **state) {
  find_outcomes(renames_synced);

  assert_true(found[OLD] > 0);
  assert_true(found[NEW] > 0);
  assert_int_equal(found[NONE] + found[EMPTY] + found[SHORT], 0);
  assert_int_equal(found[ZEROS] + found[MIXED], 0);
}

static bool was_synced;

static avow_promise_t *puts_and_syncs(uv_loop_t *loop, void *data) {
  put(path, UV_FS_O_CREAT, 'b');
  sync_path(path);
  sync_path(".");
  /* The access check fails if the machine has stopped by now. */
  was_synced = done(uv_fs_access(NULL, &req, path, 0, NULL)) == 0;
  return end(loop);
}

static avow_value_t is_there(const avow_value_t *file, void *data) {
  avow_sim_check(outcome_of(file) == NEW || !was_synced, "it was synced");
  return avow_none();
}

static avow_value_t is_not_there(const avow_value_t *error, void *data) {
  avow_sim_check(!was_synced, "it was synced and is missing");
  return avow_none();
}

static avow_promise_t *look_for_synced(uv_loop_t *loop, void *data) {
  return avow_then(avow_read_file(loop, path, MOST), is_there, is_not_there,
                   NULL);
}

static void synced_file_with_a_synced_name_survives(void **state) {
  assert_int_equal(failures(puts_and_syncs, look_for_synced, FEW), 0);
}

static avow_promise_t *overwrites(uv_loop_t *loop, void *data) {
  put_old();
  put(path, 0, 'b');
  return end(loop);
}

/* Returns whether each sector of the file has one letter only. */
static avow_value_t has_whole_sectors(const avow_value_t *file, void *data) {
  size_t len;
  const char *bytes = avow_to_bytes(file, &len);
  for (size_t at = 0; at + 512 <= len; at += 512)
    avow_sim_check(memcmp(bytes + at, bytes + at + 1, 511) == 0,
                   "a sector that is torn");
  return tally(file, data);
}

static avow_promise_t *count_sectors(uv_loop_t *loop, void *data) {
  return avow_then(avow_read_file(loop, path, MOST), has_whole_sectors,
                   tally_none, NULL);
}

static void overwritten_file_is_torn_only_between_sectors(void **state) {
  memset(found, 0, sizeof(found));

  assert_int_equal(failures(overwrites, count_sectors, FEW), 0);

  assert_true(found[OLD] > 0);
  assert_true(found[NEW] > 0);
  assert_true(found[MIXED] > 0);
  assert_int_equal(found[SHORT], 0); /* its length was synced */
}

static avow_promise_t *moves(uv_loop_t *loop, void *data) {
  (void) done(uv_fs_mkdir(NULL, &req, "to", 0700, NULL));
  put_old();
  (void) done(uv_fs_rename(NULL, &req, path, "to/it", NULL));
  return end(loop);
}

static avow_promise_t *is_in_one_place(uv_loop_t *loop, void *data) {
  const int from = done(uv_fs_access(NULL, &req, path, 0, NULL));
  const int to = done(uv_fs_access(NULL, &req, "to/it", 0, NULL));
  if (is_ready)
    found[from == 0 ? OLD : NEW]++;
  avow_sim_check(!is_ready || (from == 0) != (to == 0), "it has %s",
                 from == 0 ? "both names" : "neither");
  return end(loop);
}

static void move_to_another_directory_is_atomic(void **state) {
  memset(found, 0, sizeof(found));

  assert_int_equal(failures(moves, is_in_one_place, FEW), 0);

  assert_true(found[OLD] > 0);
  assert_true(found[NEW] > 0);
}

static int has_name(const char *name) {
  return done(uv_fs_access(NULL, &req, name, 0, NULL)) == 0;
}

static avow_promise_t *makes_three(uv_loop_t *loop, void *data) {
  (void) done(uv_fs_mkdir(NULL, &req, "first", 0700, NULL));
  (void) done(uv_fs_mkdir(NULL, &req, "/tmp/other", 0700, NULL));
  (void) done(uv_fs_mkdir(NULL, &req, "second", 0700, NULL));
  return end(loop);
}

static avow_promise_t *count_three(uv_loop_t *loop, void *data) {
  const int first = has_name("first"), second = has_name("second");
  avow_sim_check(first >= second, "the second without the first");
  found[OLD] += first > second;
  found[NEW] += has_name("/tmp/other") > first;
  return end(loop);
}

static void names_of_a_directory_survive_in_their_order(void **state) {
  memset(found, 0, sizeof(found));

  assert_int_equal(failures(makes_three, count_three, FEW), 0);

  assert_true(found[OLD] > 0);
  assert_true(found[NEW] > 0); /* the order is unspecified */
}

static avow_promise_t *syncs_where_it_went(uv_loop_t *loop, void *data) {
  is_ready = false;
  (void) done(uv_fs_mkdir(NULL, &req, "earlier", 0700, NULL));
  (void) done(uv_fs_mkdir(NULL, &req, "moved", 0700, NULL));
  (void) done(uv_fs_rename(NULL, &req, "moved", "/tmp/moved", NULL));
  sync_path("/tmp");
  is_ready = has_name("/tmp/moved");
  return end(loop);
}

static avow_promise_t *look_what_went_along(uv_loop_t *loop, void *data) {
  avow_sim_check(!is_ready || (has_name("/tmp/moved") && !has_name("moved") &&
                               has_name("earlier")),
                 "a part of what was synced");
  return end(loop);
}

static void sync_includes_changes_before_a_move(void **state) {
  assert_int_equal(failures(syncs_where_it_went, look_what_went_along, FEW), 0);
}

static avow_promise_t *empties(uv_loop_t *loop, void *data) {
  put_old();
  put(path, UV_FS_O_TRUNC, 'b');
  is_ready = has_name(path);
  return end(loop);
}

static avow_value_t has_not_both(const avow_value_t *file, void *data) {
  size_t len;
  const char *bytes = avow_to_bytes(file, &len);
  avow_sim_check(memchr(bytes, 'a', len) == NULL ||
                     memchr(bytes, 'b', len) == NULL,
                 "old and new bytes");
  return tally(file, data);
}

static avow_promise_t *count_unmixed(uv_loop_t *loop, void *data) {
  return avow_then(avow_read_file(loop, path, MOST), has_not_both, tally_none,
                   NULL);
}

static void truncated_file_never_mixes_old_and_new_bytes(void **state) {
  memset(found, 0, sizeof(found));

  assert_int_equal(failures(empties, count_unmixed, FEW), 0);

  assert_true(found[OLD] > 0);
  assert_true(found[NEW] > 0);
  assert_true(found[EMPTY] > 0);
  assert_true(found[ZEROS] > 0);
}

static avow_promise_t *empties_and_syncs(uv_loop_t *loop, void *data) {
  put_old();
  put(path, UV_FS_O_TRUNC, 'b');
  sync_path(path);
  was_synced = has_name(path);
  return end(loop);
}

static void truncated_synced_file_is_the_new_one(void **state) {
  assert_int_equal(failures(empties_and_syncs, look_for_synced, FEW), 0);
}

static avow_promise_t *leaves_it_open(uv_loop_t *loop, void *data) {
  (void) done(
      uv_fs_open(NULL, &req, path, UV_FS_O_WRONLY | UV_FS_O_CREAT, 0600, NULL));
  return end(loop);
}

static void open_file_fails_a_run_unless_the_machine_crashed(void **state) {
  const avow_sim_options_t crash = { .faults = AVOW_SIM_CRASH,
                                     .recover = count };
  int n = 0;
  assert_string_equal(avow_sim(0, leaves_it_open, NULL, NULL).why,
                      "1 files were left open");
  for (uint64_t seed = 0; seed < 100; seed++)
    n += avow_sim(seed, leaves_it_open, NULL, &crash).failed;
  assert_in_range(n, 50, 99);
}

/* Files that the program had open when the machine stopped are closed
   afterwards. */
static avow_promise_t *stops_with_it_open(uv_loop_t *loop, void *data) {
  const uv_file file = done(
      uv_fs_open(NULL, &req, path, UV_FS_O_WRONLY | UV_FS_O_CREAT, 0600, NULL));
  if (has_name(path))
    (void) done(uv_fs_close(NULL, &req, file, NULL));
  return end(loop);
}

static void no_file_is_open_after_a_restart(void **state) {
  assert_int_equal(failures(stops_with_it_open, count, FEW), 0);
}

static avow_promise_t *fails(uv_loop_t *loop, void *data) {
  return avow_promise_reject(loop, avow_error(UV_EINVAL));
}

static void failed_recover_fails_the_run(void **state) {
  assert_int_equal(failures(makes_three, fails, 100), 100);
}

static void run_without_recover_ends_at_the_crash(void **state) {
  assert_int_equal(failures(replaces, NULL, 100), 0);
}

static void same_seed_leaves_the_same_disk(void **state) {
  const avow_sim_options_t options = { .faults = AVOW_SIM_CRASH,
                                       .recover = count };
  for (uint64_t seed = 0; seed < 50; seed++) {
    const uint64_t hash = avow_sim(seed, renames_unsynced, NULL, &options).hash;
    assert_int_equal(avow_sim(seed, renames_unsynced, NULL, &options).hash,
                     hash);
  }
}

/* The number is the same for each compiler and each kind of processor. A change
   to what a seed means must update it. */
static void disk_history_is_the_same_on_each_machine(void **state) {
  const avow_sim_options_t options = { .faults = AVOW_SIM_CRASH | AVOW_SIM_FS,
                                       .recover = count };
  uint64_t hashes = 0;
  for (uint64_t seed = 0; seed < 100; seed++) {
    hashes = hashes * 31 + avow_sim(seed, replaces, NULL, &options).hash;
    hashes = hashes * 31 + avow_sim(seed, makes_three, NULL, &options).hash;
  }

  assert_true(hashes == UINT64_C(0xa76fe4a26c61fab4));
}

SUITE(crash) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(replaced_file_is_old_or_new_after_a_crash),
    cmocka_unit_test(written_file_may_be_mixed_after_a_crash),
    cmocka_unit_test(unsynced_renamed_file_may_have_any_state),
    cmocka_unit_test(synced_renamed_file_is_old_or_new),
    cmocka_unit_test(synced_file_with_a_synced_name_survives),
    cmocka_unit_test(overwritten_file_is_torn_only_between_sectors),
    cmocka_unit_test(move_to_another_directory_is_atomic),
    cmocka_unit_test(names_of_a_directory_survive_in_their_order),
    cmocka_unit_test(sync_includes_changes_before_a_move),
    cmocka_unit_test(truncated_file_never_mixes_old_and_new_bytes),
    cmocka_unit_test(truncated_synced_file_is_the_new_one),
    cmocka_unit_test(open_file_fails_a_run_unless_the_machine_crashed),
    cmocka_unit_test(no_file_is_open_after_a_restart),
    cmocka_unit_test(failed_recover_fails_the_run),
    cmocka_unit_test(run_without_recover_ends_at_the_crash),
    cmocka_unit_test(same_seed_leaves_the_same_disk),
    cmocka_unit_test(disk_history_is_the_same_on_each_machine),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
