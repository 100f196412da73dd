/* SPDX-License-Identifier: MIT */
/*
 * Places, by paths: libuv's calls, which know no others. An open directory is
 * one that is read; whatever else it is needed for its path will do.
 */
#include "sys/dirfd_path.h"

#include <assert.h>

#include "base/alloc.h"
#include "uv/fs_sync.h"

enum { BATCH = 64 };

typedef struct {
  uv_dir_t *dir;
  uv_fs_t req; /* owns the names of what was read in one go */
  int n, at;
  uv_dirent_t entries[BATCH];
} stream_t;

static int open_stream(const char *path, stream_t *stream) {
  uv_fs_t req;
  const int err = uv_fs_opendir(NULL, &req, path[0] != '\0' ? path : ".", NULL);
  stream->dir = req.ptr;
  uv_fs_req_cleanup(&req);
  return err;
}

static int refuse_link(const char *path, avow__links_t links) {
  uv_stat_t stat;
  if (links == AVOW__LINKS_FOLLOWED)
    return 0;
  const int err = avow__disk_lstat(path, &stat);
  if (err < 0)
    return err;
  return avow__disk_type(&stat) == UV_DIRENT_DIR ? 0 : UV_ENOTDIR;
}

int avow__dir_open(avow__place_t place, avow__links_t links, avow__dir_t *out) {
  *out = (avow__dir_t){ .fd = -1 };
  stream_t *stream = avow_calloc(1, sizeof(*stream));
  if (stream == NULL)
    return UV_ENOMEM;
  int err = refuse_link(place.path, links);
  if (err == 0)
    err = open_stream(place.path, stream);
  if (err < 0)
    avow_free(stream);
  else
    *out = (avow__dir_t){ .fd = 0, .stream = stream };
  return err;
}

int avow__dir_hold_above(char *path, avow__dir_t *out, size_t *name_at) {
  *out = (avow__dir_t){ .fd = -1 };
  *name_at = 0;
  return 0;
}

int avow__dir_hold(avow__place_t place, avow__links_t links, avow__dir_t *out) {
  const int err = refuse_link(place.path, links);
  *out = (avow__dir_t){ .fd = err < 0 ? -1 : 0 };
  return err;
}

int avow__dir_open_above(const avow__dir_t *dir, avow__dir_t *out) {
  *out = (avow__dir_t){ .fd = 0 };
  return 0;
}

static int read_batch(stream_t *stream) {
  uv_fs_req_cleanup(&stream->req);
  stream->dir->dirents = stream->entries;
  stream->dir->nentries = BATCH;
  stream->at = 0;
  stream->n = uv_fs_readdir(NULL, &stream->req, stream->dir, NULL);
  return stream->n;
}

int avow__dir_read(avow__dir_t *dir, const char **name,
                   uv_dirent_type_t *type) {
  stream_t *stream = dir->stream;
  if (stream->at >= stream->n) {
    const int n = read_batch(stream);
    if (n <= 0)
      return n;
  }
  const uv_dirent_t *entry = &stream->entries[stream->at++];
  *name = entry->name;
  *type = entry->type;
  return 1;
}

/* Nobody comes back to a directory by its numbers where there are paths: they
   are the same for all. */
int avow__dir_stat(const avow__dir_t *dir, uv_stat_t *out) {
  *out = (uv_stat_t){ .st_ino = 0 };
  return 0;
}

void avow__dir_close(avow__dir_t *dir) {
  stream_t *stream = dir->stream;
  *dir = (avow__dir_t){ .fd = -1 };
  if (stream == NULL)
    return;
  uv_fs_t req;
  uv_fs_req_cleanup(&stream->req);
  (void) uv_fs_closedir(NULL, &req, stream->dir, NULL); /* only read from */
  uv_fs_req_cleanup(&req);
  avow_free(stream);
}

int avow__place_lstat(avow__place_t place, uv_stat_t *out) {
  return avow__disk_lstat(place.path, out);
}

int avow__place_stat(avow__place_t place, uv_stat_t *out) {
  return avow__disk_stat(place.path, out);
}

int avow__place_unlink(avow__place_t place) {
  return avow__disk_unlink(place.path);
}

int avow__place_rmdir(avow__place_t place) {
  return avow__disk_rmdir(place.path);
}

int avow__place_open(avow__place_t place, int flags, int mode) {
  return avow__disk_open(place.path, flags, mode);
}

int avow__place_mkdir(avow__place_t place, int mode) {
  return avow__disk_mkdir(place.path, mode);
}

int avow__place_rename(avow__place_t from, avow__place_t to) {
  return avow__disk_rename(from.path, to.path);
}

int avow__place_symlink(avow__place_t place, const char *text) {
  return avow__disk_symlink(text, place.path);
}

int avow__place_readlink(avow__place_t place, char **out) {
  return avow__disk_readlink(place.path, out);
}

int avow__place_lutime(avow__place_t place, const uv_stat_t *stat) {
  return avow__disk_lutime(place.path, stat);
}
