/* SPDX-License-Identifier: MIT */
/*
 * Places, by the calls that take a directory's descriptor.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _DEFAULT_SOURCE 1 /* DT_DIR and the like */
#ifdef __APPLE__
#  define _DARWIN_C_SOURCE 1
#endif

#include "sys/dirfd_path.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sys/at.h"
#include "uv/fs_sync.h"

static bool is_interrupted(int result) {
  return result < 0 && errno == EINTR;
}

static int fd_of(avow__place_t place) {
  return place.dir != NULL ? place.dir->fd : AT_FDCWD;
}

/* Some systems have a code of their own for a link that is in the way. */
static int code_of_link(int code) {
  return code == UV_EMLINK ? UV_ELOOP : code;
}

static int place_opened(int fd, avow__dir_t *out) {
  *out = (avow__dir_t){ .fd = fd < 0 ? -1 : fd };
  return fd < 0 ? code_of_link(fd) : 0;
}

int avow__dir_hold_above(char *path, avow__dir_t *out, size_t *name_at) {
  const size_t at = avow__disk_name_at(path);
  const char first = path[at];
  *out = (avow__dir_t){ .fd = -1 };
  *name_at = 0;
  if (first == '\0')
    return 0;
  path[at] = '\0';
  const int fd = avow__at_open_dir(AT_FDCWD, at > 0 ? path : ".");
  path[at] = first;
  if (fd >= 0)
    *name_at = at;
  return place_opened(fd, out);
}

int avow__dir_hold(avow__place_t place, avow__links_t links, avow__dir_t *out) {
  const int flags =
      O_RDONLY | O_DIRECTORY | (links == AVOW__LINKS_REFUSED ? O_NOFOLLOW : 0);
  const char *name = place.name[0] != '\0' ? place.name : ".";
  return place_opened(avow__at_open(fd_of(place), name, flags, 0), out);
}

int avow__dir_open(avow__place_t place, avow__links_t links, avow__dir_t *out) {
  int err = avow__dir_hold(place, links, out);
  if (err < 0)
    return err;
  out->stream = fdopendir(out->fd);
  if (out->stream != NULL)
    return 0;
  err = avow__at_code(-1);
  avow__dir_close(out);
  return err;
}

int avow__dir_open_above(const avow__dir_t *dir, avow__dir_t *out) {
  return place_opened(avow__at_open(dir->fd, "..", O_RDONLY | O_DIRECTORY, 0),
                      out);
}

/* Not all file systems say what an entry is. */
static uv_dirent_type_t type_of(const struct dirent *entry) {
#ifdef DT_DIR
  switch (entry->d_type) {
  case DT_REG:
    return UV_DIRENT_FILE;
  case DT_DIR:
    return UV_DIRENT_DIR;
  case DT_LNK:
    return UV_DIRENT_LINK;
  case DT_FIFO:
    return UV_DIRENT_FIFO;
  case DT_SOCK:
    return UV_DIRENT_SOCKET;
  case DT_CHR:
    return UV_DIRENT_CHAR;
  case DT_BLK:
    return UV_DIRENT_BLOCK;
  default:
    break;
  }
#endif
  return UV_DIRENT_UNKNOWN;
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
    return errno != 0 ? avow__at_code(-1) : 0;
  *name = entry->d_name;
  *type = type_of(entry);
  return 1;
}

static uv_timespec_t place_time_of(struct timespec time) {
  return (uv_timespec_t){ .tv_sec = (long) time.tv_sec,
                          .tv_nsec = time.tv_nsec };
}

/* What is asked of it here. */
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
    .st_atim = place_time_of(info->st_atimespec),
    .st_mtim = place_time_of(info->st_mtimespec),
#else
    .st_atim = place_time_of(info->st_atim),
    .st_mtim = place_time_of(info->st_mtim),
#endif
  };
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

static int stat_at(avow__place_t place, int flags, uv_stat_t *out) {
  struct stat info;
  int result;
  do {
    result = fstatat(fd_of(place), place.name, &info, flags);
  } while (is_interrupted(result));
  if (result == 0)
    *out = stat_of(&info);
  return avow__at_code(result);
}

int avow__place_lstat(avow__place_t place, uv_stat_t *out) {
  return stat_at(place, AT_SYMLINK_NOFOLLOW, out);
}

int avow__place_stat(avow__place_t place, uv_stat_t *out) {
  return stat_at(place, 0, out);
}

static int unlink_at(avow__place_t place, int flags) {
  int result;
  do {
    result = unlinkat(fd_of(place), place.name, flags);
  } while (is_interrupted(result));
  return avow__at_code(result);
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
  return avow__at_open(fd_of(place), place.name, flags | careful | O_NOFOLLOW,
                       mode);
}

int avow__place_mkdir(avow__place_t place, int mode) {
  int result;
  do {
    result = mkdirat(fd_of(place), place.name, (mode_t) mode);
  } while (is_interrupted(result));
  return avow__at_code(result);
}

int avow__place_rename(avow__place_t from, avow__place_t to) {
  int result;
  do {
    result = renameat(fd_of(from), from.name, fd_of(to), to.name);
  } while (is_interrupted(result));
  return avow__at_code(result);
}

int avow__place_symlink(avow__place_t place, const char *text) {
  int result;
  do {
    result = symlinkat(text, fd_of(place), place.name);
  } while (is_interrupted(result));
  return avow__at_code(result);
}

/* Some file systems do not say before how long it is. */
int avow__place_readlink(avow__place_t place, char **out) {
  enum { MOST = 65536 };
  size_t room = 256;
  for (;;) {
    char *text = avow_malloc(room);
    if (text == NULL)
      return UV_ENOMEM;
    const ssize_t len = readlinkat(fd_of(place), place.name, text, room);
    if (len >= 0 && (size_t) len < room) {
      text[len] = '\0';
      *out = text;
      return 0;
    }
    const int err = len < 0 ? avow__at_code(-1) : UV_ENAMETOOLONG;
    avow_free(text);
    if ((len < 0 && err != UV_EINTR) || room == MOST)
      return err;
    room *= len < 0 ? 1 : 2;
  }
}

int avow__place_lutime(avow__place_t place, const uv_stat_t *stat) {
  return avow__at_set_times(fd_of(place), place.name, stat);
}
