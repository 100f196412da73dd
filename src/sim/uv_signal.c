/* SPDX-License-Identifier: MIT */
/*
 * Signals that the program sends to itself with uv_kill(). There are no others.
 * A signal without a handler fails the run, because it would end a process.
 */
#include <signal.h>

#include "base/container.h"
#include "sim/chance.h"
#include "sim/event_log.h"
#include "sim/loop.h"

SIM_ANCHOR(signal)

typedef struct {
  sim_handle_t base;
  sim_task_t task;
  avow__link_t link; /* in the list of started handles */
  uv_signal_cb cb;
  bool once;
} ear_t;

/* Signals reach all loops of a thread. */
static _Thread_local avow__link_t *ears;

static ear_t *ear_of(const uv_signal_t *handle) {
  return sim_handle_block((const uv_handle_t *) handle);
}

static void ear_close(uv_handle_t *handle) {
  (void) uv_signal_stop((uv_signal_t *) handle); /* cannot fail */
}

static const sim_class_t ear_class = { .close = ear_close };

int uv_signal_init(uv_loop_t *loop, uv_signal_t *handle) {
  ear_t *ear = sim_handle_init(loop, (uv_handle_t *) handle, UV_SIGNAL,
                               sizeof(*ear), &ear_class);
  ear->task.loop = loop;
  handle->signum = 0;
  return 0;
}

static int ear_start(uv_signal_t *handle, uv_signal_cb cb, int signum,
                     bool once) {
  if (sim_handle_is_closing((uv_handle_t *) handle) || signum <= 0 ||
      signum == SIGKILL || signum == SIGSTOP)
    return UV_EINVAL;
  (void) uv_signal_stop(handle); /* cannot fail */
  ear_t *ear = ear_of(handle);
  ear->cb = cb;
  ear->once = once;
  handle->signum = signum;
  handle->signal_cb = cb;
  avow__list_append(&ears, &ear->link);
  sim_handle_start((uv_handle_t *) handle);
  return 0;
}

int uv_signal_start(uv_signal_t *handle, uv_signal_cb cb, int signum) {
  return ear_start(handle, cb, signum, false);
}

int uv_signal_start_oneshot(uv_signal_t *handle, uv_signal_cb cb, int signum) {
  return ear_start(handle, cb, signum, true);
}

int uv_signal_stop(uv_signal_t *handle) {
  if (!sim_handle_is_active((uv_handle_t *) handle))
    return 0;
  ear_t *ear = ear_of(handle);
  sim_task_unset(&ear->task);
  avow__list_remove(&ears, &ear->link);
  sim_handle_stop((uv_handle_t *) handle);
  handle->signum = 0;
  return 0;
}

static void ear_hears(sim_task_t *task) {
  const ear_t *ear = AVOW__CONTAINER(ear_t, task, task);
  uv_signal_t *handle = (uv_signal_t *) ear->base.handle;
  const uv_signal_cb cb = ear->cb;
  const int signum = handle->signum;
  if (ear->once)
    (void) uv_signal_stop(handle); /* cannot fail */
  if (cb != NULL)
    cb(handle, signum);
}

static bool deliver(int signum) {
  bool heard = false;
  avow__link_t *link = ears;
  if (link == NULL)
    return false;
  do {
    ear_t *ear = AVOW__CONTAINER(ear_t, link, link);
    link = link->next;
    if (((uv_signal_t *) ear->base.handle)->signum != signum)
      continue;
    heard = true;
    if (!sim_task_is_set(&ear->task))
      sim_task_set(&ear->task, sim_delay("signal"), ear_hears);
  } while (link != ears);
  return heard;
}

int uv_kill(int pid, int signum) {
  if (pid != uv_os_getpid())
    return UV_ESRCH;
  if (signum < 0)
    return UV_EINVAL;
  sim_note("signal %d", signum);
  if (signum != 0 && !deliver(signum))
    sim_fail("signal %d has no handler in the program", signum);
  return 0;
}
