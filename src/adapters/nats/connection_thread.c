/* SPDX-License-Identifier: MIT */
/* The thread of a connection. The mutex guards all fields except those that
   only the thread uses. */
#include "connection_thread.h"

#include <stdio.h>

#include "failure.h"

static void ops_init(ops_t *ops) {
  *ops = (ops_t){ .end = &ops->first };
}

static void ops_add(ops_t *ops, op_t *op) {
  op->next = NULL;
  *ops->end = op;
  ops->end = &op->next;
}

static op_t *ops_take(ops_t *ops) {
  op_t *first = ops->first;
  ops_init(ops);
  return first;
}

/* Under the mutex. */
static void thread_add(nats_thread_t *t, op_t *op) {
  if (t->queued.first == NULL)
    uv_cond_signal(&t->changed);
  ops_add(&t->queued, op);
}

/* On the connection's thread. */

/* Waits for operations and returns them. Returns NULL if the thread must
   end. */
static op_t *wait_for_ops(nats_thread_t *t) {
  uv_mutex_lock(&t->mutex);
  while (t->queued.first == NULL && !t->ends)
    uv_cond_wait(&t->changed, &t->mutex);
  op_t *first = t->ends ? NULL : ops_take(&t->queued);
  uv_mutex_unlock(&t->mutex);
  return first;
}

/* Under the mutex, so that the handle still exists. */
static void answer(nats_thread_t *t, op_t *op) {
  if (t->answered.first == NULL)
    (void) uv_async_send(&t->answers);
  ops_add(&t->answered, op);
}

/* Under the mutex. */
static void op_fail(op_t *op, avow_value_t why) {
  avow_value_unref(op->failure);
  op->failure = why;
}

static void give_up(nats_thread_t *t, op_t *op, avow_value_t why) {
  op_fail(op, why);
  answer(t, op);
}

/* Under the mutex. Ends the operations that wait for an answer. An operation
   that has not run is answered when it has run. */
static void give_up_waiting(nats_thread_t *t, const avow_value_t *why) {
  op_t *op;
  while ((op = avow__nats_reply_waiters_take_any(&t->waiting)) != NULL) {
    op->waits = false;
    op_fail(op, avow_value_ref(why));
    if (op->ran)
      answer(t, op);
  }
}

/* Under the mutex. Ends all remaining operations. */
static void give_up_all(nats_thread_t *t) {
  op_t *next;
  const avow_value_t why = avow_error(UV_ECANCELED);
  give_up_waiting(t, &why);
  for (op_t *op = ops_take(&t->queued); op != NULL; op = next) {
    next = op->next;
    give_up(t, op, why);
  }
}

static void run_one(nats_thread_t *t, op_t *op) {
  const natsStatus s = op->run(t, op);
  const avow_value_t why = s != NATS_OK ? avow__nats_failure(s) : avow_none();
  uv_mutex_lock(&t->mutex);
  if (avow_is_error(&why))
    op_fail(op, why);
  op->ran = true;
  if (!op->waits)
    answer(t, op);
  uv_mutex_unlock(&t->mutex);
}

static retired_list_t take_retired(nats_thread_t *t) {
  uv_mutex_lock(&t->mutex);
  const retired_list_t retired_list = t->retired_list;
  t->retired_list = (retired_list_t){ 0 };
  uv_mutex_unlock(&t->mutex);
  return retired_list;
}

static void keep_retired(nats_thread_t *t, retired_list_t *retired_list) {
  uv_mutex_lock(&t->mutex);
  avow__nats_retired_move(&t->retired_list, retired_list);
  uv_mutex_unlock(&t->mutex);
}

/* Unless natsOptions_SetSendAsap() is set, libnats would wait a millisecond for
   more bytes to send. Only a ping makes it send now. This waits for the pong,
   at most a millisecond, or a second if many subscriptions wait to be freed.
   Later operations are then sent together. During a reconnect, a ping would
   corrupt its count of pongs. */
static void flush(nats_thread_t *t) {
  if (!t->unflushed ||
      natsConnection_Status(t->nc) != NATS_CONN_STATUS_CONNECTED)
    return;
  t->unflushed = false;
  retired_list_t retired_list = take_retired(t);
  if (retired_list.count == 0 && natsConnection_Buffered(t->nc) == 0)
    return;
  const int64_t ms = retired_list.count > RETIRED_MANY ? 1000 : 1;
  if (natsConnection_FlushTimeout(t->nc, ms) == NATS_OK)
    avow__nats_retired_free(&retired_list);
  else
    keep_retired(t, &retired_list);
}

static void run_all(nats_thread_t *t, op_t *op) {
  for (op_t *next; op != NULL; op = next) {
    next = op->next;
    run_one(t, op);
  }
  flush(t);
}

static void close_native(nats_thread_t *t) {
  natsConnection *nc = t->nc;
  avow__nats_thread_set_native(t, NULL);
  natsConnection_Destroy(nc);
  natsSubscription_Destroy(t->replies);
}

