/* SPDX-License-Identifier: MIT */
/*
 * A virtual clock against a model. Sleepers wake, make other sleepers and
 * cancel some, as a seed decides. They must wake at the same times and in the
 * same order as in a list that is searched for the earliest.
 */

#include "harness.h"

enum { SLEEPERS = 300, FIRST = 10, SEEDS = 300 };

/* Which sleepers woke, and when. */
typedef struct {
  uint64_t at;
  size_t id;
} event_t;

typedef struct {
  event_t events[SLEEPERS];
  size_t n;
} record_t;

/* Sleepers are numbered in the order in which they are made. */
typedef struct world_s {
  void (*sleep)(struct world_s *world, size_t id, uint64_t ms);
  void (*cancel)(struct world_s *world, size_t id);
  record_t record;
  size_t made;
} world_t;

typedef struct {
  world_t world;
  uint64_t now;
  uint64_t deadlines[SLEEPERS];
  bool sleeps[SLEEPERS];
} model_t;

typedef struct {
  world_t world;
  avow_promise_t *promises[SLEEPERS]; /* NULL after the sleep */
} real_t;

static uint64_t seed;

/* splitmix64, seeded with `seed` and `number`. */
static uint64_t chance(uint64_t number, uint64_t below) {
  uint64_t z = seed + number * UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (z ^ (z >> 31)) % below;
}

/* Most sleeps are short, so that many of them are due together. Some have any
   length. */
static uint64_t duration(size_t id) {
  return chance(4 * id, 8) > 0 ? chance(4 * id + 1, 20)
                               : chance(4 * id + 1, UINT64_C(1) << 40);
}

static void make_one(world_t *world) {
  if (world->made == SLEEPERS)
    return;
  const size_t id = world->made++;
  world->sleep(world, id, duration(id));
}

static void wake(world_t *world, size_t id, uint64_t now) {
  world->record.events[world->record.n++] = (event_t){ now, id };
  for (uint64_t n = chance(4 * id + 2, 3); n > 0; n--)
    make_one(world);
  if (chance(4 * id + 3, 4) == 0)
    world->cancel(world, (size_t) chance(id, world->made));
}

/* The model. */

static void model_sleep(world_t *world, size_t id, uint64_t ms) {
  model_t *model = (model_t *) world;
  model->deadlines[id] = model->now + ms;
  model->sleeps[id] = true;
}

static void model_cancel(world_t *world, size_t id) {
  ((model_t *) world)->sleeps[id] = false;
}

/* Returns SLEEPERS if no sleeper sleeps. */
static size_t model_next(const model_t *model) {
  size_t next = SLEEPERS;
  for (size_t id = 0; id < model->world.made; id++)
    if (model->sleeps[id] &&
        (next == SLEEPERS || model->deadlines[id] < model->deadlines[next]))
      next = id;
  return next;
}

static void model_advance(model_t *model, uint64_t to) {
  size_t id;
  while ((id = model_next(model)) != SLEEPERS && model->deadlines[id] <= to) {
    model->now = model->deadlines[id];
    model->sleeps[id] = false;
    wake(&model->world, id, model->now);
  }
  model->now = to;
}

/* The library. */

static real_t real;

static avow_value_t real_wake(const avow_value_t *arg, void *promise) {
  avow_promise_t **at = promise;
  const size_t id = (size_t) (at - real.promises);
  avow_unref(*at);
  *at = NULL;
  wake(&real.world, id, avow_now(loop));
  return avow_none();
}

static void real_sleep(world_t *world, size_t id, uint64_t ms) {
  avow_promise_t **at = &real.promises[id];
  *at = avow_then(avow_sleep(loop, ms), real_wake, NULL, at);
}

static void real_cancel(world_t *world, size_t id) {
  avow_promise_t *p = real.promises[id];
  real.promises[id] = NULL;
  if (p == NULL)
    return;
  avow_cancel(p);
  avow_unref(p);
}

/* The comparison. */

static void assert_same(const model_t *model) {
  const record_t *expected = &model->world.record, *got = &real.world.record;
  assert_int_equal(got->n, expected->n);
  for (size_t i = 0; i < got->n; i++) {
    assert_int_equal(got->events[i].id, expected->events[i].id);
    assert_int_equal(got->events[i].at, expected->events[i].at);
  }
}

static void begin(model_t *model) {
  *model =
      (model_t){ .world.sleep = model_sleep, .world.cancel = model_cancel };
  real = (real_t){ .world.sleep = real_sleep, .world.cancel = real_cancel };
  for (int i = 0; i < FIRST; i++) {
    make_one(&model->world);
    make_one(&real.world);
  }
}

static void simulate_by_hand(void) {
  model_t model;
  use_clock(AVOW_CLOCK_BY_HAND);
  begin(&model);
  for (uint64_t i = 0; model_next(&model) != SLEEPERS; i++) {
    const uint64_t ms = i < 20 ? chance(i, 20) : UINT64_C(1) << 40;
    model_advance(&model, model.now + ms);
    advance(ms);
    assert_same(&model);
    assert_int_equal(avow_now(loop), model.now);
  }
}

static void simulate_by_itself(void) {
  model_t model;
  use_clock(AVOW_CLOCK_BY_ITSELF);
  begin(&model);
  model_advance(&model, UINT64_C(1) << 47);
  run();
  assert_same(&model);
}

static void with_seeds(void (*simulate)(void)) {
  for (uint64_t i = 1; i <= SEEDS; i++) {
    seed = i * UINT64_C(0xd1342543de82ef95);
    simulate();
  }
}

static void manual_clock_matches_the_model(void **state) {
  with_seeds(simulate_by_hand);
}

static void automatic_clock_matches_the_model(void **state) {
  with_seeds(simulate_by_itself);
}

SUITE(clock_model) {
  const struct CMUnitTest tests[] = {
    CASE(manual_clock_matches_the_model),
    CASE(automatic_clock_matches_the_model),
  };
  return RUN(tests);
}
