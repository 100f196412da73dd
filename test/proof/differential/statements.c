/* SPDX-License-Identifier: MIT */
/*
 * The effect of each statement. The program owns each promise and deferred in
 * its slot. A statement that does not move an object out of its slot references
 * it first.
 */
#include <stdio.h>
#include <stdlib.h>

#include "now.h"

/* Slots. */

record_t *record(int id, operand_t first, operand_t second) {
  record_t *r = checked(malloc(sizeof(*r)));
  *r = (record_t){ now.records, id, first, second, NULL };
  now.records = r;
  return r;
}

void store(operand_t target, avow_promise_t *p, int id) {
  now.addresses[id] = p;
  if (target.kind == 'p') {
    avow_unref(now.promises[target.n]);
    now.promises[target.n] = p;
  } else {
    avow_unref(p);
  }
}

avow_promise_t *take(operand_t operand) {
  avow_promise_t *p = now.promises[operand.n];
  if (operand.kind == 'P')
    now.promises[operand.n] = NULL;
  else if (p != NULL)
    p = avow_ref(p);
  return p;
}

void hold(avow_deferred_t *d) {
  held_t *held = checked(malloc(sizeof(*held)));
  *held = (held_t){ now.held, d };
  now.held = held;
}

void place_deferred(int n, avow_deferred_t *d) {
  if (now.deferreds[n] != NULL)
    hold(now.deferreds[n]);
  now.deferreds[n] = d;
}

static avow_deferred_t *take_deferred(operand_t operand, frame_t *frame) {
  if (operand.kind == 'm') {
    frame->answered = true;
    return frame->me != NULL ? avow_deferred_ref(frame->me) : NULL;
  }
  avow_deferred_t *d = now.deferreds[operand.n];
  if (operand.kind == 'D')
    now.deferreds[operand.n] = NULL;
  else if (d != NULL)
    d = avow_deferred_ref(d);
  return d;
}

/* Operands. */

static avow_value_t foreign_then(void *self, avow_deferred_t *d);

static const avow_class_t foreign = { .name = "foreign", .then = foreign_then };

static avow_value_t error_value(int n) {
  if (n % 2 == 0)
    return avow_error(REASON - n);
  return avow_error_new(REASON - n, avow_int(CAUSE), "reason %d", n);
}

static avow_value_t bytes_value(int n) {
  char text[16];
  (void) snprintf(text, sizeof(text), "b%d", n); /* n < MAX_SLOTS fits */
  return avow_string(text);
}

static avow_value_t promise_value(operand_t operand) {
  avow_promise_t *p = now.closing ? NULL : take(operand);
  return p != NULL ? avow_follow(p) : avow_none();
}

avow_value_t evaluate(operand_t operand, const frame_t *frame) {
  switch (operand.kind) {
  case 'v':
    return avow_int(operand.n);
  case 'b':
    return bytes_value(operand.n);
  case 'e':
    return error_value(operand.n);
  case 'p':
  case 'P':
    return promise_value(operand);
  case 't':
    return avow_object(&foreign, record(++now.ids, operand, operand));
  case 'a':
    return frame->arg != NULL ? avow_value_ref(frame->arg) : avow_none();
  default:
    return avow_none();
  }
}

/* A pending promise is no reason, because a promise could wait for itself. */
static avow_value_t evaluate_reason(operand_t operand, const frame_t *frame) {
  const avow_value_t v = evaluate(operand, frame);
  if (v.tag != AVOW_PROMISE || avow_state(v.u.p) != AVOW_PENDING)
    return v;
  avow_value_unref(v);
  return avow_none();
}

/* Functions. */

bool enter(int fn, int id, const frame_t *frame) {
  if (now.over || now.fuel == 0)
    return false;
  now.fuel--;
  printf("f%d #%d ", fn, id);
  show(frame->arg, 2);
  putchar('\n');
  return true;
}

static avow_value_t call(int fn, int id, frame_t *frame) {
  if (!enter(fn, id, frame))
    return avow_none();
  return run(&now.program.function[fn], frame);
}

