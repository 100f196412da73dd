/* SPDX-License-Identifier: MIT */
/* The message of checked builds about SIGPIPE, at the first write. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peer.h"

static const char advice[] =
    "avow: SIGPIPE ends this process if it writes to a closed connection; "
    "call signal(SIGPIPE, SIG_IGN) first\n";

#ifdef NDEBUG
static const bool debug = false;
#else
static const bool debug = true;
#endif

/* Checks the stderr output of `fn` in a process of its own, whose first write
   it makes. */
static void assert_process_says(void (*fn)(void), const char *text) {
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    (void) dup2(fds[1], STDERR_FILENO);
    fn();
    _exit(0);
  }
  (void) close(fds[1]);
  char said[1024] = "";
  size_t len = 0;
  ssize_t n;
  while ((n = read(fds[0], said + len, sizeof(said) - 1 - len)) > 0)
    len += (size_t) n;
  (void) close(fds[0]);
  int status = 1;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
  assert_string_equal(said, text);
}

static void write_to(uv_stream_t *to) {
  avow_unref(avow_write(avow_uv_stream(to), avow_string("x")));
}

static void write_twice(void) {
  (void) signal(SIGPIPE, SIG_DFL);
  write_to(stream);
  write_to(stream);
}

static void first_write_warns_about_sigpipe(void **state) {
  assert_process_says(write_twice, debug ? advice : "");
}

static avow_value_t ignore(const avow_value_t *reason, void *data) {
  return avow_none();
}

static void send_a_handle(void) {
  (void) signal(SIGPIPE, SIG_DFL);
  avow_promise_t *p =
      avow_write_handle(stream, avow_string("x"), avow_pointer(stream));
  avow_unref(avow_catch(p, ignore, NULL)); /* only some pipes allow it */
}

static void first_write_of_a_handle_warns_about_sigpipe(void **state) {
  assert_process_says(send_a_handle, debug ? advice : "");
}

static void pump_to_itself(void) {
  (void) signal(SIGPIPE, SIG_DFL);
  avow_unref(avow_pump(avow_uv_stream(stream), avow_uv_stream(stream), NULL));
  say("x");
  turn();
}

static void first_pump_warns_about_sigpipe(void **state) {
  assert_process_says(pump_to_itself, debug ? advice : "");
}

static void write_ignoring(void) {
  (void) signal(SIGPIPE, SIG_IGN);
  write_to(stream);
}

static void on_signal(int signum) {
}

static void write_handling(void) {
  (void) signal(SIGPIPE, on_signal);
  write_to(stream);
}

static void write_blocking(void) {
  sigset_t set;
  (void) signal(SIGPIPE, SIG_DFL);
  (void) sigemptyset(&set);
  (void) sigaddset(&set, SIGPIPE);
  (void) pthread_sigmask(SIG_BLOCK, &set, NULL);
  write_to(stream);
}

static void prevented_sigpipe_causes_no_warning(void **state) {
  assert_process_says(write_ignoring, "");
  assert_process_says(write_handling, "");
  assert_process_says(write_blocking, "");
}

static void write_to_terminal(void) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  uv_tty_t tty;
  (void) signal(SIGPIPE, SIG_DFL);
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
    _exit(1);
  const int fd = open(ptsname(master), O_RDWR | O_NOCTTY);
  if (uv_tty_init(loop, &tty, fd, 0) != 0)
    _exit(1);
  write_to((uv_stream_t *) &tty);
}

static bool has_terminals(void) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  return master >= 0 && close(master) == 0;
}

static void write_to_a_terminal_causes_no_warning(void **state) {
  if (!has_terminals()) {
    assert_null(getenv("CI")); /* CI must run all tests */
    skip_because("no pseudo-terminals here (/dev/pts)");
  }
  assert_process_says(write_to_terminal, "");
}

#define PIPE(f) \
  { #f, f, peer_setup_pipe, peer_teardown, NULL }

SUITE(sigpipe_check) {
  const struct CMUnitTest tests[] = {
    PIPE(first_write_warns_about_sigpipe),
    PIPE(first_write_of_a_handle_warns_about_sigpipe),
    PIPE(first_pump_warns_about_sigpipe),
    PIPE(prevented_sigpipe_causes_no_warning),
    PIPE(write_to_a_terminal_causes_no_warning),
  };
  return RUN(tests);
}
