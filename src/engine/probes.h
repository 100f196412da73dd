/* SPDX-License-Identifier: MIT */
/*
 * What happens to promises, told where it happens to whoever looks on: in trace
 * builds an avow_trace_start(), and by probes, which are an instruction that
 * does nothing, a debugger or bpftrace. So what a probe tells is where it lies
 * anyway. Without either these are empty.
 */
#ifndef AVOW_PROBES_H
#define AVOW_PROBES_H

#include "engine/block.h"

#ifdef AVOW_TRACE
#  include "engine/trace.h"
/* Notes when, and in which call, p is made. */
void avow__note_making(avow__context_t *c, avow_promise_t *p);
#  define AVOW__RECORD(c, call) \
    (AVOW__LIKELY((c)->trace == NULL) ? (void) 0 : (call))
#else
#  define AVOW__RECORD(c, call) ((void) (c))
#endif

/* The macros of sdt.h have variable arguments, and leave them out. */
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

/* p was made of a block, to be of its kind for now. */
static inline void avow__seen_made(avow__context_t *c, avow_promise_t *p) {
#ifdef AVOW_TRACE
  avow__note_making(c, p);
#endif
  AVOW__RECORD(c, avow__record_made(c->trace, p));
  AVOW__PROBE2(new, p, p->kind);
}

/* It is such a one, or the promise of such a function: names that stay. */
static inline void avow__seen_as(avow__context_t *c, avow_promise_t *p,
                                 const char *what) {
#ifdef AVOW_TRACE
  avow__record_name(c->trace, p, what, false);
#else
  (void) what;
#endif
}

static inline void avow__seen_function(avow__context_t *c, avow_promise_t *p,
                                       const char *what) {
#ifdef AVOW_TRACE
  avow__record_name(c->trace, p, what, true);
#else
  (void) what;
#endif
}

/* Its state is no longer pending. */
static inline void avow__seen_settled(avow__context_t *c, avow_promise_t *p) {
  AVOW__RECORD(c, avow__record_settled(c->trace, p));
  AVOW__PROBE3(settle, p, p->kind, p->flags);
}

/* Its block is free, whatever was in it. */
static inline void avow__seen_freed(avow__context_t *c, avow_promise_t *p) {
  AVOW__RECORD(c, avow__record_freed(c->trace, p));
}

/* It is a job now, or all waiters of a promise that has settled are. */
static inline void avow__seen_queued(avow__context_t *c, avow_promise_t *p) {
  AVOW__RECORD(c, avow__record_queued(c->trace, p));
}

static inline void avow__seen_triggered(avow__context_t *c,
                                        avow__link_t *waiters) {
  AVOW__RECORD(c, avow__record_triggered(c->trace, waiters));
}

/* The job runs, and has run: p may be gone by then. */
static inline void avow__seen_job(avow__context_t *c, avow_promise_t *p) {
  AVOW__RECORD(c, avow__record_job(c->trace, p));
  AVOW__PROBE3(job_begin, p, p->kind, c->loop);
}

static inline void avow__seen_job_end(avow__context_t *c) {
  AVOW__RECORD(c, avow__record_job_end(c->trace));
  AVOW__PROBE1(job_end, c->loop);
}

/* The function of p waits for what is upstream, and goes on. */
static inline void avow__seen_parked(avow__context_t *c, avow_promise_t *p) {
  AVOW__RECORD(c, avow__record_parked(c->trace, p));
  AVOW__PROBE2(park, p, p->upstream);
}

static inline void avow__seen_resumed(avow__context_t *c, avow_promise_t *p) {
  AVOW__RECORD(c, avow__record_resumed(c->trace, p));
  AVOW__PROBE1(resume, p);
}

/* Somebody cancels p, which is pending. */
static inline void avow__seen_canceled(avow__context_t *c, avow_promise_t *p) {
  AVOW__RECORD(c, avow__record_canceled(c->trace, p));
  AVOW__PROBE2(cancel, p, p->kind);
}

/* A callback of ours is about to begin, the outermost one has ended, the loop
   is about to poll. */
static inline void avow__seen_task(avow__context_t *c) {
  AVOW__RECORD(c, avow__record_task(c->trace));
}

static inline void avow__seen_task_end(avow__context_t *c) {
  AVOW__RECORD(c, avow__record_task_end(c->trace));
}

static inline void avow__seen_poll(avow__context_t *c) {
  AVOW__RECORD(c, avow__record_poll(c->trace));
}

#if defined(AVOW_PROBES) && defined(__clang__)
#  pragma clang diagnostic pop
#endif

#endif
