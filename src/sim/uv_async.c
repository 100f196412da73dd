/* SPDX-License-Identifier: MIT */
/*
 * Async handles. All sends come from the loop's thread, because a simulated
 * world has no other thread. Several sends before the callback cause one call.
 * The callbacks of a loop run together and in the order of creation, because
 * libuv has one descriptor for all its async handles.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/container.h"
#include "sim/chance.h"
#include "sim/loop.h"

SIM_ANCHOR(async)

typedef struct {
  sim_handle_t base;
  avow__link_t link; /* in the list of the loop */
  uv_async_cb cb;
  bool sent;
} mailbox_t;

static mailbox_t *mailbox(const uv_async_t *async) {
  return sim_handle_block((const uv_handle_t *) async);
}

static void mailbox_close(uv_handle_t *handle) {
  avow__queue_remove(&mailbox((uv_async_t *) handle)->link);
}

static const sim_class_t mailbox_class = { .close = mailbox_close };

int uv_async_init(uv_loop_t *loop, uv_async_t *async, uv_async_cb cb) {
  mailbox_t *box = sim_handle_init(loop, (uv_handle_t *) async, UV_ASYNC,
                                   sizeof(*box), &mailbox_class);
  box->cb = cb;
  avow__queue_append(&sim_loop(loop)->asyncs, &box->link);
  sim_handle_start((uv_handle_t *) async);
  return 0;
}

static void mailbox_hear(mailbox_t *box) {
  if (!box->sent)
    return;
  box->sent = false;
  if (box->cb != NULL)
    box->cb((uv_async_t *) box->base.handle);
}

static void asyncs_heard(sim_task_t *task) {
  sim_loop_t *loop = AVOW__CONTAINER(sim_loop_t, async_task, task);
  avow__queue_t left;
  avow__queue_init(&left);
  avow__queue_move(&left, &loop->asyncs);
  while (!avow__queue_is_empty(&left)) {
    avow__link_t *link = avow__queue_take_first(&left);
    avow__queue_append(&loop->asyncs, link);
    mailbox_hear(AVOW__CONTAINER(mailbox_t, link, link));
  }
}

static void check_world(const sim_loop_t *loop) {
  if (loop->world == &sim_world)
    return;
  (void) fputs(
      "avow_sim: uv_async_send() from another thread is not simulated: "
      "a simulated program has one thread\n",
      stderr);
  abort();
}

int uv_async_send(uv_async_t *async) {
  if (sim_handle_is_closing((uv_handle_t *) async))
    return 0;
  sim_loop_t *loop = sim_loop(async->loop);
  check_world(loop);
  mailbox(async)->sent = true;
  loop->async_task.loop = async->loop;
  if (!sim_task_is_set(&loop->async_task))
    sim_task_set(&loop->async_task, sim_delay("async"), asyncs_heard);
  return 0;
}
