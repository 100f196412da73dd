/* SPDX-License-Identifier: MIT */
/* What the tests ask of POSIX, where that is easily had on Windows. */
#ifndef POSIX_H
#define POSIX_H

#include <uv.h> /* and with it winsock2.h and windows.h */

#include <direct.h>
#include <io.h>
#include <sys/stat.h>

/* Names of windows.h that tests have for themselves. */
#undef FAR
#undef far

/* Nobody sends it, and signal() refuses it. */
#define SIGPIPE 13

#ifndef O_CLOEXEC
#  define O_CLOEXEC _O_NOINHERIT
#endif

int posix_mkdir(const char *path);
int posix_remove(const char *path); /* a directory, too */
int setenv(const char *name, const char *value, int overwrite);
char *mkdtemp(char *template);
int symlink(const char *target, const char *path);

static inline unsigned alarm(unsigned seconds) {
  return 0; /* whoever runs the tests has to watch the time */
}

#define remove(path)      posix_remove(path)
#define mkdir(path, mode) posix_mkdir(path)
#define lstat             stat
#define getuid()          0
#define getgid()          0

#endif
