/* SPDX-License-Identifier: MIT */
/* The operations that all handles share: closing, references, walks. */
#include "sim/uv_handle.h"

#include <assert.h>

#include "base/container.h"
#include "sim/event_log.h"
#include "sim/loop.h"

SIM_ANCHOR(handle)

/* A run has one loop. Handles and requests of another loop would be neither
   awaited nor closed. */
static void check_loop(const uv_loop_t *loop, const char *what) {
  if (sim_world.loop != NULL && loop != sim_world.loop)
    sim_fail(
        "%s on a loop other than the one that the program received is "
        "not simulated",
        what);
}

void *sim_handle_init(uv_loop_t *loop, uv_handle_t *handle, uv_handle_type type,
                      size_t size, const sim_class_t *class) {
  assert(size >= sizeof(sim_handle_t));
  check_loop(loop, uv_handle_type_name(type));
  sim_handle_t *block = sim_alloc(size);
  block->handle = handle;
  block->class = class;
  handle->loop = loop;
  handle->type = type;
  handle->flags = SIM_REF;
  handle->close_cb = NULL;
  handle->u.reserved[0] = block;
  avow__queue_append(&sim_loop(loop)->handles, &block->link);
  return block;
}

void sim_handle_start(uv_handle_t *handle) {
  if (sim_handle_is_active(handle))
    return;
  handle->flags |= SIM_ACTIVE;
  handle->loop->active_handles += (handle->flags & SIM_REF) != 0;
}

void sim_handle_stop(uv_handle_t *handle) {
  if (!sim_handle_is_active(handle))
    return;
  handle->flags &= ~(unsigned) SIM_ACTIVE;
  handle->loop->active_handles -= (handle->flags & SIM_REF) != 0;
}

void sim_request_begin(uv_loop_t *loop) {
  check_loop(loop, "a request");
  loop->active_reqs.count++;
}

void sim_request_end(uv_loop_t *loop) {
  assert(loop->active_reqs.count > 0);
  loop->active_reqs.count--;
}

int uv_is_active(const uv_handle_t *handle) {
  return sim_handle_is_active(handle);
}

int uv_is_closing(const uv_handle_t *handle) {
  return sim_handle_is_closing(handle);
}

int uv_has_ref(const uv_handle_t *handle) {
  return (handle->flags & SIM_REF) != 0;
}

static bool counts(const uv_handle_t *handle) {
  return (handle->flags & SIM_CLOSING) == 0 && sim_handle_is_active(handle);
}

void uv_ref(uv_handle_t *handle) {
  if (uv_has_ref(handle))
    return;
  handle->flags |= SIM_REF;
  handle->loop->active_handles += counts(handle);
}

void uv_unref(uv_handle_t *handle) {
  if (!uv_has_ref(handle))
    return;
  handle->flags &= ~(unsigned) SIM_REF;
  handle->loop->active_handles -= counts(handle);
}

/* The callbacks run in reverse order: the last closed handle is first. */
void uv_close(uv_handle_t *handle, uv_close_cb close_cb) {
  assert(!sim_handle_is_closing(handle));
  sim_handle_t *block = sim_handle_block(handle);
  sim_loop_t *loop = sim_loop(handle->loop);
  handle->flags |= SIM_CLOSING;
  handle->close_cb = close_cb;
  if (block->class->close != NULL)
    block->class->close(handle);
  sim_handle_stop(handle);
  block->next_closing = loop->closing;
  loop->closing = handle;
}

void sim_handle_end(uv_handle_t *handle) {
  sim_handle_t *block = sim_handle_block(handle);
  if (block->class->closed != NULL)
    block->class->closed(handle);
  handle->flags |= SIM_CLOSED;
  handle->flags &= ~(unsigned) SIM_REF;
  avow__queue_remove(&block->link);
  handle->u.reserved[0] = NULL;
  sim_free(block);
  if (handle->close_cb != NULL)
    handle->close_cb(handle);
}

/* Handles that the callback creates are not visited. The callback may close the
   handle that it receives. */
void uv_walk(uv_loop_t *loop, uv_walk_cb walk_cb, void *arg) {
  avow__queue_t *all = &sim_loop(loop)->handles;
  avow__queue_t left;
  avow__queue_init(&left);
  avow__queue_move(&left, all);
  while (!avow__queue_is_empty(&left)) {
    avow__link_t *link = avow__queue_take_first(&left);
    avow__queue_append(all, link);
    walk_cb(AVOW__CONTAINER(sim_handle_t, link, link)->handle, arg);
  }
}