static void thread_run(void *data) {
  nats_thread_t *t = data;
  op_t *ops;
  while ((ops = wait_for_ops(t)) != NULL)
    run_all(t, ops);
  close_native(t);
  uv_mutex_lock(&t->mutex);
  while (t->callers > 0)
    uv_cond_wait(&t->changed, &t->mutex);
  give_up_all(t);
  avow__nats_states_end(&t->states);
  t->over = true;
  if (!t->silent)
    (void) uv_async_send(&t->answers); /* the last action of the thread */
  retired_list_t retired_list = t->retired_list;
  uv_mutex_unlock(&t->mutex);
  avow__nats_retired_free(&retired_list);
  nats_ReleaseThreadMemory();
}

/* On any thread. */

void avow__nats_thread_expect_callback(nats_thread_t *t) {
  uv_mutex_lock(&t->mutex);
  t->callers++;
  uv_mutex_unlock(&t->mutex);
}

void avow__nats_thread_end_callbacks(nats_thread_t *t) {
  uv_mutex_lock(&t->mutex);
  t->callers--;
  uv_cond_signal(&t->changed);
  uv_mutex_unlock(&t->mutex);
}

void avow__nats_thread_retire(nats_thread_t *t, retired_t *retired) {
  retired_list_t last = { 0 };
  uv_mutex_lock(&t->mutex);
  avow__nats_retired_add(t->over ? &last : &t->retired_list, retired);
  uv_mutex_unlock(&t->mutex);
  avow__nats_retired_free(&last);
}

void avow__nats_thread_set_native(nats_thread_t *t, natsConnection *nc) {
  uv_mutex_lock(&t->mutex);
  t->nc = nc;
  uv_mutex_unlock(&t->mutex);
}

void avow__nats_thread_close(nats_thread_t *t) {
  uv_mutex_lock(&t->mutex);
  t->closed = true;
  uv_mutex_unlock(&t->mutex);
  natsConnection_Close(t->nc);
}

natsConnection *avow__nats_thread_native(nats_thread_t *t) {
  uv_mutex_lock(&t->mutex);
  natsConnection *nc = t->nc;
  uv_mutex_unlock(&t->mutex);
  return nc;
}

bool avow__nats_thread_awaits(nats_thread_t *t, const op_t *op) {
  uv_mutex_lock(&t->mutex);
  const bool wants = op->waits;
  uv_mutex_unlock(&t->mutex);
  return wants;
}

bool avow__nats_thread_forget(nats_thread_t *t, op_t *op) {
  uv_mutex_lock(&t->mutex);
  const bool is_in = avow__nats_reply_waiters_take(&t->waiting, op->id) != NULL;
  const bool is_ours = is_in && op->ran;
  op->waits = false;
  uv_mutex_unlock(&t->mutex);
  return is_ours;
}

bool avow__nats_thread_reply(nats_thread_t *t, uint64_t id, natsMsg *msg) {
  uv_mutex_lock(&t->mutex);
  op_t *op = avow__nats_reply_waiters_take(&t->waiting, id);
  if (op != NULL) {
    op->answer = msg;
    op->waits = false;
    if (op->ran)
      answer(t, op);
  }
  uv_mutex_unlock(&t->mutex);
  return op != NULL;
}

void avow__nats_thread_done(nats_thread_t *t, op_t *op) {
  uv_mutex_lock(&t->mutex);
  op->waits = false;
  if (op->ran)
    answer(t, op);
  uv_mutex_unlock(&t->mutex);
}

void avow__nats_thread_set_status(nats_thread_t *t, natsConnStatus status) {
  uv_mutex_lock(&t->mutex);
  if (!t->closed && !t->ends)
    avow__nats_states_set(&t->states, status);
  uv_mutex_unlock(&t->mutex);
}

/* Under the mutex. Ends the forbidden subscriptions, and the requests if
   replies are forbidden. Returns false if the text fits none of them. */
static bool forbid(nats_thread_t *t, const avow_value_t *why) {
  char replies[INBOX + 2];
  const char *text = avow_error_message(why);
  bool is_any = false;
  for (listener_t *h = t->listeners; h != NULL; h = h->next) {
    if (!avow__nats_is_forbidden(text, h->subject, h->queue))
      continue;
    is_any = true;
    if (h->end == NULL)
      continue;
    h->why = avow_value_ref(why);
    thread_add(t, h->end);
    h->end = NULL;
  }
  (void) snprintf(replies, sizeof(replies), "%s.*", t->inbox);
  if (!avow__nats_is_forbidden(text, replies, NULL))
    return is_any;
  t->forbids_replies = true;
  give_up_waiting(t, why);
  return true;
}

void avow__nats_thread_failed(nats_thread_t *t, natsStatus status) {
  const avow_value_t why = avow__nats_failure(status);
  uv_mutex_lock(&t->mutex);
  if (!t->ends && (status != NATS_NOT_PERMITTED || !forbid(t, &why)))
    avow__nats_states_fail(&t->states, &why);
  uv_mutex_unlock(&t->mutex);
  avow_value_unref(why);
}

