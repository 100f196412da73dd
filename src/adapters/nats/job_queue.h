/* SPDX-License-Identifier: MIT */
/*
 * Queues of jobs. A queue is two streams of JetStream's:
 *
 *   avow-jobs-NAME   avow.NAME.job.ID, until a worker has done with it
 *   avow-done-NAME   avow.NAME.done.ID, the outcome, and avow.NAME.dead.ID, a
 *                    job that has failed for good; the newest of each, for as
 *                    long as the options say
 *
 * of which the server tells when it keeps an outcome: avow.NAME.over.ID. ID is
 * a token. There is at most one job of an id, for it is stored only if there is
 * none.
 */
#ifndef AVOW_NATS_JOB_QUEUE_H
#define AVOW_NATS_JOB_QUEUE_H

#include "jetstream.h"
#include "outcome_waiters.h"
#include "pending_work.h"
#include "subject_token.h"

enum { SUBJECT_SIZE = TOKEN_SIZE + 80 };

typedef struct queue_s {
  avow_value_t connection;
  uv_loop_t *loop;
  outcome_waiters_t pending;
  avow_channel_t *notes;     /* NULL until the first job is waited for */
  avow_promise_t *listening; /* NULL while none is */
  unsigned refs;             /* of the object, and of who listens */
  bool lost;                 /* a connection, and what was noted meanwhile */
  char name[];
} queue_t;

/* The queue; NULL, which debug builds do not survive, of anything else. */
queue_t *avow__nats_queue(const avow_value_t *queue);
errands_t *avow__nats_errands_of(const avow_value_t *queue);

void avow__nats_queue_unref(queue_t *q);

/* avow.NAME.KIND.TOKEN */
void avow__nats_queue_subject(const queue_t *q, char subject[SUBJECT_SIZE],
                              const char *kind, const char *token);

/* OBJECT: the message of the outcome; UV_ENOENT if there is none. */
avow_promise_t *avow__nats_queue_newest(const queue_t *q, const char *token);

/* INT: the message is stored, if there is none of that subject. */
avow_promise_t *avow__nats_queue_store(const queue_t *q, const char *kind,
                                       const char *token, avow_value_t payload,
                                       const char *const *headers);

/* The answer of JetStream: the job there in the stream is taken out. Not by a
   purge, with which a server of 2.9 forgets which others are in hand. */
avow_promise_t *avow__nats_queue_take_out(const queue_t *q, uint64_t seq);

/* Who waits for an outcome hears of it, by its entry, from now on, and not any
   more. False: no memory. */
bool avow__nats_queue_listen(queue_t *q, entry_t *entry);
void avow__nats_queue_forget(queue_t *q, entry_t *entry);

/* An error if nobody is told of notes any more; else NONE. */
avow_value_t avow__nats_queue_problem(const queue_t *q);

#endif
