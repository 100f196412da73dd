/* SPDX-License-Identifier: MIT */
/* A stream of the test's and the other end of it, a plain descriptor. */
#ifndef PEER_H
#define PEER_H

#include "harness.h"

extern uv_stream_t *const stream;
extern int peer; /* -1 when it hung up */

/* Set a test up with a pair of Unix domain sockets, or a connection on
   loopback. */
int peer_setup_pipe(void **state);
int peer_setup_tcp(void **state);
int peer_teardown(void **state);

/* What the peer does. */
void say(const char *text);
void hang_up(void);

/* Whether the stream is being read from. */
bool reads(void);

/* One turn of the loop that finds what was said; the stream keeps it alive. */
void turn(void);

#endif
