/* SPDX-License-Identifier: MIT */
/*
 * Subscriptions. libnats calls back for each message on a thread of the
 * subscription. The callback blocks while the sender is full. The program has a
 * merge of the sender's channel and of the channel of `hook`, which never has
 * items. When the program releases the merge, both channels are closed, and a
 * pending receive of the hook's channel settles.
 *
 * A subscription has two operations. `begin` ends when libnats makes no more
 * calls. `end` unsubscribes, when the program releases the channel or the
 * server forbids the subscription. `end` is allocated at the start, so the end
 * needs no memory.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "avow/loop.h"
#include "avow/sender.h"
#include "avow/stages.h"
#include "connection.h"
#include "failure.h"
#include "message.h"

enum { CAPACITY = 64 };

typedef struct {
  nats_thread_t *thread;
  handle_t handle;          /* until libnats makes no more calls */
  operation_t *begin;       /* until the subscription is over */
  listener_t listener;      /* until libnats makes no more calls; with `end` */
  avow_sender_t *hook;      /* ends with the subscription */
  avow_channel_t *messages; /* channel of the sender */
  avow_sender_t *sender;    /* until libnats makes no more calls */
  /* NULL if the start failed, or once it is retired */
  natsSubscription *native;
  retired_t *retired; /* until `native` is retired */
  avow_value_t subject, queue;
  int64_t noticed; /* messages that were dropped so far */
  int64_t lost;    /* dropped messages that are not reported yet */
  int until_said;  /* messages that come before this report */
  int room;        /* 0: the default of libnats */
  unsigned parts;  /* operations that remain */
  unsigned refs;   /* of the program, and of both operations */
} subscription_t;

typedef struct {
  operation_t operation;
  subscription_t *of;
} part_t;

static void subscription_unref(subscription_t *s) {
  if (--s->refs > 0)
    return;
  avow_free(s->retired);
  avow_value_unref(s->subject);
  avow_value_unref(s->queue);
  avow_value_unref(s->listener.why);
  avow_free(s);
}

/* Called on threads of libnats. */

static avow_value_t loss(int64_t n) {
  char text[64];
  (void) snprintf(text, sizeof(text), "slow consumer: %lld messages dropped",
                  (long long) n);
  return avow__nats_failure_of(NATS_SLOW_CONSUMER, text);
}

static void say_loss(subscription_t *s) {
  if (s->lost > 0)
    (void) avow_sender_blocking_send(s->sender, loss(s->lost));
  s->lost = 0;
}

/* The messages that were dropped so far would have followed those that are now
   pending. */
static void notice_loss(subscription_t *s, natsSubscription *native) {
  int64_t dropped = 0;
  if (natsSubscription_GetDropped(native, &dropped) != NATS_OK ||
      dropped == s->noticed)
    return;
  (void) natsSubscription_GetPending(native, &s->until_said, NULL);
  s->lost = dropped - s->noticed;
  s->noticed = dropped;
}

/* Called after each message. Later drops are reported by the next error. There
   always is one, because drops occur only while messages are pending. */
static void tell_of_loss(subscription_t *s, natsSubscription *native) {
  if (s->until_said > 0 && --s->until_said > 0)
    return;
  say_loss(s);
  notice_loss(s, native);
  if (s->until_said == 0)
    say_loss(s);
}

static void on_message(natsConnection *nc, natsSubscription *native,
                       natsMsg *msg, void *number) {
  handle_t *handle = avow__nats_handle_enter(number);
  if (handle == NULL) {
    natsMsg_Destroy(msg);
    return;
  }
  subscription_t *s = handle->of;
  (void) avow_sender_blocking_send(s->sender, avow__nats_message(msg));
  tell_of_loss(s, native);
  avow__nats_handle_leave(handle);
}

/* Called when no more messages follow. The loop may free the subscription after
   this answer. */
static void over(subscription_t *s, avow_value_t why) {
  nats_thread_t *t = s->thread;
  avow__nats_handle_close(&s->handle);
  avow__nats_thread_unlisten(t, &s->listener);
  if (avow_is_error(&why))
    (void) avow_sender_blocking_send(s->sender, why);
  avow__nats_thread_done(t, &s->begin->op);
  avow__nats_thread_end_callbacks(t);
}

