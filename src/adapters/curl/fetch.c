/* SPDX-License-Identifier: MIT */
/* Fetches: checks of HTTP requests, and their responses. */
#include <string.h>

#include "avow/stream_class.h"
#include "response.h"
#include "upload.h"

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

/* Only a stream has a length. */
static bool is_body_length(const avow_fetch_options_t *o) {
  if (has_body(o) && is_stream(o->body))
    return o->body_length <= INT64_MAX;
  return o->body_length == 0;
}

static bool is_body(const avow_fetch_options_t *o) {
  return !has_body(o) || o->body->tag == AVOW_BYTES || is_stream(o->body);
}

/* Returns the problem of the request, or NULL. */
static const char *wrong_with(const char *url, const avow_fetch_options_t *o) {
  if (url == NULL)
    return "the URL is NULL";
  if (!is_reserved_zero(o))
    return "the options have fields that this avow-curl does not know";
  if (!is_method(o->method))
    return "the method has characters that are not capital letters";
  if (!are_headers(o->headers))
    return "a header has no colon, or it contains a line break";
  if (!is_body(o))
    return "the body is neither bytes nor a stream";
  return is_body_length(o)
             ? NULL
             : "the body length is invalid, or the body is not a stream";
}

/* Returns NULL if the request is valid. A body that could not be allocated is
   an error value, which becomes the reason. */
static avow_promise_t *refusal_of(const client_t *c, const char *url,
                                  const avow_fetch_options_t *o) {
  const char *wrong = wrong_with(url, o);
  if (wrong == NULL)
    return NULL;
  const avow_value_t why =
      has_body(o) && avow_is_error(o->body)
          ? avow_value_ref(o->body)
          : avow_error_new(UV_EINVAL, avow_none(), "%s", wrong);
  return avow_promise_reject(c->loop, why);
}

/* Returns NULL on failure, with a rejected promise in *out. A stream cannot be
   shared, because two requests would each send a part. */
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

static avow_promise_t *fetch(const avow_curl_t *client, const char *url,
                             const avow_fetch_options_t *o, bool collects) {
  client_t *c = avow__curl_self(client);
  if (o == NULL)
    o = &no_options;
  if (c == NULL || c->ending)
    return avow_curl_perform(client, NULL); /* rejects with the reason */
  avow_promise_t *p = refusal_of(c, url, o);
  if (p != NULL)
    return p;
  response_t *r = response_for(c, o, &p);
  if (r != NULL)
    avow__curl_response_begin(r, client, url, o, collects);
  return p;
}

avow_promise_t *avow_curl_fetch(const avow_curl_t *client, const char *url,
                                const avow_fetch_options_t *options) {
  avow__curl_check_client(client);
  return fetch(client, url, options, false);
}

avow_promise_t *avow_curl_fetch_all(const avow_curl_t *client, const char *url,
                                    const avow_fetch_options_t *options) {
  avow__curl_check_client(client);
  return fetch(client, url, options, true);
}
