/* Transfers: easy handles while they are in a client's multi handle. */
#ifndef AVOW_CURL_TRANSFER_H
#define AVOW_CURL_TRANSFER_H

#include "client.h"

/* avow_curl_perform(), and calls ended when its promise settles, or is
   cancelled: from then on easy is out of reach. Not where it is refused. */
avow_promise_t *avow__curl_transfer(const avow_curl_t *client, CURL *easy,
                                    void (*ended)(void *), void *data);

/* Sees to transfers that are done, and to those that nobody wants any more.
   Only avow__curl_leave() calls this. */
void avow__curl_reap(client_t *c);

/* Whether there are any. */
bool avow__curl_has_transfers(const client_t *c);

/* Rejects all transfers with that code. */
void avow__curl_fail_all(client_t *c, int err);

#endif
