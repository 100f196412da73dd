/* SPDX-License-Identifier: MIT */
/*
 * Hosts, and which transfer starts next. A transfer waits in the queue of its
 * host, outside libcurl. There it costs no time while others run, no timeout of
 * libcurl runs, and it does not block transfers to other hosts.
 */
#ifndef AVOW_CURL_HOST_H
#define AVOW_CURL_HOST_H

#include "client.h"

struct host_s {
  client_t *client;
  host_t *next;        /* in its row of the table */
  host_t *next_ready;  /* in the client's queue of hosts */
  transfers_t waiting; /* transfers that have not started */
  unsigned running;    /* running transfers that count (transfer.c) */
  unsigned refs;       /* of its transfers, and of the queue of hosts */
  bool is_ready;       /* it is in the queue of hosts */
  bool multiplexes;    /* one connection carries many transfers */
  bool is_any;         /* no URL is known: libcurl limits by host */
  size_t len;
  char name[];
};

/* Returns the host of the URL with a new reference, or NULL if out of memory.
   All transfers with a URL of NULL share a host without a limit of its own. */
host_t *avow__curl_host(client_t *c, const char *url);
void avow__curl_host_unref(host_t *host);

/* Called when a transfer waits, or when more may run. The host joins the queue
   if one of its transfers may start. */
void avow__curl_host_ready(host_t *host);

/* Takes the next host from the queue, whose first transfer then starts. Returns
   NULL if none may start. */
host_t *avow__curl_host_next(client_t *c);

/* Adds `more` to the running transfers; it may be negative. */
void avow__curl_host_run(host_t *host, int more);

/* Notes that one connection carries many transfers. */
void avow__curl_host_multiplexes(host_t *host);

#endif
