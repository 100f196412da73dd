/* SPDX-License-Identifier: MIT */
/*
 * Hosts, and which transfer begins next. A transfer waits in the queue of its
 * host, outside of libcurl: there it costs no time while others run, no time
 * limit of libcurl's passes, and it does not block transfers to other hosts.
 */
#ifndef AVOW_CURL_HOST_H
#define AVOW_CURL_HOST_H

#include "client.h"

struct host_s {
  client_t *client;
  host_t *next;        /* in its row of the table */
  host_t *next_ready;  /* in the client's queue of hosts */
  transfers_t waiting; /* the transfers that have not begun */
  unsigned running;    /* transfers that have begun and count */
  unsigned refs;       /* of its transfers, and of the queue of hosts */
  bool is_ready;       /* it is in the queue of hosts */
  bool multiplexes;    /* one connection carries many transfers */
  bool is_any;         /* the URL is not known: libcurl limits by host */
  size_t len;
  char name[];
};

/* The host of that URL, with one more reference; NULL without memory. All
   transfers with a URL of NULL share a host without a limit of its own. */
host_t *avow__curl_host(client_t *c, const char *url);
void avow__curl_host_unref(host_t *host);

/* A transfer waits, or more of them may run: the host joins the queue of hosts
   if one of its transfers may begin. */
void avow__curl_host_ready(host_t *host);

/* Takes a host out of the queue: its first transfer begins. NULL: none may. */
host_t *avow__curl_host_next(client_t *c);

/* So many more of its transfers run; negative: fewer. */
void avow__curl_host_run(host_t *host, int more);

/* One connection carries many transfers. */
void avow__curl_host_multiplexes(host_t *host);

#endif
