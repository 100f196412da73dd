/* SPDX-License-Identifier: MIT */
/*
 * All sleeps of a loop share one uv_timer_t, and wait in the slots of a timing
 * wheel. Sleeps that are due move from the wheel to a queue. Each of them is a
 * task.
 *
 * A sleep for a timeout is a *limit*. When it is due, it also waits until the
 * loop has polled, has called close callbacks, and has run the jobs of all
 * that. So an operation that ended in time comes first, however late the loop
 * is, and however many iterations that takes. A limit waits for at most as many
 * jobs as one iteration may run.
 *
 * The timer keeps the loop alive unless all pending sleeps are weak.
 */
#include "engine/timer.h"

#include "avow/timer.h"
#include "base/alloc.h"
#include "engine/cancel.h"
#include "engine/cancel_reason.h"
#include "engine/extension.h"
#include "engine/invariants.h"
#include "engine/promise.h"
#include "engine/settle.h"
#include "engine/timer_wheel.h"
#include "engine/virtual_clock.h"

static const avow__subsystem_t timers_subsystem;
static uv_once_t timer_kinds = UV_ONCE_INIT;

static void set_timer_kinds(void);

/* A call of expire(), which moves sleeps that are due from the wheel to the
   queue. */
typedef struct {
  uint64_t time;
  uint32_t number; /* the number of this call; 0: there was none */
} expiry_t;

typedef enum { SLEEP, TIME_LIMIT, WEAK } sort_t;

struct avow__timers_s {
  avow__alarm_t alarm;
  avow__timer_wheel_t wheel;
  uint64_t armed;     /* when the timer fires; UINT64_MAX: never */
  bool running;       /* the timer's callback is on the stack */
  avow__queue_t due;  /* sleeps that are due, in order */
  avow__queue_t left; /* due before those, and wait for another budget */
  expiry_t last_expiry;
  expiry_t polled_expiry; /* the last one that a whole poll has followed */
  uint64_t expired_in;    /* the iteration of the last expiry */
  uint64_t iteration;     /* in which a sleep ended last */
  uint64_t waiting;       /* jobs that had run when due sleeps began to wait;
                             UINT64_MAX: none waits */
  uint32_t sleeps;        /* the number of pending sleeps */
  uint32_t limits, weak;  /* the numbers of such sleeps among them */
  bool unreferenced;      /* the timer does not keep the loop alive */
  avow_value_t timed_out; /* one error for all timeouts */
  avow_value_t canceled;  /* one reason for all that timeouts cancel */
};

static void timers_init(avow__timers_t *timers, uint64_t now) {
  timers->armed = timers->waiting = UINT64_MAX;
  timers->wheel.now = now;
  avow__queue_init(&timers->due);
  avow__queue_init(&timers->left);
}

/* Moves sleeps that are due at `now` to the queue, by deadline and then by
   age. */
static void expire(avow__timers_t *timers, uint64_t now) {
  uint64_t present;
  while ((present = avow__wheel_earliest(&timers->wheel)) <= now)
    avow__wheel_expire(&timers->wheel, present, &timers->due);
  timers->last_expiry.time = now;
  timers->last_expiry.number++;
}

/* Whether `expiry` found p due. A sleep that is made after an expiry, even in
   the same millisecond, waits for the next expiry. */
static bool was_due(const avow_promise_t *p, const expiry_t *expiry) {
  const uint32_t expiries_since = expiry->number - p->u.timer.expiries;
  return p->u.timer.deadline <= expiry->time &&
         expiries_since - 1 < UINT32_MAX / 2;
}

static avow_promise_t *first_of(const avow__queue_t *queue) {
  return avow__queue_is_empty(queue) ? NULL
                                     : (avow_promise_t *) queue->head.next;
}

/* The sleep that is due first; NULL if none is. */
static avow_promise_t *first_due(const avow__timers_t *timers) {
  avow_promise_t *p = first_of(&timers->left);
  return p != NULL ? p : first_of(&timers->due);
}

static void on_timer(uv_timer_t *timer);

static void arm(avow__context_t *c, uint64_t deadline) {
  avow__timers_t *timers = c->timers;
  const uint64_t now = avow__time(c);
  uint64_t ms = deadline > now ? deadline - now : 0;
  if (ms == 0 && timers->running)
    ms = avow__next_iteration_ms(c);
  timers->armed = deadline;
  avow__alarm_set(c, &timers->alarm, ms, on_timer);
}

