/* SPDX-License-Identifier: MIT */
/*
 * The entries of a tree that is copied, each with its directory. The thread
 * pool copies a file with its holes, and a symbolic link as a link. It creates
 * a directory before it copies the entries in it. A function that returns an
 * int returns 0 or a libuv code.
 *
 * The copy of a directory is held open while it has users. The users are lanes
 * that copy into it, and the descent, as long as it is not much deeper. A
 * directory that was closed may be needed again when its last subdirectory is
 * finished. It is then reopened through ".." of that open subdirectory, and
 * must be the same directory. All of this happens under the lock of the copy,
 * except for the finished directory itself.
 */
#ifndef AVOW_COPY_ENTRY_H
#define AVOW_COPY_ENTRY_H

#include "avow/tree.h"
#include "sys/copy_file.h"

typedef struct avow__copied_s avow__copied_t;

struct avow__copied_s {
  avow__copied_t *next;   /* in the list of entries to report */
  avow__copied_t *parent; /* directory of the entry; NULL for the root */
  size_t holders; /* a lane or the descent, and the entries in the directory */
  size_t users;   /* holders that need the copy open */
  bool uses_parent;
  bool made; /* a directory that did not exist before */
  avow__dir_t to;
  avow__file_id_t to_id;
  avow__original_t original;
  uv_stat_t stat; /* of the source; zeros if there is none */
  avow_value_t error;
  char name[]; /* the root's is its path */
};

/* Creates an entry of the directory `parent`, and holds and uses that. The
   entry itself has one holder and one user. Returns NULL if out of memory. */
avow__copied_t *avow__copied_new(avow__copied_t *parent, const char *name,
                                 size_t len);
void avow__copied_free(avow__copied_t *entry);

/* Returns the path from the root down; release it with avow_free(). If `root`
   is not NULL, it replaces the root's name. */
char *avow__copied_path(const avow__copied_t *entry, const char *root);

/* Keeps the first error of the entry. */
void avow__copied_fail(avow__copied_t *entry, int err);

/* Opens the copy again, through an open directory in it if necessary. */
int avow__copied_reopen(avow__copied_t *dir, const avow__dir_t *below);

/* Removes one user. */
void avow__copied_unuse(avow__copied_t *dir);

/* Opens the original, which is a file or a link according to its stat. The stat
   becomes that of the opened file. Fails with UV_ENOTSUP for other types. */
int avow__copied_open(avow__copied_t *entry, avow__place_t place);
void avow__original_close(avow__original_t *original);

int avow__copy_entry(const avow__copying_t *copying, avow__place_t to);

/* Opens or creates the copy of a directory, which its owner can enter. */
int avow__copied_make_dir(avow__copied_t *entry, avow__place_t to,
                          avow_keep_t keep);

#endif
