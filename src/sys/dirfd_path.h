/* SPDX-License-Identifier: MIT */
/*
 * Places in a tree: a name in a directory that is held open. What others do to
 * the path meanwhile, such as putting a link where a directory was, leads
 * nobody elsewhere: what is done at a place is done in that directory, and at
 * nothing but a directory's own entry. How deep that lies does not matter.
 * Windows has no such calls, and a place there is its path; so it is wherever
 * AVOW_BY_PATHS says that all is to be done by libuv's calls alone.
 *
 * These are plain calls, for chores of the thread pool. They give 0 or more, or
 * a libuv code, and none of them UV_EINTR.
 */
#ifndef AVOW_DIRFD_PATH_H
#define AVOW_DIRFD_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

/* A directory that is held open. */
typedef struct avow__dir_s {
  int fd;       /* -1: it is not open */
  void *stream; /* what its entries are read from; NULL: it is not read */
} avow__dir_t;

typedef struct avow__place_s {
  const avow__dir_t *dir; /* NULL: where the process is */
  const char *name;       /* in it; "" is where the process is */
  const char *path;       /* of the same; needed where places are paths */
} avow__place_t;

#if defined(_WIN32) && !defined(AVOW_BY_PATHS)
#  define AVOW_BY_PATHS
#endif

#ifdef AVOW_BY_PATHS
enum { AVOW__PLACES_ARE_PATHS = 1 };
#else
enum { AVOW__PLACES_ARE_PATHS = 0 };
#endif

/* Which of the two counts. */
static inline const char *avow__place_text(avow__place_t place) {
  return AVOW__PLACES_ARE_PATHS ? place.path : place.name;
}

/* What a link says is nothing of the place. */
typedef enum avow__links_e {
  AVOW__LINKS_REFUSED, /* UV_ENOTDIR or UV_ELOOP */
  AVOW__LINKS_FOLLOWED
} avow__links_t;

/* To read its entries, too. A failure leaves *out closed. */
int avow__dir_open(avow__place_t place, avow__links_t links, avow__dir_t *out);

/* The directory that the path's last name is in, only to find that in: it need
   not be readable. *name_at is where the name begins. The root of all is in
   none, and places that are paths need none: 0, and *out is closed. The path is
   written to meanwhile. */
int avow__dir_hold_above(char *path, avow__dir_t *out, size_t *name_at);

/* Opens a directory, not to read its entries. */
int avow__dir_hold(avow__place_t place, avow__links_t links, avow__dir_t *out);

/* The directory that an open one is in, by now; it cannot be read. */
int avow__dir_open_above(const avow__dir_t *dir, avow__dir_t *out);

/* 1: the next entry, whose name is valid until the next call; 0 at the end. */
int avow__dir_read(avow__dir_t *dir, const char **name, uv_dirent_type_t *type);

/* Which directory it is: its numbers tell it from all others while it is
   there. */
int avow__dir_stat(const avow__dir_t *dir, uv_stat_t *out);

/* Closes a directory, also one that is closed. */
void avow__dir_close(avow__dir_t *dir);

/* What is at the place; a failure leaves *out as it was. */
int avow__place_lstat(avow__place_t place, uv_stat_t *out);

/* What it leads to, if it is a link: wherever that is. */
int avow__place_stat(avow__place_t place, uv_stat_t *out);

/* A descriptor. What is only to be read neither waits for anybody nor becomes
   the terminal of the process. */
int avow__place_open(avow__place_t place, int flags, int mode);

int avow__place_mkdir(avow__place_t place, int mode);
int avow__place_rename(avow__place_t from, avow__place_t to);
int avow__place_rmdir(avow__place_t place);
int avow__place_unlink(avow__place_t place);

/* A link that says the text, and what one says, for avow_free(). */
int avow__place_symlink(avow__place_t place, const char *text);
int avow__place_readlink(avow__place_t place, char **out);

/* The times of stat, also of a link. */
int avow__place_lutime(avow__place_t place, const uv_stat_t *stat);

#endif
