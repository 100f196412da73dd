/* SPDX-License-Identifier: MIT */
/*
 * Small programs, each with a defect of a common kind, which -DMENDED repairs.
 * They use only the public interface of avow and do not know the simulator. The
 * promise of begin() rejects if the program did not reach its goal.
 */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <avow/all.h>

typedef avow_promise_t *(*begin_fn)(uv_loop_t *loop, void *data);

/* The faults that a program must survive. */
enum {
  BEARS_NET = 1,
  BEARS_FS = 2,
  BEARS_MEMORY = 4,
  BEARS_CANCEL = 8,
  BEARS_CRASH = 16
};

typedef struct program_s {
  const char *name;
  const char *defect; /* one sentence */
  begin_fn begin;
  begin_fn recover; /* checks what a crash left; or NULL */
  unsigned bears;
} program_t;

extern const program_t deaf_server, half_done, half_written, kept_failure,
    leaked_permit, leaked_value, left_locked, lost_item, paid_twice,
    settled_twice, short_read, stale_check;

/* All programs, and NULL at the end. */
extern const program_t *const programs[];

#endif
