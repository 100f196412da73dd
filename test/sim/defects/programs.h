/* SPDX-License-Identifier: MIT */
/*
 * Small programs, each with a defect as people make them, which -DMENDED mends.
 * They know avow's public interface and nothing of what tests them: begin()
 * rejects if what the program is there for did not come true.
 */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <avow/all.h>

typedef avow_promise_t *(*begin_fn)(uv_loop_t *loop, void *data);

/* What a program is to bear. */
enum {
  BEARS_NET = 1,
  BEARS_FS = 2,
  BEARS_MEMORY = 4,
  BEARS_CANCEL = 8,
  BEARS_CRASH = 16
};

typedef struct program_s {
  const char *name;
  const char *defect; /* in words */
  begin_fn begin;
  begin_fn recover; /* looks at what is left after a crash; or NULL */
  unsigned bears;
} program_t;

extern const program_t deaf_server, half_done, half_written, kept_failure,
    leaked_permit, leaked_value, left_locked, lost_item, paid_twice,
    settled_twice, short_read, stale_check;

/* All of these, and NULL. */
extern const program_t *const programs[];

#endif
