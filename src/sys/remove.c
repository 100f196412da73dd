/* SPDX-License-Identifier: MIT */
/*
 * Removes a tree, files first. This code never follows a symbolic link and
 * never leaves the tree, even if other processes exchange entries. Each entry
 * is removed by its name in the open directory above it. This includes the
 * root, so the program may change its working directory meanwhile. An entry
 * that is already missing counts as removed. Operations that the system refuses
 * for a moment are tried again.
 */
#include "sys/remove.h"

#include <string.h>

#include "avow/tree.h"
#include "sys/tree.h"
#include "uv/fs_blocking.h"

/* Waits of 10 ms, doubled each time: 630 ms in total. An entry that changes its
   type is looked at up to LOOKS times. */
enum { REMOVE_TRIES = 6, FIRST_WAIT = 10, LOOKS = 100 };

typedef enum { NOTHING, FIND, ENTER, UNLINK, RMDIR } todo_t;

typedef struct {
  avow__shifts_t shifts;
  avow__tree_t tree;
  todo_t todo; /* for the path of the tree */
  int tries;   /* retries of `todo` */
  int looks;   /* at entries that changed their type */
  int64_t removed;
  bool slashed;  /* the path ends with a slash, as for a directory */
  bool chosen;   /* only a root with `id` is removed; set when it is entered */
  bool is_other; /* the root has another id */
  avow__file_id_t id;
  bool to_the_end; /* even if it is no longer wanted */
} remove_t;

static avow__place_t remove_place(const remove_t *remove) {
  return avow__tree_place(&remove->tree);
}

static bool is_chosen(const remove_t *remove, const uv_stat_t *stat) {
  return !remove->chosen || avow__file_is(stat, remove->id);
}

/* Whether the tree is at the root, before it is entered or after it was
   left. */
static bool is_at_root(const remove_t *remove) {
  return remove->tree.depth == (remove->tree.left ? 1 : 0);
}

/* A path with a final slash must be a directory, or a link to one. */
static bool is_no_directory(const remove_t *remove) {
  return remove->slashed && remove->tree.type != UV_DIRENT_DIR &&
         remove->tree.type != UV_DIRENT_LINK;
}

static int remove_find(remove_t *remove) {
  uv_stat_t stat;
  int err = remove->tree.depth == 0 ? avow__tree_hold(&remove->tree) : 0;
  if (err == 0)
    err = avow__place_lstat(remove_place(remove), &stat);
  if (err != 0)
    return err == UV_ENOTDIR ? UV_ENOENT : err;
  if (is_at_root(remove) && !is_chosen(remove, &stat))
    return UV_ENOENT;
  remove->tree.type = avow__disk_type(&stat);
  if (is_at_root(remove) && is_no_directory(remove))
    return UV_ENOTDIR;
  remove->todo = remove->tree.type == UV_DIRENT_DIR ? ENTER : UNLINK;
  return 0;
}

static int remove_count(remove_t *remove, int err) {
  if (err < 0)
    return err;
  remove->todo = NOTHING;
  remove->removed++;
  remove->tries = remove->looks = 0;
  return 0;
}

void avow__remove_only(avow__shifts_t *shifts, avow__file_id_t id) {
  remove_t *remove = (remove_t *) shifts;
  remove->chosen = true;
  remove->id = id;
}

/* Checks, each time that the root is entered, that it is the same directory. */
static int look_at_root(remove_t *remove) {
  uv_stat_t stat;
  if (AVOW__PLACES_ARE_PATHS)
    return 0;
  const int err = avow__dir_stat(avow__tree_dir(&remove->tree), &stat);
  if (err == 0 && !remove->chosen)
    avow__remove_only(&remove->shifts, avow__file_id(&stat));
  remove->is_other = err < 0 || !is_chosen(remove, &stat);
  return err;
}

/* Out of memory, an empty directory can still be removed. */
static int remove_enter(remove_t *remove) {
  const int err = avow__tree_enter(&remove->tree, 0);
  if (err == UV_ENOMEM && avow__place_rmdir(remove_place(remove)) == 0)
    return remove_count(remove, 0);
  remove->todo = err < 0 ? ENTER : NOTHING;
  return err == 0 && remove->tree.depth == 1 ? look_at_root(remove) : err;
}

static int do_it(remove_t *remove) {
  if (remove->todo == FIND)
    return remove_find(remove);
  if (remove->todo == ENTER)
    return remove_enter(remove);
  assert(remove->todo != NOTHING);
  return remove_count(remove, remove->todo == RMDIR
                                  ? avow__place_rmdir(remove_place(remove))
                                  : avow__place_unlink(remove_place(remove)));
}

/* Chooses the next operation. Returns the step of the tree. */
static int choose(remove_t *remove) {
  const int step = avow__tree_next(&remove->tree);
  if (step == AVOW__TREE_LEFT)
    remove->todo = RMDIR;
  if (step == AVOW__TREE_ENTRY)
    remove->todo = remove->tree.type == UV_DIRENT_DIR ? ENTER : UNLINK;
  return step;
}