static void on_complete(void *data) {
  subscription_t *s = data;
  avow__nats_thread_unlisten(s->thread,
                             &s->listener); /* can no longer be forbidden */
  over(s, avow_is_error(&s->listener.why) ? avow_value_ref(&s->listener.why)
          : avow__nats_thread_is_lost(s->thread)
              ? avow__nats_failure(NATS_CONNECTION_CLOSED)
              : avow_none());
}

/* Called on the connection's thread. */

static natsStatus subscribe(nats_thread_t *t, subscription_t *s) {
  const char *subject = avow_to_bytes(&s->subject, NULL);
  void *number = avow__nats_handle_open(&s->handle, s);
  return avow_is_none(&s->queue)
             ? natsConnection_Subscribe(&s->native, t->nc, subject, on_message,
                                        number)
             : natsConnection_QueueSubscribe(&s->native, t->nc, subject,
                                             avow_to_bytes(&s->queue, NULL),
                                             on_message, number);
}

/* Always returns NATS_OK, because over() reports a failure to the channel. A
   subscription is also over if the end of its connection has just closed it.
   on_complete() is not called then. on_message() may be called once more with a
   closed handle. */
static natsStatus run_begin(nats_thread_t *t, op_t *op) {
  subscription_t *s = ((part_t *) op)->of;
  t->unflushed = true;
  avow__nats_thread_expect_callback(t);
  natsStatus status = subscribe(t, s);
  if (status == NATS_OK &&
      natsSubscription_SetOnCompleteCB(s->native, on_complete, s) != NATS_OK)
    status = NATS_CONNECTION_CLOSED;
  if (status == NATS_OK && s->room > 0)
    (void) natsSubscription_SetPendingLimits(s->native, s->room, -1);
  if (status != NATS_OK)
    over(s, avow__nats_failure(status));
  return NATS_OK;
}

static natsStatus run_end(nats_thread_t *t, op_t *op) {
  const subscription_t *s = ((part_t *) op)->of;
  t->unflushed = true;
  return s->native != NULL ? natsSubscription_Unsubscribe(s->native) : NATS_OK;
}

/* On the loop's thread. */

/* After both operations, the subscription of libnats is closed and only needs
   to be freed. */
static void part_over(subscription_t *s) {
  if (--s->parts == 0 && s->native != NULL) {
    s->retired->native = s->native;
    avow__nats_thread_retire(s->thread, s->retired);
    s->retired = NULL;
  }
  subscription_unref(s);
}

/* Drops `end`, which is not needed any more. */
static void end_drop(subscription_t *s) {
  operation_t *end = (operation_t *) s->listener.end;
  s->listener.end = NULL;
  if (end == NULL)
    return;
  avow_value_unref(end->connection);
  avow_free(end);
  part_over(s);
}

static void begin_destroy(operation_t *operation) {
  subscription_t *s = ((part_t *) operation)->of;
  s->begin = NULL;
  avow__nats_thread_unlisten(s->thread, &s->listener); /* if it has not run */
  end_drop(s);
  /* until now, the sender kept the loop alive for receivers */
  avow_sender_clear(&s->sender);
  avow_sender_clear(&s->hook);
  part_over(s);
}

static void end_destroy(operation_t *operation) {
  part_over(((part_t *) operation)->of);
}

static void end_early(subscription_t *s) {
  operation_t *end =
      (operation_t *) avow__nats_thread_take_end(s->thread, &s->listener);
  avow__nats_await(s->begin);
  if (end != NULL && avow__nats_begin(&s->begin->connection, end))
    avow__nats_await(end);
}

/* Called when the program has released the channel, or when no more messages
   follow. */
static void subscription_released(void *data) {
  subscription_t *s = data;
  if (s->begin != NULL) { /* a blocked sender need not wait any more */
    avow_channel_close(s->messages);
    end_early(s);
  }
  avow_channel_clear(&s->messages);
  subscription_unref(s);
}

