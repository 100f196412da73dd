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
#include <stdatomic.h>

#include "avow/cancel.h"
#include "avow/promise.h"
#include "avow/stream.h"
#include "avow/stream_class.h"
#include "avow/tls.h"

enum {
  AVOW__TLS_READ = 64 * 1024,   /* that a read of the transport asks for */
  AVOW__TLS_RECORD = 16 * 1024, /* the most that one has */
  AVOW__TLS_OUT = 16            /* records that wait to be sent */
};

typedef struct avow__tls_sessions_s avow__tls_sessions_t;

/* What there is of the settings. */
typedef struct {
  SSL_CTX *ctx;
  BIO_METHOD *method;
  avow__tls_sessions_t *sessions; /* that clients remember */
  unsigned char *protocols;       /* as ALPN sends them; NULL */
  unsigned protocols_len;
  X509_STORE *store; /* of ctx, that the system's authorities belong to */
  atomic_bool lacks; /* the system's authorities that are in a file */
} avow__tls_settings_t;

/* A write, from when it is asked for until all of it is sent. */
typedef struct avow__tls_write_s {
  struct avow__tls_write_s *next;
  avow_value_t bytes; /* BYTES, or a LIST of them */
  size_t item, at;    /* of these, what is sealed next */
  size_t len, left;   /* in all, and not sealed yet */
  uint64_t end;       /* its last record; known once left is 0 */
  avow_deferred_t *deferred;
} avow__tls_write_t;

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

extern const avow_class_t avow__tls_class;

/* Not NULL but of what is no settings. */
avow__tls_settings_t *avow__tls_settings_of(const avow_value_t *settings);

/* The settings believe the system's authorities. False: no memory. */
bool avow__tls_authorities_prepare(avow__tls_settings_t *settings);
/* Whether a handshake needs them, and they have to be read. */
bool avow__tls_authorities_lack(const avow__tls_settings_t *settings,
                                bool client);
/* Reads them, on any thread. False: no memory. */
bool avow__tls_authorities_load(avow__tls_settings_t *settings);

avow__tls_sessions_t *avow__tls_sessions_new(void);      /* NULL: no memory */
void avow__tls_sessions_free(avow__tls_sessions_t *all); /* or NULL */
/* Streams of that remember theirs, if they are a client's. */
void avow__tls_sessions_collect(SSL_CTX *ctx);
/* Before its handshake: of a client's, one with the same host, if any. */
void avow__tls_sessions_offer(const avow__tls_t *t);

BIO_METHOD *avow__tls_bio_method(void); /* NULL: no memory */

/* A promise, and who settles it: NULL, and it is rejected, without memory. */
avow_promise_t *avow__tls_defer(const avow__tls_t *t, avow_deferred_t **out);

avow__tls_t *avow__tls_ref(avow__tls_t *t);
void avow__tls_unref(void *data);

/* Lets whoever can go on do so, sends what is there, and reads if somebody
   waits for that. */
void avow__tls_step(avow__tls_t *t);

/* Does the handshake as far as it goes. */
void avow__tls_greet(avow__tls_t *t);

/* Seals what was written, as far as there is room. */
void avow__tls_seal(avow__tls_t *t);
/* Settles the writes, and the shutdown, that are sent, or all if that failed */
void avow__tls_settle_sent(avow__tls_t *t);
/* Rejects them with the error, which is taken. */
void avow__tls_fail_writes(avow__tls_t *t, avow_value_t error);
/* A write of BYTES or a LIST. False: no memory, and both stay. */
bool avow__tls_write_add(avow__tls_t *t, avow_value_t bytes,
                         avow_deferred_t *d);
/* Tells the peer the end, once nothing is to be sealed before that. */
void avow__tls_say_bye(avow__tls_t *t);

/* Sends the records, and asks for more to come, if somebody waits for it. */
void avow__tls_send(avow__tls_t *t);
void avow__tls_fetch(avow__tls_t *t);

/* Ends all that is pending, with UV_ECANCELED, and gives the transport. */
avow_value_t avow__tls_end(avow__tls_t *t);

/* What the last call of OpenSSL's came to. AGAIN: when something has come or
   was sent. */
typedef enum {
  AVOW__TLS_AGAIN,
  AVOW__TLS_END, /* by the peer's word */
  AVOW__TLS_BROKEN
} avow__tls_result_t;

avow__tls_result_t avow__tls_result(avow__tls_t *t, int returned);

/* Of what is not a read, and has no end: whether it is to be called again. */
bool avow__tls_goes_on(avow__tls_t *t, int returned);

/* An error with what OpenSSL's queue says, which is empty then. */
avow_value_t avow__tls_queue_error(int code, const char *what);

#endif
