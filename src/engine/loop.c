/* SPDX-License-Identifier: MIT */
/* avow_loop_init() and avow_loop_close(). */
#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fork_count.h"
#include "engine/cancel.h"
#include "engine/chain.h"
#include "engine/check_exit.h"
#include "engine/close_report.h"
#include "engine/cycle.h"
#include "engine/foreign_close.h"
#include "engine/gather.h"
#include "engine/leak_report.h"
#include "engine/options.h"
#include "engine/port.h"
#include "engine/promise.h"
#include "engine/shield.h"
#include "engine/subsystems.h"
#include "engine/virtual_clock.h"
#include "value/check_values.h"

/* Limits for handlers that start new work each time they are canceled.
   avow_loop_close() grants PATIENCE steps, and STEPS_EACH more for each promise
   that exists when they are counted. A step is a job, or the cancellation of a
   promise. */
enum { PATIENCE = 200, STEPS_EACH = 4 };

/* A promise that is rejected from the start. The context holds it. */
static avow_promise_t *immortal(avow__context_t *c, int code) {
  avow_promise_t *p = avow__promise_alloc(c, AVOW__VALUE);
  if (p == NULL)
    return NULL;
  p->refs = 1;
  p->deferreds = UINT8_MAX; /* it stands for promises that could not be made */
  p->flags |= AVOW__HANDLED;
  avow__settle(p, avow_error(code));
  return p;
}

static bool loop_fill(avow__context_t *c) {
  c->pool.context = c;
  if (!avow__clock_new(c) || !avow__pool_init(&c->pool))
    return false;
  c->no_memory = immortal(c, UV_ENOMEM);
  c->canceled = immortal(c, UV_ECANCELED);
  return c->no_memory != NULL && c->canceled != NULL;
}

/* The last step that can fail: it starts handles, and a later failure could not
   undo that. */
static bool add_to_table(avow__context_t *c) {
  if (!avow__loop_table_add(c->loop, c))
    return false;
  if (avow__tick_init(c))
    return true;
  avow__loop_table_remove(c->loop);
  return false;
}

/* On success, the context is in the table of loops. Otherwise it is freed. */
static int context_new(uv_loop_t *loop, const avow_options_t *options) {
  avow__context_t *c = avow_calloc(1, sizeof(*c));
  if (c == NULL)
    return UV_ENOMEM;
  avow__queue_init(&c->queue);
  c->loop = loop;
  c->least_backend = uv_backend_fd(loop) < 0 ? -1 : 0;
  c->users = 1;
  c->run_jobs = avow__run_jobs;
  avow__promises_begin();
  c->forks = avow__forks();
  int err = avow__forks_watch();
  if (err == 0)
    err = avow__options_set(c, options);
  if (err == 0 && (!loop_fill(c) || !add_to_table(c)))
    err = UV_ENOMEM;
  if (err != 0) {
    avow__clock_free(c);
    avow__context_free(c);
    return err;
  }
  avow__values_begin();
  avow__check_exit();
  avow__check_thread_init(c);
  avow__clock_start(c);
  return 0;
}

/* After fork(), the tables of a child have loops of threads that the child does
   not have. If the child makes a loop at the address of such a loop, it has no
   handle of avow. The old context may be in the middle of a call, so it is
   never used. */
static bool is_left_behind(const avow__context_t *c) {
  return c->forks != avow__forks() && !avow__tick_is_there(c);
}

int avow_loop_init(uv_loop_t *loop, const avow_options_t *options) {
  if (loop == NULL)
    return UV_EINVAL;
  avow__context_t *c = avow__loop_table_find(loop);
  if (c != NULL && is_left_behind(c)) {
    avow__loop_table_remove(loop);
    c = NULL;
  }
  if (c == NULL)
    return context_new(loop, options);
  avow__check_thread(c);
  if (c->life > AVOW__OPEN)
    return UV_EBUSY;
  c->users++;
  return 0;
}

typedef enum { ROOTS, STOPS, EVERYTHING } scope_t;

typedef struct {
  scope_t scope;
  uint64_t pending;
  uint64_t stops;
  uint64_t canceled;
} sweep_t;

/* Whether no other part of avow will settle p. */
static bool is_root(const avow_promise_t *p) {
  if (p->kind == AVOW__DEFERRED)
    return (p->flags & (AVOW__DEFERRED_PROXY | AVOW__DEFERRED_DELAYS_CLOSE)) ==
           0;
  if (p->kind == AVOW__GATHER)
    return p->u.gather.remaining == avow__is_open(p);
  return avow__kinds[p->kind].is_root;
}

