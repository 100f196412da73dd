/* SPDX-License-Identifier: MIT */
/*
 * The recorder of traces, on the hook for events. Each pending promise that a
 * program can have is one open span. Each job in the queue is one arrow from
 * where it was queued. Events are kept in memory that was allocated when the
 * trace began. They are written when they fill it, and when the loop is about
 * to poll: a program that crashes lacks the events after its last poll.
 */
#include "avow/trace.h"

#include "avow/stackless.h"
#include "base/alloc.h"
#include "engine/block.h"
#include "engine/check_thread.h"
#include "engine/extension.h"
#include "engine/loop_table.h"
#include "trace/trace_json.h"

#ifdef AVOW_TRACE

enum { RECORDER_EXTENSION = 7 };

typedef struct {
  avow__context_t *context;
  avow_event_cb next;   /* the program's hook, which is called first */
  uint64_t last;        /* ns; no two events have the same time */
  uint64_t began;       /* ns, of the task; 0: none, or before the trace */
  uint64_t task_events; /* number of events when the task began */
  avow__event_t job;    /* of the running job; `ns` is 0 if no job runs */
  uint32_t arrows;      /* number of arrows */
  uint64_t written;     /* number of written events */
  unsigned count;       /* number of events that are not written yet */
  avow__event_t events[AVOW__EVENTS];
  avow__json_writer_t writer;
} recorder_t;

typedef struct {
  avow__extension_t extension;
  recorder_t *recorder; /* NULL: no trace is running */
} recording_t;

/* No two events have the same time, and a job that is queued outside any task
   takes some time. Spans therefore nest as the operations did. */
enum { STEP_NS = 4 };

static uint64_t record_time(recorder_t *t) {
  const uint64_t now = uv_hrtime();
  t->last = now > t->last + STEP_NS ? now : t->last + STEP_NS;
  return t->last;
}

static void write_events(recorder_t *t) {
  for (unsigned i = 0; i < t->count; i++)
    avow__json_add(&t->writer, &t->events[i]);
  t->written += t->count;
  t->count = 0;
}

static uint64_t events_so_far(const recorder_t *t) {
  return t->written + t->count;
}

static void keep_event(recorder_t *t, avow__event_t event) {
  if (t->count == AVOW__EVENTS)
    write_events(t);
  t->events[t->count++] = event;
}

static avow__event_t event_of(recorder_t *t, avow_event_t what,
                              const avow_promise_t *p) {
  return (avow__event_t){ .ns = record_time(t),
                          .id = p->serial,
                          .arrow = p->arrow,
                          .name = p->span,
                          .caller = p->caller,
                          .what = what };
}

/* Blocks that programs never hold do not settle, so they have no spans. */
static bool has_span(const avow_promise_t *p) {
  static const bool inner[AVOW__KINDS] = {
    [AVOW__FREE] = true,    [AVOW__ELEMENT] = true,  [AVOW__STOPPER] = true,
    [AVOW__CHILD] = true,   [AVOW__CASE] = true,     [AVOW__UNCHOSEN] = true,
    [AVOW__CHANNEL] = true, [AVOW__UNWANTED] = true,
  };
  return !inner[p->kind];
}

static bool has_open_span(const avow_promise_t *p) {
  return has_span(p) && avow__is_pending(p);
}

static void record_made(recorder_t *t, avow_promise_t *p) {
  p->span = p->name;
  p->arrow = 0;
  p->tracked = false;
  if (has_open_span(p))
    keep_event(t, event_of(t, AVOW_EVENT_MADE, p));
}

/* Returns the event of a promise's creation, or NULL if that is already
   written. */
static avow__event_t *making_of(recorder_t *t, const avow_promise_t *p) {
  for (avow__event_t *at = t->events + t->count; at-- > t->events;)
    if (at->what == AVOW_EVENT_MADE && at->id == p->serial)
      return at;
  return NULL;
}

/* A span keeps one name from its beginning to its end. */
static void record_named(recorder_t *t, avow_promise_t *p) {
  avow__event_t *making = has_open_span(p) ? making_of(t, p) : NULL;
  if (making != NULL)
    making->name = p->span = p->name;
}

