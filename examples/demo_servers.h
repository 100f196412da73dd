/* SPDX-License-Identifier: MIT */
/* Servers on loopback, one for each way in which a request can end. */
#ifndef DEMO_SERVERS_H
#define DEMO_SERVERS_H

#include <avow.h>

#include "demo_papers.h"
#include "web.h"

/* Two servers speak TLS. A client trusts the first one but not the second. All
   servers except the last one have their own way to end a request. The last one
   resets the first two requests and answers the next. */
enum { DEMO_SERVERS = 7, DEMO_MOST };

typedef struct {
  const char *name;
  web_target_t target; /* for clients */
  char url[80];
  avow_cb on_request;
  uv_loop_t *loop;
  avow_value_t socket;
  avow_channel_t *visitors;
  papers_t papers; /* for TLS */
  avow_value_t settings;
  int asked; /* number of requests */
} demo_server_t;

/* Starts the first `n` servers, each on a free port. On failure the program
   exits. */
void demo_start(uv_loop_t *loop, demo_server_t servers[], size_t n);

/* Does nothing if the servers were not started. */
void demo_stop(demo_server_t servers[], size_t n);

#endif
