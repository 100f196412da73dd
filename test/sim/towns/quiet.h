/* SPDX-License-Identifier: MIT */
/*
 * A substitute for examples/program.c in a simulation. It prints nothing, and
 * quiet_interrupt() stands for the signal.
 */
#ifndef QUIET_H
#define QUIET_H

#include <avow/all.h>
#include <stdio.h>

/* For the files of the examples, which the simulations include. */
#define printf(...) ((void) 0)
#undef stderr
#define stderr quiet_stderr

/* Discards all output. */
extern FILE *quiet_stderr;

/* Starts an example and its clients. The promise settles when all have ended.
   It rejects if one received wrong data. */
avow_promise_t *chat_town(uv_loop_t *loop, void *data);
avow_promise_t *proxy_town(uv_loop_t *loop, void *data);
avow_promise_t *upload_town(uv_loop_t *loop, void *data);

/* Call this before the example starts: no interrupt is pending. */
void quiet_begin(void);

/* Settles program_interrupted(), even if the example calls it later. */
void quiet_interrupt(void);

/* Connects to the port, possibly after several tries. Stores the connection in
   `*out`. */
avow_value_t quiet_connect(uv_loop_t *loop, const char *port, uint64_t most,
                           avow_value_t *out);

/* Waits for a random time between tries. Returns NONE, or UV_ECANCELED. */
avow_value_t quiet_pause(uv_loop_t *loop, uint64_t most);

#endif
