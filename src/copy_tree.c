/*
 * Copying a tree: a few lanes, each work in turns on the thread pool, take
 * entry after entry from one tree and copy it. Making a directory is part of
 * taking it, under the lock, so it is there before what is in it. It gets its
 * mode and its times when the last of that is done: whoever does that, in
 * whatever lane, is the last to hold the directory.
 */
#include <string.h>

#include "alloc.h"
#include "avow/cancel.h"
#include "avow/combine.h"
#include "copy_entry.h"
#include "disk.h"
#include "tree.h"
#include "turns.h"

enum { LANES = 4, MOST_LANES = 64 };

typedef struct entry_s {
  struct entry_s *next;   /* among those to be told of */
  struct entry_s *parent; /* the directory that it is in; NULL for the root */
  size_t holders; /* a lane or the reader, and what is in the directory */
  uv_stat_t stat; /* of the source; zeros if there is none */
  bool made;      /* a directory that was not there before */
  avow_value_t error;
  char *to;
  char from[];
} entry_t;

typedef struct {
  uint32_t refs; /* on the loop's thread, as deaf */
  bool deaf;     /* the program is not to be told any more */
  avow_copy_options_t options;
  uv_mutex_t mutex; /* for all that follows */
  avow__tree_t tree;
  entry_t *dir; /* the deepest that is read; it holds those above */
  bool started;
  bool stopped;
  uint64_t target_dev, target_ino; /* of the root's copy */
  int64_t copied;
  avow_value_t error; /* that it stopped at */
  entry_t *told;      /* finished, for the program to hear of */
  entry_t **last_told;
  size_t from_len;
  char to[];
} copy_t;

typedef struct {
  avow__turns_t turns;
  copy_t *copy;
} lane_t;

static void entry_free(entry_t *entry) {
  avow__value_unref(entry->error);
  avow__free(entry->to);
  avow__free(entry);
}

/* The target's path and what the tree's has beyond the root's. */
static char *target_of(const copy_t *copy) {
  const char *rest = copy->tree.path + copy->from_len;
  while (avow__disk_is_slash(*rest))
    rest++;
  size_t len = strlen(copy->to);
  const size_t rest_size = strlen(rest) + 1;
  char *path = avow__malloc(avow__plus(len + 1, rest_size));
  if (path == NULL)
    return NULL;
  memcpy(path, copy->to, len);
  if (rest_size > 1)
    path[len++] = '/';
  memcpy(path + len, rest, rest_size);
  return path;
}

/* For what the tree is at. NULL without memory. */
static entry_t *entry_new(const copy_t *copy) {
  const size_t size = copy->tree.len + 1;
  entry_t *entry = avow__calloc(1, sizeof(*entry) + size);
  if (entry == NULL)
    return NULL;
  memcpy(entry->from, copy->tree.path, size);
  entry->to = target_of(copy);
  if (entry->to == NULL) {
    avow__free(entry);
    return NULL;
  }
  entry->holders = 1;
  entry->parent = copy->dir;
  if (entry->parent != NULL)
    entry->parent->holders++;
  return entry;
}

static void fail(entry_t *entry, int err) {
  if (!avow_is_error(&entry->error))
    entry->error = avow__op_error(err, "copy", entry->from);
}

static void stop(copy_t *copy, avow_value_t error) {
  copy->stopped = true;
  if (avow_is_error(&copy->error))
    avow__value_unref(error);
  else
    copy->error = error;
}

static bool is_target(const copy_t *copy, const entry_t *entry) {
  return entry->parent != NULL && entry->stat.st_dev == copy->target_dev &&
         entry->stat.st_ino == copy->target_ino;
}

static int make_dir(copy_t *copy, entry_t *entry) {
  if (is_target(copy, entry))
    return UV_EINVAL;
  const int made = avow__copy_dir(entry->to, &entry->stat);
  entry->made = made > 0;
  uv_stat_t target;
  if (made < 0 || entry->parent != NULL)
    return made < 0 ? made : 0;
  const int err = avow__disk_stat(entry->to, &target);
  if (err < 0)
    return err;
  copy->target_dev = target.st_dev;
  copy->target_ino = target.st_ino;
  return 0;
}

