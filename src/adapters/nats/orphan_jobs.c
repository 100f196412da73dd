/* SPDX-License-Identifier: MIT */
/*
 * A killed server may have forgotten that jobs were returned or in progress.
 * They stay in the queue and are never delivered. From time to time, a worker
 * therefore looks for the oldest such orphan. An orphan with an outcome is
 * removed. Otherwise another worker may still process it, until `ack_wait` has
 * passed. Then the orphan is stored again, after all others, and only then
 * removed from its old position.
 */
#include "orphan_jobs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "avow/timer.h"
#include "job_worker.h"
#include "json.h"

enum { SWEEP_MS = 3000 };

static queue_t *queue_of(const worker_t *w) {
  return avow__nats_queue(&w->queue);
}

/* Calls the API function WHAT, such as "STREAM.INFO". TAIL follows the name of
   the stream of jobs. */
static avow_promise_t *ask_stream(const worker_t *w, const char *what,
                                  const char *tail) {
  char api[160];
  const queue_t *q = queue_of(w);
  (void) snprintf(api, sizeof(api), "$JS.API.%s.avow-jobs-%s%s", what, q->name,
                  tail);
  return avow__nats_api(&q->connection, api, avow_none(), NULL);
}

/* Returns the number NAME of the object OF in an answer, or 0. */
static uint64_t number(const avow_value_t *answer, const char *of,
                       const char *name) {
  const char *text = natsMsg_GetData(avow_to_nats_msg(answer));
  const char *object = text != NULL ? avow__nats_json(text, of) : NULL;
  return avow__nats_json_number(object != NULL ? avow__nats_json(object, name)
                                               : NULL);
}

static avow_value_t orphan_taken_out(const avow_value_t *answer, void *data) {
  ((worker_t *) data)->sweep.found = true;
  return avow_none();
}

static avow_value_t take_out_orphan(const avow_value_t *arg, void *data) {
  const worker_t *w = data;
  avow_promise_t *p = avow__nats_queue_take_out(queue_of(w), w->sweep.oldest);
  return avow_follow(avow_then(p, orphan_taken_out, NULL, data));
}

static avow_value_t orphan_not_stored(const avow_value_t *reason, void *data) {
  return avow_error_code(reason) == UV_EEXIST /* stored again, or removed */
             ? take_out_orphan(reason, data)
             : avow_value_ref(reason);
}

static avow_value_t put_in_again(worker_t *w) {
  char last[64];
  natsMsg *msg = avow_to_nats_msg(&w->sweep.orphan);
  const char *const headers[] = { last, NULL };
  (void) snprintf(last, sizeof(last),
                  "Nats-Expected-Last-Subject-Sequence: %" PRIu64,
                  w->sweep.oldest);
  avow_promise_t *p =
      avow__nats_queue_store(queue_of(w), "job", w->sweep.token,
                             avow_bytes(natsMsg_GetData(msg),
                                        (size_t) natsMsg_GetDataLength(msg)),
                             headers);
  return avow_follow(avow_then(p, take_out_orphan, orphan_not_stored, w));
}

/* Waits while a worker may process the job. */
static avow_value_t has_no_outcome(const avow_value_t *reason, void *data) {
  worker_t *w = data;
  if (avow_error_code(reason) != UV_ENOENT)
    return avow_value_ref(reason);
  return w->sweep.oldest <= w->sweep.was ? put_in_again(w) : avow_none();
}

static avow_value_t has_orphan(const avow_value_t *message, void *data) {
  const char *subject = NULL;
  worker_t *w = data;
  (void) natsMsgHeader_Get(avow_to_nats_msg(message), "Nats-Subject", &subject);
  const char *dot = subject != NULL ? strrchr(subject, '.') : NULL;
  if (dot == NULL || !avow__nats_is_token(dot + 1)) /* from another program */
    return take_out_orphan(message, data);
  (void) snprintf(w->sweep.token, sizeof(w->sweep.token), "%s", dot + 1);
  avow_value_unref(w->sweep.orphan);
  w->sweep.orphan = avow_value_ref(message);
  return avow_follow(avow_then(avow__nats_queue_newest(queue_of(w), dot + 1),
                               take_out_orphan, has_no_outcome, w));
}

static avow_value_t has_stream(const avow_value_t *answer, void *data) {
  worker_t *w = data;
  w->sweep.oldest = number(answer, "state", "first_seq");
  if (number(answer, "state", "messages") == 0 ||
      w->sweep.oldest > w->sweep.limit)
    return avow_none();
  avow_promise_t *p = avow__nats_at(&queue_of(w)->connection, "avow-jobs-",
                                    queue_of(w)->name, w->sweep.oldest);
  return avow_follow(avow_then(p, has_orphan, NULL, w));
}

/* Returns the sequence number up to which all jobs were delivered and none is
   in progress. */
static uint64_t limit_of(const avow_value_t *answer) {
  const char *text = natsMsg_GetData(avow_to_nats_msg(answer));
  const char *in_hand =
      text != NULL ? avow__nats_json(text, "num_ack_pending") : NULL;
  return number(answer,
                in_hand != NULL && avow__nats_json_number(in_hand) == 0
                    ? "delivered"
                    : "ack_floor",
                "stream_seq");
}

/* `was` is a limit that is at least ack_wait old. */
static avow_value_t has_consumer(const avow_value_t *answer, void *data) {
  worker_t *w = data;
  sweep_t *sweep = &w->sweep;
  const uint64_t now = uv_now(queue_of(w)->loop);
  sweep->limit = limit_of(answer);
  if (now - sweep->since >= w->options.ack_wait) {
    sweep->was = sweep->mark;
    sweep->mark = sweep->limit;
    sweep->since = now;
  }
  return avow_follow(
      avow_then(ask_stream(w, "STREAM.INFO", ""), has_stream, NULL, w));
}

static avow_value_t look_for_orphan(const avow_value_t *none, void *data) {
  worker_t *w = data;
  w->sweep.found = false;
  return avow_follow(avow_then(ask_stream(w, "CONSUMER.INFO", ".workers"),
                               has_consumer, NULL, w));
}

/* Failures are ignored until the next sweep. Another sweep may have been
   faster, or the server may be restarting. */
static avow_value_t sweep_passes(const avow_value_t *reason, void *data) {
  const int code = avow_error_code(reason);
  return code == UV_ECANCELED || code == UV_ENOTCONN || code == UV_ENOMEM
             ? avow_value_ref(reason)
             : avow_none();
}

avow_value_t avow__nats_sweep_next(void *data) {
  const worker_t *w = data;
  avow_promise_t *p =
      avow_sleep(queue_of(w)->loop, w->sweep.found ? 0 : SWEEP_MS);
  p = avow_then(p, look_for_orphan, NULL, data);
  return avow_follow(avow_then(p, avow__nats_nothing, sweep_passes, NULL));
}
