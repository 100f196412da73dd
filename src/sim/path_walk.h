/* SPDX-License-Identifier: MIT */
/*
 * Where a path leads: step by step, through the symbolic links on the way.
 */
#ifndef AVOW_SIM_PATH_WALK_H
#define AVOW_SIM_PATH_WALK_H

#include "sim/disk.h"

/* What the last name of a path is. */
typedef enum {
  SIM_LAST_NAME,
  SIM_LAST_DOT,
  SIM_LAST_DOTDOT,
  SIM_LAST_ROOT /* the path is of slashes alone */
} sim_last_t;

typedef struct sim_spot_s {
  sim_inode_t *dir; /* that the last name is in */
  char name[SIM_NAME + 1];
  sim_last_t last;
  bool slashed;       /* slashes come after it: a directory is meant */
  bool too_long;      /* raw: no name can be that long */
  sim_inode_t *inode; /* what is there; NULL: nothing */
} sim_spot_t;

/* How a path is taken. */
enum {
  SIM_RAW = 0,    /* what has the last name, whatever slashes come after it */
  SIM_STAY = 1,   /* a link at the end is itself what is there */
  SIM_FOLLOW = 2, /* it is followed */
  SIM_CREATE = 4, /* for a file that is to be there: no slashes, UV_EISDIR */
  SIM_LONG = 8    /* as long as it likes */
};

/* 0 or a libuv code; the path may lead to nothing. All is lent. */
int sim_spot_find(sim_spot_t *spot, const char *path, unsigned how);

#endif
