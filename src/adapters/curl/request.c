/* SPDX-License-Identifier: MIT */
/* HTTP requests as options of an easy handle. */
#include "request.h"

#include <string.h>

#include "avow/loop.h"

enum { REDIRECTS = 10 };

static void set_protocols(CURL *easy) {
#if LIBCURL_VERSION_NUM >= 0x075500
  (void) curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  (void) curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
                          (long) (CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

/* libcurl allows the same protocols for redirects. */
static void set_redirects(CURL *easy, const request_t *q) {
  const unsigned most = q->redirects > 0 ? q->redirects : REDIRECTS;
  (void) curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION,
                          q->no_redirects ? 0L : 1L);
  (void) curl_easy_setopt(easy, CURLOPT_MAXREDIRS, (long) most);
}

/* During the TLS handshake, a server reports whether one connection can carry
   many requests. Other requests therefore wait for the first. Without TLS only
   a response reports it, which may take long. */
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

/* libcurl sends the stream in chunks if its length is unknown. */
static void set_stream(CURL *easy, uint64_t length) {
  const curl_off_t size = length > 0 ? (curl_off_t) length : -1;
  (void) curl_easy_setopt(easy, CURLOPT_POST, 1L);
  (void) curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, size);
}

static bool sends_body(const request_t *q) {
  return q->streams || !avow_is_none(&q->bytes);
}

static void set_body(CURL *easy, const request_t *q) {
  if (q->streams)
    set_stream(easy, q->length);
  else
    set_bytes(easy, &q->bytes);
}

/* libcurl changes its own methods where a redirect requires this. It treats
   each request with a body as a POST. After 301 and 302 it would therefore drop
   the body but repeat the custom method, such as a PUT without a body.
   CURLOPT_POSTREDIR keeps the body. */
static CURLcode set_method(CURL *easy, const char *method, bool body) {
  if (strcmp(method, "HEAD") == 0)
    return curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  if (strcmp(method, body ? "POST" : "GET") == 0)
    return CURLE_OK;
  if (strcmp(method, "POST") == 0) {
    (void) curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, 0L);
    return curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "");
  }
  (void) curl_easy_setopt(easy, CURLOPT_POSTREDIR,
                          (long) (CURL_REDIR_POST_301 | CURL_REDIR_POST_302));
  return curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
}

void avow__curl_request_see_other(const request_t *q, CURL *easy) {
  if (q->method != NULL)
    (void) curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
}

static bool request_set(CURL *easy, const request_t *q) {
  set_protocols(easy);
  set_redirects(easy, q);
  set_sharing(easy, q->url);
  (void) curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (sends_body(q))
    set_body(easy, q);
  return curl_easy_setopt(easy, CURLOPT_URL, q->url) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_HTTPHEADER, q->headers) == CURLE_OK &&
         (q->method == NULL ||
          set_method(easy, q->method, sends_body(q)) == CURLE_OK);
}

CURL *avow__curl_request_easy(const request_t *q) {
  CURL *easy = curl_easy_init();
  if (easy == NULL || request_set(easy, q))
    return easy;
  curl_easy_cleanup(easy);
  return NULL;
}

/* Returns NULL if out of memory, or if `text` is NULL. */
static char *copy(const char *text) {
  const size_t size = text != NULL ? strlen(text) + 1 : 0;
  char *own = size > 0 ? avow_malloc(size) : NULL;
  return own != NULL ? memcpy(own, text, size) : NULL;
}

/* Returns false if out of memory. */
static bool copy_headers(request_t *q, const char *const *headers) {
  for (; headers != NULL && *headers != NULL; headers++) {
    struct curl_slist *longer = curl_slist_append(q->headers, *headers);
    if (longer == NULL)
      return false;
    q->headers = longer;
  }
  return true;
}

static void copy_body(request_t *q, const avow_fetch_options_t *o) {
  if (o->body == NULL || avow_is_none(o->body))
    return;
  q->streams = o->body->tag != AVOW_BYTES;
  if (!q->streams)
    q->bytes = avow_value_ref(o->body);
}

bool avow__curl_request_init(request_t *q, const char *url,
                             const avow_fetch_options_t *o) {
  *q = (request_t){ .url = copy(url),
                    .method = copy(o->method),
                    .length = o->body_length,
                    .no_redirects = o->no_redirects,
                    .redirects = o->redirects,
                    .set = o->set,
                    .data = o->data };
  copy_body(q, o);
  return copy_headers(q, o->headers) && q->url != NULL &&
         (q->method != NULL || o->method == NULL);
}

void avow__curl_request_free(request_t *q) {
  avow_free(q->url);
  avow_free(q->method);
  curl_slist_free_all(q->headers);
  avow_value_unref(q->bytes);
}
