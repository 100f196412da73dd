/* SPDX-License-Identifier: MIT */
/* Objects that a run leaves behind are reported, reclaimed or disconnected. */
#include "avow/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "avow/all.h"
#include "avow/auto.h"
#include "runs.h"
#include "suite.h"

enum { SEEDS = 200, PORT = 7001, LONG = 2000, HOUR = 60 * 60 * 1000 };

static const char port[] = "7001";

static avow_promise_t *end(uv_loop_t *loop) {
  return avow_promise_resolve(loop, avow_none());
}

/* Descriptors and directories that are left open fail a run. */

static avow_promise_t *leaves_a_pipe(uv_loop_t *loop, void *data) {
  uv_file ends[2];
  (void) uv_pipe(ends, 0, 0); /* cannot fail */
  return end(loop);
}

/* The directories that were left, kept so that leak checkers report nothing. */
static const void *dirs[2];
static int n_dirs;

static avow_promise_t *leaves_a_directory(uv_loop_t *loop, void *data) {
  uv_fs_t req;
  (void) uv_fs_opendir(NULL, &req, ".", NULL); /* cannot fail */
  dirs[n_dirs++] = req.ptr;
  uv_fs_req_cleanup(&req);
  return end(loop);
}

static void open_descriptors_and_directories_fail_a_run(void **state) {
  assert_fails(leaves_a_pipe, "a descriptor of uv_pipe() or uv_socketpair()");
  assert_fails(leaves_a_directory, "1 directories were left open");
}

/* A file that has no name and is not open occupies no space. */

static uint64_t free_blocks(uv_fs_t *req) {
  (void) uv_fs_statfs(NULL, req, ".", NULL); /* cannot fail */
  const uint64_t n = ((const uv_statfs_t *) req->ptr)->f_bfree;
  uv_fs_req_cleanup(req);
  return n;
}

static avow_promise_t *fills_and_removes(uv_loop_t *loop, void *data) {
  static char bytes[100 * 1000];
  const uv_buf_t buf = uv_buf_init(bytes, sizeof(bytes));
  uv_fs_t req;
  const uint64_t before = free_blocks(&req);
  const uv_file file = uv_fs_open(NULL, &req, "file",
                                  UV_FS_O_WRONLY | UV_FS_O_CREAT, 0600, NULL);
  assert_int_equal(uv_fs_write(NULL, &req, file, &buf, 1, -1, NULL),
                   sizeof(bytes));
  uv_fs_req_cleanup(&req);
  assert_int_equal(uv_fs_unlink(NULL, &req, "file", NULL), 0);
  assert_true(free_blocks(&req) < before);
  assert_int_equal(uv_fs_close(NULL, &req, file, NULL), 0);
  assert_true(free_blocks(&req) == before);
  return end(loop);
}

static void space_of_a_removed_file_is_freed(void **state) {
  (void) assert_passes(1, fills_and_removes, NULL);
}

/* A closed file does not keep its number. */
static avow_promise_t *opens_and_closes(uv_loop_t *loop, void *data) {
  const int flags = UV_FS_O_RDWR | UV_FS_O_CREAT;
  uv_fs_t req;
  const uv_file first = uv_fs_open(NULL, &req, "a", flags, 0600, NULL);
  const uv_file second = uv_fs_open(NULL, &req, "b", flags, 0600, NULL);
  assert_int_equal(second, first + 1);
  (void) uv_fs_close(NULL, &req, first, NULL); /* it is open */
  assert_int_equal(uv_fs_open(NULL, &req, "c", flags, 0600, NULL), first);
  (void) uv_fs_close(NULL, &req, first, NULL);
  (void) uv_fs_close(NULL, &req, second, NULL);
  return end(loop);
}

static void number_of_a_closed_file_is_reused(void **state) {
  (void) assert_passes(1, opens_and_closes, NULL);
}

/* When a listener closes, the simulator disconnects connections that the
   program has not taken and those in the backlog. */

static uv_tcp_t acceptor;

