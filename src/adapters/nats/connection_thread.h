/* SPDX-License-Identifier: MIT */
/*
 * Wires: the thread of a connection, which alone calls libnats, for each call
 * may wait. The loop asks it to run operations, and has them answered, both in
 * lists: who adds to an empty one wakes the other.
 *
 * The thread runs what it finds, and what has come meanwhile waits for the
 * next round. When it is to end it answers what it has not run, closes the
 * connection, waits until libnats calls nothing here any more, and says last
 * that it is over.
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

/* On the wire's thread. */
typedef natsStatus (*run_fn)(wire_t *w, op_t *op);

struct op_s {
  op_t *next;
  run_fn run;
  avow_value_t failure; /* an error if that did not go well */
  bool ran;             /* the thread has done with it */
  bool waits;           /* for an answer, once it ran, too: */
  uint64_t id;          /* in the table, with this; 0: elsewhere */
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
  uv_async_t answers; /* the loop's: something is answered, or it is over */
  ops_t asked;        /* to be run */
  ops_t answered;     /* to be taken by the loop */
  reply_waiters_t waiting; /* those that wait for answers */
  states_t states;
  hearer_t *hearers;
  spents_t spents;
  natsConnection *nc;        /* NULL until there is one, and once it is over */
  unsigned callers;          /* those of libnats that may still call */
  door_t door;               /* for replies */
  natsSubscription *replies; /* the thread's, as is the next */
  bool unflushed;            /* something is sent that libnats may keep */
  char inbox[INBOX];         /* what subjects of replies begin with */
  bool is_deaf;              /* the server forbids to hear replies */
  bool silent;               /* there is no such handle */
  bool closed;               /* as was asked */
  bool ends, over;
};

/* Starts the thread: 0, or a code of libuv's. The callback is for answers. */
int avow__nats_wire_start(wire_t *w, uv_loop_t *loop, uv_async_cb cb);

/* The loop's: has it run, and it comes back by avow__nats_wire_take(). False:
   there is no memory to have it wait. */
bool avow__nats_wire_ask(wire_t *w, op_t *op);

/* The loop's: all that is answered, and whether that was the last. */
op_t *avow__nats_wire_take(wire_t *w, bool *over);

/* The thread's: whether its answer is still waited for. */
bool avow__nats_wire_wants(wire_t *w, const op_t *op);

/* Of any thread: has it go as soon as libnats looks at it no more. */
void avow__nats_wire_spend(wire_t *w, spent_t *spent);

/* Nothing waits for its answer any more. The loop's, of one that does: whether
   it is the loop's again; else it comes back. */
bool avow__nats_wire_forget(wire_t *w, op_t *op);

/* Of any thread: what waits without an id does so no more. */
void avow__nats_wire_done(wire_t *w, op_t *op);

/* Of any thread: how the connection is. */
void avow__nats_wire_tell(wire_t *w, natsConnStatus status);

/* Of any thread: what has failed, and nobody has asked for: the text of the
   server is that of the status. */
void avow__nats_wire_failed(wire_t *w, natsStatus status);

/* The loop's: it hears. Of any thread: it does so no more. */
void avow__nats_wire_hear(wire_t *w, hearer_t *hearer);
void avow__nats_wire_heard(wire_t *w, hearer_t *hearer);

/* The loop's: what has it end, if that is not asked for already. */
op_t *avow__nats_wire_take_end(wire_t *w, hearer_t *hearer);

/* The thread's: whether replies are forbidden. */
bool avow__nats_wire_is_deaf(wire_t *w);

/* Of any thread: tells the sender, which is taken. False: no memory. */
bool avow__nats_wire_listen(wire_t *w, avow_sender_t *sender);

/* Of any thread: no answer comes any more. */
void avow__nats_wire_lost(wire_t *w);

/* Of any thread: whether there is a server, as far as is known. */
bool avow__nats_wire_is_there(wire_t *w);

/* Of any thread: whether the connection is closed, and nobody has asked. */
bool avow__nats_wire_is_lost(wire_t *w);

/* Of any thread: an answer has come, which is taken if somebody waits. */
bool avow__nats_wire_reply(wire_t *w, uint64_t id, natsMsg *answer);

/* The loop's: nothing is asked any more. */
void avow__nats_wire_end(wire_t *w);

/* When it is over, and its async handle is about to be closed. */
void avow__nats_wire_join(wire_t *w);

/* The thread's, once; and the loop's, as long as it is there. */
void avow__nats_wire_set_native(wire_t *w, natsConnection *nc);
natsConnection *avow__nats_wire_native(wire_t *w);

/* The thread's: closes the connection, as was asked. */
void avow__nats_wire_close(wire_t *w);

/* Of any thread: libnats may call here from now on, and will not any more. */
void avow__nats_wire_call(wire_t *w);
void avow__nats_wire_called(wire_t *w);

#endif
