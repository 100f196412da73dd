/* SPDX-License-Identifier: MIT */
/* With await: each stage is a line, and state is in local variables. */
#include <stdlib.h>
#include <string.h>

#include "connector.h"

typedef struct {
  uv_loop_t *loop;
  const char *host, *service;
} target_t;

/* Returns NONE or an error. */
static avow_value_t read_welcome(avow_stream_t stream) {
  char answer[WELCOME_LEN];
  for (size_t got = 0, len; got < sizeof(answer); got += len) {
    const avow_value_t v = avow_await(avow_read(stream, sizeof(answer) - got));
    if (v.tag != AVOW_BYTES)
      return avow_is_error(&v) ? v : avow_error(UV_EOF);
    const char *more = avow_to_bytes(&v, &len);
    memcpy(answer + got, more, len);
    avow_value_unref(v);
  }
  const bool welcome = memcmp(answer, WELCOME, sizeof(answer)) == 0;
  return welcome ? avow_none() : avow_error(UV_EPROTO);
}

static avow_value_t try_address(uv_loop_t *loop, const struct sockaddr *to) {
  uv_tcp_t *tcp = malloc(sizeof(*tcp));
  if (tcp == NULL)
    return avow_error(UV_ENOMEM);
  (void) uv_tcp_init(loop, tcp); /* cannot fail before its socket */
  const avow_stream_t stream = avow_uv_stream((uv_stream_t *) tcp);
  avow_value_t v = avow_await(avow_tcp_connect(tcp, to));
  if (!avow_is_error(&v))
    v = avow_await(avow_write(stream, avow_string(HELLO)));
  if (!avow_is_error(&v))
    v = read_welcome(stream);
  if (!avow_is_error(&v))
    return avow_pointer(tcp);
  avow_ignore(avow_await(avow_close_handle((uv_handle_t *) tcp))); /* none */
  free(tcp);
  return v;
}

static avow_value_t connect_to(void *data) {
  const target_t target = *(const target_t *) data;
  const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
  const avow_value_t list = avow_await(
      avow_getaddrinfo(target.loop, target.host, target.service, &hints));
  if (avow_is_error(&list))
    return list;
  const struct addrinfo *next = avow_to_addrinfo(&list);
  avow_value_t v;
  for (v = avow_none(); next != NULL; next = next->ai_next) {
    avow_value_unref(v);
    v = try_address(target.loop, next->ai_addr);
    if (avow_error_code(&v) == UV_ECANCELED || !avow_is_error(&v))
      break;
  }
  avow_value_unref(list);
  return v;
}

avow_promise_t *await_connect(uv_loop_t *loop, const char *host,
                              const char *service, uint64_t ms) {
  target_t target = { .loop = loop, .host = host, .service = service };
  return avow_timeout(avow_async(loop, connect_to, &target), ms);
}
