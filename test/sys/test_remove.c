/* SPDX-License-Identifier: MIT */
/* Removing trees. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exchange.h"

/* Deeper than a path may be long. */
enum { DEEP = 200, MANY = 300, PAIRS = 8 };

static avow_promise_t *start_remove(void) {
  return avow_remove_tree(loop, at("a"));
}

/* Creates a, with two directories, three files and a link. */
static void make_tree(void) {
  if (is_there("a"))
    return;
  make_dir("a");
  make_dir("a/b");
  make_dir("a/b/c");
  make_file("a/one", "1");
  make_file("a/b/two", "2");
  make_file("a/b/c/three", "3");
  make_link("a/link", "..");
}

enum { ENTRIES = 7 };

static void make_many(void) {
  char name[32];
  make_dir("a");
  for (int i = 0; i < MANY; i++) {
    (void) snprintf(name, sizeof(name), "a/%d", i); /* it fits */
    make_file(name, "");
  }
}

static void remove_tree_removes_the_whole_tree(void **state) {
  const int before = open_files();
  make_tree();

  assert_fulfills_int(start_remove(), ENTRIES);

  assert_int_equal(entries_of(""), 0);
  assert_int_equal(open_files(), before);
}

static void remove_tree_of_a_missing_path_removes_nothing(void **state) {
  make_file("file", "");

  assert_fulfills_int(start_remove(), 0);
  assert_fulfills_int(avow_remove_tree(loop, at("file/a")), 0);

  assert_true(is_there("file"));
}

static void remove_tree_removes_a_file(void **state) {
  make_file("a", "");

  assert_fulfills_int(start_remove(), 1);

  assert_missing("a");
}

static void remove_tree_rejects_a_file_with_a_trailing_slash(void **state) {
  make_file("file", "kept");

  assert_says(avow_remove_tree(loop, at("file/")), UV_ENOTDIR,
              "remove '%s': not a directory", at("file"));

  assert_file("file", "kept");
}

static void remove_tree_removes_names_that_start_with_dots(void **state) {
  make_dir("a");
  make_file("a/..x", "");
  make_file("a/...", "");
  make_dir("a/.x");

  assert_fulfills_int(avow_remove_tree(loop, at("a/")), 4);

  assert_missing("a");
}

static void remove_tree_removes_links_but_not_their_targets(void **state) {
  make_dir("other");
  make_file("other/file", "kept");
  make_dir("a");
  make_link("a/link", "../other");
  make_link("link", "other");

  assert_fulfills_int(start_remove(), 2);
  assert_fulfills_int(avow_remove_tree(loop, at("link/")), 1);

  assert_missing("link");
  assert_file("other/file", "kept");
}

/* Deeper than the number of open directories, with entries to remove on the way
   up. */
static void remove_tree_removes_a_deep_tree(void **state) {
  const int before = open_files();
  make_dir("a");
  const int here = open(at("a"), O_RDONLY | O_DIRECTORY);
  int dir = here;
  for (int i = 0; i < DEEP; i++) {
    assert_int_equal(mkdirat(dir, "b", 0755), 0);
    assert_int_equal(symlinkat("x", dir, "a"), 0);
    assert_int_equal(symlinkat("x", dir, "c"), 0);
    const int next = openat(dir, "b", O_RDONLY | O_DIRECTORY);
    (void) close(dir);
    dir = next;
  }
  (void) close(dir);

  assert_fulfills_int(start_remove(), 1 + 3 * DEEP);

  assert_missing("a");
  assert_int_equal(open_files(), before);
}

static void remove_tree_stays_inside_while_entries_change(void **state) {
  make_dir("outside");
  make_file("outside/file", "kept");
  const uv_pid_t pid = start_exchanging("a", PAIRS);

  for (int i = rounds(); i > 0; i--) {
    make_pairs("a", PAIRS, "../outside");
    const avow_value_t v = avow_run(start_remove());
    assert_string_equal(avow_error_message(&v), "no error");
    avow_value_unref(v);
    assert_missing("a");
    assert_file("outside/file", "kept");
  }

  stop_exchanging(pid);
}

static void remove_tree_removes_a_wide_tree(void **state) {
  make_many();

  assert_fulfills_int(start_remove(), 1 + MANY);

  assert_missing("a");
}

