/* SPDX-License-Identifier: MIT */
/* Requests that consist of several system calls. */
#include "sim/fs_compound.h"

#include <string.h>

#include "sim/chance.h"
#include "sim/disk_files.h"
#include "sim/disk_names.h"
#include "sim/disk_stat.h"
#include "sim/uv_fs_req.h"
#include "sim/world.h"

enum { RANDOM = 6, TRIES = 100, COPY = 1 << 30 };

static char *template_of(const uv_fs_t *req) {
  const union {
    const char *lent;
    char *owned;
  } path = { req->path }; /* the request owns it */
  return path.owned;
}

static bool ends_in_template(const char *path) {
  const size_t len = strlen(path);
  return len >= RANDOM && strcmp(path + len - RANDOM, "XXXXXX") == 0;
}

static void fill_template(char *path) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
  unsigned char random[RANDOM];
  sim_fill(random, sizeof(random));
  for (size_t i = 0; i < RANDOM; i++)
    path[strlen(path) - RANDOM + i] = letters[random[i] % 32];
}

static int make_at(const uv_fs_t *req, const char *path) {
  return req->fs_type == UV_FS_MKDTEMP
             ? sim_disk_mkdir(path, 0700)
             : sim_disk_open(path, UV_FS_O_RDWR | UV_FS_O_CREAT | UV_FS_O_EXCL,
                             0600);
}

static ssize_t make_temp(uv_fs_t *req) {
  char *path = template_of(req);
  if (!ends_in_template(path))
    return UV_EINVAL;
  int made = UV_EEXIST;
  for (int i = 0; i < TRIES && made == UV_EEXIST; i++) {
    fill_template(path);
    made = make_at(req, path);
  }
  return made;
}

ssize_t sim_fs_mkdtemp(uv_fs_t *req) {
  return make_temp(req);
}

/* On failure the template is emptied. */
ssize_t sim_fs_mkstemp(uv_fs_t *req) {
  const ssize_t file = make_temp(req);
  if (file < 0)
    template_of(req)[0] = '\0';
  return file;
}

static int copy_bytes(uv_file from, uv_file to) {
  int64_t at = 0;
  ssize_t n;
  while ((n = sim_disk_send(to, from, at, COPY)) > 0)
    at += n;
  return (int) n;
}

static int copy_into(const uv_fs_t *req, uv_file from, uv_file to) {
  const sim_inode_t *source = sim_disk_file(from)->inode;
  sim_inode_t *target = sim_disk_file(to)->inode;
  if (source == target)
    return 0;
  int err = sim_disk_truncate(to, 0);
  if (err == 0)
    err = sim_disk_chmod(target, (int) source->mode);
  if (err == 0 && (req->flags & UV_FS_COPYFILE_FICLONE_FORCE) != 0)
    err = UV_ENOTSUP;
  return err == 0 ? copy_bytes(from, to) : err;
}

static int copy_from(const uv_fs_t *req, uv_file from) {
  const int excl = (req->flags & UV_FS_COPYFILE_EXCL) != 0 ? UV_FS_O_EXCL : 0;
  const uv_file to =
      sim_disk_open(req->new_path, UV_FS_O_WRONLY | UV_FS_O_CREAT | excl,
                    (int) (sim_disk_file(from)->inode->mode & 07777));
  if (to < 0)
    return to;
  const int err = copy_into(req, from, to);
  (void) sim_disk_close(to); /* cannot fail: it is open */
  if (err < 0)
    (void) sim_disk_unlink(req->new_path); /* the first error is reported */
  return err;
}

ssize_t sim_fs_copyfile(uv_fs_t *req) {
  const uv_file from = sim_disk_open(req->path, UV_FS_O_RDONLY, 0);
  if (from < 0)
    return from;
  const int err = copy_from(req, from);
  (void) sim_disk_close(from); /* cannot fail: it is open */
  return err;
}

int uv_fs_mkdtemp(uv_loop_t *loop, uv_fs_t *req, const char *template,
                  uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, UV_FS_MKDTEMP, template, NULL, cb);
  return sim_fs_go(req);
}

int uv_fs_mkstemp(uv_loop_t *loop, uv_fs_t *req, const char *template,
                  uv_fs_cb cb) {
  sim_fs_begin_on(loop, req, UV_FS_MKSTEMP, template, NULL, cb);
  return sim_fs_go(req);
}

int uv_fs_copyfile(uv_loop_t *loop, uv_fs_t *req, const char *path,
                   const char *new_path, int flags, uv_fs_cb cb) {
  const int known = UV_FS_COPYFILE_EXCL | UV_FS_COPYFILE_FICLONE |
                    UV_FS_COPYFILE_FICLONE_FORCE;
  sim_fs_begin(loop, req, UV_FS_COPYFILE, cb);
  if ((flags & ~known) != 0)
    return UV_EINVAL;
  sim_fs_begin_on(loop, req, UV_FS_COPYFILE, path, new_path, cb);
  req->flags = flags;
  return sim_fs_go(req);
}
