/* SPDX-License-Identifier: MIT */
/*
 * File contents in blocks. The first write to a sector after a sync keeps the
 * old sector, so that a crash can restore it.
 */
#include "sim/content.h"

#include <assert.h>
#include <string.h>

#include "sim/chance.h"
#include "sim/disk.h"
#include "sim/world.h"

enum { SECTORS = SIM_BLOCK / SIM_SECTOR, ALL = (1 << SECTORS) - 1 };

static size_t blocks_for(size_t len) {
  return (len + SIM_BLOCK - 1) / SIM_BLOCK;
}

/* A part of one block. */
typedef struct {
  size_t block, at, len;
} part_t;

static part_t part_at(size_t offset, size_t len) {
  const size_t at = offset % SIM_BLOCK;
  const size_t rest = SIM_BLOCK - at;
  return (part_t){ offset / SIM_BLOCK, at, len < rest ? len : rest };
}

static void make_places(sim_content_t *c, size_t count) {
  if (count <= c->room)
    return;
  const size_t room = count > 2 * c->room ? count : 2 * c->room;
  sim_block_t *blocks = sim_alloc(room * sizeof(*blocks));
  if (c->room > 0)
    memcpy(blocks, c->blocks, c->room * sizeof(*blocks));
  sim_free(c->blocks);
  c->blocks = blocks;
  c->room = room;
}

size_t sim_content_read(const sim_content_t *c, size_t offset, char *data,
                        size_t len) {
  const size_t rest = offset < c->len ? c->len - offset : 0;
  const size_t all = len < rest ? len : rest;
  for (size_t done = 0; done < all;) {
    const part_t part = part_at(offset + done, all - done);
    const char *now = part.block < c->room ? c->blocks[part.block].now : NULL;
    if (now != NULL)
      memcpy(data + done, now + part.at, part.len);
    else
      memset(data + done, 0, part.len);
    done += part.len;
  }
  return all;
}

static void list_dirty(sim_content_t *c, size_t index) {
  sim_block_t *block = &c->blocks[index];
  if (block->listed)
    return;
  block->listed = true;
  block->next = c->has_dirty ? c->dirty : index;
  c->dirty = index;
  c->has_dirty = true;
}

/* Makes the content on disk equal to the content that programs see. */
static void settle_sector(sim_block_t *block, unsigned sector) {
  const size_t at = (size_t) sector * SIM_SECTOR;
  if (block->old == NULL && block->now == NULL)
    return;
  if (block->old == NULL)
    block->old = sim_alloc(SIM_BLOCK);
  if (block->now != NULL)
    memcpy(block->old + at, block->now + at, SIM_SECTOR);
  else
    memset(block->old + at, 0, SIM_SECTOR);
}

/* Called before a part is written. Earlier writes that were not synced may have
   reached the disk in the meantime. */
static void keep_old(sim_content_t *c, part_t part) {
  sim_block_t *block = &c->blocks[part.block];
  const unsigned first = (unsigned) (part.at / SIM_SECTOR);
  const unsigned last = (unsigned) ((part.at + part.len - 1) / SIM_SECTOR);
  const bool wrote_back =
      block->dirty != 0 && sim_choose(2, "disk.writes.back") != 0;
  for (unsigned sector = first; sector <= last; sector++) {
    if ((block->dirty & 1U << sector) == 0 || wrote_back)
      settle_sector(block, sector);
    block->dirty |= 1U << sector;
  }
  block->lost = false;
  list_dirty(c, part.block);
}

static void write_part(sim_content_t *c, part_t part, const char *data) {
  assert(c->blocks != NULL && part.block < c->room);
  sim_block_t *block = &c->blocks[part.block];
  if (sim_disk_may_crash())
    keep_old(c, part);
  if (block->now == NULL) {
    block->now = sim_alloc(SIM_BLOCK);
    c->used++;
  }
  memcpy(block->now + part.at, data, part.len);
}

void sim_content_write(sim_content_t *c, size_t offset, const char *data,
                       size_t len) {
  assert(offset + len <= SIM_LONGEST);
  make_places(c, blocks_for(offset + len));
  for (size_t done = 0; done < len;) {
    const part_t part = part_at(offset + done, len - done);
    write_part(c, part, data + done);
    done += part.len;
  }
  if (len > 0 && offset + len > c->len)
    c->len = offset + len;
}

size_t sim_content_cost(const sim_content_t *c, size_t offset, size_t len) {
  size_t cost = 0;
  const size_t end = blocks_for(offset + len);
  for (size_t i = offset / SIM_BLOCK; i < end; i++)
    cost += i >= c->room || c->blocks[i].now == NULL;
  return cost;
}

static void free_image(sim_image_t *image) {
  if (image != NULL)
    sim_free(image->bytes);
  sim_free(image);
}

/* The length after a crash: the current length, the synced length, or a length
   between the two. */
