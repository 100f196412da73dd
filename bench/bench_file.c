/* SPDX-License-Identifier: MIT */
/*
 * The cost of avow's file functions. A file of 4 KiB is opened, sized, read and
 * closed, one file after another or 64 at a time. The floor does so with
 * callbacks in plain libuv. It allocates nothing for a file: each of the files
 * at a time has a request and a buffer, which the next file uses again.
 *
 * On a busy machine, elapsed time says little about many files at a time.
 * Additional lines therefore show the processor time of all threads.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { SIZE = 4096, AT_ONCE = 64, PATH = 1024 };

static char path[PATH];
static size_t to_start, done; /* files */
static uint64_t bytes_read;

static void check(bool ok) {
  bench_require(ok, "a file operation");
}

typedef struct {
  uv_fs_t req;
  uv_file file;
  char buf[SIZE];
} raw_t;

static raw_t raws[AT_ONCE];
static size_t raws_used;

static void raw_open(raw_t *raw);

static void raw_closed(uv_fs_t *req) {
  check(req->result == 0);
  uv_fs_req_cleanup(req);
  done++;
  if (to_start > 0)
    raw_open(req->data);
}

static void raw_read(uv_fs_t *req) {
  const raw_t *raw = req->data;
  check(req->result == SIZE);
  bytes_read += (uint64_t) req->result;
  uv_fs_req_cleanup(req);
  check(uv_fs_close(bench_loop, req, raw->file, raw_closed) == 0);
}

static void raw_sized(uv_fs_t *req) {
  raw_t *raw = req->data;
  check(req->result == 0 && req->statbuf.st_size == SIZE);
  const uv_buf_t buf = uv_buf_init(raw->buf, SIZE);
  uv_fs_req_cleanup(req);
  check(uv_fs_read(bench_loop, req, raw->file, &buf, 1, 0, raw_read) == 0);
}

static void raw_opened(uv_fs_t *req) {
  raw_t *raw = req->data;
  raw->file = (uv_file) req->result;
  check(raw->file >= 0);
  uv_fs_req_cleanup(req);
  check(uv_fs_fstat(bench_loop, req, raw->file, raw_sized) == 0);
}

static void raw_open(raw_t *raw) {
  to_start--;
  raw->req.data = raw;
  check(uv_fs_open(bench_loop, &raw->req, path, O_RDONLY, 0, raw_opened) == 0);
}

static void raw_start(void) {
  if (to_start > 0)
    raw_open(&raws[raws_used++ % AT_ONCE]);
}

static void chain_start(void);

static avow_value_t chain_closed(const avow_value_t *none, void *data) {
  check(!avow_is_error(none));
  free(data);
  done++;
  chain_start();
  return avow_none();
}

static avow_value_t chain_read(const avow_value_t *bytes, void *data) {
  size_t len;
  (void) avow_to_bytes(bytes, &len);
  check(len == SIZE);
  bytes_read += len;
  return avow_follow(avow_fs_close(bench_loop, *(uv_file *) data));
}

static avow_value_t chain_sized(const avow_value_t *stat, void *data) {
  const size_t size = avow_to_stat(stat)->st_size;
  check(size == SIZE);
  return avow_follow(avow_fs_read(bench_loop, *(uv_file *) data, size, 0));
}

static avow_value_t chain_opened(const avow_value_t *file, void *data) {
  *(uv_file *) data = (uv_file) avow_to_int(file);
  return avow_follow(avow_fs_fstat(bench_loop, *(uv_file *) data));
}

static void chain_start(void) {
  if (to_start == 0)
    return;
  to_start--;
  uv_file *file = malloc(sizeof(*file));
  check(file != NULL);
  avow_promise_t *p = avow_fs_open(bench_loop, path, O_RDONLY, 0);
  p = avow_then(p, chain_opened, NULL, file);
  p = avow_then(p, chain_sized, NULL, file);
  p = avow_then(p, chain_read, NULL, file);
  avow_unref(avow_then(p, chain_closed, chain_closed, file));
}

static void whole_start(void);

static avow_value_t whole_read(const avow_value_t *bytes, void *data) {
  size_t len;
  (void) avow_to_bytes(bytes, &len);
  check(len == SIZE);
  bytes_read += len;
  done++;
  whole_start();
  return avow_none();
}

static void whole_start(void) {
  if (to_start == 0)
    return;
  to_start--;
  avow_promise_t *p = avow_read_file(bench_loop, path, SIZE);
  avow_unref(avow_then(p, whole_read, NULL, NULL));
}

static uint64_t time_files_by(uint64_t (*clock_fn)(void), size_t files,
                              size_t at_once, void (*begin)(void)) {
  to_start = files;
  done = 0;
  bytes_read = 0;
  const uint64_t start = clock_fn();
  for (size_t i = 0; i < at_once; i++)
    begin();
  bench_drain();
  const uint64_t elapsed = clock_fn() - start;
  check(done == files && bytes_read == files * SIZE);
  return elapsed;
}

static uint64_t time_files(size_t files, size_t at_once, void (*begin)(void)) {
  return time_files_by(uv_hrtime, files, at_once, begin);
}

static uint64_t count_files(size_t files, size_t at_once, void (*begin)(void)) {
  return time_files_by(bench_clock_of_all, files, at_once, begin);
}

static uint64_t raw(size_t n, size_t rounds) {
  return time_files(n * rounds, n, raw_start);
}

static uint64_t wrappers(size_t n, size_t rounds) {
  return time_files(n * rounds, n, chain_start);
}

static uint64_t whole(size_t n, size_t rounds) {
  return time_files(n * rounds, n, whole_start);
}

static uint64_t raw_work(size_t n, size_t rounds) {
  return count_files(n * rounds, n, raw_start);
}

static uint64_t wrappers_work(size_t n, size_t rounds) {
  return count_files(n * rounds, n, chain_start);
}

static uint64_t whole_work(size_t n, size_t rounds) {
  return count_files(n * rounds, n, whole_start);
}

static void make_file(void) {
  static char content[SIZE];
  char directory[PATH - 32];
  size_t len = sizeof(directory);
  check(uv_os_tmpdir(directory, &len) == 0);
  (void) snprintf(path, sizeof(path), "%s/bench_file_XXXXXX", directory);
  uv_fs_t req;
  const uv_file file = uv_fs_mkstemp(NULL, &req, path, NULL);
  check(file >= 0);
  (void) snprintf(path, sizeof(path), "%s", req.path); /* fits */
  uv_fs_req_cleanup(&req);
  const uv_buf_t buf = uv_buf_init(content, SIZE);
  check(uv_fs_write(NULL, &req, file, &buf, 1, 0, NULL) == SIZE);
  check(uv_fs_close(NULL, &req, file, NULL) == 0);
}

static void remove_file(void) {
  uv_fs_t req;
  check(uv_fs_unlink(NULL, &req, path, NULL) == 0);
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "open + fstat + read + close", 1, wrappers, raw, 0, 1 },
    { "open + fstat + read + close", AT_ONCE, wrappers, raw, 0, 1.7 },
    { "avow_read_file() to four raw requests", 1, whole, raw, 0, 0.5 },
    { "avow_read_file() to four raw requests", AT_ONCE, whole, raw, 0, 1 },
    { "open + ... + close, processor time", AT_ONCE, wrappers_work, raw_work, 0,
      1.7 },
    { "avow_read_file() to four raw, likewise", AT_ONCE, whole_work, raw_work,
      0, 1 },
  };
  make_file();
  const int code =
      bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
  remove_file();
  return code;
}
