/* SPDX-License-Identifier: MIT */
/* Servers on loopback, one for each way in which a request can end. */
#ifndef DEMO_SERVERS_H
#define DEMO_SERVERS_H

#include <avow.h>

#include "demo_papers.h"
#include "web.h"

/* Two speak TLS: a client believes the first, and not the second. All but the
   last end each request in their own way; that resets the first two and answers
   the next. */
enum { DEMO_SERVERS = 7, DEMO_MOST };

typedef struct {
  const char *name;
  web_target_t target; /* to be asked for */
  char url[80];
  avow_cb on_request;
  uv_loop_t *loop;
  avow_value_t socket;
  avow_channel_t *visitors;
  papers_t papers; /* with TLS */
  avow_value_t settings;
  int asked; /* so often */
} demo_server_t;

/* Starts the first n of them, each on a port that is free, or ends the
   program. */
void demo_start(uv_loop_t *loop, demo_server_t servers[], size_t n);

/* None, if they were not started. */
void demo_stop(demo_server_t servers[], size_t n);

#endif
