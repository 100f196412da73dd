/* SPDX-License-Identifier: MIT */
/*
 * The time that writing a whole file in one job of the thread pool saves. 4 KiB
 * are written to a file of that size, one file after another or 64 at a time.
 * The floors use callbacks in plain libuv. One makes four requests in a row:
 * open, write, fstat to find bytes that must be cut off, and close. The other
 * makes the three requests of most programs, which empty the file first: open,
 * write and close.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { SIZE = 4096, AT_ONCE = 64, PATH = 1024 };

static char content[SIZE];
static char directory[PATH - 32];
static size_t to_start, done; /* files */
static bool empties;

static void check(bool ok) {
  bench_require(ok, "a file operation");
}

typedef struct {
  uv_fs_t req;
  uv_file file;
  char path[PATH];
} slot_t;

static slot_t slots[AT_ONCE];

static void raw_start(slot_t *slot);

static void raw_closed(uv_fs_t *req) {
  check(req->result == 0);
  uv_fs_req_cleanup(req);
  done++;
  raw_start(req->data);
}

static void raw_close(uv_fs_t *req) {
  slot_t *slot = req->data;
  check(req->result >= 0);
  uv_fs_req_cleanup(req);
  check(uv_fs_close(bench_loop, req, slot->file, raw_closed) == 0);
}

static void raw_sized(uv_fs_t *req) {
  check(req->statbuf.st_size == SIZE);
  raw_close(req);
}

static void raw_written(uv_fs_t *req) {
  slot_t *slot = req->data;
  check(req->result == SIZE);
  if (empties) {
    raw_close(req);
    return;
  }
  uv_fs_req_cleanup(req);
  check(uv_fs_fstat(bench_loop, req, slot->file, raw_sized) == 0);
}

static void raw_opened(uv_fs_t *req) {
  slot_t *slot = req->data;
  slot->file = (uv_file) req->result;
  check(slot->file >= 0);
  uv_fs_req_cleanup(req);
  const uv_buf_t buf = uv_buf_init(content, SIZE);
  check(uv_fs_write(bench_loop, req, slot->file, &buf, 1, 0, raw_written) == 0);
}

static void raw_start(slot_t *slot) {
  if (to_start == 0)
    return;
  to_start--;
  slot->req.data = slot;
  const int flags = O_WRONLY | O_CREAT | (empties ? O_TRUNC : 0);
  check(uv_fs_open(bench_loop, &slot->req, slot->path, flags, 0600,
                   raw_opened) == 0);
}

static void whole_start(slot_t *slot);

static avow_value_t whole_written(const avow_value_t *written, void *slot) {
  check(avow_to_int(written) == SIZE);
  done++;
  whole_start(slot);
  return avow_none();
}

static void whole_start(slot_t *slot) {
  if (to_start == 0)
    return;
  to_start--;
  avow_promise_t *p =
      avow_write_file(bench_loop, slot->path, avow_bytes(content, SIZE), 0600);
  avow_unref(avow_then(p, whole_written, NULL, slot));
}

static uint64_t time_files(size_t n, size_t rounds, void (*begin)(slot_t *)) {
  to_start = n * rounds;
  done = 0;
  const uint64_t start = uv_hrtime();
  for (size_t i = 0; i < n; i++)
    begin(&slots[i]);
  bench_drain();
  const uint64_t elapsed = uv_hrtime() - start;
  check(done == n * rounds);
  return elapsed;
}

static uint64_t raw(size_t n, size_t rounds) {
  empties = false;
  return time_files(n, rounds, raw_start);
}

static uint64_t raw_that_empties(size_t n, size_t rounds) {
  empties = true;
  return time_files(n, rounds, raw_start);
}

static uint64_t whole(size_t n, size_t rounds) {
  return time_files(n, rounds, whole_start);
}

static void make_paths(void) {
  char tmp[PATH - 64];
  size_t len = sizeof(tmp);
  check(uv_os_tmpdir(tmp, &len) == 0);
  (void) snprintf(directory, sizeof(directory), "%s/bench_write_XXXXXX", tmp);
  uv_fs_t req;
  check(uv_fs_mkdtemp(NULL, &req, directory, NULL) == 0);
  /* The path of the request has the same length. */
  (void) snprintf(directory, sizeof(directory), "%s", req.path);
  uv_fs_req_cleanup(&req);
  for (int i = 0; i < AT_ONCE; i++)
    (void) snprintf(slots[i].path, PATH, "%s/%d", directory, i); /* fits */
}

static void remove_files(void) {
  uv_fs_t req;
  for (int i = 0; i < AT_ONCE; i++) /* a quick run does not create all */
    (void) uv_fs_unlink(NULL, &req, slots[i].path, NULL);
  check(uv_fs_rmdir(NULL, &req, directory, NULL) == 0);
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "avow_write_file() to four raw requests", 1, whole, raw, 0, 0.5 },
    { "avow_write_file() to four raw requests", AT_ONCE, whole, raw, 0, 1 },
    { "to three that empty the file first", 1, whole, raw_that_empties, 0,
      0.5 },
    { "to three that empty the file first", AT_ONCE, whole, raw_that_empties, 0,
      0.5 },
  };
  make_paths();
  const int code =
      bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
  remove_files();
  return code;
}
