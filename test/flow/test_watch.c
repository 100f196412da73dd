/* SPDX-License-Identifier: MIT */
/* Watches: a changing value, and subscribers that receive the newest one. */
#include "harness.h"

static avow_watch_t *watch;

static int set_up(void **state) {
  const int err = harness_setup(state);
  watch = avow_watch_new(loop, avow_int(1));
  return err;
}

static int tear_down(void **state) {
  avow_watch_unref(watch);
  watch = NULL;
  run();
  return harness_teardown(state);
}

static void release_watch(void) {
  avow_watch_unref(watch);
  watch = NULL;
}

static void set_int(int64_t value) {
  avow_watch_set(watch, avow_int(value));
}

/* A value is ready at once. */
static void assert_now(const avow_channel_t *c, int64_t expected) {
  avow_value_t v;
  assert_int_equal(avow_channel_try_next(c, &v), 0);
  assert_int_equal(avow_to_int(&v), expected);
}

static void assert_nothing_yet(const avow_channel_t *c) {
  avow_value_t v;
  assert_int_equal(avow_channel_try_next(c, &v), UV_EAGAIN);
}

static void assert_at_end(const avow_channel_t *c) {
  avow_value_t v;
  assert_int_equal(avow_channel_try_next(c, &v), 0);
  assert_true(avow_is_none(&v));
}

static void each_subscriber_receives_the_newest_unseen_value(void **state) {
  avow_channel_t *quick = avow_watch_subscribe(watch);
  avow_channel_t *slow = avow_watch_subscribe(watch);
  assert_fulfills_int(avow_channel_next(quick), 1);
  set_int(2);
  assert_fulfills_int(avow_channel_next(quick), 2);

  set_int(3);

  assert_fulfills_int(avow_channel_next(quick), 3);
  assert_fulfills_int(avow_channel_next(slow), 3);
  assert_nothing_yet(quick);
  assert_nothing_yet(slow);
  avow_channel_unref(quick);
  avow_channel_unref(slow);
}

static void pending_receives_get_the_next_value(void **state) {
  avow_channel_t *c = avow_watch_subscribe(watch);
  avow_promise_t *first = avow_channel_next(c);
  avow_promise_t *second = avow_channel_next(c);
  avow_promise_t *third = avow_channel_next(c);

  set_int(2);
  set_int(2); /* setting an equal value is a change too */

  assert_fulfills_int(first, 1);
  assert_fulfills_int(second, 2);
  assert_fulfills_int(third, 2);
  avow_channel_unref(c);
}

static void current_value_can_be_read(void **state) {
  const avow_value_t *v = avow_watch_value(watch);
  assert_int_equal(avow_to_int(v), 1);

  avow_watch_set(watch, avow_string("settings"));

  assert_string_equal(avow_to_bytes(avow_watch_value(watch), NULL), "settings");
}

static void receive_waits_while_there_is_no_value(void **state) {
  avow_channel_t *c = avow_watch_subscribe(watch);
  avow_watch_set(watch, avow_none());
  assert_true(avow_is_none(avow_watch_value(watch)));
  assert_nothing_yet(c);
  avow_promise_t *p = avow_channel_next(c);
  avow_watch_set(watch, avow_none());
  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  set_int(2);

  assert_fulfills_int(p, 2);
  avow_channel_unref(c);
}

static void watch_may_end_before_its_first_value(void **state) {
  avow_watch_t *w = avow_watch_new(loop, avow_none());
  avow_channel_t *c = avow_watch_subscribe(w);
  avow_channel_t *other = avow_watch_subscribe(w);
  avow_promise_t *p = avow_channel_next(c);

  avow_watch_unref(w);

  assert_fulfills_none(p);
  assert_at_end(other);
  avow_channel_unref(c);
  avow_channel_unref(other);
}

