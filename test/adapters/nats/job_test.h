/* SPDX-License-Identifier: MIT */
/* Shared code of the tests of jobs: a queue for the running test. */
#ifndef JOB_TEST_H
#define JOB_TEST_H

#include "nats_test.h"

extern avow_value_t queue;
extern char name[32]; /* name of the queue */
extern int calls;     /* calls of the handlers below */

int job_setup(void **state);
int job_teardown(void **state);

#define JOB_CASE(f) cmocka_unit_test_setup_teardown(f, job_setup, job_teardown)

/* A case with a clock that the test advances. It must not wait for time, but
   call advance() when time must pass. */
int job_setup_by_hand(void **state);

#define JOB_CASE_BY_HAND(f) \
  cmocka_unit_test_setup_teardown(f, job_setup_by_hand, job_teardown)

avow_promise_t *job(const char *id, const char *text);

/* Cancels the job and asserts that it rejects at once. */
void cancel_job(avow_promise_t *p);

/* Waits until the queue has `n` jobs. An outcome may be available before its
   job has left the queue. */
void wait_for_len(int64_t n);

/* Turns "x" into "x!". */
avow_value_t shout_cb(const avow_value_t *arg, void *data);

avow_promise_t *work(avow_cb handler, size_t concurrency);

/* Cancels the worker and asserts that it rejects soon. */
void stop(avow_promise_t *worker);

/* Settles when a handler has a job. NULL if no test waits for it. */
extern avow_deferred_t *in_hand;

/* Starts a worker of the queue that keeps a job in hand forever. */
avow_promise_t *hanging(const avow_value_t *on, unsigned attempts,
                        uint64_t ack_wait);

#endif
