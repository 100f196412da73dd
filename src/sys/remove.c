/* SPDX-License-Identifier: MIT */
/*
 * Removing a tree, files first. Nothing here follows a symbolic link, nor
 * leaves the tree when others exchange what is in it: each entry goes by its
 * name in the directory that is open above it, the root too, so that the
 * program may change its own meanwhile. What is gone already is removed; what
 * the system is not ready for is tried again.
 */
#include "sys/remove.h"

#include <string.h>

#include "avow/tree.h"
#include "sys/tree.h"
#include "uv/fs_blocking.h"

/* Waits of 10 ms and twice as much each time: 630 ms in all. Who looks as often
   as that meets a directory, or none, long before. */
enum { TRIES = 6, FIRST_WAIT = 10, LOOKS = 100 };

typedef enum { NOTHING, FIND, ENTER, UNLINK, RMDIR } todo_t;

typedef struct {
  avow__shifts_t shifts;
  avow__tree_t tree;
  todo_t todo; /* with the tree's path */
  int tries;   /* of that */
  int looks;   /* at what had become something else */
  int64_t removed;
  bool slashed;  /* the path ends in one, as those of directories do */
  bool chosen;   /* only what has these numbers, as what was entered */
  bool is_other; /* which it has not */
  avow__file_id_t id;
  bool to_the_end; /* also when nobody wants it any more */
} remove_t;

static avow__place_t remove_place(const remove_t *remove) {
  return avow__tree_place(&remove->tree);
}

static bool is_chosen(const remove_t *remove, const uv_stat_t *stat) {
  return !remove->chosen || avow__file_is(stat, remove->id);
}

/* Whether this is the root: before it is entered, and once it was left. */
static bool is_at_root(const remove_t *remove) {
  return remove->tree.depth == (remove->tree.left ? 1 : 0);
}

/* A path with a slash behind it says that a directory is there, or a link to
   one. */
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

/* Looks whether the root is the one that was entered, each time that it is
   entered once more. */
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

/* Without memory to look inside, what is empty can go all the same. */
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

/* What comes next, if there is a next: false. */
static int choose(remove_t *remove) {
  const int step = avow__tree_next(&remove->tree);
  if (step == AVOW__TREE_LEFT)
    remove->todo = RMDIR;
  if (step == AVOW__TREE_ENTRY)
    remove->todo = remove->tree.type == UV_DIRENT_DIR ? ENTER : UNLINK;
  return step;
}

/* Whether something is in there that was made meanwhile, or that the system
   forgot to mention. */
static bool is_not_empty(const remove_t *remove, int err) {
  return remove->todo == RMDIR && (err == UV_ENOTEMPTY || err == UV_EEXIST);
}

/* Somebody has put a directory where there was none, or the other way round. */
static bool is_another(const remove_t *remove, int err) {
  return remove->todo >= ENTER && remove->looks < LOOKS &&
         (err == UV_ENOTDIR || err == UV_ELOOP || err == UV_EISDIR);
}

static bool may_pass(const remove_t *remove, int err) {
  return err == UV_EBUSY || err == UV_EMFILE || err == UV_ENFILE ||
         err == UV_EPERM || is_not_empty(remove, err);
}

/* True if the failure is none, or will be tried again. */
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
  if (!may_pass(remove, err) || remove->tries == TRIES)
    return false;
  if (is_not_empty(remove, err))
    remove->todo = ENTER;
  if (err == UV_EPERM && remove->todo == UNLINK)
    remove->todo = FIND; /* a directory, as POSIX has it */
  remove->shifts.wait = (uint64_t) FIRST_WAIT << remove->tries;
  remove->tries++;
  return true;
}

/* What there is to do, or the next step to it. */
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
    ((remove_t *) shifts)->to_the_end = false; /* it is there */
  return end;
}

/* The loop's end came first. */
static void remove_finish(remove_t *remove) {
  remove->shifts.chore = NULL;
  avow_value_t end = avow_none();
  while (end.tag == AVOW_NONE) {
    uv_sleep((unsigned) remove->shifts.wait);
    remove->shifts.wait = 0;
    end = remove_some(&remove->shifts);
  }
  avow__value_unref(end); /* nobody is left to hear a failure */
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
    avow__shifts_unref(remove); /* here and now */
}

/* These are not what anybody means, and the system would see that too late. */
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
