/* SPDX-License-Identifier: MIT */
/*
 * Handles with a phase of their own: idle, prepare and check. The handles of a
 * phase run once in each iteration, the newest first. A handle that is started
 * in its own phase runs in the next iteration.
 */
#include "sim/uv_watchers.h"

#include "base/container.h"
#include "sim/event_log.h"

SIM_ANCHOR(watchers)

/* The callback types of libuv differ only in the type of the handle. */
typedef struct {
  sim_handle_t base;
  avow__link_t link; /* in the list of active handles */
  union {
    uv_idle_cb idle;
    uv_prepare_cb prepare;
    uv_check_cb check;
  } cb;
} watcher_t;

static void watcher_stop(uv_handle_t *handle) {
  watcher_t *watcher = sim_handle_block(handle);
  if (!sim_handle_is_active(handle))
    return;
  avow__queue_remove(&watcher->link);
  sim_handle_stop(handle);
}

static const sim_class_t watcher_class = { .close = watcher_stop };

static int watcher_init(uv_loop_t *loop, uv_handle_t *handle,
                        uv_handle_type type) {
  (void) sim_handle_init(loop, handle, type, sizeof(watcher_t), &watcher_class);
  return 0;
}

/* Returns NULL if there is nothing to start. Starting a closing handle would
   damage a loop of libuv, so it is reported as a mistake of the program. */
static watcher_t *watcher_start(uv_handle_t *handle, sim_phase_t phase) {
  watcher_t *watcher = sim_handle_block(handle);
  if (sim_handle_is_closing(handle))
    sim_fail("a closing %s handle was started",
             uv_handle_type_name(handle->type));
  if (sim_handle_is_closing(handle) || sim_handle_is_active(handle))
    return NULL;
  avow__queue_t *queue = &sim_loop(handle->loop)->phases[phase];
  watcher->link.prev = &queue->head;
  watcher->link.next = queue->head.next;
  queue->head.next->prev = &watcher->link;
  queue->head.next = &watcher->link;
  sim_handle_start(handle);
  return watcher;
}

int uv_idle_init(uv_loop_t *loop, uv_idle_t *idle) {
  return watcher_init(loop, (uv_handle_t *) idle, UV_IDLE);
}

int uv_prepare_init(uv_loop_t *loop, uv_prepare_t *prepare) {
  return watcher_init(loop, (uv_handle_t *) prepare, UV_PREPARE);
}

int uv_check_init(uv_loop_t *loop, uv_check_t *check) {
  return watcher_init(loop, (uv_handle_t *) check, UV_CHECK);
}

int uv_idle_start(uv_idle_t *idle, uv_idle_cb cb) {
  if (sim_handle_is_active((uv_handle_t *) idle))
    return 0;
  if (cb == NULL)
    return UV_EINVAL;
  watcher_t *watcher = watcher_start((uv_handle_t *) idle, SIM_IDLE);
  if (watcher != NULL)
    watcher->cb.idle = cb;
  return 0;
}

int uv_prepare_start(uv_prepare_t *prepare, uv_prepare_cb cb) {
  if (sim_handle_is_active((uv_handle_t *) prepare))
    return 0;
  if (cb == NULL)
    return UV_EINVAL;
  watcher_t *watcher = watcher_start((uv_handle_t *) prepare, SIM_PREPARE);
  if (watcher != NULL)
    watcher->cb.prepare = cb;
  return 0;
}

int uv_check_start(uv_check_t *check, uv_check_cb cb) {
  if (sim_handle_is_active((uv_handle_t *) check))
    return 0;
  if (cb == NULL)
    return UV_EINVAL;
  watcher_t *watcher = watcher_start((uv_handle_t *) check, SIM_CHECK);
  if (watcher != NULL)
    watcher->cb.check = cb;
  return 0;
}

int uv_idle_stop(uv_idle_t *idle) {
  watcher_stop((uv_handle_t *) idle);
  return 0;
}

int uv_prepare_stop(uv_prepare_t *prepare) {
  watcher_stop((uv_handle_t *) prepare);
  return 0;
}

int uv_check_stop(uv_check_t *check) {
  watcher_stop((uv_handle_t *) check);
  return 0;
}

static void watcher_run(const watcher_t *watcher) {
  uv_handle_t *handle = watcher->base.handle;
  if (handle->type == UV_IDLE)
    watcher->cb.idle((uv_idle_t *) handle);
  else if (handle->type == UV_PREPARE)
    watcher->cb.prepare((uv_prepare_t *) handle);
  else
    watcher->cb.check((uv_check_t *) handle);
}

void sim_phase_run(uv_loop_t *loop, sim_phase_t phase) {
  avow__queue_t *all = &sim_loop(loop)->phases[phase];
  avow__queue_t left;
  avow__queue_init(&left);
  avow__queue_move(&left, all);
  while (!avow__queue_is_empty(&left)) {
    avow__link_t *link = avow__queue_take_first(&left);
    avow__queue_append(all, link);
    watcher_run(AVOW__CONTAINER(watcher_t, link, link));
  }
}
