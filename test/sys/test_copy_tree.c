/* SPDX-License-Identifier: MIT */
/* Copying trees. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "copied_tree.h"
#include "exchange.h"

enum { MANY = 200, LEVELS = 60, PAIRS = 8 };

static avow_promise_t *start_copy(void) {
  return avow_copy_tree(loop, at("a"), at("to"), NULL);
}

static void make_many(void) {
  char name[32];
  make_dir("a");
  for (int i = 0; i < MANY; i++) {
    (void) snprintf(name, sizeof(name), "a/%d", i % 20 == 0 ? i : i / 20 * 20);
    if (i % 20 == 0)
      make_dir(name);
    (void) snprintf(name, sizeof(name), "a/%d/%d", i / 20 * 20, i);
    make_file(name, "some text");
  }
}

typedef struct {
  int entries, directories, errors, limit;
  uint64_t bytes;
} counts_t;

static bool count_entry(const avow_copied_t *entry, void *data) {
  counts_t *heard = data;
  heard->entries++;
  heard->directories += entry->type == UV_DIRENT_DIR ? 1 : 0;
  heard->errors += entry->error != NULL ? 1 : 0;
  heard->bytes += entry->type == UV_DIRENT_FILE ? entry->size : 0;
  return heard->entries != heard->limit;
}

static void copy_tree_copies_the_whole_tree(void **state) {
  const int before = open_files();
  make_source_tree();

  assert_fulfills_int(start_copy(), ENTRIES);

  assert_copied("to");
  assert_int_equal(open_files(), before);
}

static void copy_tree_copies_a_file_or_a_link(void **state) {
  make_file("file", "text");
  make_link("link", "nowhere");

  assert_fulfills_int(avow_copy_tree(loop, at("file"), at("x"), NULL), 1);
  assert_fulfills_int(avow_copy_tree(loop, at("link"), at("y"), NULL), 1);

  assert_file("x", "text");
  assert_true(is_there("y"));
}

static void copy_tree_accepts_trailing_slashes(void **state) {
  make_source_tree();

  assert_fulfills_int(avow_copy_tree(loop, at("a//"), at("to//"), NULL),
                      ENTRIES);

  assert_copied("to");
}

static void copy_tree_copies_a_large_tree_concurrently(void **state) {
  const avow_copy_options_t options = { .concurrency = 64 };
  const int before = open_files();
  make_many();

  assert_fulfills_int(avow_copy_tree(loop, at("a"), at("to"), &options),
                      MANY + MANY / 20 + 1);

  assert_int_equal(entries_of("to"), MANY / 20);
  assert_int_equal(entries_of("to/0"), 20);
  assert_file("to/180/199", "some text");
  assert_int_equal(open_files(), before);
}

static void copy_tree_copies_below_the_path_length_limit(void **state) {
  struct rlimit all;
  make_abyss("a");
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
  const struct rlimit few = { .rlim_cur = 128, .rlim_max = all.rlim_max };

  assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
  assert_fulfills_int(start_copy(), ABYSS + 1);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);

  assert_fulfills_int(avow_remove_tree(loop, at("to")), ABYSS + 1);
  assert_fulfills_int(avow_remove_tree(loop, at("a")), ABYSS + 1);
}

/* Creates a file in each level. The copy sets a level's mode after all below
   it. */
static void make_levels(void) {
  char name[3 * LEVELS] = "a";
  for (int i = 0; i < LEVELS; i++) {
    make_dir(name);
    strcat(name, "/x");
    make_file(name, "text");
    name[strlen(name) - 1] = 'd';
  }
}

static int change_levels(const char *root, mode_t mode) {
  char name[3 * LEVELS];
  int changed = 0;
  (void) snprintf(name, sizeof(name), "%s", root); /* it fits */
  for (int i = 0; i < LEVELS; i++) {
    changed += mode_of(name) == mode ? 0 : 1;
    assert_int_equal(chmod(at(name), mode), 0);
    strcat(name, "/d");
  }
  return changed;
}

/* The copies of upper levels are closed meanwhile. */
static void copy_tree_sets_the_mode_of_each_level(void **state) {
  static const avow_keep_t keeps[] = { AVOW_KEEP_PERMISSIONS, AVOW_KEEP_ALL };
  const int before = open_files();
  make_levels();
  for (int i = 0; i < 2; i++) {
    const avow_copy_options_t options = { .keep = keeps[i], .concurrency = 8 };
    (void) change_levels("a", 0500);

    assert_fulfills_int(avow_copy_tree(loop, at("a"), at("t"), &options),
                        2 * LEVELS);

    assert_int_equal(change_levels("t", 0500), 0);
    (void) change_levels("t", 0700);
    assert_fulfills_int(avow_remove_tree(loop, at("t")), 2 * LEVELS);
    assert_int_equal(open_files(), before);
  }
  (void) change_levels("a", 0700);
}

