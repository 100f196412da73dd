/* SPDX-License-Identifier: MIT */
/*
 * TLS with OpenSSL 3: an encrypted byte stream over another stream.
 *
 * avow-tls (pkg-config avow-tls) is a separate library; avow.h does not include
 * this header. Each function that takes an avow_stream_t accepts a TLS stream.
 * A TLS stream encrypts the bytes of another stream, its transport. The
 * transport may be any stream that a value owns.
 *
 * A read fulfills with at most 16 KiB. It fulfills with NONE only if the peer
 * has announced the end (close_notify). If the transport ends without
 * close_notify, reads reject with AVOW_TLS_ETRUNCATED, because an attacker may
 * have cut the connection.
 *
 * avow_write() settles when the transport has accepted all encrypted bytes.
 * avow_shutdown() announces the end to the peer. The program can still read,
 * and the transport stays open. avow_close() announces the end, too, if no
 * write still waits to be encrypted. It does not wait for the peer. If the
 * program only releases the value, the peer gets no announcement.
 *
 * If the peer changes its keys, the stream changes its keys, too. Renegotiation
 * is refused. After an AVOW_TLS_… error, all further reads and writes reject.
 *
 * The program may configure the memory functions and ciphers of OpenSSL.
 * OpenSSL uses about 10 KiB of stack, which matters in async functions with
 * small stacks.
 */
#ifndef AVOW_TLS_H
#define AVOW_TLS_H

#include "avow/stream.h"

AVOW_HEADER_BEGIN

/** Error codes of TLS; the messages of the errors have details. */
enum {
  AVOW_TLS_ETRUNCATED = -21001, /* the transport ended without close_notify */
  AVOW_TLS_EVERIFY = -21002,    /* the peer's certificate is not accepted */
  AVOW_TLS_EALERT = -21003,     /* the peer refused the connection */
  AVOW_TLS_EPROTOCOL = -21004   /* the peer does not speak TLS, or has no
                                   version or cipher in common */
};

/** Options of TLS settings; 0 or NULL in a field is its default. */
typedef struct avow_tls_options_s {
  const char *certificate;  /* PEM: the certificate of this side, followed by
                               those that signed it; required for servers */
  const char *key;          /* PEM: key of `certificate`, not encrypted */
  const char *authorities;  /* PEM: the only certificates to trust as
                               authorities; NULL: those of the system */
  const char *protocols;    /* for ALPN, preferred ones first: "h2,http/1.1";
                               NULL: no ALPN */
  bool ask_clients;         /* server: each client must have a certificate that
                               `authorities` signed */
  const avow_value_t *past; /* server: earlier settings, whose sessions
                               clients can resume with the new settings. With
                               `ask_clients`, both settings must have the same
                               `authorities`. NULL: none */
  uint64_t reserved[4];     /* must be 0; for later versions */
} avow_tls_options_t;

/**
 * Makes settings that any number of streams on any threads can share.
 *
 * The settings own an SSL_CTX for TLS 1.2 and 1.3. `options` may be NULL. A
 * stream keeps the settings that it began with.
 *
 * Without `authorities`, the first handshake of a client, or of a server with
 * `ask_clients`, waits until the thread pool has read the system's file of
 * authorities. All settings of the process share the result, until the file
 * changes. OpenSSL searches the system's directory of authorities on the thread
 * of the loop. If the program adds certificates to SSL_CTX_get_cert_store(),
 * they are trusted, too. If the program sets a store with
 * SSL_CTX_set_cert_store(), that store does not get the authorities of the
 * system.
 *
 * A client stream can resume the session of an earlier stream that had these
 * settings, even on another thread. SSL_session_reused() tells whether a stream
 * resumed a session. A client resumes a session only with the host of that
 * session, and only while the certificate that was verified is valid. The
 * settings cache four sessions of each of 64 hosts. With TLS 1.3, a session
 * arrives with the first read, and is used once.
 * SSL_CTX_set_session_cache_mode() can disable this cache. Servers cache no
 * sessions; they send tickets.
 *
 * @returns OBJECT TLS settings, or an error with a message
 * @error   UV_EINVAL if a certificate or the key cannot be used
 * @error   UV_EINVAL if `key` does not belong to `certificate`, or one of them
 *          is missing
 * @error   UV_EINVAL if `protocols` is not a list of protocols
 * @error   UV_EINVAL if `past` is not TLS settings
 * @error   UV_EINVAL if a reserved field is not 0
 * @error   UV_ENOMEM if there is no memory for the settings
 * @see     SSL_CTX_new()
 */
AVOW_API AVOW_MUST_USE avow_value_t
avow_tls_settings(const avow_tls_options_t *options);

/**
 * Connects to a TLS server over `transport`.
 *
 * Takes ownership of `transport`, a value that owns a stream. No other reader
 * may use that stream. The transport closes with the TLS stream, or when the
 * handshake fails. The handshake has no time limit; see avow_timeout().
 *
 * The certificate of the peer must be for `host`, a name or an address, and
 * must be signed by an authority of `settings`. If `host` is a name with
 * characters that are not ASCII, pass its encoded form ("xn--…"). A name that
 * ends with a dot matches no certificate.
 *
 * @settles OBJECT TLS stream, see avow_to_stream(), after the handshake
 * @rejects as the transport rejects
 * @rejects AVOW_TLS_EALERT if the peer refuses the connection
 * @rejects AVOW_TLS_EPROTOCOL if the peer does not speak TLS, or has no version
 *          or cipher in common
 * @rejects AVOW_TLS_ETRUNCATED if the transport ends during the handshake
 * @rejects AVOW_TLS_EVERIFY if the certificate is not accepted; the message has
 *          the reason
 * @rejects UV_EINVAL if `settings` is not TLS settings
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
 * Takes ownership of `transport`, a value that owns a stream. No other reader
 * may use that stream. The transport closes with the TLS stream, or when the
 * handshake fails. The handshake has no time limit; see avow_timeout().
 *
 * `settings` must have a certificate and a key. With TLS 1.3, a client whose
 * certificate is not accepted learns that only when it reads.
 *
 * @settles OBJECT TLS stream, see avow_to_stream(), after the handshake
 * @rejects as the transport rejects
 * @rejects AVOW_TLS_EALERT if the peer refuses the connection
 * @rejects AVOW_TLS_EPROTOCOL if the peer does not speak TLS, or has no
 *          version, cipher or protocol in common
 * @rejects AVOW_TLS_EPROTOCOL if `settings` has no certificate
 * @rejects AVOW_TLS_EPROTOCOL if a certificate is required and the client has
 *          none
 * @rejects AVOW_TLS_ETRUNCATED if the transport ends during the handshake
 * @rejects AVOW_TLS_EVERIFY if a certificate is required and that of the client
 *          is not accepted
 * @rejects UV_EINVAL if `settings` is not TLS settings
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
 * The caller may change the SSL_CTX before the first stream begins.
 *
 * @returns the SSL_CTX, valid until the settings are released; NULL for any
 *          other value
 */
AVOW_API struct ssl_ctx_st *avow_tls_ssl_ctx(const avow_value_t *settings);

/**
 * Gets the SSL of a TLS stream, which tells what was negotiated.
 *
 * The caller must not read or write through the SSL.
 *
 * @returns the SSL, valid until the stream is released; NULL for any other
 *          value
 */
AVOW_API struct ssl_st *avow_tls_ssl(const avow_value_t *stream);

AVOW_HEADER_END

#endif
