/* SPDX-License-Identifier: MIT */
/*
 * Connections, on the side of the loop. The thread of this object ends with its
 * last reference, or with the loop. Pending operations have references.
 *
 * The end waits until the thread has ended and the async handle is closed. A
 * loop that closes waits for `gone`, which is shielded, and so for both. The
 * handle keeps the loop alive while an operation is awaited or the connection
 * ends.
 */
#ifndef AVOW_NATS_CONNECTION_H
#define AVOW_NATS_CONNECTION_H

#include "avow/cancel.h"
#include "connection_thread.h"
#include "pending_work.h"

typedef struct connection_s {
  nats_thread_t thread;
  uv_loop_t *loop;
  natsOptions *options;  /* until it is connected */
  avow_deferred_t *life; /* canceled when the loop closes */
  /* promise of `life`; once it has settled, all calls return it */
  avow_promise_t *ended;
  /* settles when the connection has no handle on the loop */
  avow_deferred_t *gone;
  avow_promise_t *shield;
  pending_work_t pending_work;
  uint64_t ids;     /* number of request ids so far */
  unsigned awaited; /* number of operations that keep the loop alive */
  bool ending;      /* no more operations start */
  bool closed;      /* its handle is closed or about to be */
  bool is_released; /* the last reference is released */
} connection_t;

/* Operation with a promise. Derived structs start with this one. */
typedef struct operation_s operation_t;
struct operation_s {
  op_t op;
  avow_value_t connection; /* a reference */
  bool is_request;
  bool is_awaited;           /* keeps the loop alive */
  avow_deferred_t *deferred; /* NULL once its promise has settled */
  avow_value_t (*result)(
      operation_t *operation); /* result on success; NULL: NONE */
  /* frees the fields of a derived struct; NULL: none */
  void (*destroy)(operation_t *operation);
};

/* Returns the connection. For any other value returns NULL, and debug builds
   abort. */
connection_t *avow__nats_connection(const avow_value_t *connection);

/* Creates an operation without fields of its own. Returns NULL if out of
   memory. */
operation_t *avow__nats_operation_new(
    run_fn run, avow_value_t (*result)(operation_t *operation));

/* Runs the operation on the thread and returns the promise of its result. Takes
   ownership of `operation`, which is freed afterwards, or at once if it is
   refused. NULL rejects with UV_ENOMEM. */
avow_promise_t *avow__nats_operation_start(const avow_value_t *connection,
                                           operation_t *operation);

/* Runs the operation without a promise. Returns false if it is refused. It does
   not keep the loop alive until avow__nats_await() is called. */
bool avow__nats_begin(const avow_value_t *connection, operation_t *operation);
void avow__nats_await(operation_t *operation);

/* Returns a connection that is not connected yet, or an error. Takes ownership
   of `options`. */
avow_value_t avow__nats_connection_new(uv_loop_t *loop, natsOptions *options);

#endif
