/* SPDX-License-Identifier: MIT */
/* Out of memory: processes and commands survive it and end. */
#include <sys/wait.h>

#include "torture.h"

static avow_value_t wait_cb(const avow_value_t *process, void *data) {
  return avow_follow(avow_process_wait(process));
}

static avow_promise_t *process(void) {
  char *args[] = { "true", NULL };
  const uv_process_options_t options = { .file = args[0], .args = args };
  return avow_then(avow_spawn(loop, &options), wait_cb, NULL, NULL);
}

static void free_kept(void *kept) {
  avow_value_unref(*(avow_value_t *) kept);
  free(kept);
}

static avow_value_t read_cb(const avow_value_t *process, void *data) {
  avow_value_t *out = malloc(sizeof(*out));
  assert_non_null(out);
  *out = avow_process_stream(process, 1);
  avow_promise_t *p = avow_read_all(avow_to_stream(out), 1000);
  return avow_follow(avow_attach(p, out, free_kept));
}

static avow_promise_t *piped_process(void) {
  char *args[] = { "echo", "hello", NULL };
  uv_stdio_container_t stdio[] = {
    { .flags = UV_IGNORE },
    { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE },
  };
  const uv_process_options_t options = { .file = args[0],
                                         .args = args,
                                         .stdio = stdio,
                                         .stdio_count = 2 };
  return avow_then(avow_spawn(loop, &options), read_cb, NULL, NULL);
}

static avow_promise_t *started_command(void) {
  const char *args[] = { "echo", "hello", NULL };
  const avow_command_t command = { .args = args, .group = true };
  return avow_then(avow_command_start(loop, &command), read_cb, NULL, NULL);
}

static avow_promise_t *missing_process(void) {
  char *args[] = { "/nowhere/at/all", NULL };
  const uv_process_options_t options = { .file = args[0], .args = args };
  avow_promise_t *p = avow_spawn(loop, &options);
  return avow_all_settled(loop, &p, 1);
}

static avow_promise_t *commands(void) {
  const char *cat[] = { "cat", NULL };
  const char *missing[] = { "/nowhere/at/all", NULL };
  const avow_command_t fine = { .args = cat };
  const avow_command_t limited = { .args = cat,
                                   .out_max_bytes = 5,
                                   .group = true };
  const avow_command_t absent = { .args = missing };
  avow_promise_t *ps[] = { avow_command(loop, &fine, avow_string("hello")),
                           avow_command(loop, &limited, avow_string("a lot")),
                           avow_command(loop, &absent, avow_none()) };
  return avow_all_settled(loop, ps, 3);
}

/* Processes are slow, so the test skips most numbers of spare promises. */
enum { EACH = 16 };

static void check_children(void) {
  assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no process is left */
}

static void processes_survive(void **state) {
  survive_some(process, EACH);
  survive_some(piped_process, EACH);
  survive_some(started_command, EACH);
  survive_some(missing_process, EACH);
  check_children();
}

static void commands_survive(void **state) {
  survive_some(commands, EACH);
  check_children();
}

SUITE(oom_process) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(processes_survive),
    cmocka_unit_test(commands_survive),
  };
  harness_init();
  return cmocka_run_group_tests(tests, start_pool_alone, NULL);
}
