/* SPDX-License-Identifier: MIT */
#include "quiet.h"

#include <avow/sim.h>
#include <stdlib.h>

#include "program.h"

FILE *quiet_stderr;

enum { TRIES = 10 };

static avow_deferred_t *interrupt;
static bool interrupted;

void program_start(const char *path) {
}

const char *program_name(void) {
  return "town";
}

/* The simulation does not call main() of an example. */
uv_loop_t *program_begin(void) {
  abort();
}

int program_end(uv_loop_t *loop, int status) {
  return status;
}

_Noreturn void program_fail(const char *what, int err) {
  abort();
}

int program_complain(avow_value_t error) {
  avow_value_unref(error);
  return 1;
}

bool program_flush(void) {
  return true;
}

avow_promise_t *program_interrupted(uv_loop_t *loop) {
  return interrupted ? avow_promise_resolve(loop, avow_none())
                     : avow_promise_new(loop, &interrupt);
}

void program_forget(avow_promise_t *stop) {
  avow_cancel(stop);
  avow_unref(stop);
}

void quiet_begin(void) {
  interrupt = NULL;
  interrupted = false;
}

void quiet_interrupt(void) {
  if (interrupt != NULL)
    (void) avow_resolve(interrupt, avow_none()); /* false if it was canceled */
  interrupt = NULL;
  interrupted = true;
}

avow_value_t quiet_pause(uv_loop_t *loop, uint64_t most) {
  return avow_await(avow_sleep(loop, avow_sim_choose(most)));
}

avow_value_t quiet_connect(uv_loop_t *loop, const char *port, uint64_t most,
                           avow_value_t *out) {
  avow_value_t error = avow_none();
  for (int i = 0; i < TRIES; i++) {
    avow_value_unref(error);
    AVOW_TRY(quiet_pause(loop, most));
    error = avow_await_value(avow_connect(loop, "127.0.0.1", port), out);
    if (!avow_is_error(&error))
      break;
  }
  return error;
}