static void remove_tree_rejects_root_and_dot_paths(void **state) {
  static const char *const refused[] = { "/",  "//",   ".",  "..",
                                         "./", "a/..", "../" };
  char text[64];

  for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
    (void) snprintf(text, sizeof(text), "remove '%s': invalid argument",
                    refused[i]); /* it fits */
    assert_says(avow_remove_tree(loop, refused[i]), UV_EINVAL, "%s", text);
  }
  assert_says(avow_remove_tree(loop, ""), UV_EINVAL,
              "remove '': invalid argument");
  assert_says(avow_remove_tree(loop, NULL), UV_EINVAL,
              "remove 'NULL': invalid argument");
}

static void remove_tree_error_names_the_remaining_entry(void **state) {
  const bool is_root = geteuid() == 0;
  assert_says(avow_remove_tree(loop, "/proc/self/fdinfo"),
              is_root ? UV_EPERM : UV_EACCES,
              "remove '/proc/self/fdinfo/0': %s",
              is_root ? "operation not permitted" : "permission denied");
}

static avow_value_t limit_cb(const avow_value_t *arg, void *limit) {
  assert_int_equal(setrlimit(RLIMIT_NOFILE, limit), 0);
  return avow_none();
}

/* No directory can be opened until another event. */
static void remove_tree_waits_for_descriptors(void **state) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  make_tree();
  const struct rlimit none = { 3, limit.rlim_max };
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);

  avow_promise_t *p = start_remove();
  avow_unref(avow_then(avow_sleep(loop, 30), limit_cb, NULL, &limit));

  assert_fulfills_int(p, ENTRIES);
  assert_missing("a");
}

static avow_value_t exchange_cb(const avow_value_t *arg, void *limit) {
  assert_int_equal(rename(at("a"), at("aside")), 0);
  make_link("a", "outside");
  return limit_cb(arg, limit);
}

/* The entry is a directory when it is checked, but it cannot be opened. A link
   replaces it before the next attempt. */
static void remove_tree_enters_no_link_that_replaced_a_directory(void **state) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  make_dir("outside");
  make_file("outside/file", "kept");
  make_dir("a");
  const struct rlimit none = { 3, limit.rlim_max };
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);

  avow_promise_t *p = start_remove();
  avow_unref(avow_then(avow_sleep(loop, 30), exchange_cb, NULL, &limit));

  assert_fulfills_int(p, 1);
  assert_missing("a");
  assert_file("outside/file", "kept");
}

/* Allows `more` further open files. Returns the number of the last one. */
static int limit_open_files(int more, struct rlimit *before) {
  int files[4];
  assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
  for (int i = 0; i < more; i++)
    files[i] = open("/", O_RDONLY);
  const int last = files[more - 1];
  const struct rlimit few = { (rlim_t) last + 1, before->rlim_max };
  for (int i = 0; i < more; i++)
    assert_int_equal(close(files[i]), 0);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
  return last;
}

/* Starts a removal in "a" that waits because it cannot open a lower
   directory. */
static avow_promise_t *start_blocked_removal(const char *path,
                                             struct rlimit *limit) {
  const int last = limit_open_files(2, limit);
  avow_promise_t *p = avow_remove_tree(loop, path);
  while (fcntl(last, F_GETFD) < 0)
    (void) uv_run(loop, UV_RUN_ONCE); /* the retries keep the loop alive */
  return p;
}

static void remove_tree_continues_in_its_starting_directory(void **state) {
  const int before = open_files();
  struct rlimit limit;
  char *here = getcwd(NULL, 0);
  make_tree();
  make_dir("new");
  make_dir("new/a");
  make_file("new/a/file", "kept");
  assert_int_equal(chdir(at("")), 0);

  avow_promise_t *p = start_blocked_removal("a", &limit);
  assert_int_equal(chdir("new"), 0);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);

  assert_fulfills_int(p, ENTRIES);
  assert_int_equal(chdir(here), 0);
  free(here);
  assert_missing("a");
  assert_file("new/a/file", "kept");
  assert_int_equal(open_files(), before);
}

