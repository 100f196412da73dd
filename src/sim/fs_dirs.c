/* SPDX-License-Identifier: MIT */
/*
 * Reading directories. The names are copied when reading begins. No system
 * specifies whether a reader sees names that appear or disappear later.
 */
#include "sim/fs_dirs.h"

#include <stdlib.h>
#include <string.h>

#include "sim/chance.h"
#include "sim/disk_stat.h"
#include "sim/uv_fs_req.h"
#include "sim/world.h"

/* A name and the type of its inode. */
typedef struct {
  char *name;
  uv_dirent_type_t type;
} named_t;

typedef struct {
  size_t n, at;
  named_t names[];
} listing_t;

typedef struct {
  sim_inode_t *inode;
  listing_t *listing; /* NULL: nothing was read yet */
} cursor_t;

static uv_dirent_type_t type_of(const sim_inode_t *inode) {
  if (sim_inode_is(inode, SIM_DIR))
    return UV_DIRENT_DIR;
  return sim_inode_is(inode, SIM_LINK) ? UV_DIRENT_LINK : UV_DIRENT_FILE;
}

static listing_t *listing_of(const sim_inode_t *dir) {
  const size_t n = dir->directory.count;
  listing_t *listing = sim_alloc(sizeof(*listing) + n * sizeof(named_t));
  const sim_entry_t *entry = NULL;
  while ((entry = sim_directory_next(dir, entry)) != NULL)
    listing->names[listing->n++] = (named_t){ .name = sim_copy(entry->name),
                                              .type = type_of(entry->inode) };
  return listing;
}

static void free_listing(listing_t *listing) {
  for (size_t i = 0; listing != NULL && i < listing->n; i++)
    sim_free(listing->names[i].name);
  sim_free(listing);
}

static int compare_names(const void *a, const void *b) {
  return strcmp(((const named_t *) a)->name, ((const named_t *) b)->name);
}

static int look_for_dir(const char *path, sim_inode_t **out) {
  const int err = sim_disk_look(path, true, out);
  if (err < 0)
    return err;
  if (!sim_inode_is(*out, SIM_DIR))
    return UV_ENOTDIR;
  return sim_disk_may(*out, 04) ? 0 : UV_EACCES;
}

/* Sorted, as in libuv. */
ssize_t sim_fs_scandir(uv_fs_t *req) {
  sim_inode_t *dir;
  const int err = look_for_dir(req->path, &dir);
  if (err < 0)
    return err;
  listing_t *listing = listing_of(dir);
  qsort(listing->names, listing->n, sizeof(named_t), compare_names);
  req->ptr = listing;
  return (ssize_t) listing->n;
}

static uv_dirent_t dirent_of(const named_t *named) {
  return (uv_dirent_t){ .name = named->name, .type = named->type };
}

int uv_fs_scandir_next(uv_fs_t *req, uv_dirent_t *entry) {
  listing_t *listing = req->ptr;
  if (req->result < 0)
    return (int) req->result;
  if (listing == NULL || listing->at == listing->n)
    return UV_EOF;
  *entry = dirent_of(&listing->names[listing->at++]);
  return 0;
}

ssize_t sim_fs_opendir(uv_fs_t *req) {
  sim_inode_t *inode;
  const int err = look_for_dir(req->path, &inode);
  if (err < 0)
    return err;
  uv_dir_t *dir = sim_alloc(sizeof(*dir));
  cursor_t *cursor = sim_alloc(sizeof(*cursor));
  cursor->inode = sim_inode_ref(inode);
  dir->reserved[0] = cursor;
  sim_disk()->open_dirs++;
  req->ptr = dir;
  return 0;
}

/* The order is unspecified, so the seed chooses the first name. The list wraps
   around at the end. */
static listing_t *listing_begin(const sim_inode_t *dir) {
  listing_t *listing = listing_of(dir);
  const size_t n = listing->n;
  const size_t first = n > 0 ? (size_t) sim_choose(n, "disk.order") : 0;
  listing_t *turned = sim_alloc(sizeof(*turned) + n * sizeof(named_t));
  turned->n = n;
  for (size_t i = 0; i < n; i++)
    turned->names[i] = listing->names[(first + i) % n];
  sim_free(listing);
  return turned;
}

ssize_t sim_fs_readdir(uv_fs_t *req) {
  uv_dir_t *dir = req->ptr;
  cursor_t *cursor = dir->reserved[0];
  if (cursor->listing == NULL)
    cursor->listing = listing_begin(cursor->inode);
  listing_t *listing = cursor->listing;
  size_t n = 0;
  for (; n < dir->nentries && listing->at < listing->n; n++) {
    named_t *named = &listing->names[listing->at++];
    dir->dirents[n] = dirent_of(named);
    named->name = NULL; /* the caller owns it */
  }
  return (ssize_t) n;
}

ssize_t sim_fs_closedir(uv_fs_t *req) {
  uv_dir_t *dir = req->ptr;
  cursor_t *cursor = dir->reserved[0];
  free_listing(cursor->listing);
  sim_inode_unref(cursor->inode);
  sim_free(cursor);
  sim_free(dir);
  sim_disk()->open_dirs--;
  req->ptr = NULL;
  return 0;
}

static void drop_entries(const uv_fs_t *req) {
  const uv_dir_t *dir = req->ptr;
  for (ssize_t i = 0; i < req->result; i++) {
    union {
      const char *lent;
      char *owned;
    } name = { dir->dirents[i].name };
    sim_free(name.owned);
    dir->dirents[i].name = NULL;
  }
}

void sim_fs_drop_names(uv_fs_t *req) {
  if (req->ptr != NULL && req->fs_type == UV_FS_READDIR) {
    drop_entries(req);
    req->ptr = NULL;
  }
  if (req->ptr != NULL && req->fs_type == UV_FS_SCANDIR) {
    free_listing(req->ptr);
    req->ptr = NULL;
  }
}

int uv_fs_scandir(uv_loop_t *loop, uv_fs_t *req, const char *path, int flags,
                  uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, UV_FS_SCANDIR, path, NULL, cb);
  return sim_fs_go(req);
}

int uv_fs_opendir(uv_loop_t *loop, uv_fs_t *req, const char *path,
                  uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, UV_FS_OPENDIR, path, NULL, cb);
  return sim_fs_go(req);
}

int uv_fs_readdir(uv_loop_t *loop, uv_fs_t *req, uv_dir_t *dir, uv_fs_cb cb) {
  sim_fs_begin(loop, req, UV_FS_READDIR, cb);
  if (dir == NULL || dir->dirents == NULL)
    return UV_EINVAL;
  req->ptr = dir;
  return sim_fs_go(req);
}

int uv_fs_closedir(uv_loop_t *loop, uv_fs_t *req, uv_dir_t *dir, uv_fs_cb cb) {
  sim_fs_begin(loop, req, UV_FS_CLOSEDIR, cb);
  if (dir == NULL)
    return UV_EINVAL;
  req->ptr = dir;
  return sim_fs_go(req);
}
