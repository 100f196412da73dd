/* SPDX-License-Identifier: MIT */
/*
 * Publishing and requesting. Answers to all requests of a connection arrive
 * through one subscription, which starts with the first request. Their subjects
 * end with the id of the request. libnats delivers them on a thread of that
 * subscription.
 */
#include "send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avow/loop.h"
#include "connection.h"
#include "failure.h"
#include "message.h"

typedef struct {
  operation_t operation;
  natsMsg *msg;
} sent_t;

static void sent_destroy(operation_t *operation) {
  natsMsg_Destroy(((sent_t *) operation)->msg);
  natsMsg_Destroy(operation->op.answer);
}

static natsStatus run_publish(nats_thread_t *t, op_t *op) {
  t->unflushed = true;
  return natsConnection_PublishMsg(t->nc, ((sent_t *) op)->msg);
}

/* Called on a thread of libnats. */
static void on_reply(natsConnection *nc, natsSubscription *sub, natsMsg *msg,
                     void *number) {
  const char *dot = strrchr(natsMsg_GetSubject(msg), '.');
  handle_t *handle = avow__nats_handle_enter(number);
  if (handle == NULL || dot == NULL ||
      !avow__nats_thread_reply(handle->of, strtoull(dot + 1, NULL, 10), msg))
    natsMsg_Destroy(msg);
  if (handle != NULL)
    avow__nats_handle_leave(handle);
}

/* Called when no more answers follow. */
static void replies_over(nats_thread_t *t) {
  avow__nats_handle_close(&t->handle);
  avow__nats_thread_end_callbacks(t);
}

static void on_replies_complete(void *thread) {
  replies_over(thread);
}

static natsStatus open_inbox(nats_thread_t *t) {
  char all[INBOX + 2];
  (void) snprintf(all, sizeof(all), "%s.*", t->inbox);
  avow__nats_thread_expect_callback(t);
  natsStatus s =
      natsConnection_Subscribe(&t->replies, t->nc, all, on_reply,
                               avow__nats_handle_open(&t->handle, t));
  if (s == NATS_OK &&
      natsSubscription_SetOnCompleteCB(t->replies, on_replies_complete, t) !=
          NATS_OK)
    s = NATS_CONNECTION_CLOSED;
  if (s != NATS_OK)
    replies_over(t); /* libnats may call once more */
  else
    s = natsSubscription_SetPendingLimits(t->replies, -1, -1);
  return s;
}

/* A request that fails is not awaited. A request that is no longer awaited is
   not sent. */
static natsStatus run_request(nats_thread_t *t, op_t *op) {
  if (!avow__nats_thread_awaits(t, op))
    return NATS_OK;
  natsStatus s = avow__nats_thread_forbids_replies(t) ? NATS_NOT_PERMITTED
                 : t->replies == NULL                 ? open_inbox(t)
                                                      : NATS_OK;
  if (s == NATS_OK)
    s = run_publish(t, op);
  if (s != NATS_OK)
    (void) avow__nats_thread_forget(t, op);
  return s;
}

static avow_value_t the_answer(operation_t *operation) {
  natsMsg *answer = operation->op.answer;
  if (natsMsg_IsNoResponders(answer))
    return avow__nats_failure(NATS_NO_RESPONDERS);
  operation->op.answer = NULL;
  return avow__nats_message(answer);
}

/* Sends `payload` and takes ownership of it. Without a connection, libnats is
   perhaps not initialized, and then it cannot even free a message. */
static avow_promise_t *post(const avow_value_t *connection, sent_t *sent,
                            letter_t letter, avow_value_t payload) {
  connection_t *c = avow__nats_connection(connection);
  letter.payload = &payload;
  avow_value_t v = avow_none();
  if (sent != NULL)
    sent->operation.destroy = sent_destroy;
  if (sent != NULL && c != NULL)
    v = avow__nats_message_new(&sent->msg, &letter);
  avow_value_unref(payload);
  if (!avow_is_error(&v))
    return avow__nats_operation_start(connection, (operation_t *) sent);
  avow_free(sent);
  return avow_promise_reject(c != NULL ? c->loop : NULL, v);
}

static sent_t *sent_new(run_fn run,
                        avow_value_t (*result)(operation_t *operation)) {
  sent_t *sent = avow_calloc(1, sizeof(*sent));
  if (sent != NULL) {
    sent->operation.op.run = run;
    sent->operation.result = result;
  }
  return sent;
}

avow_promise_t *avow__nats_publish(const avow_value_t *connection,
                                   const char *subject, const char *reply,
                                   avow_value_t payload) {
  const letter_t letter = { .subject = subject, .reply = reply };
  return post(connection, sent_new(run_publish, NULL), letter, payload);
}

avow_promise_t *avow_nats_publish(const avow_value_t *connection,
                                  const char *subject, avow_value_t payload,
                                  const char *const *headers) {
  const letter_t letter = { .subject = subject, .headers = headers };
  return post(connection, sent_new(run_publish, NULL), letter, payload);
}

avow_promise_t *avow_nats_answer(const avow_value_t *connection,
                                 const avow_value_t *question,
                                 avow_value_t payload,
                                 const char *const *headers) {
  const natsMsg *msg = avow_to_nats_msg(question);
  const char *subject = msg != NULL ? natsMsg_GetReply(msg) : NULL;
  return avow_nats_publish(connection, subject, payload, headers);
}

avow_promise_t *avow_nats_request(const avow_value_t *connection,
                                  const char *subject, avow_value_t payload,
                                  const char *const *headers) {
  char reply[INBOX + 24] = "";
  connection_t *c = avow__nats_connection(connection);
  sent_t *sent = sent_new(run_request, the_answer);
  if (c != NULL && sent != NULL) {
    sent->operation.op.waits = true;
    sent->operation.op.id = ++c->ids;
    (void) snprintf(reply, sizeof(reply), "%s.%llu", c->thread.inbox,
                    (unsigned long long) c->ids);
  }
  const letter_t letter = { subject, reply, NULL, headers };
  return post(connection, sent, letter, payload);
}
