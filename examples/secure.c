/* SPDX-License-Identifier: MIT */
/*
 * TLS with avow-tls. The old settings are passed on as the past of the new
 * ones, so that clients can resume their sessions after the certificate has
 * changed.
 */
#include "secure.h"

#include <avow/tls.h>

enum { PEM_MAX = 1000 * 1000 };

static avow_value_t make(const secure_t *secure, const avow_value_t *files) {
  const bool first = avow_is_none(&secure->settings);
  const avow_tls_options_t options = {
    .certificate = avow_to_bytes(avow_list_at(files, 0), NULL),
    .key = avow_to_bytes(avow_list_at(files, 1), NULL),
    .protocols = "http/1.1",
    .past = first ? NULL : &secure->settings,
  };
  return avow_tls_settings(&options);
}

avow_value_t secure_load(secure_t *secure) {
  avow_promise_t *both[] = {
    avow_read_file(secure->loop, secure->certificate, PEM_MAX),
    avow_read_file(secure->loop, secure->key, PEM_MAX),
  };
  const avow_value_t files = avow_await(avow_all(secure->loop, both, 2));
  if (avow_is_error(&files))
    return files;
  const avow_value_t settings = make(secure, &files);
  avow_value_unref(files);
  if (avow_is_error(&settings))
    return settings;
  avow_value_unref(secure->settings); /* existing streams keep theirs */
  secure->settings = settings;
  return avow_none();
}

avow_promise_t *secure_connection(const secure_t *secure,
                                  avow_value_t connection) {
  return avow_tls_server(&secure->settings, connection);
}
