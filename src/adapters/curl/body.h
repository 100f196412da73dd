/* SPDX-License-Identifier: MIT */
/* The body of a response, as a byte stream. */
#ifndef AVOW_CURL_BODY_H
#define AVOW_CURL_BODY_H

#include "avow/stream_class.h"
#include "client.h"

typedef struct piece_s piece_t;

typedef struct body_s body_t;

struct body_s {
  client_t *client;
  uv_loop_t *loop;
  CURL *easy;              /* NULL once its transfer is over */
  avow_deferred_t *reader; /* who waits for bytes, */
  size_t most;             /* so many of them */
  avow_value_t piece;      /* that has come, and from at on was not read */
  size_t at;
  piece_t *first, *last; /* that have come behind it, */
  unsigned waiting;      /* so many, */
  unsigned room;         /* of which so many may before libcurl pauses */
  bool takes_all;        /* while libcurl writes what it has kept */
  avow_value_t end;      /* an error, or NONE, once it is over */
  bool over, paused, closed;
  bool is_read;                             /* or was */
  bool lacked;                              /* memory, when something came */
  void (*broken)(body_t *b, CURLcode code); /* libcurl has lost a part */
};

extern const avow_stream_class_t avow__curl_bodies;

/* What libcurl writes: its length, or CURL_WRITEFUNC_PAUSE, or less than its
   length without memory. */
size_t avow__curl_body_write(body_t *b, const char *bytes, size_t len);

/* Behind the last byte comes this: an error, or NONE. Taken. */
void avow__curl_body_end(body_t *b, avow_value_t end);

/* All that was written, which is so much: BYTES, or an error without memory. */
avow_value_t avow__curl_body_all(body_t *b, size_t len);

/* Nobody reads it any more. */
void avow__curl_body_close(body_t *b);

void avow__curl_body_free(body_t *b);

#endif
