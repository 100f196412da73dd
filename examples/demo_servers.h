/* Servers on loopback, one for each way in which a request can end. */
#ifndef DEMO_SERVERS_H
#define DEMO_SERVERS_H

#include <avow.h>

/* The first five end one request each in their own way; the last resets the
   first two and answers the next. */
enum { DEMO_SERVERS = 5, DEMO_FLAKY = 5, DEMO_MOST };

typedef struct {
  uv_tcp_t listener;
  const char *name;
  avow_address_t address;
  avow_cb on_request;
  int asked; /* so often */
} demo_server_t;

/* Starts the first n of them, each on a port that is free. 0 or a libuv code:
   in either case stop them afterwards. */
int demo_start(uv_loop_t *loop, demo_server_t servers[], size_t n);
void demo_stop(demo_server_t servers[], size_t n);

#endif
