/* SPDX-License-Identifier: MIT */
/*
 * Iterations, events and jobs. The loop delivers events, which the code calls
 * tasks: a sleep that is due, mail from another thread, a phase, a callback of
 * libuv. The jobs that a task queues run to their end before the next task. All
 * jobs of an iteration share one budget, of jobs and of time. When the budget
 * is spent, the loop goes on first, and jobs wait in the queue. Tasks that avow
 * delivers itself wait in their source. But each source still delivers one task
 * in each iteration.
 *
 * Reading the clock takes longer than most jobs take. So a stride of jobs runs
 * from one reading to the next, and it is long while jobs are quick. The time
 * of a callback counts from the first reading in it. So callbacks that need no
 * reading cost none, and code outside avow is not counted.
 *
 * Each callback of avow drains the queue when it returns: in the same
 * iteration, without a handle or a system call. Jobs that are left over, or
 * that are queued outside these callbacks (in callbacks of the program, before
 * uv_run()), start two handles. The idle handle keeps the loop alive and the
 * poll from blocking, and continues with sleeps and attempts that wait. The
 * check handle is not referenced. It runs the jobs of poll callbacks in the
 * same iteration, and continues with mail that waits. Both stop when nothing is
 * left. The prepare handle is always active and not referenced. It is called
 * before the poll, where an iteration begins, with a budget of its own.
 */
#include "engine/tick.h"

#include "base/alloc.h"
#include "engine/extension.h"
#include "engine/invariants.h"
#include "engine/loop_time.h"
#include "engine/probes.h"

static const avow__subsystem_t tick_subsystem;

struct avow__tick_s {
  uv_idle_t idle;
  uv_check_t check;
  uv_prepare_t prepare;
  uv_timer_t review; /* wakes an idle loop, so that it frees memory */
};

/* A stride has at most STRIDE jobs. It takes at most 1/PARTS of the budget of
   an iteration, both in jobs and in time. */
enum { STRIDE = 256, PARTS = 16, NS_PER_US = 1000 };

static unsigned longest_stride(const avow__context_t *c) {
  const unsigned part = c->options.budget / PARTS + 1;
  return part < STRIDE ? part : STRIDE;
}

static uint64_t time_of_iteration(const avow__context_t *c) {
  return c->options.budget_us * (uint64_t) NS_PER_US;
}

static void grant(avow__context_t *c) {
  c->budget.allowance = c->budget.remaining < c->budget.stride
                            ? c->budget.remaining
                            : c->budget.stride;
  c->budget.remaining -= c->budget.allowance;
}

static void begin_iteration(avow__context_t *c) {
  c->budget.iteration++;
  c->budget.jobs_before = c->jobs;
  c->budget.time_left = time_of_iteration(c);
  c->budget.began = c->budget.jobs_wait ? uv_hrtime() : 0;
  c->budget.remaining = c->options.budget;
  grant(c);
}

/* The stride after an allowance that took `ns`. Slow jobs are timed one by one.
   A quick job says little about the next one, so the stride at most doubles
   from one reading to the next. */
static unsigned next_stride(const avow__context_t *c, uint64_t ns) {
  const uint64_t part = time_of_iteration(c) / PARTS, before = c->budget.stride;
  if (ns >= part)
    return 1;
  const uint64_t fit = before * part / (ns + 1);
  const uint64_t grown = fit < 2 * before ? fit : 2 * before;
  const unsigned longest = longest_stride(c);
  return grown < longest ? (unsigned) grown : longest;
}

/* Counts the time of an allowance of jobs. */
static void spend_time(avow__context_t *c, uint64_t ns) {
  c->budget.stride = next_stride(c, ns);
  c->budget.time_left -= ns < c->budget.time_left ? ns : c->budget.time_left;
  if (c->budget.time_left == 0)
    c->budget.remaining = 0;
}

bool avow__iteration_goes_on(avow__context_t *c) {
  if (c->budget.remaining == 0)
    return false;
  const uint64_t now = uv_hrtime();
  if (c->budget.read_at != 0)
    spend_time(c, avow__elapsed(c->budget.read_at, now));
  c->budget.read_at = now;
  grant(c);
  return c->budget.allowance > 0;
}

static void on_review(uv_timer_t *handle) {
  (void) handle; /* the prepare handle comes next */
}

