/* SPDX-License-Identifier: MIT */
/* Directories: entries as values, and reading in parts. */
#include <stdio.h>

#include "disk.h"

enum { MANY = 300, PART = 7 };

/* Creates n entries with a number followed by letters. */
static void make_many(size_t n) {
  char name[128];
  for (size_t i = 0; i < n; i++) {
    memset(name, 'x', sizeof(name));
    (void) snprintf(name, sizeof(name), "%05zu", i); /* it fits */
    name[5] = 'x';
    name[5 + i % 60] = '\0';
    make_file(name, "");
  }
}

/* Counts names of different lengths, each once. */
static size_t count_new(const avow_value_t *entries, bool seen[MANY]) {
  const size_t n = avow_entries_len(entries);
  for (size_t i = 0; i < n; i++) {
    const avow_entry_t entry = avow_entry_at(entries, i);
    const size_t which = (size_t) strtoul(entry.name, NULL, 10);
    assert_true(which < MANY && !seen[which]);
    assert_int_equal(strlen(entry.name), 5 + which % 60);
    assert_true(entry.type == UV_DIRENT_FILE ||
                entry.type == UV_DIRENT_UNKNOWN);
    seen[which] = true;
  }
  return n;
}

static avow_value_t open_dir(void) {
  const avow_value_t v = avow_run(avow_fs_opendir(loop, at("")));
  assert_string_equal(avow_error_message(&v), "no error");
  return v;
}

static void scandir_lists_names_of_any_length(void **state) {
  bool seen[MANY] = { false };
  make_many(MANY);

  const avow_value_t v = avow_run(avow_fs_scandir(loop, at("")));

  assert_string_equal(avow_type_name(&v), "entries");
  assert_int_equal(count_new(&v, seen), MANY);
  avow_value_unref(v);
}

static void scandir_of_an_empty_directory_has_no_entries(void **state) {
  const avow_value_t v = avow_run(avow_fs_scandir(loop, at("")));

  assert_int_equal(avow_entries_len(&v), 0);
  avow_value_unref(v);
}

static void scandir_allocates_for_the_list_not_for_entries(void **state) {
  make_many(MANY);
  avow_ignore(avow_run(avow_fs_access(loop, at(""), F_OK)));
  const long before = live_allocations(); /* includes what a loop keeps for
                                             files */

  const avow_value_t v = avow_run(avow_fs_scandir(loop, at("")));

  assert_int_in_range(live_allocations() - before, 1, 4);
  avow_value_unref(v);
}

static void failure_to_shrink_entries_is_ignored(void **state) {
  make_many(3);
  hold_pool(THREADS);
  avow_promise_t *p = avow_fs_scandir(loop, at(""));
  release_pool();

  fail_allocation(2, false); /* the first is the block, the second shrinks it */
  const avow_value_t v = avow_run(p);

  assert_true(allocation_failed());
  assert_int_equal(avow_entries_len(&v), 3);
  avow_value_unref(v);
}

static void scandir_rejects_without_memory_for_names(void **state) {
  make_many(MANY);
  avow_promise_t *p = avow_fs_scandir(loop, at(""));

  fail_allocation(2, true); /* the first is the block, the second its growth */

  assert_rejects(p, UV_ENOMEM);
}

static avow_value_t missing_entry;

static void read_missing_entry(void) {
  const avow_entry_t entry = avow_entry_at(&missing_entry, 0);
  assert_string_equal(entry.name, "");
  assert_int_equal(entry.type, UV_DIRENT_UNKNOWN);
}

static void entry_beyond_the_last_is_misuse(void **state) {
  missing_entry = avow_run(avow_fs_scandir(loop, at("")));

  assert_misuse(read_missing_entry,
                "avow_entry_at(): index 0 is outside a list of 0 entries");

  avow_value_unref(missing_entry);
}

static void read_a_number_as_entries(void) {
  const avow_value_t v = avow_int(1);
  assert_int_equal(avow_entries_len(&v), 0);
  assert_string_equal(avow_entry_at(&v, 0).name, "");
}

static void entries_of_another_type_are_misuse(void **state) {
  assert_misuse(read_a_number_as_entries, "value has type int, not entries");
}

static void readdir_gives_parts_and_then_none(void **state) {
  bool seen[MANY] = { false };
  size_t total = 0, n = PART;
  make_many(MANY);
  const avow_value_t dir = open_dir();

  while (n > 0) {
    const avow_value_t v = avow_run(avow_fs_readdir(loop, &dir, PART));
    n = avow_is_none(&v) ? 0 : count_new(&v, seen);
    assert_true(avow_is_none(&v) || (n > 0 && n <= PART));
    total += n;
    avow_value_unref(v);
  }

  assert_int_equal(total, MANY);
  assert_fulfills_none(avow_fs_closedir(loop, &dir));
  avow_value_unref(dir);
}

static void directory_closes_with_its_last_reference(void **state) {
  const int before = open_files();

  const avow_value_t dir = open_dir();
  assert_int_equal(open_files(), before + 1);
  avow_value_unref(dir);

  assert_int_equal(open_files(), before);
}

