/* SPDX-License-Identifier: MIT */
/* The words of a client of HTTP that has one request for each connection, and
   nothing of its own below: the simulator runs it, as part of upload. */
#ifndef HTTP_H
#define HTTP_H

#include <avow.h>

enum { HTTP_ANSWER_MAX = 16 * 1024 * 1024 }; /* more rejects: UV_EMSGSIZE */

typedef struct {
  char host[256];
  char port[6];
  char authority[272]; /* host and port as they were written */
  char path[1024];
} http_target_t;

typedef struct {
  int status;
  const char *body; /* in answer */
  size_t len;       /* of the body */
  bool has_length;  /* the server said how long it is, and so it is */
  avow_value_t answer;
} http_response_t;

/* Reads "host:port[/path]". NULL, or what is wrong with the text. */
const char *http_parse_target(const char *text, http_target_t *out);

/* BYTES: what to send before the len bytes of a file. */
avow_value_t http_put(const http_target_t *target, size_t len);

/**
 * Makes of BYTES, all that came, an OBJECT: see http_to_response(). A status
 * other than 2xx is an error, UV_EPROTO with the status as its cause; so is,
 * without that, an answer that is not whole.
 */
avow_value_t http_parse_answer(const avow_value_t *answer);

/* The response, which the value keeps alive. */
const http_response_t *http_to_response(const avow_value_t *v);

#endif
