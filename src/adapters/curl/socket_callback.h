/* SPDX-License-Identifier: MIT */
/* Descriptors of libcurl that the loop polls. */
#ifndef AVOW_CURL_SOCKET_CALLBACK_H
#define AVOW_CURL_SOCKET_CALLBACK_H

#include "client.h"

/* The CURLMOPT_SOCKETFUNCTION. */
int avow__curl_poll(CURL *easy, curl_socket_t fd, int what, void *client,
                    void *assigned);

/* Stops all remaining polls. */
void avow__curl_poll_nothing(client_t *c);

#endif
