/* SPDX-License-Identifier: MIT */
/*
 * The virtual machine's disk. disk_files.h, disk_names.h and disk_stat.h have
 * its calls. They are those of a POSIX system, take no time, and return 0 or
 * more, or a libuv code. fs_verbs.c decides what fails by chance.
 */
#ifndef AVOW_SIM_DISK_H
#define AVOW_SIM_DISK_H

#include "avow/config.h"

#include "sim/inode.h"
#include "sim/world.h"

/* An open file, by its number. */
typedef struct sim_open_s {
  sim_inode_t *inode; /* NULL: it is closed */
  int flags;
  uint64_t offset;
} sim_open_t;

typedef struct sim_disk_s {
  sim_inode_t *root, *here; /* where the process is */
  avow__link_t *inodes;     /* all of them */
  uint64_t numbers;         /* of inodes, given so far */
  uint64_t used;            /* blocks */

  avow__link_t *journal;
  size_t records; /* in it */

  sim_open_t *opens;
  size_t open_room, lowest; /* below it all numbers are taken */
  size_t open_dirs;

  bool may_crash;
  uint64_t calls_left; /* until the machine stops; 0: it does not by itself */
} sim_disk_t;

/* The thread's; made with the first look at it. */
sim_disk_t *sim_disk(void);

static inline bool sim_disk_may_crash(void) {
  return sim_disk()->may_crash;
}

/* A run begins with an empty disk, and ends with none. */
extern const sim_part_t sim_files;

/* One more call: false if the machine has stopped, or does now. */
bool sim_disk_call(void);

enum {
  SIM_FIRST_FILE = 10000, /* so that nobody takes it for the system's */
  SIM_MOST_FILES = 1024,
  SIM_NAME = 255,
  SIM_PATH = 4096
};

/* Room for 256 MiB. */
#define SIM_BLOCKS UINT64_C(65536)

#endif
