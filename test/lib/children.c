/* SPDX-License-Identifier: MIT */
#include "children.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

enum { FILES = 256 };

static int files_before;

static int open_files(void) {
  int n = 0;
  for (int fd = 0; fd < FILES; fd++)
    n += fcntl(fd, F_GETFD) != -1;
  return n;
}

int children_prepare(void **state) {
  char *args[] = { "true", NULL };
  const uv_process_options_t options = { .file = args[0], .args = args };
  uv_loop_t own;
  uv_process_t process;
  if (uv_loop_init(&own) != 0 || uv_spawn(&own, &process, &options) != 0)
    return -1;
  (void) uv_run(&own, UV_RUN_DEFAULT); /* the process ends */
  uv_close((uv_handle_t *) &process, NULL);
  (void) uv_run(&own, UV_RUN_DEFAULT); /* the handle closes */
  return uv_loop_close(&own);
}

int children_setup(void **state) {
  files_before = open_files();
  return harness_setup(state);
}

int children_teardown(void **state) {
  const int failed = harness_teardown(state);
  if (open_files() != files_before || waitpid(-1, NULL, WNOHANG) != -1 ||
      errno != ECHILD) {
    print_error("left behind: a file or a process\n");
    return -1;
  }
  return failed;
}

avow_promise_t *run_shell(const char *script, avow_value_t input) {
  const char *args[] = { "sh", "-c", script, NULL };
  return avow_command(loop, &(avow_command_t){ .args = args }, input);
}

avow_promise_t *shell(const char *script) {
  return run_shell(script, avow_none());
}

const avow_output_t *output(const avow_value_t *v) {
  assert_string_equal(avow_error_message(v), "no error");
  return avow_to_output(v);
}

void assert_gives(avow_promise_t *p, int64_t status, const char *out,
                  const char *err) {
  const avow_value_t v = avow_run(p);
  const avow_output_t *o = output(&v);
  assert_string_equal(avow_to_bytes(&o->out, NULL), out);
  assert_string_equal(avow_to_bytes(&o->err, NULL), err);
  assert_int_equal(o->status, status);
  assert_int_equal(o->signal, 0);
  avow_value_unref(v);
}

avow_value_t much(void) {
  char *data;
  const avow_value_t v = avow_bytes_new(MUCH, &data);
  assert_false(avow_is_error(&v));
  for (size_t i = 0; i < MUCH; i++)
    data[i] = (char) (i * 31 + (i >> 8));
  return v;
}

avow_promise_t *start_with(char *args[], unsigned flags) {
  const uv_process_options_t options = { .file = args[0],
                                         .args = args,
                                         .flags = flags };
  return avow_spawn(loop, &options);
}

avow_promise_t *start(char *args[]) {
  return start_with(args, 0);
}

avow_promise_t *start_shell(char *script) {
  return start((char *[]){ "sh", "-c", script, NULL });
}

avow_promise_t *start_piped(char *args[]) {
  uv_stdio_container_t stdio[] = {
    { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE },
    { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE },
    { .flags = UV_INHERIT_FD, .data.fd = 2 },
  };
  const uv_process_options_t options = { .file = args[0],
                                         .args = args,
                                         .stdio = stdio,
                                         .stdio_count = 3 };
  return avow_spawn(loop, &options);
}

avow_value_t spawned(avow_promise_t *p) {
  const avow_value_t v = avow_run(p);
  assert_string_equal(avow_error_message(&v), "no error");
  return v;
}

void assert_ends(avow_promise_t *p, int64_t status, int signal) {
  const avow_value_t v = avow_run(p);
  assert_string_equal(avow_error_message(&v), "no error");
  assert_int_equal(avow_to_exit(&v)->status, status);
  assert_int_equal(avow_to_exit(&v)->signal, signal);
  avow_value_unref(v);
}

bool is_gone(uv_pid_t pid) {
  return uv_kill(pid, 0) == UV_ESRCH;
}
