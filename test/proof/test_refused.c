/* SPDX-License-Identifier: MIT */
/*
 * Failing calls for locks, and for handles that wake the loop. Also descriptors
 * that a started process must not inherit.
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "refusing.h"
#include "sys/dir_open.h"

static refusal_t locks, bells, wakers, signals;

int __wrap_uv_mutex_init(uv_mutex_t *mutex);
int __real_uv_mutex_init(uv_mutex_t *mutex);
int __wrap_uv_mutex_init(uv_mutex_t *mutex) {
  return refuses(&locks) ? locks.err : __real_uv_mutex_init(mutex);
}

int __wrap_uv_cond_init(uv_cond_t *cond);
int __real_uv_cond_init(uv_cond_t *cond);
int __wrap_uv_cond_init(uv_cond_t *cond) {
  return refuses(&bells) ? bells.err : __real_uv_cond_init(cond);
}

int __wrap_uv_async_init(uv_loop_t *on, uv_async_t *async, uv_async_cb cb);
int __real_uv_async_init(uv_loop_t *on, uv_async_t *async, uv_async_cb cb);
int __wrap_uv_async_init(uv_loop_t *on, uv_async_t *async, uv_async_cb cb) {
  return refuses(&wakers) ? wakers.err : __real_uv_async_init(on, async, cb);
}

int __wrap_uv_signal_init(uv_loop_t *on, uv_signal_t *handle);
int __real_uv_signal_init(uv_loop_t *on, uv_signal_t *handle);
int __wrap_uv_signal_init(uv_loop_t *on, uv_signal_t *handle) {
  return refuses(&signals) ? signals.err : __real_uv_signal_init(on, handle);
}

static int probed_with; /* flags of the last socket that connected */

int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len);
int __real_connect(int fd, const struct sockaddr *to, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len) {
  probed_with = fcntl(fd, F_GETFD);
  return __real_connect(fd, to, len);
}

/* Handles with which other threads wake the loop. */

static void assert_remote_is_refused(int err) {
  avow_remote_t *r;
  assert_rejects(avow_remote_new(loop, &r), err);
  assert_int_equal(avow_remote_resolve(r, avow_none()), UV_ECANCELED);
}

static void remote_rejects_without_a_lock_or_async_handle(void **state) {
  locks = once(UV_ENOMEM);
  assert_remote_is_refused(UV_ENOMEM);
  bells = once(UV_ENOMEM);
  assert_remote_is_refused(UV_ENOMEM);
  wakers = once(UV_EMFILE);
  assert_remote_is_refused(UV_EMFILE);

  avow_remote_t *r;
  avow_promise_t *p = avow_remote_new(loop, &r);
  assert_int_equal(avow_remote_resolve(r, avow_int(1)), 0);
  assert_fulfills_int(p, 1);
}

static avow_value_t do_nothing(uv_loop_t *own, void *data) {
  return avow_none();
}

static void loops_reject_without_locks(void **state) {
  locks = once(UV_ENOMEM);
  avow_loops_t *none = avow_loops_new(2);

  assert_int_equal(avow_loops_count(none), 0);
  assert_rejects(avow_loops_run(none, 0, loop, do_nothing, NULL), UV_ENOMEM);
  assert_fulfills_none(avow_loops_close(none, loop));
}

static void signals_reject_without_a_handle(void **state) {
  signals = once(UV_EMFILE);

  const avow_value_t v =
      avow_run(avow_channel_first(avow_signals(loop, SIGUSR1)));

  assert_int_equal(avow_error_code(&v), UV_EMFILE);
  assert_true(strncmp(avow_error_message(&v), "signal '", 8) == 0);
  avow_value_unref(v);
}

static void copying_a_tree_rejects_without_a_lock(void **state) {
  make_dir("from");
  locks = once(UV_ENOMEM);

  assert_rejects(avow_copy_tree(loop, at("from"), at("to"), NULL), UV_ENOMEM);

  assert_missing("to");
}

static int setup(void **state) {
  locks = bells = wakers = signals = never;
  return refusing_setup(state);
}

#define REFUSED_CASE(f) cmocka_unit_test_setup_teardown(f, setup, disk_teardown)

/* avow opens a socket to check whether another socket was left behind. */
static void probe_socket_is_not_inherited(void **state) {
  const avow_bind_path_options_t options = { .takes_over = true };
  struct sockaddr_un name = { .sun_family = AF_UNIX };
  strcpy(name.sun_path, at("door"));
  const int left = socket(AF_UNIX, SOCK_STREAM, 0);
  assert_int_equal(bind(left, (struct sockaddr *) &name, sizeof(name)), 0);
  (void) close(left);

  const avow_value_t v = avow_run(avow_bind_path(loop, at("door"), &options));

  assert_false(avow_is_error(&v));
  assert_int_equal(probed_with, FD_CLOEXEC);
  avow_value_unref(v);
}

SUITE(refused) {
  const struct CMUnitTest tests[] = {
    REFUSED_CASE(remote_rejects_without_a_lock_or_async_handle),
    REFUSED_CASE(loops_reject_without_locks),
    REFUSED_CASE(signals_reject_without_a_handle),
    REFUSED_CASE(copying_a_tree_rejects_without_a_lock),
    REFUSED_CASE(probe_socket_is_not_inherited),
  };
  disk_init();
  return RUN(tests);
}
