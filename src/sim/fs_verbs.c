/* SPDX-License-Identifier: MIT */
/* The action of each request type, and the errors that chance may give it. */
#include "sim/fs_verbs.h"

#include <assert.h>

#include "sim/chance.h"
#include "sim/disk_files.h"
#include "sim/disk_names.h"
#include "sim/disk_stat.h"
#include "sim/event_log.h"
#include "sim/fs_compound.h"
#include "sim/fs_dirs.h"
#include "sim/world.h"

enum { CODES = 2 };

typedef struct {
  const char *what, *fails; /* kinds of choices */
  ssize_t (*run)(uv_fs_t *req);
  int codes[CODES]; /* errors by chance */
} verb_t;

static ssize_t fs_access(uv_fs_t *req) {
  sim_inode_t *inode;
  const int err = sim_disk_look(req->path, true, &inode);
  return err < 0 ? err : sim_disk_access(inode, req->flags);
}

static ssize_t fs_chmod(uv_fs_t *req) {
  sim_inode_t *inode;
  const int err = sim_disk_look(req->path, true, &inode);
  return err < 0 ? err : sim_disk_chmod(inode, (int) req->mode);
}

static ssize_t fs_fchmod(uv_fs_t *req) {
  sim_inode_t *inode;
  const int err = sim_disk_look_at(req->file, &inode);
  return err < 0 ? err : sim_disk_chmod(inode, (int) req->mode);
}

static ssize_t fs_chown(uv_fs_t *req) {
  sim_inode_t *inode;
  const int err = sim_disk_look(req->path, req->fs_type == UV_FS_CHOWN, &inode);
  return err < 0 ? err : sim_disk_chown(inode, req->uid, req->gid);
}

static ssize_t fs_fchown(uv_fs_t *req) {
  sim_inode_t *inode;
  const int err = sim_disk_look_at(req->file, &inode);
  return err < 0 ? err : sim_disk_chown(inode, req->uid, req->gid);
}

static ssize_t fs_close(uv_fs_t *req) {
  return sim_disk_close(req->file);
}

static ssize_t fs_sync(uv_fs_t *req) {
  return sim_disk_sync(req->file);
}

static ssize_t fs_ftruncate(uv_fs_t *req) {
  return sim_disk_truncate(req->file, req->off);
}

static ssize_t fs_utime(uv_fs_t *req) {
  sim_inode_t *inode;
  const int err = sim_disk_look(req->path, req->fs_type == UV_FS_UTIME, &inode);
  return err < 0 ? err : sim_disk_utime(inode, req->atime, req->mtime);
}

static ssize_t fs_futime(uv_fs_t *req) {
  sim_inode_t *inode;
  const int err = sim_disk_look_at(req->file, &inode);
  return err < 0 ? err : sim_disk_utime(inode, req->atime, req->mtime);
}

static ssize_t fill_stat(uv_fs_t *req, int err, const sim_inode_t *inode) {
  if (err < 0)
    return err;
  sim_disk_stat(inode, &req->statbuf);
  req->ptr = &req->statbuf;
  return 0;
}

static ssize_t fs_stat(uv_fs_t *req) {
  sim_inode_t *inode = NULL;
  const int err = sim_disk_look(req->path, req->fs_type == UV_FS_STAT, &inode);
  return fill_stat(req, err, inode);
}

static ssize_t fs_fstat(uv_fs_t *req) {
  sim_inode_t *inode = NULL;
  const int err = sim_disk_look_at(req->file, &inode);
  return fill_stat(req, err, inode);
}

static ssize_t fs_link(uv_fs_t *req) {
  return sim_disk_link(req->path, req->new_path);
}

static ssize_t fs_symlink(uv_fs_t *req) {
  return sim_disk_symlink(req->path, req->new_path);
}

static ssize_t fs_rename(uv_fs_t *req) {
  return sim_disk_rename(req->path, req->new_path);
}

