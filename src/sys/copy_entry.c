/* SPDX-License-Identifier: MIT */
/*
 * Copies one entry. As with cp, the mode of the copy is the original's
 * permissions less the umask. A link at the target is never written through. An
 * entry that is replaced loses its name to the copy, which is a new file.
 *
 * An entry stores only its name. Its path is assembled when it is needed,
 * because the paths of a deep tree take much memory.
 */
#include "sys/copy_entry.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "sys/metadata.h"
#include "sys/temp_rename.h"
#include "uv/fs_blocking.h"

enum { COPIED_BITS = 0777, OWNER_ACCESS = 0700 };

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

/* Returns the number of slashes that are missing after the name of a directory.
   The name is not empty. */
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

int avow__copied_open(avow__copied_t *entry, avow__place_t place) {
  const uv_dirent_type_t type = avow__disk_type(&entry->stat);
  avow__original_t *out = &entry->original;
  if (type == UV_DIRENT_FILE)
    return avow__original_open_file(place, &entry->stat, out);
  return type == UV_DIRENT_LINK ? avow__place_readlink(place, &out->text)
                                : UV_ENOTSUP;
}

void avow__original_close(avow__original_t *original) {
  if (original->file >= 0)
    (void) avow__disk_close(original->file); /* it was only read */
  avow_free(original->text);
  *original = (avow__original_t){ .file = -1 };
}

static int copy_link(const avow__copying_t *c, avow__place_t to) {
  const int err = avow__place_symlink(to, c->original->text);
  if (err == 0 && c->options->keep == AVOW_KEEP_ALL)
    avow__metadata_copy_link(to, c->stat);
  return err;
}

static int make_copy(avow__place_t to, const void *data) {
  const avow__copying_t *c = data;
  return avow__disk_type(c->stat) == UV_DIRENT_LINK ? copy_link(c, to)
                                                    : avow__copy_file(c, to);
}

/* Refuses to replace the original by itself. */
static int copy_over(const avow__copying_t *c, avow__place_t to) {
  uv_stat_t old;
  const int err = avow__place_lstat(to, &old);
  if (err < 0)
    return err;
  if (avow__file_is(&old, avow__file_id(c->stat)))
    return UV_EINVAL;
  return avow__disk_type(&old) == UV_DIRENT_DIR
             ? UV_EISDIR
             : avow__beside(to, make_copy, c);
}

int avow__copy_entry(const avow__copying_t *c, avow__place_t to) {
  const int err = make_copy(to, c);
  if (err != UV_EEXIST || c->options->existing == AVOW_EXISTING_REFUSE)
    return err;
  return c->options->existing == AVOW_EXISTING_KEEP ? 0 : copy_over(c, to);
}

int avow__copied_make_dir(avow__copied_t *entry, avow__place_t to,
                          avow_keep_t keep) {
  const uint64_t mode =
      keep == AVOW_KEEP_ALL
          ? OWNER_ACCESS
          : (entry->stat.st_mode & COPIED_BITS) | OWNER_ACCESS;
  const int made = avow__place_mkdir(to, (int) mode);
  if (made < 0 && made != UV_EEXIST)
    return made;
  const int err = avow__dir_hold(to, AVOW__HOLD, &entry->to);
  if (err < 0)
    return err;
  entry->made = made == 0;
  return avow__dir_id(&entry->to, &entry->to_id);
}
