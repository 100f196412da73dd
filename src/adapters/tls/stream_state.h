/* SPDX-License-Identifier: MIT */
/*
 * A TLS stream. OpenSSL is given what came from the stream below and hands over
 * what is to go there, by a BIO (bio.c); it never waits. Whoever waits has a
 * deferred here; whenever something has changed, step.c looks who can go on.
 *
 * It stays in memory for its value, for a handshake, and for whatever of the
 * transport is pending: refs counts them.
 */
#ifndef AVOW_TLS_STREAM_STATE_H
#define AVOW_TLS_STREAM_STATE_H

#include <openssl/ssl.h>

#include "avow/cancel.h"
#include "avow/promise.h"
#include "avow/stream.h"
#include "avow/stream_class.h"
#include "avow/tls.h"

enum { AVOW__TLS_OUT = 16 }; /* records that wait to be sent */

typedef struct avow__tls_write_s avow__tls_write_t; /* writes.c */

typedef struct {
  unsigned refs;
  uv_loop_t *loop;
  avow_value_t settings;
  avow_value_t transport; /* none once it is closed */
  SSL *ssl;
  char *host; /* that a client speaks to; NULL of a server */

  avow_value_t chunk;    /* BYTES that came, while some are left, or none */
  size_t at;             /* of these, what OpenSSL takes next */
  bool ended;            /* nothing more comes */
  avow_value_t in_error; /* why, if the transport has failed */
  avow_promise_t *fetch; /* the read of the transport, kept to be cancelled */
  bool fetching, fetched, gives_up; /* its handlers have run; it is canceled */

  avow_value_t out[AVOW__TLS_OUT]; /* records, to be sent in one go */
  size_t outs;
  avow_value_t out_error; /* why nothing can be sent any more */
  bool sending;
  size_t in_flight;      /* records, of which nobody has told yet */
  uint64_t sealed, sent; /* records so far */

  avow_value_t broken; /* what OpenSSL could not go on after */

  avow_deferred_t *greeter; /* who waits for the handshake */
  avow_value_t refused;     /* what it is rejected with once that was said */
  avow_deferred_t *reader;
  size_t max_bytes;
  avow__tls_write_t *first, *last; /* writes, the oldest first */
  avow__tls_write_t *next;         /* of these, that may not be sealed yet */
  size_t unsealed;                 /* bytes */
  avow_deferred_t *closer;         /* who waits for the shutdown */
  bool shut, said_bye;
  uint64_t bye; /* the record that says so */
} avow__tls_t;

#endif
