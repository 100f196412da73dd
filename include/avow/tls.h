/* SPDX-License-Identifier: MIT */
/*
 * TLS by OpenSSL 3: a byte stream over another one.
 *
 * avow-tls is a library of its own that uses only public headers of avow;
 * avow.h does not include this header. All functions that take an avow_stream_t
 * accept a TLS stream. Its transport is any stream that a value owns.
 *
 * A read gives at most 16 KiB. It gives NONE only when the peer has announced
 * its end. If the transport ends without that, reads reject with
 * AVOW_TLS_ETRUNCATED, because an attacker may have cut the connection.
 *
 * avow_write() settles when the transport has accepted all encrypted bytes.
 * avow_shutdown() announces the end to the peer. Reads continue, and the
 * transport stays open. avow_close() announces the end, too, without waiting,
 * if all that was written has been accepted. The release of the value announces
 * nothing.
 *
 * When the peer changes its keys, the stream does so, too. Renegotiation is
 * refused. After AVOW_TLS_EPROTOCOL both directions have ended.
 *
 * Memory functions and ciphers of OpenSSL are as the program has configured
 * them. OpenSSL uses about 10 KiB of stack, which matters in async functions
 * with small stacks.
 */
#ifndef AVOW_TLS_H
#define AVOW_TLS_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/** Error codes of TLS; the messages of the errors have details. */
enum {
  AVOW_TLS_ETRUNCATED = -21001, /* the end came without an announcement */
  AVOW_TLS_EVERIFY = -21002,    /* the peer's certificate is not accepted */
  AVOW_TLS_EALERT = -21003,     /* the peer refused; see the message */
  AVOW_TLS_EPROTOCOL = -21004   /* no TLS was received, or nothing in common */
};

/** Options of settings; 0 or NULL in a field is its default. */
typedef struct avow_tls_options_s {
  const char *certificate;  /* PEM: the own certificate, followed by those that
                               signed it; NULL: none, only for clients */
  const char *key;          /* PEM: key of `certificate`, not encrypted */
  const char *authorities;  /* PEM: the only certificates to trust as
                               authorities; NULL: those of the system */
  const char *protocols;    /* for ALPN, preferred ones first: "h2,http/1.1";
                               NULL: none, and any protocol is accepted */
  bool ask_clients;         /* server: each client must have a certificate by
                               `authorities` */
  const avow_value_t *past; /* server: settings that these replace; their
                               clients can resume their sessions; NULL: none */
  uint64_t reserved[4];     /* must be 0; for later versions */
} avow_tls_options_t;

/**
 * Makes settings for any number of streams, on any thread.
 *
 * Settings have an SSL_CTX, with TLS 1.2 and 1.3. `options` may be NULL.
 * Streams keep the settings that they began with. To replace a certificate,
 * make other settings and begin later streams with these.
 *
 * The system's authorities are read on the thread pool, when the first
 * handshake needs them: that of a client, or of a server with `ask_clients`.
 * Such handshakes wait for that. All settings of the process share what was
 * read, and it is read again only when the file has changed. Certificates that
 * the program adds to SSL_CTX_get_cert_store() are trusted, too. A store that
 * it sets with SSL_CTX_set_cert_store() does not get those of the system.
 *
 * Clients resume sessions of the settings, also on another thread
 * (SSL_session_reused()). They do so only with a host of that name whose
 * certificate was verified and has not expired. Four sessions of each of 64
 * hosts are remembered. With TLS 1.3, a session arrives with the first read.
 * Servers remember no sessions; they give tickets.
 * SSL_CTX_set_session_cache_mode() can disable this memory.
 *
 * @returns OBJECT TLS settings, or an error with a message
 * @error   UV_EINVAL if a certificate or the key cannot be used
 * @error   UV_EINVAL if `key` is not that of `certificate`, or one is missing
 * @error   UV_EINVAL if `protocols` is no list of protocols
 * @error   UV_EINVAL if `past` is no TLS settings
 * @error   UV_EINVAL if a reserved field is not 0
 * @error   UV_ENOMEM if there is no memory for the settings
 * @see     SSL_CTX_new()
 */
AVOW_API AVOW_MUST_USE avow_value_t
avow_tls_settings(const avow_tls_options_t *options);

/**
 * Connects to a TLS server over `transport`.
 *
 * Takes ownership of `transport`, a value that owns a stream without another
 * reader. It is closed with the TLS stream, and if the handshake fails.
 *
 * The certificate of the peer must be one for `host`, a name or an address, by
 * an authority that `settings` trust. `host` is compared as it is written. A
 * name that is not ASCII must be in its encoded form ("xn--…"). No certificate
 * has a name that ends with a dot.
 *
 * @settles OBJECT TLS stream, see avow_to_stream(), after the handshake
 * @rejects as the transport rejects
 * @rejects AVOW_TLS_EALERT if the peer refuses
 * @rejects AVOW_TLS_EPROTOCOL if the peer does not speak TLS, or has nothing in
 *          common
 * @rejects AVOW_TLS_ETRUNCATED if the transport ends during the handshake
 * @rejects AVOW_TLS_EVERIFY if the certificate is not accepted; the message has
 *          the reason
 * @rejects UV_EINVAL if `settings` is no TLS settings
 * @rejects UV_EINVAL if `host` is NULL, empty or longer than 255 bytes
 * @rejects UV_EINVAL if `host` begins with a dot, or is an address with a zone
 *          ("fe80::1%eth0"), which no certificate has
 * @cancel  Closes the transport.
 * @see     SSL_connect()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_tls_client(
    const avow_value_t *settings, avow_value_t transport, const char *host);

/**
 * Accepts a TLS client over `transport`.
 *
 * Takes ownership of `transport`, a value that owns a stream without another
 * reader. It is closed with the TLS stream, and if the handshake fails.
 * `settings` must have a certificate and a key. With TLS 1.3, a client whose
 * certificate is not accepted learns that only when it reads.
 *
 * @settles OBJECT TLS stream, see avow_to_stream(), after the handshake
 * @rejects as the transport rejects
 * @rejects AVOW_TLS_EALERT if the peer refuses
 * @rejects AVOW_TLS_EPROTOCOL if the peer does not speak TLS, or has nothing in
 *          common
 * @rejects AVOW_TLS_EPROTOCOL if `settings` have no certificate
 * @rejects AVOW_TLS_EPROTOCOL if a certificate is required and the client has
 *          none
 * @rejects AVOW_TLS_ETRUNCATED if the transport ends during the handshake
 * @rejects AVOW_TLS_EVERIFY if a certificate is required and that of the client
 *          is not accepted
 * @rejects UV_EINVAL if `settings` is no TLS settings
 * @cancel  Closes the transport.
 * @see     SSL_accept()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_tls_server(
    const avow_value_t *settings, avow_value_t transport);

struct ssl_ctx_st;
struct ssl_st;

/**
 * Gets the SSL_CTX of the settings, for options that avow does not have.
 *
 * The caller may change it before the first stream begins.
 *
 * @returns the SSL_CTX, valid until the settings are released; NULL for any
 *          other value
 */
AVOW_API struct ssl_ctx_st *avow_tls_ssl_ctx(const avow_value_t *settings);

/**
 * Gets the SSL of a TLS stream, which tells what was negotiated.
 *
 * The caller must not read from it or write to it.
 *
 * @returns the SSL, valid until the stream is released; NULL for any other
 *          value
 */
AVOW_API struct ssl_st *avow_tls_ssl(const avow_value_t *stream);

AVOW_HEADER_END

#endif
