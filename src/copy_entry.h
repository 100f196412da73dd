/*
 * Copying one entry of a tree, on a thread of the pool: a file with its mode
 * and times, a symbolic link as a link. What is there already is treated as the
 * program wants it.
 */
#ifndef AVOW_COPY_ENTRY_H
#define AVOW_COPY_ENTRY_H

#include "avow/tree.h"

/* Of a file or a link whose lstat that is. */
int avow__copy_entry(const char *from, const char *to, const uv_stat_t *stat,
                     avow_existing_t existing);

/* A directory that lets its owner in. 1: it was made, 0: it was there. */
int avow__copy_dir(const char *to, const uv_stat_t *stat);

/* The mode and the times that it has in the end. */
int avow__copy_dir_end(const char *to, const uv_stat_t *stat);

#endif
