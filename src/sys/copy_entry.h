/* SPDX-License-Identifier: MIT */
/*
 * The entries of a tree that is copied, each with the directory that it is in.
 * The thread pool copies a file with its holes, a symbolic link as a link, and
 * makes a directory before it copies the entries in it. A function that returns
 * an int returns 0 or a libuv code.
 *
 * Of a directory the copy is held open while somebody needs it: the descent, as
 * long as it is not much deeper, and lanes that copy something into it. The way
 * back to one that was closed is "..", from one in it that is open still: it is
 * needed once the last of these is finished, and has to lead to the same
 * directory. All but the finished one's own is done under the copy's lock.
 */
#ifndef AVOW_COPY_ENTRY_H
#define AVOW_COPY_ENTRY_H

#include "avow/tree.h"
#include "sys/copy_file.h"

typedef struct avow__copied_s avow__copied_t;

struct avow__copied_s {
  avow__copied_t *next;   /* among those to be told of */
  avow__copied_t *parent; /* the directory that it is in; NULL for the root */
  size_t holders; /* a lane or the descent, and what is in the directory */
  size_t users;   /* of those, who needs its copy open */
  bool uses_parent;
  bool made; /* a directory that was not there before */
  avow__dir_t to;
  avow__file_id_t to_id;
  avow__original_t original;
  uv_stat_t stat; /* of the source; zeros if there is none */
  avow_value_t error;
  char name[]; /* the root's is its path */
};

/* Makes an entry of the directory, which it uses; it is held and used itself.
   NULL: no memory. */
avow__copied_t *avow__copied_new(avow__copied_t *parent, const char *name,
                                 size_t len);
void avow__copied_free(avow__copied_t *entry);

/* The names from the root's down, for avow_free(); another root's, unless that
   is NULL. */
char *avow__copied_path(const avow__copied_t *entry, const char *root);

/* Keeps the first of its failures. */
void avow__copied_fail(avow__copied_t *entry, int err);

/* Has the copy open again, if need be by one in it. */
int avow__copied_reopen(avow__copied_t *dir, const avow__dir_t *below);

/* One less needs it open. */
void avow__copied_unuse(avow__copied_t *dir);

/* Opens the original, a file or a link by its stat, which becomes that of what
   was opened. UV_ENOTSUP for all else. */
int avow__copied_open(avow__copied_t *entry, avow__place_t place);
void avow__original_close(avow__original_t *original);

int avow__copy_entry(const avow__copying_t *copying, avow__place_t to);

/* Opens or makes the copy of a directory, which its owner may enter. */
int avow__copied_make_dir(avow__copied_t *entry, avow__place_t to,
                          avow_keep_t keep);

#endif
