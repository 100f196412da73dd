/* SPDX-License-Identifier: MIT */
/*
 * The thread of a connection. Only this thread calls libnats, because each call
 * may block. The loop and the thread exchange operations and answers in two
 * lists. Adding to an empty list wakes the other side.
 *
 * The thread runs the operations that it finds. Newer ones wait for the next
 * round. To end, it first answers the operations that it has not run and closes
 * the connection. It then waits until libnats makes no more callbacks. Last, it
 * reports that it is over.
 */
#ifndef AVOW_NATS_CONNECTION_THREAD_H
#define AVOW_NATS_CONNECTION_THREAD_H

#include "avow/nats.h"
#include "handle_table.h"
#include "listeners.h"
#include "reply_waiters.h"
#include "retired.h"
#include "status_listeners.h"

enum { INBOX = 64 };

typedef struct nats_thread_s nats_thread_t;

/* Called on the connection's thread. */
typedef natsStatus (*run_fn)(nats_thread_t *t, op_t *op);

struct op_s {
  op_t *next;
  run_fn run;
  avow_value_t failure; /* an error, if the operation failed */
  bool ran;             /* the thread has run it */
  bool waits;           /* it waits for an answer */
  uint64_t id;          /* key in the table of waiters; 0: not in it */
  op_t *chain;          /* the next in its list of the table */
  natsMsg *answer;
};

typedef struct {
  op_t *first, **end;
} ops_t;

struct nats_thread_s {
  uv_thread_t uv;
  uv_mutex_t mutex;
  uv_cond_t changed;
  /* wakes the loop: there are answers, or the thread is over */
  uv_async_t answers;
  ops_t queued;            /* operations to run */
  ops_t answered;          /* answers for the loop */
  reply_waiters_t waiting; /* operations that wait for answers */
  states_t states;
  listener_t *listeners;
  retired_list_t retired_list;
  natsConnection *nc; /* NULL before it is created and after it is closed */
  unsigned callers;   /* number of callbacks of libnats that may follow */
  handle_t handle;    /* for replies */
  natsSubscription *replies; /* this and the next field: for the thread only */
  bool unflushed;            /* libnats may hold back bytes */
  char inbox[INBOX];         /* prefix of the subjects of replies */
  bool forbids_replies;      /* the server forbids receiving replies */
  bool silent;               /* the async handle does not exist */
  bool closed;               /* by the program */
  bool ends, over;
};

/* Starts the thread. Returns 0 or a libuv code. `cb` is called for answers. */
int avow__nats_thread_start(nats_thread_t *t, uv_loop_t *loop, uv_async_cb cb);

/* On the loop's thread. Runs the operation, which returns through
   avow__nats_thread_take(). Returns false if there is no memory to wait for its
   answer. */
bool avow__nats_thread_queue(nats_thread_t *t, op_t *op);

/* On the loop's thread. Returns all answered operations. Sets *over if no more
   follow. */
op_t *avow__nats_thread_take(nats_thread_t *t, bool *over);

/* On the connection's thread. Whether the answer of the operation is still
   awaited. */
bool avow__nats_thread_awaits(nats_thread_t *t, const op_t *op);

/* On any thread. Frees the subscription when libnats can no longer use it. */
void avow__nats_thread_retire(nats_thread_t *t, retired_t *retired);

/* Stops waiting for an answer. On the loop's thread, returns whether the loop
   owns the operation again. Otherwise the operation returns later. */
bool avow__nats_thread_forget(nats_thread_t *t, op_t *op);

/* On any thread. Ends the wait of an operation without an id. */
void avow__nats_thread_done(nats_thread_t *t, op_t *op);

/* On any thread. Reports the status of the connection. */
void avow__nats_thread_set_status(nats_thread_t *t, natsConnStatus status);

/* On any thread. Reports a failure that does not belong to an operation. The
   message of the error is that of libnats. */
void avow__nats_thread_failed(nats_thread_t *t, natsStatus status);

/* avow__nats_thread_listen() adds a listener, on the loop's thread.
   avow__nats_thread_unlisten() removes it, on any thread. */
void avow__nats_thread_listen(nats_thread_t *t, listener_t *listener);
void avow__nats_thread_unlisten(nats_thread_t *t, listener_t *listener);

/* On the loop's thread. Takes the operation that ends the subscription, if it
   has not started. */
op_t *avow__nats_thread_take_end(nats_thread_t *t, listener_t *listener);

/* On the connection's thread. Whether replies are forbidden. */
bool avow__nats_thread_forbids_replies(nats_thread_t *t);

/* On any thread. Adds a listener for statuses, and takes ownership of `sender`.
   Returns false if out of memory. */
bool avow__nats_thread_add_status_listener(nats_thread_t *t,
                                           avow_sender_t *sender);

/* On any thread. No more answers follow. */
void avow__nats_thread_fail_all(nats_thread_t *t);

/* On any thread. Whether the connection to the server is known to be up. */
bool avow__nats_thread_is_connected(nats_thread_t *t);

/* On any thread. Whether the connection was closed, but not by the program. */
bool avow__nats_thread_is_lost(nats_thread_t *t);

/* On any thread. Delivers an answer. Returns whether it took ownership of
   `answer`, because an operation waits for it. */
bool avow__nats_thread_reply(nats_thread_t *t, uint64_t id, natsMsg *answer);

/* On the loop's thread. No more operations follow. */
void avow__nats_thread_end(nats_thread_t *t);

/* Called when the thread is over and before its async handle is closed. */
void avow__nats_thread_join(nats_thread_t *t);

/* avow__nats_thread_set_native() is for the connection's thread.
   avow__nats_thread_native() is for the loop's thread while the connection
   exists. */
void avow__nats_thread_set_native(nats_thread_t *t, natsConnection *nc);
natsConnection *avow__nats_thread_native(nats_thread_t *t);

/* On the connection's thread. Closes the connection for the program. */
void avow__nats_thread_close(nats_thread_t *t);

/* On any thread. Count a callback of libnats that may follow, and one that
   cannot follow any more. */
void avow__nats_thread_expect_callback(nats_thread_t *t);
void avow__nats_thread_end_callbacks(nats_thread_t *t);

#endif
