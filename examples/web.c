/* SPDX-License-Identifier: MIT */
/* URLs, requests and results, on top of avow-curl. */
#include "web.h"

#include <stdlib.h>
#include <string.h>

static const char *check_scheme(CURLU *url) {
  char *scheme = NULL;
  const CURLUcode code = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
  if (code != CURLUE_OK)
    return curl_url_strerror(code);
  const bool known = strncmp(scheme, "http", 4) == 0; /* or https */
  curl_free(scheme);
  return known ? NULL : "only http:// and https:// are asked here";
}

const char *web_check(const char *url) {
  CURLU *parts = curl_url();
  if (parts == NULL)
    return "no memory";
  const CURLUcode code =
      curl_url_set(parts, CURLUPART_URL, url, CURLU_DEFAULT_SCHEME);
  const char *problem =
      code != CURLUE_OK ? curl_url_strerror(code) : check_scheme(parts);
  curl_url_cleanup(parts);
  return problem;
}

/* A target with its own certificate is a server of this program, so no proxy is
   used. */
static void set_options(CURL *easy, void *data) {
  const web_target_t *target = data;
  (void) curl_easy_setopt(easy, CURLOPT_DEFAULT_PROTOCOL, "http");
  if (target->authority == NULL)
    return;
  struct curl_blob pem = { .data = target->authority,
                           .len = strlen(target->authority),
                           .flags = CURL_BLOB_COPY };
  (void) curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &pem);
  (void) curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
}

avow_promise_t *web_fetch(const avow_curl_t *client,
                          const web_target_t *target) {
  web_target_t copy = *target;
  const avow_fetch_options_t options = { .set = set_options, .data = &copy };
  return avow_curl_fetch(client, target->url, &options);
}

avow_promise_t *web_fetch_all(const avow_curl_t *client,
                              const web_target_t *target) {
  web_target_t copy = *target;
  const avow_fetch_options_t options = { .set = set_options,
                                         .data = &copy,
                                         .limit = WEB_BODY_MAX };
  return avow_curl_fetch_all(client, target->url, &options);
}

avow_value_t web_status(const avow_value_t *response, int *status) {
  *status = (int) avow_curl_status(response);
  if (*status >= 200 && *status <= 299)
    return avow_none();
  return avow_error_new(UV_EPROTO, avow_int(*status), "HTTP status %d",
                        *status);
}

static void let_go(void *kept) {
  avow_value_unref(*(avow_value_t *) kept);
  free(kept);
}

avow_value_t web_body(const avow_value_t *response) {
  avow_value_t *kept = malloc(sizeof(*kept));
  if (kept == NULL)
    return avow_error(UV_ENOMEM);
  *kept = avow_value_ref(response);
  avow_promise_t *p = avow_read_all(avow_to_stream(response), WEB_BODY_MAX);
  return avow_follow(avow_attach(p, kept, let_go));
}

const char *web_reason(const avow_value_t *error) {
  if (avow_error_code(error) == UV_ECANCELED)
    return "not wanted any more";
  if (avow_error_code(error) == UV_ECONNREFUSED)
    return avow_strerror(UV_ECONNREFUSED); /* libcurl does not say why */
  return avow_error_message(error);
}
