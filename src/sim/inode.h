/* SPDX-License-Identifier: MIT */
/*
 * The inodes of the virtual disk: files, directories and symbolic links. An
 * inode lives as long as something references it: a name, an open file, or a
 * record that a crash may revert.
 */
#ifndef AVOW_SIM_INODE_H
#define AVOW_SIM_INODE_H

#include "base/list.h"
#include "sim/content.h"
#include "sim/directory.h"

struct sim_inode_s {
  avow__link_t link; /* in the list of all inodes */
  uint64_t number;
  unsigned mode;      /* including the kind, as in stat */
  size_t refs;        /* references, including those of names */
  size_t names;       /* number of its names */
  size_t directories; /* number of its subdirectories */
  uint64_t accessed, changed, modified, born; /* in ns since 1970 */
  sim_content_t content;                      /* of a file */
  char *target;                               /* of a symbolic link */
  sim_directory_t directory;                  /* of a directory */
  bool marked;                                /* by the journal, while it
                                                 works */
  /* For a directory: its parent, which it references, and its name there, both
     as of the last rename. The root is its own parent. */
  sim_inode_t *parent;
  char *name;
};

/* The kinds, as in the mode. */
enum {
  SIM_KIND = 0170000,
  SIM_FILE = 0100000,
  SIM_DIR = 0040000,
  SIM_LINK = 0120000
};

static inline bool sim_inode_is(const sim_inode_t *inode, unsigned kind) {
  return (inode->mode & SIM_KIND) == kind;
}

/* Creates an inode with one reference. */
sim_inode_t *sim_inode_new(unsigned mode);

sim_inode_t *sim_inode_ref(sim_inode_t *inode);
void sim_inode_unref(sim_inode_t *inode); /* NULL is allowed */

/* Frees all inodes with all their references, because the disk is freed. */
void sim_inodes_free(void);

/* The virtual time of day, in ns since 1970. */
uint64_t sim_inode_time(void);
void sim_inode_touch(sim_inode_t *inode);  /* its content has changed */
void sim_inode_change(sim_inode_t *inode); /* its mode or names have changed */

#endif
