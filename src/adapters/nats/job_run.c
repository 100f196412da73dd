/* SPDX-License-Identifier: MIT */
/*
 * Processes a job that a worker has taken. If it has an outcome, the job is
 * done. If it was tried too often, it is dead. Otherwise the handler runs, its
 * outcome is stored, and then the job is acknowledged. After a failure between
 * these steps, the job is delivered again and found to be done. Meanwhile the
 * server is told regularly that the job is in progress.
 */
#include "job_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avow/cancel.h"
#include "avow/combine.h"
#include "avow/loop.h"
#include "avow/timer.h"
#include "connection.h"
#include "job_outcome.h"

typedef struct {
  worker_t *worker;
  avow_value_t message; /* a reference */
  avow_value_t object;  /* the job as an object for the handler */
  avow_value_t outcome;
  unsigned attempt;
  const char *token;     /* in the subject of the message */
  avow_deferred_t *life; /* pending until the task is canceled */
  bool is_canceled;
  bool is_dead;     /* `outcome` has the reason */
  bool is_large;    /* too large to be stored with a header */
  bool is_returned; /* the server was asked to deliver it again */
} task_t;

typedef struct {
  avow_nats_job_t job;
  avow_value_t message; /* a reference */
  char id[ID_MAX + 1];
} taken_t;

static void taken_destroy(void *data) {
  taken_t *taken = data;
  avow_value_unref(taken->job.payload);
  avow_value_unref(taken->message);
  avow_free(taken);
}

static const avow_class_t job_class = { .name = "nats job",
                                        .destroy = taken_destroy };

const avow_nats_job_t *avow_to_nats_job(const avow_value_t *job) {
  return avow_is_object(job, &job_class)
             ? &((taken_t *) avow_to_object(job, &job_class))->job
             : NULL;
}

static queue_t *task_queue(const task_t *task) {
  return avow__nats_queue(&task->worker->queue);
}

/* Sends an acknowledgment. If it is lost, the server delivers the job again. */
static avow_promise_t *tell(const task_t *task, const char *what) {
  const natsMsg *msg = avow_to_nats_msg(&task->message);
  avow_promise_t *p =
      avow_nats_publish(&task_queue(task)->connection, natsMsg_GetReply(msg),
                        avow_string(what), NULL);
  return avow_then(p, avow__nats_nothing, avow__nats_nothing, NULL);
}

/* The shield is short: libnats buffers the message without a round trip. */
static avow_promise_t *return_job(task_t *task, uint64_t ms) {
  char what[64] = "-NAK";
  if (task->is_returned)
    return avow_promise_resolve(task_queue(task)->loop, avow_none());
  task->is_returned = true;
  if (ms > 0)
    (void) snprintf(what, sizeof(what), "-NAK {\"delay\":%" PRIu64 "}",
                    ms * 1000000);
  return avow_shield(tell(task, what));
}

/* Tells the server that the job is in progress. */

static avow_value_t beat(const avow_value_t *none, void *data) {
  return avow_follow(tell(data, "+WPI"));
}

static avow_value_t beat_next(void *data) {
  const task_t *task = data;
  const uint64_t ms = task->worker->options.ack_wait / 3;
  return avow_follow(
      avow_then(avow_sleep(task_queue(task)->loop, ms > 0 ? ms : 1), beat, NULL,
                data));
}

/* The outcome. */

static avow_value_t done(const avow_value_t *arg, void *data) {
  return avow_follow(tell(data, "+ACK"));
}

static avow_promise_t *store(task_t *task);

static avow_value_t store_again(const avow_value_t *none, void *data) {
  return avow_follow(store(data));
}

static void mark_dead(task_t *task, avow_value_t why) {
  avow_value_unref(task->outcome);
  task->outcome = why;
  task->is_dead = true;
}

