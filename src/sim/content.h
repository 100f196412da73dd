/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a file: what programs see of them now, and what the disk has of
 * them. Written bytes are on the disk for sure after a sync only. Until then a
 * crash may leave any part of them, in sectors; the length is a part of its
 * own.
 */
#ifndef AVOW_SIM_CONTENT_H
#define AVOW_SIM_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_BLOCK = 4096, SIM_SECTOR = 512 };

typedef struct sim_block_s {
  char *now;      /* NULL: zeros */
  char *old;      /* on the disk, of the sectors that are dirty; NULL: zeros */
  unsigned dirty; /* a bit for each sector of which the disk has another */
  bool listed;    /* as dirty */
  bool lost;      /* a sync failed, and no other will try again */
  size_t next;    /* of the dirty ones */
} sim_block_t;

/* All bytes, as they might be found after a crash. */
typedef struct sim_image_s {
  char *bytes;
  size_t len;
} sim_image_t;

typedef struct sim_content_s {
  sim_block_t *blocks;
  size_t room, used; /* blocks: how many there is a place for, and that are */
  size_t len, synced_len;
  size_t dirty; /* the first of them */
  bool has_dirty;
  sim_image_t *before; /* of the file before it was cut; NULL: it was not */
} sim_content_t;

/* How long a file may be: UV_EFBIG. */
#define SIM_LONGEST ((size_t) 1 << 30)

/* Reads what there is, up to len. */
size_t sim_content_read(const sim_content_t *c, size_t offset, char *data,
                        size_t len);

void sim_content_write(sim_content_t *c, size_t offset, const char *data,
                       size_t len);

/* How many blocks it would have more if that were written. */
size_t sim_content_cost(const sim_content_t *c, size_t offset, size_t len);

/* Cuts it, or puts zeros at its end. */
void sim_content_resize(sim_content_t *c, size_t len);

/* The disk gets all. */
void sim_content_sync(sim_content_t *c);

/* The disk could not take it, and the system thinks no more of it. */
void sim_content_lose(sim_content_t *c);

/* What a crash leaves of it, as the seed says; false if it was synced. */
bool sim_content_crash(sim_content_t *c);

void sim_content_free(sim_content_t *c);

#endif
