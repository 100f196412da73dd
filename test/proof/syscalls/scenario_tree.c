/* SPDX-License-Identifier: MIT */
/* Directory trees. */
#define _XOPEN_SOURCE 700 /* nftw() */

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trial.h"

enum { ENTRIES = 7, TEXT = 10000, PATH = 128, PATHS = 4 };

static char directory[64];
static avow_value_t result;

/* Valid for the next few calls. */
static const char *at(const char *name) {
  static char paths[PATHS][PATH];
  static int next;
  char *path = paths[next++ % PATHS];
  (void) snprintf(path, PATH, "%s/%s", directory, name); /* names are short */
  return path;
}

static int remove_one(const char *path, const struct stat *info, int type,
                      struct FTW *ftw) {
  return remove(path);
}

static void forget(const char *name) {
  (void) nftw(at(name), remove_one, 16,
              FTW_DEPTH | FTW_PHYS); /* may be missing */
}

static bool make_file(const char *name, char c) {
  static char text[TEXT];
  memset(text, c, sizeof(text));
  FILE *file = fopen(at(name), "w");
  const bool made =
      file != NULL && fwrite(text, 1, sizeof(text), file) == sizeof(text);
  return file != NULL && fclose(file) == 0 && made;
}

static bool make_tree(void) {
  forget("tree");
  return mkdir(at("tree"), 0755) == 0 && make_file("tree/one", '1') &&
         mkdir(at("tree/a"), 0750) == 0 && make_file("tree/a/two", '2') &&
         mkdir(at("tree/a/b"), 0755) == 0 && make_file("tree/a/b/three", '3') &&
         symlink("../one", at("tree/a/link")) == 0;
}

int scenario_trees_setup(void **state) {
  (void) snprintf(directory, sizeof(directory), "/tmp/avow-trees-XXXXXX");
  return mkdtemp(directory) != NULL && make_tree() ? 0 : -1;
}

int scenario_trees_teardown(void **state) {
  forget(".");
  return 0;
}

static bool is_there(const char *name) {
  struct stat info;
  return lstat(at(name), &info) == 0;
}

static bool has_mode(const char *name, unsigned mode) {
  struct stat info;
  return lstat(at(name), &info) == 0 && (info.st_mode & 0777) == mode;
}

static bool is_filled(const char *name, char c) {
  char text[TEXT + 1];
  FILE *file = fopen(at(name), "r");
  if (file == NULL)
    return false;
  const size_t len = fread(text, 1, sizeof(text), file);
  (void) fclose(file); /* it was only read */
  for (size_t i = 0; i < len; i++)
    if (text[i] != c)
      return false;
  return len == TEXT;
}

static avow_value_t keep_cb(const avow_value_t *v, void *data) {
  result = avow_value_ref(v);
  return avow_none();
}

static avow_promise_t *keep(avow_promise_t *p) {
  result = avow_none();
  return avow_then(p, keep_cb, NULL, NULL);
}

static bool take_is_int(int64_t expected) {
  const bool is = result.tag == AVOW_INT && avow_to_int(&result) == expected;
  avow_value_unref(result);
  return is;
}

static avow_promise_t *start_copying(void) {
  const avow_copy_options_t options = { .keep = AVOW_KEEP_ALL };
  forget("copy");
  return keep(avow_copy_tree(loop, at("tree"), at("copy"), &options));
}

static bool is_copied(void) {
  return take_is_int(ENTRIES) && is_filled("copy/one", '1') &&
         is_filled("copy/a/two", '2') && is_filled("copy/a/b/three", '3') &&
         is_filled("copy/a/link", '1') && has_mode("copy/a", 0750);
}

/* If the system cannot copy, libuv reads and writes. If the system cannot read
   at an offset, libuv reads in another way. Two files are copied at a time, so
   three failures are too few to stop both. The test checks the data in each
   case. */
enum {
  IN_OTHER_WAYS = BIT(CALL_COPY) | BIT(CALL_READ),
  COPYING = BIT(CALL_OPENDIR) | BIT(CALL_READDIR) | BIT(CALL_STAT) |
            BIT(CALL_OPEN) | BIT(CALL_COPY) | BIT(CALL_CLOSE) | BIT(CALL_MODE) |
            BIT(CALL_TIMES) | BIT(CALL_MAKE) | BIT(CALL_READLINK)
};

const scenario_t copying_tree = { .name = "copying a tree",
                                  .start = start_copying,
                                  .is_intact = is_copied,
                                  .calls = COPYING,
                                  .optional = IN_OTHER_WAYS };

/* A part of the target exists, with other contents. A failure to close a
   descriptor of a check is harmless. */
static avow_promise_t *start_overwriting(void) {
  const avow_copy_options_t options = { .existing = AVOW_EXISTING_REPLACE,
                                        .keep = AVOW_KEEP_ALL };
  forget("copy");
  (void) mkdir(at("copy"), 0755); /* the test checks the result */
  (void) mkdir(at("copy/a"), 0750);
  (void) make_file("copy/one", 'x');
  (void) make_file("copy/a/two", 'x');
  (void) make_file("copy/a/link", 'x');
  return keep(avow_copy_tree(loop, at("tree"), at("copy"), &options));
}

static bool is_overwritten(void) {
  trial_check(is_filled("copy/one", 'x') || is_filled("copy/one", '1'),
              "a file is as it was or as it is to be");
  trial_check(is_filled("copy/a/two", 'x') || is_filled("copy/a/two", '2'),
              "a file is as it was or as it is to be");
  trial_check(is_there("copy/a/link"), "a link takes the place of a file");
  return is_copied();
}

const scenario_t overwriting_tree = { .name = "overwriting a tree",
                                      .start = start_overwriting,
                                      .is_intact = is_overwritten,
                                      .calls = COPYING | BIT(CALL_RENAME),
                                      .optional =
                                          IN_OTHER_WAYS | BIT(CALL_CLOSE) };

static avow_promise_t *start_removing(void) {
  (void) make_tree(); /* the test checks the result */
  return keep(avow_remove_tree(loop, at("tree")));
}

static bool is_removed(void) {
  const bool counted = take_is_int(ENTRIES);
  const bool gone = !is_there("tree");
  trial_check(make_tree(), "the tree is there again");
  return counted && gone;
}

/* If a directory cannot be opened, avow tries it and its parent again. */
const scenario_t removing_tree = {
  .name = "removing a tree",
  .start = start_removing,
  .is_intact = is_removed,
  .calls = BIT(CALL_OPEN) | BIT(CALL_STAT) | BIT(CALL_OPENDIR) |
           BIT(CALL_READDIR) | BIT(CALL_REMOVE),
  .optional = BIT(CALL_OPEN) | BIT(CALL_OPENDIR)
};

static avow_promise_t *start_making(void) {
  forget("new");
  return keep(avow_make_dirs(loop, at("new/a/b"), 0755));
}

static bool are_made(void) {
  return take_is_int(3) && is_there("new/a/b");
}

const scenario_t making_dirs = { .name = "making directories",
                                 .start = start_making,
                                 .is_intact = are_made,
                                 .calls = BIT(CALL_MAKE) };

static avow_promise_t *start_globbing(void) {
  return keep(avow_glob(loop, at("tree/**/t*")));
}

/* Unreadable entries are skipped. */
static bool are_found(void) {
  const bool all = result.tag == AVOW_LIST && avow_list_len(&result) == 2;
  avow_value_unref(result);
  return all;
}

const scenario_t globbing = { .name = "globbing",
                              .start = start_globbing,
                              .is_intact = are_found,
                              .calls = BIT(CALL_OPENDIR) | BIT(CALL_READDIR) };
