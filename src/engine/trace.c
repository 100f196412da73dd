/* SPDX-License-Identifier: MIT */
/*
 * Noting what happens, in memory that was allocated when the trace began. The
 * events are written when they fill it, and when the loop is about to poll, so
 * that a program which crashes lacks what came after its last poll.
 */
#include "engine/trace.h"

#include "avow/stackless.h"
#include "avow/trace.h"
#include "base/alloc.h"
#include "engine/loop_table.h"
#include "engine/owner.h"

#ifdef AVOW_TRACE

/* No two events are at one time, and what is queued outside any task takes some
   of it: so things nest as they did. */
enum { STEP_NS = 4 };

static uint64_t record_time(avow__trace_t *t) {
  const uint64_t now = uv_hrtime();
  t->last = now > t->last + STEP_NS ? now : t->last + STEP_NS;
  return t->last;
}

static void record_write(avow__trace_t *t) {
  for (unsigned i = 0; i < t->count; i++)
    avow__sheet_add(&t->sheet, &t->events[i]);
  t->written += t->count;
  t->count = 0;
}

static uint64_t events_so_far(const avow__trace_t *t) {
  return t->written + t->count;
}

static void keep_event(avow__trace_t *t, avow__event_t event) {
  if (t->count == AVOW__EVENTS)
    record_write(t);
  t->events[t->count++] = event;
}

static avow__event_t event_of(avow__trace_t *t, avow__happening_t what,
                              const avow_promise_t *p) {
  return (avow__event_t){ .ns = record_time(t),
                          .id = p->serial,
                          .arrow = p->arrow,
                          .name = p->name,
                          .caller = p->caller,
                          .what = (uint8_t) what };
}

/* What programs never have has no span, as it does not settle. */
static bool has_span(const avow_promise_t *p) {
  static const bool inner[AVOW__KINDS] = {
    [AVOW__FREE] = true,    [AVOW__ELEMENT] = true,  [AVOW__SENTRY] = true,
    [AVOW__CHILD] = true,   [AVOW__CASE] = true,     [AVOW__UNCHOSEN] = true,
    [AVOW__CHANNEL] = true, [AVOW__UNWANTED] = true,
  };
  return !inner[p->kind];
}

void avow__record_made(avow__trace_t *t, avow_promise_t *p) {
  if (!has_span(p))
    return;
  p->open = true;
  keep_event(t, event_of(t, AVOW__WAS_MADE, p));
  p->event = (uint32_t) (events_so_far(t) - 1);
}

/* The event of its making, unless that is written. */
static avow__event_t *making_of(avow__trace_t *t, const avow_promise_t *p) {
  const uint32_t index = p->event - (uint32_t) t->written;
  if (index >= t->count || t->events[index].id != p->serial)
    return NULL;
  return &t->events[index];
}

void avow__record_name(avow__trace_t *t, avow_promise_t *p, const char *what,
                       bool function) {
  avow__event_t *event = t != NULL ? making_of(t, p) : NULL;
  if (p->open && event == NULL)
    return; /* it is written, and its end has to have the same name */
  p->name = what;
  if (event == NULL)
    return;
  event->name = what;
  event->function |= function;
}

static avow__fate_t fate_of(const avow_promise_t *p) {
  if (avow__is_pending(p))
    return AVOW__IS_PENDING;
  if (avow__state(p) == AVOW_FULFILLED)
    return AVOW__IS_FULFILLED;
  return p->u.value.code == UV_ECANCELED ? AVOW__IS_CANCELED
                                         : AVOW__IS_REJECTED;
}

static void close_span(avow__trace_t *t, avow_promise_t *p, avow__fate_t fate) {
  avow__event_t event = event_of(t, AVOW__WAS_SETTLED, p);
  event.fate = (uint8_t) fate;
  if (fate == AVOW__IS_REJECTED)
    event.code = p->u.value.code;
  p->open = false;
  keep_event(t, event);
}

/* A job that was queued runs no more. */
static void drop(avow__trace_t *t, avow_promise_t *p) {
  if (p->arrow != 0)
    keep_event(t, event_of(t, AVOW__WAS_DROPPED, p));
  p->arrow = 0;
}

void avow__record_settled(avow__trace_t *t, avow_promise_t *p) {
  drop(t, p);
  if (p->open)
    close_span(t, p, fate_of(p));
}

/* What is freed unsettled has another in its place. A block may be none of a
   promise's, and then its flags are nobody's. */
void avow__record_freed(avow__trace_t *t, avow_promise_t *p) {
  if (p->kind == AVOW__FREE)
    return;
  drop(t, p);
  if (has_span(p) && p->open)
    close_span(t, p, AVOW__IS_FOLLOWED);
}

void avow__record_queued(avow__trace_t *t, avow_promise_t *p) {
  if (p->arrow != 0)
    return; /* it was, and waits for something else now */
  p->arrow = ++t->arrows;
  avow__event_t event = event_of(t, AVOW__WAS_QUEUED, p);
  event.apart = t->began == 0 && t->job.ns == 0;
  keep_event(t, event);
}

void avow__record_triggered(avow__trace_t *t, const avow__link_t *waiters) {
  avow__link_t *link = waiters->prev;
  do {
    link = link->next;
    avow__record_queued(t, (avow_promise_t *) link);
  } while (link != waiters->prev);
}

