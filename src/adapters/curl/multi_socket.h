/* SPDX-License-Identifier: MIT */
/* Drives libcurl: the descriptors and the timer of its multi handle on the
   loop. */
#ifndef AVOW_CURL_MULTI_SOCKET_H
#define AVOW_CURL_MULTI_SOCKET_H

#include "client.h"

/* Returns false if out of memory. Then no handle is on the loop. */
bool avow__curl_multi_start(client_t *c);

/* Continues a paused transfer. `paused` has the CURLPAUSE_ flags of directions
   that stay paused. After a failure the transfer must end, because the bytes
   that libcurl had kept are lost. */
CURLcode avow__curl_go_on(client_t *c, CURL *easy, int paused);

/* Reports the events of a descriptor to libcurl, or an expired timeout for
   CURL_SOCKET_TIMEOUT. */
void avow__curl_drive(client_t *c, curl_socket_t fd, int events);

/* Calls libcurl in the next iteration. */
void avow__curl_drive_soon(client_t *c);

/* Sets the limits of connections in libcurl. */
void avow__curl_multi_limit(client_t *c);

/* Ends the multi handle, which must have no transfers, and closes all
   handles. */
void avow__curl_multi_stop(client_t *c);

/* Whether an event of the loop will call libcurl again. */
bool avow__curl_waits(const client_t *c);

#endif
