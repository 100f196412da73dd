/* SPDX-License-Identifier: MIT */
/*
 * The disk of the virtual machine. Its calls are in disk_files.h, disk_names.h
 * and disk_stat.h. They behave like the calls of a POSIX system and take no
 * time. They return 0 or more, or a libuv code. fs_verbs.c decides which calls
 * fail by chance.
 */
#ifndef AVOW_SIM_DISK_H
#define AVOW_SIM_DISK_H

#include "avow/config.h"

#include "sim/inode.h"
#include "sim/world.h"

/* An open file, found by its number. */
typedef struct sim_open_s {
  sim_inode_t *inode; /* NULL: it is closed */
  int flags;
  uint64_t offset;
} sim_open_t;

typedef struct sim_disk_s {
  sim_inode_t *root, *here; /* the current directory */
  avow__link_t *inodes;     /* all inodes */
  uint64_t numbers;         /* inode numbers handed out so far */
  uint64_t used;            /* blocks in use */

  avow__link_t *journal;
  size_t records; /* number of records in the journal */

  sim_open_t *opens;
  size_t open_room, lowest; /* all numbers below it are taken */
  size_t open_dirs;

  bool may_crash;
  uint64_t calls_left; /* calls until the machine stops; 0: no limit */
} sim_disk_t;

/* The disk of this thread. The first call creates it. */
sim_disk_t *sim_disk(void);

static inline bool sim_disk_may_crash(void) {
  return sim_disk()->may_crash;
}

/* A run begins with an empty disk. At its end the disk is freed. */
extern const sim_part_t sim_files;

/* Counts a call. Returns false if the machine has stopped or stops with this
   call. */
bool sim_disk_call(void);

enum {
  SIM_FIRST_FILE = 10000, /* no real descriptor has such a number */
  SIM_MOST_FILES = 1024,
  SIM_NAME = 255,
  SIM_PATH = 4096
};

/* The capacity of the disk: 256 MiB. */
#define SIM_BLOCKS UINT64_C(65536)

#endif
