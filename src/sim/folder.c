/* SPDX-License-Identifier: MIT */
/* The names in a directory: a hash table, and a list in the order in which they
   were made. */
#include "sim/folder.h"

#include <assert.h>
#include <string.h>

#include "base/container.h"
#include "sim/inode.h"
#include "sim/world.h"

enum { FIRST_ROOM = 8 };

static uint64_t hash_of(const char *name) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
  for (; *name != '\0'; name++)
    hash = (hash ^ (unsigned char) *name) * UINT64_C(0x100000001b3);
  return hash;
}

/* Where it is pointed to, or would be; NULL before the first. */
static sim_entry_t **slot_of(const sim_folder_t *folder, const char *name) {
  if (folder->room == 0)
    return NULL;
  const uint64_t hash = hash_of(name);
  sim_entry_t **slot = &folder->chains[hash & (folder->room - 1)];
  while (*slot != NULL &&
         ((*slot)->hash != hash || strcmp((*slot)->name, name) != 0))
    slot = &(*slot)->chain;
  return slot;
}

static sim_entry_t *entry_of(const sim_folder_t *folder, const char *name) {
  sim_entry_t **slot = slot_of(folder, name);
  return slot != NULL ? *slot : NULL;
}

sim_inode_t *sim_folder_find(const sim_inode_t *dir, const char *name) {
  const sim_entry_t *entry = entry_of(&dir->folder, name);
  return entry != NULL ? entry->inode : NULL;
}

static void chain_entry(sim_folder_t *folder, sim_entry_t *entry) {
  sim_entry_t **slot = &folder->chains[entry->hash & (folder->room - 1)];
  entry->chain = *slot;
  *slot = entry;
}

static sim_entry_t *after(const sim_folder_t *folder,
                          const sim_entry_t *entry) {
  avow__link_t *next = entry == NULL ? folder->entries : entry->link.next;
  return next == NULL || (entry != NULL && next == folder->entries)
             ? NULL
             : AVOW__CONTAINER(sim_entry_t, link, next);
}

static void make_chains(sim_folder_t *folder) {
  if (folder->count < folder->room)
    return;
  folder->room = folder->room > 0 ? 2 * folder->room : FIRST_ROOM;
  sim_free(folder->chains);
  /* NOLINTNEXTLINE(bugprone-sizeof-expression): it holds pointers */
  folder->chains = sim_alloc(folder->room * sizeof(*folder->chains));
  sim_entry_t *entry = NULL;
  while ((entry = after(folder, entry)) != NULL)
    chain_entry(folder, entry);
}

static sim_entry_t *new_entry(sim_folder_t *folder, const char *name) {
  make_chains(folder);
  const size_t size = strlen(name) + 1;
  sim_entry_t *entry = sim_alloc(sizeof(*entry) + size);
  memcpy(entry->name, name, size);
  entry->hash = hash_of(name);
  chain_entry(folder, entry);
  avow__list_append(&folder->entries, &entry->link);
  folder->count++;
  return entry;
}

static void remove_entry(sim_folder_t *folder, const char *name) {
  sim_entry_t **slot = slot_of(folder, name);
  assert(slot != NULL && *slot != NULL); /* it is there */
  sim_entry_t *entry = *slot;
  *slot = entry->chain;
  avow__list_remove(&folder->entries, &entry->link);
  folder->count--;
  sim_free(entry);
}

static void set_parent(sim_inode_t *inode, sim_inode_t *dir, const char *name) {
  sim_inode_t *parent = inode->parent;
  inode->parent = sim_inode_ref(dir);
  sim_inode_unref(parent);
  sim_free(inode->name);
  inode->name = sim_copy(name);
}

static void add_name(sim_inode_t *dir, const char *name, sim_inode_t *inode) {
  inode->names++;
  (void) sim_inode_ref(inode); /* held by its name */
  if (!sim_inode_is(inode, SIM_DIR))
    return;
  set_parent(inode, dir, name);
  dir->folders++;
}

static void drop_name(sim_inode_t *dir, sim_inode_t *inode) {
  assert(inode->names > 0);
  inode->names--;
  dir->folders -= sim_inode_is(inode, SIM_DIR);
  sim_inode_change(inode);
  sim_inode_unref(inode);
}

void sim_folder_put(sim_inode_t *dir, const char *name, sim_inode_t *inode) {
  sim_entry_t *entry = entry_of(&dir->folder, name);
  sim_inode_t *old = entry != NULL ? entry->inode : NULL;
  if (inode != NULL) {
    add_name(dir, name, inode);
    if (entry == NULL)
      entry = new_entry(&dir->folder, name);
    entry->inode = inode;
    sim_inode_change(inode);
  } else if (entry != NULL) {
    remove_entry(&dir->folder, name);
  }
  if (old != NULL)
    drop_name(dir, old);
  sim_inode_touch(dir);
}

const sim_entry_t *sim_folder_next(const sim_inode_t *dir,
                                   const sim_entry_t *entry) {
  return after(&dir->folder, entry);
}
