/* SPDX-License-Identifier: MIT */
/*
 * Directories that are held open, and the entries that a name in one of them
 * denotes. Each operation acts in that directory, on its own entry. It is not
 * redirected if another process replaces a directory with a link. The depth of
 * the directory does not matter.
 *
 * Only these functions differ between two kinds of systems. On POSIX,
 * at_posix.c uses the calls that take a directory's descriptor. Windows has no
 * such calls, and AVOW_BY_PATHS requests libuv's calls only. There a place is
 * its path, and at_by_path.c implements these functions.
 *
 * All are plain calls for the thread pool. They return 0 or more, or a libuv
 * code, which is never UV_EINTR.
 */
#ifndef AVOW_AT_H
#define AVOW_AT_H

#include <uv.h>

#if defined(_WIN32) || defined(AVOW_BY_PATHS)
#  define AVOW__AT_BY_PATH
#endif

#ifdef AVOW__AT_BY_PATH
enum { AVOW__PLACES_ARE_PATHS = 1 };
#else
enum { AVOW__PLACES_ARE_PATHS = 0 };
#endif

/* Directory that is held open. */
typedef struct avow__dir_s {
  int fd;       /* -1: closed */
  void *stream; /* of its entries; NULL: they are not read */
} avow__dir_t;

typedef struct avow__place_s {
  const avow__dir_t *dir; /* NULL: the working directory */
  const char *name;       /* in `dir`; "" is the directory itself */
  const char *path;       /* of the same entry; used where places are paths */
} avow__place_t;

typedef enum avow__hold_e {
  AVOW__HOLD,        /* fails with UV_ENOTDIR or UV_ELOOP for a link */
  AVOW__HOLD_LINKED, /* follows links */
  AVOW__HOLD_ABOVE   /* follows links; it need not be readable */
} avow__hold_t;

/* Opens a directory. A failure leaves *out closed. */
int avow__dir_hold(avow__place_t place, avow__hold_t how, avow__dir_t *out);

/* Starts to read the entries of a directory that was just opened there. */
int avow__dir_list(avow__dir_t *dir, avow__place_t place);

/* Returns 1 for the next entry, or 0 at the end. The name is valid until the
   next call. */
int avow__dir_read(avow__dir_t *dir, const char **name, uv_dirent_type_t *type);

/* Sets zeros where places are paths. */
int avow__dir_stat(const avow__dir_t *dir, uv_stat_t *out);

/* Accepts a closed directory. */
void avow__dir_close(avow__dir_t *dir);

/* On failure, these functions leave *out unchanged. avow__place_stat() follows
   links. */
int avow__place_lstat(avow__place_t place, uv_stat_t *out);
int avow__place_stat(avow__place_t place, uv_stat_t *out);

/* Opens a file. An open for reading does not block on a FIFO and does not make
   a terminal the controlling terminal. */
int avow__place_open(avow__place_t place, int flags, int mode);

int avow__place_mkdir(avow__place_t place, int mode);
int avow__place_rename(avow__place_t from, avow__place_t to);
int avow__place_rmdir(avow__place_t place);
int avow__place_unlink(avow__place_t place);
int avow__place_symlink(avow__place_t place, const char *text);

/* Reads the text of a link. Release *out with avow_free(). */
int avow__place_readlink(avow__place_t place, char **out);

/* Returns the path that the link with the lstat `link` leads to, relative to
   its directory. Where places are paths, it is relative to the working
   directory. Fails with UV_EACCES if another user created the link in a
   directory that all users may write to. Release *out with avow_free(). */
int avow__place_follow(avow__place_t place, const uv_stat_t *link, char **out);

/* Sets the times of `stat`, also on a link. */
int avow__place_lutime(avow__place_t place, const uv_stat_t *stat);

#endif
