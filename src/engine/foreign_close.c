/* SPDX-License-Identifier: MIT */
/*
 * Strays: blocks of which the program has closed a handle, as uv_walk() lets
 * it. libuv's callbacks for that will not come, nor does anybody tell when it
 * is closed: so the block stays until avow_loop_close(), which runs the loop
 * until no handle of a stray is left there.
 */
#include "engine/foreign_close.h"

#include "engine/extension.h"

static const avow__subsystem_t strays_subsystem;

void avow__stray_tether(avow__stray_t *stray) {
  stray->node.key = stray->block;
  avow__table_add(&stray->context->tables[AVOW__TETHERED], &stray->node);
}

void avow__stray_forget(avow__stray_t *stray) {
  avow__table_remove(&stray->context->tables[AVOW__TETHERED], &stray->node);
}

void avow__stray_add(avow__stray_t *stray) {
  stray->context->subsystems[AVOW__SUBSYSTEM_STRAYS] = &strays_subsystem;
  stray->node.key = stray->block;
  avow__table_add(&stray->context->tables[AVOW__STRAYS], &stray->node);
}

static void stray_look_at(avow__node_t *node) {
  avow__stray_t *stray = (avow__stray_t *) node;
  if (!stray->give_up(stray->block))
    return;
  avow__stray_forget(stray);
  avow__stray_add(stray);
}

void avow__strays_seek(avow__context_t *c) {
  avow__table_each(&c->tables[AVOW__TETHERED], stray_look_at);
}

typedef struct {
  const avow__table_t *strays;
  bool found;
} search_t;

/* The data of the program's own handles is nothing to go by, unless these are
   closing, too. */
static void look_up(uv_handle_t *handle, void *data) {
  search_t *search = data;
  if (uv_is_closing(handle) &&
      avow__table_find(search->strays, handle->data) != NULL)
    search->found = true;
}

bool avow__strays_are_closing(avow__context_t *c) {
  search_t search = { .strays = &c->tables[AVOW__STRAYS] };
  if (c->tables[AVOW__STRAYS].count > 0)
    uv_walk(c->loop, look_up, &search);
  return search.found;
}

static void free_stray(avow__node_t *node) {
  avow__stray_t *stray = (avow__stray_t *) node;
  avow__table_remove(&stray->context->tables[AVOW__STRAYS], node);
  stray->free_fn(stray->block);
}

static void strays_free(avow__context_t *c) {
  avow__table_each(&c->tables[AVOW__STRAYS], free_stray);
}

static const avow__subsystem_t strays_subsystem = { .free = strays_free };
