/* SPDX-License-Identifier: MIT */
/*
 * Workers. Each slot requests one job, waits for the answer, processes the job
 * and requests the next. The answer is a job, or the reason why there is none.
 * Any waiting slot may receive it, because there are never more jobs on their
 * way than idle slots. The server forgets requests when it stops or the
 * connection is lost. The slots then start again with another inbox, which gets
 * no answers to older requests.
 */
#include "job_worker.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "avow/cancel.h"
#include "avow/loop.h"
#include "avow/map.h"
#include "connection.h"
#include "job_run.h"
#include "send.h"

enum { ASK_MS = 10000, LATE_MS = 2000 };

/* Messages to the inbox. */

static void name_inbox(worker_t *w) {
  natsInbox *inbox = NULL;
  w->inbox[0] = '\0'; /* an invalid subject */
  if (natsInbox_Create(&inbox) == NATS_OK)
    (void) snprintf(w->inbox, sizeof(w->inbox), "%s", inbox);
  natsInbox_Destroy(inbox);
}

static void renew_inbox(worker_t *w) {
  const queue_t *q = avow__nats_queue(&w->queue);
  avow_deferred_t *d = w->anew;
  avow_promise_t *until = w->until;
  w->until = avow_promise_new(q->loop, &w->anew);
  if (d != NULL) {
    (void) avow_reject(d, avow_error(UV_ECONNRESET));
    /* marks it as handled, because busy slots do not wait for it */
    (void) avow_result(until);
  }
  avow_promise_clear(&until);
  avow_channel_clear(&w->jobs);
  name_inbox(w);
  w->jobs = avow_nats_subscribe(&q->connection, w->inbox, NULL, 0);
}

static avow_value_t worker_on_state(const avow_value_t *state, void *data) {
  worker_t *w = data;
  const bool is_there = avow_to_int(state) == NATS_CONN_STATUS_CONNECTED;
  if (is_there && w->lost)
    renew_inbox(w);
  w->lost = !is_there;
  return avow_none();
}

/* Slots. */

static avow_promise_t *make_consumer(const worker_t *w) {
  char api[128];
  const queue_t *q = avow__nats_queue(&w->queue);
  (void) snprintf(api, sizeof(api),
                  "$JS.API.CONSUMER.DURABLE.CREATE.avow-jobs-%s.workers",
                  q->name);
  return avow__nats_api(
      &q->connection, api,
      avow__nats_text("{\"stream_name\":\"avow-jobs-%s\",\"config\":{"
                      "\"durable_name\":\"workers\",\"deliver_policy\":\"all\","
                      "\"ack_policy\":\"explicit\",\"ack_wait\":%" PRIu64
                      ",\"max_deliver\":-1,\"max_ack_pending\":-1,"
                      "\"max_waiting\":4096,\"replay_policy\":\"instant\"}}",
                      q->name, w->options.ack_wait * 1000000),
      NULL);
}

static avow_value_t passes(const avow_value_t *reason, void *data) {
  return avow__nats_is_passing(reason) ? avow_none() : avow_value_ref(reason);
}

/* Creates the consumer again, because a restarted server may have lost it. */
static avow_value_t mend(const avow_value_t *none, void *worker) {
  avow_promise_t *p = make_consumer(worker);
  return avow_follow(avow_then(p, avow__nats_nothing, passes, NULL));
}

/* The request was not served. 408 means that no job arrived in time. Other
   statuses may mean that the consumer is missing. */
static avow_value_t refused(worker_t *w, int status) {
  if (status == 408 || status == 404)
    return avow_none();
  return avow_follow(
      avow_then(avow__nats_pause(avow__nats_queue(&w->queue)->loop), mend, NULL,
                w));
}

/* A job has a reply subject for its acknowledgment. A message without one is a
   status of the server. */
static avow_value_t on_delivery(const avow_value_t *message, void *worker) {
  /* the inbox was replaced, or the worker ends soon */
  if (avow_is_none(message))
    return avow_follow(avow__nats_pause(
        avow__nats_queue(&((worker_t *) worker)->queue)->loop));
  natsMsg *msg = avow_to_nats_msg(message);
  const int status = natsMsg_GetReply(msg) == NULL ? avow__nats_status(msg) : 0;
  return status != 0 ? refused(worker, status)
                     : avow_follow(avow__nats_task(worker, message));
}

