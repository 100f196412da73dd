/* SPDX-License-Identifier: MIT */
/*
 * Queues: their streams, and the clients that wait for outcomes. While clients
 * wait for jobs, one promise receives notifications and statuses of the
 * connection, which keeps the loop alive. Notifications may be lost with a
 * connection, or if there are too many. All clients are then woken to look for
 * their outcomes.
 */
#include "job_queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "avow/cancel.h"
#include "avow/loop.h"
#include "avow/stages.h"
#include "connection.h"
#include "json.h"

enum { NOTES = 4096, KEEP_MS = 24 * 60 * 60 * 1000 };

void avow__nats_queue_unref(queue_t *q) {
  if (--q->refs > 0)
    return;
  avow_value_unref(q->connection);
  avow__nats_outcome_waiters_free(&q->pending);
  avow_free(q);
}

static void queue_destroy(void *data) {
  queue_t *q = data;
  avow_channel_clear(&q->notes);
  avow__nats_queue_unref(q);
}

static const avow_class_t queue_class = { .name = "nats queue",
                                          .destroy = queue_destroy };

queue_t *avow__nats_queue(const avow_value_t *queue) {
  return avow_to_object(queue, &queue_class);
}

pending_work_t *avow__nats_pending_work_of(const avow_value_t *queue) {
  return &avow__nats_connection(&avow__nats_queue(queue)->connection)
              ->pending_work;
}

void avow__nats_queue_subject(const queue_t *q, char subject[SUBJECT_SIZE],
                              const char *kind, const char *token) {
  (void) snprintf(subject, SUBJECT_SIZE, "avow.%s.%s.%s", q->name, kind, token);
}

avow_promise_t *avow__nats_queue_newest(const queue_t *q, const char *token) {
  char stream[96], subject[SUBJECT_SIZE];
  (void) snprintf(stream, sizeof(stream), "avow-done-%s", q->name);
  avow__nats_queue_subject(q, subject, "done", token);
  return avow__nats_newest(&q->connection, stream, subject);
}

avow_promise_t *avow__nats_queue_store(const queue_t *q, const char *kind,
                                       const char *token, avow_value_t payload,
                                       const char *const *headers) {
  char subject[SUBJECT_SIZE];
  avow__nats_queue_subject(q, subject, kind, token);
  return avow__nats_store(&q->connection, subject, payload, headers);
}

avow_promise_t *avow__nats_queue_take_out(const queue_t *q, uint64_t seq) {
  char api[128];
  (void) snprintf(api, sizeof(api), "$JS.API.STREAM.MSG.DELETE.avow-jobs-%s",
                  q->name);
  return avow__nats_api(&q->connection, api,
                        avow__nats_text("{\"seq\":%" PRIu64 "}", seq), NULL);
}

/* Listening. */

static void queue_on_state(queue_t *q, int64_t state) {
  if (state == NATS_CONN_STATUS_CONNECTED && q->lost)
    avow__nats_outcome_waiters_wake(&q->pending, NULL);
  q->lost = state != NATS_CONN_STATUS_CONNECTED;
}

static avow_value_t on_note(const avow_value_t *item, void *data) {
  queue_t *q = data;
  if (avow_is_none(item)) {
    avow__nats_outcome_waiters_wake(&q->pending, NULL);
    return avow_int(0);
  }
  if (item->tag == AVOW_INT)
    queue_on_state(q, avow_to_int(item));
  else
    avow__nats_outcome_waiters_wake(
        &q->pending,
        strrchr(natsMsg_GetSubject(avow_to_nats_msg(item)), '.') + 1);
  return avow_none();
}

static avow_value_t missed(const avow_value_t *reason, void *data) {
  queue_t *q = data;
  avow__nats_outcome_waiters_wake(&q->pending, NULL);
  return avow_nats_code(reason) == NATS_SLOW_CONSUMER ? avow_none()
                                                      : avow_value_ref(reason);
}

static avow_value_t listen_next(void *data) {
  const queue_t *q = data;
  return avow_follow(
      avow_then(avow_channel_next(q->notes), on_note, missed, data));
}

static void listened(void *queue) {
  avow__nats_queue_unref(queue);
}

static avow_channel_t *notes_new(const queue_t *q) {
  char all[SUBJECT_SIZE];
  avow__nats_queue_subject(q, all, "over", "*");
  avow_channel_t *both[] = {
    avow_nats_subscribe(&q->connection, all, NULL, NOTES),
    avow_nats_states(&q->connection),
  };
  return avow_channel_merge(q->loop, both, 2);
}

static void listen_begin(queue_t *q) {
  if (q->listening != NULL && avow_state(q->listening) == AVOW_PENDING)
    return;
  if (q->listening != NULL)
    avow_channel_clear(&q->notes); /* which have ended or failed */
  avow_promise_clear(&q->listening);
  if (q->notes == NULL)
    q->notes = notes_new(q);
  q->refs++;
  q->listening = avow_attach(avow_repeat(q->loop, listen_next, q), q, listened);
}

bool avow__nats_queue_listen(queue_t *q, entry_t *entry) {
  if (!avow__nats_outcome_waiters_add(&q->pending, entry))
    return false;
  listen_begin(q);
  return true;
}

void avow__nats_queue_forget(queue_t *q, entry_t *entry) {
  avow__nats_outcome_waiters_remove(&q->pending, entry);
  if (q->pending.count > 0)
    return;
  avow_cancel(q->listening);
  (void) avow_result(q->listening); /* marks it as handled */
  avow_promise_clear(&q->listening);
}

