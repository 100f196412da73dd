/* SPDX-License-Identifier: MIT */
/* Shared code of the tests of uploads: a body that is one end of a pair in
   memory. */
#ifndef SENDING_H
#define SENDING_H

#include "avow/duplex.h"
#include "curl_test.h"

enum { ROOM = 1000 }; /* capacity of the pair */

/* The end that is sent, which upload() releases, and the other end. */
extern avow_value_t body, feed;

void begin_body(const avow_duplex_options_t *options);

/* Writes n bytes to the other end and then releases it. */
void feed_bytes(size_t n);

/* Releases the other end, which ends the body. */
void end_feed(void);

/* Sends `length` bytes of the body, or all of it if `length` is 0. */
avow_promise_t *upload(const char *url, size_t length);

#endif
