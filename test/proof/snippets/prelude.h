/* SPDX-License-Identifier: MIT */
/* Declarations that the snippets of the documents use. */
#ifndef PRELUDE_H
#define PRELUDE_H

#include <avow/all.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asker.h"

extern uv_loop_t *loop;

/* Sends a request that takes a while. Settles as BYTES, the name in capitals.
   "slow" takes longer, and "never" longer than any test waits. A name that
   begins with "no " rejects with UV_ENOENT. */
avow_promise_t *get(const char *name);

/* The request of an older library with callbacks: it calls cb later with the
   answer. */
void old_get(const char *name, void (*cb)(void *data, const char *answer),
             void *data);

/* Returns the largest number of simultaneous requests since the last call. */
int most_at_once(void);

/* Makes two connected pipes that can transfer handles. close_pair() settles as
   NONE when both are closed again. */
void open_pair(uv_pipe_t ends[2]);
avow_promise_t *close_pair(uv_pipe_t ends[2]);

/* Prints a line. */
void say(const char *format, ...) AVOW_PRINTF(1, 2);

/* Returns the bytes of a value. */
static inline const char *text(const avow_value_t *v) {
  return avow_to_bytes(v, NULL);
}

#endif
