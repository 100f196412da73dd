/* SPDX-License-Identifier: MIT */
/*
 * Paths that match a pattern. The names of the pattern are numbered. Each
 * directory has a set of the names that an entry in it may match next, as bits.
 * All ways through a ** are therefore followed at once, and no path is found
 * twice.
 */
#include <stdlib.h>
#include <string.h>

#include "avow/tree.h"
#include "sys/match.h"
#include "sys/sliced_work.h"
#include "sys/tree.h"
#include "uv/fs_blocking.h"

/* A name of the system and a pattern of this length take some milliseconds at
   worst. Between two names, the chore checks whether it is still wanted. */
enum { MOST_NAMES = 62, MOST_BYTES = 4096 };

/* A pattern may find more paths than there are entries, because ".." and links
   lead back. This limits the memory for paths. Each path takes more than its
   bytes. */
enum { MOST_KEPT = 128 * 1024 * 1024, BESIDE = 64 };

typedef struct {
  const char *text;
  size_t len;
  bool deep; /* the name is ** */
} name_t;

typedef struct {
  avow__shifts_t shifts;
  avow__tree_t tree;
  avow__list_t *found;
  size_t kept; /* counts toward MOST_KEPT */
  bool entered;
  bool directories; /* finds only directories */
  size_t n;
  name_t names[MOST_NAMES];
  char pattern[];
} glob_t;

static uint64_t bit(size_t i) {
  return (uint64_t) 1 << i;
}

/* Adds the name after each ** to the set, because ** may match no directory at
   all. */
static uint64_t closure(const glob_t *glob, uint64_t set) {
  for (size_t i = 0; i + 1 < glob->n; i++)
    if ((set & bit(i)) != 0 && glob->names[i].deep)
      set |= bit(i + 1);
  return set;
}

static bool is_real_dir(const glob_t *glob) {
  return glob->tree.type == UV_DIRENT_DIR;
}

/* Returns the names that may match next in the entry. Bit n: the entry itself
   matches. */
static uint64_t glob_advance(const glob_t *glob, uint64_t set) {
  const char *entry = glob->tree.path + glob->tree.name_at;
  uint64_t next = 0;
  for (size_t i = 0; i < glob->n; i++) {
    const name_t *name = &glob->names[i];
    if ((set & bit(i)) == 0)
      continue;
    if (!name->deep && avow__match(name->text, name->len, entry))
      next |= bit(i + 1);
    if (name->deep && entry[0] != '.')
      next |= (is_real_dir(glob) ? bit(i) : 0) |
              (i + 1 == glob->n ? bit(glob->n) : 0);
  }
  return closure(glob, next);
}

static bool leads_to_dir(const glob_t *glob) {
  uv_stat_t stat;
  return avow__place_stat(avow__tree_place(&glob->tree), &stat) == 0 &&
         avow__disk_type(&stat) == UV_DIRENT_DIR;
}

/* Links to directories count as directories. */
static bool glob_is_dir(const glob_t *glob) {
  return is_real_dir(glob) ||
         (glob->tree.type == UV_DIRENT_LINK && leads_to_dir(glob));
}

static int glob_add(glob_t *glob) {
  avow__list_t *found = glob->found;
  glob->kept += glob->tree.len + BESIDE;
  if (glob->kept > MOST_KEPT)
    return UV_EMSGSIZE;
  if (found->len == found->room)
    found = avow__list_resize(found, found->room * 2);
  if (found == NULL)
    return UV_ENOMEM;
  glob->found = found;
  const size_t len = glob->tree.len;
  char *data = NULL;
  const avow_value_t path =
      avow_bytes_new(len + (glob->directories ? 1 : 0), &data);
  if (data == NULL)
    return UV_ENOMEM;
  memcpy(data, glob->tree.path, len);
  if (glob->directories)
    data[len] = '/';
  found->items[found->len++] = path;
  return 0;
}

/* Whether the error means that nothing matches: the path is missing, unreadable
   or too deep. */
static bool is_nothing(int err) {
  static const int nothing[] = { UV_ENOENT, UV_ENOTDIR, UV_EACCES,
                                 UV_EPERM,  UV_ELOOP,   UV_ENAMETOOLONG };
  bool is = false;
  for (size_t i = 0; i < sizeof(nothing) / sizeof(*nothing); i++)
    is = is || err == nothing[i];
  return is;
}

static bool is_wanted(const glob_t *glob, uint64_t set, const char *entry) {
  const size_t len = strlen(entry);
  for (size_t i = 0; i < glob->n; i++)
    if ((set & bit(i)) != 0 && glob->names[i].len == len &&
        memcmp(glob->names[i].text, entry, len) == 0)
      return true;
  return false;
}

/* Directories do not list "." and "..". Each of them uses up a name of the
   pattern, so the offers end. Wildcards that would match the same path need not
   be pursued as well. The difference would be a name with a dot, which ** does
   not match. */
static int offer_dots(glob_t *glob, uint64_t set) {
  static const char *const both[] = { ".", ".." };
  int err = 0;
  for (size_t i = 0; i < 2; i++)
    if (err == 0 && is_wanted(glob, set, both[i]))
      err = avow__tree_offer(&glob->tree, both[i]);
  return err;
}

