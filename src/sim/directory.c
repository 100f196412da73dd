/* SPDX-License-Identifier: MIT */
/* The names in a directory: a hash table, and a list in the order of
   creation. */
#include "sim/directory.h"

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

/* The pointer to the entry, or to its place if there is none. NULL while the
   table is empty. */
static sim_entry_t **slot_of(const sim_directory_t *directory,
                             const char *name) {
  if (directory->room == 0)
    return NULL;
  const uint64_t hash = hash_of(name);
  sim_entry_t **slot = &directory->chains[hash & (directory->room - 1)];
  while (*slot != NULL &&
         ((*slot)->hash != hash || strcmp((*slot)->name, name) != 0))
    slot = &(*slot)->chain;
  return slot;
}

static sim_entry_t *entry_of(const sim_directory_t *directory,
                             const char *name) {
  sim_entry_t **slot = slot_of(directory, name);
  return slot != NULL ? *slot : NULL;
}

sim_inode_t *sim_directory_find(const sim_inode_t *dir, const char *name) {
  const sim_entry_t *entry = entry_of(&dir->directory, name);
  return entry != NULL ? entry->inode : NULL;
}

static void chain_entry(sim_directory_t *directory, sim_entry_t *entry) {
  sim_entry_t **slot = &directory->chains[entry->hash & (directory->room - 1)];
  entry->chain = *slot;
  *slot = entry;
}

static sim_entry_t *after(const sim_directory_t *directory,
                          const sim_entry_t *entry) {
  avow__link_t *next = entry == NULL ? directory->entries : entry->link.next;
  return next == NULL || (entry != NULL && next == directory->entries)
             ? NULL
             : AVOW__CONTAINER(sim_entry_t, link, next);
}

static void make_chains(sim_directory_t *directory) {
  if (directory->count < directory->room)
    return;
  directory->room = directory->room > 0 ? 2 * directory->room : FIRST_ROOM;
  sim_free(directory->chains);
  /* NOLINTNEXTLINE(bugprone-sizeof-expression): the array holds pointers */
  directory->chains = sim_alloc(directory->room * sizeof(*directory->chains));
  sim_entry_t *entry = NULL;
  while ((entry = after(directory, entry)) != NULL)
    chain_entry(directory, entry);
}

static sim_entry_t *new_entry(sim_directory_t *directory, const char *name) {
  make_chains(directory);
  const size_t size = strlen(name) + 1;
  sim_entry_t *entry = sim_alloc(sizeof(*entry) + size);
  memcpy(entry->name, name, size);
  entry->hash = hash_of(name);
  chain_entry(directory, entry);
  avow__list_append(&directory->entries, &entry->link);
  directory->count++;
  return entry;
}

static void remove_entry(sim_directory_t *directory, const char *name) {
  sim_entry_t **slot = slot_of(directory, name);
  assert(slot != NULL && *slot != NULL); /* the caller has found the entry */
  sim_entry_t *entry = *slot;
  *slot = entry->chain;
  avow__list_remove(&directory->entries, &entry->link);
  directory->count--;
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
  (void) sim_inode_ref(inode); /* the name holds a reference */
  if (!sim_inode_is(inode, SIM_DIR))
    return;
  set_parent(inode, dir, name);
  dir->directories++;
}

static void drop_name(sim_inode_t *dir, sim_inode_t *inode) {
  assert(inode->names > 0);
  inode->names--;
  dir->directories -= sim_inode_is(inode, SIM_DIR);
  sim_inode_change(inode);
  sim_inode_unref(inode);
}

void sim_directory_put(sim_inode_t *dir, const char *name, sim_inode_t *inode) {
  sim_entry_t *entry = entry_of(&dir->directory, name);
  sim_inode_t *old = entry != NULL ? entry->inode : NULL;
  if (inode != NULL) {
    add_name(dir, name, inode);
    if (entry == NULL)
      entry = new_entry(&dir->directory, name);
    entry->inode = inode;
    sim_inode_change(inode);
  } else if (entry != NULL) {
    remove_entry(&dir->directory, name);
  }
  if (old != NULL)
    drop_name(dir, old);
  sim_inode_touch(dir);
}

const sim_entry_t *sim_directory_next(const sim_inode_t *dir,
                                      const sim_entry_t *entry) {
  return after(&dir->directory, entry);
}
