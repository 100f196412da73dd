/* SPDX-License-Identifier: MIT */
/*
 * Walks along a path. The target of a symbolic link is put before the rest of
 * the path. The walk then continues from the directory of the link.
 */
#include "sim/path_walk.h"

#include <string.h>

#include "sim/disk_stat.h"
#include "sim/world.h"

enum { LINKS = 40 };

typedef struct {
  sim_spot_t *spot;
  unsigned how;
  char *path; /* owned; the path that remains */
  size_t at;  /* position in path */
  int followed;
} walk_t;

static size_t slashes_at(const char *path) {
  return strspn(path, "/");
}

/* Takes the next name. Returns false if there is none. */
static bool next_name(walk_t *walk) {
  sim_spot_t *spot = walk->spot;
  const char *name = walk->path + walk->at;
  const size_t len = strcspn(name, "/");
  const size_t kept = len < SIM_NAME ? len : SIM_NAME;
  memcpy(spot->name, name, kept);
  spot->name[kept] = '\0';
  spot->too_long = len > SIM_NAME;
  const size_t slashes = slashes_at(name + len);
  walk->at += len + slashes;
  spot->slashed = slashes > 0;
  return len > 0;
}

static bool is_at_end(const walk_t *walk) {
  return walk->path[walk->at] == '\0';
}

/* Returns why the name cannot be looked up, or 0. */
static int check_name(const walk_t *walk) {
  const sim_spot_t *spot = walk->spot;
  if (!sim_inode_is(spot->dir, SIM_DIR))
    return UV_ENOTDIR;
  if (!sim_disk_may(spot->dir, 01))
    return UV_EACCES;
  if (!spot->too_long || (is_at_end(walk) && walk->how == SIM_RAW))
    return 0;
  return UV_ENAMETOOLONG;
}

/* Looks up the name in the directory. */
static void look_up(sim_spot_t *spot) {
  spot->last = SIM_LAST_NAME;
  if (strcmp(spot->name, ".") == 0) {
    spot->last = SIM_LAST_DOT;
    spot->inode = spot->dir;
  } else if (strcmp(spot->name, "..") == 0) {
    spot->last = SIM_LAST_DOTDOT;
    spot->inode = spot->dir->parent;
  } else {
    spot->inode =
        spot->too_long ? NULL : sim_directory_find(spot->dir, spot->name);
  }
}

static void walk_begin(walk_t *walk) {
  const size_t slashes = slashes_at(walk->path + walk->at);
  if (slashes > 0)
    walk->spot->dir = sim_disk()->root;
  walk->at += slashes;
}

static int follow(walk_t *walk) {
  const char *target = walk->spot->inode->target;
  const char *rest = walk->path + walk->at;
  const size_t len = strlen(target);
  if (++walk->followed > LINKS)
    return UV_ELOOP;
  const size_t size = strlen(rest) + 1;
  char *path = sim_alloc(len + 1 + size);
  /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): the rest follows */
  memcpy(path, target, len);
  if (walk->spot->slashed)
    path[len] = '/';
  memcpy(path + len + (walk->spot->slashed ? 1 : 0), rest, size);
  sim_free(walk->path);
  walk->path = path;
  walk->at = 0;
  walk_begin(walk);
  return 0;
}

/* True if the walk has reached a link that it must follow. */
static bool is_on_the_way(const walk_t *walk) {
  const sim_spot_t *spot = walk->spot;
  return spot->inode != NULL && sim_inode_is(spot->inode, SIM_LINK) &&
         (!is_at_end(walk) || (walk->how & SIM_FOLLOW) != 0 ||
          (walk->how != SIM_RAW && spot->slashed));
}

/* Returns 1 if there is more to walk. */
static int go_on(walk_t *walk) {
  sim_spot_t *spot = walk->spot;
  if (is_on_the_way(walk)) {
    const int err = follow(walk);
    return err < 0 ? err : 1;
  }
  if (is_at_end(walk))
    return 0;
  if (spot->inode == NULL)
    return UV_ENOENT;
  spot->dir = spot->inode;
  return 1;
}

static int step(walk_t *walk) {
  sim_spot_t *spot = walk->spot;
  if (!next_name(walk)) { /* the path or a link was "/" */
    spot->last = SIM_LAST_ROOT;
    spot->inode = spot->dir;
    return 0;
  }
  const int err = check_name(walk);
  if (err < 0)
    return err;
  look_up(spot);
  if ((walk->how & SIM_CREATE) != 0 && is_at_end(walk) && spot->slashed &&
      spot->last == SIM_LAST_NAME)
    return UV_EISDIR;
  return go_on(walk);
}

static bool means_directory(const sim_spot_t *spot) {
  return spot->slashed && spot->inode != NULL &&
         !sim_inode_is(spot->inode, SIM_DIR);
}

int sim_spot_find(sim_spot_t *spot, const char *path, unsigned how) {
  const size_t len = strlen(path);
  *spot = (sim_spot_t){ .dir = sim_disk()->here };
  if (len == 0)
    return UV_ENOENT;
  if (len >= SIM_PATH && (how & SIM_LONG) == 0)
    return UV_ENAMETOOLONG;
  walk_t walk = { .spot = spot, .how = how, .path = sim_alloc(len + 1) };
  memcpy(walk.path, path, len);
  walk_begin(&walk);
  int more = 1;
  while (more == 1)
    more = step(&walk);
  sim_free(walk.path);
  if (more < 0 || how == SIM_RAW)
    return more;
  return means_directory(spot) ? UV_ENOTDIR : 0;
}
