/* SPDX-License-Identifier: MIT */
/* Places, with the calls that take a directory's descriptor. */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _GNU_SOURCE 1 /* O_PATH, DT_DIR */
#ifdef __APPLE__
#  define _DARWIN_C_SOURCE 1
#endif

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sys/at.h"
#include "uv/fs_blocking.h"

/* Opens a directory without permission to read it. */
#if defined(O_PATH)
enum { TO_USE = O_PATH };
#elif defined(O_SEARCH)
enum { TO_USE = O_SEARCH };
#else
enum { TO_USE = O_RDONLY };
#endif

/* Repeats a call that a signal interrupts. */
#define UNINTERRUPTED(result, call) \
  do {                              \
    (result) = (call);              \
  } while ((result) < 0 && errno == EINTR)

static int at_code(int result) {
  return result < 0 ? uv_translate_sys_error(errno) : result;
}

static int fd_of(avow__place_t place) {
  return place.dir != NULL ? place.dir->fd : AT_FDCWD;
}

/* Other programs do not inherit the descriptor. */
static int open_at(avow__place_t place, int flags, int mode) {
  int fd;
  UNINTERRUPTED(fd, openat(fd_of(place), place.name, flags | O_CLOEXEC,
                           (mode_t) mode));
  return at_code(fd);
}

/* Some systems have a separate code for a link at the end of the path. */
static int code_of_link(int code) {
  return code == UV_EMLINK ? UV_ELOOP : code;
}

int avow__dir_hold(avow__place_t place, avow__hold_t how, avow__dir_t *out) {
  static const int flags[] = { O_RDONLY | O_NOFOLLOW, O_RDONLY, TO_USE };
  if (place.name[0] == '\0')
    place.name = ".";
  const int fd = open_at(place, flags[how] | O_DIRECTORY, 0);
  *out = (avow__dir_t){ .fd = fd < 0 ? -1 : fd };
  return fd < 0 ? code_of_link(fd) : 0;
}

int avow__dir_list(avow__dir_t *dir, avow__place_t place) {
  dir->stream = fdopendir(dir->fd);
  return dir->stream != NULL ? 0 : at_code(-1);
}

/* Not all file systems report the type of an entry. The numbers are those of
   the highest bits of a mode. */
static uv_dirent_type_t type_of(const struct dirent *entry) {
#ifdef DT_DIR
  return avow__disk_type_of((uint64_t) entry->d_type << 12);
#else
  return UV_DIRENT_UNKNOWN;
#endif
}

