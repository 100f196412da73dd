/* SPDX-License-Identifier: MIT */
/*
 * Only file systems on disks are known not to wait when a file is opened or
 * closed. So the mount of each file is looked up in a table. A thread of the
 * pool finds out about a mount that is not there, because asking may wait.
 */
#include "uv/cached_file.h"

#include "uv/fs.h"
#include "uv/page_cache.h"
#include "uv/work.h"

typedef struct {
  avow__chore_t chore;
  avow__mount_t mount;
  uv_file found;
} question_t;

static avow__mount_t *mount_of(avow__files_t *files,
                               const avow__cached_t *stat) {
  for (size_t i = 0; i < AVOW__MOUNTS; i++)
    if (files->mounts[i].id == stat->mount &&
        files->mounts[i].device == stat->device)
      return &files->mounts[i];
  return NULL;
}

/* Replaces the oldest entry. */
static void mount_note(avow__files_t *files, const avow__mount_t *mount) {
  files->mounts[files->next_mount++ % AVOW__MOUNTS] = *mount;
}

static avow_value_t run_question(avow__chore_t *chore) {
  question_t *question = (question_t *) chore;
  question->mount.is_disk = avow__is_on_disk(question->found);
  return avow_none();
}

static void end_question(avow__chore_t *chore) {
  const question_t *question = (const question_t *) chore;
  avow__files_t *files = avow__files_of(chore->op.context);
  files->asks = false;
  files->skip = files->penalty = 0;
  avow__page_cache_close(question->found);
  if (!avow_is_error(&chore->result)) /* otherwise it never ran */
    mount_note(files, &question->mount);
}

/* Asks about the mount of a file that was found. Takes ownership of *found. One
   question at a time, because most files are on the same mount. */
static void mount_ask(avow__context_t *c, const avow__cached_t *stat,
                      uv_file *found) {
  avow__files_t *files = avow__files_of(c);
  avow_promise_t *p;
  if (files->asks || *found < 0)
    return;
  question_t *question = avow__chore_new(c->loop, sizeof(*question), &p);
  if (question != NULL) {
    files->asks = true;
    question->mount.id = stat->mount;
    question->mount.device = stat->device;
    question->found = *found;
    question->chore.run = run_question;
    question->chore.end = end_question;
    avow__chore_start(&question->chore);
    *found = -1;
  }
  avow__unref_handled(p);
}

/* Whether the file is on a disk. If its mount is not known, asks about it and
   takes ownership of *found. */
static bool is_on_disk(avow__context_t *c, const avow__cached_t *stat,
                       uv_file *found) {
  const avow__mount_t *mount = mount_of(avow__files_of(c), stat);
  if (mount == NULL)
    mount_ask(c, stat, found);
  return mount != NULL && mount->is_disk;
}

bool avow__cached_is_there(void) {
  return avow__page_cache_is_there();
}

/* Finds a file that is on a disk. */
static int cached_find(avow__context_t *c, const char *path, bool follows,
                       avow__cached_t *stat) {
  uv_file found = avow__page_cache_find(path, follows);
  if (found < 0)
    return found;
  const int err = avow__page_cache_stat(found, stat);
  if (err == 0 && is_on_disk(c, stat, &found))
    return found;
  if (found >= 0)
    avow__page_cache_close(found);
  return err < 0 ? err : UV_EAGAIN;
}

/* Opens a file that was found, and checks that it is the same one, because
   anything may be mounted at /proc. */
static int cached_reopen(uv_file found, const avow__cached_t *stat) {
  avow__cached_t now;
  const int file = avow__page_cache_open(found);
  if (file < 0)
    return file;
  if (avow__page_cache_stat(file, &now) == 0 && now.mount == stat->mount &&
      now.device == stat->device && now.inode == stat->inode)
    return file;
  avow__page_cache_close(file);
  return UV_EAGAIN;
}

int avow__cached_open(avow__context_t *c, const char *path, uint64_t *size) {
  avow__cached_t stat;
  const int found = cached_find(c, path, true, &stat);
  if (found < 0)
    return found;
  int file = UV_EAGAIN;
  if (stat.is_file && stat.size <= AVOW__CACHED_MOST)
    file = cached_reopen(found, &stat);
  avow__page_cache_close(found);
  *size = stat.size;
  return file;
}

void avow__cached_close(uv_file file) {
  avow__page_cache_close(file);
}

/* A read ends early where the next page is not in memory. Only a further read
   tells that from the end. */
int avow__cached_read(uv_file file, char *data, size_t len, uint64_t offset) {
  size_t used = 0;
  while (used < len) {
    const int n =
        avow__page_cache_read(file, data + used, len - used, offset + used);
    if (n < 0)
      return n;
    if (n == 0)
      break;
    used += (size_t) n;
  }
  return (int) used;
}

int avow__cached_stat(avow__context_t *c, const char *path, bool follows,
                      uv_fs_t *req) {
  avow__cached_t stat;
  const int found = cached_find(c, path, follows, &stat);
  if (found < 0)
    return found;
  const int err = uv_fs_fstat(NULL, req, found, NULL);
  avow__page_cache_close(found);
  return err;
}

/* A question keeps its own descriptor, because the program may close `file`.
   Closing one that only identifies the file releases no locks of it. */
int avow__cached_fstat(avow__context_t *c, uv_file file, uv_fs_t *req) {
  avow__cached_t stat;
  uv_file found = -1;
  const int err = avow__page_cache_stat(file, &stat);
  if (err < 0)
    return err;
  if (mount_of(avow__files_of(c), &stat) == NULL)
    found = avow__page_cache_identify(file);
  const bool is_disk = is_on_disk(c, &stat, &found);
  if (found >= 0)
    avow__page_cache_close(found);
  return is_disk ? uv_fs_fstat(NULL, req, file, NULL) : UV_EAGAIN;
}
