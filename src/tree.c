/*
 * Going through a directory tree. The path grows and shrinks with the depth;
 * a level has the names that were read of its directory and not answered yet.
 */
#include "tree.h"

#include <assert.h>
#include <string.h>

#include "alloc.h"
#include "disk.h"

/* Entries read in one go, and directories open at a time. */
enum { BATCH = 64, MOST_OPEN = 32 };

struct avow__level_s {
  uv_dir_t *dir; /* NULL once it is read and closed */
  char *names;   /* each with its type before and a NUL behind */
  size_t used, at, room;
  size_t path_len; /* of the directory's */
  uint64_t note;
};

static bool grow(char **block, size_t *room, size_t need) {
  if (need <= *room)
    return true;
  const size_t twice = avow__times(*room, 2);
  const size_t larger = need > twice ? need : twice;
  char *grown = avow__realloc(*block, larger);
  if (grown == NULL)
    return false;
  *block = grown;
  *room = larger;
  return true;
}

int avow__tree_init(avow__tree_t *tree, const char *root, size_t len) {
  *tree = (avow__tree_t){ .len = len, .type = UV_DIRENT_UNKNOWN };
  if (!grow(&tree->path, &tree->path_room, len + 1))
    return UV_ENOMEM;
  memcpy(tree->path, root, len);
  tree->path[len] = '\0';
  return 0;
}

static void close_dir(avow__level_t *level) {
  if (level->dir == NULL)
    return;
  uv_fs_t req;
  (void) uv_fs_closedir(NULL, &req, level->dir, NULL); /* only read from */
  uv_fs_req_cleanup(&req);
  level->dir = NULL;
}

/* Lets go of the level deepest down. */
static void pop(avow__tree_t *tree) {
  avow__level_t *level = &tree->levels[--tree->depth];
  close_dir(level);
  avow__free(level->names);
  if (tree->first_open > tree->depth)
    tree->first_open = tree->depth;
}

void avow__tree_free(avow__tree_t *tree) {
  while (tree->depth > 0)
    pop(tree);
  avow__free(tree->levels);
  avow__free(tree->path);
  *tree = (avow__tree_t){ .path = NULL };
}

static int add_names(avow__level_t *level, const uv_dirent_t *entries, int n) {
  for (int i = 0; i < n; i++) {
    assert(entries[i].name != NULL);
    const size_t size = strlen(entries[i].name) + 1;
    if (!grow(&level->names, &level->room, level->used + 1 + size))
      return UV_ENOMEM;
    level->names[level->used] = (char) entries[i].type;
    memcpy(level->names + level->used + 1, entries[i].name, size);
    level->used += 1 + size;
  }
  return n;
}

/* Adds what is read in one go. How many; 0 at the end. */
static int read_batch(avow__level_t *level) {
  /* No analyser sees libuv fill them. */
  uv_dirent_t entries[BATCH] = { { .name = NULL } };
  level->dir->dirents = entries;
  level->dir->nentries = BATCH;
  uv_fs_t req;
  int n = uv_fs_readdir(NULL, &req, level->dir, NULL);
  if (n > 0)
    n = add_names(level, entries, n);
  uv_fs_req_cleanup(&req);
  return n;
}

/* Reads what is left of the directory furthest up that is open. */
static int close_one(avow__tree_t *tree) {
  avow__level_t *level = &tree->levels[tree->first_open];
  int n;
  do {
    n = read_batch(level);
  } while (n > 0);
  if (n < 0)
    return n;
  close_dir(level);
  tree->first_open++;
  return 0;
}

static int make_room(avow__tree_t *tree) {
  if (tree->depth < tree->room)
    return 0;
  const size_t room = tree->room == 0 ? 8 : avow__times(tree->room, 2);
  avow__level_t *levels =
      avow__realloc(tree->levels, avow__times(room, sizeof(*tree->levels)));
  if (levels == NULL)
    return UV_ENOMEM;
  tree->levels = levels;
  tree->room = room;
  return 0;
}

static int open_dir(const char *path, uv_dir_t **out) {
  uv_fs_t req;
  const int err = uv_fs_opendir(NULL, &req, path[0] != '\0' ? path : ".", NULL);
  *out = req.ptr;
  uv_fs_req_cleanup(&req);
  return err;
}

static void forget_left(avow__tree_t *tree) {
  if (tree->left)
    pop(tree);
  tree->left = false;
}

int avow__tree_enter(avow__tree_t *tree, uint64_t note) {
  forget_left(tree); /* to enter what was left once more */
  int err = make_room(tree);
  if (err == 0 && tree->depth - tree->first_open == MOST_OPEN)
    err = close_one(tree);
  if (err < 0)
    return err;
  avow__level_t *level = &tree->levels[tree->depth];
  *level = (avow__level_t){ .path_len = tree->len, .note = note };
  err = open_dir(tree->path, &level->dir);
  if (err == 0)
    tree->depth++;
  return err;
}

/* "dir/name" in place of what the path was, "name" alone in "". */
static int set_path(avow__tree_t *tree, const avow__level_t *level,
                    const char *name) {
  const size_t size = strlen(name) + 1;
  size_t len = level->path_len;
  if (!grow(&tree->path, &tree->path_room, avow__plus(len + 1, size)))
    return UV_ENOMEM;
  if (len > 0 && !avow__disk_is_slash(tree->path[len - 1]))
    tree->path[len++] = '/';
  memcpy(tree->path + len, name, size);
  tree->name_at = len;
  tree->len = len + size - 1;
  return 0;
}

/* Not all file systems say what an entry is. */
static void look_at_type(avow__tree_t *tree) {
  uv_stat_t stat;
  if (tree->type == UV_DIRENT_UNKNOWN &&
      avow__disk_lstat(tree->path, &stat) == 0)
    tree->type = avow__disk_type(&stat);
}

static int leave(avow__tree_t *tree) {
  tree->len = tree->levels[tree->depth - 1].path_len;
  tree->path[tree->len] = '\0';
  tree->type = UV_DIRENT_DIR;
  return AVOW__TREE_LEFT;
}

int avow__tree_next(avow__tree_t *tree) {
  forget_left(tree);
  if (tree->depth == 0)
    return AVOW__TREE_END;
  avow__level_t *level = &tree->levels[tree->depth - 1];
  if (level->at == level->used && level->dir != NULL) {
    level->at = level->used = 0;
    const int n = read_batch(level);
    if (n < 0) {
      (void) leave(tree); /* so that the path is that of the failure */
      return n;
    }
  }
  if (level->at == level->used) {
    tree->left = true;
    return leave(tree);
  }
  tree->type = (uv_dirent_type_t) level->names[level->at];
  const char *name = level->names + level->at + 1;
  level->at += strlen(name) + 2;
  const int err = set_path(tree, level, name);
  if (err == 0)
    look_at_type(tree);
  return err < 0 ? err : AVOW__TREE_ENTRY;
}

void avow__tree_skip(avow__tree_t *tree) {
  assert(tree->depth > 0);
  tree->left = true;
}

uint64_t avow__tree_note(const avow__tree_t *tree) {
  assert(tree->depth > 0);
  return tree->levels[tree->depth - 1].note;
}
