/* SPDX-License-Identifier: MIT */
/*
 * Responses: the head, which is there when the program gets one, and the body
 * behind it, a byte stream. libcurl is told to pause while a piece of the body
 * is there that nobody has read, and so holds the server back.
 */
#ifndef AVOW_CURL_RESPONSE_H
#define AVOW_CURL_RESPONSE_H

#include "avow/stream_class.h"
#include "client.h"

typedef struct response_s response_t;

/* One whose head is to come: *out settles with it, and cancels it. NULL without
   memory, and *out says so. */
response_t *avow__curl_response_new(client_t *c, avow_promise_t **out);

/* Begins the transfer; collects: the program wants all of the body, at once.
   The body that is sent stays as long as the transfer does. */
void avow__curl_response_begin(response_t *r, const avow_curl_t *client,
                               const char *url, const avow_fetch_options_t *o,
                               bool collects);

#endif
