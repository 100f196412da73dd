/* SPDX-License-Identifier: MIT */
/*
 * Prints the results of libuv's file functions in random sequences of calls:
 *
 *   fs_calls FROM TO    the seeds
 *
 * It is linked with libuv and with the simulator. Both programs must print the
 * same lines. All paths are in a temporary directory, so deep in it that no
 * path leaves it. The program also prints what a sequence left there.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "avow/config.h"
#include "fs_paths.h"

enum { STEPS = 60, SLOTS = 6, ROOM = 20000, MOST = 64, DEPTH = 5 };

static uv_file slots[SLOTS]; /* open files; negative: none */
static uv_fs_t req;

static int done(void) {
  const int result = (int) req.result;
  uv_fs_req_cleanup(&req);
  return result;
}

static int some_mode(void) {
  static const int modes[] = { 0700, 0755, 0777, 0711 };
  return modes[draw(4)];
}

static uv_file some_file(void) {
  const uv_file file = slots[draw(SLOTS)];
  return file >= 0 || draw(20) == 0 ? file : slots[0];
}

static int some_flags(void) {
  static const int access[] = { UV_FS_O_RDONLY, UV_FS_O_WRONLY, UV_FS_O_RDWR };
  int flags = access[draw(3)];
  flags |= draw(2) == 0 ? UV_FS_O_CREAT : 0;
  flags |= draw(5) == 0 ? UV_FS_O_EXCL & (flags & UV_FS_O_CREAT ? ~0 : 0) : 0;
  flags |= draw(5) == 0 ? UV_FS_O_TRUNC : 0;
  flags |= draw(5) == 0 ? UV_FS_O_APPEND : 0;
  flags |= draw(9) == 0 ? UV_FS_O_NOFOLLOW : 0;
  flags |= draw(9) == 0 && (flags & UV_FS_O_CREAT) == 0 ? UV_FS_O_DIRECTORY : 0;
  return flags;
}

static void try_open(void) {
  const char *path = some_path(0);
  const int flags = some_flags();
  const int mode = some_mode();
  const size_t slot = (size_t) draw(SLOTS);
  if (slots[slot] >= 0) {
    (void) uv_fs_close(NULL, &req, slots[slot], NULL);
    printf("close %d\n", done());
  }
  (void) uv_fs_open(NULL, &req, path, flags, mode, NULL);
  slots[slot] = done();
  printf("open %s %o: %d\n", told(path), (unsigned) flags,
         slots[slot] < 0 ? slots[slot] : 0);
}

static void try_close(void) {
  const size_t slot = (size_t) draw(SLOTS);
  if (slots[slot] < 0 && draw(10) > 0)
    return;
  (void) uv_fs_close(NULL, &req, slots[slot], NULL);
  slots[slot] = -1;
  printf("close %d\n", done());
}

static unsigned sum_of(const char *bytes, int n) {
  unsigned sum = 1;
  for (int i = 0; i < n; i++)
    sum = sum * 31 + (unsigned char) bytes[i];
  return sum;
}

static int64_t some_offset(void) {
  return draw(2) == 0 ? -1 : (int64_t) draw(ROOM);
}

static void try_read(void) {
  static char bytes[2][ROOM];
  const uv_buf_t bufs[] = { uv_buf_init(bytes[0], (unsigned) draw(ROOM)),
                            uv_buf_init(bytes[1], (unsigned) draw(ROOM)) };
  const unsigned n = 1 + (unsigned) draw(2);
  memset(bytes, 0, sizeof(bytes));
  const int64_t offset = some_offset();
  (void) uv_fs_read(NULL, &req, some_file(), bufs, n, offset, NULL);
  printf("read %" PRId64 ": ", offset);
  printf("%d %x\n", done(), sum_of(bytes[0], 2 * ROOM));
}

static void try_write(void) {
  static char bytes[ROOM];
  for (size_t i = 0; i < ROOM; i++)
    bytes[i] = (char) draw(256);
  const uv_buf_t bufs[] = { uv_buf_init(bytes, (unsigned) draw(ROOM)),
                            uv_buf_init(bytes, (unsigned) draw(ROOM)) };
  const unsigned n = 1 + (unsigned) draw(2);
  const int64_t offset = some_offset();
  (void) uv_fs_write(NULL, &req, some_file(), bufs, n, offset, NULL);
  printf("write %" PRId64 ": %d\n", offset, done());
}

