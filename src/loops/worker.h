/* SPDX-License-Identifier: MIT */
/*
 * A worker: a thread with a loop of its own, which runs the calls that home
 * loops send. Each function may be called on any thread unless its comment
 * restricts this.
 */
#ifndef AVOW_WORKER_H
#define AVOW_WORKER_H

#include "avow/loops.h"

typedef struct avow__worker_s avow__worker_t;

/* Starts a worker. Returns NULL on failure, with the reason in *err. */
avow__worker_t *avow__worker_new(int *err);
void avow__worker_unref(avow__worker_t *worker);

/* Returns the number of calls that have not returned home. */
size_t avow__worker_load(const avow__worker_t *worker);

/* Whether the current thread is the worker's. */
bool avow__worker_is_here(const avow__worker_t *worker);

/* Calls `fn` on the worker's loop and returns the promise of avow_loops_run().
   Called on home's thread. A worker that is stopping cancels the call. */
avow_promise_t *avow__worker_run(avow__worker_t *worker, uv_loop_t *home,
                                 avow_loops_fn fn, void *data);

/* Makes the worker cancel its calls and end. Returns a promise on `home` that
   settles when the thread has ended. */
avow_promise_t *avow__worker_stop(avow__worker_t *worker, uv_loop_t *home);

/* Waits for the thread of a stopped worker. */
void avow__worker_join(avow__worker_t *worker);

#endif
