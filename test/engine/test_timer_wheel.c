/* SPDX-License-Identifier: MIT */
/* The wheel in which sleeps wait. The tests set its time. */
#include "engine/timer_wheel.h"
#include "harness.h"

static uint64_t seed;

/* xorshift64*, with the same numbers in each run. */
static uint64_t random_below(uint64_t limit) {
  seed ^= seed >> 12;
  seed ^= seed << 25;
  seed ^= seed >> 27;
  return (seed * UINT64_C(2685821657736338717) >> 16) % limit;
}

enum { SLEEPS = 5000 };

typedef struct {
  avow__timer_wheel_t wheel;
  avow__queue_t due;
  uint64_t now;
  avow_promise_t sleeps[SLEEPS];
  uint64_t age[SLEEPS];
  bool gone[SLEEPS];
  unsigned n, ended;
  uint64_t last_deadline, last_age;
} model_t;

/* The wheel may start at any time, so that digits carry. */
static model_t *model_new(uint64_t start) {
  model_t *model = test_calloc(1, sizeof(*model));
  seed = start + 1;
  model->now = start;
  model->wheel.now = start;
  avow__queue_init(&model->due);
  return model;
}

static void add(model_t *model, uint64_t ms) {
  if (model->n == SLEEPS)
    return;
  avow_promise_t *p = &model->sleeps[model->n];
  p->u.timer.deadline = model->now + ms;
  model->age[model->n] = model->n;
  model->n++;
  avow__wheel_put(&model->wheel, p);
}

/* Adds a sleep whose length is below a random power of two, at most 2^bits. */
static void add_any(model_t *model, unsigned bits) {
  add(model, random_below(UINT64_C(1) << (1 + random_below(bits))));
}

static void check_ended(model_t *model, const avow_promise_t *p) {
  const size_t i = (size_t) (p - model->sleeps);
  assert_true(i < model->n && !model->gone[i]);
  assert_true(p->u.timer.deadline <= model->now);
  assert_true(p->u.timer.deadline >= model->last_deadline);
  if (p->u.timer.deadline == model->last_deadline)
    assert_true(model->age[i] >= model->last_age);
  model->last_deadline = p->u.timer.deadline;
  model->last_age = model->age[i];
  model->gone[i] = true;
  model->ended++;
}

static void advance_to(model_t *model, uint64_t now) {
  model->now = now;
  uint64_t present;
  while ((present = avow__wheel_earliest(&model->wheel)) <= now)
    avow__wheel_expire(&model->wheel, present, &model->due);
  while (!avow__queue_is_empty(&model->due)) {
    avow_promise_t *p = (avow_promise_t *) model->due.head.next;
    avow__queue_remove(&p->link);
    check_ended(model, p);
  }
  assert_true(avow__wheel_earliest(&model->wheel) > now);
}

static uint64_t earliest_by_search(const model_t *model) {
  uint64_t found = UINT64_MAX;
  for (unsigned i = 0; i < model->n; i++)
    if (!model->gone[i] && model->sleeps[i].u.timer.deadline < found)
      found = model->sleeps[i].u.timer.deadline;
  return found;
}

/* Adds half of the sleeps while time advances in steps of any size. */
static void assert_in_order(uint64_t start, unsigned bits) {
  model_t *model = model_new(start);
  while (model->n < SLEEPS / 2)
    add_any(model, bits);

  while (model->ended < SLEEPS) {
    add_any(model, bits);
    add_any(model, bits);
    const uint64_t next = earliest_by_search(model);
    assert_int_equal(avow__wheel_earliest(&model->wheel), next);
    advance_to(model, next + random_below(1 + (next - model->now)));
  }

  assert_true(avow__wheel_is_empty(&model->wheel));
  test_free(model);
}

static void sleeps_of_milliseconds_end_in_order(void **state) {
  assert_in_order(0, 6);
}

