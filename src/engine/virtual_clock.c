/* SPDX-License-Identifier: MIT */
/*
 * Virtual clocks. A loop with such a clock shows the clock's time to the
 * program, and skips the time in which nothing happens. Alarms are kept in the
 * order in which they ring. Only clock_next() decides which alarm is next.
 *
 * The clock moves to one alarm in each iteration, so the jobs of that alarm run
 * before the next alarm rings. If the program moves the clock, this happens
 * after each poll. If the clock moves by itself, this happens in the timer
 * phase after a poll that brought no more work. Before that poll, a check
 * decides how long the poll may wait. After the poll, another check decides
 * whether the clock moves.
 */
#include "engine/virtual_clock.h"

#include <inttypes.h>
#include <stdio.h>

#include "avow/cancel.h"
#include "avow/timer.h"
#include "base/alloc.h"
#include "base/container.h"
#include "base/log.h"
#include "engine/extension.h"
#include "engine/invariants.h"
#include "engine/promise.h"
#include "engine/settle.h"

static const avow__subsystem_t clock_subsystem;

/* Events that the loop waits for. IDLE: none. PEERS: those of peers, which may
   never come. HELD: events that will come. */
typedef enum { IDLE, PEERS, HELD } wait_t;

/* A wait of the loop, and its cause. */
typedef struct {
  wait_t wait;
  const uv_handle_t *handle; /* NULL: something other than a handle */
} hold_t;

typedef struct {
  avow__link_t link;
  avow__context_t *context;
  avow_deferred_t *deferred;
  uint64_t to;
} advance_t;

/* The time of a timer that only keeps the loop alive. */
static const uint64_t never = UINT64_MAX;

/* The real clock. */

void avow__timer_set_from_present(uv_timer_t *timer, uint64_t ms,
                                  uv_timer_cb cb) {
  const uint64_t behind = avow__time_behind(timer->loop);
  const uint64_t from_cached = ms < UINT64_MAX - behind ? ms + behind : ms;
  (void) uv_timer_start(timer, cb, from_cached, 0); /* fails if it is closing */
}

/* Alarms. */

void avow__alarm_init(avow__context_t *c, avow__alarm_t *alarm, void *data) {
  (void) uv_timer_init(c->loop, &alarm->timer); /* cannot fail */
  alarm->timer.data = data;
  alarm->link.next = NULL;
}

static avow__alarm_t *alarm_of(avow__link_t *link) {
  return AVOW__CONTAINER(avow__alarm_t, link, link);
}

/* Adds the alarm after those that ring no later. */
static void alarm_put(avow__clock_t *clock, avow__alarm_t *alarm) {
  avow__link_t *head = &clock->alarms.head;
  avow__link_t *before = head->prev;
  while (before != head && alarm_of(before)->due > alarm->due)
    before = before->prev;
  alarm->link.prev = before;
  alarm->link.next = before->next;
  before->next->prev = &alarm->link;
  before->next = &alarm->link;
}

/* The alarm that rings first; NULL if none will ring. */
static avow__alarm_t *clock_next(const avow__clock_t *clock) {
  if (avow__queue_is_empty(&clock->alarms))
    return NULL;
  avow__alarm_t *alarm = alarm_of(clock->alarms.head.next);
  return alarm->due < AVOW__LATEST ? alarm : NULL;
}

/* An alarm that never rings must not keep the loop alive, or uv_run() would
   never return. */
static void alarm_keep_alive(avow__alarm_t *alarm) {
  if (alarm->due < AVOW__LATEST)
    (void) uv_timer_start(&alarm->timer, alarm->cb, never,
                          0); /* fails if it is closing */
}

void avow__clock_set(avow__context_t *c, avow__alarm_t *alarm, uint64_t ms,
                     uv_timer_cb cb) {
  avow__clock_t *clock = c->clock;
  if (clock_next(clock) == NULL)
    clock->held = false; /* a hold counts only while an alarm is set */
  avow__alarm_stop(alarm);
  alarm->due = ms < AVOW__LATEST - clock->now ? clock->now + ms : AVOW__LATEST;
  alarm->cb = cb;
  alarm_put(clock, alarm);
  if (avow__time_passes(c))
    alarm_keep_alive(alarm);
}

void avow__clock_unset(avow__alarm_t *alarm) {
  avow__queue_remove(&alarm->link);
  alarm->link.next = NULL;
}

/* Moving the clock. */

