/* SPDX-License-Identifier: MIT */
#include "sending.h"

enum { LARGEST = 300000 };

static char bytes[LARGEST];
avow_value_t body, feed;

void begin_body(const avow_duplex_options_t *options) {
  avow_value_t ends = avow_duplex(loop, ROOM, options);
  if (avow_is_error(&ends)) {
    body = avow_none();
    feed = avow_none();
    return;
  }
  feed = avow_value_ref(avow_list_at(&ends, 0));
  body = avow_value_ref(avow_list_at(&ends, 1));
  avow_value_unref(ends);
}

void end_feed(void) {
  avow_value_clear(&feed);
}

static avow_value_t pass(const avow_value_t *error, void *unused) {
  return avow_none();
}

/* Closes the feed in any case, because the body would not end otherwise. */
static void over(void *unused) {
  end_feed();
}

void feed_bytes(size_t n) {
  for (size_t i = 0; i < LARGEST && bytes[LARGEST - 1] == 0; i++)
    bytes[i] = byte_at((int) i);
  avow_promise_t *p = avow_write(avow_to_stream(&feed), avow_bytes(bytes, n));
  p = avow_attach(p, NULL, over);
  avow_unref(avow_catch(p, pass, NULL));
}

avow_promise_t *upload(const char *url, size_t length) {
  const avow_fetch_options_t o = { .body = &body, .body_length = length };
  avow_promise_t *p = avow_curl_fetch(client, url, &o);
  avow_value_clear(&body);
  return p;
}
