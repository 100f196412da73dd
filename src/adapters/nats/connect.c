/* SPDX-License-Identifier: MIT */
/* Connecting and closing, as operations of the connection's thread. */
#include <stdio.h>

#include "avow/loop.h"
#include "avow/timer.h"
#include "connection.h"
#include "failure.h"
#include "jetstream.h"

enum { WRITE_MS = 5000, FLUSH_MS = 5000 };

/* Called on threads of libnats. */

static void on_disconnected(natsConnection *nc, void *thread) {
  avow__nats_thread_set_status(thread, NATS_CONN_STATUS_RECONNECTING);
}

static void on_reconnected(natsConnection *nc, void *thread) {
  avow__nats_thread_set_status(thread, NATS_CONN_STATUS_CONNECTED);
}

static void on_nats_closed(natsConnection *nc, void *thread) {
  avow__nats_thread_fail_all(thread);
  avow__nats_thread_end_callbacks(thread); /* last */
}

static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus err,
                     void *thread) {
  if (err != NATS_SLOW_CONSUMER) /* which subscriptions report */
    avow__nats_thread_failed(thread, err);
}

/* Called on the connection's thread. */

static natsStatus set_callbacks(natsOptions *options, nats_thread_t *t) {
  natsStatus s = natsOptions_SetClosedCB(options, on_nats_closed, t);
  if (s == NATS_OK)
    s = natsOptions_SetDisconnectedCB(options, on_disconnected, t);
  if (s == NATS_OK)
    s = natsOptions_SetReconnectedCB(options, on_reconnected, t);
  if (s == NATS_OK)
    s = natsOptions_SetErrorHandler(options, on_error, t);
  return s;
}

static connection_t *connection_of(op_t *op) {
  return avow__nats_connection(&((operation_t *) op)->connection);
}

static natsStatus name_replies(nats_thread_t *t) {
  natsInbox *inbox = NULL;
  const natsStatus s = natsInbox_Create(&inbox);
  if (s != NATS_OK)
    return s;
  (void) snprintf(t->inbox, sizeof(t->inbox), "%s", inbox); /* fits */
  natsInbox_Destroy(inbox);
  return NATS_OK;
}

/* With natsOptions_SetRetryOnFailedConnect(), a failed attempt also returns a
   connection, which libnats continues to connect. */
static natsStatus run_connect(nats_thread_t *t, op_t *op) {
  natsConnection *nc = NULL;
  natsOptions *options = connection_of(op)->options;
  avow__nats_thread_expect_callback(t);
  natsStatus s = name_replies(t);
  if (s == NATS_OK)
    s = set_callbacks(options, t);
  if (s == NATS_OK)
    s = natsConnection_Connect(&nc, options);
  if (s == NATS_OK || s == NATS_NOT_YET_CONNECTED) {
    avow__nats_thread_set_native(t, nc);
    avow__nats_thread_set_status(t, natsConnection_Status(nc));
    return NATS_OK;
  }
  avow__nats_thread_end_callbacks(t);
  return s;
}

static avow_value_t the_connection(operation_t *operation) {
  return avow_value_ref(&operation->connection);
}

static natsStatus make_options(natsOptions **options, const char *url) {
  natsStatus s = NATS_OK;
  if (*options == NULL) {
    s = natsOptions_Create(options);
    if (s == NATS_OK)
      s = natsOptions_SetWriteDeadline(*options, WRITE_MS);
  }
  return s == NATS_OK && url != NULL ? natsOptions_SetURL(*options, url) : s;
}

static avow_promise_t *connect_by(uv_loop_t *loop, natsOptions *options) {
  const avow_value_t v = avow__nats_connection_new(loop, options);
  if (avow_is_error(&v))
    return avow_promise_reject(loop, v);
  avow_promise_t *p =
      avow__nats_operation_start(&v, avow__nats_operation_new(run_connect,
                                                              the_connection));
  avow_value_unref(v);
  return p;
}

avow_promise_t *avow_nats_connect(uv_loop_t *loop, const char *url,
                                  natsOptions *options) {
  const natsStatus s = make_options(&options, url);
  if (s == NATS_OK && loop != NULL)
    return connect_by(loop, options);
  const avow_value_t why =
      s != NATS_OK ? avow__nats_failure(s) : avow_error(UV_EINVAL);
  natsOptions_Destroy(options);
  return avow_promise_reject(loop, why);
}

/* Without a connection to the server, a ping would wait for the next connection
   and disturb its protocol. */
static natsStatus run_flush(nats_thread_t *t, op_t *op) {
  const natsConnStatus status = natsConnection_Status(t->nc);
  if (status == NATS_CONN_STATUS_CLOSED)
    return NATS_CONNECTION_CLOSED;
  return status == NATS_CONN_STATUS_CONNECTED
             ? natsConnection_FlushTimeout(t->nc, FLUSH_MS)
             : NATS_CONNECTION_DISCONNECTED;
}

static natsStatus run_close(nats_thread_t *t, op_t *op) {
  const natsStatus s = run_flush(t, op);
  avow__nats_thread_close(t);
  return s;
}

avow_promise_t *avow_nats_flush(const avow_value_t *connection) {
  return avow__nats_operation_start(connection,
                                    avow__nats_operation_new(run_flush, NULL));
}

static avow_promise_t *close_now(const avow_value_t *connection) {
  return avow__nats_operation_start(connection,
                                    avow__nats_operation_new(run_close, NULL));
}

static avow_value_t wait_for_pending_work(const avow_value_t *none,
                                          void *connection) {
  connection_t *c = avow__nats_connection(connection);
  return c->pending_work.count > 0
             ? avow_follow(
                   avow__nats_pending_work_done(&c->pending_work, c->loop))
             : avow_none();
}

static avow_value_t pending_work_done(const avow_value_t *none,
                                      void *connection) {
  return avow_follow(close_now(connection));
}

static avow_value_t close_anyway(const avow_value_t *reason, void *connection) {
  avow__nats_drop(close_now(connection));
  return avow_value_ref(reason);
}

static void closing_free(void *connection) {
  avow_value_unref(*(avow_value_t *) connection);
  avow_free(connection);
}

/* Waits one iteration, in which handlers of canceled jobs may begin pending
   work, and then for that work. Closes at once if out of memory, or if the
   connection is lost. */
avow_promise_t *avow_nats_close(const avow_value_t *connection) {
  connection_t *c = avow__nats_connection(connection);
  if (c == NULL || c->pending_work.jobs == 0 ||
      !avow__nats_thread_is_connected(&c->thread))
    return close_now(connection);
  avow_value_t *closing = avow_calloc(1, sizeof(*closing));
  if (closing == NULL)
    return close_now(connection);
  *closing = avow_value_ref(connection);
  avow_promise_t *p = avow_next_iteration(c->loop);
  p = avow_then(p, wait_for_pending_work, NULL, closing);
  p = avow_then(p, pending_work_done, close_anyway, closing);
  return avow_attach(p, closing, closing_free);
}

avow_channel_t *avow_nats_states(const avow_value_t *connection) {
  connection_t *c = avow__nats_connection(connection);
  avow_channel_t *states = avow_channel_new(c != NULL ? c->loop : NULL, 0);
  int code = c == NULL ? UV_EINVAL : c->ending ? UV_ECANCELED : 0;
  if (code == 0 &&
      !avow__nats_thread_add_status_listener(&c->thread,
                                             avow_sender_new(states, 2)))
    code = UV_ENOMEM;
  if (code != 0)
    avow_channel_fail(states, avow_error(code));
  return states;
}
