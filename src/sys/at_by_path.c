/* SPDX-License-Identifier: MIT */
/*
 * Places by path, with libuv's calls. A directory is open only while its
 * entries are read. All other operations use its path.
 */
#include <string.h>

#include "base/alloc.h"
#include "sys/at.h"
#include "uv/fs_blocking.h"

enum { PATH_BATCH = 64 };

typedef struct {
  uv_dir_t *dir;
  uv_fs_t req; /* owns the names of the last batch */
  int n, at;
  uv_dirent_t entries[PATH_BATCH];
} stream_t;

static int path_done(uv_fs_t *req, int result) {
  uv_fs_req_cleanup(req);
  return result;
}

static int refuse_link(const char *path) {
  uv_stat_t stat;
  const int err = avow__disk_lstat(path, &stat);
  if (err < 0)
    return err;
  return avow__disk_type(&stat) == UV_DIRENT_DIR ? 0 : UV_ENOTDIR;
}

int avow__dir_hold(avow__place_t place, avow__hold_t how, avow__dir_t *out) {
  const int err = how == AVOW__HOLD ? refuse_link(place.path) : 0;
  *out = (avow__dir_t){ .fd = err < 0 ? -1 : 0 };
  return err;
}

int avow__dir_list(avow__dir_t *dir, avow__place_t place) {
  const char *path = place.path[0] != '\0' ? place.path : ".";
  uv_fs_t req;
  stream_t *stream = avow_calloc(1, sizeof(*stream));
  if (stream == NULL)
    return UV_ENOMEM;
  const int err = uv_fs_opendir(NULL, &req, path, NULL);
  stream->dir = req.ptr;
  if (err < 0)
    avow_free(stream);
  else
    dir->stream = stream;
  return path_done(&req, err);
}

static int path_read_batch(stream_t *stream) {
  uv_fs_req_cleanup(&stream->req);
  stream->dir->dirents = stream->entries;
  stream->dir->nentries = PATH_BATCH;
  stream->at = 0;
  stream->n = uv_fs_readdir(NULL, &stream->req, stream->dir, NULL);
  return stream->n;
}

int avow__dir_read(avow__dir_t *dir, const char **name,
                   uv_dirent_type_t *type) {
  stream_t *stream = dir->stream;
  if (stream->at >= stream->n) {
    const int n = path_read_batch(stream);
    if (n <= 0)
      return n;
  }
  const uv_dirent_t *entry = &stream->entries[stream->at++];
  *name = entry->name;
  *type = entry->type;
  return 1;
}

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
  (void) uv_fs_closedir(NULL, &req, stream->dir, NULL); /* it was only read */
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
  uv_fs_t req;
  return path_done(&req, uv_fs_unlink(NULL, &req, place.path, NULL));
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
  uv_fs_t req;
  return path_done(&req, uv_fs_rename(NULL, &req, from.path, to.path, NULL));
}

int avow__place_symlink(avow__place_t place, const char *text) {
  uv_fs_t req;
  return path_done(&req, uv_fs_symlink(NULL, &req, text, place.path, 0, NULL));
}

int avow__place_readlink(avow__place_t place, char **out) {
  uv_fs_t req;
  const int err = uv_fs_readlink(NULL, &req, place.path, NULL);
  if (err < 0)
    return path_done(&req, err);
  const size_t size = strlen(req.ptr) + 1;
  *out = avow_malloc(size);
  if (*out != NULL)
    memcpy(*out, req.ptr, size);
  return path_done(&req, *out != NULL ? 0 : UV_ENOMEM);
}

int avow__place_follow(avow__place_t place, const uv_stat_t *link, char **out) {
  char *text = NULL;
  const int err = avow__place_readlink(place, &text);
  if (err < 0)
    return err;
  const size_t len = strlen(text);
  const size_t keep =
      avow__disk_is_slash(text[0]) ? 0 : avow__disk_name_at(place.path);
  char *path = avow_malloc(keep + len + 1);
  if (path != NULL) {
    memcpy(path, place.path, keep);
    memcpy(path + keep, text, len + 1);
    *out = path;
  }
  avow_free(text);
  return path != NULL ? 0 : UV_ENOMEM;
}

static double seconds(uv_timespec_t time) {
  return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

int avow__place_lutime(avow__place_t place, const uv_stat_t *stat) {
  uv_fs_t req;
  return path_done(&req,
                   uv_fs_lutime(NULL, &req, place.path, seconds(stat->st_atim),
                                seconds(stat->st_mtim), NULL));
}
