/* SPDX-License-Identifier: MIT */
/*
 * Table of every operation of avow/fs.h, so that each common property is tested
 * with each operation. The operations work on a stage of a few files.
 */
#ifndef FS_OPERATIONS_H
#define FS_OPERATIONS_H

#include "disk.h"

typedef enum { ON_PATH, ON_PATHS, ON_FILE, ON_FILES, ON_DIR } object_t;

typedef struct {
  const char *name;
  object_t object;
  const char *path; /* on the stage, where the operation succeeds */
  /* Operations on open files and directories ignore `path`. */
  avow_promise_t *(*start)(const char *path, uv_file file);
  /* Asserts that the operation had its effect, and releases its result. */
  void (*check)(const avow_value_t *v);
} operation_t;

extern const operation_t operations[];
extern const size_t operation_count;

/* Creates the entries in the test's directory: "file" ("hello world"), which is
   open, "link" to it, and the directories "empty" and "full" (a, b and c). */
void stage_set(void);
void stage_strike(void);

uv_file stage_file(void);

/* Returns the directory "full", which the first call opens. */
const avow_value_t *stage_dir(void);

/* Starts the operation where it succeeds. */
avow_promise_t *operation_start(const operation_t *operation);

#endif
