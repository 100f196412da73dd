/* SPDX-License-Identifier: MIT */
/* State that all streams of one configuration share. */
#ifndef AVOW_TLS_SETTINGS_H
#define AVOW_TLS_SETTINGS_H

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "avow/tls.h"
#include "sessions.h"

/* Contents of a settings object. */
typedef struct {
  SSL_CTX *ctx;
  BIO_METHOD *method;
  avow__tls_sessions_t *sessions; /* kept by clients */
  unsigned char *protocols;       /* as sent by ALPN, or NULL */
  unsigned protocols_len;
  X509_STORE *store; /* of `ctx`; gets the system's authorities */
  atomic_bool lacks; /* the system's file is not loaded into `store` */
} avow__tls_settings_t;

/* Returns NULL only if the value is no settings object. */
avow__tls_settings_t *avow__tls_settings_of(const avow_value_t *settings);

#endif
