/* SPDX-License-Identifier: MIT */
/*
 * Traverses a directory tree. The path grows and shrinks with the depth. A
 * level that was closed early stores the remaining names of its directory.
 */
#include "sys/tree.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "uv/fs_blocking.h"

/* Maximum number of open directories, except one more on the way back. */
enum { MOST_OPEN = 32 };

struct avow__level_s {
  avow__dir_t dir;
  avow__file_id_t id; /* set when it was closed early */
  char *names;        /* each after its type and with a final NUL */
  size_t used, at, room;
  size_t path_len; /* of the directory */
  size_t name_at;
  uint64_t note;
  bool linked;  /* entered through a link: ".." is not the level above */
  int failed;   /* UV_ENOMEM: a name after the stored ones is missing */
  bool ended;   /* there are no more entries */
  bool cut_off; /* there is no way back to the level above */
};

static bool tree_grow(char **block, size_t *room, size_t need) {
  if (need <= *room)
    return true;
  const size_t twice = avow__times(*room, 2);
  const size_t larger = need > twice ? need : twice;
  char *grown = avow_realloc(*block, larger);
  if (grown == NULL)
    return false;
  *block = grown;
  *room = larger;
  return true;
}

int avow__tree_init(avow__tree_t *tree, const char *root, size_t len) {
  *tree = (avow__tree_t){ .len = len,
                          .type = UV_DIRENT_UNKNOWN,
                          .above = { .fd = -1 } };
  if (!tree_grow(&tree->path, &tree->path_room, len + 1))
    return UV_ENOMEM;
  memcpy(tree->path, root, len);
  tree->path[len] = '\0';
  return 0;
}

int avow__tree_hold(avow__tree_t *tree) {
  assert(tree->depth == 0);
  if (tree->above.fd >= 0)
    return 0;
  return avow__dir_open_above(NULL, tree->path, &tree->above, &tree->name_at);
}

/* Releases the deepest level. */
static void pop(avow__tree_t *tree) {
  avow__level_t *level = &tree->levels[--tree->depth];
  avow__dir_close(&level->dir);
  avow_free(level->names);
  if (tree->first_open > tree->depth)
    tree->first_open = tree->depth;
}

void avow__tree_free(avow__tree_t *tree) {
  while (tree->depth > 0)
    pop(tree);
  if (tree->path != NULL)
    avow__dir_close(&tree->above);
  avow_free(tree->levels);
  avow_free(tree->path);
  *tree = (avow__tree_t){ .path = NULL };
}

static int add_name(avow__level_t *level, const char *name,
                    uv_dirent_type_t type) {
  const size_t size = strlen(name) + 1;
  if (!tree_grow(&level->names, &level->room, level->used + 1 + size))
    return UV_ENOMEM;
  level->names[level->used] = (char) type;
  memcpy(level->names + level->used + 1, name, size);
  level->used += 1 + size;
  return 0;
}

/* Returns the stored names first and then reads the others, as avow__dir_read()
   does. */
static int next_name(avow__level_t *level, const char **name,
                     uv_dirent_type_t *type) {
  if (level->at == level->used && level->failed < 0)
    return level->failed;
  if (level->at == level->used)
    return level->dir.stream != NULL ? avow__dir_read(&level->dir, name, type)
                                     : 0;
  *type = (uv_dirent_type_t) level->names[level->at];
  *name = level->names + level->at + 1;
  level->at += strlen(*name) + 2;
  return 1;
}

/* Reads the remaining names of the directory. A name that does not fit into
   memory is lost. */
static int keep_names(avow__level_t *level) {
  const char *name;
  uv_dirent_type_t type;
  while (level->failed == 0) {
    const int n = avow__dir_read(&level->dir, &name, &type);
    if (n <= 0)
      return n;
    level->failed = add_name(level, name, type);
  }
  return level->failed;
}

static int close_level(avow__level_t *level) {
  int err = avow__dir_id(&level->dir, &level->id);
  if (err == 0 && level->dir.stream != NULL)
    err = keep_names(level);
  if (err == 0)
    avow__dir_close(&level->dir);
  return err;
}

/* Closes the highest open directory, unless the next level was entered through
   a link. Patterns have few such levels. */
static int tree_close_one(avow__tree_t *tree) {
  avow__level_t *level = &tree->levels[tree->first_open];
  const int err = level[1].linked ? 0 : close_level(level);
  if (err == 0)
    tree->first_open++;
  return err;
}

static int tree_make_room(avow__tree_t *tree) {
  if (tree->depth < tree->room)
    return 0;
  const size_t room = tree->room == 0 ? 8 : avow__times(tree->room, 2);
  avow__level_t *levels =
      avow_realloc(tree->levels, avow__times(room, sizeof(*tree->levels)));
  if (levels == NULL)
    return UV_ENOMEM;
  tree->levels = levels;
  tree->room = room;
  return 0;
}