static avow_value_t on_fulfilled(const avow_value_t *arg, void *data) {
  const record_t *r = data;
  frame_t frame = { .arg = arg };
  return call(r->first.n, r->id, &frame);
}

static avow_value_t on_rejected(const avow_value_t *arg, void *data) {
  const record_t *r = data;
  frame_t frame = { .arg = arg };
  return call(r->second.n, r->id, &frame);
}

avow_value_t on_settled(void *data) {
  const record_t *r = data;
  frame_t frame = { .arg = NULL };
  return call(r->first.n, r->id, &frame);
}

static avow_value_t on_try(void *data) {
  const avow_value_t result = on_settled(data);
  now.making = ((const record_t *) data)->id;
  return result;
}

static avow_value_t foreign_then(void *self, avow_deferred_t *d) {
  const record_t *r = self;
  frame_t frame = { .me = d };
  const avow_value_t result = call(r->first.n, r->id, &frame);
  if (frame.answered || now.over)
    avow_deferred_drop(d);
  else
    hold(d);
  return result;
}

static avow_value_t on_clock(const avow_value_t *arg, void *data) {
  const record_t *r = data;
  if (!now.over)
    printf("tick %d\n", r->id);
  return avow_none();
}

/* Statements. */

static void do_new(const line_t *line, frame_t *frame) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(now.loop, &d);
  place_deferred(line->args[1].n, d);
  store(line->args[0], p, ++now.ids);
}

/* Makes a promise with a number. Takes ownership of `v`. */
static avow_promise_t *make(avow_value_t v) {
  const int id = now.making = ++now.ids;
  avow_promise_t *p = avow_promise_resolve(now.loop, v);
  now.making = 0;
  now.addresses[id] = p;
  return p;
}

static void store_value(operand_t target, avow_value_t v) {
  avow_promise_t *p =
      v.tag == AVOW_PROMISE ? avow_promise_resolve(now.loop, v) : make(v);
  store(target, p, id_of(p));
}

static void do_of(const line_t *line, frame_t *frame) {
  store_value(line->args[0], evaluate(line->args[1], frame));
}

static void do_fail(const line_t *line, frame_t *frame) {
  const avow_value_t reason = evaluate_reason(line->args[1], frame);
  const int id = now.making = ++now.ids;
  avow_promise_t *p = avow_promise_reject(now.loop, reason);
  now.making = 0;
  store(line->args[0], p, id);
}

static void do_try(const line_t *line, frame_t *frame) {
  const int id = ++now.ids;
  record_t *r = record(id, line->args[1], line->args[1]);
  avow_promise_t *p = avow_try(now.loop, on_try, r);
  now.making = 0;
  store(line->args[0], p, id);
}

static avow_value_t on_async(void *data) {
  const record_t *r = data;
  frame_t frame = { .async = true };
  const avow_value_t result = call(r->first.n, r->id, &frame);
  avow_value_unref(frame.got);
  if (!frame.parked)
    now.making = r->id;
  return result;
}

static void do_async(const line_t *line, frame_t *frame) {
  const int id = ++now.ids;
  record_t *r = record(id, line->args[1], line->args[1]);
  avow_promise_t *p =
      stackless ? start_task(r) : avow_async(now.loop, on_async, r);
  now.making = 0;
  store(line->args[0], p, id);
}

static void do_nothing(const line_t *line, frame_t *frame) {
}

static void do_resolve(const line_t *line, frame_t *frame) {
  avow_deferred_t *d = take_deferred(line->args[0], frame);
  if (d != NULL)
    (void) avow_resolve(d, evaluate(line->args[1], frame)); /* no error in V8 */
}

static void do_reject(const line_t *line, frame_t *frame) {
  avow_deferred_t *d = take_deferred(line->args[0], frame);
  if (d != NULL)
    (void) avow_reject(d, evaluate_reason(line->args[1], frame)); /* as in V8 */
}

