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
  bool (*is_intact)(void); /* asked once after each run, however that went */
  unsigned calls;          /* that it makes */
  unsigned optional;       /* of these, whose failure does no harm */
} scenario_t;

/* Copies a file in chunks from where the files stand, each as one or in several
   parts, and at once at offset 0. */
extern const scenario_t copying, copying_parts, copying_at;
extern const scenario_t reading_file;
/* Four files, at the same time. */
extern const scenario_t reading_files;
/* One writes where no file is, the other in the place of one. */
extern const scenario_t writing_file, replacing_file;

/* Through a link, to a place that the link says. */
extern const scenario_t replacing_link;
extern const scenario_t sending_file;
/* A directory with directories, files and a link. */
extern const scenario_t copying_tree, overwriting_tree, removing_tree;
extern const scenario_t making_dirs, globbing;

/* Connects, has some messages echoed, ends, hears the other side end. */
extern const scenario_t echoing;
/* Sends more than sockets hold in several writes to who reads it all. */
extern const scenario_t flooding;

/* The same with an echo that is a pump. */
extern const scenario_t pumping, pump_flooding;

/* Connects to one of two addresses, and is greeted. */
extern const scenario_t connecting;
/* Datagrams, one at a time. */
extern const scenario_t sending_datagrams;
/* Has a command say what it is told. */
extern const scenario_t commanding;
/* Accept by themselves: a failure but delays that. */
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
