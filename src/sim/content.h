/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a file: the content that programs see, and the content on disk.
 * Only a sync guarantees that written bytes are on disk. Until then, a crash
 * may lose any of the written sectors. It may restore the old length
 * independently of the sectors.
 */
#ifndef AVOW_SIM_CONTENT_H
#define AVOW_SIM_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_BLOCK = 4096, SIM_SECTOR = 512 };

typedef struct sim_block_s {
  char *now;      /* NULL: all zeros */
  char *old;      /* old content of the dirty sectors, as on disk; NULL:
                     zeros */
  unsigned dirty; /* a bit for each sector whose content on disk differs */
  bool listed;    /* in the list of dirty blocks */
  bool lost;      /* a sync failed; later syncs do not write this block */
  size_t next;    /* next dirty block; the last one refers to itself */
} sim_block_t;

/* All bytes of a file, as they could be found after a crash. */
typedef struct sim_image_s {
  char *bytes;
  size_t len;
} sim_image_t;

typedef struct sim_content_s {
  sim_block_t *blocks;
  size_t room, used; /* blocks: capacity of the array, and allocated ones */
  size_t len, synced_len;
  size_t dirty; /* the first dirty block */
  bool has_dirty;
  sim_image_t *before; /* the file before it was truncated; NULL: it was not */
} sim_content_t;

/* The maximum length of a file. A longer one fails with UV_EFBIG. */
#define SIM_LONGEST ((size_t) 1 << 30)

/* Reads up to `len` bytes and returns how many there were. */
size_t sim_content_read(const sim_content_t *c, size_t offset, char *data,
                        size_t len);

void sim_content_write(sim_content_t *c, size_t offset, const char *data,
                       size_t len);

/* The number of blocks that this write would allocate. */
size_t sim_content_cost(const sim_content_t *c, size_t offset, size_t len);

/* Truncates the content, or appends zeros. */
void sim_content_resize(sim_content_t *c, size_t len);

/* Writes everything to the disk. */
void sim_content_sync(sim_content_t *c);

/* Simulates a failed sync: the disk did not store the dirty blocks, and the
   system does not try again. */
void sim_content_lose(sim_content_t *c);

/* Replaces the content with what a crash leaves of it, as the seed chooses.
   Returns false if everything was synced. */
bool sim_content_crash(sim_content_t *c);

void sim_content_free(sim_content_t *c);

#endif
