/* SPDX-License-Identifier: MIT */
/*
 * Queues of jobs. A queue consists of two JetStream streams:
 *
 *   avow-jobs-NAME   avow.NAME.job.ID, until a worker has finished the job
 *   avow-done-NAME   avow.NAME.done.ID, the outcome, and avow.NAME.dead.ID, a
 *                    job that has failed finally; the newest of each, until
 *                    `keep` ms have passed
 *
 * When the server stores an outcome, it sends a notification to
 * avow.NAME.over.ID. ID is a token. Each id has at most one job, because a job
 * is stored only if there is none.
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
  avow_channel_t *notes;     /* NULL until a client waits for a job */
  avow_promise_t *listening; /* NULL while no client waits */
  unsigned refs;             /* of the object, and of the listening promise */
  bool lost; /* the connection was lost, and perhaps notifications */
  char name[];
} queue_t;

/* Returns the queue. For any other value returns NULL, and debug builds
   abort. */
queue_t *avow__nats_queue(const avow_value_t *queue);
pending_work_t *avow__nats_pending_work_of(const avow_value_t *queue);

void avow__nats_queue_unref(queue_t *q);

/* Writes avow.NAME.KIND.TOKEN. */
void avow__nats_queue_subject(const queue_t *q, char subject[SUBJECT_SIZE],
                              const char *kind, const char *token);

/* Settles as an OBJECT: the message of the outcome. Rejects with UV_ENOENT if
   there is none. */
avow_promise_t *avow__nats_queue_newest(const queue_t *q, const char *token);

/* Settles as an INT when the message is stored. `headers` may require that its
   subject has no message. */
avow_promise_t *avow__nats_queue_store(const queue_t *q, const char *kind,
                                       const char *token, avow_value_t payload,
                                       const char *const *headers);

/* Removes the job with this sequence number, and settles as JetStream's answer.
   Purging is no alternative, because a server of version 2.9 then forgets which
   other jobs are being processed. */
avow_promise_t *avow__nats_queue_take_out(const queue_t *q, uint64_t seq);

/* Add an entry, which is notified of its outcome, and remove it. Adding returns
   false if out of memory. */
bool avow__nats_queue_listen(queue_t *q, entry_t *entry);
void avow__nats_queue_forget(queue_t *q, entry_t *entry);

/* Returns an error if notifications no longer arrive, or else NONE. */
avow_value_t avow__nats_queue_problem(const queue_t *q);

#endif
