/* SPDX-License-Identifier: MIT */
/*
 * Temporary directories. At the end, the directory is removed only if it is
 * still the one that was created. The removal is allocated with the directory,
 * so releasing the last reference needs no memory to start it.
 */
#include <stdio.h>
#include <string.h>

#include "avow/tree.h"
#include "base/alloc.h"
#include "sys/dir_open.h"
#include "sys/remove.h"
#include "uv/fs_blocking.h"
#include "uv/work.h"

enum { PATH = 4096 };

typedef struct {
  avow__shifts_t *remove;
  char path[];
} temp_dir_t;

typedef struct {
  avow__chore_t chore;
  uv_stat_t stat; /* of the created directory */
  char path[];    /* the template at first */
} make_t;

/* A failure is an unhandled rejection, which is reported to the program's
   hook. */
static void temp_dir_remove_dir(void *self) {
  const temp_dir_t *dir = self;
  if (dir->remove != NULL)
    avow__remove_to_the_end(dir->remove);
  else
    (void) avow__disk_rmdir(dir->path); /* the program has not seen it */
}

static const avow_class_t temp_dir_class = { .name = "temporary directory",
                                             .destroy = temp_dir_remove_dir };

const char *avow_to_temp_dir(const avow_value_t *v) {
  const temp_dir_t *dir = avow__to_object(v, &temp_dir_class);
  return dir != NULL ? dir->path : NULL;
}

/* Returns an INT if the directory was created. */
static avow_value_t temp_dir_run(avow__chore_t *chore) {
  make_t *make = (make_t *) chore;
  const int err = avow__disk_mkdtemp(make->path);
  const avow__place_t place = { NULL, make->path, make->path };
  if (err == 0)
    (void) avow__place_lstat(place, &make->stat); /* or the id is unknown */
  return err < 0 ? avow__error_of(err, "mkdtemp", make->path) : avow_int(0);
}

/* Returns the owner of the directory. Out of memory, removes the directory. */
static avow_value_t temp_dir_owner(uv_loop_t *loop, const make_t *make) {
  const char *path = make->path;
  const size_t size = strlen(path) + 1;
  void *self = NULL;
  const avow_value_t v =
      avow__object_inline(&temp_dir_class, sizeof(temp_dir_t) + size, &self);
  if (self == NULL) {
    (void) avow__disk_rmdir(path); /* the program has not seen it */
    return v;
  }
  temp_dir_t *dir = self;
  memcpy(dir->path, path, size);
  dir->remove = avow__remove_new(loop, path);
  if (dir->remove == NULL) {
    avow__value_unref(v);
    return avow_error(UV_ENOMEM);
  }
  if (!AVOW__PLACES_ARE_PATHS && make->stat.st_ino != 0)
    avow__remove_only(dir->remove, avow__file_id(&make->stat));
  return v;
}

static void temp_dir_end(avow__chore_t *chore) {
  if (chore->result.tag == AVOW_INT)
    chore->result =
        temp_dir_owner(chore->op.context->loop, (const make_t *) chore);
}

/* Windows returns only absolute paths. */
static bool is_absolute(const char *path) {
  return AVOW__PLACES_ARE_PATHS || avow__disk_is_slash(path[0]);
}

/* Finds the directory for temporary files as an absolute path. The program may
   have changed its working directory when the directory is removed. */
static int find_tmp(char path[PATH]) {
  size_t len = PATH;
  const int err = uv_os_tmpdir(path, &len);
  if (err < 0 || is_absolute(path))
    return err;
  if (len == 0) {
    memcpy(path, "/tmp", sizeof("/tmp"));
    return 0;
  }
  size_t at = PATH;
  const int cwd_err = uv_cwd(path, &at);
  if (cwd_err < 0)
    return cwd_err;
  if (!avow__disk_is_slash(path[at - 1]))
    path[at++] = '/';
  len = PATH - at;
  return uv_os_tmpdir(path + at, &len);
}

avow_promise_t *avow_temp_dir(uv_loop_t *loop, const char *prefix) {
  avow__check_ready(loop);
  char tmp[PATH];
  if (prefix == NULL || strchr(prefix, '/') != NULL)
    return avow__refuse(loop, UV_EINVAL, "mkdtemp",
                        prefix != NULL ? prefix : "NULL");
  const int err = find_tmp(tmp);
  if (err < 0)
    return avow__refuse(loop, err, "mkdtemp", prefix);
  static const char random[] = "XXXXXX";
  const size_t len = strlen(tmp) + 1 + sizeof(random);
  const size_t size = avow__plus(len, strlen(prefix));
  avow_promise_t *p;
  make_t *make = avow__chore_new(loop, avow__plus(sizeof(*make), size), &p);
  if (make == NULL)
    return p;
  (void) snprintf(make->path, size, "%s/%s%s", tmp, prefix, random); /* fits */
  make->chore.run = temp_dir_run;
  make->chore.end = temp_dir_end;
  avow__chore_start(&make->chore);
  return p;
}
