/* SPDX-License-Identifier: MIT */
/*
 * Ends a program: releases all objects that it holds, and prints the objects
 * that are left.
 */
#include <stdio.h>
#include <stdlib.h>

#include "now.h"

static long live_blocks;
static is_ours_fn is_ours;

/* Memory. */

void *checked(void *block) {
  if (block == NULL)
    abort();
  return block;
}

static void *count_malloc(size_t size) {
  live_blocks++;
  return checked(malloc(size));
}

static void *count_calloc(size_t n, size_t size) {
  live_blocks++;
  return checked(calloc(n, size));
}

static void *count_realloc(void *block, size_t size) {
  if (block == NULL)
    live_blocks++;
  return checked(realloc(block, size));
}

static void count_free(void *block) {
  if (block != NULL)
    live_blocks--;
  free(block);
}

int count_blocks(void) {
  return avow_replace_allocator(count_malloc, count_realloc, count_calloc,
                                count_free);
}

/* Objects that the program holds. */

void release_objects(void) {
  for (int i = 0; i < MAX_SLOTS; i++) {
    avow_unref(now.promises[i]);
    if (now.deferreds[i] != NULL)
      avow_deferred_drop(now.deferreds[i]);
  }
  while (now.held != NULL) {
    held_t *held = now.held;
    now.held = held->next;
    avow_deferred_drop(held->deferred);
    free(held);
  }
}

void free_records(void) {
  while (now.records != NULL) {
    record_t *r = now.records;
    now.records = r->next;
    free(r->task);
    free(r);
  }
}

/* Objects that are left. */

static void show_handle(uv_handle_t *handle, void *data) {
  if (!is_ours(handle))
    printf("left behind: a handle, %s\n", uv_handle_type_name(handle->type));
}

void show_left(uv_loop_t *loop, is_ours_fn ours) {
  is_ours = ours;
  uv_walk(loop, show_handle, NULL);
  if (uv_loop_alive(loop))
    puts("left behind: a loop that is alive");
  if (live_blocks != 0)
    printf("left behind: %ld blocks\n", live_blocks);
  live_blocks = 0;
}
