/* SPDX-License-Identifier: MIT */
/*
 * The cost of files that are in memory. avow tries them on the loop's thread,
 * with calls that do not wait for a disk. The floor makes the same calls, one
 * file after another, without promises. A second floor makes the four calls of
 * most programs, which may wait. The files have 4 KiB each. Times are processor
 * times of all threads, because the pool does a part of the work.
 *
 * The last case shows whether other work waits for many files: the time for an
 * echo over a pair of sockets, while the loop reads files. Its floor leaves the
 * files to the thread pool.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _GNU_SOURCE 1 /* SOCK_CLOEXEC, mkdtemp() */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "uv/page_cache.h"

enum { SIZE = 4096, PATH = 1024, FILES = 1000, NAME = 16, SKIPPED = 77 };

static char directory[PATH - NAME];
static uv_file opened; /* the first file */
static size_t to_start, done;

static void check(bool ok) {
  bench_require(ok, "a file operation");
}

static const char *path_of(size_t i) {
  static char path[PATH];
  (void) snprintf(path, sizeof(path), "%s/%zu", directory,
                  i % FILES); /* the text fits */
  return path;
}

/* Each operation that ends starts the next one. */

static avow_promise_t *(*start_one)(size_t i);

static void start(void);

static avow_value_t one_ended(const avow_value_t *v, void *data) {
  check(!avow_is_error(v));
  done++;
  start();
  return avow_none();
}

static void start(void) {
  if (to_start > 0)
    avow_unref(avow_then(start_one(--to_start), one_ended, one_ended, NULL));
}

static uint64_t time_all(avow_promise_t *(*fn)(size_t i), size_t n,
                         size_t rounds) {
  start_one = fn;
  to_start = n * rounds;
  done = 0;
  const uint64_t began = bench_clock_of_all();
  for (size_t i = 0; i < n; i++)
    start();
  bench_drain();
  check(done == n * rounds);
  return bench_clock_of_all() - began;
}

static avow_promise_t *read_whole(size_t i) {
  return avow_read_file(bench_loop, path_of(i), SIZE);
}

static avow_promise_t *read_part(size_t i) {
  return avow_fs_read(bench_loop, opened, SIZE, 0);
}

static avow_promise_t *read_stat(size_t i) {
  return avow_fs_stat(bench_loop, path_of(i));
}

static uint64_t whole(size_t n, size_t rounds) {
  return time_all(read_whole, n, rounds);
}

static uint64_t parts(size_t n, size_t rounds) {
  return time_all(read_part, n, rounds);
}

static uint64_t stats(size_t n, size_t rounds) {
  return time_all(read_stat, n, rounds);
}

/* The same by hand. */

/* Another process that changes names can interrupt the search. */
static uv_file find(const char *path) {
  uv_file found;
  do
    found = avow__page_cache_find(path, true);
  while (found == UV_EAGAIN);
  return found;
}

static void read_safely(const char *path) {
  avow__cached_t stat, again;
  const uv_file found = find(path);
  check(found >= 0 && avow__page_cache_stat(found, &stat) == 0);
  const uv_file file = avow__page_cache_open(found);
  check(file >= 0 && avow__page_cache_stat(file, &again) == 0);
  avow__page_cache_close(found);
  char *data = malloc((size_t) stat.size + 1);
  check(data != NULL &&
        avow__page_cache_read(file, data, (size_t) stat.size, 0) == SIZE);
  avow__page_cache_close(file);
  free(data);
}

static void read_waiting(const char *path) {
  struct stat stat;
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  check(file >= 0 && fstat(file, &stat) == 0);
  char *data = malloc((size_t) stat.st_size + 1);
  check(data != NULL && read(file, data, (size_t) stat.st_size) == SIZE);
  check(close(file) == 0);
  free(data);
}

static uint64_t by_hand(void (*read_file)(const char *path), size_t files) {
  const uint64_t began = bench_clock_of_all();
  for (size_t i = 0; i < files; i++)
    read_file(path_of(i));
  return bench_clock_of_all() - began;
}

static uint64_t safely(size_t n, size_t rounds) {
  return by_hand(read_safely, n * rounds);
}

static uint64_t waiting(size_t n, size_t rounds) {
  return by_hand(read_waiting, n * rounds);
}

static uint64_t parts_by_hand(size_t n, size_t rounds) {
  const uint64_t began = bench_clock_of_all();
  for (size_t i = 0; i < n * rounds; i++) {
    char *data = malloc(SIZE + 1);
    check(data != NULL && pread(opened, data, SIZE, 0) == SIZE);
    free(data);
  }
  return bench_clock_of_all() - began;
}