/* UV_EEXIST means that another worker has already stored an outcome. */
static avow_value_t outcome_not_stored(const avow_value_t *reason, void *data) {
  task_t *task = data;
  if (avow_error_code(reason) == UV_EEXIST)
    return done(reason, data);
  if (avow__nats_is_passing(reason))
    return avow_follow(avow_then(avow__nats_pause(task_queue(task)->loop),
                                 store_again, NULL, task));
  if (avow_error_code(reason) != UV_EMSGSIZE || task->is_large)
    return avow_value_ref(reason);
  if (task->is_dead)
    task->is_large = true;
  else
    mark_dead(task, avow_value_ref(reason));
  return avow_follow(store(task));
}

static avow_value_t store_outcome(const avow_value_t *arg, void *data) {
  task_t *task = data;
  char line[ERROR_LINE] = "";
  const char *headers[] = { avow__nats_if_none[0], NULL, NULL };
  if (avow_is_error(&task->outcome)) {
    avow__nats_error_line(line, &task->outcome);
    headers[1] = line;
  }
  return avow_follow(
      avow__nats_queue_store(task_queue(task), "done", task->token,
                             avow__nats_outcome_text(&task->outcome), headers));
}

/* Returns the payload of a dead job. A message of the maximum size has no space
   for a header, so only the fact is stored. */
static avow_value_t dead_payload(const task_t *task) {
  natsMsg *msg = avow_to_nats_msg(&task->message);
  return task->is_large ? avow_none()
                        : avow_bytes(natsMsg_GetData(msg),
                                     (size_t) natsMsg_GetDataLength(msg));
}

/* Stores the dead job. The stream keeps the newest for each id. */
static avow_promise_t *store_dead(const task_t *task) {
  char line[ERROR_LINE];
  const char *const headers[] = { line, NULL };
  avow__nats_error_line(line, &task->outcome);
  return avow__nats_queue_store(task_queue(task), "dead", task->token,
                                dead_payload(task), headers);
}

static avow_promise_t *store(task_t *task) {
  uv_loop_t *loop = task_queue(task)->loop;
  avow_promise_t *p = task->is_dead ? store_dead(task)
                                    : avow_promise_resolve(loop, avow_none());
  return avow_then(avow_then(p, store_outcome, NULL, task), done,
                   outcome_not_stored, task);
}

/* The handler. */

static avow_value_t handled(const avow_value_t *v, void *data) {
  task_t *task = data;
  task->outcome = avow_value_ref(v);
  return avow_follow(store(task));
}

static avow_value_t handler_failed(const avow_value_t *reason, void *data) {
  task_t *task = data;
  const avow_nats_work_options_t *options = &task->worker->options;
  if (avow_error_code(reason) == UV_ECANCELED &&
      task->is_canceled) /* so it does not come from the handler */
    return avow_follow(return_job(task, 0));
  if (task->attempt < options->attempts)
    return avow_follow(return_job(task, options->delay));
  mark_dead(task, avow_value_ref(reason));
  return avow_follow(store(task));
}

static avow_value_t check(const avow_value_t *v, void *data) {
  return v->tag == AVOW_BYTES || avow_is_none(v)
             ? avow_value_ref(v)
             : avow_error_new(UV_EINVAL, avow_none(),
                              "the outcome of a job is bytes, not %s",
                              avow_type_name(v));
}

static avow_value_t object_of(const task_t *task) {
  taken_t *taken = avow_calloc(1, sizeof(*taken));
  if (taken == NULL)
    return avow_error(UV_ENOMEM);
  natsMsg *msg = avow_to_nats_msg(&task->message);
  avow__nats_id(taken->id, task->token);
  taken->job.id = taken->id;
  taken->job.attempt = task->attempt;
  taken->job.payload =
      avow_bytes(natsMsg_GetData(msg), (size_t) natsMsg_GetDataLength(msg));
  taken->message = avow_value_ref(&task->message);
  if (!avow_is_error(&taken->job.payload))
    return avow_object(&job_class, taken);
  const avow_value_t error = avow_value_ref(&taken->job.payload);
  taken_destroy(taken);
  return error;
}

