/* SPDX-License-Identifier: MIT */
/*
 * The environment for tests of connectors: names that resolve as a test
 * chooses, ports of loopback, and a server with selectable behavior.
 */
#ifndef WORLD_H
#define WORLD_H

#include "connector.h"

typedef enum {
  WELCOMES,
  WELCOMES_IN_PIECES,
  SAYS_WRONG,
  HANGS_UP,
  KEEPS_SILENT
} manners_t;

/* Once. */
void world_init(void);

/* A server of its own, a port without a listener, and a port where connecting
   never ends. */
void world_open(uv_loop_t *loop, manners_t manners);
void world_close(void);

/* Attempts to connect to somewhere, connections that the server has had, and
   those of them that said hello. */
int world_attempts(void);
int world_connections(void);
int world_greetings(void);

/* The next hello cannot be sent. */
void world_breaks_writing(void);

/* Names: "good", "first-dead", "both-dead", "stuck", "nowhere"; "slow" resolves
   once world_resolves() was called. */
void world_resolves(void);

#endif