static void try_truncate(void) {
  const int64_t len = (int64_t) draw(ROOM) - 10;
  (void) uv_fs_ftruncate(NULL, &req, some_file(), len, NULL);
  printf("ftruncate %" PRId64 ": %d\n", len, done());
}

static void try_sync(void) {
  const uv_file file = some_file();
  if (draw(2) == 0)
    (void) uv_fs_fsync(NULL, &req, file, NULL);
  else
    (void) uv_fs_fdatasync(NULL, &req, file, NULL);
  printf("sync %d\n", done());
}

static void try_send(void) {
  const uv_file to = some_file(), from = some_file();
  const int64_t offset = (int64_t) draw(ROOM);
  (void) uv_fs_sendfile(NULL, &req, to, from, offset, (size_t) draw(ROOM),
                        NULL);
  printf("sendfile %" PRId64 ": %d\n", offset, done());
}

/* Returns a time that the program set, or -1 for any other time. */
static long set_time(uv_timespec_t time) {
  return time.tv_sec < 1000000 ? time.tv_sec * 10 + time.tv_nsec / 100000000
                               : -1;
}

/* The size of a link may depend on the temporary directory, whose name differs
   in each run. */
static void print_stat(void) {
  const uv_stat_t stat = req.statbuf;
  const bool is_link = (stat.st_mode & 0170000) == 0120000;
  const int err = done();
  if (err == 0 && (stat.st_mode & 0170000) == 0040000)
    printf("%o", (unsigned) stat.st_mode);
  else if (err == 0)
    printf("%o %d links, %d bytes, %ld", (unsigned) stat.st_mode,
           (int) stat.st_nlink, is_link ? 0 : (int) stat.st_size,
           set_time(stat.st_mtim));
  else
    printf("%d", err);
  printf("\n");
}

static void try_stat(void) {
  const char *path = some_path(0);
  const uint64_t which = draw(3);
  if (which == 0)
    (void) uv_fs_stat(NULL, &req, path, NULL);
  else if (which == 1)
    (void) uv_fs_lstat(NULL, &req, path, NULL);
  else
    (void) uv_fs_fstat(NULL, &req, some_file(), NULL);
  printf("stat %s: ", which < 2 ? told(path) : "of a file");
  print_stat();
}

static void try_access(void) {
  const char *path = some_path(0);
  const int mode = (int) draw(8);
  (void) uv_fs_access(NULL, &req, path, mode, NULL);
  printf("access %s %d: %d\n", told(path), mode, done());
}

static void try_chmod(void) {
  const char *path = some_path(0);
  const int mode = some_mode();
  if (draw(2) == 0)
    (void) uv_fs_chmod(NULL, &req, path, mode, NULL);
  else
    (void) uv_fs_fchmod(NULL, &req, some_file(), mode, NULL);
  printf("chmod %s: %d\n", told(path), done());
}

static void try_utime(void) {
  const char *path = some_path(0);
  const double atime = (double) draw(1000) / 2, mtime = (double) draw(1000) / 4;
  const uint64_t which = draw(3);
  if (which == 0)
    (void) uv_fs_utime(NULL, &req, path, atime, mtime, NULL);
  else if (which == 1)
    (void) uv_fs_lutime(NULL, &req, path, atime, mtime, NULL);
  else
    (void) uv_fs_futime(NULL, &req, some_file(), atime, mtime, NULL);
  printf("utime %s: %d, ", told(path), done());
  (void) uv_fs_stat(NULL, &req, path, NULL);
  if (which == 0) /* links are read on the way */
    printf("%ld\n", req.result == 0 ? set_time(req.statbuf.st_atim) : -1);
  else
    printf("\n");
  (void) done();
}

typedef int path_fn(uv_loop_t *loop, uv_fs_t *request, const char *path,
                    uv_fs_cb cb);

static void try_path(const char *name, path_fn *fn) {
  const char *path = some_path(0);
  (void) fn(NULL, &req, path, NULL);
  printf("%s %s: %d\n", name, told(path), done());
}

static void try_rmdir(void) {
  try_path("rmdir", uv_fs_rmdir);
}

