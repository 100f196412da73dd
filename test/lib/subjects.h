/* SPDX-License-Identifier: MIT */
/*
 * Tables of all cancelable operations except those on files (see
 * fs_operations.h). Each common property is tested with each operation that
 * takes time.
 */
#ifndef SUBJECTS_H
#define SUBJECTS_H

#include "disk.h"

typedef enum {
  BY_ITSELF, /* completes without further action */
  IN_POOL,   /* completes after a job of the thread pool */
  ON_FILE,   /* completes after a job of the pool or of io_uring */
  WHEN_TOLD  /* completes after a call of complete() */
} completes_t;

typedef enum {
  AT_ONCE,  /* canceling rejects it at once */
  UNWINDS,  /* canceling rejects it when its work has ended */
  NEVER,    /* cannot be canceled */
  TOO_LATE, /* settles within the call */
} cancels_t;

typedef struct {
  const char *name; /* name of the function */
  completes_t completes;
  cancels_t cancels;
  avow_promise_t *(*start)(void);
  /* These may be NULL: */
  void (*complete)(void); /* lets the awaited event happen, if it is still
                             awaited */
  void (*progress)(void); /* lets a part of the event happen */
  void (*set)(void);      /* creates the objects that the operation uses */
  void (*strike)(void);   /* destroys those objects */
} subject_t;

typedef struct {
  const subject_t *at;
  size_t count;
} subjects_t;

#define SUBJECTS(array) \
  { array, sizeof(array) / sizeof((array)[0]) }

extern const subjects_t loop_subjects; /* time, events, threads, channels */
extern const subjects_t tool_subjects; /* operations on other promises */
extern const subjects_t net_subjects;
extern const subjects_t disk_subjects; /* processes too */

/* Both run the loop if necessary. */
avow_value_t made(avow_promise_t *p); /* a value that the fixture requires */
void discard(avow_value_t *v);

#endif
