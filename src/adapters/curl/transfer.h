/* SPDX-License-Identifier: MIT */
/* Transfers: easy handles while they are in a client's multi handle. */
#ifndef AVOW_CURL_TRANSFER_H
#define AVOW_CURL_TRANSFER_H

#include "client.h"

/* Hooks of a transfer, which need no memory for a handler. */
typedef struct {
  /* Creates the easy handle when the transfer starts. Returns NULL if an
     allocation fails. Not called if avow__curl_transfer() was given a
     handle. */
  CURL *(*make)(void *data);
  /* Called at the end, just before the promise settles. `v` is the error, or
     the value that owns the easy handle. This is the last moment to query the
     handle. */
  void (*ended)(void *data, const avow_value_t *v);
  /* Called after `ended`. The easy handle is not used any more. */
  void (*out)(void *data);
  void *data;
} hooks_t;

/* Implements avow_curl_perform(). Calls `ended` and `out` once each, even if it
   refuses the transfer. `url` names the host whose limit applies; NULL:
   unknown. */
avow_promise_t *avow__curl_transfer(const avow_curl_t *client, CURL *easy,
                                    const char *url, const hooks_t *hooks);

/* Called when libcurl has paused a transfer whose body is not read, and when
   its body is read again. */
void avow__curl_pauses(client_t *c, CURL *easy);
void avow__curl_is_read(client_t *c, CURL *easy);

/* Stops counting the paused transfers whose bodies are still not read. Returns
   whether there are any. */
bool avow__curl_hold(client_t *c);

/* Notes that the connection of its host carries many transfers. */
void avow__curl_multiplexes(CURL *easy);

/* Handles transfers that are done and those that are unwanted. Only
   avow__curl_leave() calls this. */
void avow__curl_reap(client_t *c);

/* Whether the client has transfers. */
bool avow__curl_has_transfers(const client_t *c);

/* Rejects the transfer of this handle, if it belongs to the client and has not
   ended. */
void avow__curl_fail(client_t *c, const CURL *easy, int err);

/* Rejects all transfers with this code. */
void avow__curl_fail_all(client_t *c, int err);

#endif