static size_t surviving_len(const sim_content_t *c) {
  if (c->len <= c->synced_len)
    return c->len;
  const uint64_t how = sim_choose(3, "disk.len");
  if (how == 2)
    return c->synced_len +
           (size_t) sim_choose(c->len - c->synced_len, "disk.len.between");
  return how == 1 ? c->synced_len : c->len;
}

/* The sectors of a block that a crash restores. */
static unsigned reverted(const sim_block_t *block) {
  const uint64_t how = block->dirty != 0 ? sim_choose(3, "disk.block") : 0;
  if (how < 2)
    return how == 0 ? 0 : block->dirty;
  return block->dirty & (unsigned) sim_choose(ALL + 1, "disk.sectors");
}

static void add_old(const sim_block_t *block, unsigned sectors, char *out,
                    size_t len) {
  for (unsigned sector = 0; sector < SECTORS; sector++) {
    const size_t at = (size_t) sector * SIM_SECTOR;
    if ((sectors & 1U << sector) == 0 || at >= len)
      continue;
    const size_t n = len - at < SIM_SECTOR ? len - at : SIM_SECTOR;
    if (block->old != NULL)
      memcpy(out + at, block->old + at, n);
    else
      memset(out + at, 0, n);
  }
}

static sim_image_t *copy_image(const sim_image_t *image) {
  sim_image_t *copy = sim_alloc(sizeof(*copy));
  copy->len = image->len;
  copy->bytes = sim_alloc(image->len + 1);
  memcpy(copy->bytes, image->bytes, image->len);
  return copy;
}

/* The image that a crash at this moment leaves. */
static sim_image_t *image_of(const sim_content_t *c) {
  if (c->before != NULL && sim_choose(2, "disk.cut") != 0)
    return copy_image(c->before);
  sim_image_t *image = sim_alloc(sizeof(*image));
  image->len = surviving_len(c);
  image->bytes = sim_alloc(image->len + 1);
  /* All bytes are available, so the result is known. */
  (void) sim_content_read(c, 0, image->bytes, image->len);
  const size_t count = blocks_for(image->len);
  for (size_t i = 0; i < count && i < c->room; i++)
    add_old(&c->blocks[i], reverted(&c->blocks[i]),
            image->bytes + i * SIM_BLOCK, image->len - i * SIM_BLOCK);
  return image;
}

/* Writes zeros from `at` to the end of the block. */
static void clear_tail(sim_block_t *block, size_t at) {
  if (block->now != NULL)
    memset(block->now + at, 0, SIM_BLOCK - at);
  if (block->old != NULL)
    memset(block->old + at, 0, SIM_BLOCK - at);
}

static void drop_block(sim_content_t *c, sim_block_t *block) {
  c->used -= block->now != NULL;
  sim_free(block->now);
  sim_free(block->old);
  block->now = block->old = NULL;
  block->dirty = 0;
}

static void cut(sim_content_t *c, size_t len) {
  if (sim_disk_may_crash()) {
    sim_image_t *before = image_of(c);
    free_image(c->before);
    c->before = before;
  }
  size_t i = len / SIM_BLOCK;
  const size_t end =
      blocks_for(c->len) < c->room ? blocks_for(c->len) : c->room;
  if (i < end && len % SIM_BLOCK > 0)
    clear_tail(&c->blocks[i++], len % SIM_BLOCK);
  for (; i < end; i++)
    drop_block(c, &c->blocks[i]);
  c->len = c->synced_len = len;
}

void sim_content_resize(sim_content_t *c, size_t len) {
  if (len < c->len)
    cut(c, len);
  c->len = len;
}

static void forget_old(sim_block_t *block) {
  sim_free(block->old);
  block->old = NULL;
  block->dirty = 0;
  block->listed = false;
}

/* Blocks that a failed sync has lost stay in the list. */
void sim_content_sync(sim_content_t *c) {
  size_t at = c->dirty;
  bool more = c->has_dirty;
  c->has_dirty = false;
  while (more) {
    sim_block_t *block = &c->blocks[at];
    const size_t next = block->next;
    more = next != at;
    block->listed = false;
    if (block->lost && block->dirty != 0)
      list_dirty(c, at);
    else
      forget_old(block);
    at = next;
  }
  free_image(c->before);
  c->before = NULL;
  c->synced_len = c->len;
}

void sim_content_lose(sim_content_t *c) {
  for (size_t at = c->dirty; c->has_dirty; at = c->blocks[at].next) {
    c->blocks[at].lost = true;
    if (c->blocks[at].next == at)
      return;
  }
}

bool sim_content_crash(sim_content_t *c) {
  if (!c->has_dirty && c->len == c->synced_len && c->before == NULL)
    return false;
  sim_image_t *image = image_of(c);
  sim_content_free(c);
  make_places(c, blocks_for(image->len));
  sim_content_write(c, 0, image->bytes, image->len);
  sim_content_sync(c);
  free_image(image);
  return true;
}

void sim_content_free(sim_content_t *c) {
  for (size_t i = 0; i < c->room; i++)
    drop_block(c, &c->blocks[i]);
  sim_free(c->blocks);
  free_image(c->before);
  *c = (sim_content_t){ .len = 0 };
}
