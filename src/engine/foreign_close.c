/* SPDX-License-Identifier: MIT */
/*
 * Handles of avow that the program closes with uv_walk() and uv_close(). When
 * such a handle is closed, libuv calls the program back, and not avow. So the
 * block that contains the handle stays until avow_loop_close(), which runs the
 * loop until no such handle is closing.
 */
#include "engine/foreign_close.h"

#include "engine/extension.h"

static const avow__subsystem_t foreign_subsystem;

void avow__foreign_close_watch(avow__foreign_close_t *foreign) {
  foreign->node.key = foreign->block;
  avow__table_add(&foreign->context->tables[AVOW__CLOSABLE], &foreign->node);
}

void avow__foreign_close_unwatch(avow__foreign_close_t *foreign) {
  avow__table_remove(&foreign->context->tables[AVOW__CLOSABLE], &foreign->node);
}

void avow__foreign_close_add(avow__foreign_close_t *foreign) {
  foreign->context->subsystems[AVOW__SUBSYSTEM_FOREIGN_CLOSE] =
      &foreign_subsystem;
  foreign->node.key = foreign->block;
  avow__table_add(&foreign->context->tables[AVOW__FOREIGN_CLOSED],
                  &foreign->node);
}

static void look_at_block(avow__node_t *node) {
  avow__foreign_close_t *foreign = (avow__foreign_close_t *) node;
  if (!foreign->give_up(foreign->block))
    return;
  avow__foreign_close_unwatch(foreign);
  avow__foreign_close_add(foreign);
}

void avow__foreign_closes_find(avow__context_t *c) {
  avow__table_each(&c->tables[AVOW__CLOSABLE], look_at_block);
}

typedef struct {
  const avow__table_t *closed;
  bool found;
} closed_search_t;

/* Only the data of a closing handle is looked up, because the program may set
   the data of its own handles to anything. */
static void look_up(uv_handle_t *handle, void *data) {
  closed_search_t *search = data;
  if (uv_is_closing(handle) &&
      avow__table_find(search->closed, handle->data) != NULL)
    search->found = true;
}

bool avow__foreign_closes_are_pending(avow__context_t *c) {
  closed_search_t search = { .closed = &c->tables[AVOW__FOREIGN_CLOSED] };
  if (c->tables[AVOW__FOREIGN_CLOSED].count > 0)
    uv_walk(c->loop, look_up, &search);
  return search.found;
}

static void free_block(avow__node_t *node) {
  avow__foreign_close_t *foreign = (avow__foreign_close_t *) node;
  avow__table_remove(&foreign->context->tables[AVOW__FOREIGN_CLOSED], node);
  foreign->free_fn(foreign->block);
}

static void free_blocks(avow__context_t *c) {
  avow__table_each(&c->tables[AVOW__FOREIGN_CLOSED], free_block);
}

static const avow__subsystem_t foreign_subsystem = { .free = free_blocks };
