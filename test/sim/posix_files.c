/* SPDX-License-Identifier: MIT */
/*
 * The POSIX functions by which suites create and check files, for the simulated
 * disk. The linker replaces the functions of the system (--wrap). A test that
 * requires more than the simulated machine has is skipped and says so.
 */
#define _XOPEN_SOURCE 700 /* nftw() */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "sim/disk_files.h"
#include "sim/disk_stat.h"

enum { PATH = 5000, PORTION = 65536 };

static uv_fs_t req;

/* Converts a result of libuv to that of a POSIX function. */
static int posix_result(int result) {
  uv_fs_req_cleanup(&req);
  if (result >= 0)
    return result;
  errno = -result;
  return -1;
}

#define ON_DISK(name, ...) \
  posix_result(uv_fs_##name(NULL, &req, __VA_ARGS__, NULL))

int __wrap_open(const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);

static int mode_in(int flags, va_list args) {
  return (flags & O_CREAT) != 0 ? va_arg(args, int) : 0;
}

int __wrap_open(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  const int mode = mode_in(flags, args);
  va_end(args);
  return ON_DISK(open, path, flags, mode);
}

/* Changes the working directory for a moment. */
static sim_inode_t *go_to(int dir) {
  sim_inode_t *here = sim_disk()->here;
  if (dir != AT_FDCWD)
    sim_disk()->here = sim_disk_file(dir)->inode;
  return here;
}

int __wrap_openat(int dir, const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  const int mode = mode_in(flags, args);
  va_end(args);
  sim_inode_t *here = go_to(dir);
  const int file = ON_DISK(open, path, flags, mode);
  sim_disk()->here = here;
  return file;
}

int __wrap_mkdirat(int dir, const char *path, mode_t mode);
int __wrap_mkdirat(int dir, const char *path, mode_t mode) {
  sim_inode_t *here = go_to(dir);
  const int made = ON_DISK(mkdir, path, (int) mode);
  sim_disk()->here = here;
  return made;
}

/* Functions of a common form. */

#define ONE(posix, call, declared, ...) \
  int __wrap_##posix declared;          \
  int __wrap_##posix declared {         \
    return ON_DISK(call, __VA_ARGS__);  \
  }

ONE(mkdir, mkdir, (const char *path, mode_t mode), path, (int) mode)
ONE(rmdir, rmdir, (const char *path), path)
ONE(unlink, unlink, (const char *path), path)
ONE(rename, rename, (const char *from, const char *to), from, to)
ONE(link, link, (const char *from, const char *to), from, to)
ONE(symlink, symlink, (const char *text, const char *path), text, path, 0)
ONE(chmod, chmod, (const char *path, mode_t mode), path, (int) mode)
ONE(fchmod, fchmod, (int file, mode_t mode), file, (int) mode)
ONE(access, access, (const char *path, int mode), path, mode)
ONE(ftruncate, ftruncate, (int file, off_t len), file, len)

/* Programs also close descriptors of the system. */
int __real_close(int file);
int __wrap_close(int file);
int __wrap_close(int file) {
  return sim_disk_file(file) != NULL ? ON_DISK(close, file)
                                     : __real_close(file);
}

int __wrap_chdir(const char *path);
int __wrap_chdir(const char *path) {
  return posix_result(uv_chdir(path));
}

int __wrap_fchdir(int dir);
int __wrap_fchdir(int dir) {
  char *path = sim_disk_path_of(sim_disk_file(dir)->inode);
  const int err = path != NULL ? __wrap_chdir(path) : -1;
  sim_free(path);
  return err;
}

char *__wrap_getcwd(char *out, size_t size);
char *__wrap_getcwd(char *out, size_t size) {
  char *path = out != NULL ? out : malloc(PATH);
  size = out != NULL ? size : PATH;
  return posix_result(uv_cwd(path, &size)) == 0 ? path : NULL;
}

char *__wrap_mkdtemp(char *path);
char *__wrap_mkdtemp(char *path) {
  const int err = uv_fs_mkdtemp(NULL, &req, path, NULL);
  if (err == 0)
    (void) strcpy(path, req.path);
  return posix_result(err) == 0 ? path : NULL;
}

ssize_t __wrap_readlink(const char *path, char *out, size_t size);
ssize_t __wrap_readlink(const char *path, char *out, size_t size) {
  const int err = uv_fs_readlink(NULL, &req, path, NULL);
  size_t len = err == 0 ? strlen(req.ptr) : 0;
  if (len > size)
    len = size;
  if (err == 0)
    memcpy(out, req.ptr, len);
  return posix_result(err) == 0 ? (ssize_t) len : -1;
}

