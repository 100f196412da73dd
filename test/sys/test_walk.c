/* SPDX-License-Identifier: MIT */
/* Walking trees. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exchange.h"
#include "tree_on_disk.h"

enum { ENTRIES = 8, DEEP = 130, PAIRS = 8 };

typedef struct {
  int entries, dirs, links, errors;
  unsigned deepest;
} walked_t;

static bool begins_with(const char *text, const char *start) {
  return strncmp(text, start, strlen(start)) == 0;
}

static void count(walked_t *walked, const avow_tree_entry_t *entry) {
  walked->entries++;
  walked->dirs += entry->type == UV_DIRENT_DIR ? 1 : 0;
  walked->links += entry->type == UV_DIRENT_LINK ? 1 : 0;
  walked->errors += entry->error != 0 ? 1 : 0;
  if (entry->depth > walked->deepest)
    walked->deepest = entry->depth;
  assert_true(begins_with(entry->path, at("")));
  assert_null(strstr(entry->path, "/outside"));
}

/* Returns how the walk ended. */
static int take_all(avow_channel_t *channel, walked_t *walked) {
  for (;;) {
    const avow_value_t v = avow_run(avow_channel_next(channel));
    if (v.tag != AVOW_OBJECT) {
      avow_channel_unref(channel);
      avow_value_unref(v);
      return avow_error_code(&v);
    }
    count(walked, avow_to_tree_entry(&v));
    avow_value_unref(v);
  }
}

static void walk_gives_all_entries_of_the_tree(void **state) {
  const int before = open_files();
  walked_t walked = { 0 };
  make_tree();

  assert_int_equal(take_all(avow_tree_entries(loop, at("a")), &walked), 0);

  assert_int_equal(walked.entries, ENTRIES);
  assert_int_equal(walked.dirs, 3);
  assert_int_equal(walked.links, 1);
  assert_int_equal(walked.deepest, 2);
  assert_int_equal(walked.errors, 0);
  assert_int_equal(open_files(), before);
}

/* Returns the type of the entry at the end of the only path. */
static uv_dirent_type_t type_below(const char *name) {
  avow_channel_t *channel = avow_tree_entries(loop, at(name));
  const avow_value_t v = avow_run(avow_channel_next(channel));
  const uv_dirent_type_t type = avow_to_tree_entry(&v)->type;
  avow_value_unref(v);
  avow_channel_unref(channel);
  return type;
}

static void walk_distinguishes_special_files(void **state) {
  static const struct {
    const char *in, *name;
    mode_t mode;
    uv_dirent_type_t type;
  } files[] = { { "a", "a/x", S_IFIFO, UV_DIRENT_FIFO },
                { "b", "b/x", S_IFSOCK, UV_DIRENT_SOCKET },
                { "c", "c/x", S_IFCHR, UV_DIRENT_CHAR },
                { "d", "d/x", S_IFBLK, UV_DIRENT_BLOCK } };
  for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
    make_dir(files[i].in);
    if (mknod(at(files[i].name), files[i].mode | 0600, 0) != 0)
      skip_because("this user may make no devices");

    assert_int_equal(type_below(files[i].in), files[i].type);
  }
}

static void walk_gives_directories_before_their_entries(void **state) {
  bool seen = false;
  make_tree();
  avow_channel_t *channel = avow_tree_entries(loop, at("a/"));

  for (;;) {
    const avow_value_t v = avow_run(avow_channel_next(channel));
    if (avow_is_none(&v))
      break;
    const avow_tree_entry_t *entry = avow_to_tree_entry(&v);
    if (strcmp(entry->path, at("a/b")) == 0)
      seen = true;
    if (begins_with(entry->path, at("a/b/")))
      assert_true(seen);
    avow_value_unref(v);
  }

  assert_true(seen);
  avow_channel_unref(channel);
}

static void walk_of_an_empty_directory_ends_at_once(void **state) {
  walked_t walked = { 0 };

  assert_int_equal(take_all(avow_tree_entries(loop, at("")), &walked), 0);

  assert_int_equal(walked.entries, 0);
}

