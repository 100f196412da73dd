/* SPDX-License-Identifier: MIT */
/* Calls that create and remove names. They behave as on Linux. */
#include "sim/disk_names.h"

#include <string.h>

#include "sim/disk_stat.h"
#include "sim/fs_journal.h"
#include "sim/path_walk.h"
#include "sim/world.h"

enum { UMASK = 022, PERMISSIONS = 07777 };

static int may_write_in(const sim_inode_t *dir) {
  return sim_disk_may(dir, 03) ? 0 : UV_EACCES;
}

static int find_raw(sim_spot_t *spot, const char *path) {
  const int err = sim_spot_find(spot, path, SIM_RAW);
  return err == 0 && spot->too_long ? UV_ENAMETOOLONG : err;
}

/* Finds the place for a new name. Fails if the name already exists. */
static int find_new(sim_spot_t *spot, const char *path, bool is_dir) {
  const int err = find_raw(spot, path);
  if (err < 0)
    return err;
  if (spot->last != SIM_LAST_NAME || spot->inode != NULL)
    return UV_EEXIST;
  if (spot->dir->names == 0 || (spot->slashed && !is_dir))
    return UV_ENOENT;
  return may_write_in(spot->dir);
}

static void add_new(const sim_spot_t *spot, sim_inode_t *inode) {
  sim_journal_put(spot->dir, spot->name, inode);
  sim_inode_unref(inode); /* the name holds a reference now */
}

int sim_disk_mkdir(const char *path, int mode) {
  sim_spot_t spot;
  const int err = find_new(&spot, path, true);
  if (err < 0)
    return err;
  const unsigned bits = (unsigned) mode & ~(unsigned) UMASK & 01777;
  add_new(&spot, sim_inode_new(SIM_DIR | bits));
  return 0;
}

int sim_disk_symlink(const char *text, const char *path) {
  sim_spot_t spot;
  const size_t len = strlen(text);
  if (len == 0 || len >= SIM_PATH)
    return len == 0 ? UV_ENOENT : UV_ENAMETOOLONG;
  const int err = find_new(&spot, path, false);
  if (err < 0)
    return err;
  sim_inode_t *link = sim_inode_new(SIM_LINK | 0777);
  link->target = sim_alloc(len + 1);
  memcpy(link->target, text, len);
  add_new(&spot, link);
  return 0;
}

int sim_disk_link(const char *from, const char *to) {
  sim_inode_t *inode;
  sim_spot_t spot;
  int err = sim_disk_look(from, false, &inode);
  if (err == 0)
    err = find_new(&spot, to, false);
  if (err == 0 && sim_inode_is(inode, SIM_DIR))
    err = UV_EPERM;
  if (err == 0)
    sim_journal_put(spot.dir, spot.name, inode);
  return err;
}

/* The code for a path that does not end in a removable name. */
static int last_of_rmdir(const sim_spot_t *spot) {
  static const int codes[] = { [SIM_LAST_NAME] = 0,
                               [SIM_LAST_DOT] = UV_EINVAL,
                               [SIM_LAST_DOTDOT] = UV_ENOTEMPTY,
                               [SIM_LAST_ROOT] = UV_EBUSY };
  return codes[spot->last];
}

int sim_disk_rmdir(const char *path) {
  sim_spot_t spot;
  int err = find_raw(&spot, path);
  if (err == 0)
    err = last_of_rmdir(&spot);
  if (err == 0 && spot.inode == NULL)
    err = UV_ENOENT;
  if (err == 0)
    err = may_write_in(spot.dir);
  if (err < 0)
    return err;
  if (!sim_inode_is(spot.inode, SIM_DIR))
    return UV_ENOTDIR;
  if (spot.inode->directory.count > 0)
    return UV_ENOTEMPTY;
  sim_journal_put(spot.dir, spot.name, NULL);
  return 0;
}

int sim_disk_unlink(const char *path) {
  sim_spot_t spot;
  const int err = find_raw(&spot, path);
  if (err < 0)
    return err;
  if (spot.last != SIM_LAST_NAME)
    return UV_EISDIR;
  if (spot.inode == NULL)
    return UV_ENOENT;
  if (may_write_in(spot.dir) < 0)
    return UV_EACCES;
  if (sim_inode_is(spot.inode, SIM_DIR))
    return UV_EISDIR;
  if (spot.slashed)
    return UV_ENOTDIR;
  sim_journal_put(spot.dir, spot.name, NULL);
  return 0;
}

