/* SPDX-License-Identifier: MIT */
/* Fixture: a stream, and a plain descriptor for its other end. */
#ifndef PEER_H
#define PEER_H

#include "harness.h"

extern uv_stream_t *const stream;
extern int peer; /* -1 after the peer hung up */

/* Set up a test with a pair of Unix domain sockets, or with a connection on
   loopback. */
int peer_setup_pipe(void **state);
int peer_setup_tcp(void **state);
int peer_teardown(void **state);

/* Actions of the peer. */
void say(const char *text);
void hang_up(void);

/* Tells whether the stream is being read. */
bool reads(void);

/* Runs one iteration, which finds what the peer sent. The stream keeps the loop
   alive. */
void turn(void);

#endif