static bool is_dir(const entry_t *entry) {
  return avow__disk_type(&entry->stat) == UV_DIRENT_DIR;
}

/* True if the tree is in it now. */
static bool enter_dir(copy_t *copy, entry_t *entry) {
  int err = make_dir(copy, entry);
  if (err == 0)
    err = avow__tree_enter(&copy->tree, 0);
  if (err < 0)
    fail(entry, err);
  else
    copy->dir = entry;
  return err == 0;
}

/* What is to be copied, or has failed already; NULL for a directory. */
static entry_t *begin(copy_t *copy) {
  entry_t *entry = entry_new(copy);
  if (entry == NULL) {
    stop(copy, avow_error(UV_ENOMEM));
    return NULL;
  }
  const int err =
      avow__place_lstat(avow__tree_place(&copy->tree), &entry->stat);
  copy->tree.type = avow__disk_type(&entry->stat);
  if (err < 0)
    fail(entry, err);
  else if (is_dir(entry) && enter_dir(copy, entry))
    return NULL;
  return entry;
}

static int step(copy_t *copy) {
  if (copy->started)
    return avow__tree_next(&copy->tree);
  copy->started = true;
  return AVOW__TREE_ENTRY;
}

/* False at the end. What the lane is to copy or to let go of, if anything. */
static bool take(copy_t *copy, entry_t **out) {
  *out = NULL;
  if (copy->stopped)
    return false;
  const int next = step(copy);
  if (next == AVOW__TREE_END)
    return false;
  if (next == AVOW__TREE_ENTRY) {
    *out = begin(copy);
    return true;
  }
  if (next < 0) {
    fail(copy->dir, next);
    avow__tree_skip(&copy->tree);
    return true;
  }
  *out = copy->dir;
  copy->dir = copy->dir->parent;
  return true;
}

/* Counts it, and keeps it for the program to hear of. */
static void report(copy_t *copy, entry_t *entry) {
  const bool failed = avow_is_error(&entry->error);
  if (!failed)
    copy->copied++;
  if (copy->options.on_entry != NULL) {
    *copy->last_told = entry;
    copy->last_told = &entry->next;
    return;
  }
  if (failed)
    stop(copy, avow_value_ref(&entry->error));
  entry_free(entry);
}

/* Lets go of it, and of the directories that it was the last in. */
static void finish(copy_t *copy, entry_t *entry) {
  while (entry != NULL) {
    uv_mutex_lock(&copy->mutex);
    const bool held = --entry->holders > 0;
    uv_mutex_unlock(&copy->mutex);
    if (held)
      return;
    const int err =
        entry->made ? avow__copy_dir_end(entry->to, &entry->stat) : 0;
    if (err < 0)
      fail(entry, err);
    entry_t *parent = entry->parent;
    uv_mutex_lock(&copy->mutex);
    report(copy, entry);
    uv_mutex_unlock(&copy->mutex);
    entry = parent;
  }
}

static avow_value_t run_lane(avow__turns_t *turns) {
  copy_t *copy = ((lane_t *) turns)->copy;
  while (!avow__turns_is_over(turns)) {
    entry_t *entry;
    uv_mutex_lock(&copy->mutex);
    const bool more = take(copy, &entry);
    uv_mutex_unlock(&copy->mutex);
    if (!more)
      return avow_int(0);
    if (entry != NULL && !is_dir(entry) && !avow_is_error(&entry->error)) {
      const int err = avow__copy_entry(entry->from, entry->to, &entry->stat,
                                       copy->options.existing);
      if (err < 0)
        fail(entry, err);
    }
    finish(copy, entry);
  }
  return avow_none();
}

static bool hear(const copy_t *copy, const entry_t *entry) {
  const bool failed = avow_is_error(&entry->error);
  const avow_copied_t copied = { .path = entry->from,
                                 .type = avow__disk_type(&entry->stat),
                                 .size =
                                     is_dir(entry) ? 0 : entry->stat.st_size,
                                 .error = failed ? &entry->error : NULL };
  return copy->options.on_entry(&copied, copy->options.data);
}