static unsigned review_stacks(avow__context_t *c) {
#ifdef AVOW_NO_ASYNC
  return 0;
#else
  return avow__fibers_review(&c->fibers, uv_now(c->loop));
#endif
}

static bool may_free_memory(const avow__context_t *c) {
#ifndef AVOW_NO_ASYNC
  if (c->fibers.spare > c->fibers.keep)
    return true;
#endif
  return c->pool.empty_count > AVOW__KEPT_SLABS;
}

/* Memory that a peak has left is freed when it was not needed for a second. */
static AVOW__APART void review_memory(avow__context_t *c) {
  const unsigned slabs = avow__pool_review(&c->pool, uv_now(c->loop));
  const unsigned stacks = review_stacks(c);
  const unsigned ms =
      stacks == 0 || (slabs > 0 && slabs < stacks) ? slabs : stacks;
  if (ms > 0)
    (void) uv_timer_start(&c->tick->review, on_review, ms,
                          0); /* fails if the program has closed it */
}

static void tick_on_prepare(uv_prepare_t *handle) {
  avow__context_t *c = handle->data;
  if (AVOW__UNLIKELY(c->iteration_hooks != NULL))
    c->iteration_hooks->before_poll(c);
  begin_iteration(c);
  avow__probe_poll(c);
  avow__note_thread(c);
  if (AVOW__UNLIKELY(may_free_memory(c)))
    review_memory(c);
  if (c->before_poll != NULL)
    c->before_poll(c);
}

/* The jobs that wait here were queued outside callbacks of avow. Since 1.45,
   uv_run() may call this without updating the time. Older work comes first: the
   jobs, and then the tasks. */
static void tick_on_idle(uv_idle_t *handle) {
  avow__context_t *c = handle->data;
  uv_update_time(c->loop);
  avow__enter(c);
  avow__end_task(c);
  if (c->budget.sleeps_wait) {
    uv_update_time(c->loop); /* the jobs took time */
    c->timers_go_on(c);
  }
  if (c->budget.attempts_wait)
    c->attempts_go_on(c);
  avow__leave(c);
}

/* Jobs may take as long as the callbacks of libuv took in this iteration,
   because these may have left as much to do. The time since `began` is that of
   callbacks, because the poll does not wait when jobs are left. */
static void keep_pace(avow__context_t *c) {
  if (c->budget.began == 0)
    return;
  const uint64_t took = avow__elapsed(c->budget.began, uv_hrtime());
  if (took > c->budget.time_left)
    c->budget.time_left = took;
}

static void tick_on_check(uv_check_t *handle) {
  avow__context_t *c = handle->data;
  avow__enter(c);
  keep_pace(c);
  avow__end_task(c);
  if (c->budget.tasks_wait) {
    c->budget.tasks_wait = false;
    if (c->threads.port_go_on != NULL)
      c->threads.port_go_on(c);
  }
  avow__leave(c);
}

static void tick_close(avow__context_t *c) {
  avow__close_own(c, (uv_handle_t *) &c->tick->idle);
  avow__close_own(c, (uv_handle_t *) &c->tick->check);
  avow__close_own(c, (uv_handle_t *) &c->tick->prepare);
  avow__close_own(c, (uv_handle_t *) &c->tick->review);
}

static void tick_free(avow__context_t *c) {
  avow_free(c->tick);
  c->tick = NULL;
}

bool avow__tick_init(avow__context_t *c) {
  avow__tick_t *tick = avow_malloc(sizeof(*tick));
  if (tick == NULL)
    return false;
  (void) uv_idle_init(c->loop, &tick->idle);       /* cannot fail */
  (void) uv_check_init(c->loop, &tick->check);     /* cannot fail */
  (void) uv_prepare_init(c->loop, &tick->prepare); /* cannot fail */
  tick->idle.data = tick->check.data = tick->prepare.data = c;
  (void) uv_timer_init(c->loop, &tick->review); /* cannot fail */
  tick->review.data = c;
  uv_unref((uv_handle_t *) &tick->review);
  uv_unref((uv_handle_t *) &tick->check);
  uv_unref((uv_handle_t *) &tick->prepare);
  (void) uv_prepare_start(&tick->prepare, tick_on_prepare); /* cannot fail */
  c->tick = tick;
  c->subsystems[AVOW__SUBSYSTEM_TICK] = &tick_subsystem;
  c->budget.stride = longest_stride(c);
  begin_iteration(c);
  return true;
}