static ssize_t fs_mkdir(uv_fs_t *req) {
  return sim_disk_mkdir(req->path, (int) req->mode);
}

static ssize_t fs_rmdir(uv_fs_t *req) {
  return sim_disk_rmdir(req->path);
}

static ssize_t fs_unlink(uv_fs_t *req) {
  return sim_disk_unlink(req->path);
}

static ssize_t fs_open(uv_fs_t *req) {
  return sim_disk_open(req->path, req->flags, (int) req->mode);
}

static ssize_t fs_read(uv_fs_t *req) {
  return sim_disk_read(req->file, req->bufs, req->nbufs, req->off);
}

static ssize_t fs_write(uv_fs_t *req) {
  return sim_disk_write(req->file, req->bufs, req->nbufs, req->off);
}

static ssize_t fs_sendfile(uv_fs_t *req) {
  return sim_disk_send(req->file, req->flags, req->off, req->bufsml[0].len);
}

static ssize_t fs_readlink(uv_fs_t *req) {
  return sim_disk_readlink(req->path, (char **) &req->ptr);
}

static ssize_t fs_realpath(uv_fs_t *req) {
  return sim_disk_realpath(req->path, (char **) &req->ptr);
}

static ssize_t fs_statfs(uv_fs_t *req) {
  sim_inode_t *inode;
  const int err = sim_disk_look(req->path, true, &inode);
  if (err < 0)
    return err;
  uv_statfs_t *statfs = sim_alloc(sizeof(*statfs));
  statfs->f_bsize = SIM_BLOCK;
  statfs->f_blocks = SIM_BLOCKS;
  statfs->f_bfree = statfs->f_bavail = SIM_BLOCKS - sim_disk()->used;
  req->ptr = statfs;
  return 0;
}

