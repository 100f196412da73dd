/* SPDX-License-Identifier: MIT */
/*
 * Tickets: what a server has its clients keep of their sessions, for it keeps
 * nothing itself. Only it can read them; so settings that take the place of
 * others get their keys, or all clients at once would begin anew.
 */
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <string.h>

#include "tls.h"

enum { KEYS = 80 }; /* bytes, as OpenSSL has them; it refuses fewer */

/* A client that was asked who he is, by the authorities of one server's, has
   not been asked by those of another's: his session is of another context. */
static bool set_context(SSL_CTX *ctx, const avow_tls_options_t *o) {
  unsigned char context[EVP_MAX_MD_SIZE] = { 0 };
  unsigned len = 0;
  const char *by = o->authorities != NULL ? o->authorities : "";
  if (o->ask_clients &&
      EVP_Digest(by, strlen(by), context, &len, EVP_sha256(), NULL) != 1)
    return false;
  return SSL_CTX_set_session_id_context(ctx, context, len) == 1;
}

static bool copy_keys(SSL_CTX *to, SSL_CTX *from) {
  unsigned char keys[KEYS];
  const bool fine =
      SSL_CTX_get_tlsext_ticket_keys(from, keys, sizeof(keys)) == 1 &&
      SSL_CTX_set_tlsext_ticket_keys(to, keys, sizeof(keys)) == 1;
  OPENSSL_cleanse(keys, sizeof(keys));
  return fine;
}

const char *avow__tls_set_tickets(avow__tls_settings_t *settings,
                                  const avow_tls_options_t *o) {
  if (!set_context(settings->ctx, o))
    return "the authorities";
  if (o->past == NULL)
    return NULL;
  const avow__tls_settings_t *others = avow__tls_settings_of(o->past);
  if (others == NULL || !copy_keys(settings->ctx, others->ctx))
    return "the past settings";
  return NULL;
}