/* Whether the directory has an entry that was created meanwhile, or that the
   system did not list. */
static bool is_not_empty(const remove_t *remove, int err) {
  return remove->todo == RMDIR && (err == UV_ENOTEMPTY || err == UV_EEXIST);
}

/* Whether another process has replaced a directory with another type, or the
   other way around. */
static bool is_another(const remove_t *remove, int err) {
  return remove->todo >= ENTER && remove->looks < LOOKS &&
         (err == UV_ENOTDIR || err == UV_ELOOP || err == UV_EISDIR);
}

static bool may_pass(const remove_t *remove, int err) {
  return err == UV_EBUSY || err == UV_EMFILE || err == UV_ENFILE ||
         err == UV_EPERM || is_not_empty(remove, err);
}

/* Returns true if the error can be ignored or the operation will be tried
   again. */
static bool is_survived(remove_t *remove, int err) {
  if (err == UV_ENOENT && remove->todo != NOTHING) {
    remove->todo = NOTHING;
    return true;
  }
  if (is_another(remove, err)) {
    remove->todo = FIND;
    remove->looks++;
    return true;
  }
  if (!may_pass(remove, err) || remove->tries == REMOVE_TRIES)
    return false;
  if (is_not_empty(remove, err))
    remove->todo = ENTER;
  if (err == UV_EPERM && remove->todo == UNLINK)
    remove->todo = FIND; /* POSIX reports this for a directory */
  remove->shifts.wait = (uint64_t) FIRST_WAIT << remove->tries;
  remove->tries++;
  return true;
}

/* Runs the pending operation, or chooses the next one. */
static int remove_go_on(remove_t *remove) {
  if (remove->is_other)
    return AVOW__TREE_END;
  if (remove->todo == NOTHING)
    return choose(remove);
  const int err = do_it(remove);
  return err < 0 ? err : AVOW__TREE_ENTRY;
}

static avow_value_t remove_some(avow__shifts_t *shifts) {
  remove_t *remove = (remove_t *) shifts;
  while (!avow__shifts_is_over(shifts) && shifts->wait == 0) {
    const int step = remove_go_on(remove);
    if (step == AVOW__TREE_END)
      return avow_int(remove->removed);
    if (step < 0 && !is_survived(remove, step))
      return avow__error_of(step, "remove", remove->tree.path);
  }
  return avow_none();
}

static avow_value_t remove_in_shift(avow__shifts_t *shifts) {
  const avow_value_t end = remove_some(shifts);
  if (end.tag != AVOW_NONE)
    ((remove_t *) shifts)->to_the_end = false; /* the removal has ended */
  return end;
}

/* Finishes the removal if the loop ended first. */
static void remove_finish(remove_t *remove) {
  remove->shifts.chore = NULL;
  avow_value_t end = avow_none();
  while (end.tag == AVOW_NONE) {
    uv_sleep((unsigned) remove->shifts.wait);
    remove->shifts.wait = 0;
    end = remove_some(&remove->shifts);
  }
  avow__value_unref(end); /* the error cannot be reported */
}

static void free_remove(avow__shifts_t *shifts) {
  remove_t *remove = (remove_t *) shifts;
  if (remove->to_the_end)
    remove_finish(remove);
  avow__tree_free(&remove->tree);
}

avow__shifts_t *avow__remove_new(uv_loop_t *loop, const char *path) {
  remove_t *remove = avow__shifts_new(loop, sizeof(*remove));
  if (remove == NULL)
    return NULL;
  remove->shifts.shift = remove_in_shift;
  remove->shifts.free_fn = free_remove;
  remove->todo = FIND;
  const size_t len = avow__disk_trimmed(path);
  remove->slashed = path[len] != '\0';
  if (avow__tree_init(&remove->tree, path, len) == 0)
    return &remove->shifts;
  avow__shifts_unref(remove);
  return NULL;
}

void avow__remove_to_the_end(avow__shifts_t *remove) {
  ((remove_t *) remove)->to_the_end = true;
  if (avow__loop_table_find(remove->loop) != NULL)
    avow_unref(avow__shifts_start(remove));
  else
    avow__shifts_unref(remove); /* removes the rest in this call */
}

/* Refuses paths that are mistakes. The system would notice them too late. */
static bool remove_is_refused(const char *path) {
  const char *name = path + avow__disk_name_at(path);
  const size_t len = avow__disk_trimmed(name);
  return len == 0 || (len <= 2 && strncmp(name, "..", len) == 0) ||
         avow__disk_is_slash(name[0]);
}

avow_promise_t *avow_remove_tree(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  if (path == NULL || remove_is_refused(path))
    return avow__refuse(loop, UV_EINVAL, "remove",
                        path != NULL ? path : "NULL");
  avow__shifts_t *remove = avow__remove_new(loop, path);
  if (remove == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  return avow__shifts_start(remove);
}