static void rearm(avow__context_t *c) {
  const uint64_t deadline = avow__wheel_earliest(&c->timers->wheel);
  if (deadline == c->timers->armed)
    return;
  if (deadline != UINT64_MAX) {
    arm(c, deadline);
    return;
  }
  c->timers->armed = UINT64_MAX;
  avow__alarm_stop(&c->timers->alarm);
}

bool avow__sleeps_are_pending(const avow__context_t *c) {
  return c->timers != NULL && c->timers->armed != UINT64_MAX &&
         !c->timers->unreferenced && avow__time_passes(c);
}

/* Sets whether the timer keeps the loop alive, after a sleep was added or
   removed while there were weak ones. */
static AVOW__APART void timers_doze(avow__timers_t *timers) {
  const bool unreferenced = timers->weak > 0 && timers->weak == timers->sleeps;
  if (unreferenced == timers->unreferenced)
    return;
  timers->unreferenced = unreferenced;
  (unreferenced ? uv_unref : uv_ref)((uv_handle_t *) &timers->alarm.timer);
}

static inline void timer_added(avow__timers_t *timers,
                               const avow_promise_t *p) {
  timers->sleeps++;
  timers->limits += p->u.timer.is_limit;
  timers->weak += p->u.timer.is_weak;
  if (AVOW__UNLIKELY(timers->weak > 0))
    timers_doze(timers);
}

static inline void timer_removed(avow__timers_t *timers,
                                 const avow_promise_t *p) {
  timers->sleeps--;
  timers->limits -= p->u.timer.is_limit;
  if (AVOW__LIKELY(timers->weak == 0))
    return;
  timers->weak -= p->u.timer.is_weak;
  timers_doze(timers);
}

static void timer_settle(avow__timers_t *timers, avow_promise_t *p) {
  avow__queue_remove(&p->link);
  timer_removed(timers, p);
  avow__resolve(p, p->u.timer.is_limit ? avow_value_ref(&timers->timed_out)
                                       : avow_none());
}

/* Whether p, a limit, may reject: a whole poll has followed its expiry, and the
   queue has no jobs left. So it is not ahead of an operation that ended in
   time. */
static bool limit_is_up(const avow__context_t *c, const avow_promise_t *p) {
  return was_due(p, &c->timers->polled_expiry) &&
         avow__queue_is_empty(&c->queue);
}

/* The first sleep that is due, unless it must wait. */
static avow_promise_t *next(avow__context_t *c, avow__timers_t *timers) {
  avow_promise_t *p = first_due(timers);
  if (p == NULL)
    return NULL;
  const bool may = p->u.timer.is_limit
                       ? limit_is_up(c, p)
                       : avow__may_deliver(c, &timers->iteration);
  return may ? p : NULL;
}

static void timer_deliver(avow__context_t *c) {
  avow__timers_t *timers = c->timers;
  avow_promise_t *p;
  while ((p = next(c, timers)) != NULL) {
    timer_settle(timers, p);
    avow__end_task(c);
  }
}

/* The number of the iteration changes before each poll. If it has changed since
   the last expiry, a whole poll has followed that expiry. So a limit that was
   due then does not reject ahead of an operation that ended in time. */
static void note_poll(const avow__context_t *c) {
  if (c->timers->expired_in != c->budget.iteration)
    c->timers->polled_expiry = c->timers->last_expiry;
}

static void timers_expire(avow__context_t *c) {
  note_poll(c);
  expire(c->timers, avow__time(c));
  c->timers->expired_in = c->budget.iteration;
}

/* Sleeps that are left from an earlier expiry go on first, from the idle
   handle. */
static void on_timer(uv_timer_t *timer) {
  avow__context_t *c = timer->data;
  avow__enter(c);
  c->timers->running = true;
  c->timers->armed = UINT64_MAX;
  const bool has_left = first_due(c->timers) != NULL;
  if (!has_left)
    c->timers->waiting = UINT64_MAX;
  timers_expire(c);
  avow__end_task(c); /* jobs of an earlier timer of the program */
  if (!has_left)
    timer_deliver(c);
  c->budget.sleeps_wait = first_due(c->timers) != NULL;
  avow__leave(c);
  rearm(c);
  c->timers->running = false;
}

/* The first sleep that is due, unless it is a limit that must wait. */
static avow_promise_t *next_with_limits(const avow__timers_t *timers) {
  avow_promise_t *p = timers->limits > 0 ? first_of(&timers->due) : NULL;
  const bool waits =
      p != NULL && p->u.timer.is_limit && !was_due(p, &timers->polled_expiry);
  return waits ? NULL : p;
}

