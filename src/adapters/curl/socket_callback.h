/* SPDX-License-Identifier: MIT */
/* Descriptors of libcurl's that the loop polls. */
#ifndef AVOW_CURL_SOCKET_CALLBACK_H
#define AVOW_CURL_SOCKET_CALLBACK_H

#include "client.h"

/* Its CURLMOPT_SOCKETFUNCTION. */
int avow__curl_poll(CURL *easy, curl_socket_t fd, int what, void *client,
                    void *assigned);

/* Stops all that are left. */
void avow__curl_poll_nothing(client_t *c);

#endif