/* Bytes. */

#define BYTES(posix, call, type, offset_type, offset)                    \
  ssize_t __wrap_##posix(int file, type *data, size_t len offset_type);  \
  ssize_t __wrap_##posix(int file, type *data, size_t len offset_type) { \
    const union {                                                        \
      type *given;                                                       \
      char *bytes;                                                       \
    } at = { data };                                                     \
    const uv_buf_t buf = uv_buf_init(at.bytes, (unsigned) len);          \
    return ON_DISK(call, file, &buf, 1, offset);                         \
  }

#define COMMA ,
BYTES(pread, read, void, COMMA off_t offset, offset)
BYTES(pwrite, write, const void, COMMA off_t offset, offset)

/* Files that are not on the disk belong to the system. */
ssize_t __real_read(int file, void *data, size_t len);
ssize_t __wrap_read(int file, void *data, size_t len);
ssize_t __wrap_read(int file, void *data, size_t len) {
  return sim_disk_file(file) == NULL ? __real_read(file, data, len)
                                     : __wrap_pread(file, data, len, -1);
}

ssize_t __real_write(int file, const void *data, size_t len);
ssize_t __wrap_write(int file, const void *data, size_t len);
ssize_t __wrap_write(int file, const void *data, size_t len) {
  return sim_disk_file(file) == NULL ? __real_write(file, data, len)
                                     : __wrap_pwrite(file, data, len, -1);
}

off_t __wrap_lseek(int file, off_t offset, int whence);
off_t __wrap_lseek(int file, off_t offset, int whence) {
  sim_open_t *open = sim_disk_file(file);
  if (open == NULL)
    return posix_result(UV_EBADF);
  const off_t from = whence == SEEK_SET   ? 0
                     : whence == SEEK_CUR ? (off_t) open->offset
                                          : (off_t) open->inode->content.len;
  open->offset = (uint64_t) (from + offset);
  return from + offset;
}

/* Stat functions. */

static int posix_stat(int err, struct stat *out) {
  const uv_stat_t *stat = &req.statbuf;
  if (err == 0)
    *out = (struct stat){
      .st_dev = stat->st_dev,
      .st_ino = stat->st_ino,
      .st_mode = (mode_t) stat->st_mode,
      .st_nlink = (nlink_t) stat->st_nlink,
      .st_uid = (uid_t) stat->st_uid,
      .st_gid = (gid_t) stat->st_gid,
      .st_size = (off_t) stat->st_size,
      .st_blocks = (blkcnt_t) stat->st_blocks,
      .st_atim = { stat->st_atim.tv_sec, stat->st_atim.tv_nsec },
      .st_mtim = { stat->st_mtim.tv_sec, stat->st_mtim.tv_nsec }
    };
  return posix_result(err);
}

int __wrap_stat(const char *path, struct stat *out);
int __wrap_stat(const char *path, struct stat *out) {
  return posix_stat(uv_fs_stat(NULL, &req, path, NULL), out);
}

int __wrap_lstat(const char *path, struct stat *out);
int __wrap_lstat(const char *path, struct stat *out) {
  return posix_stat(uv_fs_lstat(NULL, &req, path, NULL), out);
}

int __wrap_fstat(int file, struct stat *out);
int __wrap_fstat(int file, struct stat *out) {
  return posix_stat(uv_fs_fstat(NULL, &req, file, NULL), out);
}

/* Directories: one can be listed at a time, including "." and "..". */

static struct {
  uv_fs_t req;
  int open_files; /* entries of /proc/self/fd; or -1 */
  int dots;
  struct dirent entry;
} listing;

static int count_open_files(void) {
  int n = (int) sim_disk()->open_dirs;
  for (int i = 0; i < SIM_MOST_FILES; i++)
    n += sim_disk_file(SIM_FIRST_FILE + i) != NULL;
  return n;
}

DIR *__wrap_opendir(const char *path);
DIR *__wrap_opendir(const char *path) {
  const bool is_proc = strcmp(path, "/proc/self/fd") == 0;
  const int n =
      uv_fs_scandir(NULL, &listing.req, is_proc ? "/" : path, 0, NULL);
  listing.open_files = is_proc ? count_open_files() : -1;
  listing.dots = 2;
  if (n >= 0)
    return (DIR *) &listing;
  uv_fs_req_cleanup(&listing.req);
  return NULL;
}

