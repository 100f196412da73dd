/* SPDX-License-Identifier: MIT */
/*
 * Changes of names that the disk may not have yet. Those of one directory reach
 * it in their order, and a rename as one; of two directories either may be
 * first. A sync of a directory is one of all that was done in it.
 */
#ifndef AVOW_SIM_FS_JOURNAL_H
#define AVOW_SIM_FS_JOURNAL_H

#include "sim/inode.h"

/* The name is that inode's from now on, or nobody's. */
void sim_journal_put(sim_inode_t *dir, const char *name, sim_inode_t *inode);

/* The inode has the second name and not the first any more, in one go. */
void sim_journal_move(sim_inode_t *from, const char *name, sim_inode_t *to,
                      const char *new_name);

/* What was done in that directory is on the disk. */
void sim_journal_sync(sim_inode_t *dir);

/* Takes back what has not reached the disk, as the seed says. */
void sim_journal_crash(void);

/* Forgets all, where the disk goes. */
void sim_journal_free(void);

#endif
