/* SPDX-License-Identifier: MIT */
/*
 * What several examples ask servers for by HTTP and HTTPS, with avow-curl: all
 * of an answer. web_get.c has that with then, fanout_await.c with await.
 */
#ifndef WEB_H
#define WEB_H

#include <avow.h>
#include <avow/curl.h>

enum { WEB_BODY_MAX = 16 * 1024 * 1024 }; /* more rejects: UV_EMSGSIZE */

typedef struct {
  const char *url; /* http:// can be left out */
  char *authority; /* PEM: the only certificate that is believed; NULL: those of
                      the system */
} web_target_t;

/* What is wrong with a URL; NULL if nothing is. */
const char *web_check(const char *url);

/* The response, as avow_curl_fetch() has it; or with all of its body, as
   avow_curl_fetch_all() does. Borrow the target for the call alone. */
avow_promise_t *web_fetch(const avow_curl_t *client,
                          const web_target_t *target);
avow_promise_t *web_fetch_all(const avow_curl_t *client,
                              const web_target_t *target);

/* NONE, or an error for a status other than 2xx: UV_EPROTO, with the status as
   its cause. Sets *status. */
avow_value_t web_status(const avow_value_t *response, int *status);

/* What a handler returns to read all of the body: BYTES. Keeps the response for
   as long. */
avow_value_t web_body(const avow_value_t *response);

/* All of the body, for a status of 2xx: BYTES. Cancelling hangs up. */
avow_promise_t *web_get(const avow_curl_t *client, const web_target_t *target,
                        int *status);

/* Why there is no answer, in few words. */
const char *web_reason(const avow_value_t *error);

#endif
