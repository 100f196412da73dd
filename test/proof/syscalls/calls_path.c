/* SPDX-License-Identifier: MIT */
/*
 * System calls on paths and directories, and calls on files that copy, sync or
 * change metadata. They need no open file, because any call of a thread in the
 * pool counts.
 */
#undef _FILE_OFFSET_BITS /* it replaces names by those for large files */
#undef _FORTIFY_SOURCE   /* its headers define some of these functions */
#define _GNU_SOURCE      /* declares the names for large files */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inject.h"

typedef union {
  void *symbol;
  int (*path)(const char *);
  int (*paths)(const char *, const char *);
  int (*unlinkat)(int, const char *, int);
  int (*renameat)(int, const char *, int, const char *);
  int (*linkat)(int, const char *, int, const char *, int);
  int (*fstatat)(int, const char *, struct stat *, int);
  int (*fstatat64)(int, const char *, struct stat64 *, int);
  ssize_t (*readlinkat)(int, const char *, char *, size_t);
  int (*mode)(const char *, mode_t);
  int (*stat)(const char *, struct stat *);
  int (*stat64)(const char *, struct stat64 *);
  ssize_t (*readlink)(const char *, char *, size_t);
  int (*mkdirat)(int, const char *, mode_t);
  int (*symlinkat)(const char *, int, const char *);
  int (*futimens)(int, const struct timespec[2]);
  int (*utimensat)(int, const char *, const struct timespec[2], int);
  DIR *(*opendir)(const char *);
  DIR *(*fdopendir)(int);
  struct dirent *(*readdir)(DIR *);
  struct dirent64 *(*readdir64)(DIR *);
  int (*file)(int);
  int (*fchmod)(int, mode_t);
  ssize_t (*sendfile)(int, int, off_t *, size_t);
  ssize_t (*sendfile64)(int, int, off64_t *, size_t);
} next_t;

static next_t next(const char *name) {
  return (next_t){ .symbol = inject_next(name) };
}

static bool fails(call_t call) {
  return inject_fails(inject_in_pool(call), NULL);
}

int mkdir(const char *path, mode_t mode) {
  return fails(CALL_MAKE) ? -1 : next("mkdir").mode(path, mode);
}

int symlink(const char *from, const char *to) {
  return fails(CALL_MAKE) ? -1 : next("symlink").paths(from, to);
}

int unlink(const char *path) {
  return fails(CALL_REMOVE) ? -1 : next("unlink").path(path);
}

int rmdir(const char *path) {
  return fails(CALL_REMOVE) ? -1 : next("rmdir").path(path);
}

int rename(const char *from, const char *to) {
  return fails(CALL_RENAME) ? -1 : next("rename").paths(from, to);
}

int chmod(const char *path, mode_t mode) {
  return fails(CALL_MODE) ? -1 : next("chmod").mode(path, mode);
}

int fchmod(int fd, mode_t mode) {
  return fails(CALL_MODE) ? -1 : next("fchmod").fchmod(fd, mode);
}

int futimens(int fd, const struct timespec times[2]) {
  return fails(CALL_TIMES) ? -1 : next("futimens").futimens(fd, times);
}

/* The times of links are optional. */
int utimensat(int dir, const char *path, const struct timespec times[2],
              int flags) {
  if (fails(flags == 0 ? CALL_TIMES : CALL_NONE))
    return -1;
  return next("utimensat").utimensat(dir, path, times, flags);
}

ssize_t readlink(const char *path, char *buf, size_t len) {
  return fails(CALL_READLINK) ? -1 : next("readlink").readlink(path, buf, len);
}

int stat(const char *path, struct stat *out) {
  return fails(CALL_STAT) ? -1 : next("stat").stat(path, out);
}

int stat64(const char *path, struct stat64 *out) {
  return fails(CALL_STAT) ? -1 : next("stat64").stat64(path, out);
}

int lstat(const char *path, struct stat *out) {
  return fails(CALL_STAT) ? -1 : next("lstat").stat(path, out);
}

int lstat64(const char *path, struct stat64 *out) {
  return fails(CALL_STAT) ? -1 : next("lstat64").stat64(path, out);
}

/* Calls relative to a directory. */

int linkat(int from_dir, const char *from, int dir, const char *to, int flags) {
  return fails(CALL_MAKE)
             ? -1
             : next("linkat").linkat(from_dir, from, dir, to, flags);
}

int mkdirat(int dir, const char *path, mode_t mode) {
  return fails(CALL_MAKE) ? -1 : next("mkdirat").mkdirat(dir, path, mode);
}

int symlinkat(const char *from, int dir, const char *to) {
  return fails(CALL_MAKE) ? -1 : next("symlinkat").symlinkat(from, dir, to);
}

int unlinkat(int dir, const char *path, int flags) {
  return fails(CALL_REMOVE) ? -1 : next("unlinkat").unlinkat(dir, path, flags);
}

int renameat(int from_dir, const char *from, int dir, const char *to) {
  return fails(CALL_RENAME)
             ? -1
             : next("renameat").renameat(from_dir, from, dir, to);
}

int fstatat(int dir, const char *path, struct stat *out, int flags) {
  return fails(CALL_STAT) ? -1 : next("fstatat").fstatat(dir, path, out, flags);
}

int fstatat64(int dir, const char *path, struct stat64 *out, int flags) {
  return fails(CALL_STAT) ? -1
                          : next("fstatat64").fstatat64(dir, path, out, flags);
}

ssize_t readlinkat(int dir, const char *path, char *buf, size_t len) {
  return fails(CALL_READLINK)
             ? -1
             : next("readlinkat").readlinkat(dir, path, buf, len);
}

DIR *fdopendir(int fd) {
  return fails(CALL_OPENDIR) ? NULL : next("fdopendir").fdopendir(fd);
}

DIR *opendir(const char *path) {
  return fails(CALL_OPENDIR) ? NULL : next("opendir").opendir(path);
}

/* A cut removes the type, as on file systems that do not store it. */
struct dirent *readdir(DIR *dir) {
  size_t typed = 1;
  if (inject_fails(inject_in_pool(CALL_READDIR), &typed))
    return NULL;
  struct dirent *entry = next("readdir").readdir(dir);
  if (entry != NULL && typed == 0)
    entry->d_type = DT_UNKNOWN;
  return entry;
}

struct dirent64 *readdir64(DIR *dir) {
  size_t typed = 1;
  if (inject_fails(inject_in_pool(CALL_READDIR), &typed))
    return NULL;
  struct dirent64 *entry = next("readdir64").readdir64(dir);
  if (entry != NULL && typed == 0)
    entry->d_type = DT_UNKNOWN;
  return entry;
}

int fsync(int fd) {
  const bool is_dir = inject_kind(fd) == KIND_DIRECTORY;
  return fails(is_dir ? CALL_SYNC_DIR : CALL_SYNC) ? -1
                                                   : next("fsync").file(fd);
}

ssize_t sendfile(int to, int from, off_t *offset, size_t len) {
  if (inject_fails(inject_in_pool(CALL_COPY), &len))
    return -1;
  return next("sendfile").sendfile(to, from, offset, len);
}

ssize_t sendfile64(int to, int from, off64_t *offset, size_t len) {
  if (inject_fails(inject_in_pool(CALL_COPY), &len))
    return -1;
  return next("sendfile64").sendfile64(to, from, offset, len);
}
