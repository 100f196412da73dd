/* SPDX-License-Identifier: MIT */
/*
 * Walking a tree: a channel whose source reads a batch of entries in a chore of
 * the thread pool, and the next one once the channel wants more. The walk is
 * the channel's and the chore's; while a chore runs the tree is the chore's
 * alone.
 */
#include <string.h>

#include "avow/tree.h"
#include "base/alloc.h"
#include "channel/channel.h"
#include "sys/sliced_work.h"
#include "sys/tree.h"
#include "uv/fs_sync.h"
#include "uv/work.h"

enum { BATCH = 64 };

typedef struct {
  avow__source_t source;
  uv_loop_t *loop;
  uint32_t refs;
  bool running;
  bool stopped; /* the channel is gone */
  bool entered;
  avow__tree_t tree;
  avow_value_t items[BATCH];
  size_t n;
  avow_value_t last; /* none: more to come; INT: the end; or an error */
} walk_t;

typedef struct {
  avow__chore_t chore;
  walk_t *walk;
} batch_t;

static const avow_class_t entry_class = { .name = "found" };

const avow_tree_entry_t *avow_to_tree_entry(const avow_value_t *v) {
  return avow_to_object(v, &entry_class);
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

static void walk_unref(walk_t *walk) {
  if (--walk->refs > 0)
    return;
  avow__tree_free(&walk->tree);
  avow_free(walk);
}

static void add_entry(walk_t *walk) {
  const unsigned depth = (unsigned) walk->tree.depth - 1;
  const int err =
      walk->tree.type == UV_DIRENT_DIR ? avow__tree_enter(&walk->tree, 0) : 0;
  const avow_value_t entry = entry_value(&walk->tree, depth, err);
  if (avow_is_error(&entry))
    walk->last = entry;
  else
    walk->items[walk->n++] = entry;
}

static void take_step(walk_t *walk) {
  const int step = avow__tree_next(&walk->tree);
  if (step == AVOW__TREE_ENTRY)
    add_entry(walk);
  else if (step == AVOW__TREE_END)
    walk->last = avow_int(0);
  else if (step < 0)
    walk->last = avow__error_of(step, "walk", walk->tree.path);
}

static avow_value_t walk_run(avow__chore_t *chore) {
  walk_t *walk = ((batch_t *) chore)->walk;
  const uint64_t deadline = uv_hrtime() + AVOW__SHIFT;
  if (!walk->entered) {
    const int err = avow__tree_enter(&walk->tree, 0);
    if (err < 0)
      walk->last = avow__error_of(err, "walk", walk->tree.path);
    walk->entered = true;
  }
  while (walk->n < BATCH && walk->last.tag == AVOW_NONE &&
         !avow__chore_is_unwanted(chore) && uv_hrtime() < deadline)
    take_step(walk);
  return avow_none();
}

static void start_batch(walk_t *walk);

/* The channel may be gone after each of these. */
static void push_batch(walk_t *walk) {
  for (size_t i = 0; i < walk->n; i++) {
    if (walk->stopped)
      avow__value_unref(walk->items[i]);
    else
      (void) avow__channel_push(walk->source.channel, walk->items[i]);
  }
  walk->n = 0;
}

static void end_batch(avow__chore_t *chore) {
  walk_t *walk = ((batch_t *) chore)->walk;
  if (avow__chore_is_unwanted(chore)) { /* cancelled with the loop */
    avow__value_unref(walk->last);
    walk->last = avow_error(UV_ECANCELED);
  }
  push_batch(walk);
  walk->running = false;
  const avow_value_t last = avow_steal(&walk->last);
  if (walk->stopped)
    avow__value_unref(last);
  else if (last.tag == AVOW_INT)
    avow_channel_end(walk->source.channel);
  else if (last.tag == AVOW_ERROR)
    avow_channel_fail(walk->source.channel, last);
  else if (walk->source.flows)
    start_batch(walk);
  walk_unref(walk);
}

static void start_batch(walk_t *walk) {
  avow_promise_t *p;
  batch_t *batch = avow__chore_new(walk->loop, sizeof(*batch), &p);
  (void) avow_result(p); /* nobody waits for it: the channel is told */
  avow_unref(p);
  if (batch == NULL) {
    avow_channel_fail(walk->source.channel, avow_error(UV_ENOMEM));
    return;
  }
  walk->refs++;
  walk->running = true;
  batch->walk = walk;
  batch->chore.run = walk_run;
  batch->chore.end = end_batch;
  avow__chore_start(&batch->chore);
}

static void walk_resume(avow__source_t *source) {
  walk_t *walk = (walk_t *) source;
  if (!walk->running)
    start_batch(walk);
}

static void walk_stop(avow__source_t *source) {
  walk_t *walk = (walk_t *) source;
  walk->stopped = true;
  walk_unref(walk);
}

avow_channel_t *avow_tree_entries(uv_loop_t *loop, const char *path) {
  if (path == NULL || path[0] == '\0')
    return avow__channel_refuse(loop, UV_EINVAL, "walk",
                                path != NULL ? path : "NULL");
  walk_t *walk = avow_calloc(1, sizeof(*walk));
  if (walk == NULL)
    return avow__channel_none(loop);
  if (avow__tree_init(&walk->tree, path, avow__disk_trimmed(path)) < 0) {
    avow_free(walk);
    return avow__channel_none(loop);
  }
  walk->source.resume = walk_resume;
  walk->source.stop = walk_stop;
  walk->loop = loop;
  walk->refs = 1;
  return avow__channel_feed(loop, BATCH, &walk->source);
}