static void try_unlink(void) {
  try_path("unlink", uv_fs_unlink);
}

static void try_mkdir(void) {
  const char *path = some_path(0);
  (void) uv_fs_mkdir(NULL, &req, path, some_mode(), NULL);
  printf("mkdir %s: %d\n", told(path), done());
}

typedef int paths_fn(uv_loop_t *loop, uv_fs_t *request, const char *path,
                     const char *new_path, uv_fs_cb cb);

static void try_paths(const char *name, paths_fn *fn) {
  const char *from = some_path(0), *to = some_path(1);
  (void) fn(NULL, &req, from, to, NULL);
  printf("%s %s %s: %d\n", name, told(from), told(to), done());
}

static void try_rename(void) {
  try_paths("rename", uv_fs_rename);
}

static void try_link(void) {
  try_paths("link", uv_fs_link);
}

static void try_symlink(void) {
  const char *text = path_of(0, true), *path = some_path(1);
  (void) uv_fs_symlink(NULL, &req, text, path, 0, NULL);
  printf("symlink %s %s: %d\n", told(text), told(path), done());
}

static void try_copy(void) {
  const char *from = some_path(0), *to = some_path(1);
  const int flags = draw(2) == 0 ? UV_FS_COPYFILE_EXCL : 0;
  (void) uv_fs_copyfile(NULL, &req, from, to, flags, NULL);
  printf("copyfile %s %s %d: %d\n", told(from), told(to), flags, done());
}

static void try_text(const char *name, path_fn *fn) {
  const char *path = some_path(0);
  const int err = fn(NULL, &req, path, NULL);
  printf("%s %s: %d %s\n", name, told(path), err,
         err == 0 ? told(req.ptr) : "");
  (void) done();
}

static void try_readlink(void) {
  try_text("readlink", uv_fs_readlink);
}

static void try_realpath(void) {
  try_text("realpath", uv_fs_realpath);
}

static void try_scandir(void) {
  const char *path = some_path(0);
  uv_dirent_t entry;
  (void) uv_fs_scandir(NULL, &req, path, 0, NULL);
  printf("scandir %s: %d", told(path), (int) req.result);
  while (uv_fs_scandir_next(&req, &entry) == 0)
    printf(" %.20s %d", entry.name, (int) entry.type);
  printf("\n");
  (void) done();
}

/* Returns the number of entries, because their order is unspecified. */
static int count_entries(uv_dir_t *dir) {
  uv_dirent_t entries[3];
  int n = 0, all = 0;
  do {
    dir->dirents = entries;
    dir->nentries = 3;
    n = uv_fs_readdir(NULL, &req, dir, NULL);
    (void) done();
    all += n;
  } while (n > 0);
  return all;
}

static void try_opendir(void) {
  const char *path = some_path(0);
  (void) uv_fs_opendir(NULL, &req, path, NULL);
  uv_dir_t *dir = req.ptr;
  const int err = done();
  printf("opendir %s: %d", told(path), err);
  if (err == 0) {
    printf(", %d", count_entries(dir));
    (void) uv_fs_closedir(NULL, &req, dir, NULL);
    printf(", %d", done());
  }
  printf("\n");
}

/* Does not print the name, which is random. */
static void try_temp(void) {
  char path[PATH + 10];
  (void) snprintf(path, sizeof(path), "%s%s", some_path(0),
                  draw(5) > 0 ? "XXXXXX" : "XXX");
  int err = uv_fs_mkdtemp(NULL, &req, path, NULL);
  (void) snprintf(path, sizeof(path), "%s", req.path);
  (void) done();
  if (err == 0) {
    err = uv_fs_rmdir(NULL, &req, path, NULL);
    (void) done();
  }
  printf("mkdtemp: %d\n", err);
}

static void step(void) {
  static void (*const steps[])(void) = {
    try_open,    try_open,   try_open,     try_close,    try_read,
    try_write,   try_write,  try_write,    try_truncate, try_sync,
    try_send,    try_stat,   try_stat,     try_access,   try_chmod,
    try_utime,   try_rmdir,  try_unlink,   try_mkdir,    try_mkdir,
    try_mkdir,   try_rename, try_rename,   try_link,     try_symlink,
    try_symlink, try_copy,   try_readlink, try_realpath, try_scandir,
    try_opendir, try_temp
  };
  steps[draw(sizeof(steps) / sizeof(*steps))]();
}

