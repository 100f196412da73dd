/* SPDX-License-Identifier: MIT */
/* Fixture for libuv's thread pool: tests can block it and synchronize with its
   jobs. */
#ifndef THREAD_POOL_H
#define THREAD_POOL_H

#include "harness.h"

enum { THREADS = 4 };

/* Must be called before all tests. */
void pool_init(void);

/* Blocks `threads` threads until the pool is released. */
void hold_pool(int threads);
void release_pool(void);

/* Queues work for the pool, which frees itself. */
void queue_work(uv_work_cb work);
/* Waits until a thread has taken all queued work, which libuv can then no
   longer cancel. */
void wait_until_taken(void);

/* Starts the operation while the pool is blocked, and runs the jobs that queue
   its request. */
avow_promise_t *queued_in_a_turn(start_fn start);
/* Calls queued_in_a_turn(), then lets a thread take the request. */
avow_promise_t *taken_in_a_turn(start_fn start);

/* Because one thread does all jobs, the request is done. The loop has not yet
   received its completion. */
avow_promise_t *done_but_not_received(start_fn start);

/* Call it while the pool is blocked. Starts the operation and waits until it is
   done. The loop receives this completion before any later one. */
avow_promise_t *done_next(start_fn start);

/* Tells whether libuv uses io_uring for files in place of the pool. Such a
   request waits for no thread, and libuv cannot cancel it. */
bool kernel_does_files(void);

/* A job of the test reports that it began, and waits until it may end. */
void wait_in_pool(void);
/* Waits for that report and lets the job end. */
void meet_in_pool(void);
/* Runs the loop until the job reports, then lets the job end. */
void run_until_met(void);
void release_pool_threads(void);

#endif
