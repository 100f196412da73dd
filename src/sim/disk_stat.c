/* SPDX-License-Identifier: MIT */
/* Attributes of inodes, and the paths to them. */
#include "sim/disk_stat.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "sim/disk_files.h"
#include "sim/path_walk.h"
#include "sim/world.h"

enum { USER = 1000, RIGHTS = 07, OWNER = 6, PERMISSIONS = 07777 };
enum { SECOND = 1000 * SIM_MS };

bool sim_disk_may(const sim_inode_t *inode, unsigned bits) {
  return (inode->mode >> OWNER & bits) == bits;
}

int sim_disk_look(const char *path, bool follow, sim_inode_t **out) {
  sim_spot_t spot;
  const int err = sim_spot_find(&spot, path, follow ? SIM_FOLLOW : SIM_STAY);
  if (err < 0)
    return err;
  *out = spot.inode;
  return spot.inode != NULL ? 0 : UV_ENOENT;
}

int sim_disk_look_at(uv_file file, sim_inode_t **out) {
  const sim_open_t *open = sim_disk_file(file);
  if (open == NULL)
    return UV_EBADF;
  *out = open->inode;
  return 0;
}

static uv_timespec_t timespec_of(uint64_t ns) {
  return (uv_timespec_t){ .tv_sec = (long) (ns / SECOND),
                          .tv_nsec = (long) (ns % SECOND) };
}

static uint64_t links_to(const sim_inode_t *inode) {
  if (!sim_inode_is(inode, SIM_DIR) || inode->names == 0)
    return inode->names;
  return 2 + inode->directories;
}

static uint64_t inode_size(const sim_inode_t *inode) {
  if (sim_inode_is(inode, SIM_DIR))
    return SIM_BLOCK;
  return inode->target != NULL ? strlen(inode->target) : inode->content.len;
}

void sim_disk_stat(const sim_inode_t *inode, uv_stat_t *out) {
  const size_t used = sim_inode_is(inode, SIM_DIR) ? 1 : inode->content.used;
  *out = (uv_stat_t){ .st_dev = 1,
                      .st_mode = inode->mode,
                      .st_nlink = links_to(inode),
                      .st_uid = USER,
                      .st_gid = USER,
                      .st_ino = inode->number,
                      .st_size = inode_size(inode),
                      .st_blksize = SIM_BLOCK,
                      .st_blocks = used * (SIM_BLOCK / SIM_SECTOR),
                      .st_atim = timespec_of(inode->accessed),
                      .st_mtim = timespec_of(inode->modified),
                      .st_ctim = timespec_of(inode->changed),
                      .st_birthtim = timespec_of(inode->born) };
}

int sim_disk_access(const sim_inode_t *inode, int mode) {
  if ((mode & ~RIGHTS) != 0)
    return UV_EINVAL;
  return sim_disk_may(inode, (unsigned) mode) ? 0 : UV_EACCES;
}

int sim_disk_chmod(sim_inode_t *inode, int mode) {
  inode->mode = (inode->mode & SIM_KIND) | ((unsigned) mode & PERMISSIONS);
  sim_inode_change(inode);
  return 0;
}

/* The user of the simulation owns all files, although stat reports the user
   1000. */
static bool is_own(unsigned id, unsigned simulated, unsigned real) {
  return id == (unsigned) -1 || id == simulated || id == real;
}

int sim_disk_chown(sim_inode_t *inode, uv_uid_t user, uv_gid_t group) {
  const bool keeps =
      is_own(user, USER, geteuid()) && is_own(group, USER, getegid());
  if (keeps)
    sim_inode_change(inode);
  return keeps ? 0 : UV_EPERM;
}

/* Times are in microseconds, as in libuv. NaN leaves the time unchanged and
   infinity means now, as in newer versions of libuv. Times before 1970 become
   1970. */
static void set_time(uint64_t *time, double seconds) {
  if (isnan(seconds))
    return;
  if (isinf(seconds)) {
    *time = sim_inode_time();
    return;
  }
  const double since = seconds > 0 ? seconds : 0;
  const uint64_t whole = (uint64_t) since;
  *time = whole * SECOND + (uint64_t) ((since - (double) whole) * 1e6) * SIM_US;
}

int sim_disk_utime(sim_inode_t *inode, double accessed, double modified) {
  set_time(&inode->accessed, accessed);
  set_time(&inode->modified, modified);
  sim_inode_change(inode);
  return 0;
}

int sim_disk_readlink(const char *path, char **out) {
  sim_inode_t *inode;
  const int err = sim_disk_look(path, false, &inode);
  if (err < 0)
    return err;
  if (!sim_inode_is(inode, SIM_LINK))
    return UV_EINVAL;
  *out = sim_copy(inode->target);
  return 0;
}

static size_t len_to(const sim_inode_t *dir) {
  size_t len = 0;
  for (; dir != sim_disk()->root; dir = dir->parent)
    len += 1 + strlen(dir->name);
  return len;
}

static bool is_on_disk(const sim_inode_t *dir) {
  while (dir->names > 0 && dir != sim_disk()->root)
    dir = dir->parent;
  return dir->names > 0;
}

/* The path of the directory, followed by a name in it. The name "" stands for
   no name. */
static char *join_path(const sim_inode_t *dir, const char *name) {
  const size_t name_len = strlen(name);
  size_t at = len_to(dir) + (name_len > 0 ? 1 + name_len : 0);
  char *path = sim_alloc(at + 2);
  path[0] = '/'; /* the path of the root */
  if (name_len > 0) {
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): path is zeroed */
    memcpy(path + at - name_len, name, name_len);
    at -= name_len + 1;
    path[at] = '/';
  }
  for (; dir != sim_disk()->root; dir = dir->parent) {
    const size_t len = strlen(dir->name);
    memcpy(path + at - len, dir->name, len);
    at -= len + 1;
    path[at] = '/';
  }
  return path;
}

char *sim_disk_path_of(const sim_inode_t *dir) {
  return is_on_disk(dir) ? join_path(dir, "") : NULL;
}

int sim_disk_realpath(const char *path, char **out) {
  sim_spot_t spot;
  const int err = sim_spot_find(&spot, path, SIM_FOLLOW | SIM_LONG);
  if (err < 0)
    return err;
  if (spot.inode == NULL)
    return UV_ENOENT;
  const bool is_dir = sim_inode_is(spot.inode, SIM_DIR);
  const sim_inode_t *dir = is_dir ? spot.inode : spot.dir;
  if (!is_on_disk(dir))
    return UV_ENOENT;
  *out = join_path(dir, is_dir ? "" : spot.name);
  return 0;
}

int sim_disk_chdir(const char *path) {
  sim_inode_t *inode;
  const int err = sim_disk_look(path, true, &inode);
  if (err < 0)
    return err;
  if (!sim_inode_is(inode, SIM_DIR))
    return UV_ENOTDIR;
  if (!sim_disk_may(inode, 01))
    return UV_EACCES;
  sim_inode_t *left = sim_disk()->here;
  sim_disk()->here = sim_inode_ref(inode);
  sim_inode_unref(left);
  return 0;
}