/* Limits do not wait for a sleep that needs another budget. If there are
   limits, each sleep is visited once. */
static void settle_limits(avow__timers_t *timers) {
  avow_promise_t *p;
  while ((p = next_with_limits(timers)) != NULL) {
    if (p->u.timer.is_limit) {
      timer_settle(timers, p);
    } else {
      avow__queue_remove(&p->link);
      avow__queue_append(&timers->left, &p->link);
    }
  }
}

/* This counts jobs and not their time, because the time of one iteration is too
   short for all that may have arrived while the loop was blocked. */
static bool has_waited_enough(avow__context_t *c) {
  avow__timers_t *timers = c->timers;
  if (timers->waiting == UINT64_MAX)
    timers->waiting = c->budget.jobs_before;
  return c->jobs - timers->waiting >= c->options.budget;
}

/* Continues with sleeps that are due, but had to wait for a poll or for a
   budget. */
static void timer_go_on(avow__context_t *c) {
  avow__timers_t *timers = c->timers;
  note_poll(c);
  timer_deliver(c);
  c->budget.sleeps_wait = first_due(timers) != NULL;
  if (c->budget.sleeps_wait && !has_waited_enough(c))
    return;
  settle_limits(timers); /* the others need another budget */
  c->budget.sleeps_wait = first_due(timers) != NULL;
  timers->waiting = UINT64_MAX;
}

static avow_value_t timed_out(void) {
  return avow__error_of_limit(
      avow_error_new(UV_ETIMEDOUT, avow_none(), "timed out"));
}

static bool timers_new(avow__context_t *c) {
  if (c->timers != NULL)
    return true;
  avow__timers_t *timers = avow_calloc(1, sizeof(*timers));
  if (timers == NULL)
    return false;
  uv_once(&timer_kinds, set_timer_kinds);
  avow__alarm_init(c, &timers->alarm, c);
  timers_init(timers, avow__time(c));
  timers->timed_out = timed_out();
  timers->canceled = avow__cancel_reason(avow_value_ref(&timers->timed_out));
  c->timers = timers;
  c->subsystems[AVOW__SUBSYSTEM_TIMERS] = &timers_subsystem;
  c->timers_go_on = timer_go_on;
  return true;
}

/* While the timer does not run, the wheel is empty. Its time moves to the
   cached time of the loop, because no deadline is earlier than that. */
static void timer_advance(avow__context_t *c) {
  avow__timers_t *timers = c->timers;
  if (timers->armed == UINT64_MAX && !timers->running)
    timers->wheel.now = avow__time(c);
}

static void timer_start(avow__context_t *c, avow_promise_t *p, uint64_t from,
                        uint64_t ms) {
  avow__timers_t *timers = c->timers;
  const uint64_t latest = timers->wheel.now | AVOW__LATEST;
  p->u.timer.deadline = ms < latest - from ? from + ms : latest;
  assert(p->u.timer.deadline >= timers->wheel.now);
  p->u.timer.expiries = timers->last_expiry.number;
  avow__wheel_put(&timers->wheel, p);
  if (p->u.timer.deadline < timers->armed && !timers->running)
    arm(c, p->u.timer.deadline);
}

static avow_promise_t *timer_new(avow__context_t *c, uint64_t from, uint64_t ms,
                                 sort_t sort) {
  if (c->life >= AVOW__GIVING_UP || !timers_new(c))
    return avow__no_promise(c);
  if (uv_is_closing((uv_handle_t *) &c->timers->alarm.timer)) {
    avow__check_handles(c);
    return avow__ref(c->canceled);
  }
  avow_promise_t *p = avow__promise_alloc(c, AVOW__TIMER);
  if (p == NULL)
    return avow__no_promise(c);
  p->u.timer.is_limit = sort == TIME_LIMIT;
  p->u.timer.is_weak = sort == WEAK;
  timer_added(c->timers, p);
  timer_advance(c);
  timer_start(c, p, from, ms);
  return p;
}

static avow_promise_t *sleep_new(avow__context_t *c, uint64_t ms, sort_t sort) {
  return c->life != AVOW__CLOSED ? timer_new(c, avow__sleep_start(c), ms, sort)
                                 : avow__no_promise(c);
}

