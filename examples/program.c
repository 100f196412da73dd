/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

static const char *program = "example";

/* Opens standard descriptors that are closed. Otherwise the next file or socket
   would get their numbers. */
static void open_standard_files(void) {
  /* The modes are the opposite ones, so that using them fails. */
  static const int modes[] = { O_WRONLY, O_RDONLY, O_RDONLY };
  for (int fd = 0; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0)
      (void) open("/dev/null", modes[fd]); /* a failure cannot be reported */
}

void program_start(const char *path) {
  const char *slash = path != NULL ? strrchr(path, '/') : NULL;
  if (path != NULL)
    program = slash != NULL ? slash + 1 : path;
  open_standard_files();
  (void) signal(SIGPIPE, SIG_IGN);
}

const char *program_name(void) {
  return program;
}

static void say(const char *what) {
  fprintf(stderr, "%s: ", program);
  (void) text_print(stderr, what, TEXT_WHOLE);
  fprintf(stderr, "\n");
}

_Noreturn void program_fail(const char *what, int err) {
  fprintf(stderr, "%s: %s: %s\n", program, what, avow_strerror(err));
  exit(1);
}

int program_complain(avow_value_t error) {
  say(avow_error_message(&error));
  avow_value_unref(error);
  return 1;
}

bool program_flush(void) {
  static bool failed;
  if (fflush(stdout) == 0 && !ferror(stdout))
    return true;
  if (!failed && errno != EPIPE)
    fprintf(stderr, "%s: cannot write: %s\n", program,
            avow_strerror(uv_translate_sys_error(errno)));
  failed = true;
  return false;
}

/* No job is too slow: the tests compare stderr on slow machines, too. */
uv_loop_t *program_begin(void) {
  static const avow_options_t options = { .slow_us = UINT_MAX };
  static uv_loop_t loop;
  int err = uv_loop_init(&loop);
  if (err == 0)
    err = avow_loop_init(&loop, &options);
  if (err != 0)
    program_fail("cannot start the loop", err);
  return &loop;
}

/* avow's objects end first, before the program's own handles are closed. */
int program_end(uv_loop_t *loop, int status) {
  int err = avow_loop_close(loop);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* uv_loop_close() checks that all is
                                          closed */
  if (err == 0)
    err = uv_loop_close(loop);
  if (err != 0)
    program_fail("cannot close the loop", err);
  return program_flush() ? status : 1;
}

avow_promise_t *program_interrupted(uv_loop_t *loop) {
  avow_promise_t *const signals[] = {
    avow_channel_first(avow_signals(loop, SIGINT)),
    avow_channel_first(avow_signals(loop, SIGTERM))
  };
  return avow_cancel_losers(avow_race(loop, signals, 2));
}

void program_forget(avow_promise_t *interrupted) {
  avow_cancel(interrupted);
  avow_unref(interrupted);
}
