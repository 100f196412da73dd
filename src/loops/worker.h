/*
 * A worker: a thread with a loop of its own, which runs the errands that home
 * sends it. All of this may be called on any thread.
 */
#ifndef AVOW_WORKER_H
#define AVOW_WORKER_H

#include "avow/loops.h"
#include "avow/remote.h"

typedef struct avow__worker_s avow__worker_t;

/* A function that is to run there, with what it is called with. */
typedef struct avow__errand_s avow__errand_t;

/* Starts one; NULL, with the reason in *err, where that cannot be. */
avow__worker_t *avow__worker_new(int *err);
void avow__worker_unref(avow__worker_t *worker);

/* How many errands it has that were not answered. */
size_t avow__worker_load(const avow__worker_t *worker);

/* Whether this is its thread. */
bool avow__worker_is_here(const avow__worker_t *worker);

/* Has it cancel what runs there and end: home's promise of that. */
avow_promise_t *avow__worker_stop(avow__worker_t *worker, uv_loop_t *home);

/* Waits for the thread of one that was stopped. */
void avow__worker_join(avow__worker_t *worker);

/* NULL without memory. */
avow__errand_t *avow__errand_new(avow__worker_t *worker, avow_loops_fn fn,
                                 void *data);
void avow__errand_unref(avow__errand_t *errand);

/* Has it run. The answer, which is taken, is resolved in any case: with
   UV_ECANCELED by a worker that is stopping. */
void avow__errand_start(avow__errand_t *errand, avow_remote_t *answer);

/* Has what it runs cancelled, which answers as that does then. */
void avow__errand_cancel(avow__errand_t *errand);

#endif
