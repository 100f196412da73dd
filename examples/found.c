/* SPDX-License-Identifier: MIT */
/*
 * Finds a file, opens it and reads it if it is short, all in one job of the
 * thread pool. Passing a job to the pool costs more than these calls. Without a
 * loop and a callback, the functions of libuv run synchronously and return
 * their results.
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

static int open_file(const char *path) {
  uv_fs_t open;
  return uv_fs_open(NULL, &open, path, O_RDONLY | O_NOFOLLOW | UV_FS_O_NONBLOCK,
                    0, NULL); /* for FIFOs */
}

/* Opens the target of the path if it lies below the directory, because links
   may lead out. */
static int open_target(const char *directory, const char *path) {
  const size_t len = strlen(directory);
  uv_fs_t real;
  int file = uv_fs_realpath(NULL, &real, path, NULL);
  if (file < 0)
    return file;
  const char *target = real.ptr;
  file = UV_ENOENT;
  if (strncmp(target, directory, len) == 0 && target[len] == '/')
    file = open_file(target);
  uv_fs_req_cleanup(&real);
  return file;
}

static bool is_link(const char *path) {
  uv_fs_t stat;
  return uv_fs_lstat(NULL, &stat, path, NULL) == 0 &&
         S_ISLNK(stat.statbuf.st_mode);
}

/* Returns whether a name after the first `len` bytes of the path is a link. */
static bool has_links(char *path, size_t len) {
  bool found = false;
  while (!found && path[len] == '/') {
    len += 1 + strcspn(path + len + 1, "/");
    const char next = path[len];
    path[len] = '\0';
    found = is_link(path);
    path[len] = next;
  }
  return found;
}

/* Opens a file below the directory, or returns an error code. A user who can
   replace a directory by a link during the call can reach any file that the
   server may read. */
static int open_below(const char *directory, char *path) {
  return has_links(path, strlen(directory)) ? open_target(directory, path)
                                            : open_file(path);
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

/* Reads all bytes. */
static int read_whole(int file, char *data, int64_t len, int64_t offset) {
  int64_t done = 0;
  while (done < len) {
    uv_fs_t read;
    const uv_buf_t buf = uv_buf_init(data + done, (unsigned) (len - done));
    const int n = uv_fs_read(NULL, &read, file, &buf, 1, offset + done, NULL);
    if (n <= 0)
      return n < 0 ? n : UV_EOF; /* the file has become shorter */
    done += n;
  }
  return 0;
}

static avow_value_t read_short(found_t *found) {
  char *data = NULL;
  const avow_value_t bytes = avow_bytes_new((size_t) found->len, &data);
  if (data != NULL &&
      read_whole(found->file, data, found->len, found->offset) == 0)
    return bytes;
  avow_value_unref(bytes);
  found->status = 500;
  return avow_none();
}

/* The status for an open file of this mode and size. */
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

static avow_value_t look_into(found_t *found) {
  uv_fs_t stat;
  const int err = uv_fs_fstat(NULL, &stat, found->file, NULL);
  found->status =
      err < 0 ? status_of(err)
              : judge(found, stat.statbuf.st_mode, stat.statbuf.st_size);
  if (found->status >= 300 || found->request->head || found->len > SHORT)
    return avow_none();
  return read_short(found);
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

avow_value_t found_look(void *data) {
  found_t *found = data;
  char path[PATH_MAX];
  found->file = make_path(found, path) ? open_below(found->directory, path)
                                       : UV_ENAMETOOLONG;
  if (found->file < 0) {
    found->status = status_of(found->file);
    return avow_none();
  }
  found->type = type_of(path);
  const avow_value_t bytes = look_into(found);
  if (found->status >= 300 || found->request->head || found->len <= SHORT)
    found_close(found);
  return bytes;
}
