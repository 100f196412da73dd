/* SPDX-License-Identifier: MIT */
/*
 * A fuzzer's target: a line of orders to a reader, and the data of its stream
 * in parts. The reader must return exactly that data. Data that it does not
 * return must stay buffered, even if the order is canceled.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../memory.h"
#include "../replay.h"
#include "avow/all.h"
#include "text.h"

static uv_loop_t loop;

typedef struct {
  uv_pipe_t pipe;
  int peer;
  avow_reader_t *reader;
  const uint8_t *unsaid; /* data that the peer will send */
  size_t to_say;
  const uint8_t *at; /* data that the reader must return next */
  size_t left;
} talk_t;

static void say(talk_t *talk, size_t most) {
  const size_t len = most < talk->to_say ? most : talk->to_say;
  if (len > 0)
    CHECK(write(talk->peer, talk->unsaid, len) == (ssize_t) len);
  talk->unsaid += len;
  talk->to_say -= len;
  if (talk->to_say == 0 && talk->peer >= 0) {
    CHECK(close(talk->peer) == 0);
    talk->peer = -1;
  }
}

static void advance(talk_t *talk, size_t len) {
  talk->at += len;
  talk->left -= len;
}

/* Checks that the bytes are the next ones. */
static void check_bytes(const talk_t *talk, const avow_value_t *v, size_t len) {
  size_t got;
  const char *bytes = avow_to_bytes(v, &got);
  CHECK(got == len && len <= talk->left);
  CHECK(len == 0 || memcmp(bytes, talk->at, len) == 0);
}

/* Checks a failure at the end of the stream. Its cause is the rest. */
static void check_end(talk_t *talk, const avow_value_t *v) {
  CHECK(avow_error_code(v) == UV_EOF);
  check_bytes(talk, avow_error_cause(v), talk->left);
  advance(talk, talk->left);
}

static void check_next(talk_t *talk, const avow_value_t *v, size_t max) {
  size_t len = 0;
  if (talk->left == 0) {
    CHECK(avow_is_none(v));
    return;
  }
  (void) avow_to_bytes(v, &len);
  CHECK(len >= 1 && len <= max);
  check_bytes(talk, v, len);
  advance(talk, len);
}

static void check_exactly(talk_t *talk, const avow_value_t *v, size_t n) {
  if (n <= talk->left && (n > 0 || talk->left > 0)) {
    check_bytes(talk, v, n);
    advance(talk, n);
  } else if (talk->left == 0) {
    CHECK(avow_is_none(v) || n == 0);
  } else {
    check_end(talk, v);
  }
}

/* Checks a piece up to a newline. A line lacks its carriage return. */
static void check_until(talk_t *talk, const avow_value_t *v, size_t limit,
                        bool line) {
  const uint8_t *end =
      talk->left > 0 ? memchr(talk->at, '\n', talk->left) : NULL;
  const size_t all = end != NULL ? (size_t) (end - talk->at) : talk->left;
  const bool has_return =
      line && end != NULL && all > 0 && talk->at[all - 1] == '\r';
  const size_t len = has_return ? all - 1 : all;
  if (talk->left == 0)
    CHECK(avow_is_none(v));
  else if (len > limit)
    CHECK(avow_error_code(v) == UV_EMSGSIZE);
  else if (end == NULL && !line)
    check_end(talk, v);
  else {
    check_bytes(talk, v, len);
    advance(talk, end != NULL ? all + 1 : all);
  }
}

static avow_promise_t *begin_order(const talk_t *talk, uint8_t order,
                                   size_t n) {
  switch (order % 4) {
  case 0:
    return avow_reader_next(talk->reader, n);
  case 1:
    return avow_reader_exactly(talk->reader, n);
  case 2:
    return avow_reader_until(talk->reader, avow_string("\n"), n);
  default:
    return avow_reader_line(talk->reader, n);
  }
}

static void check_order(talk_t *talk, uint8_t order, size_t n,
                        const avow_value_t *v) {
  switch (order % 4) {
  case 0:
    check_next(talk, v, n);
    break;
  case 1:
    check_exactly(talk, v, n);
    break;
  default:
    check_until(talk, v, n, order % 4 == 3);
  }
}

/* Cancels an order while it waits, or checks its result after all data. */
static void follow(talk_t *talk, uint8_t order) {
  const size_t n = 1 + order / 8;
  avow_promise_t *p = begin_order(talk, order, n);
  (void) uv_run(&loop, UV_RUN_NOWAIT);
  if (order % 8 >= 4 && avow_state(p) == AVOW_PENDING) {
    avow_cancel(p);
    avow_value_unref(avow_run(p));
    say(talk, n);
    return;
  }
  while (avow_state(p) == AVOW_PENDING) {
    say(talk, n);
    (void) uv_run(&loop, UV_RUN_NOWAIT);
  }
  const avow_value_t v = avow_run(p);
  check_order(talk, order, n, &v);
  avow_value_unref(v);
}

static void begin(talk_t *talk) {
  int fds[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
  CHECK(uv_pipe_init(&loop, &talk->pipe, 0) == 0);
  CHECK(uv_pipe_open(&talk->pipe, fds[0]) == 0);
  talk->peer = fds[1];
  talk->reader = avow_reader_new(avow_uv_stream((uv_stream_t *) &talk->pipe));
}

static void end(talk_t *talk) {
  avow_reader_unref(talk->reader);
  if (talk->peer >= 0)
    CHECK(close(talk->peer) == 0);
  avow_value_unref(avow_run(avow_close_handle((uv_handle_t *) &talk->pipe)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (loop.data == NULL)
    CHECK(uv_loop_init(&loop) == 0 &&
          avow_loop_init(&loop, &(avow_options_t){ .slow_us = UINT_MAX }) == 0);
  loop.data = &loop; /* it is initialized */
  char *orders = text_line(&data, &size);
  talk_t talk = { .unsaid = data, .to_say = size, .at = data, .left = size };
  begin(&talk);
  for (const char *order = orders; *order != '\0'; order++)
    follow(&talk, (uint8_t) *order);
  end(&talk);
  free(orders);
  return 0;
}
