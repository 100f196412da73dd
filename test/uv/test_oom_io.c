/* SPDX-License-Identifier: MIT */
/* Out of memory: threads, files, sockets and loops survive it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "torture.h"

enum { REMOTES = 4 };

static uv_thread_t thread;
static avow_remote_t *remotes[REMOTES];

static void settle_remotes(void *data) {
  (void) avow_remote_resolve(remotes[0], avow_string("from afar"));
  (void) avow_remote_reject(remotes[1], avow_error_new(UV_EIO, avow_none(),
                                                       "also from afar"));
  avow_remote_drop(remotes[2]);
  (void) avow_remote_resolve(remotes[3], avow_int(1));
}

static avow_value_t join_fn(void *data) {
  check(uv_thread_join(&thread) == 0, "the thread ends");
  return duty_fn(data);
}

static avow_promise_t *remotes_on_this_thread(void) {
  avow_promise_t *ps[REMOTES];
  for (size_t i = 0; i < REMOTES; i++)
    ps[i] = avow_remote_new(loop, &remotes[i]);
  avow_cancel(ps[3]);
  settle_remotes(NULL);
  return avow_all_settled(loop, ps, REMOTES);
}

static avow_promise_t *remotes_on_another_thread(void) {
  avow_promise_t *ps[REMOTES];
  for (size_t i = 0; i < REMOTES; i++)
    ps[i] = avow_remote_new(loop, &remotes[i]);
  assert_int_equal(uv_thread_create(&thread, settle_remotes, NULL), 0);
  return avow_finally(avow_all_settled(loop, ps, REMOTES), join_fn, duty_new());
}

static void remotes_survive(void **state) {
  survive(remotes_on_this_thread);
  survive(remotes_on_another_thread);
}

static char path[64]; /* of a file that exists while the group runs */
static uv_file file;  /* opened by the program */

static avow_value_t read_back_cb(const avow_value_t *arg, void *data) {
  return avow_follow(avow_fs_read(loop, file, 64, 0));
}

static avow_value_t stat_cb(const avow_value_t *arg, void *data) {
  return avow_follow(avow_fs_fstat(loop, file));
}

static avow_value_t close_file_fn(void *data) {
  duty_end(data);
  return avow_follow(avow_fs_close(loop, file));
}

static avow_value_t use_file_cb(const avow_value_t *arg, void *data) {
  file = (uv_file) avow_to_int(arg);
  avow_promise_t *p = avow_fs_write(loop, file, avow_string("some text"), 0);
  p = avow_then(p, read_back_cb, NULL, NULL);
  p = avow_then(p, stat_cb, NULL, NULL);
  return avow_follow(avow_finally(p, close_file_fn, duty_new()));
}

static avow_promise_t *file_steps(void) {
  avow_promise_t *p = avow_fs_open(loop, path, O_RDWR, 0);
  return avow_then(p, use_file_cb, NULL, NULL);
}

static avow_promise_t *whole_files(void) {
  avow_promise_t *ps[] = { avow_read_file(loop, path, 1000),
                           avow_read_file(loop, "/nowhere/at/all", 1000),
                           avow_read_file(loop, path, 1),
                           avow_fs_open(loop, "/nowhere/at/all", O_RDONLY, 0),
                           avow_fs_open(loop, path, O_RDONLY, 0) };
  avow_cancel(ps[4]);
  return avow_all_settled(loop, ps, 5);
}

static void files_survive(void **state) {
  survive(file_steps);
}

static void whole_files_survive(void **state) {
  survive(whole_files);
}

static avow_value_t work_fn(void *data) {
  return avow_string("done");
}

static avow_promise_t *jobs(void) {
  avow_promise_t *ps[] = { avow_work(loop, work_fn, duty_new(), duty_end),
                           avow_work(loop, work_fn, duty_new(), duty_end),
                           avow_random(loop, 32), avow_random(loop, 32),
                           avow_work_detached(loop, work_fn, duty_new(),
                                              duty_end) };
  avow_cancel(ps[1]);
  avow_cancel(ps[3]);
  return avow_all_settled(loop, ps, 5);
}

static void jobs_survive(void **state) {
  survive(jobs);
}

static avow_promise_t *addresses(void) {
  const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST };
  avow_promise_t *ps[] = { avow_getaddrinfo(loop, "127.0.0.1", "80", &hints),
                           avow_getaddrinfo(loop, "no host", NULL, &hints),
                           avow_getaddrinfo(loop, "::1", NULL, &hints) };
  avow_cancel(ps[2]);
  return avow_all_settled(loop, ps, 3);
}

static void address_lookup_survives(void **state) {
  survive(addresses);
}

enum { MUCH = 1 << 20 };

static uv_tcp_t listener, server, client;

static avow_value_t close_fn(void *data) {
  return avow_follow(avow_close_handle(data));
}

static avow_promise_t *closed_at_last(avow_promise_t *p, uv_tcp_t *tcp) {
  return avow_finally(p, close_fn, tcp);
}