typedef struct {
  const uv_handle_t *handle;
  bool found;
} handle_search_t;

static void tick_compare(uv_handle_t *handle, void *data) {
  handle_search_t *search = data;
  search->found |= handle == search->handle;
}

bool avow__tick_is_there(const avow__context_t *c) {
  if (c->tick == NULL)
    return false;
  handle_search_t search = { .handle =
                                 (const uv_handle_t *) &c->tick->prepare };
  uv_walk(c->loop, tick_compare, &search);
  return search.found;
}

static void tick_stop(avow__context_t *c) {
  if (!uv_is_active((uv_handle_t *) &c->tick->idle))
    return;
  (void) uv_idle_stop(&c->tick->idle);   /* cannot fail */
  (void) uv_check_stop(&c->tick->check); /* cannot fail */
}

/* A program that closes all handles also closes those of avow. */
static bool tick_is_closing(const avow__tick_t *tick) {
  return uv_is_closing((const uv_handle_t *) &tick->idle) ||
         uv_is_closing((const uv_handle_t *) &tick->check) ||
         uv_is_closing((const uv_handle_t *) &tick->prepare);
}

/* Starting a handle that is closing would corrupt the loop. In this case the
   jobs wait for a callback of avow or for avow_loop_close(). The prepare handle
   is not called any more, so an iteration begins here. */
void avow__wake(avow__context_t *c) {
  avow__tick_t *tick = c->tick;
  assert(c->life != AVOW__CLOSED); /* then nothing is pending */
  if (tick_is_closing(tick)) {
    begin_iteration(c);
    c->budget.jobs_wait = false;
    return;
  }
  (void) uv_idle_start(&tick->idle, tick_on_idle);    /* cannot fail here */
  (void) uv_check_start(&tick->check, tick_on_check); /* cannot fail here */
  c->awake = true;
}

void avow__enter(avow__context_t *c) {
#if AVOW__DEBUG
  c->thread = avow__here();
  if (c->stack_top == NULL) {
    c->stack_top = AVOW__FRAME;
    c->entered = true;
  }
#endif
  if (c->depth == 0)
    c->budget.read_at = 0;
  avow__note_thread(c);
  avow__probe_task(c);
  if (AVOW__UNLIKELY(c->wants_enter))
    c->iteration_hooks->on_enter(c);
  avow__enter_call(c);
}

uint64_t avow__sleep_start(avow__context_t *c) {
  return c->depth == 0 || c->time_is_old ? avow__present(c) : avow__time(c);
}

void avow__stop_if_settled(avow__context_t *c) {
  if (c->run_for == NULL || avow__is_pending(c->run_for))
    return;
  uv_stop(c->loop);
  if (AVOW__UNLIKELY(c->iteration_hooks != NULL))
    c->iteration_hooks->on_stop(c);
}

void avow__leave_queue(avow__context_t *c) {
  if (--c->depth > 0)
    return;
#if AVOW__DEBUG
  if (c->entered)
    c->stack_top = NULL;
  c->entered = false;
#endif
  avow__probe_task_end(c);
  avow__stop_if_settled(c);
  c->time_is_old = false;
  c->awake = false;
  c->fibers.now = NULL; /* the loop may move to another thread */
  if (!avow__queue_is_empty(&c->queue) || c->budget.tasks_wait ||
      c->budget.sleeps_wait || c->budget.attempts_wait)
    avow__wake(c);
  else
    tick_stop(c);
  avow__check_loop(c);
}

/* If jobs are left over from an earlier iteration, callbacks only queue their
   jobs, and the check handle runs them. Otherwise the first callback would give
   the whole budget to an endless chain of jobs. */
void avow__leave(avow__context_t *c) {
  if (!c->budget.jobs_wait)
    avow__end_task(c);
  avow__leave_queue(c);
}

#ifdef AVOW_CHECK

static void tick_check(avow__context_t *c) {
  if (c->life == AVOW__CLOSED || tick_is_closing(c->tick))
    return;
  AVOW__HOLDS(59, avow__queue_is_empty(&c->queue) || c->awake);
  AVOW__HOLDS(60, uv_is_active((uv_handle_t *) &c->tick->idle) == c->awake);
}

#endif

static const avow__subsystem_t tick_subsystem = {
  .close = tick_close, .free = tick_free, .check = AVOW__CHECKED(tick_check)
};