static avow__fate_t fate_of(const avow_promise_t *p) {
  if (avow__state(p) == AVOW_FULFILLED)
    return AVOW__IS_FULFILLED;
  return p->u.value.code == UV_ECANCELED ? AVOW__IS_CANCELED
                                         : AVOW__IS_REJECTED;
}

static void close_span(recorder_t *t, const avow_promise_t *p,
                       avow__fate_t fate) {
  avow__event_t event = event_of(t, AVOW_EVENT_SETTLED, p);
  event.fate = fate;
  if (fate == AVOW__IS_REJECTED)
    event.code = p->u.value.code;
  keep_event(t, event);
}

/* A queued job will not run. */
static void drop_job(recorder_t *t, avow_promise_t *p) {
  if (p->arrow != 0)
    keep_event(t, event_of(t, AVOW_EVENT_FREED, p));
  p->arrow = 0;
}

static void record_settled(recorder_t *t, avow_promise_t *p) {
  drop_job(t, p);
  if (has_span(p))
    close_span(t, p, fate_of(p));
}

/* Another promise follows for one that is freed while pending. */
static void record_freed(recorder_t *t, avow_promise_t *p) {
  drop_job(t, p);
  if (has_open_span(p))
    close_span(t, p, AVOW__IS_FOLLOWED);
}

static void record_queued(recorder_t *t, avow_promise_t *p) {
  if (p->arrow != 0)
    return; /* queued earlier, and now waits for something else */
  p->arrow = ++t->arrows;
  avow__event_t event = event_of(t, AVOW_EVENT_QUEUED, p);
  event.apart = t->began == 0 && t->job.ns == 0;
  keep_event(t, event);
}

static void record_job(recorder_t *t, avow_promise_t *p) {
  if (p->arrow != 0)
    t->job = event_of(t, AVOW_EVENT_JOB, p);
  p->arrow = 0;
}

/* Records the job unless it began before the trace. */
static void record_job_end(recorder_t *t, avow_promise_t *p) {
  (void) p; /* NULL */
  if (t->job.ns == 0)
    return;
  t->job.length = record_time(t) - t->job.ns;
  keep_event(t, t->job);
  t->job.ns = 0;
}

/* A frame has a line but no file name. A fiber has a caller. */
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

static void record_awaits(recorder_t *t, avow_promise_t *p) {
  if (!p->tracked)
    keep_event(t, event_of(t, AVOW_EVENT_NAMED, p));
  p->tracked = true;
  avow__event_t event = event_of(t, AVOW_EVENT_AWAITS, p);
  event.name = p->upstream->span;
  event.awaited = p->upstream->serial;
  note_await(&event, p);
  keep_event(t, event);
}

static void record_resumes(recorder_t *t, avow_promise_t *p) {
  keep_event(t, event_of(t, AVOW_EVENT_RESUMES, p));
}

static void record_canceled(recorder_t *t, avow_promise_t *p) {
  keep_event(t, event_of(t, AVOW_EVENT_CANCELED, p));
}

static void record_task(recorder_t *t, avow_promise_t *p) {
  (void) p; /* NULL */
  t->began = record_time(t);
  t->task_events = events_so_far(t);
}

/* A task without events is not recorded. */
static void record_task_end(recorder_t *t, avow_promise_t *p) {
  (void) p; /* NULL */
  if (t->began != 0 && t->task_events != events_so_far(t)) {
    avow__event_t event = { .what = AVOW_EVENT_TASK_END, .name = "task" };
    event.ns = t->began;
    event.length = record_time(t) - t->began;
    keep_event(t, event);
  }
  t->began = 0;
}

static void record_poll(recorder_t *t, avow_promise_t *p) {
  (void) p; /* NULL */
  write_events(t);
  avow__json_write(&t->writer);
}

