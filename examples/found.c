/* SPDX-License-Identifier: MIT */
/*
 * Finds a file and reads it if it is short. Files in memory are read without
 * the thread pool (docs/libuv.md).
 */
#include "found.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SHORT = 64 * 1024 };

static const char *type_of(const char *path) {
  static const char *const types[][2] = {
    { ".html", "text/html; charset=utf-8" },
    { ".css", "text/css; charset=utf-8" },
    { ".js", "text/javascript; charset=utf-8" },
    { ".txt", "text/plain; charset=utf-8" },
    { ".json", "application/json" },
    { ".pdf", "application/pdf" },
    { ".svg", "image/svg+xml" },
    { ".png", "image/png" },
    { ".jpg", "image/jpeg" },
    { ".wasm", "application/wasm" },
  };
  const char *suffix = strrchr(path, '.');
  for (size_t i = 0; suffix != NULL && i < sizeof(types) / sizeof(*types); i++)
    if (strcmp(suffix, types[i][0]) == 0)
      return types[i][1];
  return "application/octet-stream";
}

static int status_of(int code) {
  switch (code) {
  case UV_ENOENT:
  case UV_ENOTDIR:
  case UV_ELOOP:
  case UV_ENAMETOOLONG:
    return 404;
  case UV_EACCES:
  case UV_EPERM:
    return 403;
  default:
    return 500;
  }
}

/* Returns 0 or an error code. */
static int look_at(uv_loop_t *loop, const char *path, uv_stat_t *out) {
  const avow_value_t v = avow_await(avow_fs_lstat(loop, path));
  const int err = avow_error_code(&v);
  if (err == 0)
    *out = *avow_to_stat(&v);
  avow_value_unref(v);
  return err;
}

/* Looks at each name after the first `len` bytes of the path, until one is a
   link. */
static int look_down(uv_loop_t *loop, char *path, size_t len, uv_stat_t *out) {
  int err;
  do {
    len += 1 + strcspn(path + len + 1, "/");
    const char next = path[len];
    path[len] = '\0';
    err = look_at(loop, path, out);
    path[len] = next;
  } while (err == 0 && path[len] == '/' && !S_ISLNK(out->st_mode));
  return err;
}

/* Copies a path, if it lies below the directory. Links may lead out. */
static int copy_below(const char *directory, const char *from,
                      char path[PATH_MAX]) {
  const size_t len = strlen(directory);
  const size_t size = strlen(from) + 1;
  if (strncmp(from, directory, len) != 0 || from[len] != '/' || size > PATH_MAX)
    return UV_ENOENT;
  memcpy(path, from, size);
  return 0;
}

/* Replaces a path that has links by its target. */
static int look_behind(const found_t *found, char path[PATH_MAX],
                       uv_stat_t *out) {
  const avow_value_t v = avow_await(avow_fs_realpath(found->loop, path));
  int err = avow_error_code(&v);
  if (err == 0)
    err = copy_below(found->directory, avow_to_bytes(&v, NULL), path);
  avow_value_unref(v);
  return err == 0 ? look_at(found->loop, path, out) : err;
}

/* A user who can replace a directory by a link during the call can reach any
   file that the server may read. */
static int look(const found_t *found, char path[PATH_MAX], uv_stat_t *out) {
  const int err = look_down(found->loop, path, strlen(found->directory), out);
  return err == 0 && S_ISLNK(out->st_mode) ? look_behind(found, path, out)
                                           : err;
}

/* Computes the requested range. Returns 416 if a file of this size has no part
   of it. */
static int choose_range(found_t *found, int64_t size) {
  const request_t *r = found->request;
  const bool to_end = r->first < 0 || r->last < 0 || r->last >= size;
  const int64_t last = to_end ? size - 1 : r->last;
  found->offset = r->first;
  if (r->first < 0)
    found->offset = r->last < size ? size - r->last : 0;
  found->len = last + 1 - found->offset;
  if (found->offset >= size) {
    (void) snprintf(found->more, sizeof(found->more),
                    "Content-Range: bytes */%lld\r\n", (long long) size);
    return 416;
  }
  (void) snprintf(found->more, sizeof(found->more),
                  "Content-Range: bytes %lld-%lld/%lld\r\n",
                  (long long) found->offset, (long long) last,
                  (long long) size);
  return 206;
}

/* The status for a file of this mode and size. */
static int judge(found_t *found, uint64_t mode, uint64_t size) {
  if (S_ISDIR(mode)) {
    (void) snprintf(found->more, sizeof(found->more), "Location: %s/\r\n",
                    found->request->target); /* fits */
    return 301;
  }
  if (!S_ISREG(mode))
    return 404;
  if (found->request->has_range)
    return choose_range(found, (int64_t) size);
  (void) snprintf(found->more, sizeof(found->more), "Accept-Ranges: bytes\r\n");
  found->len = (int64_t) size;
  return 200;
}

void found_close(found_t *found) {
  uv_fs_t close;
  if (found->file >= 0)
    /* The file was opened for reading only. */
    (void) uv_fs_close(NULL, &close, found->file, NULL);
  found->file = -1;
}

/* The path of a directory means its index.html. */
static bool make_path(const found_t *found, char path[PATH_MAX]) {
  const char *name = found->request->path;
  const bool is_directory = name[strlen(name) - 1] == '/';
  return snprintf(path, PATH_MAX, "%s%s%s", found->directory, name,
                  is_directory ? "index.html" : "") < PATH_MAX;
}

static void found_fail(found_t *found, int err) {
  found->status = status_of(err);
  found->more[0] = '\0';
}

/* BYTES, which may be fewer or more than the file had before. */
static avow_value_t read_short(found_t *found, const char *path) {
  const avow_value_t v = avow_await(avow_read_file(found->loop, path, SHORT));
  size_t len = 0;
  if (!avow_is_error(&v)) {
    (void) avow_to_bytes(&v, &len);
    found->len = (int64_t) len;
    return v;
  }
  found_fail(found, avow_error_code(&v));
  avow_value_unref(v);
  return avow_none();
}

static void open_long(found_t *found, const char *path) {
  int64_t file = -1;
  const avow_value_t v =
      avow_await_int(avow_fs_open(found->loop, path,
                                  O_RDONLY | O_NOFOLLOW | UV_FS_O_NONBLOCK,
                                  0), /* for FIFOs */
                     &file);
  found->file = (int) file;
  if (avow_is_error(&v))
    found_fail(found, avow_error_code(&v));
  avow_value_unref(v);
}

avow_value_t found_look(found_t *found) {
  char path[PATH_MAX];
  uv_stat_t stat;
  const int err =
      make_path(found, path) ? look(found, path, &stat) : UV_ENAMETOOLONG;
  found->status =
      err != 0 ? status_of(err) : judge(found, stat.st_mode, stat.st_size);
  found->type = type_of(path);
  if (found->status >= 300 || found->request->head)
    return avow_none();
  if (found->status == 200 && found->len <= SHORT)
    return read_short(found, path);
  open_long(found, path);
  return avow_none();
}
