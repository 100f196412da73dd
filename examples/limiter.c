/* SPDX-License-Identifier: MIT */
/*
 * Connects twelve times, at most four at a time and each with a timeout. Half
 * of the connections go to a server of its own, the others to a port that does
 * not listen. See limiter --help.
 */
#include <avow.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "program.h"

enum { ATTEMPTS = 12, AT_ONCE = 4, TIMEOUT = 10000 /* ms */ };

static const command_line_t command_line = {
  .operands = "",
  .about = "Connects twelve times, at most four at a time.",
  .status = "0, or 1 without a network",
  .example = "",
};

typedef struct {
  uv_tcp_t tcp;
  avow_address_t to;
} attempt_t;

static uv_loop_t *loop;
static size_t now, most; /* attempts at a time */

static avow_value_t end(void *attempt) {
  now--;
  return avow_follow(avow_close_handle(attempt));
}

static avow_value_t begin(void *data) {
  attempt_t *attempt = data;
  struct sockaddr_in to;
  most = ++now > most ? now : most;
  (void) uv_tcp_init(loop, &attempt->tcp); /* always 0 */
  /* This cannot fail, because the address is valid. */
  (void) uv_ip4_addr("127.0.0.1", attempt->to.port, &to);
  avow_promise_t *p = avow_tcp_connect(&attempt->tcp, (struct sockaddr *) &to);
  return avow_follow(avow_finally(avow_timeout(p, TIMEOUT), end, attempt));
}

static avow_value_t bind_here(void) {
  const avow_value_t stream = avow_run(avow_bind(loop, "127.0.0.1", "0"));
  if (avow_is_error(&stream))
    exit(program_complain(stream));
  return stream;
}

int main(int argc, char *argv[]) {
  static attempt_t attempts[ATTEMPTS];
  avow_promise_t *ps[ATTEMPTS];
  size_t n;
  (void) options_parse(&command_line, argc, argv, &n);
  loop = program_begin();
  const avow_value_t ends[] = { bind_here(), bind_here() };
  const avow_connections_options_t options = { .capacity = ATTEMPTS };
  avow_channel_t *arrivals =
      avow_connections(avow_stream_handle(avow_to_stream(&ends[0])), &options);
  avow_limiter_t *limiter = avow_limiter_new(loop, AT_ONCE);
  for (size_t i = 0; i < ATTEMPTS; i++) {
    const uv_stream_t *to = avow_stream_handle(avow_to_stream(&ends[i % 2]));
    attempts[i].to = avow_local_address((const uv_handle_t *) to);
    ps[i] = avow_limiter_run(limiter, begin, &attempts[i]);
  }
  const avow_value_t outcomes = avow_run(avow_all_settled(loop, ps, ATTEMPTS));
  for (size_t i = 0; i < ATTEMPTS; i++) {
    const avow_value_t *v = avow_list_at(&outcomes, i);
    printf("%-16s  %s\n", attempts[i].to.text,
           avow_is_error(v) ? avow_strerror(avow_error_code(v)) : "connected");
  }
  printf("at most %zu at a time\n", most);
  avow_value_unref(outcomes);
  avow_limiter_unref(limiter);
  avow_channel_unref(arrivals);
  avow_value_unref(ends[0]);
  avow_value_unref(ends[1]);
  return program_end(loop, 0);
}
