/* SPDX-License-Identifier: MIT */
/*
 * Walks a tree: a channel whose source reads a batch of entries in a shift on
 * the thread pool. It reads the next batch when the channel wants more. The
 * channel and the shift each have a reference to the walk. While a shift runs,
 * only the shift uses the tree.
 */
#include <string.h>

#include "avow/tree.h"
#include "channel/channel.h"
#include "sys/sliced_work.h"
#include "sys/tree.h"
#include "uv/fs_blocking.h"
#include "uv/work.h"

enum { WALK_BATCH = 64 };

typedef struct {
  avow__shifts_t shifts;
  avow__source_t source;
  bool running;
  bool entered;
  avow__tree_t tree;
  avow_value_t items[WALK_BATCH];
  size_t n;
  avow_value_t last; /* NONE: more follow; INT: the end; or an error */
} tree_walk_t;

static const avow_class_t entry_class = { .name = "found" };

const avow_tree_entry_t *avow_to_tree_entry(const avow_value_t *v) {
  return avow__to_object(v, &entry_class);
}

static avow_value_t entry_value(const avow__tree_t *tree, unsigned depth,
                                int error) {
  void *self = NULL;
  const size_t size = tree->len + 1;
  const avow_value_t v =
      avow__object_inline(&entry_class, sizeof(avow_tree_entry_t) + size,
                          &self);
  if (self == NULL)
    return v;
  avow_tree_entry_t *entry = self;
  char *path = (char *) (entry + 1);
  memcpy(path, tree->path, size);
  *entry = (avow_tree_entry_t){ path, tree->type, depth, error };
  return v;
}

static tree_walk_t *walk_of(avow__source_t *source) {
  return (tree_walk_t *) ((char *) source - offsetof(tree_walk_t, source));
}

static void free_walk(avow__shifts_t *shifts) {
  avow__tree_free(&((tree_walk_t *) shifts)->tree);
}

static void add_entry(tree_walk_t *walk) {
  const unsigned depth = (unsigned) walk->tree.depth - 1;
  const int err =
      walk->tree.type == UV_DIRENT_DIR ? avow__tree_enter(&walk->tree, 0) : 0;
  const avow_value_t entry = entry_value(&walk->tree, depth, err);
  if (avow_is_error(&entry))
    walk->last = entry;
  else
    walk->items[walk->n++] = entry;
}

static void take_step(tree_walk_t *walk) {
  const int step = avow__tree_next(&walk->tree);
  if (step == AVOW__TREE_ENTRY)
    add_entry(walk);
  else if (step == AVOW__TREE_END)
    walk->last = avow_int(0);
  else if (step < 0)
    walk->last = avow__error_of(step, "walk", walk->tree.path);
}

static avow_value_t read_batch(avow__shifts_t *shifts) {
  tree_walk_t *walk = (tree_walk_t *) shifts;
  if (!walk->entered) {
    const int err = avow__tree_enter(&walk->tree, 0);
    if (err < 0)
      walk->last = avow__error_of(err, "walk", walk->tree.path);
    walk->entered = true;
  }
  while (walk->n < WALK_BATCH && walk->last.tag == AVOW_NONE &&
         !avow__shifts_is_over(shifts))
    take_step(walk);
  return avow_none();
}

static void start_batch(tree_walk_t *walk);

/* Each push may end the channel, and then the walk is unwanted. */
static void push_batch(tree_walk_t *walk) {
  for (size_t i = 0; i < walk->n; i++) {
    if (walk->source.unwanted)
      avow__value_unref(walk->items[i]);
    else
      (void) avow__channel_push(walk->source.channel, walk->items[i]);
  }
  walk->n = 0;
}

static void end_batch(avow__shifts_t *shifts) {
  tree_walk_t *walk = (tree_walk_t *) shifts;
  if (avow__chore_is_unwanted(shifts->chore)) { /* canceled with the loop */
    avow__value_unref(walk->last);
    walk->last = avow_error(UV_ECANCELED);
  }
  push_batch(walk);
  walk->running = false;
  const avow_value_t last = avow_steal(&walk->last);
  if (walk->source.unwanted)
    avow__value_unref(last);
  else if (last.tag == AVOW_INT)
    avow_channel_end(walk->source.channel);
  else if (last.tag == AVOW_ERROR)
    avow_channel_fail(walk->source.channel, last);
  else if (walk->source.flows)
    start_batch(walk);
}

/* A failed promise needs no handler, because the channel gets its error. */
static void start_batch(tree_walk_t *walk) {
  avow_promise_t *p = avow__shift_start(&walk->shifts);
  walk->running = avow_state(p) == AVOW_PENDING;
  if (!walk->running)
    avow_channel_fail(walk->source.channel, avow_value_ref(avow_result(p)));
  avow_unref(p);
}

static void walk_resume(avow__source_t *source) {
  tree_walk_t *walk = walk_of(source);
  if (!walk->running)
    start_batch(walk);
}

static void walk_stop(avow__source_t *source) {
  avow__shifts_unref(walk_of(source));
}

avow_channel_t *avow_tree_entries(uv_loop_t *loop, const char *path) {
  avow__check_ready(loop);
  if (path == NULL || path[0] == '\0')
    return avow__channel_refuse(loop, UV_EINVAL, "walk",
                                path != NULL ? path : "NULL");
  tree_walk_t *walk = avow__shifts_new(loop, sizeof(*walk));
  if (walk == NULL)
    return avow__channel_none(loop);
  walk->shifts.shift = read_batch;
  walk->shifts.after = end_batch;
  walk->shifts.free_fn = free_walk;
  walk->source.resume = walk_resume;
  walk->source.stop = walk_stop;
  if (avow__tree_init(&walk->tree, path, avow__disk_trimmed(path)) < 0) {
    avow__shifts_unref(walk);
    return avow__channel_none(loop);
  }
  return avow__channel_feed(loop, WALK_BATCH, &walk->source);
}
