/* SPDX-License-Identifier: MIT */
/* Transfers: easy handles while they are in a client's multi handle. */
#ifndef AVOW_CURL_TRANSFER_H
#define AVOW_CURL_TRANSFER_H

#include "client.h"

/* Who wants to know of a transfer, without memory for a handler, too. */
typedef struct {
  /* Makes the easy handle when the transfer begins; returns NULL if an
     allocation fails. Not called if avow__curl_transfer() was given one. */
  CURL *(*make)(void *data);
  /* How it ends, just before its promise settles: v is the error, or what has
     the easy handle, which may be asked for the last time. */
  void (*ended)(void *data, const avow_value_t *v);
  /* Behind that: nothing of easy is called any more. */
  void (*out)(void *data);
  void *data;
} hooks_t;

/* As avow_curl_perform(). Calls `ended` and `out` once each, also if it refuses
   the transfer. `url` names the host whose limit applies; NULL: unknown. */
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
