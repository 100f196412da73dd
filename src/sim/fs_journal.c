/* SPDX-License-Identifier: MIT */
/*
 * The journal: records of the inodes that names had before. If a crash reverts
 * a record of a directory, it reverts all later records of that directory, too.
 * Reverting from the last record to the first therefore leaves each directory
 * in an earlier state.
 */
#include "sim/fs_journal.h"

#include <string.h>

#include "base/container.h"
#include "sim/chance.h"
#include "sim/disk.h"
#include "sim/event_log.h"
#include "sim/world.h"

/* Systems write old changes to the disk after a while. */
enum { MOST = 512, NAME = 256 };

/* One name and its previous inode. */
typedef struct {
  sim_inode_t *dir; /* NULL: no change */
  sim_inode_t *old; /* NULL: the name was free */
  char name[NAME];
} change_t;

typedef struct {
  avow__link_t link;
  change_t changes[2];
  bool is_lost, is_done; /* reverted by a crash; written by a sync */
} record_t;

/* Creates a record, or returns NULL if the run has no crash. */
static record_t *new_record(void) {
  if (!sim_disk_may_crash())
    return NULL;
  record_t *record = sim_alloc(sizeof(*record));
  avow__list_append(&sim_disk()->journal, &record->link);
  sim_disk()->records++;
  return record;
}

static void keep_change(change_t *change, sim_inode_t *dir, const char *name) {
  sim_inode_t *old = sim_directory_find(dir, name);
  change->dir = sim_inode_ref(dir);
  change->old = old != NULL ? sim_inode_ref(old) : NULL;
  memcpy(change->name, name, strlen(name) + 1);
}

static void free_record(record_t *record) {
  avow__list_remove(&sim_disk()->journal, &record->link);
  sim_disk()->records--;
  for (size_t i = 0; i < 2; i++) {
    sim_inode_unref(record->changes[i].old);
    sim_inode_unref(record->changes[i].dir);
  }
  sim_free(record);
}

static record_t *record_at(avow__link_t *link) {
  return AVOW__CONTAINER(record_t, link, link);
}

/* The first record may always be on the disk, because it does not depend on a
   later one. */
static void limit_journal(void) {
  if (sim_disk()->records > MOST)
    free_record(record_at(sim_disk()->journal));
}

void sim_journal_put(sim_inode_t *dir, const char *name, sim_inode_t *inode) {
  record_t *record = new_record();
  if (record != NULL)
    keep_change(&record->changes[0], dir, name);
  sim_directory_put(dir, name, inode);
  limit_journal();
}

void sim_journal_move(sim_inode_t *from, const char *name, sim_inode_t *to,
                      const char *new_name) {
  record_t *record = new_record();
  sim_inode_t *inode = sim_inode_ref(sim_directory_find(from, name));
  if (record != NULL) {
    keep_change(&record->changes[0], from, name);
    keep_change(&record->changes[1], to, new_name);
  }
  sim_directory_put(from, name, NULL);
  sim_directory_put(to, new_name, inode);
  sim_inode_unref(inode);
  limit_journal();
}

static bool has_mark(const record_t *record) {
  const sim_inode_t *first = record->changes[0].dir;
  const sim_inode_t *second = record->changes[1].dir;
  return first->marked || (second != NULL && second->marked);
}

static void set_marks(const record_t *record, bool mark) {
  for (size_t i = 0; i < 2; i++) {
    if (record->changes[i].dir != NULL)
      record->changes[i].dir->marked = mark;
  }
}

/* Frees all records, or only those that are on the disk. */
static void drop_records(bool all) {
  avow__link_t *link = sim_disk()->journal;
  for (size_t left = sim_disk()->records; left > 0; left--) {
    record_t *record = record_at(link);
    link = link->next;
    set_marks(record, false);
    if (all || record->is_done)
      free_record(record);
  }
}

/* Walks from the last record to the first, because a rename also writes the
   earlier changes of the other directory. */
void sim_journal_sync(sim_inode_t *dir) {
  if (sim_disk()->journal == NULL)
    return;
  dir->marked = true;
  avow__link_t *link = sim_disk()->journal->prev;
  for (size_t left = sim_disk()->records; left > 0; left--) {
    record_t *record = record_at(link);
    link = link->prev;
    record->is_done = has_mark(record);
    if (record->is_done)
      set_marks(record, true);
  }
  dir->marked = false;
  drop_records(false);
}

/* Walks from the first record to the last: when a record is lost, all later
   records of its directories are lost, too. */
static void choose_lost(void) {
  avow__link_t *link = sim_disk()->journal;
  for (size_t left = sim_disk()->records; left > 0; left--) {
    record_t *record = record_at(link);
    link = link->next;
    record->is_lost = has_mark(record) || sim_choose(3, "disk.name") == 2;
    if (record->is_lost)
      set_marks(record, true);
  }
}

static void take_back(const record_t *record) {
  for (size_t i = 2; i > 0; i--) {
    const change_t *change = &record->changes[i - 1];
    if (change->dir == NULL)
      continue;
    sim_note("%s is %s", change->name,
             change->old == NULL ? "missing again" : "restored");
    sim_directory_put(change->dir, change->name, change->old);
  }
}

void sim_journal_crash(void) {
  if (sim_disk()->journal == NULL)
    return;
  choose_lost();
  avow__link_t *link = sim_disk()->journal;
  for (size_t left = sim_disk()->records; left > 0; left--) {
    link = link->prev;
    const record_t *record = record_at(link);
    if (record->is_lost)
      take_back(record);
  }
  drop_records(true);
}

void sim_journal_free(void) {
  drop_records(true);
}
