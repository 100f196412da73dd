/* SPDX-License-Identifier: MIT */
/* Implements secure.h for builds without avow-tls. */
#include "secure.h"

avow_value_t secure_load(secure_t *secure) {
  return avow_error_new(UV_ENOTSUP, avow_none(),
                        "--tls takes avow-tls, which was not built, for want "
                        "of OpenSSL 3 (libssl-dev)");
}

avow_promise_t *secure_connection(const secure_t *secure,
                                  avow_value_t connection) {
  avow_value_unref(connection);
  return avow_promise_reject(secure->loop, avow_error(UV_ENOTSUP));
}
