/* SPDX-License-Identifier: MIT */
/*
 * Responses. The head is complete when the program gets the response. The body
 * after it is a byte stream. libcurl is paused while a piece of the body waits
 * to be read. This applies backpressure to the server.
 */
#ifndef AVOW_CURL_RESPONSE_H
#define AVOW_CURL_RESPONSE_H

#include "avow/stream_class.h"
#include "client.h"

typedef struct response_s response_t;

/* Creates a response that waits for its head. *out settles with the response,
   and canceling it cancels the response. Returns NULL if out of memory, with a
   rejected promise in *out. */
response_t *avow__curl_response_new(client_t *c, avow_promise_t **out);

/* Starts the transfer. With `collects`, the program gets the whole body at
   once. Keeps the stream to be sent until the transfer ends. */
void avow__curl_response_begin(response_t *r, const avow_curl_t *client,
                               const char *url, const avow_fetch_options_t *o,
                               bool collects);

#endif