static bool move_copy(const avow_copied_t *entry, void *data) {
  bool *moved = data;
  if (!*moved && entry->type == UV_DIRENT_FILE) {
    char from[64], to[64];
    (void) snprintf(from, sizeof(from), "%s", at("to/d/d/d")); /* these fit */
    (void) snprintf(to, sizeof(to), "%s", at("moved"));
    *moved = rename(from, to) == 0;
  }
  return true;
}

/* The lowest level is so large that the copy stays there for a while. */
static void copy_tree_does_not_return_to_another_directory(void **state) {
  char name[3 * LEVELS] = "a", text[64];
  bool moved = false;
  const avow_copy_options_t options = { .on_entry = move_copy,
                                        .data = &moved,
                                        .concurrency = 1 };
  make_chain("a", LEVELS);
  for (int i = 0; i < LEVELS; i++)
    strcat(name, "/d");
  for (int i = 0; i < MANY; i++) {
    (void) snprintf(text, sizeof(text), "/%d", i); /* it fits */
    strcat(name, text);
    make_file(name, "text");
    name[strlen(name) - strlen(text)] = '\0';
  }
  assert_int_equal(chmod(at("a/d/d"), 0500), 0);

  assert_fulfills_int(avow_copy_tree(loop, at("a"), at("to"), &options),
                      LEVELS + MANY - 2);

  assert_true(moved);
  assert_int_equal(mode_of("to/d/d"), 0700); /* the copy did not return to it */
  assert_int_equal(chmod(at("a/d/d"), 0700), 0);
}

/* Checks the copy of the entry that was exchanged. */
static void assert_not_from_outside(const char *format, int i) {
  struct stat info;
  char name[32];
  (void) snprintf(name, sizeof(name), format, i); /* it fits */
  if (lstat(at(name), &info) != 0 || !S_ISDIR(info.st_mode))
    return;
  strcat(name, "/file");
  assert_missing(name);
}

/* An exchanged entry becomes an error, or is copied as what it is at that
   moment. */
static void copy_tree_stays_inside_while_entries_change(void **state) {
  counts_t heard = { 0 };
  const avow_copy_options_t options = { .existing = AVOW_EXISTING_REPLACE,
                                        .on_entry = count_entry,
                                        .data = &heard };
  make_dir("outside");
  make_file("outside/file", "kept");
  make_pairs("a", PAIRS, "../outside");
  make_pairs("to", PAIRS, "../outside");
  const uv_pid_t source = start_exchanging("a", PAIRS);
  const uv_pid_t target = start_exchanging("to", PAIRS);

  for (int i = rounds(); i > 0; i--)
    avow_ignore(avow_run(avow_copy_tree(loop, at("a"), at("to"), &options)));
  stop_exchanging(target);
  stop_exchanging(source);

  assert_true(heard.entries > heard.errors);
  assert_file("outside/file", "kept");
  assert_int_equal(entries_of("outside"), 1);
  for (int i = 0; i < PAIRS; i++) {
    assert_not_from_outside("to/%d", i);
    assert_not_from_outside("to/%d-link", i);
  }
}

static void directory_is_not_copied_into_itself(void **state) {
  make_source_tree();

  assert_says(avow_copy_tree(loop, at("a"), at("a/b/to"), NULL), UV_EINVAL,
              "copy '%s': invalid argument", at("a/b/to"));

  assert_missing("a/b/to/b/to");
}

static void error_names_the_entry_that_cannot_be_copied(void **state) {
  make_dir("a");
  assert_int_equal(mkfifo(at("a/fifo"), 0600), 0);

  assert_says(start_copy(), UV_ENOTSUP, "copy '%s': operation not supported",
              at("a/fifo"));
  assert_says(avow_copy_tree(loop, at("a/"), at("y"), NULL), UV_ENOTSUP,
              "copy '%s': operation not supported", at("a/fifo"));
  assert_int_equal(mknod(at("socket"), S_IFSOCK | 0600, 0), 0);
  assert_rejects(avow_copy_tree(loop, at("socket"), at("x"), NULL), UV_ENOTSUP);
  assert_says(avow_copy_tree(loop, "/absent", at("x"), NULL), UV_ENOENT,
              "copy '/absent': no such file or directory");
  assert_says(avow_copy_tree(loop, at("a"), "/absent/x", NULL), UV_ENOENT,
              "copy '/absent/x': no such file or directory");
  assert_says(avow_copy_tree(loop, "/absent", "/absent/x", NULL), UV_ENOENT,
              "copy '/absent': no such file or directory");
}

