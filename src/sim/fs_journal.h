/* SPDX-License-Identifier: MIT */
/*
 * Changes of names that may not have reached the disk yet. Changes of one
 * directory reach it in order, and a rename reaches it as a whole. Changes of
 * different directories may reach it in any order. Syncing a directory writes
 * all earlier changes in it.
 */
#ifndef AVOW_SIM_FS_JOURNAL_H
#define AVOW_SIM_FS_JOURNAL_H

#include "sim/inode.h"

/* Gives the name to `inode`. If `inode` is NULL, the name is removed. */
void sim_journal_put(sim_inode_t *dir, const char *name, sim_inode_t *inode);

/* Renames an inode atomically from the first name to the second. */
void sim_journal_move(sim_inode_t *from, const char *name, sim_inode_t *to,
                      const char *new_name);

/* Writes the changes of the directory to the disk. */
void sim_journal_sync(sim_inode_t *dir);

/* Reverts changes that have not reached the disk, as the seed chooses. */
void sim_journal_crash(void);

/* Frees all records when the disk is freed. */
void sim_journal_free(void);

#endif
