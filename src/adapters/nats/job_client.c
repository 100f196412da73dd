/* SPDX-License-Identifier: MIT */
/*
 * The client's side of jobs. Each round first looks for an outcome. If there is
 * none, it stores the job unless it is already stored. It then waits until a
 * notification arrives, the connection is lost, or LOOK_MS have passed. This
 * covers all cases: the job was done before this program started, another
 * program removed it, or the answer to the store was lost.
 */
#include <stdio.h>
#include <stdlib.h>

#include "avow/cancel.h"
#include "avow/loop.h"
#include "connection.h"
#include "job_outcome.h"
#include "job_queue.h"

enum { LOOK_MS = 30000 };

typedef struct {
  entry_t entry;
  avow_value_t queue; /* a reference */
  avow_value_t payload;
  avow_promise_t *storing; /* or NULL; a cancellation does not stop it */
  unsigned refs;
  bool is_over; /* the outcome arrived, and may itself be UV_ECANCELED */
  bool is_in;   /* registered for notifications */
  char token[TOKEN_SIZE];
} job_t;

static void job_unref(void *data) {
  job_t *job = data;
  if (--job->refs > 0)
    return;
  avow__nats_pending_work_of(&job->queue)->jobs--;
  avow_promise_clear(&job->storing);
  avow_value_unref(job->payload);
  avow_value_unref(job->queue);
  avow_free(job);
}

static void job_free(void *data) {
  job_t *job = data;
  if (job->is_in)
    avow__nats_queue_forget(avow__nats_queue(&job->queue), &job->entry);
  avow_deferred_t *d = job->entry.wake;
  job->entry.wake = NULL;
  if (d != NULL)
    avow_deferred_drop(d);
  job_unref(job);
}

static avow_value_t again(const avow_value_t *reason, void *data) {
  return avow_error_code(reason) == UV_ETIMEDOUT ? avow_none()
                                                 : avow_value_ref(reason);
}

/* Settles as NONE when another look is due. */
static avow_value_t wait(const avow_value_t *arg, void *data) {
  job_t *job = data;
  const queue_t *q = avow__nats_queue(&job->queue);
  if (job->entry.noted)
    return avow_none();
  AVOW_TRY(avow__nats_queue_problem(q));
  avow_promise_t *p = avow_promise_new(q->loop, &job->entry.wake);
  return avow_follow(avow_catch(avow_timeout(p, LOOK_MS), again, job));
}

static avow_value_t fail_or_retry(const job_t *job,
                                  const avow_value_t *reason) {
  return avow__nats_is_passing(reason)
             ? avow_follow(
                   avow__nats_pause(avow__nats_queue(&job->queue)->loop))
             : avow_value_ref(reason);
}

static avow_value_t job_stored(const avow_value_t *seq, void *data) {
  job_t *job = data;
  avow_promise_clear(&job->storing);
  return wait(seq, data);
}

static avow_value_t job_not_stored(const avow_value_t *reason, void *data) {
  job_t *job = data;
  if (avow_error_code(reason) == UV_ECANCELED)
    return avow_value_ref(reason);
  avow_promise_clear(&job->storing);
  return avow_error_code(reason) == UV_EEXIST ? wait(reason, data)
                                              : fail_or_retry(job, reason);
}

static avow_value_t outcome_missing(const avow_value_t *reason, void *data) {
  job_t *job = data;
  if (avow_error_code(reason) != UV_ENOENT)
    return fail_or_retry(job, reason);
  avow_promise_t *p =
      avow__nats_queue_store(avow__nats_queue(&job->queue), "job", job->token,
                             avow_value_ref(&job->payload), avow__nats_if_none);
  job->storing = avow_ref(p);
  return avow_follow(avow_then(p, job_stored, job_not_stored, job));
}

static avow_value_t outcome_found(const avow_value_t *message, void *data) {
  job_t *job = data;
  job->is_over = true;
  return avow__nats_outcome(avow_to_nats_msg(message));
}

static avow_value_t look(void *data) {
  job_t *job = data;
  avow_deferred_t *late = job->entry.wake; /* not NULL after a timeout */
  job->entry.wake = NULL;
  job->entry.noted = false;
  if (late != NULL)
    avow_deferred_drop(late);
  return avow_follow(
      avow_then(avow__nats_queue_newest(avow__nats_queue(&job->queue),
                                        job->token),
                outcome_found, outcome_missing, job));
}