static advance_t *clock_advance(const avow__clock_t *clock) {
  return avow__queue_is_empty(&clock->advances)
             ? NULL
             : (advance_t *) clock->advances.head.next;
}

static void clock_move(avow__clock_t *clock, uint64_t to) {
  if (clock->now >= to)
    return;
  clock->now = to;
  clock->rings = 0;
}

/* A program that sleeps for 0 ms again and again keeps the clock at one time.
   Nothing else would show that, so it is reported, once for each such time. */
static void clock_count(const avow__context_t *c) {
  enum { MANY = 1000 };
  avow__clock_t *clock = c->clock;
  if (clock->rings == 0)
    clock->rung_since = uv_now(c->loop);
  if (clock->rings < MANY)
    clock->rings++;
  else if (clock->rings == MANY &&
           avow__elapsed(clock->rung_since, uv_now(c->loop)) >=
               c->options.clock_guard_ms) {
    clock->rings++;
    avow__log("a virtual clock did not advance from %" PRIu64
              " ms for %u ms, while %d sleeps of 0 ms ended; sleep for at "
              "least 1 ms in a loop",
              clock->now, c->options.clock_guard_ms, MANY);
  }
}

/* The program may have closed the alarm's timer. */
static void clock_ring(const avow__context_t *c, avow__alarm_t *alarm) {
  clock_move(c->clock, alarm->due);
  clock_count(c);
  avow__alarm_stop(alarm);
  if (!uv_is_closing((uv_handle_t *) &alarm->timer))
    alarm->cb(&alarm->timer);
}

static void advance_end(advance_t *advance) {
  avow__clock_t *clock = advance->context->clock;
  avow__queue_remove(&advance->link);
  if (avow__queue_is_empty(&clock->advances))
    (void) uv_idle_stop(&clock->idle); /* cannot fail */
  avow_free(advance);
}

static void clock_arrive(avow__context_t *c, advance_t *advance) {
  avow_deferred_t *d = advance->deferred;
  clock_move(c->clock, advance->to);
  advance_end(advance);
  avow__enter(c);
  (void) avow_resolve(d, avow_none()); /* canceling d ends the advance */
  avow__leave(c);
}

/* Moves the clock to the next alarm. If no alarm is left before the end of an
   advance, moves it to that end. */
static void clock_go_on(avow__context_t *c) {
  avow__alarm_t *alarm = clock_next(c->clock);
  advance_t *advance = clock_advance(c->clock);
  if (advance != NULL && (alarm == NULL || alarm->due > advance->to))
    clock_arrive(c, advance);
  else if (alarm != NULL)
    clock_ring(c, alarm);
}

/* Holding the clock. */

/* Whether the loop waits for a handle: it does if that is active and
   referenced. It does not wait for handles that are called in each iteration,
   nor for a timer that never fires. */
static wait_t handle_waits(const uv_handle_t *handle) {
  static const uint8_t waits[UV_HANDLE_TYPE_MAX] = {
    [UV_ASYNC] = HELD,     [UV_IDLE] = HELD,     [UV_PROCESS] = HELD,
    [UV_TIMER] = HELD,     [UV_TCP] = PEERS,     [UV_NAMED_PIPE] = PEERS,
    [UV_TTY] = PEERS,      [UV_UDP] = PEERS,     [UV_POLL] = PEERS,
    [UV_FS_EVENT] = PEERS, [UV_FS_POLL] = PEERS, [UV_SIGNAL] = PEERS,
  };
  if (uv_is_closing(handle))
    return HELD;
  if (!uv_is_active(handle) || !uv_has_ref(handle))
    return IDLE;
  const bool is_never =
      handle->type == UV_TIMER &&
      uv_timer_get_due_in((const uv_timer_t *) handle) > AVOW__LATEST;
  return is_never ? IDLE : (wait_t) waits[handle->type];
}

static void hold_by(uv_handle_t *handle, void *data) {
  hold_t *hold = data;
  const wait_t wait = handle_waits(handle);
  if (wait <= hold->wait)
    return;
  hold->wait = wait;
  hold->handle = handle;
}

/* The requests of avow and of the program, without those that wait for
   peers. */
static uint32_t requests_of(const avow__context_t *c) {
  const uint32_t peers = c->handle_requests + c->peer_requests;
  const uint32_t ours = c->requests - c->peer_requests;
  const uint32_t all = c->loop->active_reqs.count;
  const uint32_t others = all > peers ? all - peers : 0;
  return ours > others ? ours : others;
}

