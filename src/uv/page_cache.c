/* SPDX-License-Identifier: MIT */
/*
 * openat2(RESOLVE_CACHED), statx(AT_STATX_DONT_SYNC) and preadv2(RWF_NOWAIT) by
 * number, because older headers and libraries lack them. RESOLVE_CACHED only
 * says that the walk of the path did not wait. Opening may still wait: for the
 * other end of a FIFO, a device, a lease or a server. So a name is found
 * first, and then opened by its descriptor, with O_NONBLOCK, if it is a file.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _GNU_SOURCE 1 /* O_PATH, syscall() */
#include "uv/page_cache.h"

#ifdef __linux__
#  include <errno.h>
#  include <fcntl.h>
#  include <stdio.h>
#  include <sys/stat.h>
#  include <sys/syscall.h>
#  include <sys/uio.h>
#  include <sys/vfs.h>
#  include <unistd.h>
#endif
#ifdef AVOW_VALGRIND
#  include <valgrind/valgrind.h>
#else
#  define RUNNING_ON_VALGRIND 0
#endif

#if defined(SYS_openat2) && defined(SYS_statx) && defined(SYS_preadv2) && \
    defined(O_PATH)

/* Numbers of the kernel, as in <linux/openat2.h>, <linux/stat.h>, <linux/fs.h>
   and <linux/magic.h>. */
enum {
  RESOLVE_IN_CACHE = 0x20,
  DONT_SYNC = 0x4000,
  EMPTY_PATH = 0x1000,
  NEEDED = 0x301, /* type, inode and size */
  MOUNT_ID = 0x1000,
  UNIQUE_MOUNT_ID = 0x4000,
  NOWAIT = 8,
  EXT4 = 0xef53,
  XFS = 0x58465342
};
static const uint64_t btrfs = 0x9123683e;

/* struct open_how and struct statx. */
typedef struct {
  uint64_t flags, mode, resolve;
} how_t;

typedef struct {
  uint32_t mask, block_size;
  uint64_t attributes;
  uint32_t links, user, group;
  uint16_t mode, unused;
  uint64_t inode, size, blocks, attributes_mask;
  struct {
    int64_t sec;
    uint32_t nsec;
    int32_t unused;
  } times[4];
  uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
  uint64_t mount, unused2[13];
} statx_t;

static int code(long result) {
  return result < 0 ? uv_translate_sys_error(errno) : (int) result;
}

int avow__page_cache_find(const char *path, bool follows) {
  const how_t how = { .flags = O_PATH | O_CLOEXEC |
                               (follows ? 0U : (unsigned) O_NOFOLLOW),
                      .resolve = RESOLVE_IN_CACHE };
  return code(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how)));
}

/* Asks for the mount only, because FUSE asks its server for all else that it
   does not know. File systems on disks give the rest, too. */
int avow__page_cache_stat(uv_file file, avow__cached_t *out) {
  statx_t stat;
  const int err = code(syscall(SYS_statx, file, "", EMPTY_PATH | DONT_SYNC,
                               (unsigned) (MOUNT_ID | UNIQUE_MOUNT_ID), &stat));
  if (err < 0)
    return err;
  if ((stat.mask & NEEDED) != NEEDED ||
      (stat.mask & (MOUNT_ID | UNIQUE_MOUNT_ID)) == 0)
    return UV_ENOTSUP;
  out->mount = stat.mount;
  out->device = (uint64_t) stat.dev_major << 32 | stat.dev_minor;
  out->inode = stat.inode;
  out->size = stat.size;
  out->is_file = S_ISREG(stat.mode);
  return 0;
}

/* By number, because a function of this name may stand for a wrapper that
   looks at the path. */
static int open_again(uv_file file, int flags) {
  char path[32];
  (void) snprintf(path, sizeof(path), "/proc/thread-self/fd/%d",
                  (int) file); /* the text fits */
  return code(syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0));
}

int avow__page_cache_identify(uv_file file) {
  return open_again(file, O_PATH);
}

int avow__page_cache_open(uv_file found) {
  return open_again(found, O_RDONLY | O_NONBLOCK);
}

/* NOLINTNEXTLINE(readability-non-const-parameter): the kernel writes to data */
int avow__page_cache_read(uv_file file, char *data, size_t len,
                          uint64_t offset) {
  const struct iovec part = { .iov_base = data, .iov_len = len };
  return code(syscall(SYS_preadv2, file, &part, 1L, (long) offset,
                      (long) (offset >> 32), NOWAIT));
}

/* By number as it was opened, so that ThreadSanitizer sees both or none. */
void avow__page_cache_close(uv_file file) {
  (void) syscall(SYS_close, file); /* it was only read from */
}

bool avow__is_on_disk(uv_file file) {
  struct statfs system;
  if (fstatfs(file, &system) < 0)
    return false;
  const uint64_t type = (unsigned) system.f_type;
  return type == EXT4 || type == XFS || type == btrfs;
}

/* Whether a filter of system calls refuses a read. A directory cannot be read,
   which is another error. */
static bool is_refused(int result) {
  return result == UV_ENOSYS || result == UV_EPERM || result == UV_EACCES;
}

static bool page_cache_try(uv_file root) {
  avow__cached_t found, opened;
  char data[1];
  const int file = avow__page_cache_open(root);
  if (file < 0)
    return false;
  const bool works = avow__page_cache_stat(root, &found) == 0 &&
                     avow__page_cache_stat(file, &opened) == 0 &&
                     found.inode == opened.inode &&
                     found.mount == opened.mount &&
                     !is_refused(avow__page_cache_read(file, data, 1, 0));
  avow__page_cache_close(file);
  return works;
}

static bool is_there;

/* valgrind 3.19 does not know openat2(), and prints a warning. */
static void page_cache_look(void) {
  const int root =
      RUNNING_ON_VALGRIND != 0 ? UV_ENOSYS : avow__page_cache_find("/", true);
  if (root < 0)
    return;
  is_there = page_cache_try(root);
  avow__page_cache_close(root);
}

bool avow__page_cache_is_there(void) {
  static uv_once_t once = UV_ONCE_INIT;
  uv_once(&once, page_cache_look);
  return is_there;
}

#else

bool avow__page_cache_is_there(void) {
  return false;
}

int avow__page_cache_find(const char *path, bool follows) {
  return UV_ENOTSUP;
}

int avow__page_cache_stat(uv_file file, avow__cached_t *out) {
  return UV_ENOTSUP;
}

int avow__page_cache_identify(uv_file file) {
  return UV_ENOTSUP;
}

int avow__page_cache_open(uv_file found) {
  return UV_ENOTSUP;
}

int avow__page_cache_read(uv_file file, char *data, size_t len,
                          uint64_t offset) {
  return UV_ENOTSUP;
}

void avow__page_cache_close(uv_file file) {
  (void) file; /* there is none */
}

bool avow__is_on_disk(uv_file file) {
  return false;
}

#endif