static uint64_t stats_by_hand(size_t n, size_t rounds) {
  const uint64_t began = bench_clock_of_all();
  for (size_t i = 0; i < n * rounds; i++) {
    uv_fs_t req;
    check(uv_fs_stat(NULL, &req, path_of(i), NULL) == 0);
    uv_fs_req_cleanup(&req);
  }
  return bench_clock_of_all() - began;
}

/* Echoes beside reads. */

enum { ECHOES = 50 };

static int pair[2];
static uint64_t echo_time;
static bool reads;

static void ask(void *data) {
  char c = 'a';
  const uint64_t began = uv_hrtime();
  for (int i = 0; i < ECHOES; i++)
    check(write(pair[1], &c, 1) == 1 && read(pair[1], &c, 1) == 1);
  echo_time = uv_hrtime() - began;
  (void) shutdown(pair[1], SHUT_WR); /* the answer is the end */
}

static void read_on(uv_loop_t *loop);

static avow_value_t read_next(const avow_value_t *bytes, void *loop) {
  check(!avow_is_error(bytes));
  read_on(loop);
  return avow_none();
}

static void read_on(uv_loop_t *loop) {
  avow_promise_t *p =
      reads ? avow_read_file(loop, path_of(to_start++), SIZE) : NULL;
  if (p != NULL)
    avow_unref(avow_then(p, read_next, NULL, loop));
}

static void on_asked(uv_poll_t *poll, int status, int events) {
  char c;
  if (read(pair[0], &c, 1) == 1) {
    check(write(pair[0], &c, 1) == 1);
    return;
  }
  reads = false;
  uv_close((uv_handle_t *) poll, NULL);
}

static void serve(uv_loop_t *loop, size_t n) {
  uv_poll_t poll;
  uv_thread_t asker;
  check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
  check(uv_poll_init(loop, &poll, pair[0]) == 0);
  check(uv_poll_start(&poll, UV_READABLE, on_asked) == 0);
  reads = true;
  for (size_t i = 0; i < n; i++)
    read_on(loop);
  check(uv_thread_create(&asker, ask, NULL) == 0);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* until both have ended */
  (void) uv_thread_join(&asker);       /* it was created */
  check(close(pair[0]) == 0 && close(pair[1]) == 0);
}

static uint64_t echoes(size_t n, size_t rounds, bool files_on_pool) {
  uint64_t sum = 0;
  uv_loop_t loop;
  const avow_options_t options = { .files_on_pool = files_on_pool };
  check(uv_loop_init(&loop) == 0 && avow_loop_init(&loop, &options) == 0);
  for (size_t i = 0; i < rounds; i++) {
    serve(&loop, n);
    sum += echo_time / ECHOES * n;
  }
  check(avow_loop_close(&loop) == 0 && uv_loop_close(&loop) == 0);
  return sum;
}

static uint64_t echoes_beside(size_t n, size_t rounds) {
  return echoes(n, rounds, false);
}

static uint64_t echoes_beside_pool(size_t n, size_t rounds) {
  return echoes(n, rounds, true);
}

static void make_files(void) {
  static char content[SIZE];
  char parent[PATH - 2 * NAME];
  size_t len = sizeof(parent);
  check(uv_os_tmpdir(parent, &len) == 0);
  (void) snprintf(directory, sizeof(directory), "%s/bench_XXXXXX",
                  parent); /* the text fits */
  check(mkdtemp(directory) != NULL);
  for (size_t i = 0; i < FILES; i++) {
    const int file = open(path_of(i), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    check(file >= 0 && write(file, content, SIZE) == SIZE && close(file) == 0);
  }
  opened = open(path_of(0), O_RDONLY | O_CLOEXEC);
  check(opened >= 0);
}

static void remove_files(void) {
  check(close(opened) == 0);
  for (size_t i = 0; i < FILES; i++)
    check(unlink(path_of(i)) == 0);
  check(rmdir(directory) == 0);
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "avow_read_file() to safe calls", 1, whole, safely, 0, 1.3 },
    { "avow_read_file() to safe calls", 64, whole, safely, 0, 1.3 },
    { "avow_read_file() to safe calls", 10000, whole, safely, 0, 1.5 },
    { "avow_read_file() to calls that may wait", 10000, whole, waiting, 0, 3 },
    { "avow_fs_read() to pread()", 64, parts, parts_by_hand, 0, 1.7 },
    { "avow_fs_stat() to a call that may wait", 64, stats, stats_by_hand, 0,
      4 },
    { "an echo beside reads", 1000, echoes_beside, echoes_beside_pool, 0, 3 },
  };
  make_files();
  if (!avow__page_cache_is_there() || !avow__is_on_disk(opened)) {
    remove_files();
    (void) puts(
        "skipped: the files are on no disk, or the system has no calls "
        "that do not wait for it");
    return SKIPPED;
  }
  const int code =
      bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
  remove_files();
  return code;
}