/* The root has no name in any directory. */
static void root_is_refused_as_a_target(void **state) {
  make_file("file", "text");

  assert_says(avow_copy_tree(loop, at("file"), "/", NULL), UV_EEXIST,
              "copy '%s': file already exists", at("file"));
  assert_says(avow_copy_tree(loop, "/", "/absent/x", NULL), UV_ENOENT,
              "copy '/absent/x': no such file or directory");
}

static void bad_arguments_are_rejected(void **state) {
  const avow_copy_options_t options = { .concurrency = 65 };
  const avow_copy_options_t newer = { .reserved[0] = 1 };
  const avow_copy_options_t unknown[] = {
    { .existing = (avow_existing_t) (AVOW_EXISTING_KEEP + 1) },
    { .keep = (avow_keep_t) (AVOW_KEEP_ALL + 1) },
  };

  for (size_t i = 0; i < 2; i++)
    assert_says(avow_copy_tree(loop, "x", "y", &unknown[i]), UV_EINVAL,
                "copy 'x': invalid argument");
  assert_says(avow_copy_tree(loop, NULL, "x", NULL), UV_EINVAL,
              "copy 'NULL': invalid argument");
  assert_says(avow_copy_tree(loop, "", "x", NULL), UV_EINVAL,
              "copy '': invalid argument");
  assert_says(avow_copy_tree(loop, "x", NULL, NULL), UV_EINVAL,
              "copy 'NULL': invalid argument");
  assert_says(avow_copy_tree(loop, "x", "", NULL), UV_EINVAL,
              "copy '': invalid argument");
  assert_says(avow_copy_tree(loop, "x", "y", &options), UV_EINVAL,
              "copy 'x': invalid argument");
  assert_says(avow_copy_tree(loop, "x", "y", &newer), UV_EINVAL,
              "copy 'x': invalid argument: a reserved field is not zero");
}

static avow_promise_t *copy_counted(counts_t *heard) {
  const avow_copy_options_t options = { .on_entry = count_entry,
                                        .data = heard };
  return avow_copy_tree(loop, at("a"), at("to"), &options);
}

static void on_entry_is_called_for_each_entry(void **state) {
  counts_t heard = { 0 };
  make_source_tree();

  assert_fulfills_int(copy_counted(&heard), ENTRIES);

  assert_int_equal(heard.entries, ENTRIES);
  assert_int_equal(heard.directories, 3);
  assert_int_equal(heard.bytes, 6);
  assert_int_equal(heard.errors, 0);
}

static bool check_missing_entry(const avow_copied_t *entry, void *data) {
  assert_string_equal(entry->path, at("absent"));
  assert_int_equal(entry->type, UV_DIRENT_UNKNOWN);
  assert_int_equal(entry->size, 0);
  assert_int_equal(avow_error_code(entry->error), UV_ENOENT);
  *(bool *) data = true;
  return true;
}

static void on_entry_gets_no_type_for_a_missing_entry(void **state) {
  bool heard = false;
  const avow_copy_options_t options = { .on_entry = check_missing_entry,
                                        .data = &heard };

  assert_fulfills_int(avow_copy_tree(loop, at("absent"), at("to"), &options),
                      0);

  assert_true(heard);
}

static void on_entry_may_continue_after_errors(void **state) {
  counts_t heard = { 0 };
  make_source_tree();
  assert_int_equal(mkfifo(at("a/fifo"), 0600), 0);
  make_dir("to");
  make_file("to/b", "in the way");

  assert_fulfills_int(copy_counted(&heard), 3);

  assert_int_equal(heard.entries, 5);
  assert_int_equal(heard.errors, 2);
  assert_file("to/one", "1");
}

static void on_entry_may_stop_the_copy(void **state) {
  counts_t heard = { .limit = 3 };
  make_many();

  assert_rejects(copy_counted(&heard), UV_ECANCELED);

  assert_int_equal(heard.entries, 3);
}