/* Removing the job, after the answer to its store. */

static avow_value_t job_is_there(const avow_value_t *message, void *data) {
  const char *seq = NULL;
  const job_t *job = data;
  (void) natsMsgHeader_Get(avow_to_nats_msg(message), "Nats-Sequence", &seq);
  avow_promise_t *p =
      avow__nats_queue_take_out(avow__nats_queue(&job->queue),
                                seq != NULL ? strtoull(seq, NULL, 10) : 0);
  return avow_follow(avow_then(p, avow__nats_nothing, NULL, NULL));
}

static avow_value_t is_not_there(const avow_value_t *reason, void *data) {
  return avow_error_code(reason) == UV_ENOENT ? avow_none()
                                              : avow_value_ref(reason);
}

static avow_value_t job_take_out(const avow_value_t *arg, void *data) {
  const job_t *job = data;
  char stream[96], subject[SUBJECT_SIZE];
  const queue_t *q = avow__nats_queue(&job->queue);
  (void) snprintf(stream, sizeof(stream), "avow-jobs-%s", q->name);
  avow__nats_queue_subject(q, subject, "job", job->token);
  avow_promise_t *p = avow__nats_newest(&q->connection, stream, subject);
  return avow_follow(avow_then(p, job_is_there, is_not_there, data));
}

/* Notifies other clients of the job, which then store it again. */
static avow_value_t say_so(const avow_value_t *arg, void *data) {
  const job_t *job = data;
  char subject[SUBJECT_SIZE];
  const queue_t *q = avow__nats_queue(&job->queue);
  avow__nats_queue_subject(q, subject, "over", job->token);
  return avow_follow(
      avow_nats_publish(&q->connection, subject, avow_none(), NULL));
}

static void job_taken_out(void *data) {
  const job_t *job = data;
  avow__nats_pending_work_end(avow__nats_pending_work_of(&job->queue));
  job_unref(data);
}

static avow_value_t job_over(const avow_value_t *reason, void *data) {
  job_t *job = data;
  if (avow_error_code(reason) != UV_ECANCELED || job->is_over)
    return avow_value_ref(reason);
  avow_promise_t *p =
      job->storing != NULL
          ? avow_promise_steal(&job->storing)
          : avow_promise_resolve(avow__nats_queue(&job->queue)->loop,
                                 avow_none());
  job->refs++;
  avow__nats_pending_work_begin(avow__nats_pending_work_of(&job->queue));
  p = avow_then(avow_then(p, job_take_out, job_take_out, job), say_so, NULL,
                job);
  avow__nats_drop(avow_attach(p, job, job_taken_out));
  return avow_value_ref(reason);
}

static job_t *job_new(const avow_value_t *queue, const char *id) {
  job_t *job = avow_calloc(1, sizeof(*job));
  if (job == NULL)
    return NULL;
  (void) avow__nats_token(job->token, id);
  job->entry.token = job->token;
  job->queue = avow_value_ref(queue);
  job->refs = 1;
  avow__nats_pending_work_of(&job->queue)->jobs++;
  job->is_in = avow__nats_queue_listen(avow__nats_queue(queue), &job->entry);
  if (job->is_in)
    return job;
  job_free(job);
  return NULL;
}

static int problem_with(const queue_t *q, const char *id,
                        const avow_value_t *payload) {
  char token[TOKEN_SIZE];
  if (q == NULL || !avow__nats_token(token, id))
    return UV_EINVAL;
  return payload->tag == AVOW_BYTES || avow_is_none(payload) ? 0 : UV_EINVAL;
}

avow_promise_t *avow_nats_job(const avow_value_t *queue, const char *id,
                              avow_value_t payload) {
  const queue_t *q = avow__nats_queue(queue);
  uv_loop_t *loop = q != NULL ? q->loop : NULL;
  if (avow_is_error(&payload))
    return avow_promise_reject(loop, payload);
  const int problem = problem_with(q, id, &payload);
  job_t *job = problem == 0 ? job_new(queue, id) : NULL;
  if (job == NULL) {
    avow_value_unref(payload);
    return avow_promise_reject(loop,
                               avow_error(problem != 0 ? problem : UV_ENOMEM));
  }
  job->payload = payload;
  avow_promise_t *p = avow_catch(avow_repeat(loop, look, job), job_over, job);
  return avow_attach(p, job, job_free);
}