static void let_wait(uv_stream_t *server, int status) {
}

static void start_listening(uv_loop_t *loop) {
  struct sockaddr_in address;
  (void) uv_ip4_addr("127.0.0.1", PORT, &address); /* cannot fail */
  assert_int_equal(uv_tcp_init(loop, &acceptor), 0);
  assert_int_equal(uv_tcp_bind(&acceptor, (const struct sockaddr *) &address,
                               0),
                   0);
  assert_int_equal(uv_listen((uv_stream_t *) &acceptor, 2, let_wait), 0);
}

static avow_value_t wait_until_hung_up(void *loop) {
  AVOW_AUTO_VALUE guest = avow_await(avow_connect(loop, "127.0.0.1", port));
  if (avow_is_error(&guest))
    return avow_steal(&guest);
  avow_promise_t *p = avow_read(avow_to_stream(&guest), 1);
  AVOW_AUTO_VALUE v = avow_await(avow_timeout(p, HOUR));
  avow_sim_check(!avow_is_timeout(&v), "the connection stays open");
  return avow_none();
}

static avow_value_t close_listener_late(void *loop) {
  avow_promise_t *guests[3];
  start_listening(loop);
  for (int i = 0; i < 3; i++)
    guests[i] = avow_async(loop, wait_until_hung_up, loop);
  AVOW_TRY(avow_await(avow_sleep(loop, LONG)));
  uv_close((uv_handle_t *) &acceptor, NULL);
  return avow_await(avow_all(loop, guests, 3));
}

static avow_promise_t *closes_listener(uv_loop_t *loop, void *data) {
  return avow_async(loop, close_listener_late, loop);
}

static void waiting_connections_close_with_the_listener(void **state) {
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    (void) assert_passes(seed, closes_listener, NULL);
}

/* A read may return a part of the bytes that have arrived. */

enum { WORD = 10 };

static size_t seen[WORD + 1]; /* reads by their number of bytes */

static avow_value_t read_once(avow_stream_t stream) {
  char bytes[WORD];
  const avow_value_t v = avow_await(avow_read_into(stream, bytes, 1, WORD));
  if (!avow_is_error(&v))
    seen[avow_to_int(&v)]++;
  return v;
}

/* All bytes have arrived by then. */
static avow_value_t read_late(uv_loop_t *loop, avow_channel_t *guests) {
  AVOW_AUTO_VALUE guest = avow_await(avow_channel_first(guests));
  if (avow_is_error(&guest))
    return avow_steal(&guest);
  AVOW_TRY(avow_await(avow_sleep(loop, LONG)));
  return read_once(avow_to_stream(&guest));
}

static avow_value_t say_and_read(void *loop) {
  AVOW_AUTO_VALUE listener = avow_await(avow_bind(loop, "127.0.0.1", port));
  const avow_stream_t to = avow_to_stream(&listener);
  avow_channel_t *guests = avow_connections(avow_stream_handle(to), NULL);
  AVOW_AUTO_VALUE guest = avow_await(avow_connect(loop, "127.0.0.1", port));
  avow_value_t word = avow_string("0123456789");
  AVOW_TRY(avow_await(avow_write(avow_to_stream(&guest), word)));
  return read_late(loop, guests);
}

static avow_promise_t *says_and_reads(uv_loop_t *loop, void *data) {
  return avow_async(loop, say_and_read, loop);
}

static void read_may_return_any_part(void **state) {
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    (void) assert_passes(seed, says_and_reads, NULL);
  assert_true(seen[1] > seen[WORD - 1]); /* one byte is frequent */
  for (size_t i = 1; i <= WORD; i++)
    assert_true(seen[i] > 0);
}

SUITE(leaves) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(open_descriptors_and_directories_fail_a_run),
    cmocka_unit_test(space_of_a_removed_file_is_freed),
    cmocka_unit_test(number_of_a_closed_file_is_reused),
    cmocka_unit_test(waiting_connections_close_with_the_listener),
    cmocka_unit_test(read_may_return_any_part),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