static void subscribers_end_after_the_last_value(void **state) {
  avow_channel_t *behind = avow_watch_subscribe(watch);
  avow_channel_t *waits = avow_watch_subscribe(watch);
  avow_channel_t *idle = avow_watch_subscribe(watch);
  assert_now(waits, 1);
  assert_now(idle, 1);
  avow_promise_t *p = avow_channel_next(waits);
  avow_watch_t *other = avow_watch_ref(watch);
  release_watch();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  avow_watch_unref(other);

  assert_fulfills_none(p);
  assert_now(behind, 1);
  assert_at_end(behind);
  assert_at_end(idle);
  avow_channel_unref(behind);
  avow_channel_unref(waits);
  avow_channel_unref(idle);
}

static void error_is_a_value(void **state) {
  avow_channel_t *c = avow_watch_subscribe(watch);

  avow_watch_set(watch, avow_error(UV_EIO));

  assert_rejects(avow_channel_next(c), UV_EIO);
  assert_nothing_yet(c);
  set_int(2);
  assert_fulfills_int(avow_channel_next(c), 2);
  avow_channel_unref(c);
}

static void canceled_receive_takes_no_value(void **state) {
  avow_channel_t *c = avow_watch_subscribe(watch);
  assert_now(c, 1);
  avow_promise_t *called_off = avow_channel_next(c);
  assert_cancels_at_once(called_off);

  set_int(2);
  set_int(3);

  assert_fulfills_int(avow_channel_next(c), 3);
  assert_nothing_yet(c);
  avow_channel_unref(c);
}

static void subscription_may_be_selected(void **state) {
  avow_channel_t *c = avow_watch_subscribe(watch);
  avow_channel_t *other = avow_channel_new(loop, 1);
  assert_now(c, 1);
  const avow_case_t cases[] = { avow_case_next(other), avow_case_next(c) };
  avow_promise_t *p = avow_select(cases, 2);

  set_int(2);

  const avow_value_t v = avow_run(p);
  assert_int_equal(avow_to_outcome(&v)->index, 1);
  assert_int_equal(avow_to_int(avow_to_outcome(&v)->value), 2);
  avow_value_unref(v);
  avow_channel_unref(other);
  avow_channel_unref(c);
}

static void subscribers_are_counted(void **state) {
  avow_channel_t *a = avow_watch_subscribe(watch);
  avow_channel_t *b = avow_watch_subscribe(watch);
  assert_int_equal(avow_watch_subscribers(watch), 2);

  avow_channel_unref(a);
  avow_channel_close(b);

  assert_int_equal(avow_watch_subscribers(watch), 0);
  avow_channel_unref(b);
}

/* The released value sets the watch again and subscribes. */

static avow_channel_t *joined;

static void set_again(void *self) {
  if (watch == NULL || joined != NULL)
    return;
  joined = avow_watch_subscribe(watch);
  set_int(7);
}

static const avow_class_t setting = { .name = "setting", .destroy = set_again };

static void destroyed_value_may_set_the_watch(void **state) {
  avow_watch_set(watch, avow_object(&setting, NULL));
  avow_channel_t *c = avow_watch_subscribe(watch);

  set_int(2);

  assert_now(c, 7);
  assert_now(joined, 7);
  avow_channel_unref(c);
  avow_channel_unref(joined);
  joined = NULL;
}

static void watch_without_memory_rejects(void **state) {
  for (int n = 1; n <= 2; n++) {
    const avow_value_t first = avow_string("it is lost, and not inside");
    fail_allocation(n, false);
    avow_watch_t *w = avow_watch_new(loop, first);
    fail_allocation(0, false);

    avow_watch_set(w, avow_string("lost, too"));
    assert_true(avow_is_none(avow_watch_value(w)));
    assert_int_equal(avow_watch_subscribers(w), 0);
    avow_channel_t *c = avow_watch_subscribe(w);
    assert_rejects(avow_channel_next(c), UV_ENOMEM);
    avow_channel_unref(c);
    avow_watch_unref(w);
  }
}