static void stop_at_an_error_rejects_with_that_error(void **state) {
  counts_t heard = { .limit = 1 };
  make_file("a", "");
  make_file("to", "");

  assert_says(copy_counted(&heard), UV_EEXIST, "copy '%s': file already exists",
              at("a"));

  assert_int_equal(heard.errors, 1);
}

static void copy_tree_stops_when_canceled(void **state) {
  const int before = open_files();
  make_many();

  for (int ms = 0; ms < 6; ms++) {
    counts_t heard = { 0 };
    avow_promise_t *p = copy_counted(&heard);
    avow_unref(avow_then(avow_sleep(loop, (uint64_t) ms), cancel_cb, NULL, p));
    const avow_value_t v = avow_run(avow_ref(p));
    avow_value_unref(v);
    const int entries = heard.entries;
    run(); /* the sleep ends and cancels p */
    avow_unref(p);
    assert_int_equal(heard.entries, entries);
    assert_int_equal(open_files(), before);
    avow_ignore(avow_run(avow_remove_tree(loop, at("to"))));
  }
}

static bool cancel_from_within(const avow_copied_t *entry, void *p) {
  avow_cancel(*(avow_promise_t **) p);
  return true;
}

static void on_entry_may_cancel_the_copy(void **state) {
  avow_promise_t *p = NULL;
  const avow_copy_options_t options = { .on_entry = cancel_from_within,
                                        .data = (void *) &p };
  make_many();
  p = avow_copy_tree(loop, at("a"), at("to"), &options);

  assert_rejects(avow_ref(p), UV_ECANCELED);

  run();
  avow_unref(p);
}

static void copy_tree_canceled_at_once_copies_nothing(void **state) {
  make_source_tree();

  assert_cancels(start_copy());
  run();

  assert_missing("to");
}

static void loop_close_stops_a_copy(void **state) {
  const int before = open_files();
  make_many();
  avow_promise_t *p = taken_in_a_turn(start_copy);

  assert_loop_close_cancels(p);

  assert_int_equal(open_files(), before);
}

static void forget_copy(void) {
  avow_ignore(avow_run(avow_remove_tree(loop, at("to"))));
}

static avow_promise_t *start_counted(void) {
  static counts_t heard;
  return copy_counted(&heard);
}

static void copy_tree_survives_failing_memory(void **state) {
  const int before = open_files();
  make_source_tree();

  survive_failing_memory(start_copy, forget_copy);
  run(); /* other lanes end after one failed */

  assert_int_equal(open_files(), before);
}

static void copy_tree_with_on_entry_survives_failing_memory(void **state) {
  const int before = open_files();
  make_source_tree();

  survive_failing_memory(start_counted, forget_copy);

  run();
  assert_int_equal(open_files(), before);
}

SUITE(copy_tree) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(copy_tree_copies_the_whole_tree),
    DISK_CASE(copy_tree_copies_a_file_or_a_link),
    DISK_CASE(copy_tree_accepts_trailing_slashes),
    DISK_CASE(copy_tree_copies_a_large_tree_concurrently),
    DISK_CASE(copy_tree_copies_below_the_path_length_limit),
    DISK_CASE(copy_tree_sets_the_mode_of_each_level),
    DISK_CASE(copy_tree_does_not_return_to_another_directory),
    DISK_CASE(copy_tree_stays_inside_while_entries_change),
    DISK_CASE(directory_is_not_copied_into_itself),
    DISK_CASE(error_names_the_entry_that_cannot_be_copied),
    DISK_CASE(root_is_refused_as_a_target),
    DISK_CASE(bad_arguments_are_rejected),
    DISK_CASE(on_entry_is_called_for_each_entry),
    DISK_CASE(on_entry_gets_no_type_for_a_missing_entry),
    DISK_CASE(on_entry_may_continue_after_errors),
    DISK_CASE(on_entry_may_stop_the_copy),
    DISK_CASE(stop_at_an_error_rejects_with_that_error),
    DISK_CASE(copy_tree_stops_when_canceled),
    DISK_CASE(on_entry_may_cancel_the_copy),
    DISK_CASE(copy_tree_canceled_at_once_copies_nothing),
    DISK_CASE(loop_close_stops_a_copy),
    DISK_CASE(copy_tree_survives_failing_memory),
    DISK_CASE(copy_tree_with_on_entry_survives_failing_memory),
  };
  disk_init();
  return RUN(tests);
}
