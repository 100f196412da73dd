/* SPDX-License-Identifier: MIT */
/*
 * Copies a tree. Several lanes work in shifts on the thread pool. Each lane
 * takes entry after entry from one tree and copies it. Under the lock, taking
 * an entry opens the original or creates the directory, so a directory exists
 * before its entries. A directory gets its mode and times when its last entry
 * is done. The lane that finishes that entry is the last holder of the
 * directory.
 */
#include <string.h>

#include "avow/cancel.h"
#include "avow/combine.h"
#include "base/alloc.h"
#include "base/options_check.h"
#include "sys/copy_entry.h"
#include "sys/metadata.h"
#include "sys/sliced_work.h"
#include "sys/tree.h"
#include "uv/fs_blocking.h"

enum { LANES = 4, MOST_LANES = 64, REGULAR = 0100000 };

typedef avow__copied_t entry_t;

typedef struct {
  uint32_t refs; /* on the loop's thread, like `deaf` */
  bool deaf;     /* the program must not be called any more */
  avow_copy_options_t options;
  uv_mutex_t mutex; /* for all fields below */
  avow__tree_t tree;
  avow__dir_t above; /* directory of the copy */
  size_t to_at;      /* where the copy's name starts in `to` */
  entry_t *dir;      /* the deepest entered directory; it holds those above */
  size_t closed;     /* levels whose copies the descent has closed */
  bool started;
  bool stopped;
  avow__file_id_t target; /* the root's copy */
  int64_t copied;
  avow_value_t error; /* that stopped the copy */
  entry_t *told;      /* finished entries to report to the program */
  entry_t **last_told;
  char to[];
} copy_t;

typedef struct {
  avow__shifts_t shifts;
  copy_t *copy;
} lane_t;

static bool copy_tree_is_dir(const entry_t *entry) {
  return avow__disk_type(&entry->stat) == UV_DIRENT_DIR;
}

/* Returns the directory of the root's copy. NULL: the working directory. */
static const avow__dir_t *above(const copy_t *copy) {
  return copy->above.fd >= 0 ? &copy->above : NULL;
}

/* Sets *out to the place of the entry's copy. The caller frees *path after it
   has used *out. */
static int copy_tree_place_of(const copy_t *copy, const entry_t *entry,
                              char **path, avow__place_t *out) {
  const entry_t *parent = entry->parent;
  *path = AVOW__PLACES_ARE_PATHS ? avow__copied_path(entry, copy->to) : NULL;
  *out = (avow__place_t){ .dir = parent != NULL ? &parent->to : above(copy),
                          .name = parent != NULL ? entry->name
                                                 : copy->to + copy->to_at,
                          .path = *path };
  if (AVOW__PLACES_ARE_PATHS && *path == NULL)
    return UV_ENOMEM;
  return parent != NULL && parent->to.fd < 0 ? UV_ENOENT : 0;
}

static void copy_tree_stop(copy_t *copy, avow_value_t error) {
  copy->stopped = true;
  if (avow_is_error(&copy->error))
    avow__value_unref(error);
  else
    copy->error = error;
}

static bool is_target(const copy_t *copy, const entry_t *entry) {
  return entry->parent != NULL && avow__file_is(&entry->stat, copy->target);
}

static int make_dir(copy_t *copy, entry_t *entry) {
  char *path;
  avow__place_t place;
  if (is_target(copy, entry))
    return UV_EINVAL;
  int err = copy_tree_place_of(copy, entry, &path, &place);
  if (err == 0)
    err = avow__copied_make_dir(entry, place, copy->options.keep);
  avow_free(path);
  if (err == 0 && entry->parent == NULL)
    copy->target = entry->to_id;
  return err;
}

/* Returns the directory that was entered at this level of the tree. */
static entry_t *dir_of_level(const copy_t *copy, size_t level) {
  entry_t *dir = copy->dir;
  for (size_t i = copy->tree.depth - 1; i > level; i--)
    dir = dir->parent;
  return dir;
}

/* The descent uses the copies of the directories that the tree has open. */
static void descend_into(copy_t *copy, entry_t *dir) {
  copy->dir = dir;
  for (; copy->closed < copy->tree.first_open; copy->closed++)
    avow__copied_unuse(dir_of_level(copy, copy->closed));
}

/* Goes back to the parent of the directory that was entered. The lane then
   holds and uses that directory. If the parent cannot be reopened, its
   remaining entries fail. */
