/* SPDX-License-Identifier: MIT */
/*
 * System calls on files, and those that libuv makes by number. For calls with a
 * second name for large files, both are defined, because the library chooses
 * which one it uses.
 */
#undef _FILE_OFFSET_BITS /* it replaces names by those for large files */
#undef _FORTIFY_SOURCE   /* its headers define some of these functions */
#define _GNU_SOURCE      /* declares the names for large files */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include <uv.h>

#include "inject.h"

typedef union {
  void *symbol;
  int (*open)(const char *, int, ...);
  int (*openat)(int, const char *, int, ...);
  int (*close)(int);
  int (*fstat)(int, struct stat *);
  int (*fstat64)(int, struct stat64 *);
  ssize_t (*read)(int, void *, size_t);
  ssize_t (*write)(int, const void *, size_t);
  ssize_t (*vector)(int, const struct iovec *, int);
  ssize_t (*pread)(int, void *, size_t, off_t);
  ssize_t (*pread64)(int, void *, size_t, off64_t);
  ssize_t (*pwrite)(int, const void *, size_t, off_t);
  ssize_t (*pwrite64)(int, const void *, size_t, off64_t);
  long (*syscall)(long, ...);
} next_t;

static next_t next(const char *name) {
  return (next_t){ .symbol = inject_next(name) };
}

static call_t call_on(int fd, call_t file, call_t socket) {
  const kind_t kind = inject_kind(fd);
  if (kind == KIND_FILE)
    return file;
  return kind == KIND_SOCKET || kind == KIND_PAIR ? socket : CALL_NONE;
}

/* libuv keeps one of these open as a spare descriptor. */
static bool is_spare(const char *path) {
  return strcmp(path, "/dev/null") == 0 || strcmp(path, "/") == 0;
}

static int open_as(const char *name, const char *path, int flags, unsigned mode,
                   call_t call, kind_t kind) {
  if (inject_fails(call, NULL))
    return -1;
  return inject_opened(next(name).open(path, flags, mode), kind);
}

static int open_with(const char *name, const char *path, int flags,
                     unsigned mode) {
  if (is_spare(path))
    return open_as(name, path, flags, mode, CALL_NONE, KIND_OTHER);
  if ((flags & O_DIRECTORY) != 0)
    return open_as(name, path, flags, mode, CALL_SYNC_DIR, KIND_DIRECTORY);
  return open_as(name, path, flags, mode, CALL_OPEN, KIND_FILE);
}

static unsigned mode_of(int flags, va_list args) {
  const bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  return makes ? va_arg(args, unsigned) : 0;
}

