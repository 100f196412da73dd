/* SPDX-License-Identifier: MIT */
/* The names that a directory gives to inodes. */
#ifndef AVOW_SIM_DIRECTORY_H
#define AVOW_SIM_DIRECTORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

typedef struct sim_inode_s sim_inode_t;

/* A name in a directory. */
typedef struct sim_entry_s sim_entry_t;

struct sim_entry_s {
  avow__link_t link;  /* in the order in which they were made */
  sim_entry_t *chain; /* the next with such a hash */
  uint64_t hash;
  sim_inode_t *inode;
  char name[];
};

typedef struct sim_directory_s {
  avow__link_t *entries;
  sim_entry_t **chains; /* room of them, a power of two */
  size_t count, room;
} sim_directory_t;

/* What has the name there; NULL: nothing. */
sim_inode_t *sim_directory_find(const sim_inode_t *dir, const char *name);

/* Gives the name to that, and takes it from what had it; NULL: nothing has it
   any more. */
void sim_directory_put(sim_inode_t *dir, const char *name, sim_inode_t *inode);

/* The entry after that one; NULL begins and ends. */
const sim_entry_t *sim_directory_next(const sim_inode_t *dir,
                                      const sim_entry_t *entry);

#endif
