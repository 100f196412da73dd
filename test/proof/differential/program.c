/* SPDX-License-Identifier: MIT */
/* Reads programs. */
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[OPS] = {
  [OP_ASYNC] = "async",   [OP_ATTEMPT] = "attempt", [OP_AWAIT] = "await",
  [OP_ALL] = "all",       [OP_ANY] = "any",         [OP_CANCEL] = "cancel",
  [OP_CATCH] = "catch",   [OP_CLOCK] = "clock",     [OP_DROP] = "drop",
  [OP_FAIL] = "fail",     [OP_FINALLY] = "finally", [OP_KEEP] = "keep",
  [OP_NEW] = "new",       [OP_OBSERVE] = "observe", [OP_OF] = "of",
  [OP_RACE] = "race",     [OP_REJECT] = "reject",   [OP_REMOTE] = "remote",
  [OP_REPEAT] = "repeat", [OP_RESOLVE] = "resolve", [OP_RETRY] = "retry",
  [OP_RETURN] = "return", [OP_ROUND] = "round",     [OP_SETTLED] = "settled",
  [OP_SHIELD] = "shield", [OP_SLEEP] = "sleep",     [OP_THEN] = "then",
  [OP_TRY] = "try",       [OP_TURN] = "turn",
};

static void fail(const char *what, const char *word) {
  (void) fprintf(stderr, "interpret: %s: %s\n", what, word);
  exit(2);
}

static op_t find_op(const char *name) {
  for (int i = 0; i < OPS; i++) {
    if (strcmp(names[i], name) == 0)
      return (op_t) i;
  }
  fail("no such statement", name);
  return OPS;
}

static int number(const char *word, int limit) {
  const int n = atoi(word);
  if (n < 0 || n >= limit)
    fail("number out of range", word);
  return n;
}

static body_t *find_body(program_t *program, const char *place) {
  switch (place[0]) {
  case 's': {
    const int step = number(place + 1, MAX_STEPS);
    if (step >= program->steps)
      program->steps = step + 1;
    return &program->step[step];
  }
  case 'f':
    return &program->function[number(place + 1, MAX_SLOTS)];
  case 'u':
    return &program->on_unhandled;
  default:
    fail("no such place", place);
    return NULL;
  }
}

static operand_t read_operand(const char *word) {
  const bool digits = word[0] >= '0' && word[0] <= '9';
  return (operand_t){ .kind = digits ? '\0' : word[0],
                      .n = number(digits ? word : word + 1, MAX_SLOTS) };
}

static void read_line(program_t *program, char *place) {
  if (program->len == MAX_LINES)
    fail("program too long", place);
  line_t *line = &program->lines[program->len++];
  body_t *body = find_body(program, place);
  line->next = NULL;
  line->op = find_op(strtok(NULL, " \n"));
  line->len = 0;
  const char *word;
  while ((word = strtok(NULL, " \n")) != NULL) {
    if (line->len == MAX_ARGS)
      fail("too many operands", word);
    line->args[line->len++] = read_operand(word);
  }
  if (body->last != NULL)
    body->last->next = line;
  else
    body->first = line;
  body->last = line;
}

static void read_head(program_t *program) {
  memset(program, 0, offsetof(program_t, lines));
  program->len = 0;
  program->index = atoi(strtok(NULL, " \n"));
  program->mode = strtok(NULL, " \n")[0];
  program->budget = (unsigned) atoi(strtok(NULL, " \n"));
}

bool program_read(program_t *program) {
  char text[256];
  while (fgets(text, sizeof(text), stdin) != NULL) {
    char *word = strtok(text, " \n");
    if (word == NULL)
      continue;
    if (strcmp(word, "end") == 0)
      return true;
    if (strcmp(word, "program") == 0)
      read_head(program);
    else
      read_line(program, word);
  }
  return false;
}
