/* SPDX-License-Identifier: MIT */
/* What streams of one configuration share. */
#ifndef AVOW_TLS_SETTINGS_H
#define AVOW_TLS_SETTINGS_H

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "avow/tls.h"
#include "sessions.h"

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

/* Not NULL but of what is no settings. */
avow__tls_settings_t *avow__tls_settings_of(const avow_value_t *settings);

#endif
