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
  unsigned calls;          /* calls that it makes */
  unsigned optional;       /* calls whose failure is harmless */
} scenario_t;

/* Copies a file in chunks from where the files stand, each as one or in several
   parts, and at once at offset 0. */
extern const scenario_t copying, copying_parts, copying_at;
extern const scenario_t reading_file;
/* Four files, at the same time. */
extern const scenario_t reading_files;
/* One writes to a new name, and the other replaces a file. */
extern const scenario_t writing_file, replacing_file;

/* Replaces a file through a link. */
extern const scenario_t replacing_link;
extern const scenario_t sending_file;
/* A directory with directories, files and a link. */
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
/* Datagrams, one at a time. */
extern const scenario_t sending_datagrams;
/* Runs a command that repeats its input. */
extern const scenario_t commanding;
/* These servers accept by themselves. A failure only delays that. */
extern const scenario_t greeting_there, greeting_here;

extern const scenario_t looking_up;
extern const scenario_t doing_nothing;
extern const scenario_t sleeping;
extern const scenario_t settling_from_threads;

/* Directories of temporary files and trees. */
int scenario_files_setup(void **state);
int scenario_files_teardown(void **state);
int scenario_trees_setup(void **state);
int scenario_trees_teardown(void **state);

/* Where several ends failed: the one that says how it began is as the fault. */
void scenario_expect(int code);
int scenario_expected(void);
avow_value_t scenario_outcome(const avow_value_t *settled, void *data);

#endif
