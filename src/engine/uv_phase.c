/* SPDX-License-Identifier: MIT */
/*
 * Waiting for a phase of the loop. Promises that wait for the same phase share
 * a handle, which is active exactly while there are any. A promise that waits
 * for the end of the poll also keeps the idle handle active, so that the poll
 * does not block. Each promise is a task. Promises that are made while the
 * tasks of their phase run are not due yet.
 */
#include "avow/timer.h"

#include "base/alloc.h"
#include "engine/cancel.h"
#include "engine/extension.h"
#include "engine/invariants.h"
#include "engine/promise.h"
#include "engine/settle.h"

static const avow__subsystem_t phases_subsystem;

typedef struct {
  avow__queue_t waiting; /* for the phase */
  avow__queue_t due;     /* the phase has come */
  uint64_t iteration;    /* in which a task was delivered last */
} phase_t;

struct avow__phases_s {
  uv_idle_t idle;
  uv_prepare_t prepare;
  uv_check_t check;
  phase_t next_iteration, before_poll, after_poll;
};

static uv_once_t uv_phase_kinds = UV_ONCE_INIT;

static void phase_on_idle(uv_idle_t *handle);
static void phase_on_prepare(uv_prepare_t *handle);
static void phase_on_check(uv_check_t *handle);

static bool phase_is_closing(const avow__phases_t *phases) {
  return uv_is_closing((const uv_handle_t *) &phases->idle) ||
         uv_is_closing((const uv_handle_t *) &phases->prepare) ||
         uv_is_closing((const uv_handle_t *) &phases->check);
}

static bool is_awaited(const phase_t *phase) {
  return !avow__queue_is_empty(&phase->waiting) ||
         !avow__queue_is_empty(&phase->due);
}

/* Starts and stops handles as the queues require. These calls cannot fail.
   Starting a handle that the program has closed would corrupt the loop. */
static void update(avow__phases_t *phases) {
  if (phase_is_closing(phases))
    return;
  if (is_awaited(&phases->next_iteration) || is_awaited(&phases->after_poll))
    (void) uv_idle_start(&phases->idle, phase_on_idle);
  else
    (void) uv_idle_stop(&phases->idle);
  if (is_awaited(&phases->before_poll))
    (void) uv_prepare_start(&phases->prepare, phase_on_prepare);
  else
    (void) uv_prepare_stop(&phases->prepare);
  if (is_awaited(&phases->after_poll))
    (void) uv_check_start(&phases->check, phase_on_check);
  else
    (void) uv_check_stop(&phases->check);
}

static void phase_deliver(avow__context_t *c, phase_t *phase) {
  avow__queue_move(&phase->due, &phase->waiting);
  avow__enter(c);
  avow__end_task(c); /* jobs of an earlier handle of the program */
  while (!avow__queue_is_empty(&phase->due) &&
         avow__may_deliver(c, &phase->iteration)) {
    avow__resolve((avow_promise_t *) avow__queue_take_first(&phase->due),
                  avow_none());
    avow__end_task(c);
  }
  if (!avow__queue_is_empty(&phase->due))
    c->budget.tasks_wait = true;
  avow__leave(c);
  update(c->phases);
}

static void phase_on_idle(uv_idle_t *handle) {
  avow__context_t *c = handle->data;
  phase_deliver(c, &c->phases->next_iteration);
}

static void phase_on_prepare(uv_prepare_t *handle) {
  avow__context_t *c = handle->data;
  phase_deliver(c, &c->phases->before_poll);
}

static void phase_on_check(uv_check_t *handle) {
  avow__context_t *c = handle->data;
  phase_deliver(c, &c->phases->after_poll);
}

static void phase_init(phase_t *phase) {
  avow__queue_init(&phase->waiting);
  avow__queue_init(&phase->due);
}

static void phase_cancel(avow_promise_t *p, avow_promise_t *start) {
  avow__context_t *c = avow__context(p);
  avow__queue_remove(&p->link);
  avow__detached(p);
  update(c->phases);
}

static void set_phase_kinds(void) {
  avow__kinds[AVOW__PHASE] = (avow__kind_row_t){ .name = "phase",
                                                 .is_root = true,
                                                 .cancel_from = phase_cancel };
}

static bool phase_open(avow__context_t *c) {
  if (c->phases != NULL)
    return true;
  uv_once(&uv_phase_kinds, set_phase_kinds);
  avow__phases_t *phases = avow_calloc(1, sizeof(*phases));
  if (phases == NULL)
    return false;
  (void) uv_idle_init(c->loop, &phases->idle);       /* cannot fail */
  (void) uv_prepare_init(c->loop, &phases->prepare); /* cannot fail */
  (void) uv_check_init(c->loop, &phases->check);     /* cannot fail */
  phases->idle.data = phases->prepare.data = phases->check.data = c;
  phase_init(&phases->next_iteration);
  phase_init(&phases->before_poll);
  phase_init(&phases->after_poll);
  c->phases = phases;
  c->subsystems[AVOW__SUBSYSTEM_PHASES] = &phases_subsystem;
  return true;
}

/* A promise for the phase at this offset in avow__phases_t. */
static avow_promise_t *phase_wait_for(uv_loop_t *loop, size_t offset) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  if (c->life >= AVOW__GIVING_UP || !phase_open(c))
    return avow__no_promise(c);
  if (phase_is_closing(c->phases)) {
    avow__check_handles(c);
    return avow__ref(c->canceled);
  }
  avow_promise_t *p = avow__promise_alloc(c, AVOW__PHASE);
  if (p == NULL)
    return avow__no_promise(c);
  phase_t *phase = (phase_t *) (void *) ((char *) c->phases + offset);
  avow__queue_append(&phase->waiting, &p->link);
  update(c->phases);
  return p;
}

avow_promise_t *avow_next_iteration(uv_loop_t *loop) {
  avow__check_ready(loop);
  return phase_wait_for(loop, offsetof(avow__phases_t, next_iteration));
}

avow_promise_t *avow_before_poll(uv_loop_t *loop) {
  avow__check_ready(loop);
  return phase_wait_for(loop, offsetof(avow__phases_t, before_poll));
}

avow_promise_t *avow_after_poll(uv_loop_t *loop) {
  avow__check_ready(loop);
  return phase_wait_for(loop, offsetof(avow__phases_t, after_poll));
}

static void phases_close(avow__context_t *c) {
  if (c->phases == NULL)
    return;
  avow__close_own(c, (uv_handle_t *) &c->phases->idle);
  avow__close_own(c, (uv_handle_t *) &c->phases->prepare);
  avow__close_own(c, (uv_handle_t *) &c->phases->check);
}

static void phases_free(avow__context_t *c) {
  avow_free(c->phases);
  c->phases = NULL;
}

#ifdef AVOW_CHECK

static size_t check_phase(const phase_t *phase) {
  return avow__check_queue(&phase->waiting) + avow__check_queue(&phase->due);
}

static void phases_check(avow__context_t *c) {
  const avow__phases_t *phases = c->phases;
  size_t n = 0;
  if (phases != NULL)
    n = check_phase(&phases->next_iteration) +
        check_phase(&phases->before_poll) + check_phase(&phases->after_poll);
  AVOW__HOLDS(61, n == avow__check_count(c, AVOW__PHASE));
}

#endif

static const avow__subsystem_t phases_subsystem = { .close = phases_close,
                                                    .free = phases_free,
                                                    .check = AVOW__CHECKED(
                                                        phases_check) };
