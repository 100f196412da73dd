/* How the examples begin and end. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <avow.h>

/* The loop of a program of that name, with avow ready on it. Writing to a peer
   that has gone fails with UV_EPIPE, and is not a signal that ends us. */
uv_loop_t *program_begin(const char *name);

/* All handles of the program's own are closed or closing. */
void program_end(uv_loop_t *loop);

/* Says what went wrong, and ends the program. */
_Noreturn void program_fail(const char *what, int err);

/* From 1 up to max; 0 if the text is not that. */
uint64_t program_number(const char *text, uint64_t max);

/* Settles at the first SIGINT or SIGTERM. To be cancelled when nobody waits for
   it any more. */
avow_promise_t *program_interrupted(uv_loop_t *loop);

#endif