/* Whether p is the stop of an avow_until(), and has no other reaction. Such a
   stop is canceled when the UNTIL has settled. Canceling the stop first would
   walk up from each UNTIL through the whole chain. */
static bool is_stop(const avow_promise_t *p) {
  const avow__link_t *first = p->waiters;
  return first != NULL && first->next == first &&
         ((const avow_promise_t *) first)->kind == AVOW__STOPPER;
}

static scope_t scope_for(const avow_promise_t *p) {
  if (!is_root(p))
    return EVERYTHING;
  return is_stop(p) ? STOPS : ROOTS;
}

static void sweep_one(avow_promise_t *p, void *data) {
  sweep_t *sweep = data;
  if (!avow__is_pending(p) || avow__is_bare(p))
    return;
  const scope_t needed = scope_for(p);
  sweep->pending++;
  if ((p->flags & AVOW__SPARED) != 0)
    return;
  sweep->stops += needed == STOPS;
  if (needed > sweep->scope)
    return;
  sweep->canceled++;
  if (p->kind == AVOW__RUNNING)
    avow__detached(p); /* a C++ coroutine that was never started */
  else
    avow__cancel_borrowed(p);
}

/* Sweeps again with a wider scope, unless a narrower one canceled something. */
static void sweep_further(avow__context_t *c, sweep_t *sweep, scope_t scope) {
  if (sweep->canceled > 0)
    return;
  sweep->scope = scope;
  avow__pool_each(&c->pool, sweep_one, sweep);
}

static bool is_shielded(const avow__context_t *c) {
  return c->close.shields > 0 && !c->close.unshielded;
}

static bool is_idle(const avow__context_t *c) {
  return c->requests == 0 && avow__queue_is_empty(&c->queue);
}

/* Sweeps the promises that are left. They wait for each other, so nothing else
   will settle them. */
static void sweep_rest(avow__context_t *c, sweep_t *sweep) {
  if (!c->close.sparing)
    avow__report_cycle(c);
  sweep_further(c, sweep, EVERYTHING);
  if (is_idle(c) && !c->close.sparing)
    avow__cycles_break(c);
}

/* Whether only another iteration of the loop can bring more work. */
static bool waits(const avow__context_t *c) {
  return c->requests > 0 || is_shielded(c);
}

static void loop_spend(uint64_t *steps, uint64_t n) {
  *steps -= n < *steps ? n : *steps;
}

/* Cancels pending promises and runs jobs, with at most `*steps` steps. Returns
   whether nothing is left to do. */
static bool sweep(avow__context_t *c, uint64_t *steps) {
  sweep_t sweep = { .scope = ROOTS };
  avow__enter(c);
  avow__foreign_closes_find(c);
  avow__shields_mark(c);
  avow__pool_each(&c->pool, sweep_one, &sweep);
  const bool is_over = sweep.pending == 0 && is_idle(c);
  if (sweep.stops > 0 && avow__queue_is_empty(&c->queue))
    sweep_further(c, &sweep, STOPS);
  if (sweep.pending > 0 && is_idle(c) && !is_shielded(c))
    sweep_rest(c, &sweep);
  loop_spend(steps, sweep.canceled);
  c->budget.allowance = *steps < UINT_MAX ? (unsigned) *steps : UINT_MAX;
  c->budget.remaining = 0;
  const uint64_t jobs = c->jobs;
  avow__end_task(c);
  avow__leave(c);
  loop_spend(steps, c->jobs - jobs);
  return is_over;
}

/* Runs one iteration of the loop. It works like an avow_run() for a settled
   promise: when a callback of avow has run, the loop does not go on to poll.
   The work that the callback began must be canceled first. If no event can come
   any more, a shield would wait forever, so shields end. While a shield is
   pending, jobs cost no steps. Otherwise the iteration runs at most `*steps`
   jobs. */
static void run_iteration(avow__context_t *c, uint64_t *steps) {
  const uint64_t jobs = c->jobs;
  const unsigned budget = c->options.budget;
  const bool free = is_shielded(c);
  if (!free && *steps < budget)
    c->options.budget = (unsigned) *steps;
  c->run_for = c->canceled;
  const bool alive = uv_run(c->loop, UV_RUN_ONCE) != 0;
  c->run_for = NULL;
  c->options.budget = budget;
  if (!free)
    loop_spend(steps, c->jobs - jobs);
  if (alive)
    return;
  if (is_idle(c))
    c->close.unshielded = true;
  else if (c->requests > 0)
    avow__port_wait(c);
}