static bool has_next(uv_dirent_t *entry) {
  *entry = (uv_dirent_t){ .name = "." };
  if (listing.dots > 0)
    return listing.dots-- > 0;
  if (listing.open_files >= 0)
    return listing.open_files-- > 0;
  return uv_fs_scandir_next(&listing.req, entry) == 0;
}

struct dirent *__wrap_readdir(DIR *dir);
struct dirent *__wrap_readdir(DIR *dir) {
  uv_dirent_t entry;
  if (!has_next(&entry))
    return NULL;
  (void) snprintf(listing.entry.d_name, sizeof(listing.entry.d_name), "%s",
                  entry.name);
  return &listing.entry;
}

int __wrap_closedir(DIR *dir);
int __wrap_closedir(DIR *dir) {
  uv_fs_req_cleanup(&listing.req);
  return 0;
}

/* Removes all entries bottom-up, which is the only use of nftw() in the
   suites. */

static bool first_in(char name[SIM_NAME + 1]) {
  uv_dirent_t entry;
  const int n = uv_fs_scandir(NULL, &req, ".", 0, NULL);
  const bool some = n > 0 && uv_fs_scandir_next(&req, &entry) == 0;
  if (some)
    (void) snprintf(name, SIM_NAME + 1, "%s", entry.name);
  uv_fs_req_cleanup(&req);
  return some;
}

int __wrap_nftw(const char *path, __nftw_func_t fn, int most, int flags);
int __wrap_nftw(const char *path, __nftw_func_t fn, int most, int flags) {
  char name[SIM_NAME + 1];
  int depth = __wrap_chdir(path) == 0 ? 0 : -1;
  while (depth >= 0) {
    if (!first_in(name)) {
      (void) __wrap_chdir("..");
      depth--;
    } else if (__wrap_unlink(name) < 0 && __wrap_rmdir(name) < 0) {
      (void) __wrap_chmod(name, 0700);
      assert_int_equal(__wrap_chdir(name), 0);
      depth++;
    }
  }
  return __wrap_rmdir(path);
}

/* Streams use files of the system, which are copied to the disk when they are
   closed. */

static struct {
  FILE *file;
  bool writes;
  char path[PATH];
} stream;

static void copy_in(FILE *file, const char *path) {
  char bytes[PORTION];
  const int from = __wrap_open(path, O_RDONLY);
  ssize_t n;
  while ((n = __wrap_read(from, bytes, sizeof(bytes))) > 0)
    (void) fwrite(bytes, 1, (size_t) n, file);
  (void) __wrap_close(from);
  rewind(file);
}

static void copy_out(FILE *file, const char *path) {
  char bytes[PORTION];
  const int to = __wrap_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  rewind(file);
  size_t n;
  while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
    (void) __wrap_write(to, bytes, n);
  (void) __wrap_close(to);
}

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode) {
  const bool writes = mode[0] == 'w';
  if (!writes && __wrap_access(path, R_OK) != 0)
    return NULL;
  stream.file = tmpfile();
  stream.writes = writes;
  (void) snprintf(stream.path, PATH, "%s", path);
  if (!writes)
    copy_in(stream.file, path);
  return stream.file;
}

int __real_fclose(FILE *file);
int __wrap_fclose(FILE *file);
int __wrap_fclose(FILE *file) {
  if (file == stream.file && stream.writes)
    copy_out(file, stream.path);
  stream.file = NULL;
  return __real_fclose(file);
}

/* Functions that the simulator does not have. */

#define LACKS(posix, ...)                                    \
  int __wrap_##posix(__VA_ARGS__);                           \
  int __wrap_##posix(__VA_ARGS__) {                          \
    skip_because("a simulated machine has no " #posix "()"); \
    return -1;                                               \
  }

/* Sanitizers disable core files before main() starts. */
int __real_setrlimit(int resource, const void *limit);
int __wrap_setrlimit(int resource, const void *limit);
int __wrap_setrlimit(int resource, const void *limit) {
  if (resource == RLIMIT_CORE)
    return __real_setrlimit(resource, limit);
  skip_because("a simulated machine has no setrlimit()");
  return -1;
}

/* Some suites create a FIFO before each test. */
int __wrap_mkfifo(const char *path, mode_t mode);
int __wrap_mkfifo(const char *path, mode_t mode) {
  return 0;
}

LACKS(lchown, const char *path, uid_t user, gid_t group)
LACKS(chown, const char *path, uid_t user, gid_t group)
LACKS(fcntl, int file, int what, ...)
LACKS(dup, int file)
LACKS(fork, void)

mode_t __wrap_umask(mode_t mask);
mode_t __wrap_umask(mode_t mask) {
  skip_because("a simulated machine has one umask");
  return 0;
}
