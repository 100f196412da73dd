/* SPDX-License-Identifier: MIT */
/* How the examples begin and end. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <avow.h>

/* To be called first, with argv[0]. What was closed of the standard input,
   output and error is opened, so that no socket takes its place, but reading
   and writing fails there. Writing to a peer that has gone fails with UV_EPIPE,
   and is not a signal that ends us. */
void program_start(const char *path);

/* The last part of that path. */
const char *program_name(void);

/* A loop with avow ready on it. */
uv_loop_t *program_begin(void);

/* All handles of the program's own are closed or closing. The exit status: 1
   instead of that if the output could not be written. */
int program_end(uv_loop_t *loop, int status);

/* Says what went wrong, and ends the program. */
_Noreturn void program_fail(const char *what, int err);

/* Says what went wrong, and takes the error. Returns 1, the exit status. */
int program_complain(avow_value_t error);

/* Whoever reads our output has all of it by now. False if it cannot be written,
   which is said once, unless the reader just wants no more. */
bool program_flush(void);

/* Settles at the first SIGINT or SIGTERM; the second ends the program. To be
   cancelled when nobody waits for it any more. */
avow_promise_t *program_interrupted(uv_loop_t *loop);

/* Stops waiting for that. Takes it. */
void program_forget(avow_promise_t *interrupted);

#endif
