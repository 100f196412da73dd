/* SPDX-License-Identifier: MIT */
/* Requests by HTTP: their options as those of an easy handle. */
#include <string.h>

#include "avow/stream_class.h"
#include "response.h"
#include "upload.h"

enum { REDIRECTS = 10 };

static const avow_fetch_options_t no_options;

static bool is_reserved_zero(const avow_fetch_options_t *o) {
  return (o->reserved[0] | o->reserved[1] | o->reserved[2] | o->reserved[3]) ==
         0;
}

static bool is_method(const char *method) {
  return method == NULL ||
         (method[0] != '\0' &&
          method[strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0');
}

static bool has_body(const avow_fetch_options_t *o) {
  return o->body != NULL && !avow_is_none(o->body);
}

static bool are_headers(const char *const *headers) {
  for (; headers != NULL && *headers != NULL; headers++)
    if (strpbrk(*headers, "\r\n") != NULL || strchr(*headers, ':') == NULL)
      return false;
  return true;
}

static bool is_stream(const avow_value_t *body) {
  return body->tag == AVOW_OBJECT && avow_to_stream(body).klass != NULL;
}

/* A length is that of a stream. */
static bool is_length(const avow_fetch_options_t *o) {
  if (has_body(o) && is_stream(o->body))
    return o->body_length <= INT64_MAX;
  return o->body_length == 0;
}

static bool is_body(const avow_fetch_options_t *o) {
  return !has_body(o) || o->body->tag == AVOW_BYTES || is_stream(o->body);
}

/* What cannot be asked for, or NULL. */
static const char *wrong_with(const char *url, const avow_fetch_options_t *o) {
  if (url == NULL)
    return "the URL is NULL";
  if (!is_reserved_zero(o))
    return "options have more than this version of avow-curl knows";
  if (!is_method(o->method))
    return "the method has other than capital letters";
  if (!are_headers(o->headers))
    return "a header has no colon, or a line's end in it";
  if (!is_body(o))
    return "the body is neither bytes nor a stream";
  return is_length(o) ? NULL : "the length is not that of a stream";
}

static void set_protocols(CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x075500
  (void) curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  (void) curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
                          (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* As redirects, too, unless some are set apart. */
static void set_redirects(CURL *easy, const avow_fetch_options_t *o) {
  const unsigned most = o->redirects > 0 ? o->redirects : REDIRECTS;
  (void) curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION,
                          o->no_redirects ? 0L : 1L);
  (void) curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long) most);
}

/* Who speaks TLS says by that whether one connection does for many requests:
   the others wait for the first. Without TLS that shows in an answer alone,
   which may take long. */
static void set_sharing(CURL *easy, const char *url) {
  const bool asks = curl_strnequal(url, "https:", 6) != 0;
  (void) curl_easy_setopt(easy, CURLOPT_PIPEWAIT, (long) asks);
}

static void set_bytes(CURL *easy, const avow_value_t *body) {
  size_t len;
  const char *bytes = avow_to_bytes(body, &len);
  (void) curl_easy_setopt(easy, CURLOPT_POSTFIELDS, bytes);
  (void) curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) len);
}

/* In chunks if nobody knows how long it is. */
static void set_stream(CURL *easy, uint64_t length) {
  const curl_off_t size = length > 0 ? (curl_off_t) length : -1;
  (void) curl_easy_setopt(easy, CURLOPT_POST, 1L);
  (void) curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, size);
}

static void set_body(CURL *easy, const avow_fetch_options_t *o) {
  if (o->body->tag == AVOW_BYTES)
    set_bytes(easy, o->body);
  else
    set_stream(easy, o->body_length);
}

/* Those that libcurl has of its own it changes where a redirect says so. */
static CURLcode set_method(CURL *easy, const char *method, bool body) {
  if (strcmp(method, "HEAD") == 0)
    return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  if (strcmp(method, body ? "POST" : "GET") == 0)
    return CURLE_OK;
  if (strcmp(method, "POST") == 0) {
    (void) curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L);
    return curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
  }
  return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

/* libcurl's list of the headers, which has to stay as long as easy. False
   without memory. */
static bool set_headers(CURL *easy, const char *const *headers,
                        struct curl_slist **list) {
  for (; headers != NULL && *headers != NULL; headers++) {
    struct curl_slist *longer = curl_slist_append(*list, *headers);
    if (longer == NULL)
      return false;
    *list = longer;
  }
  return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, *list) == CURLE_OK;
}

/* False without memory. */
static bool fetch_set(request_t *request) {
  CURL *easy = request->easy;
  const avow_fetch_options_t *o = request->options;
  set_protocols(easy);
  set_redirects(easy, o);
  set_sharing(easy, request->url);
  (void) curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (has_body(o))
    set_body(easy, o);
  return curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK &&
         set_headers(easy, o->headers, &request->headers) &&
         (o->method == NULL ||
          set_method(easy, o->method, has_body(o)) == CURLE_OK);
}

/* NULL, and *out says why. Two requests would each send a part. */
static response_t *response_for(client_t *c, const avow_fetch_options_t *o,
                                avow_promise_t **out) {
  if (!has_body(o) || !is_stream(o->body) || !avow__curl_is_uploaded(o->body))
    return avow__curl_response_new(c, out);
  *out =
      avow_promise_reject(c->loop,
                          avow_error_new(UV_EALREADY, avow_none(),
                                         "another request sends that stream"));
  return NULL;
}

static void request_free(const request_t *request) {
  curl_easy_cleanup(request->easy);
  curl_slist_free_all(request->headers);
}

static avow_promise_t *fetch_begin(const request_t *request) {
  avow_promise_t *p;
  client_t *c = avow__curl_self(request->client);
  response_t *r = response_for(c, request->options, &p);
  if (r != NULL)
    avow__curl_response_begin(r, request);
  else
    request_free(request);
  return p;
}

static avow_promise_t *fetch(request_t *request) {
  if (request->options == NULL)
    request->options = &no_options;
  const client_t *c = avow__curl_self(request->client);
  if (c == NULL || c->ending)
    return avow_curl_perform(request->client, NULL); /* which says why */
  const char *wrong = wrong_with(request->url, request->options);
  if (wrong != NULL)
    return avow_promise_reject(c->loop, avow_error_new(UV_EINVAL, avow_none(),
                                                       "%s", wrong));
  request->easy = curl_easy_init();
  if (request->easy != NULL && fetch_set(request))
    return fetch_begin(request);
  request_free(request);
  return avow_promise_reject(c->loop, avow_error(UV_ENOMEM));
}

avow_promise_t *avow_curl_fetch(const avow_curl_t *client, const char *url,
                                const avow_fetch_options_t *options) {
  request_t request = { .client = client, .url = url, .options = options };
  return fetch(&request);
}

avow_promise_t *avow_curl_fetch_all(const avow_curl_t *client, const char *url,
                                    const avow_fetch_options_t *options) {
  request_t request = { .client = client,
                        .url = url,
                        .options = options,
                        .collects = true };
  return fetch(&request);
}
