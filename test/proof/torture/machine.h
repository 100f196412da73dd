/* SPDX-License-Identifier: MIT */
/*
 * A machine that runs any bytes as a program on avow. Its registers hold
 * promises, deferreds, remotes and gathers. Its functions are parts of the same
 * bytes. Each program is valid and uses avow correctly. Each program ends,
 * because its steps are limited.
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
  PATIENCE = 50 /* calls while closing, after which avow may stop calling */
};

typedef struct bytes_s {
  const uint8_t *at, *end;
} bytes_t;

typedef enum record_kind_e {
  RECORD_THEN,
  RECORD_SURELY, /* finally and attach: exactly once */
  RECORD_ONCE,   /* on_cancel and try: at most once */
  RECORD_STEP,   /* repeat: any number of times */
  RECORD_OBJECT
} record_kind_t;

/* The origin of a function or an object, and its calls. */
typedef struct record_s {
  record_kind_t kind;
  unsigned calls;
  unsigned destroyed;
  bytes_t body;
  const avow_promise_t *self; /* promise to settle; valid while it runs */
  avow_promise_t *promise;    /* for an object: released with it */
  avow_deferred_t *deferred;  /* for an object: dropped with it */
  bool cancels;               /* the object cancels its promise first */
} record_t;

typedef struct place_s {
  avow_promise_t *promise; /* NULL if empty */
  bool combines;           /* the promise of a combinator */
  avow_state_t state;      /* state at the last check */
  avow_value_t value;      /* value at the last check; borrowed */
} place_t;

typedef struct machine_s {
  uv_loop_t loop;
  place_t places[PROMISES];
  avow_deferred_t *deferreds[DEFERREDS];
  avow_remote_t *remotes[REMOTES];
  avow_gather_t *gathers[GATHERS];
  record_t records[RECORDS];
  unsigned n_records;
  unsigned users; /* number of avow_loop_init() without close */
  unsigned fuel;
  unsigned lost;
  unsigned depth; /* functions of the program on the stack */
  bool calling;   /* inside a call that must not run handlers */
  bool closing;   /* inside avow_loop_close() */
  bool closed;
  bool small_budget;
  unsigned heard; /* calls of functions while closing */
} machine_t;

extern machine_t machine;

/* Returns the next byte, or 0 after the last. */
uint8_t next_byte(bytes_t *bytes);

/* fuzz.c: fill registers. Release the previous object and take ownership. */
void put_promise(unsigned at, avow_promise_t *p);
void put_deferred(unsigned at, avow_deferred_t *d);
avow_deferred_t *take_deferred(unsigned at); /* NULL if there is none */
void close_loop(void);

/* statements.c */
void run_statement(bytes_t *bytes);
/* Returns a promise to pass on, made if necessary; NULL after closing. */
avow_promise_t *operand(bytes_t *bytes);

/* functions.c: returns a value to pass on. `self` and `arg` may be NULL. */
avow_value_t make_value(bytes_t *bytes, const avow_promise_t *self,
                        const avow_value_t *arg);
/* Returns a value to pass on that is not a promise of a register. */
avow_value_t make_reason(bytes_t *bytes);
/* Makes a function whose body is a part of the bytes. NULL: too many. */
record_t *make_record(record_kind_t kind, bytes_t *bytes);

avow_value_t on_settled(const avow_value_t *arg, void *data);
avow_value_t on_finally(void *data);
avow_value_t on_step(void *data);
avow_value_t on_try(void *data);
void on_free(void *data);
void on_cancel(void *data);

#endif