int open(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  const unsigned mode = mode_of(flags, args);
  va_end(args);
  return open_with("open", path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  const unsigned mode = mode_of(flags, args);
  va_end(args);
  return open_with("open64", path, flags, mode);
}

typedef struct {
  call_t call;
  kind_t kind;
} opening_t;

/* Classifies an open relative to a directory. A file that is only read does not
   count, because it may be missing. If a file without a name cannot be opened,
   avow opens one with a name. */
static opening_t opening_at(int flags) {
  if ((flags & O_ACCMODE) != O_RDONLY)
    return (opening_t){ CALL_OPEN, KIND_FILE };
  if ((flags & O_DIRECTORY) == 0)
    return (opening_t){ CALL_NONE, KIND_OTHER };
  return (opening_t){ (flags & O_PATH) != 0 ? CALL_OPEN : CALL_SYNC_DIR,
                      KIND_DIRECTORY };
}

static int open_at(const char *name, int dir, const char *path, int flags,
                   unsigned mode) {
  const opening_t opening = opening_at(flags);
  if (inject_fails(inject_in_pool(opening.call), NULL))
    return -1;
  return inject_opened(next(name).openat(dir, path, flags, mode), opening.kind);
}

int openat(int dir, const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  const unsigned mode = mode_of(flags, args);
  va_end(args);
  return open_at("openat", dir, path, flags, mode);
}

int openat64(int dir, const char *path, int flags, ...) {
  va_list args;
  va_start(args, flags);
  const unsigned mode = mode_of(flags, args);
  va_end(args);
  return open_at("openat64", dir, path, flags, mode);
}

/* Returns the call for closing `fd`. From now on, another thread may open that
   number. */
static call_t closing(int fd) {
  const call_t call = inject_kind(fd) == KIND_PAIR
                          ? CALL_NONE
                          : call_on(fd, CALL_CLOSE, CALL_CLOSE_SOCKET);
  (void) inject_opened(fd, KIND_OTHER); /* returns its argument */
  return call;
}

/* The descriptor is closed even if the call fails. */
int close(int fd) {
  const call_t call = closing(fd);
  const int result = next("close").close(fd);
  return inject_fails(call, NULL) ? -1 : result;
}

/* A call that reads the metadata of a file or directory. */
static call_t looking_at(int fd) {
  return inject_kind(fd) == KIND_DIRECTORY ? CALL_STAT
                                           : call_on(fd, CALL_STAT, CALL_NONE);
}

int fstat(int fd, struct stat *out) {
  if (inject_fails(looking_at(fd), NULL))
    return -1;
  return next("fstat").fstat(fd, out);
}

int fstat64(int fd, struct stat64 *out) {
  if (inject_fails(looking_at(fd), NULL))
    return -1;
  return next("fstat64").fstat64(fd, out);
}

enum { READS_TO_THE_END = 0x013400 };

/* After both sides have ended, libuv before 1.52 treats a read that does not
   fill its buffer as the last one (uv__stream_io() in src/unix/stream.c). That
   is correct for sockets. A cut of such a read would lose data that no system
   loses. */
static bool is_last_read(int fd) {
  if (uv_version() >= READS_TO_THE_END ||
      call_on(fd, CALL_NONE, CALL_RECEIVE) == CALL_NONE)
    return false;
  struct pollfd poller = { .fd = fd, .events = POLLIN };
  return poll(&poller, 1, 0) == 1 && (poller.revents & POLLHUP) != 0;
}

ssize_t read(int fd, void *buf, size_t len) {
  size_t *cut = is_last_read(fd) ? NULL : &len;
  if (inject_fails(call_on(fd, CALL_READ, CALL_RECEIVE), cut))
    return -1;
  return next("read").read(fd, buf, len);
}

ssize_t write(int fd, const void *buf, size_t len) {
  if (inject_fails(call_on(fd, CALL_WRITE, CALL_SEND), &len))
    return -1;
  return next("write").write(fd, buf, len);
}

ssize_t pread(int fd, void *buf, size_t len, off_t offset) {
  if (inject_fails(call_on(fd, CALL_READ, CALL_NONE), &len))
    return -1;
  return next("pread").pread(fd, buf, len, offset);
}

ssize_t pread64(int fd, void *buf, size_t len, off64_t offset) {
  if (inject_fails(call_on(fd, CALL_READ, CALL_NONE), &len))
    return -1;
  return next("pread64").pread64(fd, buf, len, offset);
}

ssize_t pwrite(int fd, const void *buf, size_t len, off_t offset) {
  if (inject_fails(call_on(fd, CALL_WRITE, CALL_NONE), &len))
    return -1;
  return next("pwrite").pwrite(fd, buf, len, offset);
}

ssize_t pwrite64(int fd, const void *buf, size_t len, off64_t offset) {
  if (inject_fails(call_on(fd, CALL_WRITE, CALL_NONE), &len))
    return -1;
  return next("pwrite64").pwrite64(fd, buf, len, offset);
}

enum { PARTS = 8 };

/* Cuts the parts of a transfer. */
static int cut_parts(struct iovec out[PARTS], const struct iovec *parts, int n,
                     size_t len) {
  int count = 0;
  for (; count < n && count < PARTS; count++) {
    out[count] = parts[count];
    if (out[count].iov_len > len)
      out[count].iov_len = len;
    len -= out[count].iov_len;
  }
  return count;
}

static ssize_t in_parts(const char *name, call_t call, int fd,
                        const struct iovec *parts, int n) {
  struct iovec some[PARTS];
  size_t len = 0;
  if (call == CALL_NONE)
    return next(name).vector(fd, parts, n);
  for (int i = 0; i < n; i++)
    len += parts[i].iov_len;
  if (inject_fails(call, &len))
    return -1;
  return next(name).vector(fd, some, cut_parts(some, parts, n, len));
}

ssize_t writev(int fd, const struct iovec *parts, int n) {
  return in_parts("writev", call_on(fd, CALL_WRITE, CALL_NONE), fd, parts, n);
}

#ifdef SYS_statx
static bool is_failing_stat(long number, int fd) {
  const call_t call =
      fd == AT_FDCWD ? inject_in_pool(CALL_STAT) : looking_at(fd);
  return number == SYS_statx && inject_fails(call, NULL);
}
#else
static bool is_failing_stat(long number, int fd) {
  return false;
}
#endif

#ifdef SYS_copy_file_range
static bool is_failing_copy(long number, long *len) {
  size_t cut = (size_t) *len;
  if (number != SYS_copy_file_range)
    return false;
  const bool fails = inject_fails(inject_in_pool(CALL_COPY), &cut);
  *len = (long) cut;
  return fails;
}
#else
static bool is_failing_copy(long number, long *len) {
  return false;
}
#endif

/* Tells whether a call that sends several datagrams fails and sends none. */
static bool is_failing_send(long number, int fd) {
#ifdef SYS_sendmmsg
  const call_t call = call_on(fd, CALL_NONE, CALL_SEND);
  return number == SYS_sendmmsg && inject_fails(call, NULL);
#else
  return false;
#endif
}

/* The calls of page_cache.c, which have numbers. */
static call_t cached(long number) {
#ifdef SYS_openat2
  if (number == SYS_openat2)
    return CALL_CACHED;
#endif
#ifdef SYS_preadv2
  if (number == SYS_preadv2)
    return CALL_CACHED;
#endif
  return number == SYS_openat ? CALL_CACHED : CALL_NONE;
}

/* The number of arguments is unknown, so this reads six. It may read beyond the
   arguments into the caller's frame, which ASan would report. */
__attribute__((no_sanitize("address"))) long syscall(long number, ...) {
  long arg[6];
  va_list args;
  va_start(args, number);
  for (int i = 0; i < 6; i++)
    arg[i] = va_arg(args, long);
  va_end(args);
  const int fd = (int) arg[0];
  const call_t call = number == SYS_close ? closing(fd) : CALL_NONE;
  if (is_failing_stat(number, fd) || is_failing_copy(number, &arg[4]) ||
      is_failing_send(number, fd) || inject_fails(cached(number), NULL))
    return -1;
  const long result = next("syscall").syscall(number, arg[0], arg[1], arg[2],
                                              arg[3], arg[4], arg[5]);
  return inject_fails(call, NULL) ? -1 : result;
}