static void sleeps_of_seconds_end_in_order(void **state) {
  assert_in_order(63, 12);
}

static void sleeps_of_hours_end_in_order(void **state) {
  assert_in_order(4095, 24);
}

static void sleeps_of_centuries_end_in_order(void **state) {
  assert_in_order((UINT64_C(1) << 30) - 1, 46);
}

static void sleeps_of_one_deadline_end_by_age(void **state) {
  model_t *model = model_new(0);
  const uint64_t deadline = 10800000; /* three hours */

  while (model->n < SLEEPS) {
    add(model, deadline - model->now);
    if (model->now + 4000 < deadline)
      advance_to(model, model->now + random_below(4000));
  }
  assert_int_equal(model->ended, 0);
  advance_to(model, deadline);

  assert_int_equal(model->ended, SLEEPS); /* check_ended() checks the order */
  test_free(model);
}

static void removed_sleeps_do_not_end(void **state) {
  model_t *model = model_new(1000);
  while (model->n < SLEEPS)
    add_any(model, 24);

  for (unsigned i = 0; i < SLEEPS; i += 2) {
    if (!model->gone[i]) {
      avow__wheel_take(&model->wheel, &model->sleeps[i]);
      model->gone[i] = true;
    }
    if (i % 100 == 0)
      advance_to(model, model->now + random_below(5000));
  }
  advance_to(model, model->now + (UINT64_C(1) << 25));

  assert_true(avow__wheel_is_empty(&model->wheel));
  assert_int_equal(earliest_by_search(model), UINT64_MAX);
  test_free(model);
}

static void take(model_t *model, unsigned i) {
  avow__wheel_take(&model->wheel, &model->sleeps[i]);
  model->gone[i] = true;
}

/* The timer is due when the removed sleep was due, and then once more for the
   next sleep. */
static void removed_sleep_does_not_delay_the_next(void **state) {
  model_t *model = model_new(0);
  add(model, 5000);
  add(model, 5003);
  add(model, 8000);

  take(model, 0);
  assert_int_equal(avow__wheel_earliest(&model->wheel), 5000);
  advance_to(model, 5000);
  assert_int_equal(avow__wheel_earliest(&model->wheel), 5003);
  advance_to(model, 5003);
  assert_int_equal(model->ended, 1);
  take(model, 2);
  assert_int_equal(avow__wheel_earliest(&model->wheel), UINT64_MAX);

  add(model, 100);
  assert_int_equal(avow__wheel_earliest(&model->wheel), 5103);
  advance_to(model, 5103);
  assert_true(avow__wheel_is_empty(&model->wheel));
  test_free(model);
}

/* The test overwrites the deadlines of the far sleeps, which must not be
   read. */
static void distant_sleeps_are_not_read(void **state) {
  enum { FAR = 3600 * 1000 };
  model_t *model = model_new(0);
  for (int i = 0; i < 100; i++) {
    add(model, FAR + (uint64_t) i);
    model->sleeps[i].u.timer.deadline = 0;
  }

  for (int i = 0; i < 100; i++) {
    add(model, 1);
    assert_int_equal(avow__wheel_earliest(&model->wheel), model->now + 1);
    advance_to(model, model->now + 1);
    assert_int_equal(avow__wheel_earliest(&model->wheel), FAR);
  }

  assert_int_equal(model->ended, 100);
  test_free(model);
}

SUITE(timer_wheel) {
  const struct CMUnitTest tests[] = {
    CASE(sleeps_of_milliseconds_end_in_order),
    CASE(sleeps_of_seconds_end_in_order),
    CASE(sleeps_of_hours_end_in_order),
    CASE(sleeps_of_centuries_end_in_order),
    CASE(sleeps_of_one_deadline_end_by_age),
    CASE(removed_sleeps_do_not_end),
    CASE(removed_sleep_does_not_delay_the_next),
    CASE(distant_sleeps_are_not_read),
  };
  return RUN(tests);
}