static void do_then(const line_t *line, frame_t *frame) {
  avow_promise_t *p = take(line->args[1]);
  if (p == NULL)
    return;
  const operand_t first = line->args[2], second = line->args[3];
  record_t *r = record(++now.ids, first, second);
  p = avow_then(p, first.kind == 'f' ? on_fulfilled : NULL,
                second.kind == 'f' ? on_rejected : NULL, r);
  store(line->args[0], p, r->id);
}

static void do_catch(const line_t *line, frame_t *frame) {
  avow_promise_t *p = take(line->args[1]);
  if (p == NULL)
    return;
  const operand_t fn = line->args[2];
  record_t *r = record(++now.ids, fn, fn);
  p = avow_catch(p, fn.kind == 'f' ? on_rejected : NULL, r);
  store(line->args[0], p, r->id);
}

static void do_finally(const line_t *line, frame_t *frame) {
  avow_promise_t *p = take(line->args[1]);
  if (p == NULL)
    return;
  const operand_t fn = line->args[2];
  record_t *r = record(++now.ids, fn, fn);
  p = avow_finally(p, fn.kind == 'f' ? on_settled : NULL, r);
  store(line->args[0], p, r->id);
}

static void on_outcome(const avow_value_t *outcome, void *data) {
  avow_value_unref(on_fulfilled(outcome, data));
}

static void do_observe(const line_t *line, frame_t *frame) {
  avow_promise_t *p = take(line->args[0]);
  if (p == NULL)
    return;
  const operand_t fn = line->args[1];
  record_t *r = record(++now.ids, fn, fn);
  avow_on_settled(p, fn.kind == 'f' ? on_outcome : NULL, r);
}

typedef avow_promise_t *(*combine_fn)(uv_loop_t *, avow_promise_t *const *,
                                      size_t);

static bool is_promise(operand_t operand) {
  return operand.kind == 'p' || operand.kind == 'P';
}

static bool only_promises(const line_t *line) {
  for (int i = 1; i < line->len; i++) {
    if (!is_promise(line->args[i]))
      return false;
  }
  return true;
}

static void combine_array(const line_t *line, combine_fn combine) {
  const int id = ++now.ids;
  avow_promise_t *inputs[MAX_ARGS];
  size_t n = 0;
  for (int i = 1; i < line->len; i++) {
    avow_promise_t *p = take(line->args[i]);
    if (p != NULL)
      inputs[n++] = p;
  }
  now.making = id; /* for avow_any() without inputs */
  avow_promise_t *p = combine(now.loop, inputs, n);
  now.making = 0;
  store(line->args[0], p, id);
}

/* A value becomes a promise when the combinator reaches it, as in
   JavaScript. */
static void combine_one_by_one(const line_t *line, avow_gather_kind_t kind,
                               frame_t *frame) {
  const int id = ++now.ids;
  avow_gather_t *gather;
  avow_promise_t *outcome = avow_gather_new(now.loop, kind, &gather);
  for (int i = 1; i < line->len; i++) {
    const operand_t operand = line->args[i];
    avow_value_t v = avow_none();
    avow_promise_t *p = NULL;
    if (is_promise(operand))
      p = take(operand);
    else
      v = evaluate(operand, frame);
    if (!is_promise(operand))
      p = make(v);
    if (p != NULL)
      avow_gather_add(gather, p);
  }
  now.making = id;
  avow_gather_unref(gather);
  now.making = 0;
  store(line->args[0], outcome, id);
}

static void do_combine(const line_t *line, frame_t *frame) {
  static const struct {
    combine_fn array;
    avow_gather_kind_t kind;
  } forms[OPS] = {
    [OP_ALL] = { avow_all, AVOW_ALL },
    [OP_SETTLED] = { avow_all_settled, AVOW_ALL_SETTLED },
    [OP_RACE] = { avow_race, AVOW_RACE },
    [OP_ANY] = { avow_any, AVOW_ANY },
  };
  if (only_promises(line))
    combine_array(line, forms[line->op].array);
  else
    combine_one_by_one(line, forms[line->op].kind, frame);
}

