/* SPDX-License-Identifier: MIT */
/* What tests of uploads share: a body that is an end of a pair in memory. */
#ifndef SENDING_H
#define SENDING_H

#include "avow/duplex.h"
#include "curl_test.h"

enum { ROOM = 1000 }; /* of the pair */

/* The end that is sent, which upload() lets go of, and the one behind it. */
extern avow_value_t body, feed;

void begin_body(const avow_duplex_options_t *options);

/* Writes so many bytes there, and then ends it. */
void feed_bytes(size_t n);

/* Lets go of the other end, which ends the body. */
void end_feed(void);

/* Sends the body: so much of it, or, for 0, all. */
avow_promise_t *upload(const char *url, size_t length);

#endif