static avow_value_t write_cb(const avow_value_t *arg, void *tcp) {
  char *much; /* more than the system takes at once */
  const avow_value_t bytes = avow_bytes_new(MUCH, &much);
  if (!avow_is_error(&bytes))
    memset(much, 'x', MUCH);
  return avow_follow(avow_write(avow_uv_stream(tcp), bytes));
}

static avow_value_t answer_cb(const avow_value_t *arg, void *tcp) {
  return avow_follow(avow_write(avow_uv_stream(tcp), avow_string("pong")));
}

static avow_value_t read_rest_cb(const avow_value_t *arg, void *tcp) {
  return avow_follow(avow_read(avow_uv_stream(tcp), 100));
}

static avow_value_t read_cb(const avow_value_t *arg, void *tcp) {
  static char first;
  avow_promise_t *p = avow_read_into(avow_uv_stream(tcp), &first, 1, 1);
  return avow_follow(avow_then(p, read_rest_cb, NULL, tcp));
}

static avow_value_t shutdown_cb(const avow_value_t *arg, void *tcp) {
  return avow_follow(avow_shutdown(avow_uv_stream(tcp)));
}

static avow_value_t read_all_cb(const avow_value_t *arg, void *tcp) {
  return avow_follow(avow_read_all(avow_uv_stream(tcp), 1000));
}

static void serve(uv_stream_t *stream, int status) {
  check(status == 0, "a connection arrives");
  check(uv_tcp_init(loop, &server) == 0, "a handle for it");
  check(uv_accept(stream, (uv_stream_t *) &server) == 0, "it is accepted");
  avow_promise_t *p =
      avow_read_all(avow_uv_stream((uv_stream_t *) &server), MUCH);
  p = avow_then(p, answer_cb, NULL, &server);
  avow_unref(closed_at_last(p, &server));
}

static struct sockaddr_in listen_here(void) {
  struct sockaddr_in address;
  int len = sizeof(address);
  (void) uv_ip4_addr("127.0.0.1", 0, &address); /* the text is an address */
  assert_int_equal(uv_tcp_init(loop, &listener), 0);
  assert_int_equal(uv_tcp_bind(&listener, (const struct sockaddr *) &address,
                               0),
                   0);
  assert_int_equal(uv_listen((uv_stream_t *) &listener, 8, serve), 0);
  assert_int_equal(uv_tcp_getsockname(&listener, (struct sockaddr *) &address,
                                      &len),
                   0);
  return address;
}

static avow_promise_t *exchange_over_tcp(void) {
  const struct sockaddr_in address = listen_here();
  int few = 65536;
  assert_int_equal(uv_tcp_init_ex(loop, &client, AF_INET), 0);
  assert_int_equal(uv_send_buffer_size((uv_handle_t *) &client, &few), 0);
  avow_promise_t *p =
      avow_tcp_connect(&client, (const struct sockaddr *) &address);
  p = avow_then(p, write_cb, NULL, &client);
  p = avow_then(p, shutdown_cb, NULL, &client);
  p = avow_then(p, read_cb, NULL, &client);
  p = avow_then(p, read_all_cb, NULL, &client);
  return closed_at_last(closed_at_last(p, &client), &listener);
}

static void tcp_exchange_survives(void **state) {
  survive(exchange_over_tcp);
}

static avow_promise_t *second_loop(void) {
  uv_loop_t other;
  const int made = uv_loop_init(&other);
  if (made != 0)
    return avow_promise_reject(loop, avow_error(made));
  const int err = avow_loop_init(&other, &quiet);
  if (err == 0) {
    duty_t *data = duty_new();
    avow_promise_t *p = avow_sleep(&other, 3600 * 1000);
    p = avow_finally(p, duty_fn, data);
    avow_unref(p);
    check(avow_loop_close(&other) == 0, "the second loop is closed");
  }
  check(uv_loop_close(&other) == 0, "no handle is left on the second loop");
  return avow_promise_resolve(loop, err == 0 ? avow_none() : avow_error(err));
}

static void second_loop_survives(void **state) {
  survive(second_loop);
}

static int start(void **state) {
  char folder[40];
  size_t size = sizeof(folder);
  if (start_pool(state) != 0 || uv_os_tmpdir(folder, &size) != 0)
    return -1;
  (void) signal(SIGPIPE, SIG_IGN); /* a write to a closed socket returns an
                                      error */
  (void) snprintf(path, sizeof(path), "%s/avow-XXXXXX", folder); /* fits */
  const int fd = mkstemp(path);
  return fd < 0 ? -1 : close(fd);
}

static int finish(void **state) {
  return unlink(path);
}

SUITE(oom_io) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(remotes_survive),
    cmocka_unit_test(files_survive),
    cmocka_unit_test(whole_files_survive),
    cmocka_unit_test(address_lookup_survives),
    cmocka_unit_test(jobs_survive),
    cmocka_unit_test(tcp_exchange_survives),
    cmocka_unit_test(second_loop_survives),
  };
  harness_init();
  return cmocka_run_group_tests(tests, start, finish);
}
