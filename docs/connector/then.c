/* SPDX-License-Identifier: MIT */
/* With promises: each stage is a handler, and one handler receives all
   errors. */
#include <stdlib.h>
#include <string.h>

#include "connector.h"

typedef struct {
  uv_loop_t *loop;
  avow_value_t addresses; /* keeps the list of `next` alive */
  const struct addrinfo *next;
  uv_tcp_t *tcp;
  char answer[WELCOME_LEN];
  size_t got;
} attempts_t;

static avow_promise_t *try_next(attempts_t *attempts);

static avow_promise_t *read_more(attempts_t *attempts);

static avow_value_t check(const avow_value_t *bytes, void *data) {
  attempts_t *attempts = data;
  size_t len;
  if (avow_is_none(bytes))
    return avow_error(UV_EOF);
  const char *more = avow_to_bytes(bytes, &len);
  memcpy(attempts->answer + attempts->got, more, len);
  attempts->got += len;
  if (attempts->got < WELCOME_LEN)
    return avow_follow(read_more(attempts));
  if (memcmp(attempts->answer, WELCOME, WELCOME_LEN) != 0)
    return avow_error(UV_EPROTO);
  return avow_pointer(attempts->tcp);
}

static avow_promise_t *read_more(attempts_t *attempts) {
  avow_promise_t *p = avow_read(avow_uv_stream((uv_stream_t *) attempts->tcp),
                                WELCOME_LEN - attempts->got);
  return avow_then(p, check, NULL, attempts);
}

static avow_value_t listen_to(const avow_value_t *written, void *data) {
  attempts_t *attempts = data;
  attempts->got = 0;
  return avow_follow(read_more(attempts));
}

static avow_value_t greet(const avow_value_t *none, void *data) {
  attempts_t *attempts = data;
  uv_stream_t *stream = (uv_stream_t *) attempts->tcp;
  return avow_follow(avow_write(avow_uv_stream(stream), avow_string(HELLO)));
}

/* Runs after a failure. A canceled attempt must not be followed by another. */
static avow_value_t go_on(const avow_value_t *error, void *data) {
  attempts_t *attempts = data;
  if (avow_error_code(error) == UV_ECANCELED || attempts->next == NULL)
    return avow_value_ref(error);
  return avow_follow(try_next(attempts));
}

static avow_value_t hang_up(const avow_value_t *error, void *data) {
  avow_promise_t *p = avow_close_handle(data);
  avow_unref(avow_attach(p, data, free)); /* when its handle is closed */
  return avow_value_ref(error);
}

static avow_promise_t *try_next(attempts_t *attempts) {
  uv_tcp_t *tcp = malloc(sizeof(*tcp));
  if (tcp == NULL)
    return avow_promise_reject(attempts->loop, avow_error(UV_ENOMEM));
  (void) uv_tcp_init(attempts->loop, tcp); /* cannot fail before its socket */
  attempts->tcp = tcp;
  avow_promise_t *p = avow_tcp_connect(tcp, attempts->next->ai_addr);
  attempts->next = attempts->next->ai_next;
  p = avow_then(p, greet, NULL, attempts);
  p = avow_then(p, listen_to, NULL, attempts);
  p = avow_catch(p, hang_up, tcp);
  return avow_catch(p, go_on, attempts);
}

static avow_value_t try_first(const avow_value_t *addresses, void *data) {
  attempts_t *attempts = data;
  attempts->addresses = avow_value_ref(addresses);
  attempts->next = avow_to_addrinfo(addresses);
  return avow_follow(try_next(attempts));
}

static void attempts_free(void *data) {
  attempts_t *attempts = data;
  avow_value_unref(attempts->addresses);
  free(attempts);
}

avow_promise_t *then_connect(uv_loop_t *loop, const char *host,
                             const char *service, uint64_t ms) {
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
  attempts_t *attempts = calloc(1, sizeof(*attempts));
  if (attempts == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  attempts->loop = loop;
  avow_promise_t *p = avow_getaddrinfo(loop, host, service, &hints);
  p = avow_then(p, try_first, NULL, attempts);
  return avow_timeout(avow_attach(p, attempts, attempts_free), ms);
}
