/* SPDX-License-Identifier: MIT */
/*
 * Traverses a directory tree on a thread of the pool. Entries come one after
 * another. A directory that is entered comes before its entries and is left
 * after them. Symbolic links are entries. A directory is entered by its name in
 * the open directory above it. A process that replaces directories with links
 * can therefore not lead the traversal out of the tree.
 *
 * Few directories are open at a time, however deep the tree is. Higher
 * directories are read to their end and closed, because a position in a
 * directory cannot be found again. Their names are stored with one or two extra
 * bytes each. Other memory is proportional to the depth. The way back to a
 * closed directory is "..", which must lead to the same directory.
 */
#ifndef AVOW_TREE_PRIVATE_H
#define AVOW_TREE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "sys/dir_open.h"

typedef struct avow__level_s avow__level_t;

typedef struct avow__tree_s {
  char *path; /* of the entry or directory that avow__tree_next() returned */
  size_t len;
  size_t name_at;        /* where the last name starts */
  uv_dirent_type_t type; /* of the entry */
  size_t depth;          /* directories that are entered and not left */
  avow__level_t *levels; /* one for each of these */
  size_t room;           /* for levels */
  size_t path_room;
  size_t first_open; /* higher levels are read and closed */
  bool left;         /* the deepest level was left */
  avow__dir_t above; /* directory of the root, if it is held */
} avow__tree_t;

typedef enum avow__step_e {
  AVOW__TREE_END,
  AVOW__TREE_ENTRY,
  AVOW__TREE_LEFT /* all entries of the directory were returned */
} avow__step_t;

/* Starts at the path of length `len` without entering it. "" is the working
   directory, whose entries have their names as paths. Returns 0 or
   UV_ENOMEM. */
int avow__tree_init(avow__tree_t *tree, const char *root, size_t len);

/* Holds the directory of the root open, unless it is already held. Called
   before the root is entered. From then on, the root is found in this
   directory, even if the path leads to another one by then. */
int avow__tree_hold(avow__tree_t *tree);

/* Frees the contents of a tree. Accepts a zeroed tree. */
void avow__tree_free(avow__tree_t *tree);

/* Returns an avow__step_t, or an error of the directory at the path. Either it
   cannot be read further, or there is no way back to it. The caller may call
   again to retry. */
int avow__tree_next(avow__tree_t *tree);

/* Returns the place of the current answer, by its name in its directory. Valid
   until the next call of avow__tree_next() or avow__tree_enter(). */
avow__place_t avow__tree_place(const avow__tree_t *tree);

/* Enters the directory at the path, with a note for avow__tree_note(). Fails
   with UV_ENOTDIR or UV_ELOOP if the directory was replaced with another type
   or a link. */
int avow__tree_enter(avow__tree_t *tree, uint64_t note);

/* Adds a name to the directory that was entered last. avow__tree_next() returns
   it as if it were a link there, before it reads on. Returns 0 or UV_ENOMEM. */
int avow__tree_offer(avow__tree_t *tree, const char *name);

/* Returns the directory that was entered last and is not left. */
const avow__dir_t *avow__tree_dir(const avow__tree_t *tree);

/* Gives up the directory whose error was returned. avow__tree_next() then
   reports that it was left. */
void avow__tree_skip(avow__tree_t *tree);

/* Returns the note of the directory that contains the entry, or that was just
   left. */
uint64_t avow__tree_note(const avow__tree_t *tree);

#endif
