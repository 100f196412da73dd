/* SPDX-License-Identifier: MIT */
/*
 * The processor time of sending a file to a socket. avow_pump()
 * lets the system move a file's bytes. The floor is plain libuv: it reads 64
 * KiB on a thread of the pool and writes them before it reads the next. Another
 * thread receives the bytes. Times are those of the whole process with all
 * threads.
 */
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"

enum { BLOCK = 65536 };

static void check(bool ok) {
  bench_require(ok, "what was sent");
}

static uv_file file;
static size_t size; /* of the file in bytes */
static uv_pipe_t to;

static void set_file(size_t blocks) {
  static char block[BLOCK];
  char name[] = "/tmp/avow-bench-send-XXXXXX";
  file = mkstemp(name);
  check(file >= 0);
  (void) unlink(name);
  size = blocks * BLOCK;
  for (size_t i = 0; i < blocks; i++)
    check(write(file, block, BLOCK) == BLOCK);
}

static void take_all(void *fd) {
  static char drain[BLOCK];
  size_t got = 0;
  for (ssize_t n; (n = read(*(const uv_os_sock_t *) fd, drain, BLOCK)) > 0;)
    got += (size_t) n;
  check(got == size);
  (void) close(*(const uv_os_sock_t *) fd);
}

static void close_both(void) {
  uv_close((uv_handle_t *) &to, NULL);
}

static struct {
  uv_fs_t read;
  uv_write_t write;
  int64_t at;
  char data[BLOCK];
} raw;

static void raw_next(void);

static void raw_written(uv_write_t *req, int status) {
  check(status == 0);
  raw_next();
}

static void raw_read(uv_fs_t *req) {
  const ssize_t n = req->result;
  uv_fs_req_cleanup(req);
  check(n >= 0);
  raw.at += n;
  const uv_buf_t buf = uv_buf_init(raw.data, (unsigned) n);
  if (n == 0)
    close_both();
  else
    check(uv_write(&raw.write, (uv_stream_t *) &to, &buf, 1, raw_written) == 0);
}

static void raw_next(void) {
  const uv_buf_t buf = uv_buf_init(raw.data, BLOCK);
  check(uv_fs_read(bench_loop, &raw.read, file, &buf, 1, raw.at, raw_read) ==
        0);
}

static void start_raw(void) {
  raw.at = 0;
  raw_next();
}

static avow_value_t source;

static avow_value_t on_sent(const avow_value_t *bytes, void *data) {
  check(avow_to_int(bytes) == (int64_t) size);
  close_both();
  avow_value_clear(&source);
  return avow_none();
}

static void start_avow(void) {
  source = avow_file_stream(bench_loop, file, 0, UINT64_MAX);
  avow_promise_t *p = avow_pump(avow_to_stream(&source),
                                avow_uv_stream((uv_stream_t *) &to), NULL);
  avow_unref(avow_then(p, on_sent, on_sent, NULL));
}

static uint64_t used(void) {
  uv_rusage_t usage;
  check(uv_getrusage(&usage) == 0);
  const uint64_t us =
      (uint64_t) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  return 1000 * us + 1000000000 * (uint64_t) (usage.ru_utime.tv_sec +
                                              usage.ru_stime.tv_sec);
}

static uint64_t time_sending(size_t blocks, void (*start)(void)) {
  uv_os_sock_t fds[2];
  uv_thread_t thread;
  set_file(blocks);
  check(uv_socketpair(SOCK_STREAM, 0, fds, 0, UV_NONBLOCK_PIPE) == 0);
  check(uv_pipe_init(bench_loop, &to, 0) == 0);
  check(uv_pipe_open(&to, fds[1]) == 0);
  const uint64_t begin = used();
  check(uv_thread_create(&thread, take_all, &fds[0]) == 0);
  start();
  bench_drain();
  (void) uv_thread_join(&thread); /* it was created */
  const uint64_t ns = used() - begin;
  (void) close(file);
  return ns;
}

static uint64_t with_raw(size_t n, size_t rounds) {
  return time_sending(n * rounds, start_raw);
}

static uint64_t with_avow(size_t n, size_t rounds) {
  return time_sending(n * rounds, start_avow);
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "64 KiB of a file sent", 256, with_avow, with_raw, 0, 1 },
  };
  return bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
}