static void trace_event(avow_event_t event, const avow_promise_t *p,
                        void *data) {
  static void (*const records[])(recorder_t *, avow_promise_t *) = {
    [AVOW_EVENT_MADE] = record_made,
    [AVOW_EVENT_NAMED] = record_named,
    [AVOW_EVENT_QUEUED] = record_queued,
    [AVOW_EVENT_JOB] = record_job,
    [AVOW_EVENT_JOB_END] = record_job_end,
    [AVOW_EVENT_AWAITS] = record_awaits,
    [AVOW_EVENT_RESUMES] = record_resumes,
    [AVOW_EVENT_CANCELED] = record_canceled,
    [AVOW_EVENT_SETTLED] = record_settled,
    [AVOW_EVENT_FREED] = record_freed,
    [AVOW_EVENT_TASK] = record_task,
    [AVOW_EVENT_TASK_END] = record_task_end,
    [AVOW_EVENT_POLL] = record_poll,
  };
  recorder_t *t = data;
  if (t->next != NULL)
    t->next(event, p, t->context->options.data);
  records[event](t, avow__mutable(p));
}

static bool is_parked(const avow_promise_t *p) {
  return (p->kind == AVOW__ASYNC || p->kind == AVOW__STACKLESS) &&
         avow__is_pending(p);
}

static void open_one(avow_promise_t *p, void *data) {
  record_made(data, p);
}

/* Called after each promise that can be awaited has a name. */
static void park_one(avow_promise_t *p, void *data) {
  if (is_parked(p))
    record_awaits(data, p);
}

static void close_one(avow_promise_t *p, void *data) {
  if (is_parked(p))
    record_resumes(data, p);
  if (has_open_span(p))
    close_span(data, p, AVOW__IS_PENDING);
}

static void record_jobs(recorder_t *t,
                        void (*fn)(recorder_t *t, avow_promise_t *p)) {
  const avow__link_t *head = &t->context->queue.head;
  for (avow__link_t *link = head->next; link != head; link = link->next)
    fn(t, (avow_promise_t *) link);
}

static int recording_stop(recording_t *recording) {
  recorder_t *t = recording->recorder;
  avow__context_t *c = t->context;
  recording->recorder = NULL;
  c->on_event = t->next;
  c->event_data = c->options.data;
  record_jobs(t, drop_job);
  record_job_end(t, NULL);
  avow__pool_each(&c->pool, close_one, t);
  record_task_end(t, NULL);
  write_events(t);
  avow__json_end(&t->writer);
  const int err = t->writer.err;
  avow_free(t);
  return err;
}

static recording_t *recording_of(avow__context_t *c) {
  return (recording_t *) c->extensions[RECORDER_EXTENSION];
}

static void recording_free(avow__context_t *c) {
  if (recording_of(c)->recorder != NULL)
    (void) recording_stop(recording_of(c)); /* no caller gets the code */
}

static int trace_start(avow__context_t *c, FILE *out) {
  static const avow__subsystem_t subsystem = { .free = recording_free };
  recording_t *recording =
      avow__extension_open(c, RECORDER_EXTENSION, &subsystem,
                           sizeof(recording_t));
  if (recording == NULL)
    return c->life == AVOW__CLOSED ? UV_ECANCELED : UV_ENOMEM;
  if (recording->recorder != NULL)
    return UV_EBUSY;
  recorder_t *t = avow_calloc(1, sizeof(*t));
  if (t == NULL)
    return UV_ENOMEM;
  t->context = c;
  t->next = c->on_event;
  avow__json_begin(&t->writer, out);
  avow__pool_each(&c->pool, open_one, t);
  avow__pool_each(&c->pool, park_one, t);
  record_jobs(t, record_queued);
  recording->recorder = t;
  c->on_event = trace_event;
  c->event_data = t;
  return 0;
}

static int trace_stop(avow__context_t *c) {
  recording_t *recording = recording_of(c);
  if (recording == NULL || recording->recorder == NULL)
    return UV_EINVAL;
  return recording_stop(recording);
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
    avow__misuse_of_null("file");
  if (out == NULL || c == avow__unbound_context())
    return UV_EINVAL;
  avow__check_thread(c);
  return trace_start(c, out);
}

int avow_trace_stop(uv_loop_t *loop) {
  avow__context_t *c = avow__context_of(loop);
  if (c == avow__unbound_context())
    return UV_EINVAL;
  avow__check_thread(c);
  return trace_stop(c);
}
