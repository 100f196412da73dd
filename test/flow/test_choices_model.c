/* SPDX-License-Identifier: MIT */
/*
 * Random programs of sends, receives, selects and cancellations over a few
 * channels and promises. A model keeps lists where avow keeps links. After each
 * step, both must agree on every promise. At the end, each item must have been
 * released exactly once. The model does not choose among ready cases. It checks
 * that avow chose one of them.
 */
#include <stdio.h>

#include "harness.h"

enum {
  CHANNELS = 3,
  PROMISES = 2,
  OPS = 120,
  CASES = 4,
  WAITING = OPS * CASES,
  SEEDS = 500,
  PENDING = -1000 /* no valid code */
};

enum { IS_NONE = -1 }; /* no valid item */

/* Outcome of an operation: PENDING, a code, or 0 with the case and item. */
typedef struct {
  int code;
  size_t index;
  int item;
} end_t;

typedef struct {
  int op;
  size_t index; /* index of the case */
  int item;     /* item to send; IS_NONE: receive */
} entry_t;

typedef struct {
  entry_t at[WAITING];
  int n;
} line_t;

typedef struct {
  line_t items, senders, takers;
  int room;
  bool ended;
} model_channel_t;

typedef struct {
  avow_promise_t *p;
  bool selects;
  end_t expected;
} op_t;

static model_channel_t model[CHANNELS];
static line_t waits_for[PROMISES]; /* selects, by promise */
static line_t jobs;                /* reactions that a promise has queued */
static bool settled[PROMISES];
static op_t ops[OPS];
static int ops_n, items_n;
static int released[OPS * CASES], ids[OPS * CASES];
static uint32_t seed;

static avow_channel_t *channels[CHANNELS];
static avow_promise_t *promises[PROMISES];
static avow_deferred_t *deferreds[PROMISES];

static int up_to(int n) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return (int) (seed % (uint32_t) n);
}

static void item_destroy(void *self) {
  released[*(int *) self]++;
}

static const avow_class_t item_class = { .name = "item",
                                         .destroy = item_destroy };

static avow_value_t item_of(int id) {
  assert_true(id < OPS * CASES);
  ids[id] = id;
  return avow_object(&item_class, &ids[id]);
}

static int id_of(const avow_value_t *v) {
  return avow_is_none(v) ? IS_NONE : *(int *) avow_to_object(v, &item_class);
}

/* Lines. */

static void line_add(line_t *line, entry_t entry) {
  assert_true(line->n < WAITING);
  line->at[line->n++] = entry;
}

static entry_t line_take(line_t *line) {
  const entry_t first = line->at[0];
  memmove(line->at, line->at + 1, (size_t) --line->n * sizeof(first));
  return first;
}

static void line_forget(line_t *line, int op) {
  int kept = 0;
  for (int i = 0; i < line->n; i++)
    if (line->at[i].op != op)
      line->at[kept++] = line->at[i];
  line->n = kept;
}

/* The model. */

static void finish(entry_t entry, int code, int item) {
  for (int i = 0; i < CHANNELS; i++) {
    line_forget(&model[i].senders, entry.op);
    line_forget(&model[i].takers, entry.op);
  }
  for (int i = 0; i < PROMISES; i++)
    line_forget(&waits_for[i], entry.op);
  line_forget(&jobs, entry.op);
  ops[entry.op].expected = (end_t){ code, entry.index, item };
}

static bool gives(const model_channel_t *c) {
  return c->items.n > 0 || c->senders.n > 0 || c->ended;
}

static bool takes(const model_channel_t *c) {
  return c->ended || c->takers.n > 0 || c->items.n < c->room;
}

static int model_take(model_channel_t *c) {
  if (c->items.n == 0 && c->senders.n == 0)
    return IS_NONE;
  if (c->items.n == 0) {
    const entry_t sender = line_take(&c->senders);
    finish(sender, 0, IS_NONE);
    return sender.item;
  }
  const int item = line_take(&c->items).item;
  if (c->senders.n > 0 && c->items.n < c->room) {
    const entry_t sender = line_take(&c->senders);
    line_add(&c->items, sender);
    finish(sender, 0, IS_NONE);
  }
  return item;
}