static void pending_read_keeps_its_directory_open(void **state) {
  make_file("name", "");
  const int before = open_files();
  const avow_value_t dir = open_dir();

  avow_promise_t *p = avow_fs_readdir(loop, &dir, PART);
  avow_value_unref(dir);
  const avow_value_t v = avow_run(p);

  assert_string_equal(avow_entry_at(&v, 0).name, "name");
  avow_value_unref(v);
  assert_int_equal(open_files(), before);
}

static void readdir_rejects_while_another_is_pending(void **state) {
  const avow_value_t dir = open_dir();
  avow_promise_t *first = avow_fs_readdir(loop, &dir, PART);
  avow_promise_t *second = avow_fs_readdir(loop, &dir, PART);

  assert_says(second, UV_EALREADY, "readdir '%s': already in progress", at(""));

  avow_value_unref(avow_run(first));
  avow_value_unref(avow_run(avow_fs_readdir(loop, &dir, PART)));
  avow_value_unref(dir);
}

static void readdir_rejects_invalid_entry_counts(void **state) {
  const avow_value_t dir = open_dir();

  assert_rejects(avow_fs_readdir(loop, &dir, 0), UV_EINVAL);
  assert_rejects(avow_fs_readdir(loop, &dir, SIZE_MAX), UV_ENOMEM);

  avow_value_unref(avow_run(avow_fs_readdir(loop, &dir, 1)));
  avow_value_unref(dir);
}

static void values_other_than_directories_are_rejected(void **state) {
  const avow_value_t none = avow_none();
  const avow_value_t list = avow_run(avow_fs_scandir(loop, at("")));

  assert_says(avow_fs_readdir(loop, &none, 1), UV_EINVAL,
              "readdir: invalid argument");
  assert_rejects(avow_fs_readdir(loop, &list, 1), UV_EINVAL);
  assert_rejects(avow_fs_closedir(loop, &list), UV_EINVAL);

  avow_value_unref(list);
}

static void closed_directory_is_rejected(void **state) {
  const avow_value_t dir = open_dir();
  assert_fulfills_none(avow_fs_closedir(loop, &dir));

  assert_says(avow_fs_closedir(loop, &dir), UV_EBADF,
              "closedir '%s': bad file descriptor", at(""));
  assert_rejects(avow_fs_readdir(loop, &dir, 1), UV_EBADF);

  avow_value_unref(dir);
}

static void closedir_waits_for_the_pending_read(void **state) {
  make_file("name", "");
  const int before = open_files();
  const avow_value_t dir = open_dir();
  hold_pool(THREADS - 1);
  avow_promise_t *read = avow_fs_readdir(loop, &dir, PART);
  avow_promise_t *closed = avow_fs_closedir(loop, &dir);

  assert_rejects(avow_fs_readdir(loop, &dir, PART), UV_EBADF);
  const avow_value_t v = avow_run(read);
  assert_int_equal(avow_entries_len(&v), 1);
  avow_value_unref(v);

  assert_fulfills_none(closed);
  assert_int_equal(open_files(), before);
  avow_value_unref(dir);
}

static avow_value_t the_dir;

static avow_promise_t *start_read(void) {
  return avow_fs_readdir(loop, &the_dir, PART);
}

static void closedir_waits_for_a_canceled_read(void **state) {
  make_file("name", "");
  const int before = open_files();
  the_dir = open_dir();
  avow_promise_t *read = done_but_not_received(start_read);

  assert_cancels_at_once(read);
  assert_rejects(start_read(), UV_EALREADY);
  avow_promise_t *closed = avow_fs_closedir(loop, &the_dir);
  avow_value_unref(the_dir);

  assert_fulfills_none(closed);
  assert_int_equal(open_files(), before);
}

static void canceled_closedir_still_closes(void **state) {
  const int before = open_files();
  the_dir = open_dir();
  avow_promise_t *read = done_but_not_received(start_read);

  assert_cancels_at_once(avow_fs_closedir(loop, &the_dir));
  avow_value_unref(avow_run(read));
  run();

  assert_int_equal(open_files(), before);
  avow_value_unref(the_dir);
}

SUITE(fs_dirent) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(scandir_lists_names_of_any_length),
    DISK_CASE(scandir_of_an_empty_directory_has_no_entries),
    DISK_CASE(scandir_allocates_for_the_list_not_for_entries),
    DISK_CASE(failure_to_shrink_entries_is_ignored),
    DISK_CASE(scandir_rejects_without_memory_for_names),
    DISK_CASE(entry_beyond_the_last_is_misuse),
    DISK_CASE(entries_of_another_type_are_misuse),
    DISK_CASE(readdir_gives_parts_and_then_none),
    DISK_CASE(directory_closes_with_its_last_reference),
    DISK_CASE(pending_read_keeps_its_directory_open),
    DISK_CASE(readdir_rejects_while_another_is_pending),
    DISK_CASE(readdir_rejects_invalid_entry_counts),
    DISK_CASE(values_other_than_directories_are_rejected),
    DISK_CASE(closed_directory_is_rejected),
    DISK_CASE(closedir_waits_for_the_pending_read),
    DISK_CASE(closedir_waits_for_a_canceled_read),
    DISK_CASE(canceled_closedir_still_closes),
  };
  disk_init();
  return RUN(tests);
}
