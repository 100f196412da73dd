/* SPDX-License-Identifier: MIT */
/*
 * Clients: a multi handle on a loop, from beginning to end. A client is known
 * to the program as a promise in disguise, fulfilled with the object that it
 * is, or rejected with why there is none. Each transfer holds that, too.
 *
 * It ends when nobody holds it, or with the loop. Then it first waits until its
 * last transfer is out, for libcurl would wait for the threads of those that
 * look up names, and for its handles of libuv's to be closed; `gone`, which is
 * shielded, has the loop that closes wait for that.
 */
#ifndef AVOW_CURL_CLIENT_H
#define AVOW_CURL_CLIENT_H

#include "avow/cancel.h"
#include "avow/curl.h"

typedef struct transfer_s transfer_t;
typedef struct polled_s polled_t;
typedef struct host_s host_t;

enum { CLIENT_ROWS = 256 };

/* A list of transfers, in the order in which they joined it. */
typedef struct {
  transfer_t *first, *last;
} transfers_t;

typedef struct client_s {
  uv_loop_t *loop;
  CURLM *multi;               /* NULL once it has ended */
  uv_timer_t timer;           /* when libcurl wants to be called next */
  uv_idle_t soon;             /* and if that is in the next turn */
  host_t *hosts[CLIENT_ROWS]; /* by name */
  host_t *ready, *last_ready; /* hosts whose transfers may begin */
  transfers_t transfers;      /* those in the multi handle, but for these: */
  transfers_t pausing;        /* have paused: nobody has read their bodies, */
  transfers_t held;      /* nor did when the loop came back: do not count */
  transfers_t unwanted;  /* those that are to come out */
  transfers_t lingering; /* those that will when their look-up has ended */
  CURL *spare;           /* has libcurl try again those that wait in it */
  polled_t *polled;      /* the descriptors of its connections */
  avow_deferred_t *life; /* is cancelled when the loop closes */
  avow_promise_t *ended; /* its promise, which then answers all */
  avow_deferred_t *gone; /* settles when nothing of it is left on the loop */
  avow_promise_t *shield;
  void (*set)(CURL *easy, void *data); /* options of each fetch; NULL */
  void *data;
  unsigned host_connections; /* the limit for each host, */
  unsigned connections;      /* the limit in all now, */
  unsigned most_connections; /* and while there are descriptors enough */
  unsigned used;             /* connections of transfers that count */
  unsigned waiting;          /* transfers that have not begun */
  unsigned held_count;       /* transfers that are held */
  unsigned ends;             /* of transfers, while descriptors are short */
  unsigned inside;  /* calls of libcurl that are under way; see enter() */
  unsigned handles; /* of libuv's that are not closed */
  bool ending;      /* no transfer begins any more */
  bool let_go;      /* nobody knows it any more */
} client_t;

/* The client; NULL of one that was refused. */
client_t *avow__curl_self(const avow_curl_t *client);

/* One more reference to it, and one less. */
avow_curl_t *avow__curl_ref(const avow_curl_t *client);

/*
 * Around each call of libcurl that may call back. When the outermost leaves,
 * what has become of the transfers meanwhile is seen to: libcurl does not let
 * its functions remove one, nor a client end.
 */
void avow__curl_enter(client_t *c);
void avow__curl_leave(client_t *c);

/* libcurl cannot go on for want of memory: all that is asked of the client, and
   will be, rejects. */
void avow__curl_give_up(client_t *c);

/* A handle of the client's is closed: the last may be the end of it. */
void avow__curl_handle_closed(client_t *c);

#endif