static hold_t clock_hold(avow__context_t *c) {
  hold_t hold = { .wait = IDLE };
  if (requests_of(c) > 0)
    hold.wait = HELD;
  else
    uv_walk(c->loop, hold_by, &hold);
  return hold;
}

/* Whether the loop has work of its own, or its caller has: an avow_run() whose
   promise has settled returns before anything else is due. */
static bool is_busy(const avow__context_t *c) {
  return !avow__queue_is_empty(&c->queue) || c->budget.sleeps_wait ||
         c->budget.attempts_wait || c->budget.tasks_wait ||
         c->loop->stop_flag != 0;
}

/* Writes at most `size` bytes to `out`. */
static void clock_name_holder(const avow__context_t *c, const hold_t *hold,
                              char *out, size_t size) {
  const uint32_t n = requests_of(c);
  if (hold->handle != NULL)
    (void) snprintf(out, size, "a uv_%s_t",
                    uv_handle_type_name(hold->handle->type));
  else
    (void) snprintf(out, size, "%" PRIu32 " request%s in flight", n,
                    n > 1 ? "s" : "");
}

static void clock_dump(FILE *out, void *loop) {
  avow_loop_dump(loop, out);
}

/* Reports what holds the clock, once until a job runs. */
static void clock_tell(avow__context_t *c, const hold_t *hold) {
  if (c->clock->reported)
    return;
  c->clock->reported = true;
  char holder[48];
  clock_name_holder(c, hold, holder, sizeof(holder));
  avow__log("a virtual clock did not advance from %" PRIu64
            " ms for %u ms; it is held by %s; its loop has:",
            c->clock->now, c->options.clock_guard_ms, holder);
  avow__log_lines(clock_dump, c->loop);
}

/* How long the clock has been held while no job has run. */
static uint64_t clock_stands(avow__context_t *c) {
  avow__clock_t *clock = c->clock;
  const uint64_t now = uv_now(c->loop);
  if (!clock->held || clock->held_jobs != c->jobs) {
    clock->held = true;
    clock->reported = false;
    clock->held_jobs = c->jobs;
    clock->since = now;
  }
  return avow__elapsed(clock->since, now);
}

/* How long the poll may wait before the clock moves, or a hold is reported. */
static uint64_t clock_patience(avow__context_t *c) {
  const wait_t wait = clock_hold(c).wait;
  c->clock->waited = (uint8_t) wait;
  if (wait != HELD) {
    c->clock->held = false;
    return wait == PEERS ? c->options.clock_quiet_ms : 0;
  }
  const uint64_t stands = clock_stands(c), guard = c->options.clock_guard_ms;
  return stands < guard ? guard - stands : guard;
}

/* Moves the clock, or reports what holds it. It does neither if jobs have run
   in the poll, or if the loop waits for more than the poll waited for. */
static void clock_try(avow__context_t *c) {
  const hold_t hold = clock_hold(c);
  if (c->jobs != c->clock->jobs || hold.wait > c->clock->waited)
    return;
  if (hold.wait == HELD)
    clock_tell(c, &hold);
  else
    clock_go_on(c);
}

static void on_jump(uv_timer_t *jump) {
  avow__context_t *c = jump->data;
  if (!is_busy(c))
    clock_try(c);
}

/* The program moves the clock, whatever else goes on. But events that have
   arrived by now come first. */
static void clock_on_idle(uv_idle_t *idle) {
  avow__context_t *c = idle->data;
  if (is_busy(c) || c->clock->iteration == c->budget.iteration)
    return;
  c->clock->iteration = c->budget.iteration;
  clock_go_on(c);
}

static void clock_on_prepare(uv_prepare_t *prepare) {
  avow__context_t *c = prepare->data;
  avow__clock_t *clock = c->clock;
  (void) uv_timer_stop(&clock->jump); /* cannot fail */
  if (clock_advance(clock) != NULL || clock_next(clock) == NULL ||
      !avow__time_passes(c))
    return;
  uv_update_time(c->loop);
  clock->jobs = c->jobs;
  (void) uv_timer_start(&clock->jump, on_jump, clock_patience(c),
                        0); /* fails if it is closing */
}

/* Moving by the program. */

static void advance_cancel(void *data) {
  advance_t *advance = data;
  avow_deferred_drop(advance->deferred);
  advance_end(advance);
}

