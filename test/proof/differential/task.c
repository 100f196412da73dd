/* SPDX-License-Identifier: MIT */
/*
 * Stackless async functions: run() and its await. Values that outlive an await
 * are in a struct.
 */
#include "avow/stackless.h"

#include <stdlib.h>

#include "now.h"

typedef struct task_s {
  avow_frame_t frame;
  const record_t *record;
  frame_t variables;
  const line_t *line;
} task_t;

/* Ends the function. Without an await, its promise may have no number yet. */
static avow_value_t finish(task_t *me, avow_value_t result) {
  avow_value_unref(me->variables.got);
  if (!me->variables.parked)
    now.making = me->record->id;
  return result;
}

static void receive(task_t *me, const avow_value_t *got) {
  avow_value_unref(me->variables.got);
  me->variables.got = avow_value_ref(got);
  me->variables.arg = &me->variables.got;
}

static avow_value_t step(const avow_value_t *got, void *data) {
  task_t *me = data;
  frame_t *variables = &me->variables;
  const int fn = me->record->first.n;
  avow_promise_t *p;

  AVOW_BEGIN(&me->frame);
  if (!enter(fn, me->record->id, variables))
    return finish(me, avow_none());
  me->line = now.program.function[fn].first;
  for (; me->line != NULL; me->line = me->line->next) {
    if (now.fuel == 0)
      break;
    now.fuel--;
    if (me->line->op == OP_RETURN)
      return finish(me, evaluate(me->line->args[0], variables));
    p = take_awaited(me->line, variables);
    if (p != NULL) {
      AVOW_AWAIT(&me->frame, p);
      receive(me, got);
      if (!goes_on(me->line, variables))
        return finish(me, avow_value_ref(got));
    }
    execute(me->line, variables);
  }
  return finish(me, avow_none());
  AVOW_END;
}

avow_promise_t *start_task(record_t *r) {
  task_t *me = checked(malloc(sizeof(*me)));
  *me = (task_t){ .record = r, .variables = { .async = true } };
  r->task = me;
  return avow_stackless(now.loop, step, &me->frame);
}
