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
} watcher_t;

/* Signals reach all loops of a thread. */
static _Thread_local avow__link_t *watchers;

static watcher_t *signal_of(const uv_signal_t *handle) {
  return sim_handle_block((const uv_handle_t *) handle);
}

static void signal_close(uv_handle_t *handle) {
  (void) uv_signal_stop((uv_signal_t *) handle); /* cannot fail */
}

static const sim_class_t signal_class = { .close = signal_close };

int uv_signal_init(uv_loop_t *loop, uv_signal_t *handle) {
  watcher_t *watcher = sim_handle_init(loop, (uv_handle_t *) handle, UV_SIGNAL,
                                       sizeof(*watcher), &signal_class);
  watcher->task.loop = loop;
  handle->signum = 0;
  return 0;
}

static int signal_start(uv_signal_t *handle, uv_signal_cb cb, int signum,
                        bool once) {
  if (sim_handle_is_closing((uv_handle_t *) handle) || signum <= 0 ||
      signum == SIGKILL || signum == SIGSTOP)
    return UV_EINVAL;
  (void) uv_signal_stop(handle); /* cannot fail */
  watcher_t *watcher = signal_of(handle);
  watcher->cb = cb;
  watcher->once = once;
  handle->signum = signum;
  handle->signal_cb = cb;
  avow__list_append(&watchers, &watcher->link);
  sim_handle_start((uv_handle_t *) handle);
  return 0;
}

int uv_signal_start(uv_signal_t *handle, uv_signal_cb cb, int signum) {
  return signal_start(handle, cb, signum, false);
}

int uv_signal_start_oneshot(uv_signal_t *handle, uv_signal_cb cb, int signum) {
  return signal_start(handle, cb, signum, true);
}

int uv_signal_stop(uv_signal_t *handle) {
  if (!sim_handle_is_active((uv_handle_t *) handle))
    return 0;
  watcher_t *watcher = signal_of(handle);
  sim_task_unset(&watcher->task);
  avow__list_remove(&watchers, &watcher->link);
  sim_handle_stop((uv_handle_t *) handle);
  handle->signum = 0;
  return 0;
}

static void signal_gets(sim_task_t *task) {
  const watcher_t *watcher = AVOW__CONTAINER(watcher_t, task, task);
  uv_signal_t *handle = (uv_signal_t *) watcher->base.handle;
  const uv_signal_cb cb = watcher->cb;
  const int signum = handle->signum;
  if (watcher->once)
    (void) uv_signal_stop(handle); /* cannot fail */
  if (cb != NULL)
    cb(handle, signum);
}

static bool deliver(int signum) {
  bool heard = false;
  avow__link_t *link = watchers;
  if (link == NULL)
    return false;
  do {
    watcher_t *watcher = AVOW__CONTAINER(watcher_t, link, link);
    link = link->next;
    if (((uv_signal_t *) watcher->base.handle)->signum != signum)
      continue;
    heard = true;
    if (!sim_task_is_set(&watcher->task))
      sim_task_set(&watcher->task, sim_delay("signal"), signal_gets);
  } while (link != watchers);
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