static avow_value_t call(void *data) {
  task_t *task = data;
  task->object = object_of(task);
  return avow_is_error(&task->object)
             ? avow_value_ref(&task->object)
             : task->worker->handler(&task->object, task->worker->data);
}

/* The last worker did not report an outcome. The job may crash its workers. */
static avow_value_t abandon(task_t *task) {
  mark_dead(task, avow_error_new(UV_ECONNABORTED, avow_none(),
                                 "no worker completed the job in %u attempts",
                                 task->attempt - 1));
  return avow_follow(store(task));
}

static avow_value_t no_outcome(const avow_value_t *reason, void *data) {
  task_t *task = data;
  if (avow__nats_is_passing(reason))
    return avow_follow(return_job(task, task->worker->options.delay));
  if (avow_error_code(reason) != UV_ENOENT)
    return avow_value_ref(reason);
  if (task->attempt > task->worker->options.attempts)
    return abandon(task);
  avow_promise_t *p = avow_try(task_queue(task)->loop, call, task);
  p = avow_then(p, check, NULL, NULL);
  return avow_follow(avow_then(p, handled, handler_failed, task));
}

static avow_value_t given_up(const avow_value_t *reason, void *data) {
  avow__nats_drop(return_job(data, 0)); /* the message is sent all the same */
  return avow_value_ref(reason);
}

static void task_free(void *data) {
  task_t *task = data;
  avow__nats_pending_work_of(&task->worker->queue)->jobs--;
  if (task->life != NULL)
    avow_deferred_drop(task->life);
  avow_value_unref(task->object);
  avow_value_unref(task->outcome);
  avow_value_unref(task->message);
  avow_free(task);
}

static task_t *task_new(worker_t *w, const avow_value_t *message) {
  const natsMsg *msg = avow_to_nats_msg(message);
  const char *dot = strrchr(natsMsg_GetSubject(msg), '.');
  task_t *task = avow_calloc(1, sizeof(*task));
  if (task == NULL)
    return NULL;
  task->worker = w;
  avow__nats_pending_work_of(&w->queue)->jobs++;
  task->message = avow_value_ref(message);
  task->token = dot != NULL ? dot + 1 : natsMsg_GetSubject(msg);
  task->attempt = (unsigned) strtoul(
      avow__nats_reply_token(natsMsg_GetReply(msg), DELIVERED), NULL, 10);
  return task;
}

static void on_cancel(void *data) {
  task_t *task = data;
  avow_deferred_t *life = task->life;
  task->life = NULL;
  task->is_canceled = true;
  avow_deferred_drop(life);
}

static avow_promise_t *live(uv_loop_t *loop, task_t *task) {
  avow_promise_t *p = avow_promise_new(loop, &task->life);
  avow_on_cancel(task->life, on_cancel, task);
  return p;
}

avow_promise_t *avow__nats_task(worker_t *w, const avow_value_t *message) {
  const queue_t *q = avow__nats_queue(&w->queue);
  if (natsMsg_GetReply(avow_to_nats_msg(message)) == NULL)
    return avow_promise_resolve(q->loop, avow_none()); /* another program's */
  task_t *task = task_new(w, message);
  if (task == NULL)
    return avow_promise_reject(q->loop, avow_error(UV_ENOMEM));
  if (!avow__nats_is_token(task->token)) /* no client can wait for it */
    return avow_attach(tell(task, "+TERM"), task, task_free);
  avow_promise_t *all[] = {
    live(q->loop, task), /* canceled first */
    avow_then(avow__nats_queue_newest(q, task->token), done, no_outcome, task),
    avow_repeat(q->loop, beat_next, task),
  };
  avow_promise_t *p = avow_join_losers(avow_race(q->loop, all, 3));
  return avow_attach(avow_catch(p, given_up, task), task, task_free);
}