static void watch_may_outlive_its_loop(void **state) {
  avow_channel_t *c = avow_watch_subscribe(watch);

  renew_loop();

  set_int(2);
  assert_true(avow_is_none(avow_watch_value(watch)));
  avow_channel_t *late = avow_watch_subscribe(watch);
  avow_channel_unref(late);
  avow_channel_unref(c);
  release_watch();
}

/* Random programs, compared with a number and a set of its receivers. */

enum { CHANNELS = 4, STEPS = 200 };

typedef struct {
  uint64_t state;
  int64_t value; /* 0: none */
  uint64_t version;
  struct {
    avow_channel_t *channel;
    uint64_t seen;
  } at[CHANNELS];
} model_t;

static unsigned pick(model_t *m, unsigned n) {
  m->state = m->state * UINT64_C(6364136223846793005) + 1442695040888963407U;
  return (unsigned) (m->state >> 33) % n;
}

static void model_set(model_t *m, int64_t value) {
  m->value = value;
  m->version++;
  avow_watch_set(watch, value != 0 ? avow_int(value) : avow_none());
}

static void model_receive(model_t *m, unsigned i) {
  avow_value_t v;
  const int err = avow_channel_try_next(m->at[i].channel, &v);
  const bool news = m->value != 0 && m->at[i].seen != m->version;
  assert_int_equal(err, news || watch == NULL ? 0 : UV_EAGAIN);
  if (news) {
    assert_int_equal(avow_to_int(&v), m->value);
    m->at[i].seen = m->version;
  } else {
    assert_true(avow_is_none(&v));
  }
}

static void model_step(model_t *m, int64_t number) {
  const unsigned i = pick(m, CHANNELS);
  const unsigned what = pick(m, 10);
  if (what == 0) {
    avow_channel_clear(&m->at[i].channel);
  } else if (m->at[i].channel == NULL) {
    m->at[i].channel = avow_watch_subscribe(watch);
    m->at[i].seen = UINT64_MAX;
  } else if (what < 4) {
    model_set(m, what == 1 ? 0 : number);
  } else if (what == 4) {
    avow_promise_t *p = avow_channel_next(m->at[i].channel);
    if (avow_state(p) == AVOW_PENDING)
      avow_cancel(p);
    else
      m->at[i].seen = m->version;
    avow_unref(p);
  } else {
    model_receive(m, i);
  }
}

static void random_programs_match_the_model(void **state) {
  release_watch();
  for (uint64_t seed = 1; seed <= 300; seed++) {
    model_t m = { .state = seed };
    watch = avow_watch_new(loop, avow_none());
    for (int64_t i = 1; i <= STEPS; i++)
      model_step(&m, i);
    release_watch();
    for (unsigned i = 0; i < CHANNELS; i++)
      if (m.at[i].channel != NULL) {
        model_receive(&m, i);
        model_receive(&m, i);
        avow_channel_unref(m.at[i].channel);
      }
    run();
  }
}

#define WATCH_CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(watch) {
  const struct CMUnitTest tests[] = {
    WATCH_CASE(each_subscriber_receives_the_newest_unseen_value),
    WATCH_CASE(pending_receives_get_the_next_value),
    WATCH_CASE(current_value_can_be_read),
    WATCH_CASE(receive_waits_while_there_is_no_value),
    WATCH_CASE(watch_may_end_before_its_first_value),
    WATCH_CASE(subscribers_end_after_the_last_value),
    WATCH_CASE(error_is_a_value),
    WATCH_CASE(canceled_receive_takes_no_value),
    WATCH_CASE(subscription_may_be_selected),
    WATCH_CASE(subscribers_are_counted),
    WATCH_CASE(destroyed_value_may_set_the_watch),
    WATCH_CASE(watch_without_memory_rejects),
    WATCH_CASE(watch_may_outlive_its_loop),
    WATCH_CASE(random_programs_match_the_model),
  };
  return RUN(tests);
}