static uint64_t clock_target(const avow__clock_t *clock) {
  const avow__link_t *head = &clock->advances.head;
  return head->prev != head ? ((const advance_t *) head->prev)->to : clock->now;
}

static avow_promise_t *clock_advance_to(avow__context_t *c, uint64_t to) {
  avow_deferred_t *d;
  avow_promise_t *p = avow__promise_new(c, &d);
  advance_t *advance =
      avow__is_pending(p) ? avow_malloc(sizeof(*advance)) : NULL;
  if (advance == NULL) {
    (void) avow_reject(d, avow_error(UV_ENOMEM)); /* false if rejected before */
    return p;
  }
  *advance = (advance_t){ .context = c, .deferred = d, .to = to };
  avow__queue_append(&c->clock->advances, &advance->link);
  avow_on_cancel(d, advance_cancel, advance);
  c->clock->iteration = c->budget.iteration;
  (void) uv_idle_start(&c->clock->idle, clock_on_idle); /* it is open */
  return p;
}

avow_promise_t *avow_clock_advance(uv_loop_t *loop, uint64_t ms) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  if (c->clock == NULL) {
    avow__misuse(
        "avow_clock_advance(): loop has a real clock; pass avow_loop_init() "
        "options with clock AVOW_CLOCK_BY_HAND");
    return avow__refuse(loop, AVOW_EMISUSE, "advance the clock", NULL);
  }
  if (uv_is_closing((uv_handle_t *) &c->clock->idle)) {
    avow__check_handles(c);
    return avow__ref(c->canceled);
  }
  const uint64_t from = clock_target(c->clock);
  if (ms >= AVOW__LATEST - from)
    return avow__refuse(loop, UV_EINVAL, "advance the clock", "too far");
  return clock_advance_to(c, from + ms);
}

/* Beginning and end. */

bool avow__clock_new(avow__context_t *c) {
  if (c->options.clock == AVOW_CLOCK_REAL)
    return true;
  c->clock = avow_calloc(1, sizeof(*c->clock));
  if (c->clock == NULL)
    return false;
  avow__queue_init(&c->clock->alarms);
  avow__queue_init(&c->clock->advances);
  c->subsystems[AVOW__SUBSYSTEM_CLOCK] = &clock_subsystem;
  return true;
}

void avow__clock_start(avow__context_t *c) {
  avow__clock_t *clock = c->clock;
  if (clock == NULL)
    return;
  (void) uv_timer_init(c->loop, &clock->jump);                /* cannot fail */
  (void) uv_prepare_init(c->loop, &clock->prepare);           /* cannot fail */
  (void) uv_prepare_start(&clock->prepare, clock_on_prepare); /* cannot fail */
  (void) uv_idle_init(c->loop, &clock->idle);                 /* cannot fail */
  clock->jump.data = clock->prepare.data = clock->idle.data = c;
  uv_unref((uv_handle_t *) &clock->jump);
  uv_unref((uv_handle_t *) &clock->prepare);
}

void avow__clock_run_by_itself(avow__context_t *c) {
  if (c->clock == NULL)
    return;
  avow__link_t *head = &c->clock->alarms.head;
  for (avow__link_t *at = head->next; at != head; at = at->next)
    alarm_keep_alive(alarm_of(at));
}

static void clock_close(avow__context_t *c) {
  if (c->clock == NULL)
    return;
  avow__close_own(c, (uv_handle_t *) &c->clock->jump);
  avow__close_own(c, (uv_handle_t *) &c->clock->prepare);
  avow__close_own(c, (uv_handle_t *) &c->clock->idle);
}

void avow__clock_free(avow__context_t *c) {
  avow_free(c->clock);
  c->clock = NULL;
}

#ifdef AVOW_CHECK

static void clock_check(avow__context_t *c) {
  avow__clock_t *clock = c->clock;
  if (clock == NULL)
    return;
  (void) avow__check_queue(&clock->alarms);
  (void) avow__check_queue(&clock->advances);
  uint64_t last = clock->now;
  avow__link_t *head = &clock->alarms.head;
  for (avow__link_t *at = head->next; at != head; at = at->next) {
    AVOW__HOLDS(81, alarm_of(at)->due >= last);
    last = alarm_of(at)->due;
  }
}

#endif

static const avow__subsystem_t clock_subsystem = { .close = clock_close,
                                                   .free = avow__clock_free,
                                                   .check = AVOW__CHECKED(
                                                       clock_check) };
