/* SPDX-License-Identifier: MIT */
/* Request bodies that are streams, which libcurl reads. */
#ifndef AVOW_CURL_UPLOAD_H
#define AVOW_CURL_UPLOAD_H

#include "avow/stream.h"
#include "client.h"
#include "handles_in_use.h"

typedef struct {
  client_t *client;
  CURL *easy;         /* NULL once its transfer is over */
  avow_value_t owner; /* of the stream, or NONE */
  known_t stream;     /* marks the stream as in use by this upload */
  uint64_t left;      /* bytes to read, if `is_known` */
  avow_value_t piece; /* bytes that were read; those before `at` were sent */
  size_t at;          /* in `piece` */
  avow_deferred_t *asked; /* waits until libcurl wants more */
  avow_promise_t *turns;  /* the repeat that waits and reads */
  bool is_known;          /* the length is known */
  bool wanted;            /* libcurl is paused until there are more bytes */
  bool begun;             /* bytes were sent */
  bool again;             /* sent bytes would be needed again */
  bool over;              /* nothing follows `piece` */
  /* Called when the stream has failed. Takes ownership of `error`. The stream
     is not read any more. */
  void (*failed)(void *data, avow_value_t error);
  void (*go_on)(void *data); /* called when there are bytes to send */
  void (*ended)(void *data);
  void *data;
} upload_t;

/* Whether a request sends the stream of this owner, and may read more. */
bool avow__curl_is_uploaded(const avow_value_t *owner);

/* Makes `easy` send `length` bytes of the owner's stream, or all if `length` is
   0. Takes ownership of `owner`. */
void avow__curl_upload_set(upload_t *u, CURL *easy, avow_value_t owner,
                           uint64_t length);

/* Called when the transfer has started. ended() is called once after this. */
void avow__curl_upload_begin(upload_t *u);

/* Called when the server wants no more of the body, so that libcurl does not
   wait for it. */
void avow__curl_upload_refused(const upload_t *u);

/* Called when the transfer is over. The stream is not read any more. */
void avow__curl_upload_end(upload_t *u);

void avow__curl_upload_free(upload_t *u);

#endif