/* True if `dir` is `above` or lies inside it. */
static bool is_within(const sim_inode_t *dir, const sim_inode_t *above) {
  while (dir != above && dir != dir->parent)
    dir = dir->parent;
  return dir == above;
}

static int check_source(const sim_spot_t *from, const sim_spot_t *to) {
  if (from->last != SIM_LAST_NAME || to->last != SIM_LAST_NAME)
    return UV_EBUSY;
  if (from->inode == NULL)
    return from->too_long ? UV_ENAMETOOLONG : UV_ENOENT;
  if (to->too_long)
    return UV_ENAMETOOLONG;
  if (!sim_inode_is(from->inode, SIM_DIR) && (from->slashed || to->slashed))
    return UV_ENOTDIR;
  if (is_within(to->dir, from->inode))
    return UV_EINVAL;
  if (to->inode != NULL && from->dir != to->dir &&
      is_within(from->dir, to->inode))
    return UV_ENOTEMPTY;
  return 0;
}

static int check_target(const sim_spot_t *from, const sim_spot_t *to) {
  const bool is_dir = sim_inode_is(from->inode, SIM_DIR);
  if (may_write_in(from->dir) < 0 || may_write_in(to->dir) < 0)
    return UV_EACCES;
  if (to->inode == NULL)
    return to->dir->names == 0 ? UV_ENOENT : 0;
  if (is_dir != sim_inode_is(to->inode, SIM_DIR))
    return is_dir ? UV_ENOTDIR : UV_EISDIR;
  return to->inode->directory.count > 0 ? UV_ENOTEMPTY : 0;
}

int sim_disk_rename(const char *from_path, const char *to_path) {
  sim_spot_t from, to;
  int err = sim_spot_find(&from, from_path, SIM_RAW);
  if (err < 0)
    return err;
  err = sim_spot_find(&to, to_path, SIM_RAW);
  if (err < 0)
    return err;
  err = check_source(&from, &to);
  if (err < 0 || from.inode == to.inode)
    return err;
  err = check_target(&from, &to);
  if (err == 0)
    sim_journal_move(from.dir, from.name, to.dir, to.name);
  return err;
}

/* Opening files, which may create them. */

static int open_new(sim_spot_t *spot, int mode, sim_inode_t **out) {
  if (spot->dir->names == 0)
    return UV_ENOENT;
  if (may_write_in(spot->dir) < 0)
    return UV_EACCES;
  const unsigned bits = (unsigned) mode & ~(unsigned) UMASK & PERMISSIONS;
  *out = sim_inode_new(SIM_FILE | bits);
  add_new(spot, *out);
  return 1;
}

static int check_old(const sim_inode_t *inode, int flags) {
  static const unsigned rights[] = { [UV_FS_O_RDONLY] = 04,
                                     [UV_FS_O_WRONLY] = 02,
                                     [UV_FS_O_RDWR] = 06,
                                     [3] = 06 };
  unsigned right = rights[flags & 3];
  if ((flags & UV_FS_O_TRUNC) != 0)
    right |= 02;
  if ((flags & UV_FS_O_DIRECTORY) != 0 && !sim_inode_is(inode, SIM_DIR))
    return UV_ENOTDIR;
  if (sim_inode_is(inode, SIM_LINK))
    return UV_ELOOP;
  if (sim_inode_is(inode, SIM_DIR) &&
      ((right & 02) != 0 || (flags & UV_FS_O_CREAT) != 0))
    return UV_EISDIR;
  return sim_disk_may(inode, right) ? 0 : UV_EACCES;
}

static unsigned way_of(int flags) {
  const int new = UV_FS_O_CREAT | UV_FS_O_EXCL;
  const bool stays = (flags & new) == new || (flags & UV_FS_O_NOFOLLOW) != 0;
  return (stays ? SIM_STAY : SIM_FOLLOW) |
         ((flags & UV_FS_O_CREAT) != 0 ? SIM_CREATE : 0U);
}

int sim_disk_find(const char *path, int flags, int mode, sim_inode_t **out) {
  sim_spot_t spot;
  const int err = sim_spot_find(&spot, path, way_of(flags));
  if (err < 0)
    return err;
  if (spot.inode == NULL)
    return (flags & UV_FS_O_CREAT) != 0 ? open_new(&spot, mode, out)
                                        : UV_ENOENT;
  if ((flags & UV_FS_O_CREAT) != 0 && (flags & UV_FS_O_EXCL) != 0)
    return UV_EEXIST;
  *out = spot.inode;
  return check_old(spot.inode, flags);
}