static avow_value_t receive_job(const avow_value_t *none, void *data) {
  const worker_t *w = data;
  avow_promise_t *p =
      avow_timeout(avow_channel_next(w->jobs), ASK_MS + LATE_MS);
  return avow_follow(
      avow_then(avow_until(p, w->until), on_delivery, passes, data));
}

static avow_value_t slot_step(void *data) {
  char api[128];
  const worker_t *w = data;
  const queue_t *q = avow__nats_queue(&w->queue);
  (void) snprintf(api, sizeof(api),
                  "$JS.API.CONSUMER.MSG.NEXT.avow-jobs-%s.workers", q->name);
  avow_promise_t *p =
      avow__nats_publish(&q->connection, api, w->inbox,
                         avow__nats_text("{\"batch\":1,\"expires\":%" PRIu64
                                         "}",
                                         (uint64_t) ASK_MS * 1000000));
  return avow_follow(avow_then(p, receive_job, passes, data));
}

static avow_value_t lost(const avow_value_t *none, void *data) {
  return avow_error(UV_ENOTCONN);
}

static avow_promise_t *watch_states(worker_t *w) {
  avow_channel_t *states =
      avow_nats_states(&avow__nats_queue(&w->queue)->connection);
  static const avow_map_options_t all = { .concurrency = 1,
                                          .kind = AVOW_ALL_SETTLED };
  avow_promise_t *p = avow_each(states, worker_on_state, w, &all);
  avow_channel_unref(states);
  return avow_then(p, lost, NULL, NULL);
}

/* The first two are not slots. */
static avow_value_t slot(size_t i, void *data) {
  worker_t *w = data;
  uv_loop_t *loop = avow__nats_queue(&w->queue)->loop;
  return avow_follow(i == 0   ? watch_states(w)
                     : i == 1 ? avow_repeat(loop, avow__nats_sweep_next, w)
                              : avow_repeat(loop, slot_step, w));
}

static avow_value_t start_slots(const avow_value_t *answer, void *data) {
  worker_t *w = data;
  const avow_map_options_t all = { .cancels = true };
  renew_inbox(w);
  return avow_follow(avow_map(avow__nats_queue(&w->queue)->loop,
                              w->options.concurrency + 2, slot, w, &all));
}

static void worker_free(void *data) {
  worker_t *w = data;
  if (w->anew != NULL)
    avow_deferred_drop(w->anew);
  if (w->until != NULL)
    (void) avow_result(w->until);
  avow_promise_clear(&w->until);
  avow_channel_clear(&w->jobs);
  avow_value_unref(w->sweep.orphan);
  avow_value_unref(w->queue);
  avow_free(w);
}

static worker_t *worker_new(const avow_value_t *queue, avow_cb handler,
                            void *data,
                            const avow_nats_work_options_t *options) {
  worker_t *w = avow_calloc(1, sizeof(*w));
  if (w == NULL)
    return NULL;
  w->queue = avow_value_ref(queue);
  w->handler = handler;
  w->data = data;
  if (options != NULL)
    w->options = *options;
  avow_nats_work_options_t *o = &w->options;
  o->concurrency = o->concurrency > 0 ? o->concurrency : 1;
  o->attempts = o->attempts > 0 ? o->attempts : 5;
  o->ack_wait = o->ack_wait > 0 ? o->ack_wait : 30000;
  o->delay = o->delay > 0 ? o->delay : 1000;
  return w;
}

static bool are_work_options(const avow_nats_work_options_t *options) {
  for (size_t i = 0; options != NULL && i < 4; i++)
    if (options->reserved[i] != 0)
      return false;
  return options == NULL || (options->concurrency <= 4096 &&
                             options->ack_wait <= INT64_MAX / 1000000 &&
                             options->delay <= INT64_MAX / 1000000);
}

avow_promise_t *avow_nats_work(const avow_value_t *queue, avow_cb handler,
                               void *data,
                               const avow_nats_work_options_t *options) {
  const queue_t *q = avow__nats_queue(queue);
  if (q == NULL || handler == NULL || !are_work_options(options))
    return avow_promise_reject(q != NULL ? q->loop : NULL,
                               avow_error(UV_EINVAL));
  worker_t *w = worker_new(queue, handler, data, options);
  if (w == NULL)
    return avow_promise_reject(q->loop, avow_error(UV_ENOMEM));
  return avow_attach(avow_then(make_consumer(w), start_slots, NULL, w), w,
                     worker_free);
}