static entry_t *leave_dir(copy_t *copy) {
  entry_t *left = copy->dir;
  copy->dir = left->parent;
  if (copy->closed > copy->tree.first_open) {
    (void) avow__copied_reopen(left->parent, &left->to);
    left->parent->users++;
    copy->closed--;
  }
  return left;
}

/* Enters a directory of the source. Returns true if the tree is in it now. */
static bool copy_tree_enter_dir(copy_t *copy, entry_t *entry) {
  int err = make_dir(copy, entry);
  if (err == 0)
    err = avow__tree_enter(&copy->tree, 0);
  if (err < 0) {
    avow__copied_fail(entry, err);
    return false;
  }
  if (entry->made && copy->options.keep == AVOW_KEEP_ALL)
    err = avow__metadata_copy_dir(avow__tree_dir(&copy->tree), &entry->to,
                                  &entry->stat);
  if (err < 0)
    avow__copied_fail(entry, err); /* and is filled nevertheless */
  if (entry->uses_parent)
    avow__copied_unuse(entry->parent);
  entry->uses_parent = false;
  descend_into(copy, entry);
  return true;
}

static entry_t *entry_new(const copy_t *copy) {
  const avow__tree_t *tree = &copy->tree;
  const size_t at = copy->dir != NULL ? tree->name_at : 0;
  return avow__copied_new(copy->dir, tree->path + at, tree->len - at);
}

/* Opens the directory of the copy. A failure is an error of the target, not of
   the source. */
static int hold_target(copy_t *copy, entry_t *root) {
  const int err =
      avow__dir_open_above(NULL, copy->to, &copy->above, &copy->to_at);
  if (err < 0)
    root->error = avow__error_of(err, "copy", copy->to);
  return err;
}

/* The parent directory has reported that the entry is a file. The rest of the
   stat is read when the file is opened. */
static int look_at_stat(const copy_t *copy, entry_t *entry) {
  if (AVOW__PLACES_ARE_PATHS || copy->tree.type != UV_DIRENT_FILE)
    return avow__place_lstat(avow__tree_place(&copy->tree), &entry->stat);
  entry->stat.st_mode = REGULAR;
  return 0;
}

/* This function is the only one that resolves the two paths. */
static int copy_tree_look_at(copy_t *copy, entry_t *entry) {
  const bool is_root = entry->parent == NULL;
  int err = is_root ? avow__tree_hold(&copy->tree) : 0;
  if (err == 0)
    err = look_at_stat(copy, entry);
  if (err == 0 && is_root)
    err = hold_target(copy, entry);
  copy->tree.type = avow__disk_type(&entry->stat);
  return err;
}

/* Returns an entry to copy, or one that has failed. Returns NULL for a
   directory that was entered. */
static entry_t *copy_tree_begin(copy_t *copy) {
  entry_t *entry = entry_new(copy);
  if (entry == NULL) {
    copy_tree_stop(copy, avow_error(UV_ENOMEM));
    return NULL;
  }
  int err = copy_tree_look_at(copy, entry);
  if (err == 0 && copy_tree_is_dir(entry))
    return copy_tree_enter_dir(copy, entry) ? NULL : entry;
  if (err == 0)
    err = avow__copied_open(entry, avow__tree_place(&copy->tree));
  if (err < 0)
    avow__copied_fail(entry, err);
  return entry;
}

static int copy_tree_step(copy_t *copy) {
  if (copy->started)
    return avow__tree_next(&copy->tree);
  copy->started = true;
  return AVOW__TREE_ENTRY;
}

/* Takes the next entry for the lane to copy or to release, if any. Returns
   false at the end. */
static bool copy_tree_take(copy_t *copy, entry_t **out) {
  *out = NULL;
  if (copy->stopped)
    return false;
  const int next = copy_tree_step(copy);
  if (next == AVOW__TREE_END)
    return false;
  if (next == AVOW__TREE_ENTRY) {
    *out = copy_tree_begin(copy);
    return true;
  }
  if (next < 0) {
    avow__copied_fail(copy->dir, next);
    avow__tree_skip(&copy->tree);
    return true;
  }
  *out = leave_dir(copy);
  return true;
}

/* Counts the entry, and keeps it to report it to the program. */
static void copy_tree_report(copy_t *copy, entry_t *entry) {
  const bool failed = avow_is_error(&entry->error);
  if (!failed)
    copy->copied++;
  if (copy->options.on_entry != NULL) {
    *copy->last_told = entry;
    copy->last_told = &entry->next;
    return;
  }
  if (failed)
    copy_tree_stop(copy, avow_value_ref(&entry->error));
  avow__copied_free(entry);
}

