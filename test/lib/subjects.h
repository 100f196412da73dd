/* SPDX-License-Identifier: MIT */
/*
 * What can be cancelled: all that makes a promise of something which takes its
 * time, but for operations on files (see fs_operations.h). As tables, so that
 * what holds for each of them is tested with each.
 */
#ifndef SUBJECTS_H
#define SUBJECTS_H

#include "disk.h"

typedef enum {
  BY_ITSELF, /* it completes in its own time */
  IN_POOL,   /* likewise, with a job of the thread pool first */
  ON_FILE,   /* likewise, with a request that the kernel may do as well */
  WHEN_TOLD  /* once complete() was called */
} completes_t;

typedef enum {
  AT_ONCE,  /* cancelling rejects it at once */
  UNWINDS,  /* cancelling rejects it when what it began has ended */
  NEVER,    /* it cannot be cancelled */
  TOO_LATE, /* it is done within the call */
} cancels_t;

typedef struct {
  const char *name; /* of the function */
  completes_t completes;
  cancels_t cancels;
  avow_promise_t *(*start)(void);
  /* NULL where there is nothing to do: */
  void (*complete)(void); /* lets happen what it waits for, if it still does */
  void (*progress)(void); /* lets a part of that happen */
  void (*set)(void);      /* makes what it works on */
  void (*strike)(void);   /* ends that */
} subject_t;

typedef struct {
  const subject_t *at;
  size_t count;
} subjects_t;

#define SUBJECTS(array) \
  { array, sizeof(array) / sizeof((array)[0]) }

extern const subjects_t loop_subjects; /* time, events, threads, channels */
extern const subjects_t tool_subjects; /* what is made of other promises */
extern const subjects_t net_subjects;
extern const subjects_t disk_subjects; /* and processes */

/* Both run the loop where they have to. */
avow_value_t made(avow_promise_t *p); /* what a fixture cannot do without */
void discard(avow_value_t *v);

#endif
