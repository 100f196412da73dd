/* SPDX-License-Identifier: MIT */
/*
 * Small programs on avow that use much of libuv. Each has the promise of its
 * end and a check of what it leaves behind.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "harness.h"
#include "inject.h"

typedef struct {
  const char *name;
  avow_promise_t *(*start)(void);
  bool (*is_intact)(void); /* called after each run, whatever its outcome */
  unsigned calls;          /* calls that it must make */
  unsigned optional;       /* calls whose failure is harmless */
  bool tries;              /* files that are in memory before the pool */
} scenario_t;

/* Copy a file: in chunks at the current positions, in chunks of several parts,
   and in one call at offset 0. */
extern const scenario_t copying, copying_parts, copying_at;
extern const scenario_t reading_file;
/* Reads four files at the same time. */
extern const scenario_t reading_files;
/* Reads a file several times, at last from memory. */
extern const scenario_t reading_cached_file;
/* Write a new file, and replace a file. */
extern const scenario_t writing_file, replacing_file;

/* Replaces a file through a link. */
extern const scenario_t replacing_link;
extern const scenario_t sending_file;
/* Use a directory with directories, files and a link. */
extern const scenario_t copying_tree, overwriting_tree, removing_tree;
extern const scenario_t making_dirs, globbing;

/* Connects, receives the echo of some messages, ends, and waits for the other
   end. */
extern const scenario_t echoing;
/* Sends more bytes than sockets buffer, in several writes. The peer reads
   all. */
extern const scenario_t flooding;

/* The scenarios of echoing and flooding with a pump as the echo. */
extern const scenario_t pumping, pump_flooding;

/* Connects to one of two addresses and receives a greeting. */
extern const scenario_t connecting;
/* Sends datagrams, one at a time. */
extern const scenario_t sending_datagrams;
/* Runs a command that repeats its input. */
extern const scenario_t commanding;
/* Servers of avow. A failure only delays accepting. */
extern const scenario_t greeting_there, greeting_here;

extern const scenario_t looking_up;
extern const scenario_t doing_nothing;
extern const scenario_t sleeping;
extern const scenario_t settling_from_threads;

/* Create and remove the directories of files and trees. */
int scenario_files_setup(void **state);
int scenario_files_teardown(void **state);
int scenario_trees_setup(void **state);
int scenario_trees_teardown(void **state);

/* If several ends failed, the outcome is the expected error, or the first. */
void scenario_expect(int code);
int scenario_expected(void);
avow_value_t scenario_outcome(const avow_value_t *settled, void *data);

#endif