/* Releases an entry. Returns true to the last holder, which still uses the
   entry. */
static bool copy_tree_let_go(copy_t *copy, entry_t *entry, bool uses) {
  uv_mutex_lock(&copy->mutex);
  const bool last = --entry->holders == 0;
  if (!last && uses)
    avow__copied_unuse(entry);
  uv_mutex_unlock(&copy->mutex);
  return last;
}

/* Finishes a directory that was created, after all its entries. The lane is its
   only holder. The caller continues with the directories above, up to one that
   existed before. */
static void end_dir(copy_t *copy, entry_t *dir, const avow__dir_t *below) {
  char *path = NULL;
  avow__place_t place = { .dir = NULL };
  int err = avow__copied_reopen(dir, below);
  if (AVOW__PLACES_ARE_PATHS && err == 0)
    err = copy_tree_place_of(copy, dir, &path, &place);
  if (err == 0)
    err =
        avow__metadata_end_dir(place, &dir->to, &dir->stat, copy->options.keep);
  if (err < 0)
    avow__copied_fail(dir, err);
  avow_free(path);
}

/* Releases the entry, and each directory whose last holder was an entry below
   it. */
static void copy_tree_finish(copy_t *copy, entry_t *entry) {
  avow__dir_t below = { .fd = -1 };
  bool uses = true;
  while (entry != NULL && copy_tree_let_go(copy, entry, uses)) {
    entry_t *parent = entry->parent;
    uses = entry->uses_parent;
    if (entry->made)
      end_dir(copy, entry, &below);
    avow__dir_close(&below);
    below = entry->to;
    entry->to = (avow__dir_t){ .fd = -1 };
    uv_mutex_lock(&copy->mutex);
    copy_tree_report(copy, entry);
    uv_mutex_unlock(&copy->mutex);
    entry = parent;
  }
  avow__dir_close(&below);
}

static void copy_entry(copy_t *copy, entry_t *entry,
                       const avow__chore_t *chore) {
  const avow__copying_t copying = { &entry->original, &entry->stat,
                                    &copy->options, chore };
  char *path;
  avow__place_t place;
  int err = copy_tree_place_of(copy, entry, &path, &place);
  if (err == 0)
    err = avow__copy_entry(&copying, place);
  avow_free(path);
  avow__original_close(&entry->original);
  if (err < 0)
    avow__copied_fail(entry, err);
}

static avow_value_t run_lane(avow__shifts_t *shifts) {
  copy_t *copy = ((lane_t *) shifts)->copy;
  while (!avow__shifts_is_over(shifts)) {
    entry_t *entry;
    uv_mutex_lock(&copy->mutex);
    const bool more = copy_tree_take(copy, &entry);
    uv_mutex_unlock(&copy->mutex);
    if (!more)
      return avow_int(0);
    if (entry != NULL && !copy_tree_is_dir(entry) &&
        !avow_is_error(&entry->error))
      copy_entry(copy, entry, shifts->chore);
    copy_tree_finish(copy, entry);
  }
  return avow_none();
}

static entry_t *take_told(copy_t *copy) {
  uv_mutex_lock(&copy->mutex);
  entry_t *told = copy->told;
  copy->told = NULL;
  copy->last_told = &copy->told;
  uv_mutex_unlock(&copy->mutex);
  return told;
}

static void stop_from_outside(copy_t *copy, avow_value_t error) {
  uv_mutex_lock(&copy->mutex);
  copy_tree_stop(copy, error);
  uv_mutex_unlock(&copy->mutex);
}

/* Reports an entry to the program. Returns false if the program stops the copy,
   or if out of memory. */
static bool tell_program(copy_t *copy, const entry_t *entry) {
  const bool failed = avow_is_error(&entry->error);
  char *path = avow__copied_path(entry, NULL);
  if (path == NULL) {
    stop_from_outside(copy, avow_error(UV_ENOMEM));
    return false;
  }
  const avow_copied_t copied = { .path = path,
                                 .type = avow__disk_type(&entry->stat),
                                 .size = copy_tree_is_dir(entry)
                                             ? 0
                                             : entry->stat.st_size,
                                 .error = failed ? &entry->error : NULL };
  const bool goes_on = copy->options.on_entry(&copied, copy->options.data);
  avow_free(path);
  if (!goes_on)
    stop_from_outside(copy, failed ? avow_value_ref(&entry->error)
                                   : avow_error(UV_ECANCELED));
  return goes_on;
}

