/* SPDX-License-Identifier: MIT */
/* What turns libcurl: its multi handle's descriptors and timer on the loop. */
#ifndef AVOW_CURL_MULTI_SOCKET_H
#define AVOW_CURL_MULTI_SOCKET_H

#include "client.h"

/* False without memory, and then nothing is on the loop. */
bool avow__curl_multi_start(client_t *c);

/* Has libcurl go on with what it has paused but for what is said. If it cannot
   the transfer is to end, for what it had kept is lost. */
CURLcode avow__curl_go_on(client_t *c, CURL *easy, int paused);

/* Tells libcurl what there is of a descriptor, or, for CURL_SOCKET_TIMEOUT,
   that its time has come. */
void avow__curl_drive(client_t *c, curl_socket_t fd, int events);

/* Calls libcurl in the next turn. */
void avow__curl_drive_soon(client_t *c);

/* Has libcurl take over the limits of connections. */
void avow__curl_multi_limit(client_t *c);

/* Ends the multi handle, which has no transfers, and closes all handles. */
void avow__curl_multi_stop(client_t *c);

/* Whether libcurl will be called again for what the loop waits for. */
bool avow__curl_waits(const client_t *c);

#endif
