/* SPDX-License-Identifier: MIT */
/* TLS for a server, whose certificate may change while it runs. */
#ifndef SECURE_H
#define SECURE_H

#include <avow.h>

typedef struct {
  uv_loop_t *loop;
  const char *certificate; /* files, PEM */
  const char *key;
  avow_value_t settings; /* none at first */
} secure_t;

/* NONE once later connections have the certificate that is there now; or an
   error, and they have the one before. To be called in an async function. */
avow_value_t secure_load(secure_t *secure);

/* OBJECT: the stream over the connection, which is taken. */
avow_promise_t *secure_connection(const secure_t *secure,
                                  avow_value_t connection);

#endif
