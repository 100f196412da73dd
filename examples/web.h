/* SPDX-License-Identifier: MIT */
/*
 * HTTP and HTTPS requests of several examples, with avow-curl. They read the
 * complete response. web_get.c does so with then, fanout_await.c with await.
 */
#ifndef WEB_H
#define WEB_H

#include <avow.h>
#include <avow/curl.h>

enum { WEB_BODY_MAX = 16 * 1024 * 1024 }; /* beyond: UV_EMSGSIZE */

typedef struct {
  const char *url; /* http:// is optional */
  char *authority; /* PEM: only this certificate is trusted; NULL: the
                      system's */
} web_target_t;

/* Returns the problem with a URL, or NULL. */
const char *web_check(const char *url);

/* The response, as from avow_curl_fetch() or, with its complete body, from
   avow_curl_fetch_all(). Both borrow the target only during the call. */
avow_promise_t *web_fetch(const avow_curl_t *client,
                          const web_target_t *target);
avow_promise_t *web_fetch_all(const avow_curl_t *client,
                              const web_target_t *target);

/* NONE, or an error for a status other than 2xx: UV_EPROTO, with the status as
   its cause. Sets *status. */
avow_value_t web_status(const avow_value_t *response, int *status);

/* The value that a handler returns to read the complete body: BYTES. It keeps
   the response alive until then. */
avow_value_t web_body(const avow_value_t *response);

/* The complete body, BYTES, for a status of 2xx. Cancellation closes the
   connection. */
avow_promise_t *web_get(const avow_curl_t *client, const web_target_t *target,
                        int *status);

/* A short reason why there is no response. */
const char *web_reason(const avow_value_t *error);

#endif