avow_value_t avow__nats_queue_problem(const queue_t *q) {
  const avow_state_t state = avow_state(q->listening);
  return state == AVOW_PENDING    ? avow_none()
         : state == AVOW_REJECTED ? avow_value_ref(avow_result(q->listening))
                                  : avow_error(UV_ENOTCONN);
}

/* Opening. */

typedef struct {
  queue_t *queue; /* until the program owns it */
  avow_nats_queue_options_t options;
} opening_t;

static avow_promise_t *make_jobs(const opening_t *o) {
  char name[96];
  (void) snprintf(name, sizeof(name), "avow-jobs-%s", o->queue->name);
  return avow__nats_stream(
      &o->queue->connection, name,
      avow__nats_text("{\"name\":\"%s\",\"subjects\":[\"avow.%s.job.*\"],"
                      "\"retention\":\"workqueue\",\"storage\":\"file\","
                      "\"discard\":\"new\",\"max_consumers\":-1,"
                      "\"max_msgs\":-1,\"max_bytes\":-1,\"allow_direct\":true,"
                      "\"num_replicas\":%u}",
                      name, o->queue->name, o->options.replicas));
}

static avow_promise_t *make_done(const opening_t *o) {
  char name[96];
  const char *of = o->queue->name;
  (void) snprintf(name, sizeof(name), "avow-done-%s", of);
  return avow__nats_stream(
      &o->queue->connection, name,
      avow__nats_text(
          "{\"name\":\"%s\",\"subjects\":[\"avow.%s.done.*\","
          "\"avow.%s.dead.*\"],\"retention\":\"limits\",\"storage\":\"file\","
          "\"discard\":\"old\",\"max_consumers\":-1,\"max_msgs\":-1,"
          "\"max_bytes\":-1,\"max_msgs_per_subject\":1,\"allow_direct\":true,"
          "\"max_age\":%" PRIu64 ",\"num_replicas\":%u,"
          "\"republish\":{\"src\":\"avow.%s.done.*\","
          "\"dest\":\"avow.%s.over.{{wildcard(1)}}\",\"headers_only\":true}}",
          name, of, of, o->options.keep * 1000000, o->options.replicas, of,
          of));
}

static avow_value_t queue_opened(const avow_value_t *none, void *opening) {
  queue_t *q = ((opening_t *) opening)->queue;
  ((opening_t *) opening)->queue = NULL;
  return avow_object(&queue_class, q);
}

static avow_value_t has_jobs(const avow_value_t *none, void *opening) {
  return avow_follow(
      avow_then(make_done(opening), queue_opened, NULL, opening));
}

static void queue_opening_free(void *data) {
  opening_t *o = data;
  if (o->queue != NULL)
    avow__nats_queue_unref(o->queue);
  avow_free(o);
}

static queue_t *queue_new(const avow_value_t *connection, uv_loop_t *loop,
                          const char *name) {
  const size_t size = strlen(name) + 1;
  queue_t *q = avow_calloc(1, sizeof(*q) + size);
  if (q == NULL)
    return NULL;
  q->connection = avow_value_ref(connection);
  q->loop = loop;
  q->refs = 1;
  memcpy(q->name, name, size);
  return q;
}

static opening_t *queue_opening_new(const avow_value_t *connection,
                                    uv_loop_t *loop, const char *name,
                                    const avow_nats_queue_options_t *options) {
  opening_t *o = avow_calloc(1, sizeof(*o));
  queue_t *q = o != NULL ? queue_new(connection, loop, name) : NULL;
  if (q == NULL) {
    avow_free(o);
    return NULL;
  }
  o->queue = q;
  if (options != NULL)
    o->options = *options;
  if (o->options.keep == 0)
    o->options.keep = KEEP_MS;
  if (o->options.replicas == 0)
    o->options.replicas = 1;
  return o;
}

static bool are_queue_options(const avow_nats_queue_options_t *options) {
  for (size_t i = 0; options != NULL && i < 4; i++)
    if (options->reserved[i] != 0)
      return false;
  return options == NULL || options->keep <= INT64_MAX / 1000000;
}

avow_promise_t *avow_nats_queue(const avow_value_t *connection,
                                const char *name,
                                const avow_nats_queue_options_t *options) {
  connection_t *c = avow__nats_connection(connection);
  if (c == NULL || !avow__nats_is_name(name) || !are_queue_options(options))
    return avow_promise_reject(c != NULL ? c->loop : NULL,
                               avow_error(UV_EINVAL));
  opening_t *o = queue_opening_new(connection, c->loop, name, options);
  if (o == NULL)
    return avow_promise_reject(c->loop, avow_error(UV_ENOMEM));
  avow_promise_t *p = avow_then(make_jobs(o), has_jobs, NULL, o);
  return avow_attach(p, o, queue_opening_free);
}

static avow_value_t count(const avow_value_t *answer, void *data) {
  const char *text = natsMsg_GetData(avow_to_nats_msg(answer));
  const char *state = text != NULL ? avow__nats_json(text, "state") : NULL;
  return state != NULL ? avow_int((int64_t) avow__nats_json_number(
                             avow__nats_json(state, "messages")))
                       : avow_error(UV_EPROTO);
}

avow_promise_t *avow_nats_queue_len(const avow_value_t *queue) {
  char api[128];
  const queue_t *q = avow__nats_queue(queue);
  if (q == NULL)
    return avow_promise_reject(NULL, avow_error(UV_EINVAL));
  (void) snprintf(api, sizeof(api), "$JS.API.STREAM.INFO.avow-jobs-%s",
                  q->name);
  avow_promise_t *p = avow__nats_api(&q->connection, api, avow_none(), NULL);
  return avow_then(p, count, NULL, NULL);
}
