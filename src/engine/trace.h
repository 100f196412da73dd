/* SPDX-License-Identifier: MIT */
/*
 * What a trace notes while it is written, in trace builds. Each pending promise
 * that a program can have is one open span; each job in the queue is one arrow
 * from where it was queued. At its end the trace closes what is open.
 */
#ifndef AVOW_TRACE_PRIVATE_H
#define AVOW_TRACE_PRIVATE_H

#include "engine/block.h"
#include "engine/trace_json.h"

struct avow__trace_s {
  avow__context_t *context;
  uint64_t last;        /* ns: no two events are at one time */
  uint64_t began;       /* of the task; 0: none, or it began before */
  uint64_t task_events; /* that there were when it did */
  avow__event_t job;    /* that runs; its ns is 0 if none does */
  uint32_t arrows;      /* so far */
  uint64_t written;     /* events */
  unsigned count;       /* that are not */
  avow__event_t events[AVOW__EVENTS];
  avow__sheet_t sheet;
};

/* What is said of p when it is known, if the event of its making can still say
   so. */
void avow__record_name(avow__trace_t *t, avow_promise_t *p, const char *what,
                       bool function);

/* For probes.h, which says what each is of. */
void avow__record_made(avow__trace_t *t, avow_promise_t *p);
void avow__record_settled(avow__trace_t *t, avow_promise_t *p);
void avow__record_freed(avow__trace_t *t, avow_promise_t *p);
void avow__record_queued(avow__trace_t *t, avow_promise_t *p);
void avow__record_triggered(avow__trace_t *t, const avow__link_t *waiters);
void avow__record_job(avow__trace_t *t, avow_promise_t *p);
void avow__record_job_end(avow__trace_t *t);
void avow__record_parked(avow__trace_t *t, avow_promise_t *p);
void avow__record_resumed(avow__trace_t *t, const avow_promise_t *p);
void avow__record_canceled(avow__trace_t *t, const avow_promise_t *p);
void avow__record_task(avow__trace_t *t);
void avow__record_task_end(avow__trace_t *t);
void avow__record_poll(avow__trace_t *t);

/* Ends it; what writing it failed with, or 0. */
int avow__record_stop(avow__context_t *c);

#endif
