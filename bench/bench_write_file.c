/*
 * What does writing a whole file in one job of the thread pool save? 4 KiB are
 * written to a file, one after another or to 64 files at a time. The floor is
 * the same with callbacks, by hand: three requests one after the other (open,
 * write, close), or four, where the file is to have its mode whatever the umask
 * says (fchmod).
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
static bool with_mode;

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

static void raw_written(uv_fs_t *req) {
  slot_t *slot = req->data;
  check(req->result == SIZE);
  if (!with_mode) {
    raw_close(req);
    return;
  }
  uv_fs_req_cleanup(req);
  check(uv_fs_fchmod(bench_loop, req, slot->file, 0600, raw_close) == 0);
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
  check(uv_fs_open(bench_loop, &slot->req, slot->path,
                   O_WRONLY | O_CREAT | O_TRUNC, 0600, raw_opened) == 0);
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
  with_mode = false;
  return time_files(n, rounds, raw_start);
}

static uint64_t raw_with_mode(size_t n, size_t rounds) {
  with_mode = true;
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
  (void) snprintf(directory, sizeof(directory), "%s", req.path); /* as long */
  uv_fs_req_cleanup(&req);
  for (int i = 0; i < AT_ONCE; i++)
    (void) snprintf(slots[i].path, PATH, "%s/%d", directory, i); /* room */
}

static void remove_files(void) {
  uv_fs_t req;
  for (int i = 0; i < AT_ONCE; i++) /* not all were there in a quick run */
    (void) uv_fs_unlink(NULL, &req, slots[i].path, NULL);
  check(uv_fs_rmdir(NULL, &req, directory, NULL) == 0);
}

int main(int argc, char **argv) {
  const bench_case_t cases[] = {
    { "avow_write_file() to three raw requests", 1, whole, raw, 0, 1 },
    { "avow_write_file() to three raw requests", AT_ONCE, whole, raw, 0, 1 },
    { "avow_write_file() to four raw requests", 1, whole, raw_with_mode, 0,
      0.5 },
    { "avow_write_file() to four raw requests", AT_ONCE, whole, raw_with_mode,
      0, 0.5 },
  };
  make_paths();
  const int code =
      bench_main(argc, argv, "ns", cases, sizeof(cases) / sizeof(*cases));
  remove_files();
  return code;
}