void avow__record_job(avow__trace_t *t, avow_promise_t *p) {
  if (p->arrow != 0)
    t->job = event_of(t, AVOW__HAS_RUN, p);
  p->arrow = 0;
}

/* Unless it began before the trace. */
void avow__record_job_end(avow__trace_t *t) {
  if (t->job.ns == 0)
    return;
  t->job.length = record_time(t) - t->job.ns;
  keep_event(t, t->job);
  t->job.ns = 0;
}

static bool is_parked(const avow_promise_t *p) {
  return (p->kind == AVOW__ASYNC || p->kind == AVOW__STACKLESS) &&
         avow__is_pending(p);
}

/* A frame has a line, in a file that nobody knows; a fiber has a place. */
static void note_await(avow__event_t *event, const avow_promise_t *p) {
  const avow_frame_t *frame = p->data;
  event->caller = NULL;
#  ifndef AVOW_NO_ASYNC
  if (p->kind == AVOW__ASYNC)
    event->caller = ((const avow__fiber_t *) p->data)->awaits;
  else
#  endif
    event->line = frame->line;
}

void avow__record_parked(avow__trace_t *t, avow_promise_t *p) {
  avow__event_t event = event_of(t, AVOW__HAS_PARKED, p);
  event.name = p->upstream->name;
  event.awaited = p->upstream->serial;
  note_await(&event, p);
  keep_event(t, event);
}

void avow__record_resumed(avow__trace_t *t, const avow_promise_t *p) {
  keep_event(t, event_of(t, AVOW__HAS_RESUMED, p));
}

void avow__record_canceled(avow__trace_t *t, const avow_promise_t *p) {
  keep_event(t, event_of(t, AVOW__WAS_CANCELED, p));
}

void avow__record_task(avow__trace_t *t) {
  if (t->context->depth > 0)
    return;
  t->began = record_time(t);
  t->task_events = events_so_far(t);
}

/* One in which nothing happened is none. */
void avow__record_task_end(avow__trace_t *t) {
  if (t->began != 0 && t->task_events != events_so_far(t)) {
    avow__event_t event = { .what = AVOW__TASK_IS_OVER, .name = "task" };
    event.ns = t->began;
    event.length = record_time(t) - t->began;
    keep_event(t, event);
  }
  t->began = 0;
}

void avow__record_poll(avow__trace_t *t) {
  record_write(t);
  avow__sheet_write(&t->sheet);
}

static void open_one(avow_promise_t *p, void *data) {
  avow__trace_t *t = data;
  if (p->kind == AVOW__FREE)
    return;
  p->open = false;
  p->arrow = 0;
  if (!has_span(p) || !avow__is_pending(p))
    return;
  avow__record_made(t, p);
  if (!is_parked(p))
    return;
  making_of(t, p)->function = true;
  avow__record_parked(t, p);
}

static void record_jobs(avow__trace_t *t,
                        void (*fn)(avow__trace_t *t, avow_promise_t *p)) {
  const avow__link_t *head = &t->context->queue.head;
  for (avow__link_t *link = head->next; link != head; link = link->next)
    fn(t, (avow_promise_t *) link);
}

static int trace_start(avow__context_t *c, FILE *out) {
  if (c->trace != NULL)
    return UV_EBUSY;
  avow__trace_t *t = avow_calloc(1, sizeof(*t));
  if (t == NULL)
    return UV_ENOMEM;
  t->context = c;
  avow__sheet_begin(&t->sheet, out);
  avow__pool_each(&c->pool, open_one, t);
  record_jobs(t, avow__record_queued);
  c->trace = t;
  return 0;
}

static void close_one(avow_promise_t *p, void *data) {
  avow__trace_t *t = data;
  if (p->kind == AVOW__FREE || !p->open)
    return;
  if (is_parked(p))
    avow__record_resumed(t, p);
  close_span(t, p, AVOW__IS_PENDING);
}

int avow__record_stop(avow__context_t *c) {
  avow__trace_t *t = c->trace;
  c->trace = NULL;
  record_jobs(t, drop);
  avow__record_job_end(t);
  avow__pool_each(&c->pool, close_one, t);
  avow__record_task_end(t);
  record_write(t);
  avow__sheet_end(&t->sheet);
  const int err = t->sheet.err;
  avow_free(t);
  return err;
}

static int trace_stop(avow__context_t *c) {
  return c->trace != NULL ? avow__record_stop(c) : UV_EINVAL;
}

#else

static int trace_start(avow__context_t *c, FILE *out) {
  (void) c;
  (void) out;
  return UV_ENOTSUP;
}

static int trace_stop(avow__context_t *c) {
  (void) c;
  return UV_ENOTSUP;
}

#endif

int avow_trace_start(uv_loop_t *loop, FILE *out) {
  avow__context_t *c = avow__context_of(loop);
  if (out == NULL)
    avow__misuse_of_null("the file for a trace");
  if (out == NULL || c == avow__nowhere())
    return UV_EINVAL;
  avow__check_thread(c);
  return trace_start(c, out);
}

int avow_trace_stop(uv_loop_t *loop) {
  avow__context_t *c = avow__context_of(loop);
  if (c == avow__nowhere())
    return UV_EINVAL;
  avow__check_thread(c);
  return trace_stop(c);
}