static void walk_follows_a_link_as_its_root(void **state) {
  walked_t walked = { 0 };
  make_tree();

  assert_int_equal(take_all(avow_tree_entries(loop, at("a/link")), &walked), 0);

  assert_int_equal(walked.entries, 3);
}

static void make_deep(char *name) {
  for (size_t len = strlen(name); len < 2 * DEEP; len += 2) {
    memcpy(name + len, "/d", 3);
    make_dir(name);
  }
}

/* The uppermost directory is closed first, while entries of it are left. This
   holds whether it lists the oldest or the newest entry first. */
static void walk_goes_deep_below_a_wide_directory(void **state) {
  walked_t walked = { 0 };
  char first[2 * DEEP + 8] = "a/1st", last[2 * DEEP + 8] = "a/last";
  make_dir("a");
  make_dir(first);
  make_deep(first);
  make_many();
  make_dir(last);
  make_deep(last);

  assert_int_equal(take_all(avow_tree_entries(loop, at("a")), &walked), 0);

  assert_int_equal(walked.entries, MANY + walked.dirs);
  assert_int_equal(walked.deepest, DEEP - 2);
}

static void walk_goes_deep_with_few_open_directories(void **state) {
  const int before = open_files();
  walked_t walked = { 0 };
  char name[2 * DEEP + 8] = "a";
  size_t len = 1;
  make_dir("a");
  for (int i = 0; i < DEEP; i++) {
    memcpy(name + len, "/d", 3);
    len += 2;
    make_dir(name);
    memcpy(name + len, "/e", 3);
    make_file(name, "");
    memcpy(name + len, "/f", 3);
    make_file(name, "");
  }

  struct rlimit all;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
  const struct rlimit few = { .rlim_cur = 100, .rlim_max = all.rlim_max };
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);

  assert_int_equal(take_all(avow_tree_entries(loop, at("a")), &walked), 0);

  assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
  assert_int_equal(walked.entries, 3 * DEEP);
  assert_int_equal(walked.deepest, DEEP);
  assert_int_equal(open_files(), before);
}

static void make_files(const char *dir, int from, int to) {
  char name[160];
  for (int i = from; i < to; i++) {
    (void) snprintf(name, sizeof(name), "%s/%d", dir, i); /* it fits */
    make_file(name, "");
  }
}

/* Nested directories. The upper ones have more entries than one read returns,
   before and after the nested one. */
static void make_wide_and_deep(int wide, int deep) {
  char name[128] = "a", inner[160];
  make_dir(name);
  for (int level = 0; level < deep; level++) {
    const int files = level < 8 ? wide : 0;
    (void) snprintf(inner, sizeof(inner), "%s/d", name); /* it fits */
    make_files(name, 0, files / 2);
    make_dir(inner);
    make_files(name, files / 2, files);
    strcpy(name, inner);
  }
}

/* A directory that cannot stay open is first read to its end. */
static void walk_loses_no_entry_of_a_directory_closed_early(void **state) {
  enum { WIDE = 60, DEEP_HERE = 40 };
  walked_t walked = { 0 };
  make_wide_and_deep(WIDE, DEEP_HERE);

  assert_int_equal(take_all(avow_tree_entries(loop, at("a")), &walked), 0);

  assert_int_equal(walked.entries, 8 * WIDE + DEEP_HERE);
  assert_int_equal(walked.errors, 0);
}

static void walk_stays_inside_while_entries_change(void **state) {
  make_dir("other");
  make_file("other/outside", "");
  make_pairs("a", PAIRS, "../other");
  const uv_pid_t pid = start_exchanging("a", PAIRS);

  for (int i = rounds(); i > 0; i--) {
    walked_t walked = { 0 };
    assert_int_equal(take_all(avow_tree_entries(loop, at("a")), &walked), 0);
    assert_true(walked.dirs > 0);
  }

  stop_exchanging(pid);
}

