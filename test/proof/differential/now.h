/* SPDX-License-Identifier: MIT */
/* The running program: the state that its statements and its jobs share. */
#ifndef NOW_H
#define NOW_H

#include "avow/all.h"
#include "program.h"

enum {
  STACK = 1 << 20, /* of async functions, because run() nests */
  FUEL = 200,
  MAX_IDS = FUEL * MAX_ARGS * 2, /* two for each operand of a statement */
  REASON = -1000,                /* the code of e3 is REASON - 3 */
  CAUSE = 7                      /* cause of errors that have one */
};

/* The origin of a handler or a thenable. */
typedef struct record_s {
  struct record_s *next;
  int id;
  operand_t first, second;
  struct task_s *task; /* for a stackless async function, or NULL */
} record_t;

/* Objects that a function's operands may refer to. */
typedef struct frame_s {
  const avow_value_t *arg;
  avow_deferred_t *me;
  bool answered;    /* `me` was settled through this frame */
  bool async;       /* the function is async */
  bool parked;      /* it has awaited at least once */
  avow_value_t got; /* result of the last await; `arg` */
} frame_t;

/* The effect of a statement. */
typedef void (*op_fn)(const line_t *line, frame_t *frame);

typedef struct held_s {
  struct held_s *next;
  avow_deferred_t *deferred;
} held_t;

typedef struct now_s {
  program_t program;
  uv_loop_t *loop;
  const op_fn *own; /* further statements by op, or NULL */
  avow_promise_t *promises[MAX_SLOTS];
  avow_deferred_t *deferreds[MAX_SLOTS];
  const avow_promise_t *addresses[MAX_IDS]; /* by id; the last match counts */
  record_t *records;
  held_t *held; /* unsettled deferreds without a slot; dropping settles */
  int ids;
  int making; /* id of a promise that may reject before it is stored */
  int fuel;
  bool over;    /* handlers have no effect while the loop closes */
  bool closing; /* functions only print their call and return a plain value */
} now_t;

/* Async functions are stackless. */
extern bool stackless;

extern now_t now;

/* Returns the number of a promise. */
int id_of(const avow_promise_t *p);

/* Prints a value, and lists up to that depth. NULL counts as none. */
void show(const avow_value_t *v, int depth);

/* Executes statements and returns their result. */
avow_value_t run(const body_t *body, frame_t *frame);

void hold(avow_deferred_t *d);

/* Functions of run() that task.c uses. */
avow_promise_t *take_awaited(const line_t *line, frame_t *frame);
avow_value_t evaluate(operand_t operand, const frame_t *frame);
void execute(const line_t *line, frame_t *frame);
bool goes_on(const line_t *line, const frame_t *frame);

/* Returns true and prints the call if fuel for a call of `fn` is left. */
bool enter(int fn, int id, const frame_t *frame);

/* Starts the record's function as a stackless async function (task.c). */
avow_promise_t *start_task(record_t *r);

/* Functions for the statements of another interpreter: they record a function,
   take the promise of a slot, and store one there. */
record_t *record(int id, operand_t first, operand_t second);
avow_promise_t *take(operand_t operand);
void store(operand_t target, avow_promise_t *p, int id);
avow_value_t on_settled(void *data);
void place_deferred(int n, avow_deferred_t *d);

/* Returns `block`, or aborts if it is NULL. */
void *checked(void *block);

/* The end of a program, and the objects that are left (left.c). */
typedef bool (*is_ours_fn)(const uv_handle_t *handle);
int count_blocks(void);
void release_objects(void);
void free_records(void);
void show_left(uv_loop_t *loop, is_ours_fn ours);

#endif
