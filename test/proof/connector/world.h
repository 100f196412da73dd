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

/* Must be called once, before world_open(). */
void world_init(void);

/* Opens a server, a port without a listener, and a port where connecting never
   ends. */
void world_open(uv_loop_t *loop, manners_t manners);
void world_close(void);

/* Return the number of attempts to connect, of connections that the server
   accepted, and of connections that sent a hello. */
int world_attempts(void);
int world_connections(void);
int world_greetings(void);

/* Makes the next write of a hello fail. */
void world_breaks_writing(void);

/* Resolves the name "slow". The other names resolve at once: "good",
   "first-dead", "both-dead", "stuck" and "nowhere". */
void world_resolves(void);

#endif