static part_t *part_new(subscription_t *s, run_fn run,
                        void (*destroy)(operation_t *operation)) {
  part_t *part = avow_calloc(1, sizeof(*part));
  if (part != NULL) {
    part->operation.op.run = run;
    part->operation.destroy = destroy;
    part->of = s;
  }
  return part;
}

/* Creates everything that the end needs. Returns NULL if out of memory. */
static subscription_t *subscription_new(const char *subject,
                                        const char *queue) {
  subscription_t *s = avow_calloc(1, sizeof(*s));
  if (s == NULL)
    return NULL;
  s->refs = 3;
  s->parts = 2;
  s->retired = avow_calloc(1, sizeof(*s->retired));
  s->subject = avow_string(subject);
  s->queue = queue != NULL ? avow_string(queue) : avow_none();
  s->begin = (operation_t *) part_new(s, run_begin, begin_destroy);
  s->listener.end = (op_t *) part_new(s, run_end, end_destroy);
  if (s->retired != NULL && s->begin != NULL && s->listener.end != NULL &&
      !avow_is_error(&s->subject) && !avow_is_error(&s->queue))
    return s;
  avow_free(s->begin);
  avow_free(s->listener.end);
  s->refs = 1;
  subscription_unref(s);
  return NULL;
}

/* Registers the subscription, so that the server's refusal ends it as the
   program would. */
static void hear(const avow_value_t *connection, subscription_t *s) {
  ((operation_t *) s->listener.end)->connection = avow_value_ref(connection);
  s->listener.subject = avow_to_bytes(&s->subject, NULL);
  if (!avow_is_none(&s->queue))
    s->listener.queue = avow_to_bytes(&s->queue, NULL);
  avow__nats_thread_listen(s->thread, &s->listener);
}

/* `ended` settles when the program releases the channel. If out of memory for
   it, the subscription fails at once. */
static void fail_with(avow_channel_t *messages, const avow_promise_t *ended) {
  if (avow_state(ended) == AVOW_REJECTED)
    avow_channel_fail(messages, avow_value_ref(avow_result(ended)));
}

/* Returns the channel for the program. */
static avow_channel_t *subscription_begin(const avow_value_t *connection,
                                          subscription_t *s, uv_loop_t *loop) {
  avow_channel_t *both[] = { avow_channel_new(loop, 0),
                             avow_channel_new(loop, 0) };
  s->messages = avow_channel_ref(both[0]);
  s->sender = avow_sender_new(both[0], CAPACITY);
  s->hook = avow_sender_new(both[1], 0);
  avow_promise_t *ended = avow_channel_next(both[1]);
  avow_channel_t *merged = avow_channel_merge(loop, both, 2);
  s->begin->op.waits = true;
  hear(connection, s);
  /* cannot fail, because the connection is not ending */
  (void) avow__nats_begin(connection, s->begin);
  fail_with(s->messages, ended);
  ended = avow_attach(ended, s, subscription_released);
  /* marks it as handled; the channel reports errors */
  (void) avow_result(ended);
  avow_unref(ended);
  return merged;
}

static bool is_too_long(const char *subject, const char *queue) {
  const size_t len = strlen(subject);
  return len > SUBJECT_MAX ||
         (queue != NULL && strlen(queue) > SUBJECT_MAX - len);
}

avow_channel_t *avow_nats_subscribe(const avow_value_t *connection,
                                    const char *subject, const char *queue,
                                    size_t room) {
  connection_t *c = avow__nats_connection(connection);
  if (c == NULL || subject == NULL || is_too_long(subject, queue) ||
      room > INT_MAX)
    return avow__nats_failed_channel(c != NULL ? c->loop : NULL, UV_EINVAL);
  if (c->ending)
    return avow__nats_failed_channel(c->loop, UV_ECANCELED);
  subscription_t *s = subscription_new(subject, queue);
  if (s == NULL)
    return avow__nats_failed_channel(c->loop, UV_ENOMEM);
  s->thread = &c->thread;
  s->room = (int) room;
  return subscription_begin(connection, s, c->loop);
}
