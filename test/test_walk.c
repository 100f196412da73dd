/* Walking trees, and paths that match a pattern. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

enum { MANY = 1000, DEEP = 200 };

/* a: b/, b/c/, b/c/three.c, b/two.c, one.c, .hidden/, .hidden/x.c, link -> b */
static void make_tree(void) {
  make_dir("a");
  make_dir("a/b");
  make_dir("a/b/c");
  make_dir("a/.hidden");
  make_file("a/.hidden/x.c", "");
  make_file("a/one.c", "");
  make_file("a/b/two.c", "");
  make_file("a/b/c/three.c", "");
  make_link("a/link", "b");
}

enum { ENTRIES = 8 };

static void make_more(void) {
  char name[32];
  for (int i = 0; i < MANY; i++) {
    (void) snprintf(name, sizeof(name), "a/%d", i); /* it fits */
    make_file(name, "");
  }
}

static void make_many(void) {
  make_dir("a");
  make_more();
}

typedef struct {
  int entries, dirs, links, errors;
  unsigned deepest;
} walked_t;

static bool begins_with(const char *text, const char *start) {
  return strncmp(text, start, strlen(start)) == 0;
}

static void count(walked_t *walked, const avow_found_t *entry) {
  walked->entries++;
  walked->dirs += entry->type == UV_DIRENT_DIR ? 1 : 0;
  walked->links += entry->type == UV_DIRENT_LINK ? 1 : 0;
  walked->errors += entry->error != 0 ? 1 : 0;
  if (entry->depth > walked->deepest)
    walked->deepest = entry->depth;
  assert_true(begins_with(entry->path, at("")));
}

/* How it ended. */
static int take_all(avow_channel_t *channel, walked_t *walked) {
  for (;;) {
    const avow_value_t v = avow_run(avow_channel_next(channel));
    if (v.tag != AVOW_OBJECT) {
      avow_channel_unref(channel);
      avow_value_unref(v);
      return avow_error_code(&v);
    }
    count(walked, avow_to_found(&v));
    avow_value_unref(v);
  }
}

static void walk_gives_all_that_is_below(void **state) {
  const int before = open_files();
  walked_t walked = { 0 };
  make_tree();

  assert_int_equal(take_all(avow_walk(loop, at("a")), &walked), 0);

  assert_int_equal(walked.entries, ENTRIES);
  assert_int_equal(walked.dirs, 3);
  assert_int_equal(walked.links, 1);
  assert_int_equal(walked.deepest, 2);
  assert_int_equal(walked.errors, 0);
  assert_int_equal(open_files(), before);
}

