/* SPDX-License-Identifier: MIT */
/*
 * A TLS stream. OpenSSL reads bytes from the stream below, and writes records
 * to it, through a BIO (bio.c). OpenSSL never blocks. Each pending operation
 * has a deferred here. After each change, step.c checks which operations can
 * continue.
 *
 * The value, a handshake and pending operations of the transport each have a
 * reference, counted in `refs`.
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
  avow_value_t transport; /* NONE once it is closed */
  SSL *ssl;
  char *host; /* peer of a client; NULL for a server */

  avow_value_t chunk;    /* BYTES with unread bytes, or NONE */
  size_t at;             /* position in `chunk` of OpenSSL's next byte */
  bool ended;            /* no more bytes follow */
  avow_value_t in_error; /* the transport's error, if it has failed */
  avow_promise_t *fetch; /* the read of the transport, kept to cancel it */
  /* the read is pending; its handlers have run; it is canceled */
  bool fetching, fetched, gives_up;

  avow_value_t out[AVOW__TLS_OUT]; /* records for the next write */
  size_t outs;
  avow_value_t out_error; /* why no more can be sent */
  bool sending;
  size_t in_flight;      /* records of the pending write */
  uint64_t sealed, sent; /* total numbers of records */

  avow_value_t broken; /* error after which OpenSSL cannot continue */

  avow_deferred_t *handshake; /* the pending handshake */
  avow_value_t refused;       /* why the handshake has failed */
  avow_deferred_t *reader;
  size_t max_bytes;
  avow__tls_write_t *first, *last; /* writes, the oldest first */
  avow__tls_write_t *next;         /* the first write that may not be sealed */
  size_t unsealed;                 /* bytes */
  avow_deferred_t *closer;         /* the pending shutdown */
  bool shut, sent_close_notify;
  uint64_t close_notify; /* the number of the close_notify record */
} avow__tls_t;

#endif
