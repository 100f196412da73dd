/* SPDX-License-Identifier: MIT */
/*
 * A worker: a thread with a loop of its own, which runs the errands that home
 * loops send it. Unless it says so a function may be called on any thread.
 */
#ifndef AVOW_WORKER_H
#define AVOW_WORKER_H

#include "avow/loops.h"

typedef struct avow__worker_s avow__worker_t;

/* Starts one; NULL, with the reason in *err, where that cannot be. */
avow__worker_t *avow__worker_new(int *err);
void avow__worker_unref(avow__worker_t *worker);

/* How many errands it has that are not back home. */
size_t avow__worker_load(const avow__worker_t *worker);

/* Whether this is its thread. */
bool avow__worker_is_here(const avow__worker_t *worker);

/* Has it call fn, on home's thread: the promise of avow_loops_run(). With a
   worker that is stopping it is cancelled. */
avow_promise_t *avow__worker_run(avow__worker_t *worker, uv_loop_t *home,
                                 avow_loops_fn fn, void *data);

/* Has it cancel what runs there and end: home's promise of that. */
avow_promise_t *avow__worker_stop(avow__worker_t *worker, uv_loop_t *home);

/* Waits for the thread of one that was stopped. */
void avow__worker_join(avow__worker_t *worker);

#endif
