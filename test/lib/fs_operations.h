/* SPDX-License-Identifier: MIT */
/*
 * Every operation of avow/fs.h, as a table: so that what holds for all of them
 * is tested with each. They work on a stage of a few files.
 */
#ifndef FS_OPERATIONS_H
#define FS_OPERATIONS_H

#include "disk.h"

typedef enum { ON_PATH, ON_PATHS, ON_FILE, ON_FILES, ON_DIR } object_t;

typedef struct {
  const char *name;
  object_t object;
  const char *path; /* on the stage, where it succeeds */
  /* Those on files and directories need no path. */
  avow_promise_t *(*start)(const char *path, uv_file file);
  /* Asserts that it did what it is for, and ends what it gave. */
  void (*check)(const avow_value_t *v);
} operation_t;

extern const operation_t operations[];
extern const size_t operation_count;

/* Things in the directory of the test: "file" (hello world), which is open,
   "link" to it, and the directories "empty" and "full" (a, b and c). */
void stage_set(void);
void stage_strike(void);

uv_file stage_file(void);

/* The directory "full", opened when it is first asked for. */
const avow_value_t *stage_dir(void);

/* Starts it where it succeeds. */
avow_promise_t *operation_start(const operation_t *operation);

#endif
