/* SPDX-License-Identifier: MIT */
/*
 * A machine that runs any bytes as a program over avow. Its registers hold
 * promises, deferreds, remotes and gathers. Its functions are parts of the same
 * bytes. Each program is valid and keeps avow's contract. Each ends, because
 * its steps are limited.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "avow/all.h"

enum {
  PROMISES = 16,
  DEFERREDS = 8,
  REMOTES = 4,
  GATHERS = 4,
  RECORDS = 4096,
  FUEL = 800,
  LOST = 60,    /* reactions from avow's reserve of 64 */
  PATIENCE = 50 /* calls during the end, before avow may listen no more */
};

typedef struct bytes_s {
  const uint8_t *at, *end;
} bytes_t;

typedef enum record_kind_e {
  RECORD_THEN,
  RECORD_SURELY, /* of finally or attach: exactly once */
  RECORD_ONCE,   /* at most once: on_cancel, try */
  RECORD_STEP,   /* of repeat: any number of times */
  RECORD_OBJECT
} record_kind_t;

/* The origin of a function or an object, and its calls. */
typedef struct record_s {
  record_kind_t kind;
  unsigned calls;
  unsigned destroyed;
  bytes_t body;
  const avow_promise_t *self; /* that it settles; there while it runs */
  avow_promise_t *promise;    /* of an object: goes with it */
  avow_deferred_t *deferred;  /* likewise */
  bool cancels;               /* its promise, as it goes */
} record_t;

typedef struct place_s {
  avow_promise_t *promise; /* NULL: empty */
  bool combines;           /* it is a combinator's */
  avow_state_t state;      /* when it was last looked at */
  avow_value_t value;      /* then; not a reference */
} place_t;

typedef struct machine_s {
  uv_loop_t loop;
  place_t places[PROMISES];
  avow_deferred_t *deferreds[DEFERREDS];
  avow_remote_t *remotes[REMOTES];
  avow_gather_t *gathers[GATHERS];
  record_t records[RECORDS];
  unsigned n_records;
  unsigned users; /* calls of avow_loop_init() that are open */
  unsigned fuel;
  unsigned lost;
  unsigned depth; /* functions of the program that are on the stack */
  bool calling;   /* inside a call that must not run handlers */
  bool closing;   /* inside avow_loop_close() */
  bool closed;
  bool small_budget;
  unsigned heard; /* calls of functions while closing */
} machine_t;

extern machine_t machine;

/* Bytes that are not there are 0. */
uint8_t next_byte(bytes_t *bytes);

/* fuzz.c: registers. The previous object is released. Each takes ownership. */
void put_promise(unsigned at, avow_promise_t *p);
void put_deferred(unsigned at, avow_deferred_t *d);
avow_deferred_t *take_deferred(unsigned at); /* NULL if there is none */
void close_loop(void);

/* statements.c */
void run_statement(bytes_t *bytes);
/* A promise to be given away, made if there is none; NULL after the end. */
avow_promise_t *operand(bytes_t *bytes);

/* functions.c: a value to be given away. self and arg may be NULL. */
avow_value_t make_value(bytes_t *bytes, const avow_promise_t *self,
                        const avow_value_t *arg);
/* The same, but no promise that is in a register. */
avow_value_t make_reason(bytes_t *bytes);
/* A function, its body cut from the bytes. NULL if there are too many. */
record_t *make_record(record_kind_t kind, bytes_t *bytes);

avow_value_t on_settled(const avow_value_t *arg, void *data);
avow_value_t on_finally(void *data);
avow_value_t on_step(void *data);
avow_value_t on_try(void *data);
void on_free(void *data);
void on_cancel(void *data);

#endif
