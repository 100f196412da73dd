/* SPDX-License-Identifier: MIT */
/* Transfers: easy handles while they are in a client's multi handle. */
#ifndef AVOW_CURL_TRANSFER_H
#define AVOW_CURL_TRANSFER_H

#include "client.h"

/* Who wants to know of a transfer, without memory for a handler, too. */
typedef struct {
  /* The easy handle, when it begins; NULL without memory. Who gives that to
     avow__curl_transfer() needs no such function. */
  CURL *(*make)(void *data);
  /* How it ends, just before its promise settles: v is the error, or what has
     the easy handle, which may be asked for the last time. */
  void (*ended)(void *data, const avow_value_t *v);
  /* Behind that: nothing of easy is called any more. */
  void (*out)(void *data);
  void *data;
} hooks_t;

/* avow_curl_perform(), and calls what ends it once each, if it refuses, too.
   url says which host the limit is for; NULL: libcurl finds that. */
avow_promise_t *avow__curl_transfer(const avow_curl_t *client, CURL *easy,
                                    const char *url, const hooks_t *hooks);

/* libcurl has paused it, and nobody has read its body; and somebody does. */
void avow__curl_pauses(client_t *c, CURL *easy);
void avow__curl_is_read(client_t *c, CURL *easy);

/* Those that paused, and that nobody has read since, do not count any more.
   Whether there are any. */
bool avow__curl_hold(client_t *c);

/* The connection of its host carries many transfers. */
void avow__curl_multiplexes(CURL *easy);

/* Sees to transfers that are done, and to those that nobody wants any more.
   Only avow__curl_leave() calls this. */
void avow__curl_reap(client_t *c);

/* Whether there are any. */
bool avow__curl_has_transfers(const client_t *c);

/* Rejects the transfer of that handle with that code, if it is one of ours
   that has not ended. */
void avow__curl_fail(client_t *c, const CURL *easy, int err);

/* Rejects all transfers with that code. */
void avow__curl_fail_all(client_t *c, int err);

#endif
