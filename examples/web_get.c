/* SPDX-License-Identifier: MIT */
/* One request, with then. fanout_await.c does the same with await. */
#include "web.h"

static avow_value_t body_of(const avow_value_t *response, void *status) {
  const avow_value_t v = web_status(response, status);
  return avow_is_error(&v) ? v : avow_value_ref(avow_curl_body(response));
}

avow_promise_t *web_get(const avow_curl_t *client, const web_target_t *target,
                        int *status) {
  return avow_then(web_fetch_all(client, target), body_of, NULL, status);
}
