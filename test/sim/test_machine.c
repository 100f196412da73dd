/* SPDX-License-Identifier: MIT */
/* Properties of the simulated machine do not depend on the real machine, and
   the program does not change the process. */
#include "avow/sim.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "avow/all.h"
#include "runs.h"
#include "suite.h"

static avow_promise_t *asks_who_it_is(uv_loop_t *loop, void *data) {
  char host[20];
  size_t len = sizeof(host);
  uv_utsname_t system;
  uv_passwd_t user;
  int priority = 1;
  assert_int_equal(uv_os_gethostname(host, &len), 0);
  assert_string_equal(host, "simulated");
  assert_int_equal(len, strlen(host));
  assert_int_equal(uv_os_uname(&system), 0);
  assert_string_equal(system.sysname, "Simulated");
  assert_int_equal(uv_os_getpriority(uv_os_getpid(), &priority), 0);
  assert_int_equal(priority, 0);
  assert_int_equal(uv_os_getpriority(1, &priority), UV_ESRCH);
  assert_int_equal(uv_os_get_passwd(&user), 0);
  assert_string_equal(user.username, "sim");
  assert_string_equal(user.homedir, "/home");
  assert_string_equal(user.shell, "/bin/sh");
  assert_int_equal(user.uid, 1000);
  uv_os_free_passwd(&user);
  return avow_sleep(loop, 1);
}

static void simulated_machine_has_fixed_properties(void **state) {
  (void) assert_passes(1, asks_who_it_is, NULL);
}

static void system_calls_check_their_arguments(void **state) {
  char host[5];
  size_t len = sizeof(host);

  assert_int_equal(uv_os_gethostname(host, &len), UV_ENOBUFS);

  assert_int_equal(len, sizeof("simulated"));
  assert_int_equal(uv_os_gethostname(NULL, &len), UV_EINVAL);
  assert_int_equal(uv_os_get_passwd(NULL), UV_EINVAL);
  assert_int_equal(uv_os_uname(NULL), UV_EINVAL);
  assert_int_equal(uv_os_getpriority(0, NULL), UV_EINVAL);
}

static avow_promise_t *sets_a_variable(uv_loop_t *loop, void *data) {
  assert_int_equal(uv_os_setenv("AVOW_SIM_TEST", "in"), UV_ENOTSUP);
  return avow_sleep(loop, 1);
}

static avow_promise_t *unsets_a_variable(uv_loop_t *loop, void *data) {
  assert_int_equal(uv_os_unsetenv("AVOW_SIM_TEST"), UV_ENOTSUP);
  return avow_sleep(loop, 1);
}

static avow_promise_t *hurries(uv_loop_t *loop, void *data) {
  assert_int_equal(uv_os_setpriority(0, -10), UV_ENOTSUP);
  return avow_sleep(loop, 1);
}

static avow_promise_t *renames(uv_loop_t *loop, void *data) {
  assert_int_equal(uv_set_process_title("another"), UV_ENOTSUP);
  return avow_sleep(loop, 1);
}

static void program_cannot_change_the_process(void **state) {
  char value[10];
  size_t len = sizeof(value);
  assert_int_equal(uv_os_setenv("AVOW_SIM_TEST", "out"), 0);

  assert_fails(sets_a_variable, "uv_os_setenv() is not simulated");
  assert_fails(unsets_a_variable, "uv_os_unsetenv() is not simulated");
  assert_fails(hurries, "uv_os_setpriority() is not simulated");
  assert_fails(renames, "uv_set_process_title() is not simulated");

  assert_int_equal(uv_os_getenv("AVOW_SIM_TEST", value, &len), 0);
  assert_string_equal(value, "out");
  assert_int_equal(uv_os_unsetenv("AVOW_SIM_TEST"), 0);
  assert_int_equal(uv_os_setenv(NULL, ""), UV_EINVAL);
  assert_int_equal(uv_os_unsetenv(NULL), UV_EINVAL);
}

/* Signals that the program sends to itself. */

static uv_signal_t ear;
static int heard;

static void hear(uv_signal_t *handle, int signum) {
  heard++;
}

static avow_value_t call_again(const avow_value_t *slept, void *data) {
  assert_int_equal(uv_kill(uv_os_getpid(), SIGUSR1), 0);
  uv_close((uv_handle_t *) &ear, NULL);
  return avow_none();
}

static avow_promise_t *listens_once(uv_loop_t *loop, void *data) {
  heard = 0;
  assert_int_equal(uv_signal_init(loop, &ear), 0);
  assert_int_equal(uv_signal_start_oneshot(&ear, hear, SIGUSR1), 0);
  assert_int_equal(uv_kill(uv_os_getpid(), SIGUSR1), 0);
  return avow_then(avow_sleep(loop, 1000), call_again, NULL, NULL);
}

static void signal_without_a_handler_fails_a_run(void **state) {
  assert_fails(listens_once, "has no handler in the program");

  assert_int_equal(heard, 1);
}

SUITE(machine) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(simulated_machine_has_fixed_properties),
    cmocka_unit_test(system_calls_check_their_arguments),
    cmocka_unit_test(program_cannot_change_the_process),
    cmocka_unit_test(signal_without_a_handler_fails_a_run),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