void avow__nats_thread_listen(nats_thread_t *t, listener_t *listener) {
  uv_mutex_lock(&t->mutex);
  avow__nats_listeners_add(&t->listeners, listener);
  uv_mutex_unlock(&t->mutex);
}

void avow__nats_thread_unlisten(nats_thread_t *t, listener_t *listener) {
  uv_mutex_lock(&t->mutex);
  avow__nats_listeners_remove(listener);
  uv_mutex_unlock(&t->mutex);
}

op_t *avow__nats_thread_take_end(nats_thread_t *t, listener_t *listener) {
  uv_mutex_lock(&t->mutex);
  op_t *end = listener->end;
  listener->end = NULL;
  uv_mutex_unlock(&t->mutex);
  return end;
}

bool avow__nats_thread_forbids_replies(nats_thread_t *t) {
  uv_mutex_lock(&t->mutex);
  const bool forbids_replies = t->forbids_replies;
  uv_mutex_unlock(&t->mutex);
  return forbids_replies;
}

bool avow__nats_thread_add_status_listener(nats_thread_t *t,
                                           avow_sender_t *sender) {
  uv_mutex_lock(&t->mutex);
  const bool can = avow__nats_states_add(&t->states, sender);
  if (t->states.now == NATS_CONN_STATUS_CLOSED)
    avow__nats_states_end(&t->states);
  uv_mutex_unlock(&t->mutex);
  return can;
}

void avow__nats_thread_fail_all(nats_thread_t *t) {
  avow_value_t why = avow_none();
  uv_mutex_lock(&t->mutex);
  if (t->waiting.count > 0)
    why = avow__nats_failure(NATS_CONNECTION_CLOSED);
  give_up_waiting(t, &why);
  avow__nats_states_set(&t->states, NATS_CONN_STATUS_CLOSED);
  avow__nats_states_end(&t->states);
  uv_mutex_unlock(&t->mutex);
  avow_value_unref(why);
}

bool avow__nats_thread_is_connected(nats_thread_t *t) {
  uv_mutex_lock(&t->mutex);
  const bool is_there =
      !t->closed && t->states.now == NATS_CONN_STATUS_CONNECTED;
  uv_mutex_unlock(&t->mutex);
  return is_there;
}

bool avow__nats_thread_is_lost(nats_thread_t *t) {
  uv_mutex_lock(&t->mutex);
  natsConnection *nc = t->closed ? NULL : t->nc;
  uv_mutex_unlock(&t->mutex);
  return nc != NULL && natsConnection_IsClosed(nc);
}

/* On the loop's thread. */

bool avow__nats_thread_queue(nats_thread_t *t, op_t *op) {
  uv_mutex_lock(&t->mutex);
  const bool can = op->id == 0 || avow__nats_reply_waiters_add(&t->waiting, op);
  if (can)
    thread_add(t, op);
  uv_mutex_unlock(&t->mutex);
  return can;
}

op_t *avow__nats_thread_take(nats_thread_t *t, bool *over) {
  uv_mutex_lock(&t->mutex);
  op_t *first = ops_take(&t->answered);
  *over = t->over;
  uv_mutex_unlock(&t->mutex);
  return first;
}

void avow__nats_thread_end(nats_thread_t *t) {
  uv_mutex_lock(&t->mutex);
  t->ends = true;
  uv_cond_signal(&t->changed);
  uv_mutex_unlock(&t->mutex);
}

static void destroy_locks(nats_thread_t *t) {
  uv_cond_destroy(&t->changed);
  uv_mutex_destroy(&t->mutex);
  avow__nats_reply_waiters_free(&t->waiting);
}

void avow__nats_thread_join(nats_thread_t *t) {
  (void) uv_thread_join(&t->uv);
  destroy_locks(t);
}

static int init_locks(nats_thread_t *t) {
  int err = uv_mutex_init(&t->mutex);
  if (err != 0)
    return err;
  err = uv_cond_init(&t->changed);
  if (err != 0)
    uv_mutex_destroy(&t->mutex);
  return err;
}

/* The thread uses the handle only after an operation, which can only follow
   this call. If the handle came first and the thread failed, the handle could
   not be closed at once. */
int avow__nats_thread_start(nats_thread_t *t, uv_loop_t *loop, uv_async_cb cb) {
  ops_init(&t->queued);
  ops_init(&t->answered);
  int err = init_locks(t);
  if (err != 0)
    return err;
  err = uv_thread_create(&t->uv, thread_run, t);
  if (err != 0) {
    destroy_locks(t);
    return err;
  }
  err = uv_async_init(loop, &t->answers, cb);
  if (err != 0) {
    t->silent = true; /* the thread sees this at its end */
    avow__nats_thread_end(t);
    avow__nats_thread_join(t);
  }
  return err;
}