avow_promise_t *avow_sleep(uv_loop_t *loop, uint64_t ms) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  return sleep_new(c, ms, SLEEP);
}

avow_promise_t *avow_sleep_weak(uv_loop_t *loop, uint64_t ms) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  return sleep_new(c, ms, WEAK);
}

avow_promise_t *avow__time_limit(avow__context_t *c, uint64_t from,
                                 uint64_t ms) {
  return timer_new(c, from, ms, TIME_LIMIT);
}

/* Marked as handled, because the program sees only the promise that times
   out. */
avow_promise_t *avow__time_is_up(avow__context_t *c) {
  avow_promise_t *p = avow__promise_alloc(c, AVOW__VALUE);
  if (p == NULL)
    return avow__no_promise(c);
  p->flags |= AVOW__HANDLED;
  avow__resolve(p, timed_out());
  return p;
}

static void remove_sleep(avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  avow__timers_t *timers = c->timers;
  timer_removed(timers, p);
  if (was_due(p, &timers->last_expiry)) {
    avow__queue_remove(&p->link);
    c->budget.sleeps_wait = first_due(timers) != NULL;
    return;
  }
  avow__wheel_take(&timers->wheel, p);
  /* A timer that is armed too early does no harm, but one that never stops
     does. */
  if (avow__wheel_is_empty(&timers->wheel) && !timers->running)
    rearm(c);
}

static void timer_cancel(avow_promise_t *p, avow_promise_t *start) {
  remove_sleep(p);
  avow__detached(p);
}

static void set_timer_kinds(void) {
  avow__kinds[AVOW__TIMER] = (avow__kind_row_t){ .name = "sleep",
                                                 .is_root = true,
                                                 .cancel_from = timer_cancel };
}

avow_value_t avow__limit_reason(const avow__context_t *c,
                                const avow_value_t *given) {
  const avow__timers_t *timers = c->timers;
  const bool is_ours = given->tag == AVOW_ERROR && given->u.p != NULL &&
                       timers != NULL && given->u.p == timers->timed_out.u.p;
  return is_ours ? avow_value_ref(&timers->canceled)
                 : avow__cancel_reason(avow_value_ref(given));
}

static void timers_close(avow__context_t *c) {
  if (c->timers == NULL)
    return;
  avow__alarm_stop(&c->timers->alarm);
  avow__close_own(c, (uv_handle_t *) &c->timers->alarm.timer);
}

static void timers_free(avow__context_t *c) {
  if (c->timers != NULL) {
    avow__value_unref(c->timers->canceled);
    avow__value_unref(c->timers->timed_out);
  }
  avow_free(c->timers);
  c->timers = NULL;
}

#ifdef AVOW_CHECK

typedef struct {
  const avow__timers_t *timers;
  size_t sleeps, limits, weak;
} found_t;

static void check_sleep(found_t *found, const avow_promise_t *p) {
  AVOW__HOLDS(62, p->kind == AVOW__TIMER && avow__is_pending(p));
  found->sleeps++;
  found->limits += p->u.timer.is_limit;
  found->weak += p->u.timer.is_weak;
}

static void check_due(found_t *found, const avow__queue_t *queue) {
  (void) avow__check_queue(queue);
  const avow__link_t *head = &queue->head;
  for (const avow__link_t *at = head->next; at != head; at = at->next)
    check_sleep(found, (const avow_promise_t *) at);
}

static void check_waiting(const avow_promise_t *p, void *data) {
  found_t *found = data;
  const avow__timers_t *timers = found->timers;
  AVOW__HOLDS(66, timers->running || timers->armed <= p->u.timer.deadline);
  check_sleep(found, p);
}

static void timers_check(avow__context_t *c) {
  const avow__timers_t *timers = c->timers;
  found_t found = { .timers = timers };
  if (timers != NULL) {
    check_due(&found, &timers->left);
    check_due(&found, &timers->due);
    avow__wheel_check(&timers->wheel, check_waiting, &found);
    AVOW__HOLDS(65, found.limits == timers->limits);
    AVOW__HOLDS(65, found.weak == timers->weak);
    AVOW__HOLDS(65, found.sleeps == timers->sleeps);
  }
  AVOW__HOLDS(67, found.sleeps == avow__check_count(c, AVOW__TIMER));
}

#endif

static const avow__subsystem_t timers_subsystem = { .close = timers_close,
                                                    .free = timers_free,
                                                    .check = AVOW__CHECKED(
                                                        timers_check) };
