/* SPDX-License-Identifier: MIT */
/* POSIX functions that tests use and that are simple to provide on Windows. */
#ifndef POSIX_H
#define POSIX_H

#include <uv.h> /* also includes winsock2.h and windows.h */

#include <direct.h>
#include <io.h>
#include <sys/stat.h>

/* Names that tests use and windows.h defines. */
#undef FAR
#undef far

/* No signal of this number occurs, and signal() refuses it. */
#define SIGPIPE 13

#ifndef O_CLOEXEC
#  define O_CLOEXEC _O_NOINHERIT
#endif

int posix_mkdir(const char *path);
int posix_remove(const char *path); /* removes directories too */
int setenv(const char *name, const char *value, int overwrite);
char *mkdtemp(char *template);
int symlink(const char *target, const char *path);

static inline unsigned alarm(unsigned seconds) {
  return 0; /* there is no alarm; the runner of the tests must limit the time */
}

#define remove(path)      posix_remove(path)
#define mkdir(path, mode) posix_mkdir(path)
#define lstat             stat
#define getuid()          0
#define getgid()          0

#endif