static void walk_gives_directories_before_what_is_in_them(void **state) {
  bool seen = false;
  make_tree();
  avow_channel_t *channel = avow_walk(loop, at("a/"));

  for (;;) {
    const avow_value_t v = avow_run(avow_channel_next(channel));
    if (v.tag == AVOW_NONE)
      break;
    const avow_found_t *entry = avow_to_found(&v);
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

  assert_int_equal(take_all(avow_walk(loop, at("")), &walked), 0);

  assert_int_equal(walked.entries, 0);
}

static void walk_follows_a_link_that_it_is_given(void **state) {
  walked_t walked = { 0 };
  make_tree();

  assert_int_equal(take_all(avow_walk(loop, at("a/link")), &walked), 0);

  assert_int_equal(walked.entries, 3);
}

static void make_deep(char *name) {
  for (size_t len = strlen(name); len < 2 * DEEP; len += 2) {
    memcpy(name + len, "/d", 3);
    make_dir(name);
  }
}

/* The directory furthest up is the first to be closed, and something is left
   of it, whether it begins with what is the oldest there or the newest. */
static void walk_goes_deep_below_a_wide_directory(void **state) {
  walked_t walked = { 0 };
  char first[2 * DEEP + 8] = "a/1st", last[2 * DEEP + 8] = "a/last";
  make_dir("a");
  make_dir(first);
  make_deep(first);
  make_more();
  make_dir(last);
  make_deep(last);

  assert_int_equal(take_all(avow_walk(loop, at("a")), &walked), 0);

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

  assert_int_equal(take_all(avow_walk(loop, at("a")), &walked), 0);

  assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
  assert_int_equal(walked.entries, 600);
  assert_int_equal(walked.deepest, 200);
  assert_int_equal(open_files(), before);
}

static void make_files(const char *dir, int from, int to) {
  char name[160];
  for (int i = from; i < to; i++) {
    (void) snprintf(name, sizeof(name), "%s/%d", dir, i); /* it fits */
    make_file(name, "");
  }
}

/* Directories in each other; those far up have more than is read in one go, on
   both sides of the one that goes on. */
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

/* What cannot stay open is read to its end before. */
static void walk_loses_nothing_of_a_directory_it_closes_early(void **state) {
  enum { WIDE = 150, DEEP_HERE = 40 };
  walked_t walked = { 0 };
  make_wide_and_deep(WIDE, DEEP_HERE);

  assert_int_equal(take_all(avow_walk(loop, at("a")), &walked), 0);

  assert_int_equal(walked.entries, 8 * WIDE + DEEP_HERE);
  assert_int_equal(walked.errors, 0);
}

static void walk_reads_ahead_no_more_than_there_is_room(void **state) {
  make_many();
  avow_channel_t *channel = avow_walk(loop, at("a"));
  run();

  const long live = live_allocations();

  assert_int_in_range(live, 64, 400);
  avow_channel_unref(channel);
}

static void walk_gives_a_wide_directory_bit_by_bit(void **state) {
  walked_t walked = { 0 };
  make_many();

  assert_int_equal(take_all(avow_walk(loop, at("a")), &walked), 0);

  assert_int_equal(walked.entries, MANY);
}

static void walk_fails_naming_what_cannot_be_read(void **state) {
  make_file("file", "");
  avow_channel_t *channel = avow_walk(loop, at("file"));

  assert_says(avow_channel_next(channel), UV_ENOTDIR,
              "walk '%s': not a directory", at("file"));

  avow_channel_unref(channel);
  channel = avow_walk(loop, "");
  assert_says(avow_channel_next(channel), UV_EINVAL,
              "walk '': invalid argument");
  avow_channel_unref(channel);
  channel = avow_walk(loop, NULL);
  assert_rejects(avow_channel_next(channel), UV_EINVAL);
  avow_channel_unref(channel);
}

static void walk_that_is_closed_stops(void **state) {
  const int before = open_files();
  make_many();

  avow_channel_t *channel = avow_walk(loop, at("a"));
  wait_until_taken();
  avow_channel_close(channel);
  assert_fulfils_none(avow_channel_next(channel));
  avow_channel_unref(channel);
  avow_channel_unref(avow_walk(loop, at("a")));
  run();

  assert_int_equal(open_files(), before);
}

static void loop_close_stops_a_walk(void **state) {
  const int before = open_files();
  make_many();
  hold_pool(THREADS);
  avow_channel_t *queued = avow_walk(loop, at("a"));
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
  return v->tag == AVOW_NONE ? avow_none() : avow_follow(next_of(channel));
}

static void free_channel(void *channel) {
  avow_channel_unref(channel);
}

static avow_promise_t *start_walk(void) {
  avow_channel_t *channel = avow_walk(loop, at("a"));
  return avow_attach(next_of(channel), channel, free_channel);
}

static void walk_survives_failing_memory(void **state) {
  const int before = open_files();
  make_tree();

  survive_failing_memory(start_walk, NULL);

  assert_int_equal(open_files(), before);
}

/* The paths from the directory on, with spaces between. */
static void assert_globs(const char *pattern, const char *expected) {
  char text[1024] = "";
  const size_t skip = strlen(at("")) + 1;
  const avow_value_t v = avow_run(avow_glob(loop, at(pattern)));
  assert_string_equal(avow_error_message(&v), "no error");
  for (size_t i = 0; i < avow_list_len(&v); i++) {
    if (i > 0)
      strcat(text, " ");
    strcat(text, avow_to_bytes(avow_list_at(&v, i), NULL) + skip);
  }
  assert_string_equal(text, expected);
  avow_value_unref(v);
}

static void glob_finds_what_matches(void **state) {
  const int before = open_files();
  make_tree();

  assert_globs("a/*", "a/b a/link a/one.c");
  assert_globs("a/*.c", "a/one.c");
  assert_globs("a/?ne.[ch]", "a/one.c");
  assert_globs("*/*/*.c", "a/b/two.c a/link/two.c");
  assert_globs("a/[!l]*", "a/b a/one.c");
  assert_globs("a/x*", "");
  assert_globs("absent/*", "");
  assert_globs("a/one.c/*", "");
  assert_int_equal(open_files(), before);
}

static void glob_goes_through_directories(void **state) {
  make_tree();

  assert_globs("**/*.c", "a/b/c/three.c a/b/two.c a/one.c");
  assert_globs("a/**/**/*.c", "a/b/c/three.c a/b/two.c a/one.c");
  assert_globs("a/**", "a/b a/b/c a/b/c/three.c a/b/two.c a/link a/one.c");
  assert_globs("a/**/c", "a/b/c");
  assert_globs("**/c/**", "a/b/c/three.c");
  assert_globs("a/li*/**/*.c", "a/link/c/three.c a/link/two.c");
}

static void glob_finds_what_a_dot_hides_when_asked(void **state) {
  make_tree();

  assert_globs("a/.*", "a/.hidden");
  assert_globs("a/.h*/*.c", "a/.hidden/x.c");
  assert_globs("a/\\.hidden/*", "a/.hidden/x.c");
}

static void glob_finds_directories_only(void **state) {
  make_tree();

  assert_globs("a/*/", "a/b/ a/link/");
  assert_globs("a//", "a/");
  assert_globs("a/one.c/", "");
  assert_globs("**/", "a/ a/b/ a/b/c/ a/link/");
}

static void glob_finds_no_directory_where_links_lead_to_none(void **state) {
  make_tree();
  make_link("a/file", "one.c");
  make_link("a/nowhere", "missing");

  assert_globs("a/*/", "a/b/ a/link/");
  assert_globs("a/*/*.c", "a/b/two.c a/link/two.c");
}

static void glob_takes_a_path(void **state) {
  make_tree();

  assert_globs("a/b", "a/b");
  assert_globs("a/absent", "");
  assert_globs("a\\/b", "");
  assert_globs("a/b/../one.\\c", "a/b/../one.c");
}

static void glob_starts_where_the_process_is(void **state) {
  char *here = getcwd(NULL, 0);
  make_tree();
  assert_int_equal(chdir(at("a")), 0);

  const avow_value_t v = avow_run(avow_glob(loop, "**/*.c"));

  assert_int_equal(chdir(here), 0);
  free(here);
  assert_int_equal(avow_list_len(&v), 3);
  assert_string_equal(avow_to_bytes(avow_list_at(&v, 0), NULL), "b/c/three.c");
  avow_value_unref(v);
}

static void glob_starts_at_the_root(void **state) {
  const avow_value_t v = avow_run(avow_glob(loop, "/[t]m?"));

  assert_int_equal(avow_list_len(&v), 1);
  assert_string_equal(avow_to_bytes(avow_list_at(&v, 0), NULL), "/tmp");
  avow_value_unref(v);
}

static void glob_finds_many(void **state) {
  make_many();

  const avow_value_t v = avow_run(avow_glob(loop, at("a/*")));

  assert_int_equal(avow_list_len(&v), MANY);
  assert_string_equal(avow_to_bytes(avow_list_at(&v, 1), NULL), at("a/1"));
  avow_value_unref(v);
}

static void glob_rejects_what_is_no_pattern(void **state) {
  char pattern[256] = "nowhere"; /* not all there is below here */
  for (int i = 0; i < 63; i++)
    strcat(pattern, "/*");

  assert_says(avow_glob(loop, NULL), UV_EINVAL,
              "glob 'NULL': invalid argument");
  assert_says(avow_glob(loop, ""), UV_EINVAL, "glob '': invalid argument");
  assert_rejects(avow_glob(loop, pattern), UV_EINVAL);
  pattern[strlen(pattern) - 2] = '\0';
  avow_value_unref(avow_run(avow_glob(loop, pattern)));
}

static avow_promise_t *start_glob(void) {
  return avow_glob(loop, at("**/*"));
}

static void glob_is_cancelled(void **state) {
  const int before = open_files();
  make_many();
  avow_promise_t *p = taken_in_a_turn(start_glob);

  assert_cancels(p);
  run();

  assert_int_equal(open_files(), before);
}

static void glob_survives_failing_memory(void **state) {
  const int before = open_files();
  make_tree();
  make_link("one", "a"); /* more than it has room for at first */
  make_link("two", "a");
  make_link("three", "a");

  survive_failing_memory(start_glob, NULL);

  assert_int_equal(open_files(), before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(walk_gives_all_that_is_below),
    DISK_CASE(walk_gives_directories_before_what_is_in_them),
    DISK_CASE(walk_of_an_empty_directory_ends_at_once),
    DISK_CASE(walk_follows_a_link_that_it_is_given),
    DISK_CASE(walk_goes_deep_below_a_wide_directory),
    DISK_CASE(walk_goes_deep_with_few_open_directories),
    DISK_CASE(walk_reads_ahead_no_more_than_there_is_room),
    DISK_CASE(walk_gives_a_wide_directory_bit_by_bit),
    DISK_CASE(walk_fails_naming_what_cannot_be_read),
    DISK_CASE(walk_that_is_closed_stops),
    DISK_CASE(loop_close_stops_a_walk),
    DISK_CASE(walk_survives_failing_memory),
    DISK_CASE(glob_finds_what_matches),
    DISK_CASE(glob_goes_through_directories),
    DISK_CASE(glob_finds_what_a_dot_hides_when_asked),
    DISK_CASE(glob_finds_directories_only),
    DISK_CASE(glob_takes_a_path),
    DISK_CASE(glob_starts_where_the_process_is),
    DISK_CASE(glob_starts_at_the_root),
    DISK_CASE(glob_finds_many),
    DISK_CASE(glob_rejects_what_is_no_pattern),
    DISK_CASE(glob_is_cancelled),
    DISK_CASE(glob_survives_failing_memory),
    DISK_CASE(glob_finds_no_directory_where_links_lead_to_none),
    DISK_CASE(walk_loses_nothing_of_a_directory_it_closes_early),
  };
  disk_init();
  return RUN(tests);
}
