/* SPDX-License-Identifier: MIT */
/*
 * Wires. A wire is the thread of a connection. Only this thread calls libnats,
 * because each call may block. The loop and the thread exchange operations and
 * answers in two lists. Adding to an empty list wakes the other side.
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

typedef struct wire_s wire_t;

/* Called on the wire's thread. */
typedef natsStatus (*run_fn)(wire_t *w, op_t *op);

struct op_s {
  op_t *next;
  run_fn run;
  avow_value_t failure; /* an error, if the operation failed */
  bool ran;             /* the thread has run it */
  bool waits;           /* waits for an answer, even after it ran: */
  uint64_t id;          /* in the table under this id; 0: not in the table */
  op_t *chain;          /* in the table */
  natsMsg *answer;
};

typedef struct {
  op_t *first, **end;
} ops_t;

struct wire_s {
  uv_thread_t thread;
  uv_mutex_t mutex;
  uv_cond_t changed;
  /* wakes the loop: there are answers, or the wire is over */
  uv_async_t answers;
  ops_t asked;             /* operations to run */
  ops_t answered;          /* answers for the loop */
  reply_waiters_t waiting; /* operations that wait for answers */
  states_t states;
  hearer_t *hearers;
  spents_t spents;
  natsConnection *nc; /* NULL before it is created and after it is closed */
  unsigned callers;   /* number of callbacks of libnats that may follow */
  door_t door;        /* for replies */
  natsSubscription *replies; /* for the thread only, like the next field */
  bool unflushed;            /* libnats may hold back bytes */
  char inbox[INBOX];         /* prefix of the subjects of replies */
  bool is_deaf;              /* the server forbids receiving replies */
  bool silent;               /* the async handle does not exist */
  bool closed;               /* by the program */
  bool ends, over;
};

/* Starts the thread. Returns 0 or a libuv code. `cb` is called for answers. */
int avow__nats_wire_start(wire_t *w, uv_loop_t *loop, uv_async_cb cb);

/* On the loop's thread. Runs the operation, which returns through
   avow__nats_wire_take(). Returns false if there is no memory to wait for its
   answer. */
bool avow__nats_wire_ask(wire_t *w, op_t *op);

/* On the loop's thread. Returns all answered operations. Sets *over if no more
   follow. */
op_t *avow__nats_wire_take(wire_t *w, bool *over);

/* On the wire's thread. Whether the answer of the operation is still
   awaited. */
bool avow__nats_wire_wants(wire_t *w, const op_t *op);

/* On any thread. Frees the subscription when libnats can no longer use it. */
void avow__nats_wire_spend(wire_t *w, spent_t *spent);

/* Stops waiting for an answer. On the loop's thread, returns whether the loop
   owns the operation again. Otherwise the operation returns later. */
bool avow__nats_wire_forget(wire_t *w, op_t *op);

/* On any thread. Ends the wait of an operation without an id. */
void avow__nats_wire_done(wire_t *w, op_t *op);

/* On any thread. Reports the status of the connection. */
void avow__nats_wire_tell(wire_t *w, natsConnStatus status);

/* On any thread. Reports a failure that does not belong to an operation. The
   text of the server is that of the status. */
void avow__nats_wire_failed(wire_t *w, natsStatus status);

/* avow__nats_wire_hear() adds a listener, on the loop's thread.
   avow__nats_wire_heard() removes it, on any thread. */
void avow__nats_wire_hear(wire_t *w, hearer_t *hearer);
void avow__nats_wire_heard(wire_t *w, hearer_t *hearer);

/* On the loop's thread. Takes the operation that ends the subscription, if it
   has not started. */
op_t *avow__nats_wire_take_end(wire_t *w, hearer_t *hearer);

/* On the wire's thread. Whether replies are forbidden. */
bool avow__nats_wire_is_deaf(wire_t *w);

/* On any thread. Adds a listener for statuses, and takes ownership of `sender`.
   Returns false if out of memory. */
bool avow__nats_wire_listen(wire_t *w, avow_sender_t *sender);

/* On any thread. No more answers follow. */
void avow__nats_wire_lost(wire_t *w);

/* On any thread. Whether the connection to the server is known to be up. */
bool avow__nats_wire_is_there(wire_t *w);

/* On any thread. Whether the connection was closed, but not by the program. */
bool avow__nats_wire_is_lost(wire_t *w);

/* On any thread. Delivers an answer. Returns whether it took ownership of
   `answer`, because an operation waits for it. */
bool avow__nats_wire_reply(wire_t *w, uint64_t id, natsMsg *answer);

/* On the loop's thread. No more operations follow. */
void avow__nats_wire_end(wire_t *w);

/* Called when the wire is over and before its async handle is closed. */
void avow__nats_wire_join(wire_t *w);

/* avow__nats_wire_set_native() is for the wire's thread.
   avow__nats_wire_native() is for the loop's thread while the connection
   exists. */
void avow__nats_wire_set_native(wire_t *w, natsConnection *nc);
natsConnection *avow__nats_wire_native(wire_t *w);

/* On the wire's thread. Closes the connection for the program. */
void avow__nats_wire_close(wire_t *w);

/* On any thread. Count a callback of libnats that may follow, and one that
   cannot follow any more. */
void avow__nats_wire_call(wire_t *w);
void avow__nats_wire_called(wire_t *w);

#endif
