/* SPDX-License-Identifier: MIT */
/* Resolves a path step by step and follows the symbolic links on the way. */
#ifndef AVOW_SIM_PATH_WALK_H
#define AVOW_SIM_PATH_WALK_H

#include "sim/disk.h"

/* The kind of the last name of a path. */
typedef enum {
  SIM_LAST_NAME,
  SIM_LAST_DOT,
  SIM_LAST_DOTDOT,
  SIM_LAST_ROOT /* the path consists only of slashes */
} sim_last_t;

typedef struct sim_spot_s {
  sim_inode_t *dir; /* the directory of the last name */
  char name[SIM_NAME + 1];
  sim_last_t last;
  bool slashed;       /* slashes follow it: it must be a directory */
  bool too_long;      /* SIM_RAW only: no name can be that long */
  sim_inode_t *inode; /* the inode with that name; NULL: none */
} sim_spot_t;

/* How a path is resolved. */
enum {
  SIM_RAW = 0,    /* the inode of the last name, with or without slashes */
  SIM_STAY = 1,   /* a link at the end is not followed */
  SIM_FOLLOW = 2, /* a link at the end is followed */
  SIM_CREATE = 4, /* for a file to create: slashes fail with UV_EISDIR */
  SIM_LONG = 8    /* the path may have any length */
};

/* Returns 0 or a libuv code. The path may lead to nothing. All results are
   borrowed. */
int sim_spot_find(sim_spot_t *spot, const char *path, unsigned how);

#endif
