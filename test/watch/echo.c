/* SPDX-License-Identifier: MIT */
#include "echo.h"

#include <stdlib.h>

typedef struct {
  avow_stream_t guest;
  avow_reader_t *reader;
  int64_t lines;
} echo_t;

static avow_value_t go_on(const avow_value_t *written, void *data) {
  return avow_none();
}

static avow_value_t say_back(const avow_value_t *line, void *data) {
  echo_t *echo = data;
  if (avow_is_none(line))
    return avow_int(echo->lines);
  echo->lines++;
  avow_promise_t *p = avow_write(echo->guest, avow_value_ref(line));
  return avow_follow(avow_then(p, go_on, NULL, NULL));
}

static avow_value_t next_line(void *data) {
  const echo_t *echo = data;
  avow_promise_t *p = avow_reader_line(echo->reader, 1024);
  return avow_follow(avow_then(avow_timeout(p, 30000), say_back, NULL, data));
}

static void echo_free(void *data) {
  echo_t *echo = data;
  avow_reader_unref(echo->reader);
  free(echo);
}

avow_promise_t *echo_lines(uv_loop_t *loop, avow_stream_t guest) {
  echo_t *echo = malloc(sizeof(*echo));
  if (echo == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  *echo = (echo_t){ .guest = guest, .reader = avow_reader_new(guest) };
  return avow_attach(avow_repeat(loop, next_line, echo), echo, echo_free);
}
