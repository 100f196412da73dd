/* SPDX-License-Identifier: MIT */
/* Reactions, and the jobs of those that each program has. */
#ifndef AVOW_CHAIN_H
#define AVOW_CHAIN_H

#include "engine/context.h"
#include "engine/kind.h"

/* avow_then() for a cb that begins something and gets no value that could be
   lost. If the promise is canceled before the job, cb does not run. */
avow_promise_t *avow__then_begin(avow_promise_t *p, avow_cb cb, void *data);

/* avow_catch() for what may begin anew: a cancellation on its way through it
   stays noted there, until cb gets UV_ECANCELED. */
avow_promise_t *avow__catch_keeping(avow_promise_t *p, avow_cb cb, void *data);

/* A reaction to p, which the caller subscribes, for what must be whatever
   happens: of the reserve if need be. NULL once that is used up, or the loop
   takes no more; p is the caller's then. */
avow_promise_t *avow__react_surely(avow_promise_t *p, avow__kind_t kind,
                                   void *data);

/* The promise that a handler's result, one or a thenable, wants to be waited
   for (PromiseResolve). */
avow_promise_t *avow__promise_of(avow__context_t *c, avow_value_t result);

/* What a function of the program returned settles p, a RUNNING that has nothing
   upstream; if it was cancelled meanwhile, without waiting. */
void avow__finish(avow_promise_t *p, avow_value_t result);

/* Likewise for a handler, whose argument from had, which is released. */
void avow__finish_handler(avow_promise_t *p, avow_promise_t *from,
                          avow_value_t result);

/* p is cancelled no more. */
void avow__forget_cancel(avow_promise_t *p);

/* Cancels q, which was cancelled while it ran. */
void avow__cancel_waiting(avow_promise_t *q);

/* Runs jobs until the queue is empty or the budget of the iteration is
   spent. */
void avow__run_jobs(avow__context_t *c);

/* For rows of kinds. */
void avow__follow_run(avow_promise_t *p);
void avow__adopt_run(avow_promise_t *p);
void avow__thenable_run(avow_promise_t *p);

#endif
