/* SPDX-License-Identifier: MIT */
/*
 * Events, reported where they happen: to avow_options_t.on_event in trace
 * builds, and to a debugger or bpftrace by probes. A probe is an instruction
 * that does nothing, so it reports only what is at hand. Without trace and
 * probes, these functions are empty.
 */
#ifndef AVOW_PROBES_H
#define AVOW_PROBES_H

#include "engine/block.h"

#ifdef AVOW_TRACE
/* Calls the event hook of c. */
void avow__tell_event(avow__context_t *c, avow_event_t event,
                      const avow_promise_t *p);

/* Records when p is made, and by which call. */
void avow__note_making(avow__context_t *c, avow_promise_t *p);
#endif

static inline void avow__event(avow__context_t *c, avow_event_t event,
                               const avow_promise_t *p) {
#ifdef AVOW_TRACE
  if (AVOW__UNLIKELY(c->on_event != NULL))
    avow__tell_event(c, event, p);
#else
  (void) c;
  (void) event;
  (void) p;
#endif
}

/* clang warns because the macros of sdt.h leave out their variable
   arguments. */
#ifdef AVOW_PROBES
#  ifdef __clang__
#    pragma clang diagnostic push
#    pragma clang diagnostic ignored "-Wgnu-zero-variadic-macro-arguments"
#  endif
#  include <sys/sdt.h>
#  define AVOW__PROBE1(name, a)       DTRACE_PROBE1(avow, name, a)
#  define AVOW__PROBE2(name, a, b)    DTRACE_PROBE2(avow, name, a, b)
#  define AVOW__PROBE3(name, a, b, c) DTRACE_PROBE3(avow, name, a, b, c)
#else
#  define AVOW__PROBE1(name, a)       ((void) (a))
#  define AVOW__PROBE2(name, a, b)    ((void) (a))
#  define AVOW__PROBE3(name, a, b, c) ((void) (a))
#endif

/* A block has become p, which has its kind for now. */
static inline void avow__probe_made(avow__context_t *c, avow_promise_t *p) {
#ifdef AVOW_TRACE
  avow__note_making(c, p);
#endif
  avow__event(c, AVOW_EVENT_MADE, p);
  AVOW__PROBE2(new, p, p->kind);
}

/* p gets a name that says more than its kind does. */
static inline void avow__probe_named(avow__context_t *c, avow_promise_t *p,
                                     const char *name) {
#ifdef AVOW_TRACE
  p->name = name;
#endif
  (void) name;
  avow__event(c, AVOW_EVENT_NAMED, p);
}

/* p is no longer pending. */
static inline void avow__probe_settled(avow__context_t *c, avow_promise_t *p) {
  avow__event(c, AVOW_EVENT_SETTLED, p);
  AVOW__PROBE3(settle, p, p->kind, p->flags);
}

/* The block of p becomes free. A FREE block was never made a promise. */
static inline void avow__probe_freed(avow__context_t *c, avow_promise_t *p) {
  if (p->kind != AVOW__FREE)
    avow__event(c, AVOW_EVENT_FREED, p);
}

/* p is a job now, or all waiters of a settled promise are. */
static inline void avow__probe_queued(avow__context_t *c, avow_promise_t *p) {
  avow__event(c, AVOW_EVENT_QUEUED, p);
}

static inline void avow__probe_triggered(avow__context_t *c,
                                         avow__link_t *waiters) {
#ifdef AVOW_TRACE
  avow__link_t *link = waiters;
  do
    avow__probe_queued(c, (avow_promise_t *) link);
  while ((link = link->next) != waiters);
#else
  (void) c;
  (void) waiters;
#endif
}

/* The job of p begins, or has ended. p may be freed by then. */
static inline void avow__probe_job(avow__context_t *c, avow_promise_t *p) {
  avow__event(c, AVOW_EVENT_JOB, p);
  AVOW__PROBE3(job_begin, p, p->kind, c->loop);
}

static inline void avow__probe_job_end(avow__context_t *c) {
  avow__event(c, AVOW_EVENT_JOB_END, NULL);
  AVOW__PROBE1(job_end, c->loop);
}

/* The function of p waits for its upstream, or resumes. */
static inline void avow__probe_parked(avow__context_t *c, avow_promise_t *p) {
  avow__event(c, AVOW_EVENT_AWAITS, p);
  AVOW__PROBE2(park, p, p->upstream);
}

static inline void avow__probe_resumed(avow__context_t *c, avow_promise_t *p) {
  avow__event(c, AVOW_EVENT_RESUMES, p);
  AVOW__PROBE1(resume, p);
}

/* A cancellation of p, which is pending, begins. */
static inline void avow__probe_canceled(avow__context_t *c, avow_promise_t *p) {
  avow__event(c, AVOW_EVENT_CANCELED, p);
  AVOW__PROBE2(cancel, p, p->kind);
}

/* A callback of avow is about to begin, the outermost one has ended, or the
   loop is about to poll. */
static inline void avow__probe_task(avow__context_t *c) {
  if (c->depth == 0)
    avow__event(c, AVOW_EVENT_TASK, NULL);
}

static inline void avow__probe_task_end(avow__context_t *c) {
  avow__event(c, AVOW_EVENT_TASK_END, NULL);
}

static inline void avow__probe_poll(avow__context_t *c) {
  avow__event(c, AVOW_EVENT_POLL, NULL);
}

#if defined(AVOW_PROBES) && defined(__clang__)
#  pragma clang diagnostic pop
#endif

#endif
