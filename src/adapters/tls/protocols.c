/* SPDX-License-Identifier: MIT */
/*
 * ALPN: which protocol is spoken over TLS. A client offers its own, a server
 * takes the first of its own that is among them, or refuses.
 */
#include <string.h>

#include "tls.h"

/* One name as it is sent, behind its length. NULL if it is none. */
static const char *add_protocol(unsigned char *out, const char *name) {
  const size_t len = strcspn(name, ",");
  if (len == 0 || len > UINT8_MAX)
    return NULL;
  out[0] = (unsigned char) len;
  memcpy(out + 1, name, len);
  return name + len;
}

/* Takes as much room as the names with a comma before each. */
static bool set_wire(unsigned char *wire, const char *names) {
  const char *name = names, *end;
  while ((end = add_protocol(wire + (name - names), name)) != NULL) {
    if (*end == '\0')
      return true;
    name = end + 1;
  }
  return false;
}

static int choose(SSL *ssl, const unsigned char **out, unsigned char *len,
                  const unsigned char *theirs, unsigned int n, void *data) {
  const avow__tls_settings_t *s = data;
  unsigned char *chosen;
  const int result = SSL_select_next_proto(&chosen, len, s->protocols,
                                           s->protocols_len, theirs, n);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK
                                          : SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool avow__tls_set_protocols(avow__tls_settings_t *s, const char *names) {
  const size_t len = strlen(names) + 1;
  s->protocols = len > UINT16_MAX ? NULL : OPENSSL_malloc(len);
  if (s->protocols == NULL || !set_wire(s->protocols, names))
    return false;
  s->protocols_len = (unsigned) len;
  SSL_CTX_set_alpn_select_cb(s->ctx, choose, s);
  return SSL_CTX_set_alpn_protos(s->ctx, s->protocols, s->protocols_len) == 0;
}
