/* SPDX-License-Identifier: MIT */
/*
 * Going through a directory tree, on a thread of the pool: its entries one
 * after another, each directory before what is in it if it is entered, and left
 * after that. Symbolic links are entries. A directory is entered by its name in
 * the one that is open above it, so nobody who exchanges directories for links
 * meanwhile leads anybody out of the tree.
 *
 * However deep the tree, few directories are open: those far up are read to
 * their end and closed, for a place in a directory cannot be found again. What
 * that takes is their names, and a byte or two each; else memory is in
 * proportion to the depth. The way back to one that was closed is "..", and it
 * has to be the same directory.
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
  char *path; /* of the entry or the directory that is next()'s answer */
  size_t len;
  size_t name_at;        /* where its last name begins */
  uv_dirent_type_t type; /* of the entry */
  size_t depth;          /* directories that are entered and not left */
  avow__level_t *levels; /* one for each of these */
  size_t room;           /* for levels */
  size_t path_room;
  size_t first_open; /* the levels above it are read and closed */
  bool left;         /* the level deepest down was left */
  avow__dir_t above; /* that the root is in, if it is held */
} avow__tree_t;

typedef enum avow__step_e {
  AVOW__TREE_END,
  AVOW__TREE_ENTRY,
  AVOW__TREE_LEFT /* all that is in the directory has been an entry */
} avow__step_t;

/* Begins at the path of that length, which is not entered yet; "" is where the
   process is, and its entries' paths are their names. UV_ENOMEM. */
int avow__tree_init(avow__tree_t *tree, const char *root, size_t len);

/* Before the root is entered, holds the directory open that it is in, unless
   that was done. The root is found there from now on, wherever its path leads
   by then. */
int avow__tree_hold(avow__tree_t *tree);

/* Ends a tree, also one that is zero. */
void avow__tree_free(avow__tree_t *tree);

/* An avow__step_t, or an error of the directory at the path: it cannot be read
   further, or there is no way back to it, which may be tried again by asking
   again. */
int avow__tree_next(avow__tree_t *tree);

/* Where next()'s answer is, by its name in the directory that it is in: for as
   long as the tree is neither asked nor entered. */
avow__place_t avow__tree_place(const avow__tree_t *tree);

/* Goes into the path, with a note for avow__tree_note(). What was said to be a
   directory has to be one still, and no link: UV_ENOTDIR, UV_ELOOP. */
int avow__tree_enter(avow__tree_t *tree, uint64_t note);

/* Offers a name in the directory that was entered last: next() answers with it,
   as if it were a link in there, before it reads. UV_ENOMEM. */
int avow__tree_offer(avow__tree_t *tree, const char *name);

/* That was entered last, and is not left. */
const avow__dir_t *avow__tree_dir(const avow__tree_t *tree);

/* Gives up what is left of the directory, of which an error was the answer: the
   next answer is that it was left. */
void avow__tree_skip(avow__tree_t *tree);

/* The note of the directory that the entry is in, or that was just left. */
uint64_t avow__tree_note(const avow__tree_t *tree);

#endif
