/* SPDX-License-Identifier: MIT */
/*
 * gather PORT PATH REQUESTS CONNECTIONS: makes REQUESTS HTTP/1.1 requests at
 * once with avow_all_settled(), over at most CONNECTIONS connections to
 * loopback, which are reused. Prints how many responses had status 200, and the
 * number of bytes.
 */
#include <avow/all.h>
#include <avow/auto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD = 8 * 1024, LARGEST = 16 * 1024 * 1024 };

typedef struct line_s {
  struct line_s *next; /* the next idle connection */
  avow_value_t stream;
  avow_reader_t *reader;
} line_t;

static uv_loop_t loop;
static const char *port;
static char request[1024];
static line_t *idle;
static size_t answered, bytes;

static avow_value_t open_line(line_t **out) {
  AVOW_AUTO_VALUE stream = avow_none();
  AVOW_TRY(avow_await_value(avow_connect(&loop, "127.0.0.1", port), &stream));
  line_t *line = malloc(sizeof(*line));
  if (line == NULL)
    return avow_error(UV_ENOMEM);
  line->stream = avow_steal(&stream);
  line->reader = avow_reader_new(avow_to_stream(&line->stream));
  *out = line;
  return avow_none();
}

static void hang_up(line_t *line) {
  avow_reader_unref(line->reader);
  avow_value_unref(line->stream);
  free(line);
}

/* The length of the body if the response is valid, otherwise 0. */
static size_t length_in(const char *head) {
  static const char name[] = "\r\nContent-Length:";
  const char *field = strstr(head, name);
  if (strncmp(head, "HTTP/1.1 200", 12) != 0 || field == NULL)
    return 0;
  return strtoul(field + strlen(name), NULL, 10);
}

static avow_value_t ask(const line_t *line) {
  AVOW_AUTO_VALUE head = avow_none(), body = avow_none();
  const avow_stream_t stream = avow_to_stream(&line->stream);
  AVOW_TRY(avow_await_done(avow_write(stream, avow_string(request))));
  const avow_value_t end = avow_string("\r\n\r\n");
  AVOW_TRY(avow_await_bytes(avow_reader_until(line->reader, end, HEAD), &head));
  if (avow_is_none(&head))
    return avow_error(UV_EOF);
  const size_t len = length_in(avow_to_bytes(&head, NULL));
  if (len == 0 || len > LARGEST)
    return avow_error(UV_EPROTO);
  AVOW_TRY(avow_await_bytes(avow_reader_exactly(line->reader, len), &body));
  bytes += len;
  answered++;
  return avow_none();
}

static avow_value_t take_turn(void *data) {
  line_t *line = idle;
  if (line != NULL)
    idle = line->next;
  else
    AVOW_TRY(open_line(&line));
  const avow_value_t outcome = ask(line);
  if (avow_is_error(&outcome)) {
    hang_up(line);
    return outcome;
  }
  line->next = idle;
  idle = line;
  return avow_none();
}

static avow_value_t start(void *data) {
  return avow_follow(avow_async(&loop, take_turn, NULL));
}

static avow_promise_t *ask_all(size_t n, size_t connections) {
  avow_limiter_t *limiter = avow_limiter_new(&loop, connections);
  avow_promise_t **ps = calloc(n, sizeof(avow_promise_t *));
  if (ps == NULL)
    exit(1);
  for (size_t i = 0; i < n; i++)
    ps[i] = avow_limiter_run(limiter, start, NULL);
  avow_promise_t *p = avow_all_settled(&loop, ps, n);
  free(ps);
  avow_limiter_unref(limiter);
  return p;
}

int main(int argc, char *argv[]) {
  if (argc != 5 || uv_loop_init(&loop) != 0 || avow_loop_init(&loop, NULL) != 0)
    return 2;
  port = argv[1];
  (void) snprintf(request, sizeof(request),
                  "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", argv[2]);
  const avow_value_t outcomes =
      avow_run(ask_all(strtoul(argv[3], NULL, 10), strtoul(argv[4], NULL, 10)));
  avow_value_unref(outcomes);
  while (idle != NULL) {
    line_t *line = idle;
    idle = line->next;
    hang_up(line);
  }
  printf("%zu answers, %zu bytes\n", answered, bytes);
  return avow_loop_close(&loop) == 0 ? 0 : 1;
}
