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
  avow__link_t link;  /* in the order of creation */
  sim_entry_t *chain; /* the next entry in the same hash chain */
  uint64_t hash;
  sim_inode_t *inode;
  char name[];
};

typedef struct sim_directory_s {
  avow__link_t *entries;
  sim_entry_t **chains; /* an array of room chains; room is a power of two */
  size_t count, room;
} sim_directory_t;

/* The inode with this name, or NULL if there is none. */
sim_inode_t *sim_directory_find(const sim_inode_t *dir, const char *name);

/* Gives the name to `inode` and takes it from the inode that had it. If `inode`
   is NULL, the name is removed. */
void sim_directory_put(sim_inode_t *dir, const char *name, sim_inode_t *inode);

/* The entry after `entry`. NULL stands for the beginning and for the end. */
const sim_entry_t *sim_directory_next(const sim_inode_t *dir,
                                      const sim_entry_t *entry);

#endif
