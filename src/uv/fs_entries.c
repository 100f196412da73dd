/* SPDX-License-Identifier: MIT */
/*
 * Entries of a directory in one block. It begins with the offset of each entry,
 * followed by the entries: a type and a name. An entry needs no allocation, and
 * finding it needs no search.
 */
#include "uv/fs_entries.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/misuse.h"
#include "value/value.h"

enum { NAME = 16 }; /* bytes for most entries */

_Static_assert(sizeof(avow_entry_t) == 2 * sizeof(void *), "ABI");

struct avow__entries_s {
  size_t len;
  size_t used, room; /* bytes from the start of the block */
  size_t at[];
};

static const avow_class_t entries_class = { .name = "entries",
                                            .sendable = true,
                                            .destroy = avow_free };

/* `n` entries have space from the beginning; the block grows for longer names.
 */
avow__entries_t *avow__entries_new(size_t n) {
  const size_t names =
      avow__plus(sizeof(avow__entries_t), avow__times(n, sizeof(size_t)));
  const size_t room = avow__plus(names, avow__times(n, NAME));
  avow__entries_t *entries = avow_malloc(room);
  if (entries == NULL)
    return NULL;
  entries->len = 0;
  entries->used = names;
  entries->room = room;
  return entries;
}

static avow__entries_t *fs_entries_resize(avow__entries_t *entries,
                                          size_t room) {
  avow__entries_t *moved = avow_realloc(entries, room);
  if (moved != NULL)
    moved->room = room;
  return moved;
}

static avow__entries_t *fs_entries_reserve(avow__entries_t *entries,
                                           size_t size) {
  if (size <= entries->room - entries->used)
    return entries;
  avow__entries_t *moved =
      fs_entries_resize(entries,
                        avow__plus(avow__times(entries->room, 2), size));
  if (moved == NULL)
    avow_free(entries);
  return moved;
}

avow__entries_t *avow__entries_add(avow__entries_t *entries,
                                   const uv_dirent_t *entry) {
  const size_t size = strlen(entry->name) + 1;
  entries = fs_entries_reserve(entries, size + 1);
  if (entries == NULL)
    return NULL;
  char *text = (char *) entries + entries->used;
  text[0] = (char) entry->type;
  memcpy(text + 1, entry->name, size);
  entries->at[entries->len++] = entries->used;
  entries->used += size + 1;
  return entries;
}

avow_value_t avow__entries_value(avow__entries_t *entries) {
  if (entries == NULL)
    return avow_error(UV_ENOMEM);
  /* Shrinking should not fail; if it does, the old block is used. */
  avow__entries_t *cut = fs_entries_resize(entries, entries->used);
  return avow_object(&entries_class, cut != NULL ? cut : entries);
}

size_t avow_entries_len(const avow_value_t *v) {
  const avow__entries_t *entries = avow__to_object(v, &entries_class);
  return entries != NULL ? entries->len : 0;
}

avow_entry_t avow_entry_at(const avow_value_t *v, size_t i) {
  const avow__entries_t *entries = avow__to_object(v, &entries_class);
  if (entries == NULL || i >= entries->len) {
    if (entries != NULL)
      avow__misuse(
          "avow_entry_at(): index %zu is outside a list of %zu entries; check "
          "avow_entries_len() first",
          i, entries->len);
    return (avow_entry_t){ .name = "", .type = UV_DIRENT_UNKNOWN };
  }
  const char *text = (const char *) entries + entries->at[i];
  return (avow_entry_t){ .name = text + 1, .type = (uv_dirent_type_t) *text };
}
