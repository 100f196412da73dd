/* SPDX-License-Identifier: MIT */
/*
 * What stands in for examples/program.c in a simulation: nothing is printed,
 * and instead of a signal somebody says that it is time to stop.
 */
#ifndef QUIET_H
#define QUIET_H

#include <avow/all.h>
#include <stdio.h>

/* In the examples, whose files these are included in. */
#define printf(...) ((void) 0)
#undef stderr
#define stderr quiet_stderr

/* Nowhere. */
extern FILE *quiet_stderr;

/* Begins: an example, and those that it is there for. What it returns settles
   when all are gone, and rejects if one got what it should not. */
avow_promise_t *chat_town(uv_loop_t *loop, void *data);
avow_promise_t *proxy_town(uv_loop_t *loop, void *data);
avow_promise_t *upload_town(uv_loop_t *loop, void *data);

/* Before that: nobody is interrupted. */
void quiet_begin(void);

/* program_interrupted() settles, also if it is called later. */
void quiet_interrupt(void);

/* A connection to that port, in *out, for which it may try some times. */
avow_value_t quiet_connect(uv_loop_t *loop, const char *port, uint64_t most,
                           avow_value_t *out);

/* Waits between tries, by the program's chance. NONE, or that was cancelled. */
avow_value_t quiet_pause(uv_loop_t *loop, uint64_t most);

#endif