static void add_steps(avow_promise_t *p, void *steps) {
  const bool hops = p->kind == AVOW__ADOPT && avow__is_pending(p);
  *(uint64_t *) steps += STEPS_EACH + (hops ? p->u.hops : 0);
}

static uint64_t patience_for(avow__context_t *c) {
  uint64_t steps = PATIENCE;
  avow__pool_each(&c->pool, add_steps, &steps);
  return steps;
}

/* A handler may begin new work whenever it is canceled. When the steps are
   spent, the program gets no more promises. When they are spent again, no
   finally runs any more. */
static void unwind(avow__context_t *c) {
  uint64_t steps = patience_for(c);
  while (!sweep(c, &steps)) {
    if (avow__queue_is_empty(&c->queue) && waits(c))
      run_iteration(c, &steps);
    if (steps > 0)
      continue;
    c->life = c->life < AVOW__GIVING_UP ? AVOW__GIVING_UP : AVOW__NO_HANDLERS;
    c->close.unshielded = true;
    steps = patience_for(c);
  }
}

/* Starts closing subsystems. Returns whether handles are still closing, of avow
   or closed by the program. */
static bool begin_to_close_subsystems(avow__context_t *c) {
  avow__subsystems_close(c);
  return c->close.closing_own > 0 || avow__foreign_closes_are_pending(c);
}

/* Runs the loop at least once, because a uv_close() of the program on a handle
   of avow may still be pending. If callbacks of the program begin new work
   meanwhile, the next round closes it. */
static void close_subsystems(avow__context_t *c) {
  (void) uv_run(c->loop, UV_RUN_NOWAIT); /* clears the flag of uv_stop() */
  (void) begin_to_close_subsystems(c);
  do {
    (void) uv_run(c->loop, UV_RUN_NOWAIT); /* the condition decides */
    unwind(c);
  } while (begin_to_close_subsystems(c));
}

static void report_kept(avow_promise_t *p, void *data) {
  if (p->kind != AVOW__CHANNEL)
    avow__report_unhandled(p);
}

/* Whether uv_loop_close() was called before. This is unknown if loops have no
   descriptor, as on Windows and where libuv calls poll(). */
static bool is_ended(const avow__context_t *c) {
  return uv_backend_fd(c->loop) < c->least_backend;
}

/* The context stays until `left` promises are freed. */
static void loop_outlive(avow__context_t *c, uint64_t left) {
  c->close.left = left;
  c->life = AVOW__CLOSED;
}

/* uv_loop_close() came first, so callbacks that still wait are never called. */
static void end_without_loop(avow__context_t *c) {
  avow__misuse(
      "uv_loop_close(): called before avow_loop_close(); call "
      "avow_loop_close() first");
  loop_outlive(c, UINT64_MAX);
  avow__values_end();
  avow__loop_table_remove(c->loop);
}

/* Hooks and subsystems may release the last promise, and the context with it.
   So handle_requests keeps the context until the end of this function. */
static void loop_leave(avow__context_t *c) {
  loop_outlive(c, avow__pool_count(&c->pool));
  c->handle_requests++;
  avow__pool_each(&c->pool, report_kept, NULL);
  avow__tell_of_value_cycle(c);
  avow__tell_of_held(c);
  avow__loop_table_remove(c->loop);
  avow__subsystems_free(c);
  avow__slabs_shrink(&c->pool);
  avow__values_end();
  c->handle_requests--;
  avow__context_release(c);
}

int avow_loop_close(uv_loop_t *loop) {
  avow__context_t *c = avow__loop_table_find(loop);
  if (c == NULL)
    return UV_EINVAL;
  if (is_ended(c)) {
    end_without_loop(c);
    return UV_EINVAL;
  }
  avow__check_runner(c, AVOW__CALLED);
  if (c->depth > 0 || c->pins > 0 || c->life > AVOW__OPEN ||
      avow__value_is_dying()) {
    avow__advise_in(AVOW__CALLED,
                    "called inside a callback; call it when avow_run() or "
                    "uv_run() has returned");
    return UV_EBUSY;
  }
  if (--c->users > 0)
    return 0;
  const bool is_run = c->run_for != NULL; /* an avow_run() is on the stack */
  c->life = AVOW__UNWINDING;
  c->close.shields_left = patience_for(c);
  avow__clock_run_by_itself(c);
  avow__close_guard_begin(c);
  unwind(c);
  close_subsystems(c);
#ifndef AVOW_NO_ASYNC
  avow__fibers_close(&c->fibers);
#endif
  assert(c->close.shields == 0); /* no shield is pending any more */
  loop_leave(c);
  if (is_run)
    uv_stop(loop); /* avow_run() would not see that its promise settled */
  return 0;
}
