/* SPDX-License-Identifier: MIT */
/* TLS for a server whose certificate may change while it runs. */
#ifndef SECURE_H
#define SECURE_H

#include <avow.h>

typedef struct {
  uv_loop_t *loop;
  const char *certificate; /* files, PEM */
  const char *key;
  avow_value_t settings; /* NONE at first */
} secure_t;

/* Loads the certificate for later connections. NONE, or an error; the previous
   certificate then stays in use. Must be called in an async function. */
avow_value_t secure_load(secure_t *secure);

/* OBJECT: a TLS stream over the connection, which it takes ownership of. */
avow_promise_t *secure_connection(const secure_t *secure,
                                  avow_value_t connection);

#endif