static entry_t *take_told(copy_t *copy) {
  uv_mutex_lock(&copy->mutex);
  entry_t *told = copy->told;
  copy->told = NULL;
  copy->last_told = &copy->told;
  uv_mutex_unlock(&copy->mutex);
  return told;
}

static void stop_at(copy_t *copy, const entry_t *entry) {
  const bool failed = avow_is_error(&entry->error);
  uv_mutex_lock(&copy->mutex);
  stop(copy, failed ? avow_value_ref(&entry->error) : avow_error(UV_ECANCELED));
  uv_mutex_unlock(&copy->mutex);
}

/* The program hears of all entries, until it has had enough. */
static void after_turn(avow__turns_t *turns) {
  copy_t *copy = ((lane_t *) turns)->copy;
  for (entry_t *entry = take_told(copy); entry != NULL;) {
    entry_t *next = entry->next;
    if (!copy->deaf && !hear(copy, entry)) {
      copy->deaf = true;
      stop_at(copy, entry);
    }
    entry_free(entry);
    entry = next;
  }
}

static void copy_unref(void *data) {
  copy_t *copy = data;
  if (--copy->refs > 0)
    return;
  for (entry_t *entry = copy->told; entry != NULL;) {
    entry_t *next = entry->next;
    entry_free(entry);
    entry = next;
  }
  for (entry_t *dir = copy->dir; dir != NULL;) {
    entry_t *parent = dir->parent;
    entry_free(dir);
    dir = parent;
  }
  avow__value_unref(copy->error);
  avow__tree_free(&copy->tree);
  uv_mutex_destroy(&copy->mutex);
  avow__free(copy);
}

static void abandon(void *data) {
  copy_t *copy = data;
  copy->deaf = true;
  copy_unref(copy);
}

static void free_lane(avow__turns_t *turns) {
  copy_unref(((lane_t *) turns)->copy);
}

static avow_promise_t *start_lane(uv_loop_t *loop, copy_t *copy) {
  lane_t *lane = avow__turns_new(loop, sizeof(*lane));
  if (lane == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  lane->copy = copy;
  copy->refs++;
  lane->turns.turn = run_lane;
  lane->turns.after = copy->options.on_entry != NULL ? after_turn : NULL;
  lane->turns.free_fn = free_lane;
  return avow__turns_start(&lane->turns);
}

static copy_t *copy_new(const char *from, const char *to,
                        const avow_copy_options_t *options) {
  const size_t to_size = strlen(to) + 1;
  copy_t *copy = avow__calloc(1, sizeof(*copy) + to_size);
  if (copy == NULL)
    return NULL;
  if (options != NULL)
    copy->options = *options;
  memcpy(copy->to, to, to_size);
  copy->from_len = avow__disk_trimmed(from);
  copy->refs = 1;
  copy->last_told = &copy->told;
  if (uv_mutex_init(&copy->mutex) == 0) {
    if (avow__tree_init(&copy->tree, from, copy->from_len) == 0)
      return copy;
    uv_mutex_destroy(&copy->mutex);
  }
  avow__free(copy);
  return NULL;
}

static avow_value_t end(const avow_value_t *lanes, void *data) {
  copy_t *copy = data;
  if (avow_is_error(&copy->error))
    return avow_value_ref(&copy->error);
  return avow_int(copy->copied);
}

static bool is_refused(const char *path) {
  return path == NULL || path[0] == '\0';
}

avow_promise_t *avow_copy_tree(uv_loop_t *loop, const char *from,
                               const char *to,
                               const avow_copy_options_t *options) {
  const unsigned at_once = options != NULL ? options->at_once : 0;
  if (is_refused(from) || is_refused(to) || at_once > MOST_LANES)
    return avow__op_refuse(loop, UV_EINVAL, "copy",
                           from != NULL ? from : "NULL");
  copy_t *copy = copy_new(from, to, options);
  if (copy == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  avow_promise_t *lanes[MOST_LANES];
  const size_t n = at_once > 0 ? at_once : LANES;
  for (size_t i = 0; i < n; i++)
    lanes[i] = start_lane(loop, copy);
  avow_promise_t *p = avow_cancel_losers(avow_all(loop, lanes, n));
  return avow_attach(avow_then(p, end, NULL, copy), copy, abandon);
}
