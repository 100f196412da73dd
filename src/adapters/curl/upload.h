/* SPDX-License-Identifier: MIT */
/* Bodies of requests that are streams: libcurl reads them. */
#ifndef AVOW_CURL_UPLOAD_H
#define AVOW_CURL_UPLOAD_H

#include "avow/stream.h"
#include "client.h"
#include "handles_in_use.h"

typedef struct {
  client_t *client;
  CURL *easy;             /* NULL once its transfer is over */
  avow_value_t owner;     /* of the stream; NONE: there is none */
  known_t stream;         /* that is read for this alone */
  uint64_t left;          /* that is to be read of it, if that is known */
  avow_value_t piece;     /* that was read, and from at on not sent */
  size_t at;              /* in that */
  avow_deferred_t *asked; /* who waits until libcurl wants more */
  avow_promise_t *turns;  /* of waiting for that, and of reading */
  bool is_known;          /* how much it is */
  bool wanted;            /* libcurl is paused until there is more */
  bool begun;             /* something was sent, */
  bool again;             /* and would have to be once more */
  bool over;              /* nothing comes behind the piece */
  /* How the stream has failed, which is taken; and that no more is read. */
  void (*failed)(void *data, avow_value_t error);
  void (*go_on)(void *data); /* there is something to send */
  void (*ended)(void *data);
  void *data;
} upload_t;

/* Whether a request sends the stream of that owner, and may read on. */
bool avow__curl_is_uploaded(const avow_value_t *owner);

/* Has easy send what the owner's stream gives: so many bytes, or, for a length
   of 0, all of them. Takes owner. */
void avow__curl_upload_set(upload_t *u, CURL *easy, avow_value_t owner,
                           uint64_t length);

/* Its transfer has begun. From then on ended() is called once. */
void avow__curl_upload_begin(upload_t *u);

/* The server wants no more of it: libcurl is not to wait for that. */
void avow__curl_upload_refused(const upload_t *u);

/* Its transfer is over: nothing is read any more. */
void avow__curl_upload_end(upload_t *u);

void avow__curl_upload_free(upload_t *u);

#endif