/* Prints and removes what a sequence left, directory by directory. */

static char left[MOST * 16][PATH];
static size_t n_left;

static void print_bytes(const char *path) {
  static char bytes[20 * ROOM];
  const uv_buf_t buf = uv_buf_init(bytes, sizeof(bytes));
  const uv_file file = uv_fs_open(NULL, &req, path, UV_FS_O_RDONLY, 0, NULL);
  (void) done();
  (void) uv_fs_read(NULL, &req, file, &buf, 1, 0, NULL);
  const int n = done();
  printf(", %d %x\n", n, sum_of(bytes, n));
  (void) uv_fs_close(NULL, &req, file, NULL);
  (void) done();
}

static void leave(const char *path, uv_dirent_type_t type) {
  printf("left %s %d: ", told(path), (int) type);
  (void) uv_fs_lstat(NULL, &req, path, NULL);
  print_stat();
  if (type == UV_DIRENT_FILE)
    print_bytes(path);
  if (type == UV_DIRENT_DIR) {
    assert(n_left < MOST * 16);
    strcpy(left[n_left++], path);
    return;
  }
  (void) uv_fs_unlink(NULL, &req, path, NULL);
  (void) done();
}

static void leave_all(const char *path) {
  char names[MOST][300];
  uv_dirent_type_t types[MOST];
  uv_dirent_t entry;
  size_t n = 0;
  (void) uv_fs_scandir(NULL, &req, path, 0, NULL);
  for (; uv_fs_scandir_next(&req, &entry) == 0; n++) {
    assert(n < MOST);
    (void) snprintf(names[n], sizeof(names[n]), "%s", entry.name);
    types[n] = entry.type;
  }
  (void) done();
  for (size_t i = 0; i < n; i++) {
    char below[PATH];
    (void) snprintf(below, PATH, "%.4000s/%.900s", path, names[i]);
    leave(below, types[i]);
  }
}

static void end(void) {
  n_left = 0;
  leave_all(top);
  for (size_t i = 0; i < n_left; i++)
    leave_all(left[i]);
  while (n_left > 0) {
    (void) uv_fs_rmdir(NULL, &req, left[--n_left], NULL);
    (void) done();
  }
}

static void close_slots(void) {
  for (size_t i = 0; i < SLOTS; i++) {
    if (slots[i] >= 0) {
      (void) uv_fs_close(NULL, &req, slots[i], NULL);
      (void) done();
    }
    slots[i] = -1;
  }
}

/* A path leads upward by at most as many directories as it has names. */
static void enter_root(void) {
  strcpy(root, top);
  for (int depth = 0; depth < DEPTH; depth++) {
    strcat(root, "/in");
    (void) uv_fs_mkdir(NULL, &req, root, 0755, NULL);
    (void) done();
  }
  (void) uv_chdir(root);
}

static void run(uint64_t seed) {
  printf("seed %" PRIu64 "\n", seed);
  enter_root();
  draw_from(seed);
  for (int i = 0; i < STEPS; i++)
    step();
  close_slots();
  end();
}

static int enter_top(void) {
  char path[PATH];
  size_t len = sizeof(path);
  int err = uv_os_tmpdir(path, &len);
  strcat(path, "/fs_calls-XXXXXX");
  if (err == 0)
    err = uv_fs_mkdtemp(NULL, &req, path, NULL);
  if (err == 0)
    err = uv_chdir(req.path);
  (void) done();
  len = 1000;
  return err < 0 ? err : uv_cwd(top, &len);
}

int main(int argc, char **argv) {
  (void) umask(022);
  memset(slots, -1, sizeof(slots));
  if (argc != 3 || enter_top() < 0) {
    fprintf(stderr, "usage: fs_calls FROM TO, where there may be files\n");
    return 1;
  }
  const uint64_t last = strtoull(argv[2], NULL, 10);
  for (uint64_t seed = strtoull(argv[1], NULL, 10); seed <= last; seed++)
    run(seed);
  (void) uv_chdir("/");
  (void) uv_fs_rmdir(NULL, &req, top, NULL);
  return done() == 0 ? 0 : 1;
}
