/* SPDX-License-Identifier: MIT */
/* What tests of jobs share: a queue of the running test. */
#ifndef JOB_TEST_H
#define JOB_TEST_H

#include "nats_test.h"

extern avow_value_t queue;
extern char name[32]; /* of it */
extern int calls;     /* of the handlers below */

int job_setup(void **state);
int job_teardown(void **state);

#define JOB_CASE(f) cmocka_unit_test_setup_teardown(f, job_setup, job_teardown)

/* A case whose clock does not move by itself. Nothing in it may wait for time:
   it calls advance() where time has to pass. */
int job_setup_by_hand(void **state);

#define JOB_CASE_BY_HAND(f) \
  cmocka_unit_test_setup_teardown(f, job_setup_by_hand, job_teardown)

avow_promise_t *job(const char *id, const char *text);

/* It rejects at once. */
void cancel_job(avow_promise_t *p);

/* The outcome is there before the job has left the queue. */
void wait_for_len(int64_t n);

/* Makes "x!" of "x". */
avow_value_t shout_cb(const avow_value_t *arg, void *data);

avow_promise_t *work(avow_cb handler, size_t concurrency);

/* It waits for nothing of its own when it is cancelled. */
void stop(avow_promise_t *worker);

/* Settles when a handler has a job; NULL if nobody waits for that. */
extern avow_deferred_t *in_hand;

/* A worker of this queue that has a job in hand, for ever. */
avow_promise_t *hanging(const avow_value_t *on, unsigned attempts,
                        uint64_t ack_wait);

#endif
