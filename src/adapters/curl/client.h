/* SPDX-License-Identifier: MIT */
/*
 * Clients: a multi handle on a loop, from start to end. The public type of a
 * client stands for a promise. This promise is fulfilled with the client's
 * object, or rejected with the reason why there is none. Each transfer has a
 * reference to this promise.
 *
 * A client ends with its last reference, or with the loop. It first waits until
 * its last transfer is removed, because libcurl would block on threads that
 * resolve names. It then waits until its libuv handles are closed. A loop that
 * closes waits for `gone`, which is shielded, and so for all this.
 */
#ifndef AVOW_CURL_CLIENT_H
#define AVOW_CURL_CLIENT_H

#include "avow/cancel.h"
#include "avow/curl.h"

typedef struct transfer_s transfer_t;
typedef struct polled_s polled_t;
typedef struct host_s host_t;

enum { CLIENT_ROWS = 256 };

/* List of transfers, in the order in which they joined it. */
typedef struct {
  transfer_t *first, *last;
} transfers_t;

typedef struct client_s {
  uv_loop_t *loop;
  CURLM *multi;               /* NULL once it has ended */
  uv_timer_t timer;           /* for the next call that libcurl has requested */
  uv_idle_t soon;             /* instead of the timer if the call is due now */
  host_t *hosts[CLIENT_ROWS]; /* by name */
  host_t *ready, *last_ready; /* hosts whose transfers may start */
  /* in the multi handle, except those in the next lists */
  transfers_t transfers;
  transfers_t pausing;   /* paused, because their bodies are not read */
  transfers_t held;      /* not read for an iteration: they do not count */
  transfers_t unwanted;  /* to be removed */
  transfers_t lingering; /* to be removed when their lookup has ended */
  CURL *spare;           /* makes libcurl retry its waiting transfers */
  polled_t *polled;      /* descriptors of the connections */
  avow_deferred_t *life; /* canceled when the loop closes */
  /* promise of `life`; once it has settled, all calls return it */
  avow_promise_t *ended;
  /* settles when the client has no handles on the loop */
  avow_deferred_t *gone;
  avow_promise_t *shield;
  /* sets options of each transfer; NULL: none */
  void (*set)(CURL *easy, void *data);
  void *data;
  unsigned host_connections; /* limit for each host */
  unsigned connections;      /* current limit in total */
  unsigned most_connections; /* limit while there are enough descriptors */
  unsigned used;             /* connections that count: transfer.c */
  unsigned waiting;          /* transfers that have not started */
  unsigned held_count;       /* transfers in `held` */
  unsigned ends;    /* transfers that ended while descriptors were short */
  unsigned inside;  /* nested calls of libcurl; see avow__curl_enter() */
  unsigned handles; /* libuv handles that are not closed */
  bool ending;      /* no more transfers start */
  bool is_released; /* the last reference is released */
} client_t;

/* Reports a client that is NULL, with the name of the calling function. */
#ifndef NDEBUG
#  define avow__curl_check_client(client) \
    avow__curl_check_client_in(client, __func__)
#else
#  define avow__curl_check_client(client) ((void) (client))
#endif
void avow__curl_check_client_in(const avow_curl_t *client, const char *called);

/* Returns the client, or NULL if it was refused. */
client_t *avow__curl_self(const avow_curl_t *client);

/* Returns a new reference to the client. */
avow_curl_t *avow__curl_ref(const avow_curl_t *client);

/*
 * Called before and after each call of libcurl that may call back. When the
 * outermost call returns, transfers that have ended are removed. libcurl does
 * not allow its callbacks to remove a transfer or end a client.
 */
void avow__curl_enter(client_t *c);
void avow__curl_leave(client_t *c);

/* Ends a client whose libcurl is out of memory. All current and later calls
   reject. */
void avow__curl_give_up(client_t *c);

/* Called when a handle of the client is closed. After the last one, the client
   may be freed. */
void avow__curl_handle_closed(client_t *c);

#endif
