/*
 * Files that are replaced in one go. Until the new one has its name, whatever
 * goes wrong removes it again and leaves the old one as it was.
 */
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "avow/file.h"
#include "disk.h"
#include "file.h"

enum { NAME = 40, PERMISSIONS = 0777, TRIES = 100, LINKS = 40 };

typedef struct {
  avow__write_file_t *write;
  char *path;     /* where it belongs, symbolic links followed */
  char *new_path; /* in the same directory */
  size_t name_at;
  int mode;
  bool is_there; /* an old one */
} replace_t;

/* What a link at the path says, as the path that this is from here. */
static int follow_link(replace_t *r) {
  char *target = NULL;
  const int err = avow__disk_readlink(r->path, &target);
  if (err < 0)
    return err;
  const size_t keep =
      avow__disk_is_slash(target[0]) ? 0 : avow__disk_name_at(r->path);
  const size_t len = strlen(target);
  char *path = avow__malloc(keep + len + 1);
  if (path != NULL) {
    memcpy(path, r->path, keep);
    memcpy(path + keep, target, len + 1);
    avow__free(r->path);
    r->path = path;
  }
  avow__free(target);
  return path != NULL ? 0 : UV_ENOMEM;
}

static int look_at_old(replace_t *r, const uv_stat_t *stat) {
  const uv_dirent_type_t type = avow__disk_type(stat);
  if (type != UV_DIRENT_FILE) /* a device stays a device */
    return type == UV_DIRENT_DIR ? UV_EISDIR : UV_EINVAL;
  r->is_there = true;
  r->mode = (int) (stat->st_mode & PERMISSIONS);
  return 0;
}

/* To where the links lead, which need not be there. */
static int find_old(replace_t *r) {
  for (int i = 0; i < LINKS; i++) {
    uv_stat_t stat;
    int err = avow__disk_lstat(r->path, &stat);
    if (err == UV_ENOENT)
      return 0;
    if (err == 0 && avow__disk_type(&stat) != UV_DIRENT_LINK)
      return look_at_old(r, &stat);
    if (err == 0)
      err = follow_link(r);
    if (err < 0)
      return err;
  }
  return UV_ELOOP;
}

/* The next name to try: nobody else's in this process, and hardly another's. */
static void choose_name(const replace_t *r) {
  static atomic_uint serial;
  (void) snprintf(r->new_path + r->name_at, NAME, ".avow-%x-%x-%04x",
                  (unsigned) uv_os_getpid(), atomic_fetch_add(&serial, 1),
                  (unsigned) (uv_hrtime() & 0xffff)); /* it fits */
}

/* The system applies the umask to the mode, which only it knows. */
static int open_new(const replace_t *r) {
  int file = UV_EEXIST;
  for (int i = 0; i < TRIES && file == UV_EEXIST; i++) {
    choose_name(r);
    file =
        avow__disk_open(r->new_path,
                        UV_FS_O_WRONLY | UV_FS_O_CREAT | UV_FS_O_EXCL, r->mode);
  }
  return file;
}

static int fill(const replace_t *r, uv_file file) {
  int err = avow__file_fill(r->write, file);
  if (err == 0 && r->is_there)
    err = avow__disk_fchmod(file, r->mode);
  if (err == 0)
    err = avow__disk_fsync(file);
  const int close_err = avow__disk_close(file);
  return err < 0 ? err : close_err;
}

/* Makes the name last as the bytes do. Systems that cannot do that say so in
   many ways; that the disk is broken is one way only. */
static int sync_directory(replace_t *r) {
  if (r->name_at == 0)
    r->new_path[r->name_at++] = '.';
  r->new_path[r->name_at] = '\0'; /* there is room: a name was there */
  const int file =
      avow__disk_open(r->new_path, UV_FS_O_RDONLY | UV_FS_O_DIRECTORY, 0);
  if (file < 0)
    return 0;
  const int err = avow__disk_fsync(file);
  (void) avow__disk_close(file); /* nothing was written to it */
  return err == UV_EIO ? err : 0;
}

static int put_in_place(replace_t *r) {
  const int file = open_new(r);
  if (file < 0)
    return file;
  int err = fill(r, file);
  if (err == 0 && avow__job_is_unwanted(&r->write->job))
    err = UV_ECANCELED;
  if (err == 0)
    err = avow__disk_rename(r->new_path, r->path);
  if (err == 0)
    return sync_directory(r);
  (void) avow__disk_unlink(r->new_path); /* the first failure is told */
  return err;
}

static int replace_at(replace_t *r) {
  r->name_at = avow__disk_name_at(r->path);
  r->new_path = avow__malloc(r->name_at + NAME);
  if (r->new_path == NULL)
    return UV_ENOMEM;
  memcpy(r->new_path, r->path, r->name_at);
  const int err = put_in_place(r);
  avow__free(r->new_path);
  return err;
}

static avow_value_t run(avow__job_t *job) {
  replace_t r = { .write = (avow__write_file_t *) job };
  const size_t size = strlen(r.write->path) + 1;
  r.mode = r.write->mode;
  r.path = avow__malloc(size);
  if (r.path == NULL)
    return avow__file_written(r.write, UV_ENOMEM);
  memcpy(r.path, r.write->path, size);
  int err = find_old(&r);
  if (err == 0)
    err = replace_at(&r);
  avow__free(r.path);
  return avow__file_written(r.write, err);
}

avow_promise_t *avow_replace_file(uv_loop_t *loop, const char *path,
                                  avow_value_t bytes, int mode) {
  const avow__write_file_t how = { .job.run = run,
                                   .name = "replace",
                                   .mode = mode };
  return avow__file_write(loop, &how, path, bytes);
}
