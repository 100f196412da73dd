/* SPDX-License-Identifier: MIT */
/* Requests and responses of an HTTP client with one request for each
   connection. The files have no I/O, so that the simulator can run them as part
   of upload. */
#ifndef HTTP_H
#define HTTP_H

#include <avow.h>

enum { HTTP_ANSWER_MAX = 16 * 1024 * 1024 }; /* beyond: UV_EMSGSIZE */

typedef struct {
  char host[256];
  char port[6];
  char authority[272]; /* host and port as given */
  char path[1024];
} http_target_t;

typedef struct {
  int status;
  const char *body; /* in answer */
  size_t len;       /* of the body */
  bool has_length;  /* the server sent the length, and it is correct */
  avow_value_t answer;
} http_response_t;

/* Parses "host:port[/path]". Returns NULL, or the problem with the text. */
const char *http_parse_target(const char *text, http_target_t *out);

/* BYTES: the head of a request with a body of `len` bytes. */
avow_value_t http_put(const http_target_t *target, size_t len);

/**
 * Parses a complete response, BYTES, into an OBJECT; see http_to_response(). A
 * status other than 2xx is a UV_EPROTO error whose cause is the status. An
 * incomplete response is a UV_EPROTO error without a cause.
 */
avow_value_t http_parse_answer(const avow_value_t *answer);

/* The response, which is valid as long as the value. */
const http_response_t *http_to_response(const avow_value_t *v);

#endif
