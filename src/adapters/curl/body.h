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
  avow_deferred_t *reader; /* the pending read */
  size_t most;             /* its maximum number of bytes */
  /* the piece that is read; the bytes before `at` were read */
  avow_value_t piece;
  size_t at;
  piece_t *first, *last; /* later pieces */
  unsigned waiting;      /* number of later pieces */
  unsigned room;         /* limit of `waiting` before libcurl is paused */
  bool takes_all;        /* while libcurl writes the bytes that it has kept */
  avow_value_t end;      /* an error or NONE, valid once `over` */
  bool over, paused, closed;
  bool is_read;                             /* the body is or was read */
  bool lacked;                              /* out of memory for a piece */
  void (*broken)(body_t *b, CURLcode code); /* libcurl has lost bytes */
};

extern const avow_stream_class_t avow__curl_bodies;

/* Takes bytes that libcurl writes. Returns their length or
   CURL_WRITEFUNC_PAUSE. Returns less than their length if out of memory. */
size_t avow__curl_body_write(body_t *b, const char *bytes, size_t len);

/* Ends the body with an error or NONE, and takes ownership of `end`. */
void avow__curl_body_end(body_t *b, avow_value_t end);

/* Returns all `len` bytes that were written as BYTES, or an error if out of
   memory. */
avow_value_t avow__curl_body_all(body_t *b, size_t len);

/* Cancels the pending read. Later reads reject. */
void avow__curl_body_close(body_t *b);

void avow__curl_body_free(body_t *b);

#endif
