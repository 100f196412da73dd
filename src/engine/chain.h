/* SPDX-License-Identifier: MIT */
/* Reactions, and the jobs that each program contains. */
#ifndef AVOW_CHAIN_H
#define AVOW_CHAIN_H

#include "engine/context.h"
#include "engine/kind.h"

/* avow_then() for a `cb` that starts an operation and whose argument may be
   dropped. If the promise is canceled before its job, `cb` does not run. */
avow_promise_t *avow__then_begin(avow_promise_t *p, avow_cb cb, void *data);

/* avow_catch() for a `cb` that may start another attempt. A cancellation that
   passes through the promise marks it as canceled until `cb` gets
   UV_ECANCELED. */
avow_promise_t *avow__catch_keeping(avow_promise_t *p, avow_cb cb, void *data);

/* A reaction to p that must not be lost, so its block may come from the
   reserve. The caller subscribes it. NULL if the reserve is used up, or if the
   loop runs no more handlers. Then the caller still owns p. */
avow_promise_t *avow__react_surely(avow_promise_t *p, avow__kind_t kind,
                                   void *data);

/* The promise to wait for when a handler returns a promise or a thenable
   (PromiseResolve). */
avow_promise_t *avow__promise_of(avow__context_t *c, avow_value_t result);

/* Settles p, a RUNNING without upstream, with the result of a function of the
   program. If p was canceled meanwhile, it does not wait for a promise in that
   result. */
void avow__finish(avow_promise_t *p, avow_value_t result);

/* Settles p with the result of its handler, and releases `from`, which has the
   argument of the handler. */
void avow__finish_handler(avow_promise_t *p, avow_promise_t *from,
                          avow_value_t result);

/* Removes the mark that p is canceled, and the reason. */
void avow__forget_cancel(avow_promise_t *p);

/* Cancels the promise that q now waits for, because q was canceled while its
   function ran. */
void avow__cancel_waiting(avow_promise_t *q);

/* Runs jobs until the queue is empty or the budget of the iteration is
   spent. */
void avow__run_jobs(avow__context_t *c);

/* Functions for the rows of avow__kinds. */
void avow__follow_run(avow_promise_t *p);
void avow__adopt_run(avow_promise_t *p);
void avow__thenable_run(avow_promise_t *p);

#endif