static void forget_left(avow__tree_t *tree) {
  if (tree->left)
    pop(tree);
  tree->left = false;
}

/* Returns the directory that contains the current answer. NULL: the working
   directory. */
static const avow__dir_t *dir_above(const avow__tree_t *tree) {
  const size_t above = tree->left ? tree->depth - 1 : tree->depth;
  if (above > 0)
    return &tree->levels[above - 1].dir;
  return tree->above.fd >= 0 ? &tree->above : NULL;
}

avow__place_t avow__tree_place(const avow__tree_t *tree) {
  return (avow__place_t){ .dir = dir_above(tree),
                          .name = tree->path + tree->name_at,
                          .path = tree->path };
}

int avow__tree_enter(avow__tree_t *tree, uint64_t note) {
  forget_left(tree); /* the directory that was left may be entered again */
  int err = tree_make_room(tree);
  if (err == 0 && tree->depth - tree->first_open == MOST_OPEN)
    err = tree_close_one(tree);
  if (err < 0)
    return err;
  const bool linked = tree->type != UV_DIRENT_DIR;
  avow__level_t *level = &tree->levels[tree->depth];
  *level = (avow__level_t){ .path_len = tree->len,
                            .name_at = tree->name_at,
                            .note = note,
                            .linked = linked };
  err = avow__dir_open(avow__tree_place(tree),
                       linked ? AVOW__HOLD_LINKED : AVOW__HOLD, &level->dir);
  if (err == 0)
    tree->depth++;
  return err;
}

int avow__tree_offer(avow__tree_t *tree, const char *name) {
  assert(tree->depth > 0 && !tree->left);
  return add_name(&tree->levels[tree->depth - 1], name, UV_DIRENT_LINK);
}

const avow__dir_t *avow__tree_dir(const avow__tree_t *tree) {
  assert(tree->depth > 0 && !tree->left);
  return &tree->levels[tree->depth - 1].dir;
}

/* Sets the path to "dir/name", or to "name" if the directory is "". */
static int set_path(avow__tree_t *tree, const avow__level_t *level,
                    const char *name) {
  const size_t size = strlen(name) + 1;
  size_t len = level->path_len;
  if (!tree_grow(&tree->path, &tree->path_room, avow__plus(len + 1, size)))
    return UV_ENOMEM;
  if (len > 0 && !avow__disk_is_slash(tree->path[len - 1]))
    tree->path[len++] = '/';
  memcpy(tree->path + len, name, size);
  tree->name_at = len;
  tree->len = len + size - 1;
  return 0;
}

/* Not all file systems report the type of an entry. */
static void look_at_type(avow__tree_t *tree) {
  uv_stat_t stat;
  if (tree->type == UV_DIRENT_UNKNOWN &&
      avow__place_lstat(avow__tree_place(tree), &stat) == 0)
    tree->type = avow__disk_type(&stat);
}

static void go_back_to(avow__tree_t *tree, const avow__level_t *level) {
  tree->len = level->path_len;
  tree->path[tree->len] = '\0';
  tree->name_at = level->name_at;
  tree->type = UV_DIRENT_DIR;
}

static int tree_leave(avow__tree_t *tree) {
  avow__level_t *level = &tree->levels[tree->depth - 1];
  go_back_to(tree, level);
  if (tree->depth > 1 && level[-1].dir.fd < 0 && !level->cut_off) {
    const int err = avow__dir_reopen(&level->dir, level[-1].id, &level[-1].dir);
    if (err < 0)
      return err;
  }
  if (tree->first_open > 0 && tree->first_open == tree->depth - 1)
    tree->first_open--;
  tree->left = true;
  return AVOW__TREE_LEFT;
}

int avow__tree_next(avow__tree_t *tree) {
  forget_left(tree);
  if (tree->depth == 0)
    return AVOW__TREE_END;
  avow__level_t *level = &tree->levels[tree->depth - 1];
  if (level->ended)
    return tree_leave(tree);
  const char *name;
  int found =
      level->dir.fd < 0 ? UV_ENOENT : next_name(level, &name, &tree->type);
  if (found > 0) {
    found = set_path(tree, level, name);
    look_at_type(tree);
    return found < 0 ? found : AVOW__TREE_ENTRY;
  }
  if (found < 0) {
    go_back_to(tree, level);
    return found;
  }
  level->ended = true;
  return tree_leave(tree);
}

void avow__tree_skip(avow__tree_t *tree) {
  assert(tree->depth > 0);
  avow__level_t *level = &tree->levels[tree->depth - 1];
  level->cut_off = level->ended || level->dir.fd < 0;
  level->ended = true;
}

uint64_t avow__tree_note(const avow__tree_t *tree) {
  assert(tree->depth > 0);
  return tree->levels[tree->depth - 1].note;
}
