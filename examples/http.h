/* As much of an HTTP client as examples need: one request, one connection. */
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

/**
 * OBJECT: see http_to_response(). A status other than 2xx rejects with
 * UV_EPROTO and the status as its cause; so does, without that, an answer that
 * is not whole. Borrows the target, which has to live as long. Cancelling
 * closes the connection.
 */
avow_promise_t *http_get(uv_loop_t *loop, const http_target_t *target);

/* BYTES: what to send, before len bytes of a body for a PUT. */
avow_value_t http_request(const http_target_t *target);
avow_value_t http_put(const http_target_t *target, size_t len);

/* Makes of BYTES, all that came, what http_get() settles with. */
avow_value_t http_parse_answer(const avow_value_t *answer);

/* The response, which the value keeps alive. */
const http_response_t *http_to_response(const avow_value_t *v);

#endif
