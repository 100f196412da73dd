/* SPDX-License-Identifier: MIT */
/*
 * Connections, from the loop's side: an object whose wire ends with its last
 * reference, or with the loop. Operations that are in flight hold it.
 *
 * The end waits for the thread, and for the async handle to be closed; `gone`,
 * which is shielded, has the loop that closes wait for that. That handle keeps
 * the loop alive while something is awaited or the end is under way.
 */
#ifndef AVOW_NATS_CONNECTION_H
#define AVOW_NATS_CONNECTION_H

#include "avow/cancel.h"
#include "connection_thread.h"
#include "pending_work.h"

typedef struct connection_s {
  wire_t wire;
  uv_loop_t *loop;
  natsOptions *options;  /* until it is connected */
  avow_deferred_t *life; /* is cancelled when the loop closes */
  avow_promise_t *ended; /* its promise, which then answers all */
  avow_deferred_t *gone; /* settles when nothing of it is left on the loop */
  avow_promise_t *shield;
  errands_t errands;
  uint64_t ids;     /* that requests have had */
  unsigned awaited; /* so many things keep the loop alive */
  bool ending;      /* no operation begins any more */
  bool closed;      /* its handle is, or is about to be */
  bool let_go;      /* nobody knows it any more */
} connection_t;

/* An operation that a promise stands for. What it is of begins with one. */
typedef struct asked_s asked_t;
struct asked_s {
  op_t op;
  avow_value_t connection; /* held */
  bool is_request;
  bool is_awaited;           /* keeps the loop alive */
  avow_deferred_t *deferred; /* NULL once its promise has settled */
  avow_value_t (*result)(asked_t *asked); /* if it went well; NULL: NONE */
  void (*destroy)(asked_t *asked); /* NULL: there is nothing of its own */
};

/* The connection; NULL, which debug builds do not survive, of anything else. */
connection_t *avow__nats_connection(const avow_value_t *connection);

/* An operation without anything of its own; NULL without memory. */
asked_t *avow__nats_asked_new(run_fn run,
                              avow_value_t (*result)(asked_t *asked));

/* Has the wire run it: the promise of its result. Takes asked, which is freed
   behind that, or at once if it is refused; NULL is UV_ENOMEM. */
avow_promise_t *avow__nats_ask(const avow_value_t *connection, asked_t *asked);

/* The same without a promise; false if it is refused. The loop may end
   meanwhile, until it is awaited. */
bool avow__nats_begin(const avow_value_t *connection, asked_t *asked);
void avow__nats_await(asked_t *asked);

/* A connection that is not connected yet, which takes options; or an error. */
avow_value_t avow__nats_connection_new(uv_loop_t *loop, natsOptions *options);

#endif