static int glob_enter(glob_t *glob, uint64_t set) {
  const int err = avow__tree_enter(&glob->tree, set);
  if (err == 0)
    return offer_dots(glob, set);
  return is_nothing(err) ? 0 : err;
}

static int look_at_entry(glob_t *glob) {
  const uint64_t set = glob_advance(glob, avow__tree_note(&glob->tree));
  const uint64_t match = set & bit(glob->n);
  int err = 0;
  if (match != 0 && (!glob->directories || glob_is_dir(glob)))
    err = glob_add(glob);
  if (err == 0 && set != match && glob_is_dir(glob))
    err = glob_enter(glob, set & ~match);
  return err;
}

/* For a pattern without wildcards. */
static int look_at_path(glob_t *glob) {
  uv_stat_t stat;
  const bool is_there =
      glob->directories
          ? leads_to_dir(glob)
          : avow__place_lstat(avow__tree_place(&glob->tree), &stat) == 0;
  return is_there ? glob_add(glob) : 0;
}

static int glob_begin(glob_t *glob) {
  glob->entered = true;
  if (glob->n == 0)
    return look_at_path(glob);
  return glob_enter(glob, closure(glob, bit(0)));
}

static int glob_compare(const void *a, const void *b) {
  return strcmp(avow_to_bytes(a, NULL), avow_to_bytes(b, NULL));
}

static avow_value_t take_found(glob_t *glob) {
  avow__list_t *found = glob->found;
  glob->found = NULL;
  qsort(found->items, found->len, sizeof(found->items[0]), glob_compare);
  return avow__block_value(&found->head);
}

/* Calls avow__tree_next(). A directory that opens may still be unreadable. */
static int next_entry(glob_t *glob) {
  const int found = avow__tree_next(&glob->tree);
  if (!is_nothing(found))
    return found;
  avow__tree_skip(&glob->tree);
  return AVOW__TREE_LEFT;
}

static avow_value_t glob_look(avow__shifts_t *shifts) {
  glob_t *glob = (glob_t *) shifts;
  int err = glob->entered ? 0 : glob_begin(glob);
  while (err == 0 && !avow__shifts_is_over(shifts)) {
    err = next_entry(glob);
    if (err == AVOW__TREE_END)
      return take_found(glob);
    if (err > 0)
      err = err == AVOW__TREE_ENTRY ? look_at_entry(glob) : 0;
  }
  return err < 0 ? avow__error_of(err, "glob", glob->tree.path) : avow_none();
}

static void free_glob(avow__shifts_t *shifts) {
  glob_t *glob = (glob_t *) shifts;
  if (glob->found != NULL)
    avow__value_unref(avow__block_value(&glob->found->head));
  avow__tree_free(&glob->tree);
}

/* Returns the length of the name at the start of the path. */
static size_t name_len(const char *path) {
  return strcspn(path, "/");
}

/* Returns the length of the prefix of the pattern that is a plain path, without
   its final slash. */
static size_t path_len(const char *pattern) {
  size_t at = 0, len = 0;
  for (;;) {
    const size_t name = name_len(pattern + at);
    if (avow__match_is_magic(pattern + at, name))
      return len;
    len = at + name;
    if (pattern[len] == '\0')
      return len;
    if (len == 0) /* the root's slash is its name */
      len = 1;
    at += name + strspn(pattern + at + name, "/");
    if (pattern[at] == '\0')
      return len;
  }
}

static bool split(glob_t *glob, const char *rest) {
  for (rest += strspn(rest, "/"); *rest != '\0'; rest += strspn(rest, "/")) {
    if (glob->n == MOST_NAMES)
      return false;
    const size_t len = name_len(rest);
    glob->names[glob->n++] =
        (name_t){ rest, len, len == 2 && memcmp(rest, "**", 2) == 0 };
    rest += len;
  }
  return true;
}

static glob_t *glob_new(uv_loop_t *loop, const char *pattern, size_t root) {
  const size_t len = strlen(pattern);
  glob_t *glob = avow__shifts_new(loop, sizeof(*glob) + len + 1);
  if (glob == NULL)
    return NULL;
  glob->shifts.shift = glob_look;
  glob->shifts.free_fn = free_glob;
  memcpy(glob->pattern, pattern, len);
  glob->directories = len > root && pattern[len - 1] == '/';
  glob->found = avow__list_new(8);
  if (glob->found != NULL && avow__tree_init(&glob->tree, pattern, root) == 0)
    return glob;
  avow__shifts_unref(glob);
  return NULL;
}

avow_promise_t *avow_glob(uv_loop_t *loop, const char *pattern) {
  avow__check_ready(loop);
  if (pattern == NULL || pattern[0] == '\0')
    return avow__refuse(loop, UV_EINVAL, "glob",
                        pattern != NULL ? pattern : "NULL");
  if (strlen(pattern) > MOST_BYTES)
    return avow__refuse(loop, UV_ENAMETOOLONG, "glob", pattern);
  const size_t root = path_len(pattern);
  glob_t *glob = glob_new(loop, pattern, root);
  if (glob == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  if (split(glob, glob->pattern + root))
    return avow__shifts_start(&glob->shifts);
  avow__shifts_unref(glob);
  return avow__refuse(loop, UV_EINVAL, "glob", pattern);
}