static void walk_reads_ahead_only_up_to_its_capacity(void **state) {
  make_dir("a");
  make_many();
  avow_channel_t *channel = avow_tree_entries(loop, at("a"));
  run();

  const long live = live_allocations();

  assert_int_in_range(live, 64, 400);
  avow_channel_unref(channel);
}

static void walk_gives_a_wide_directory_in_parts(void **state) {
  walked_t walked = { 0 };
  make_dir("a");
  make_many();

  assert_int_equal(take_all(avow_tree_entries(loop, at("a")), &walked), 0);

  assert_int_equal(walked.entries, MANY);
}

static void walk_error_names_the_unreadable_path(void **state) {
  make_file("file", "");
  avow_channel_t *channel = avow_tree_entries(loop, at("file"));

  assert_says(avow_channel_next(channel), UV_ENOTDIR,
              "walk '%s': not a directory", at("file"));

  avow_channel_unref(channel);
  channel = avow_tree_entries(loop, "");
  assert_says(avow_channel_next(channel), UV_EINVAL,
              "walk '': invalid argument");
  avow_channel_unref(channel);
  channel = avow_tree_entries(loop, NULL);
  assert_rejects(avow_channel_next(channel), UV_EINVAL);
  avow_channel_unref(channel);
}

static void closed_walk_stops(void **state) {
  const int before = open_files();
  make_dir("a");
  make_many();

  avow_channel_t *channel = avow_tree_entries(loop, at("a"));
  wait_until_taken();
  avow_channel_close(channel);
  assert_fulfills_none(avow_channel_next(channel));
  avow_channel_unref(channel);
  avow_channel_unref(avow_tree_entries(loop, at("a")));
  run();

  assert_int_equal(open_files(), before);
}

static void loop_close_stops_a_walk(void **state) {
  const int before = open_files();
  make_dir("a");
  make_many();
  hold_pool(THREADS);
  avow_channel_t *queued = avow_tree_entries(loop, at("a"));
  avow_promise_t *p = avow_channel_next(queued);
  release_pool();

  assert_loop_close_cancels(p);

  avow_channel_unref(queued);
  assert_int_equal(open_files(), before);
}

static avow_value_t end_of_walk(const avow_value_t *v, void *channel);

static avow_promise_t *next_of(avow_channel_t *channel) {
  return avow_then(avow_channel_next(channel), end_of_walk, NULL, channel);
}

static avow_value_t end_of_walk(const avow_value_t *v, void *channel) {
  return avow_is_none(v) ? avow_none() : avow_follow(next_of(channel));
}

static void free_channel(void *channel) {
  avow_channel_unref(channel);
}

static avow_promise_t *start_walk(void) {
  avow_channel_t *channel = avow_tree_entries(loop, at("a"));
  return avow_attach(next_of(channel), channel, free_channel);
}

static void walk_survives_failing_memory(void **state) {
  const int before = open_files();
  make_tree();

  survive_failing_memory(start_walk, NULL);

  assert_int_equal(open_files(), before);
}

SUITE(walk) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(walk_gives_all_entries_of_the_tree),
    DISK_CASE(walk_distinguishes_special_files),
    DISK_CASE(walk_gives_directories_before_their_entries),
    DISK_CASE(walk_of_an_empty_directory_ends_at_once),
    DISK_CASE(walk_follows_a_link_as_its_root),
    DISK_CASE(walk_goes_deep_below_a_wide_directory),
    DISK_CASE(walk_goes_deep_with_few_open_directories),
    DISK_CASE(walk_stays_inside_while_entries_change),
    DISK_CASE(walk_reads_ahead_only_up_to_its_capacity),
    DISK_CASE(walk_gives_a_wide_directory_in_parts),
    DISK_CASE(walk_error_names_the_unreadable_path),
    DISK_CASE(closed_walk_stops),
    DISK_CASE(loop_close_stops_a_walk),
    DISK_CASE(walk_survives_failing_memory),
    DISK_CASE(walk_loses_no_entry_of_a_directory_closed_early),
  };
  disk_init();
  return RUN(tests);
}