static int model_give(model_channel_t *c, int item) {
  if (c->ended)
    return UV_EPIPE;
  if (c->takers.n > 0)
    finish(line_take(&c->takers), 0, item);
  else
    line_add(&c->items, (entry_t){ .item = item });
  return 0;
}

static void model_end(model_channel_t *c) {
  c->ended = true;
  while (c->takers.n > 0)
    finish(line_take(&c->takers), 0, IS_NONE);
}

static void model_close(model_channel_t *c) {
  model_end(c);
  c->items.n = 0;
  while (c->senders.n > 0)
    finish(line_take(&c->senders), UV_EPIPE, IS_NONE);
}

static void model_drain(void) {
  while (jobs.n > 0)
    finish(line_take(&jobs), 0, IS_NONE);
}

/* Steps of both avow and the model. */

static int op_new(avow_promise_t *p, bool selects) {
  ops[ops_n] = (op_t){ .p = p, .selects = selects };
  ops[ops_n].expected.code = PENDING;
  return ops_n++;
}

static end_t end_of(const op_t *op) {
  if (avow_state(op->p) == AVOW_PENDING)
    return (end_t){ .code = PENDING };
  const avow_value_t *v = avow_result(op->p);
  if (!op->selects || avow_is_error(v))
    return (end_t){ avow_is_error(v) ? avow_error_code(v) : 0, 0,
                    avow_is_error(v) ? IS_NONE : id_of(v) };
  const avow_outcome_t *outcome = avow_to_outcome(v);
  const int code = avow_error_code(outcome->value);
  return (end_t){ code, outcome->index,
                  code == 0 ? id_of(outcome->value) : IS_NONE };
}

static void compare(void) {
  for (int i = 0; i < ops_n; i++) {
    const end_t is = end_of(&ops[i]), should = ops[i].expected;
    const bool same = is.code == should.code &&
                      (is.code == PENDING || is.code == UV_ECANCELED ||
                       (is.index == should.index && is.item == should.item));
    if (!same)
      print_error("operation %d: code %d, case %zu, item %d, not %d, %zu, %d\n",
                  i, is.code, is.index, is.item, should.code, should.index,
                  should.item);
    assert_true(same);
  }
}

static void send_one(int c) {
  const int item = items_n++;
  const bool waits = !takes(&model[c]);
  const int op = op_new(avow_channel_send(channels[c], item_of(item)), false);
  const entry_t entry = { .op = op, .item = item };
  if (waits)
    line_add(&model[c].senders, entry);
  else
    finish(entry, model_give(&model[c], item), IS_NONE);
}

static void take_one(int c) {
  const bool waits = !gives(&model[c]);
  const int op = op_new(avow_channel_next(channels[c]), false);
  const entry_t entry = { .op = op, .item = IS_NONE };
  if (waits)
    line_add(&model[c].takers, entry);
  else
    finish(entry, 0, model_take(&model[c]));
}

static void try_to_send(int c) {
  const int item = items_n++;
  const avow_value_t v = item_of(item);
  const bool waits = !takes(&model[c]);
  const int err = avow_channel_try_send(channels[c], v);
  if (waits)
    avow_value_unref(v);
  assert_int_equal(err, waits ? UV_EAGAIN : model_give(&model[c], item));
}

static void try_to_take(int c) {
  avow_value_t v;
  const bool waits = !gives(&model[c]);
  const int err = avow_channel_try_next(channels[c], &v);
  assert_int_equal(err, waits ? UV_EAGAIN : 0);
  assert_int_equal(id_of(&v), waits ? IS_NONE : model_take(&model[c]));
  avow_value_unref(v);
}

/* Returns a random case. Stores its part of the model: the index of a channel,
   or of a promise, counted after the channels. */
static avow_case_t case_new(int *about, int *item) {
  const int c = up_to(CHANNELS), kind = up_to(7);
  *about = c;
  *item = IS_NONE;
  if (kind < 3)
    return avow_case_next(channels[c]);
  if (kind < 6) {
    *item = items_n++;
    return avow_case_send(channels[c], item_of(*item));
  }
  *about = CHANNELS + up_to(PROMISES);
  return avow_case_settled(promises[*about - CHANNELS]);
}

static bool is_ready(int about, int item) {
  if (about >= CHANNELS)
    return settled[about - CHANNELS];
  return item == IS_NONE ? gives(&model[about]) : takes(&model[about]);
}