static bool is_dots(const char *name) {
  return name[0] == '.' &&
         (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

int avow__dir_read(avow__dir_t *dir, const char **name,
                   uv_dirent_type_t *type) {
  const struct dirent *entry;
  do {
    errno = 0;
    entry = readdir(dir->stream);
  } while (entry != NULL ? is_dots(entry->d_name) : errno == EINTR);
  if (entry == NULL)
    return errno != 0 ? at_code(-1) : 0;
  *name = entry->d_name;
  *type = type_of(entry);
  return 1;
}

int avow__dir_stat(const avow__dir_t *dir, uv_stat_t *out) {
  return avow__disk_fstat(dir->fd, out);
}

void avow__dir_close(avow__dir_t *dir) {
  if (dir->stream != NULL)
    (void) closedir(dir->stream); /* nothing was written */
  else if (dir->fd >= 0)
    (void) close(dir->fd);
  *dir = (avow__dir_t){ .fd = -1 };
}

static uv_timespec_t time_of(struct timespec time) {
  return (uv_timespec_t){ .tv_sec = (long) time.tv_sec,
                          .tv_nsec = time.tv_nsec };
}

/* The fields that the callers use. */
static uv_stat_t stat_of(const struct stat *info) {
  return (uv_stat_t){
    .st_dev = (uint64_t) info->st_dev,
    .st_ino = (uint64_t) info->st_ino,
    .st_mode = info->st_mode,
    .st_uid = info->st_uid,
    .st_gid = info->st_gid,
    .st_size = (uint64_t) info->st_size,
    .st_blocks = (uint64_t) info->st_blocks,
#ifdef __APPLE__
    .st_atim = time_of(info->st_atimespec),
    .st_mtim = time_of(info->st_mtimespec),
#else
    .st_atim = time_of(info->st_atim),
    .st_mtim = time_of(info->st_mtim),
#endif
  };
}

static int stat_at(avow__place_t place, int flags, uv_stat_t *out) {
  struct stat info;
  int result;
  UNINTERRUPTED(result, fstatat(fd_of(place), place.name, &info, flags));
  if (result == 0)
    *out = stat_of(&info);
  return at_code(result);
}

int avow__place_lstat(avow__place_t place, uv_stat_t *out) {
  return stat_at(place, AT_SYMLINK_NOFOLLOW, out);
}

int avow__place_stat(avow__place_t place, uv_stat_t *out) {
  return stat_at(place, 0, out);
}

static int unlink_at(avow__place_t place, int flags) {
  int result;
  UNINTERRUPTED(result, unlinkat(fd_of(place), place.name, flags));
  return at_code(result);
}

int avow__place_unlink(avow__place_t place) {
  return unlink_at(place, 0);
}

int avow__place_rmdir(avow__place_t place) {
  return unlink_at(place, AT_REMOVEDIR);
}

int avow__place_open(avow__place_t place, int flags, int mode) {
  const int careful =
      (flags & O_ACCMODE) == O_RDONLY ? O_NONBLOCK | O_NOCTTY : 0;
  return open_at(place, flags | careful | O_NOFOLLOW, mode);
}

int avow__place_mkdir(avow__place_t place, int mode) {
  int result;
  UNINTERRUPTED(result, mkdirat(fd_of(place), place.name, (mode_t) mode));
  return at_code(result);
}

int avow__place_rename(avow__place_t from, avow__place_t to) {
  int result;
  UNINTERRUPTED(result, renameat(fd_of(from), from.name, fd_of(to), to.name));
  return at_code(result);
}

int avow__place_symlink(avow__place_t place, const char *text) {
  int result;
  UNINTERRUPTED(result, symlinkat(text, fd_of(place), place.name));
  return at_code(result);
}

/* Some file systems do not report the length of the text beforehand. */
int avow__place_readlink(avow__place_t place, char **out) {
  char text[4096]; /* no path is longer */
  ssize_t len;
  UNINTERRUPTED(len, readlinkat(fd_of(place), place.name, text, sizeof(text)));
  if (len < 0 || (size_t) len == sizeof(text))
    return len < 0 ? at_code(-1) : UV_ENAMETOOLONG;
  *out = avow_calloc(1, (size_t) len + 1);
  if (*out == NULL)
    return UV_ENOMEM;
  memcpy(*out, text, (size_t) len);
  return 0;
}

/* Whether another user created the link in a directory that all users may write
   to, such as /tmp. Linux refuses such links at the end of a path if
   fs.protected_symlinks is set. */
static bool is_trap(const uv_stat_t *dir, const uv_stat_t *link) {
  const uint64_t shared = S_ISVTX | S_IWOTH;
  return (dir->st_mode & shared) == shared && link->st_uid != geteuid() &&
         link->st_uid != dir->st_uid;
}

int avow__place_follow(avow__place_t place, const uv_stat_t *link, char **out) {
  uv_stat_t dir;
  const int err = avow__dir_stat(place.dir, &dir);
  if (err < 0)
    return err;
  return is_trap(&dir, link) ? UV_EACCES : avow__place_readlink(place, out);
}

static struct timespec timespec_of(uv_timespec_t time) {
  return (struct timespec){ .tv_sec = time.tv_sec, .tv_nsec = time.tv_nsec };
}

int avow__place_lutime(avow__place_t place, const uv_stat_t *stat) {
  const struct timespec times[2] = { timespec_of(stat->st_atim),
                                     timespec_of(stat->st_mtim) };
  return at_code(
      utimensat(fd_of(place), place.name, times, AT_SYMLINK_NOFOLLOW));
}