/* Reports all entries until the program stops the copy. */
static void after_shift(avow__shifts_t *shifts) {
  copy_t *copy = ((lane_t *) shifts)->copy;
  if (avow__chore_is_unwanted(shifts->chore))
    return;
  for (entry_t *entry = take_told(copy); entry != NULL;) {
    entry_t *next = entry->next;
    if (!copy->deaf && !tell_program(copy, entry))
      copy->deaf = true;
    avow__copied_free(entry);
    entry = next;
  }
}

static void copy_unref(void *data) {
  copy_t *copy = data;
  if (--copy->refs > 0)
    return;
  for (entry_t *entry = copy->told; entry != NULL;) {
    entry_t *next = entry->next;
    avow__copied_free(entry);
    entry = next;
  }
  for (entry_t *dir = copy->dir; dir != NULL;) {
    entry_t *parent = dir->parent;
    avow__copied_free(dir);
    dir = parent;
  }
  avow__value_unref(copy->error);
  avow__tree_free(&copy->tree);
  avow__dir_close(&copy->above);
  uv_mutex_destroy(&copy->mutex);
  avow_free(copy);
}

static void copy_tree_abandon(void *data) {
  copy_t *copy = data;
  copy->deaf = true;
  copy_unref(copy);
}

static void free_lane(avow__shifts_t *shifts) {
  copy_unref(((lane_t *) shifts)->copy);
}

static avow_promise_t *start_lane(uv_loop_t *loop, copy_t *copy) {
  lane_t *lane = avow__shifts_new(loop, sizeof(*lane));
  if (lane == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  lane->copy = copy;
  copy->refs++;
  lane->shifts.shift = run_lane;
  lane->shifts.after = copy->options.on_entry != NULL ? after_shift : NULL;
  lane->shifts.free_fn = free_lane;
  return avow__shifts_start(&lane->shifts);
}

static copy_t *copy_new(const char *from, const char *to,
                        const avow_copy_options_t *options) {
  const size_t to_size = strlen(to) + 1;
  copy_t *copy = avow_calloc(1, sizeof(*copy) + to_size);
  if (copy == NULL)
    return NULL;
  if (options != NULL)
    copy->options = *options;
  memcpy(copy->to, to, to_size);
  copy->refs = 1;
  copy->above.fd = -1;
  copy->last_told = &copy->told;
  if (uv_mutex_init(&copy->mutex) == 0) {
    if (avow__tree_init(&copy->tree, from, avow__disk_trimmed(from)) == 0)
      return copy;
    uv_mutex_destroy(&copy->mutex);
  }
  avow_free(copy);
  return NULL;
}

static avow_value_t copy_tree_end(const avow_value_t *lanes, void *data) {
  copy_t *copy = data;
  if (avow_is_error(&copy->error))
    return avow_value_ref(&copy->error);
  return avow_int(copy->copied);
}

static bool copy_tree_is_refused(const char *path) {
  return path == NULL || path[0] == '\0';
}

/* An unknown kind must not be taken for one that overwrites. */
static bool copy_options_are_refused(const avow_copy_options_t *options) {
  return options->concurrency > MOST_LANES ||
         (unsigned) options->existing > AVOW_EXISTING_KEEP ||
         (unsigned) options->keep > AVOW_KEEP_ALL;
}

static int copy_tree_check(const char *from, const char *to,
                           const avow_copy_options_t *options) {
  if (copy_tree_is_refused(from) || copy_tree_is_refused(to) ||
      (options != NULL && copy_options_are_refused(options)))
    return UV_EINVAL;
  return AVOW__RESERVED(options);
}

avow_promise_t *avow_copy_tree(uv_loop_t *loop, const char *from,
                               const char *to,
                               const avow_copy_options_t *options) {
  avow__check_ready(loop);
  const unsigned concurrency = options != NULL ? options->concurrency : 0;
  const int err = copy_tree_check(from, to, options);
  if (err != 0) {
    const char *named =
        copy_tree_is_refused(from) || !copy_tree_is_refused(to) ? from : to;
    return avow__refuse(loop, err, "copy", named != NULL ? named : "NULL");
  }
  copy_t *copy = copy_new(from, to, options);
  if (copy == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  avow_promise_t *lanes[MOST_LANES];
  const size_t n = concurrency > 0 ? concurrency : LANES;
  for (size_t i = 0; i < n; i++)
    lanes[i] = start_lane(loop, copy);
  avow_promise_t *p = avow_cancel_losers(avow_all(loop, lanes, n));
  return avow_attach(avow_then(p, copy_tree_end, NULL, copy), copy,
                     copy_tree_abandon);
}