static void remove_tree_leaves_a_new_directory_of_its_name(void **state) {
  struct rlimit limit;
  make_tree();

  avow_promise_t *p = start_blocked_removal(at("a"), &limit);
  assert_int_equal(rename(at("a"), at("aside")), 0);
  make_dir("a");
  make_dir("a/b");
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);

  assert_fulfills_int(p, ENTRIES - 1);
  assert_int_equal(entries_of("aside"), 0);
  assert_true(is_there("a/b"));
}

static void remove_tree_leaves_a_new_link_of_its_name(void **state) {
  struct rlimit limit;
  make_tree();

  avow_promise_t *p = start_blocked_removal(at("a"), &limit);
  assert_int_equal(rename(at("a"), at("aside")), 0);
  make_link("a", "aside");
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);

  assert_fulfills_int(p, ENTRIES - 1);
  assert_true(is_there("a"));
}

static void remove_tree_does_not_read_the_parent_directory(void **state) {
  make_dir("closed");
  make_dir("closed/a");
  assert_int_equal(chmod(at("closed"), 0300), 0);

  assert_fulfills_int(avow_remove_tree(loop, at("closed/a")), 1);

  assert_missing("closed/a");
}

static void remove_tree_rejects_without_descriptors(void **state) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
  make_tree();
  const struct rlimit none = { 3, limit.rlim_max };
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);

  const avow_value_t v = avow_run(start_remove());

  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
  assert_int_equal(avow_error_code(&v), UV_EMFILE);
  avow_value_unref(v);
}

static void canceled_remove_tree_stops(void **state) {
  const int before = open_files();
  make_many();
  avow_promise_t *p = start_remove();
  avow_unref(avow_then(avow_sleep(loop, 3), cancel_cb, NULL, p));

  avow_ignore(avow_run(avow_ref(p))); /* on a fast disk it may end before */
  run();                              /* the sleep ends and cancels p */
  avow_unref(p);

  assert_int_equal(open_files(), before);
}

static void canceled_queued_remove_tree_removes_nothing(void **state) {
  make_tree();
  assert_cancels(start_remove());
  assert_cancels(queued_in_a_turn(start_remove));
  release_pool();
  run();

  assert_true(is_there("a/b/c/three"));
}

static void loop_close_stops_a_removal(void **state) {
  const int before = open_files();
  make_many();
  avow_promise_t *p = taken_in_a_turn(start_remove);

  assert_loop_close_cancels(p);

  assert_int_equal(open_files(), before);
}

static void remove_tree_survives_failing_memory(void **state) {
  const int before = open_files();
  make_tree();

  survive_failing_memory(start_remove, make_tree);

  assert_fulfills_int(start_remove(), ENTRIES);
  assert_int_equal(open_files(), before);
}

SUITE(remove) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(remove_tree_removes_the_whole_tree),
    DISK_CASE(remove_tree_of_a_missing_path_removes_nothing),
    DISK_CASE(remove_tree_removes_a_file),
    DISK_CASE(remove_tree_rejects_a_file_with_a_trailing_slash),
    DISK_CASE(remove_tree_removes_names_that_start_with_dots),
    DISK_CASE(remove_tree_removes_links_but_not_their_targets),
    DISK_CASE(remove_tree_removes_a_deep_tree),
    DISK_CASE(remove_tree_stays_inside_while_entries_change),
    DISK_CASE(remove_tree_removes_a_wide_tree),
    DISK_CASE(remove_tree_rejects_root_and_dot_paths),
    DISK_CASE(remove_tree_error_names_the_remaining_entry),
    DISK_CASE(remove_tree_waits_for_descriptors),
    DISK_CASE(remove_tree_enters_no_link_that_replaced_a_directory),
    DISK_CASE(remove_tree_continues_in_its_starting_directory),
    DISK_CASE(remove_tree_leaves_a_new_directory_of_its_name),
    DISK_CASE(remove_tree_leaves_a_new_link_of_its_name),
    DISK_CASE(remove_tree_does_not_read_the_parent_directory),
    DISK_CASE(remove_tree_rejects_without_descriptors),
    DISK_CASE(canceled_remove_tree_stops),
    DISK_CASE(canceled_queued_remove_tree_removes_nothing),
    DISK_CASE(loop_close_stops_a_removal),
    DISK_CASE(remove_tree_survives_failing_memory),
  };
  disk_init();
  return RUN(tests);
}