static void model_choose(entry_t entry, int about) {
  if (about >= CHANNELS)
    finish(entry, 0, IS_NONE);
  else if (entry.item == IS_NONE)
    finish(entry, 0, model_take(&model[about]));
  else
    finish(entry, model_give(&model[about], entry.item), IS_NONE);
}

static void model_wait(entry_t entry, int about) {
  if (about >= CHANNELS)
    line_add(&waits_for[about - CHANNELS], entry);
  else if (entry.item == IS_NONE)
    line_add(&model[about].takers, entry);
  else
    line_add(&model[about].senders, entry);
}

static void choose(void) {
  avow_case_t cases[CASES];
  int about[CASES], items[CASES];
  const size_t n = (size_t) up_to(CASES) + 1;
  bool any = false;
  for (size_t i = 0; i < n; i++) {
    cases[i] = case_new(&about[i], &items[i]);
    any = any || is_ready(about[i], items[i]);
  }
  const int op = op_new(avow_select(cases, n), true);
  const end_t end = end_of(&ops[op]);
  assert_int_equal(end.code == PENDING, !any);
  if (any)
    assert_true(is_ready(about[end.index], items[end.index]));
  if (any)
    model_choose((entry_t){ op, end.index, items[end.index] },
                 about[end.index]);
  for (size_t i = 0; i < n && !any; i++)
    model_wait((entry_t){ op, i, items[i] }, about[i]);
}

static void cancel_one(void) {
  const int op = up_to(ops_n);
  avow_cancel(ops[op].p);
  if (ops[op].expected.code == PENDING)
    finish((entry_t){ .op = op }, UV_ECANCELED, IS_NONE);
}

static void drain(void) {
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the result does not matter */
  model_drain();
}

static void settle_one(int i) {
  if (settled[i])
    return;
  settled[i] = true;
  (void) avow_resolve(deferreds[i], avow_none()); /* pending */
  for (int k = 0; k < waits_for[i].n; k++)
    line_add(&jobs, waits_for[i].at[k]);
  waits_for[i].n = 0;
}

static void end_one(int c) {
  avow_channel_end(channels[c]);
  model_end(&model[c]);
}

static void close_one(int c) {
  avow_channel_close(channels[c]);
  model_close(&model[c]);
}

static void step(void) {
  const int c = up_to(CHANNELS), what = up_to(100);
  if (what < 20)
    send_one(c);
  else if (what < 40)
    take_one(c);
  else if (what < 70)
    choose();
  else if (what < 76)
    try_to_send(c);
  else if (what < 82)
    try_to_take(c);
  else if (what < 90 && ops_n > 0)
    cancel_one();
  else if (what < 96)
    drain();
  else if (what == 96)
    settle_one(up_to(PROMISES));
  else if (what == 97)
    end_one(c);
  else if (what == 98)
    close_one(c);
}

static void begin(void) {
  ops_n = items_n = jobs.n = 0;
  memset(released, 0, sizeof(released));
  memset(model, 0, sizeof(model));
  for (int i = 0; i < CHANNELS; i++) {
    model[i].room = up_to(3);
    channels[i] = avow_channel_new(loop, (size_t) model[i].room);
  }
  for (int i = 0; i < PROMISES; i++) {
    settled[i] = false;
    waits_for[i].n = 0;
    promises[i] = avow_promise_new(loop, &deferreds[i]);
  }
}

static void finish_all(void) {
  for (int i = 0; i < CHANNELS; i++) {
    close_one(i);
    avow_channel_unref(channels[i]);
  }
  for (int i = 0; i < PROMISES; i++) {
    settle_one(i);
    avow_unref(promises[i]);
  }
  drain();
  compare();
  for (int i = 0; i < ops_n; i++)
    avow_unref(ops[i].p);
  drain();
  for (int i = 0; i < items_n; i++)
    assert_int_equal(released[i], 1);
}

static void run_program(uint32_t number) {
  seed = number * 2654435761u + 1;
  begin();
  while (ops_n < OPS) {
    step();
    compare();
  }
  finish_all();
}

static void items_are_delivered_as_in_the_model(void **state) {
  for (uint32_t i = 0; i < SEEDS; i++)
    run_program(i);
}

SUITE(choices_model) {
  const struct CMUnitTest tests[] = {
    CASE(items_are_delivered_as_in_the_model),
  };
  return RUN(tests);
}
