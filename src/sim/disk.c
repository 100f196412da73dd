/* SPDX-License-Identifier: MIT */
/*
 * The disk as a whole: it starts with the usual directories and no files, and a
 * crash decides how much of it remains.
 */
#include "sim/disk.h"

#include <string.h>

#include "base/container.h"
#include "sim/chance.h"
#include "sim/event_log.h"
#include "sim/fs_journal.h"
#include "sim/world.h"

static _Thread_local sim_disk_t disk;

static void add_dir(const char *name, unsigned mode) {
  sim_inode_t *dir = sim_inode_new(SIM_DIR | mode);
  sim_directory_put(disk.root, name, dir);
  sim_inode_unref(dir);
}

static void make_tree(void) {
  disk.numbers = 1; /* number 1 is reserved */
  disk.root = sim_inode_new(SIM_DIR | 0755);
  disk.root->parent = disk.root;
  disk.root->names = 1;
  add_dir("tmp", 01777);
  add_dir("home", 0755);
  disk.here = sim_inode_ref(sim_directory_find(disk.root, "home"));
}

sim_disk_t *sim_disk(void) {
  if (disk.numbers == 0)
    make_tree();
  return &disk;
}

static void close_all(void) {
  for (size_t i = 0; i < disk.open_room; i++)
    sim_inode_unref(disk.opens[i].inode);
  sim_free(disk.opens);
  disk.opens = NULL;
  disk.open_room = disk.lowest = disk.open_dirs = 0;
}

/* A crash after few calls is as likely as one after many. Sometimes the crash
   comes when the program has ended. */
static void choose_end(void) {
  const uint64_t magnitude = sim_choose(12, "crash.magnitude");
  sim_disk()->may_crash = true;
  if (magnitude > 0)
    disk.calls_left =
        1 + sim_choose(UINT64_C(1) << (magnitude - 1), "crash.call");
}

static void disk_free(void) {
  if (disk.numbers == 0)
    return;
  close_all();
  sim_journal_free();
  sim_inodes_free();
  disk = (sim_disk_t){ .root = NULL };
}

static void disk_begin(void) {
  disk_free();
  if ((sim_world.options.faults & AVOW_SIM_CRASH) != 0)
    choose_end();
}

static size_t count_open(void) {
  size_t n = 0;
  for (size_t i = 0; i < disk.open_room; i++)
    n += disk.opens[i].inode != NULL;
  return n;
}

static void check_open(void) {
  const size_t n = count_open();
  if (n > 0)
    sim_fail("%zu files were left open", n);
  if (disk.open_dirs > 0)
    sim_fail("%zu directories were left open", disk.open_dirs);
}

static void disk_end(void) {
  check_open();
  disk_free();
}

/* Returns to an existing directory. */
static void go_home(void) {
  sim_inode_t *home = sim_directory_find(disk.root, "home");
  const bool is_dir = home != NULL && sim_inode_is(home, SIM_DIR);
  sim_inode_t *left = disk.here;
  disk.here = sim_inode_ref(is_dir ? home : disk.root);
  sim_inode_unref(left);
}

static void restart_inode(sim_inode_t *inode) {
  const size_t len = inode->content.len;
  if (sim_content_crash(&inode->content))
    sim_note("%zu bytes were not synced: at most %zu are kept", len,
             inode->content.len);
  disk.used += inode->content.used;
}

/* Changes that no sync has written to the disk may survive or be lost. */
static void disk_restart(void) {
  check_open();
  close_all();
  disk.may_crash = false;
  disk.calls_left = 0;
  disk.used = 0;
  sim_world.stopped = false; /* so that sim_note() logs the findings */
  sim_journal_crash();
  go_home();
  avow__link_t *link = disk.inodes;
  do {
    restart_inode(AVOW__CONTAINER(sim_inode_t, link, link));
    link = link->next;
  } while (link != disk.inodes);
}

const sim_part_t sim_files = { .begin = disk_begin,
                               .end = disk_end,
                               .restart = disk_restart };

bool sim_disk_call(void) {
  if (disk.calls_left > 0 && --disk.calls_left == 0)
    sim_stop();
  return !sim_world.stopped;
}
