/* SPDX-License-Identifier: MIT */
/*
 * Random rows of stages with random sends and receives. A model applies the
 * same operations to an array. Despite canceled receives, the output equals the
 * array, and each object is released once.
 */
#include <stdio.h>

#include "harness.h"

enum { ITEMS = 12, STAGES = 3, STEPS = 400, SEEDS = 500 };

typedef enum { MAP, MANY, FILTER, TAKE, KINDS } kind_t;

typedef struct {
  kind_t kind;
  int n;
} stage_t;

static stage_t stages[STAGES];
static int model[ITEMS], model_n;
static int live;
static avow_channel_t *from, *to;
static uint32_t seed;

static int up_to(int n) {
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return (int) (seed % (uint32_t) n);
}

static void box_free(void *self) {
  live--;
  free(self);
}

static const avow_class_t box_class = { .name = "box", .destroy = box_free };

static avow_value_t boxed(int n) {
  int *box = malloc(sizeof(*box));
  assert_non_null(box);
  *box = n;
  live++;
  return avow_object(&box_class, box);
}

static int unboxed(const avow_value_t *v) {
  return *(int *) avow_to_object(v, &box_class);
}

static avow_value_t later(const avow_value_t *none, void *n) {
  return boxed((int) (intptr_t) n);
}

/* Settles at once or after a while. */
static avow_value_t sooner_or_later(int n) {
  if (up_to(2) == 0)
    return boxed(n);
  avow_promise_t *p = avow_sleep(loop, (uint64_t) up_to(4));
  return avow_follow(avow_then(p, later, NULL, (void *) (intptr_t) n));
}

static avow_value_t add(const avow_value_t *item, void *data) {
  const stage_t *stage = data;
  const int n = unboxed(item);
  return n % 7 == 3 ? avow_error(AVOW_ESKIP) : sooner_or_later(n + stage->n);
}

static avow_value_t say(const avow_value_t *none, void *yes) {
  return avow_int((intptr_t) yes);
}

static avow_value_t is_kept(const avow_value_t *item, void *data) {
  const stage_t *stage = data;
  const intptr_t keeps = unboxed(item) % (stage->n + 2) != 0;
  if (up_to(2) == 0)
    return avow_int(keeps);
  avow_promise_t *p = avow_sleep(loop, (uint64_t) up_to(4));
  return avow_follow(avow_then(p, say, NULL, (void *) keeps));
}

static bool model_keeps(const stage_t *stage, int *n) {
  if (stage->kind == FILTER)
    return *n % (stage->n + 2) != 0;
  if (*n % 7 == 3)
    return false;
  *n += stage->n;
  return true;
}

static void model_stage(const stage_t *stage) {
  int kept = 0;
  for (int i = 0; i < model_n; i++) {
    int n = model[i];
    if (stage->kind == TAKE ? i < stage->n : model_keeps(stage, &n))
      model[kept++] = n;
  }
  model_n = kept;
}

static avow_channel_t *add_stage(avow_channel_t *channel, stage_t *stage) {
  const avow_map_options_t many = { .concurrency = 1 + (size_t) up_to(4) };
  if (stage->kind == TAKE)
    return avow_channel_take(channel, (size_t) stage->n);
  if (stage->kind == FILTER)
    return avow_channel_filter(channel, is_kept, stage,
                               up_to(2) == 0 ? &many : NULL);
  return avow_channel_map(channel, add, stage,
                          stage->kind == MANY ? &many : NULL);
}

static void build(void) {
  from = avow_channel_new(loop, (size_t) up_to(3));
  to = avow_channel_ref(from);
  model_n = up_to(ITEMS + 1);
  for (int i = 0; i < model_n; i++)
    model[i] = up_to(100);
}

static avow_value_t forgive(const avow_value_t *error, void *data) {
  return avow_none(); /* a canceled receive */
}

static void send_one(int n) {
  avow_promise_t *p = avow_channel_send(from, sooner_or_later(n));
  avow_unref(avow_catch(p, forgive, NULL));
}

static void send_all(void) {
  for (int i = 0; i < model_n; i++)
    send_one(model[i]);
  avow_channel_end(from);
  avow_channel_clear(&from);
}

static void add_stages(void) {
  for (int i = 0; i < STAGES; i++) {
    stages[i] = (stage_t){ (kind_t) up_to(KINDS), up_to(8) };
    to = add_stage(to, &stages[i]);
    model_stage(&stages[i]);
  }
}

/* Runs the loop for a random time, or not at all. */
static void turn_a_little(void) {
  for (int n = up_to(4); n > 0; n--)
    (void) uv_run(loop, UV_RUN_NOWAIT); /* the result does not matter */
}

/* Returns an item if one arrived. May cancel a receive that is still
   pending. */
static avow_value_t ask(void) {
  avow_value_t v;
  if (up_to(4) == 0 && avow_channel_try_next(to, &v) != UV_EAGAIN)
    return v;
  avow_promise_t *p = avow_channel_next(to);
  turn_a_little();
  if (up_to(2) == 0)
    return avow_run(p);
  const bool came = avow_state(p) == AVOW_FULFILLED;
  v = came ? avow_value_ref(avow_result(p)) : avow_error(UV_EAGAIN);
  avow_cancel(p);
  avow_unref(p);
  return v;
}

static void compare(void) {
  int taken = 0;
  for (int step = 0; step < STEPS; step++) {
    avow_value_t v = ask();
    if (avow_error_code(&v) == UV_EAGAIN)
      continue;
    if (v.tag == AVOW_PROMISE)
      v = avow_run(v.u.p);
    if (v.tag == AVOW_NONE)
      break;
    assert_int_equal(avow_error_code(&v), 0);
    assert_in_range(taken, 0, model_n - 1);
    assert_int_equal(unboxed(&v), model[taken++]);
    avow_value_unref(v);
  }
  assert_int_equal(taken, model_n);
}

static void output_matches_the_array(void **state) {
  for (uint32_t i = 1; i <= SEEDS; i++) {
    seed = i * UINT32_C(2654435761);
    build();
    send_all();
    add_stages();
    compare();
    avow_channel_clear(&to);
    run();
    assert_int_equal(live, 0);
  }
}

/* The stage is released while it holds an item. */
static void released_stages_release_their_items(void **state) {
  for (uint32_t i = 1; i <= SEEDS; i++) {
    seed = i * UINT32_C(2654435761);
    build();
    send_all();
    add_stages();
    for (int n = up_to(8); n > 0; n--) {
      avow_value_t v = ask();
      if (v.tag == AVOW_PROMISE)
        v = avow_run(v.u.p);
      avow_value_unref(v);
    }
    avow_channel_clear(&to);
    run();
    assert_int_equal(live, 0);
  }
}

SUITE(stage_model) {
  const struct CMUnitTest tests[] = {
    TIMED_CASE(output_matches_the_array),
    TIMED_CASE(released_stages_release_their_items),
  };
  return RUN(tests);
}
