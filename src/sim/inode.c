/* SPDX-License-Identifier: MIT */
/* Inodes of the virtual disk, and their references. */
#include "sim/inode.h"

#include <assert.h>

#include "base/container.h"
#include "sim/disk.h"
#include "sim/world.h"

/* Virtual time begins on 2024-01-01, here in ns since 1970. */
#define BEGINNING (UINT64_C(1704067200) * 1000 * SIM_MS)

uint64_t sim_inode_time(void) {
  return BEGINNING + sim_now();
}

void sim_inode_change(sim_inode_t *inode) {
  inode->changed = sim_inode_time();
}

void sim_inode_touch(sim_inode_t *inode) {
  inode->changed = inode->modified = sim_inode_time();
}

sim_inode_t *sim_inode_new(unsigned mode) {
  sim_inode_t *inode = sim_alloc(sizeof(*inode));
  inode->number = ++sim_disk()->numbers;
  inode->mode = mode;
  inode->refs = 1;
  inode->accessed = inode->born = sim_inode_time();
  sim_inode_touch(inode);
  avow__list_append(&sim_disk()->inodes, &inode->link);
  return inode;
}

sim_inode_t *sim_inode_ref(sim_inode_t *inode) {
  assert(inode->refs > 0);
  inode->refs++;
  return inode;
}

static void free_entries(sim_directory_t *directory) {
  while (directory->entries != NULL)
    sim_free(AVOW__CONTAINER(sim_entry_t, link,
                             avow__list_take_first(&directory->entries)));
  sim_free(directory->chains);
}

static void free_inode(sim_inode_t *inode) {
  avow__list_remove(&sim_disk()->inodes, &inode->link);
  sim_disk()->used -= inode->content.used;
  sim_content_free(&inode->content);
  free_entries(&inode->directory);
  sim_free(inode->target);
  sim_free(inode->name);
  sim_free(inode);
}

/* A freed directory releases its parent, which may then be freed as well. */
void sim_inode_unref(sim_inode_t *inode) {
  while (inode != NULL && --inode->refs == 0) {
    sim_inode_t *parent = inode->parent;
    assert(inode != sim_disk()->root);
    assert(inode->names == 0);
    free_inode(inode);
    inode = parent;
  }
}

void sim_inodes_free(void) {
  while (sim_disk()->inodes != NULL)
    free_inode(AVOW__CONTAINER(sim_inode_t, link, sim_disk()->inodes));
}
