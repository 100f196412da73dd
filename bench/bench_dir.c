/* SPDX-License-Identifier: MIT */
/*
 * The cost of a directory listing as a value. All entries are listed
 * and read. The floor is uv_fs_scandir() with a callback that reads the entries
 * from uv_fs_scandir_next().
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"

enum { MAX = 100000, PATH = 1024 };

static char directory[PATH - 32];
static size_t made;     /* entries */
static uint64_t looked; /* bytes of names */

static void check(bool ok) {
  bench_require(ok, "a directory operation");
}

static const char *entry_path(size_t i) {
  static char path[PATH];
  (void) snprintf(path, sizeof(path), "%s/entry-%zu", directory, i); /* fits */
  return path;
}

static void make_entry(size_t i) {
  uv_fs_t req;
  const uv_file file = uv_fs_open(NULL, &req, entry_path(i),
                                  UV_FS_O_CREAT | UV_FS_O_WRONLY, 0600, NULL);
  uv_fs_req_cleanup(&req);
  check(file >= 0 && uv_fs_close(NULL, &req, file, NULL) == 0);
  uv_fs_req_cleanup(&req);
}

static void remove_entry(size_t i) {
  uv_fs_t req;
  check(uv_fs_unlink(NULL, &req, entry_path(i), NULL) == 0);
  uv_fs_req_cleanup(&req);
}

/* Adds or removes entries until there are `n`. */
static void fill(size_t n) {
  while (made < n)
    make_entry(made++);
  while (made > n)
    remove_entry(--made);
}

static uint64_t look(const char *name, uv_dirent_type_t type) {
  return strlen(name) + (type == UV_DIRENT_DIR);
}

static void on_raw(uv_fs_t *req) {
  uv_dirent_t entry;
  check(req->result >= 0);
  while (uv_fs_scandir_next(req, &entry) == 0)
    looked += look(entry.name, entry.type);
  uv_fs_req_cleanup(req);
}

static void list_raw(void) {
  uv_fs_t req;
  check(uv_fs_scandir(bench_loop, &req, directory, 0, on_raw) == 0);
  bench_drain();
}

static avow_value_t on_entries(const avow_value_t *entries, void *data) {
  const size_t n = avow_entries_len(entries);
  for (size_t i = 0; i < n; i++) {
    const avow_entry_t entry = avow_entry_at(entries, i);
    looked += look(entry.name, entry.type);
  }
  return avow_none();
}

static void list_value(void) {
  avow_promise_t *p = avow_fs_scandir(bench_loop, directory);
  avow_unref(avow_then(p, on_entries, NULL, NULL));
  bench_drain();
}

static avow_value_t directory_to_read;

static avow_value_t on_part(const avow_value_t *entries, void *data) {
  if (avow_is_none(entries))
    return avow_int(1);
  (void) on_entries(entries, NULL); /* NONE */
  return avow_none();
}

static avow_value_t read_part(void *data) {
  avow_promise_t *p = avow_fs_readdir(bench_loop, &directory_to_read, 1024);
  return avow_follow(avow_then(p, on_part, NULL, NULL));
}

static void list_in_parts(void) {
  directory_to_read = avow_run(avow_fs_opendir(bench_loop, directory));
  check(!avow_is_error(&directory_to_read));
  check(avow_run(avow_repeat(bench_loop, read_part, NULL)).u.i == 1);
  avow_value_unref(directory_to_read);
}

static uint64_t time_lists(size_t n, size_t rounds, void (*list)(void)) {
  fill(n);
  looked = 0;
  const uint64_t start = uv_hrtime();
  for (size_t i = 0; i < rounds; i++)
    list();
  const uint64_t elapsed = uv_hrtime() - start;
  check(looked >= n * rounds * strlen("entry-0"));
  return elapsed;
}

static uint64_t raw(size_t n, size_t rounds) {
  return time_lists(n, rounds, list_raw);
}

static uint64_t value(size_t n, size_t rounds) {
  return time_lists(n, rounds, list_value);
}

static uint64_t parts(size_t n, size_t rounds) {
  return time_lists(n, rounds, list_in_parts);
}

static void make_directory(void) {
  char path[PATH - 64];
  size_t len = sizeof(path);
  uv_fs_t req;
  check(uv_os_tmpdir(path, &len) == 0);
  (void) snprintf(directory, sizeof(directory), "%s/bench_dir_XXXXXX", path);
  check(uv_fs_mkdtemp(NULL, &req, directory, NULL) == 0);
  /* The path of the request has the same length. */
  (void) snprintf(directory, sizeof(directory), "%s", req.path);
  uv_fs_req_cleanup(&req);
}

static void remove_directory(void) {
  uv_fs_t req;
  fill(0);
  check(uv_fs_rmdir(NULL, &req, directory, NULL) == 0);
  uv_fs_req_cleanup(&req);
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "scandir, an entry", 10, value, raw, 0, 1.1 },
    { "scandir, an entry", 1000, value, raw, 0, 1.1 },
    { "scandir, an entry", MAX, value, raw, 0, 1.1 },
    { "readdir, an entry, to raw scandir", MAX, parts, raw, 0, 0 },
  };
  make_directory();
  const int code =
      bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
  remove_directory();
  return code;
}
