/* SPDX-License-Identifier: MIT */
/* The beginning and the end of the examples. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <avow.h>

/* Must be called first, with argv[0]. It opens closed standard descriptors,
   so that no socket gets their numbers; reading and writing them fails. It
   also ignores SIGPIPE, so that writing to a closed connection fails with
   UV_EPIPE. */
void program_start(const char *path);

/* The last part of the path. */
const char *program_name(void);

/* A loop on which avow is initialized. */
uv_loop_t *program_begin(void);

/* All handles of the program must be closed or closing. Returns the exit
   status: 1 if the output could not be written, otherwise `status`. */
int program_end(uv_loop_t *loop, int status);

/* Reports an error and ends the program. */
_Noreturn void program_fail(const char *what, int err);

/* Reports an error, which it takes ownership of. Returns 1, the exit status. */
int program_complain(avow_value_t error);

/* Writes all output. Returns false if that fails. The failure is reported once,
   unless the reader just closed the pipe. */
bool program_flush(void);

/* Settles at the first SIGINT or SIGTERM. The second signal ends the program.
   The promise must be canceled when it is no longer needed. */
avow_promise_t *program_interrupted(uv_loop_t *loop);

/* Stops waiting for the signal. Takes ownership of the promise. */
void program_forget(avow_promise_t *interrupted);

#endif