static void do_drop(const line_t *line, frame_t *frame) {
  avow_unref(now.promises[line->args[0].n]);
  now.promises[line->args[0].n] = NULL;
}

static void do_clock(const line_t *line, frame_t *frame) {
  const operand_t none = { 0 };
  avow_promise_t *p = avow_promise_resolve(now.loop, avow_none());
  for (int i = 1; i <= line->args[0].n; i++)
    p = avow_then(p, on_clock, NULL, record(i, none, none));
  avow_unref(p);
}

static void do_keep(const line_t *line, frame_t *frame) {
  if (frame->me != NULL)
    place_deferred(line->args[0].n, avow_deferred_ref(frame->me));
}

/* Tasks, which the loop delivers one by one. */

static void do_sleep(const line_t *line, frame_t *frame) {
  store(line->args[0], avow_sleep(now.loop, 1), ++now.ids);
}

static void do_turn(const line_t *line, frame_t *frame) {
  store(line->args[0], avow_next_iteration(now.loop), ++now.ids);
}

static void do_remote(const line_t *line, frame_t *frame) {
  avow_remote_t *r;
  avow_promise_t *p = avow_remote_new(now.loop, &r);
  (void) avow_remote_resolve(r, evaluate(line->args[1], frame)); /* in time */
  store(line->args[0], p, ++now.ids);
}

static const op_fn statements[OPS] = {
  [OP_ASYNC] = do_async,     [OP_ATTEMPT] = do_nothing,
  [OP_AWAIT] = do_nothing,   [OP_ALL] = do_combine,
  [OP_ANY] = do_combine,     [OP_CATCH] = do_catch,
  [OP_CLOCK] = do_clock,     [OP_DROP] = do_drop,
  [OP_FAIL] = do_fail,       [OP_FINALLY] = do_finally,
  [OP_KEEP] = do_keep,       [OP_NEW] = do_new,
  [OP_OBSERVE] = do_observe, [OP_OF] = do_of,
  [OP_RACE] = do_combine,    [OP_REJECT] = do_reject,
  [OP_REMOTE] = do_remote,   [OP_RESOLVE] = do_resolve,
  [OP_SETTLED] = do_combine, [OP_SLEEP] = do_sleep,
  [OP_THEN] = do_then,       [OP_TRY] = do_try,
  [OP_TURN] = do_turn,
};

/* Returns NULL if the line does not await. */
avow_promise_t *take_awaited(const line_t *line, frame_t *frame) {
  const bool awaits = line->op == OP_AWAIT || line->op == OP_ATTEMPT;
  if (!frame->async || !awaits || now.closing)
    return NULL;
  const operand_t operand = line->args[0];
  avow_promise_t *p =
      is_promise(operand) ? take(operand) : make(evaluate(operand, frame));
  frame->parked |= p != NULL;
  return p;
}

/* After an await, the function ends if it does not catch the rejection. */
bool goes_on(const line_t *line, const frame_t *frame) {
  return !now.over && (line->op == OP_ATTEMPT || !avow_is_error(frame->arg));
}

static bool await(const line_t *line, frame_t *frame) {
  avow_promise_t *p = take_awaited(line, frame);
  if (p == NULL)
    return true;
  const avow_value_t v = avow_await(p);
  avow_value_unref(frame->got);
  frame->got = v;
  frame->arg = &frame->got;
  return goes_on(line, frame);
}

void execute(const line_t *line, frame_t *frame) {
  if (now.closing)
    return;
  const op_fn own = now.own != NULL ? now.own[line->op] : NULL;
  (own != NULL ? own : statements[line->op])(line, frame);
}

avow_value_t run(const body_t *body, frame_t *frame) {
  for (const line_t *line = body->first; line != NULL; line = line->next) {
    if (now.fuel == 0)
      return avow_none();
    now.fuel--;
    if (line->op == OP_RETURN)
      return evaluate(line->args[0], frame);
    if (!await(line, frame))
      return avow_value_ref(&frame->got);
    execute(line, frame);
  }
  return avow_none();
}
