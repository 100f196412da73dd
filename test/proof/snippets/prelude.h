/* SPDX-License-Identifier: MIT */
/* What the snippets of the documents find around them. */
#ifndef PRELUDE_H
#define PRELUDE_H

#include <avow/all.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asker.h"

extern uv_loop_t *loop;

/* Asks for something that takes a while: BYTES, the name in capitals. "slow"
   takes longer, "never" longer than anybody waits; what begins with "no "
   rejects with UV_ENOENT. */
avow_promise_t *get(const char *name);

/* The same as an older library has it: cb gets the answer, later. */
void old_get(const char *name, void (*cb)(void *data, const char *answer),
             void *data);

/* How many were at work at the same time, at most, since it was asked last. */
int most_at_once(void);

/* Two pipes that are connected with each other, and can carry handles; NONE or
   such when both are closed again. */
void open_pair(uv_pipe_t ends[2]);
avow_promise_t *close_pair(uv_pipe_t ends[2]);

/* A line of output. */
void say(const char *format, ...) AVOW_PRINTF(1, 2);

/* The bytes of a value. */
static inline const char *text(const avow_value_t *v) {
  return avow_to_bytes(v, NULL);
}

#endif
