/* SPDX-License-Identifier: MIT */
/*
 * What is on the virtual disk: files, directories and symbolic links, and the
 * names that directories give to them. A thing lives while something holds it:
 * a name, an open file, what a crash may bring back.
 */
#ifndef AVOW_SIM_INODE_H
#define AVOW_SIM_INODE_H

#include "base/list.h"
#include "sim/content.h"
#include "sim/directory.h"

struct sim_inode_s {
  avow__link_t link; /* all that there are */
  uint64_t number;
  unsigned mode;      /* with the kind, as of stat */
  size_t refs;        /* who holds it, each name among them */
  size_t names;       /* that it has */
  size_t directories; /* in it */
  uint64_t accessed, changed, modified, born; /* ns since 1970 */
  sim_content_t content;                      /* of a file */
  char *target;                               /* of a symbolic link */
  sim_directory_t directory;                  /* of a directory */
  bool marked;                                /* by the journal, at work */
  /* Of a directory: what it is in, which it holds, and its name there, both
     the last that they were. The root is in itself. */
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

/* A new thing, held once. */
sim_inode_t *sim_inode_new(unsigned mode);

sim_inode_t *sim_inode_ref(sim_inode_t *inode);
void sim_inode_unref(sim_inode_t *inode); /* also NULL */

/* All of them, whoever holds them: the disk goes. */
void sim_inodes_free(void);

/* The virtual time of day. */
uint64_t sim_inode_time(void);
void sim_inode_touch(sim_inode_t *inode);  /* what it holds has changed */
void sim_inode_change(sim_inode_t *inode); /* its mode or its names have */

#endif