#define VERB(TYPE, name, run, ...) \
  [UV_FS_##TYPE] = { "fs." name, "fs." name ".fails", run, { __VA_ARGS__ } }

static const verb_t verbs[] = {
  VERB(ACCESS, "access", fs_access, UV_EIO, UV_EIO),
  VERB(CHMOD, "chmod", fs_chmod, UV_EIO, UV_EPERM),
  VERB(CHOWN, "chown", fs_chown, UV_EIO, UV_EPERM),
  VERB(CLOSE, "close", fs_close, UV_EIO, UV_ENOSPC),
  VERB(CLOSEDIR, "closedir", sim_fs_closedir, 0, 0),
  VERB(COPYFILE, "copyfile", sim_fs_copyfile, UV_ENOSPC, UV_EIO),
  VERB(FCHMOD, "fchmod", fs_fchmod, UV_EIO, UV_EPERM),
  VERB(FCHOWN, "fchown", fs_fchown, UV_EIO, UV_EPERM),
  VERB(FDATASYNC, "fdatasync", fs_sync, UV_EIO, UV_ENOSPC),
  VERB(FSTAT, "fstat", fs_fstat, UV_EIO, UV_EIO),
  VERB(FSYNC, "fsync", fs_sync, UV_EIO, UV_ENOSPC),
  VERB(FTRUNCATE, "ftruncate", fs_ftruncate, UV_EIO, UV_EIO),
  VERB(FUTIME, "futime", fs_futime, UV_EIO, UV_EIO),
  VERB(LCHOWN, "lchown", fs_chown, UV_EIO, UV_EPERM),
  VERB(LINK, "link", fs_link, UV_ENOSPC, UV_EIO),
  VERB(LSTAT, "lstat", fs_stat, UV_EIO, UV_EIO),
  VERB(LUTIME, "lutime", fs_utime, UV_EIO, UV_EIO),
  VERB(MKDIR, "mkdir", fs_mkdir, UV_ENOSPC, UV_EIO),
  VERB(MKDTEMP, "mkdtemp", sim_fs_mkdtemp, UV_ENOSPC, UV_EIO),
  VERB(MKSTEMP, "mkstemp", sim_fs_mkstemp, UV_ENOSPC, UV_EMFILE),
  VERB(OPEN, "open", fs_open, UV_EMFILE, UV_EIO),
  VERB(OPENDIR, "opendir", sim_fs_opendir, UV_EMFILE, UV_EIO),
  VERB(READ, "read", fs_read, UV_EIO, UV_EIO),
  VERB(READDIR, "readdir", sim_fs_readdir, UV_EIO, UV_EIO),
  VERB(READLINK, "readlink", fs_readlink, UV_EIO, UV_EIO),
  VERB(REALPATH, "realpath", fs_realpath, UV_EIO, UV_EIO),
  VERB(RENAME, "rename", fs_rename, UV_ENOSPC, UV_EIO),
  VERB(RMDIR, "rmdir", fs_rmdir, UV_EIO, UV_EBUSY),
  VERB(SCANDIR, "scandir", sim_fs_scandir, UV_EMFILE, UV_EIO),
  VERB(SENDFILE, "sendfile", fs_sendfile, UV_ENOSPC, UV_EIO),
  VERB(STAT, "stat", fs_stat, UV_EIO, UV_EIO),
  VERB(STATFS, "statfs", fs_statfs, UV_EIO, UV_EIO),
  VERB(SYMLINK, "symlink", fs_symlink, UV_ENOSPC, UV_EIO),
  VERB(UNLINK, "unlink", fs_unlink, UV_EIO, UV_EIO),
  VERB(UTIME, "utime", fs_utime, UV_EIO, UV_EIO),
  VERB(WRITE, "write", fs_write, UV_ENOSPC, UV_EIO),
};

static const verb_t *verb_of(const uv_fs_t *req) {
  assert((size_t) req->fs_type < sizeof(verbs) / sizeof(*verbs));
  assert(verbs[req->fs_type].run != NULL);
  return &verbs[req->fs_type];
}

const char *sim_fs_what(const uv_fs_t *req) {
  return verb_of(req)->what;
}

/* Reduces the request to a part of its bytes, at least one. */
static void shorten(uv_fs_t *req) {
  size_t len = req->bufs[0].len;
  req->nbufs = 1;
  if (len > 1)
    req->bufs[0].len = 1 + (size_t) sim_choose(len - 1, "fs.write.len");
}

static bool is_sync(const uv_fs_t *req) {
  return req->fs_type == UV_FS_FSYNC || req->fs_type == UV_FS_FDATASYNC;
}

/* A failing write may write a part. A failing close() still closes the file. A
   failing sync loses the dirty blocks: no later sync writes them. */
static ssize_t fail_by_chance(uv_fs_t *req, const verb_t *verb) {
  const int err = verb->codes[sim_choose(CODES, "fs.code")];
  if (req->fs_type == UV_FS_WRITE && sim_choose(3, "fs.write.short") == 2) {
    shorten(req);
    return verb->run(req);
  }
  if (req->fs_type == UV_FS_CLOSE)
    return fs_close(req) < 0 ? UV_EBADF : err;
  if (is_sync(req))
    (void) sim_disk_lose(req->file); /* its result is always an error */
  return err;
}

/* Called after the machine has stopped: each request fails with UV_EIO, except
   the requests that close something. */
static ssize_t run_late(uv_fs_t *req) {
  if (req->fs_type == UV_FS_CLOSE)
    return fs_close(req);
  return req->fs_type == UV_FS_CLOSEDIR ? sim_fs_closedir(req) : UV_EIO;
}

static ssize_t try_verb(uv_fs_t *req) {
  const verb_t *verb = verb_of(req);
  if (!sim_disk_call())
    return run_late(req);
  if (verb->codes[0] != 0 && sim_strikes(verb->fails))
    return fail_by_chance(req, verb);
  return verb->run(req);
}

ssize_t sim_fs_run(uv_fs_t *req) {
  const ssize_t result = try_verb(req);
  sim_note("%s %s: %ld", sim_fs_what(req), req->path != NULL ? req->path : "",
           (long) result);
  return result;
}
