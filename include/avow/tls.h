/* SPDX-License-Identifier: MIT */
/*
 * TLS, by OpenSSL 3: a byte stream over another. An adapter: a library of its
 * own, avow-tls, which is not part of avow.h, and made of avow's public headers
 * alone. Whatever takes an avow_stream_t takes such a stream; what it is over
 * is any stream that a value owns.
 *
 * What reads and writes have beyond any stream's: a read gives at most 16 KiB,
 * and NONE only once the peer has said that it has ended; what ends without
 * rejects with AVOW_TLS_ETRUNCATED, for somebody may have cut it. avow_write()
 * settles once the stream below has taken all that became of the bytes.
 * avow_shutdown() tells the peer that nothing more comes, and reads go on; the
 * stream below stays open. avow_close() tells it as well if all that was
 * written has been taken, without waiting; who only lets go of the value tells
 * nothing. Keys that the peer changes are changed in passing; to renegotiate is
 * refused. After AVOW_TLS_EPROTOCOL both ways are over.
 *
 * OpenSSL's own memory, and its ciphers, are as the program has set them up. It
 * takes some 10 KiB of stack: mind that where async functions have little.
 */
#ifndef AVOW_TLS_H
#define AVOW_TLS_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/** Beside libuv's codes and avow's. Messages say more. */
enum {
  AVOW_TLS_ETRUNCATED = -21001, /* the end came without the peer's word */
  AVOW_TLS_EVERIFY = -21002,    /* the peer's certificate is not accepted */
  AVOW_TLS_EALERT = -21003,     /* the peer has refused, and says why */
  AVOW_TLS_EPROTOCOL = -21004   /* what came is not TLS, or nothing in common */
};

/** Zero in a field stands for its default. */
typedef struct avow_tls_options_s {
  const char *certificate;  /* PEM: ours, and then those that it was signed
                               with; none, which only a client can do without */
  const char *key;          /* PEM: of that certificate, not encrypted */
  const char *authorities;  /* PEM: the only certificates that others are
                               believed by; those of the system, see below */
  const char *protocols;    /* for ALPN, those liked best first: "h2,http/1.1";
                               none, and then any is spoken */
  bool ask_clients;         /* a server's: each has to have a certificate by
                               these authorities */
  const avow_value_t *past; /* a server's: settings that these take the place
                               of, whose clients resume their sessions; none */
  uint64_t reserved[4];     /* zeros, else UV_EINVAL: for later versions */
} avow_tls_options_t;

/**
 * OBJECT: settings that any number of streams share, of any thread: one SSL_CTX
 * with TLS 1.2 and 1.3 (SSL_CTX_new). Streams keep those that they began with:
 * for a certificate that takes the place of another make others, and begin
 * later streams with these. Else an error: UV_EINVAL, with a message, for what
 * is no certificate or no key, not the key of that certificate, no list of
 * protocols, or no past settings; UV_ENOMEM.
 *
 * The system's authorities are read for the first handshake that needs them, a
 * client's or one of a server that asks clients, on the thread pool, and once
 * for all settings of the process; again only when their file has changed.
 * Handshakes that need them wait for that. Certificates that a program adds to
 * SSL_CTX_get_cert_store() are believed as well; a store that it sets by
 * SSL_CTX_set_cert_store() stays without those of the system.
 *
 * Clients of the settings resume sessions of theirs (SSL_session_reused), also
 * on another thread: only with a host, by that name, whose certificate was
 * verified, and is not out of date. Remembered are four sessions of each of 64
 * hosts; by TLS 1.3 they come with what is read first. Servers remember none,
 * but give tickets. SSL_CTX_set_session_cache_mode() can say that nothing is
 * remembered.
 * options may be NULL.
 */
AVOW_API AVOW_MUST_USE avow_value_t
avow_tls_settings(const avow_tls_options_t *options);

/**
 * OBJECT: a stream, see avow_to_stream(), once the handshake over the transport
 * is done (SSL_connect). Takes the transport, a value that owns a stream which
 * nobody reads, and closes that with its own. The peer's certificate has to be
 * of the host, a name or an address, by somebody who is believed: else
 * AVOW_TLS_EVERIFY, with a message that says why. AVOW_TLS_ETRUNCATED,
 * AVOW_TLS_EALERT, AVOW_TLS_EPROTOCOL; UV_EINVAL without a host, for one of
 * more than 255 bytes, for one that begins with a dot, and for an address with
 * a zone ("fe80::1%eth0"), which no certificate has; otherwise it rejects as
 * the transport does. Cancelling closes the transport.
 *
 * The host is compared as it is written: a name in other than ASCII must be in
 * its encoded form ("xn--…"), and no certificate has a name that ends with a
 * dot.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_tls_client(
    const avow_value_t *settings, avow_value_t transport, const char *host);

/**
 * The same for the side that is connected to (SSL_accept): OBJECT, a stream.
 * The settings need a certificate and a key: AVOW_TLS_EPROTOCOL without, and
 * where there is no protocol in common. AVOW_TLS_EVERIFY for a client whose
 * certificate was asked for and is not accepted; AVOW_TLS_EPROTOCOL if it has
 * none. With TLS 1.3 the client hears of that when it reads.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_tls_server(
    const avow_value_t *settings, avow_value_t transport);

struct ssl_ctx_st;
struct ssl_st;

/** OpenSSL's own, an SSL_CTX *, for what it can do beside: before the first
    stream. There as long as the settings. NULL of anything else. */
AVOW_API struct ssl_ctx_st *avow_tls_ssl_ctx(const avow_value_t *settings);

/** OpenSSL's own, an SSL *, of a stream, to be asked what was agreed on; not to
    be read or written. There as long as the stream. NULL of anything else. */
AVOW_API struct ssl_st *avow_tls_ssl(const avow_value_t *stream);

AVOW_HEADER_END

#endif
