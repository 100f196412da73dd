/* SPDX-License-Identifier: MIT */
/* libuv's thread pool, which tests can hold, and meet the jobs of. */
#ifndef THREAD_POOL_H
#define THREAD_POOL_H

#include "harness.h"

enum { THREADS = 4 };

/* To be called before all tests. */
void pool_init(void);

/* So many threads do nothing until the pool is released. */
void hold_pool(int threads);
void release_pool(void);

/* Work for the pool, which frees itself. */
void queue_work(uv_work_cb work);
/* Until a thread has taken all that is queued: it cannot be taken back. */
void wait_until_taken(void);

/* Starts it while the pool is held, and lets the jobs that ask it run. */
avow_promise_t *queued_in_a_turn(start_fn start);
/* That, and then a thread takes what was queued. */
avow_promise_t *taken_in_a_turn(start_fn start);

/* With one thread for all, what was taken is done, but nobody has heard. */
avow_promise_t *done_unheard(start_fn start);

/* While the pool is held: starts it and waits until it is done. The loop will
   hear of it before it hears of anything that is done later. */
avow_promise_t *done_next(start_fn start);

/* Whether libuv has the kernel (io_uring) do what is asked of files, and not
   the pool: that waits for no thread, and cancelling never takes it back. */
bool kernel_does_files(void);

/* A job of the test's own says that it has begun, and waits to be let go. */
void wait_in_pool(void);
/* The test waits for that, and lets it go. */
void meet_in_pool(void);
/* The same, and runs the loop until then. */
void run_until_met(void);
void let_go_in_pool(void);

#endif
