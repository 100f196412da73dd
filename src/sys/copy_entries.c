/* SPDX-License-Identifier: MIT */
/*
 * Entries of a tree that is copied. They have their names alone, and paths are
 * put together for those who ask: a deep tree would have a lot of them.
 */
#include "sys/copy_entries.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "uv/fs_blocking.h"

avow__copied_t *avow__copied_new(avow__copied_t *parent, const char *name,
                                 size_t len) {
  avow__copied_t *entry = avow_calloc(1, sizeof(*entry) + len + 1);
  if (entry == NULL)
    return NULL;
  memcpy(entry->name, name, len);
  entry->to.fd = -1;
  entry->original.file = -1;
  entry->holders = entry->users = 1;
  entry->parent = parent;
  if (parent != NULL) {
    parent->holders++;
    parent->users++;
    entry->uses_parent = true;
  }
  return entry;
}

void avow__copied_free(avow__copied_t *entry) {
  avow__original_close(&entry->original);
  avow__dir_close(&entry->to);
  avow__value_unref(entry->error);
  avow_free(entry);
}

static const char *copied_name_of(const avow__copied_t *entry,
                                  const char *root) {
  return entry->parent != NULL || root == NULL ? entry->name : root;
}

/* How many slashes are missing behind the name of a directory, which is not
   empty. */
static size_t slash_of(const char *name, size_t len) {
  return avow__disk_is_slash(name[len - 1]) ? 0 : 1;
}

char *avow__copied_path(const avow__copied_t *entry, const char *root) {
  size_t size = 1;
  for (const avow__copied_t *e = entry; e != NULL; e = e->parent) {
    const size_t len = strlen(copied_name_of(e, root));
    size += len + (e != entry ? slash_of(copied_name_of(e, root), len) : 0);
  }
  char *path = avow_calloc(1, size);
  if (path == NULL)
    return NULL;
  char *at = path + size - 1;
  for (const avow__copied_t *e = entry; e != NULL; e = e->parent) {
    const char *name = copied_name_of(e, root);
    const size_t len = strlen(name);
    if (e != entry && slash_of(name, len) > 0)
      *--at = '/';
    at -= len;
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): in the middle */
    memcpy(at, name, len);
  }
  assert(at == path);
  return path;
}

void avow__copied_fail(avow__copied_t *entry, int err) {
  if (avow_is_error(&entry->error))
    return;
  char *path = avow__copied_path(entry, NULL);
  entry->error = avow__error_of(err, "copy", path != NULL ? path : entry->name);
  avow_free(path);
}

int avow__copied_reopen(avow__copied_t *dir, const avow__dir_t *below) {
  if (dir->to.fd >= 0)
    return 0;
  return below->fd < 0 ? UV_ENOENT
                       : avow__dir_reopen(below, dir->to_id, &dir->to);
}

void avow__copied_unuse(avow__copied_t *dir) {
  assert(dir->users > 0);
  if (--dir->users == 0)
    avow__dir_close(&dir->to);
}
