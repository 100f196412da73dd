/* SPDX-License-Identifier: MIT */
/* Programs of generate.js, which defines each word. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

enum {
  MAX_LINES = 512,
  MAX_ARGS = 8,
  MAX_SLOTS = 32, /* for promises, deferreds and functions each */
  MAX_STEPS = 16
};

typedef enum op_e {
  OP_ALL,
  OP_ANY,
  OP_ASYNC,
  OP_ATTEMPT,
  OP_AWAIT,
  OP_CANCEL,
  OP_CATCH,
  OP_CLOCK,
  OP_DROP,
  OP_FAIL,
  OP_FINALLY,
  OP_KEEP,
  OP_NEW,
  OP_OBSERVE,
  OP_OF,
  OP_RACE,
  OP_REJECT,
  OP_REMOTE,
  OP_REPEAT,
  OP_RESOLVE,
  OP_RETRY,
  OP_RETURN,
  OP_ROUND,
  OP_SETTLED,
  OP_SHIELD,
  OP_SLEEP,
  OP_THEN,
  OP_TRY,
  OP_TURN,
  OPS
} op_t;

typedef struct operand_s {
  char kind; /* the word's letter; 0 if it is only a number */
  int n;
} operand_t;

typedef struct line_s {
  struct line_s *next; /* next line of the same place */
  op_t op;
  int len;
  operand_t args[MAX_ARGS];
} line_t;

typedef struct body_s {
  line_t *first, *last;
} body_t;

typedef struct program_s {
  int index;
  char mode; /* first letter of main, timer, poll or job */
  unsigned budget;
  int steps;
  body_t step[MAX_STEPS];
  body_t function[MAX_SLOTS];
  body_t on_unhandled;
  line_t lines[MAX_LINES];
  int len;
} program_t;

/* Reads the next program from stdin. Returns false at the end. Invalid input
   ends the process with a message. */
bool program_read(program_t *program);

#endif
