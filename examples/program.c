#include "program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *program;

_Noreturn void program_fail(const char *what, int err) {
  fprintf(stderr, "%s: %s: %s\n", program, what, avow_strerror(err));
  exit(1);
}

uv_loop_t *program_begin(const char *name) {
  static uv_loop_t loop;
  program = name;
  (void) signal(SIGPIPE, SIG_IGN);
  int err = uv_loop_init(&loop);
  if (err == 0)
    err = avow_loop_init(&loop, NULL);
  if (err != 0)
    program_fail("cannot start the loop", err);
  return &loop;
}

/* What avow has there ends before the program's own handles are gone. */
void program_end(uv_loop_t *loop) {
  int err = avow_loop_close(loop);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* uv_loop_close() says if all is gone */
  if (err == 0)
    err = uv_loop_close(loop);
  if (err != 0)
    program_fail("cannot close the loop", err);
}

uint64_t program_number(const char *text, uint64_t max) {
  const size_t len = strlen(text);
  if (len > 9 || strspn(text, "0123456789") != len)
    return 0;
  const uint64_t n = strtoull(text, NULL, 10);
  return n <= max ? n : 0;
}

avow_promise_t *program_interrupted(uv_loop_t *loop) {
  avow_promise_t *const signals[] = { avow_signal_once(loop, SIGINT),
                                      avow_signal_once(loop, SIGTERM) };
  return avow_cancel_losers(avow_race(loop, signals, 2));
}
