/* SPDX-License-Identifier: MIT */
/* Senders of capacity 0, and the order of items with any capacity. */
#include "items.h"

static avow_channel_t *channel;
static avow_sender_t *sender;

static int set_up(void **state) {
  const int err = harness_setup(state);
  channel = avow_channel_new(loop, 1);
  sender = avow_sender_new(channel, 0);
  return err;
}

static int tear_down(void **state) {
  avow_sender_clear(&sender);
  avow_channel_clear(&channel);
  run();
  return harness_teardown(state);
}

static void last_release_ends_the_channel_after_sent_items(void **state) {
  avow_sender_t *other = avow_sender_ref(sender);
  assert_fulfills_none(avow_sender_send(sender, avow_int(1)));
  avow_promise_t *waits = avow_sender_send(other, avow_int(2));
  avow_sender_clear(&sender);
  assert_fulfills_int(avow_channel_next(channel), 1);
  assert_fulfills_none(waits);

  avow_promise_t *p = avow_sender_send(other, avow_int(3));
  avow_sender_unref(other);

  assert_fulfills_int(avow_channel_next(channel), 2);
  assert_fulfills_int(avow_channel_next(channel), 3);
  assert_fulfills_none(p);
  assert_fulfills_none(avow_channel_next(channel));
  assert_rejects(avow_channel_send(channel, avow_int(4)), UV_EPIPE);
}

static void pending_receive_gets_the_end(void **state) {
  avow_promise_t *p = avow_channel_next(channel);

  avow_sender_clear(&sender);

  assert_fulfills_none(p);
}

static void sender_does_not_keep_the_channel(void **state) {
  avow_unref(avow_sender_send(sender, avow_string("lost with the channel")));
  avow_promise_t *waits = avow_sender_send(sender, avow_string("likewise"));

  avow_channel_clear(&channel);

  assert_rejects(waits, UV_EPIPE);
  assert_rejects(avow_sender_send(sender, avow_string("late")), UV_EPIPE);
}

static void sends_reject_with_the_failure_of_the_channel(void **state) {
  avow_channel_fail(channel, avow_error(UV_EIO));

  assert_rejects(avow_sender_send(sender, avow_string("late")), UV_EIO);
}

static void none_is_refused_and_canceled_sends_are_dropped(void **state) {
  assert_rejects(avow_sender_send(sender, avow_none()), UV_EINVAL);
  assert_fulfills_none(avow_sender_send(sender, avow_int(1)));
  avow_promise_t *p = avow_sender_send(sender, avow_string("called off"));

  assert_cancels_at_once(p);

  assert_fulfills_int(avow_channel_next(channel), 1);
  avow_sender_clear(&sender);
  assert_fulfills_none(avow_channel_next(channel));
}

static void sends_use_the_capacity_of_the_channel(void **state) {
  assert_int_equal(avow_sender_try_send(sender, avow_int(1)), 0);
  const avow_value_t item = avow_string("no capacity");
  assert_int_equal(avow_sender_try_send(sender, item), UV_EAGAIN);
  assert_int_equal(avow_sender_blocking_send(sender, item), AVOW_EMISUSE);
  assert_int_equal(avow_sender_replace(sender, avow_string("2")), AVOW_EMISUSE);

  assert_fulfills_int(avow_channel_next(channel), 1);
  assert_int_equal(avow_sender_blocking_send(sender, avow_int(2)), 0);
  assert_fulfills_int(avow_channel_next(channel), 2);
  assert_int_equal(avow_sender_replace(sender, avow_int(3)), 0);
  assert_fulfills_int(avow_channel_next(channel), 3);
  assert_int_equal(avow_sender_try_send(sender, avow_none()), UV_EINVAL);
}

static void values_that_are_not_sendable_are_accepted(void **state) {
  assert_fulfills_none(avow_sender_send(sender, thing("sent")));
  avow_ignore(avow_run(avow_channel_next(channel)));
  assert_int_equal(avow_sender_try_send(sender, thing("tried")), 0);
  avow_ignore(avow_run(avow_channel_next(channel)));

  assert_notes("sent tried");
}

static void sender_does_not_keep_the_loop_alive(void **state) {
  assert_fulfills_none(avow_sender_send(sender, avow_int(1)));
  assert_fulfills_int(avow_channel_next(channel), 1);
  avow_promise_t *p = avow_channel_next(channel);

  assert_false(uv_loop_alive(loop));
  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  avow_sender_clear(&sender);
  assert_fulfills_none(p);
}

static void second_sender_of_a_channel_is_refused(void **state) {
  avow_sender_t *second = avow_sender_new(channel, 0);
  avow_sender_t *third = avow_sender_new(channel, 1);

  assert_rejects(avow_sender_send(second, avow_int(1)), UV_EALREADY);
  avow_sender_unref(second);
  assert_int_equal(avow_sender_try_send(third, avow_int(1)), UV_EALREADY);
  avow_sender_unref(third);

  assert_fulfills_none(avow_sender_send(sender, avow_int(2)));
  assert_fulfills_int(avow_channel_next(channel), 2);
}

static void channel_fed_by_libuv_refuses_senders(void **state) {
  avow_channel_t *ticks = avow_ticks(loop, 1);
  avow_sender_t *s = avow_sender_new(ticks, 0);

  assert_rejects(avow_sender_send(s, avow_int(1)), UV_EALREADY);

  avow_sender_unref(s);
  const avow_value_t v = avow_run(avow_channel_first(ticks));
  assert_true(avow_to_int(&v) > 0); /* as many as the threads sent */
}

static void sender_of_an_ended_channel_rejects(void **state) {
  avow_channel_t *ended = avow_channel_new(loop, 1);
  avow_channel_end(ended);
  avow_sender_t *s = avow_sender_new(ended, 0);

  assert_rejects(avow_sender_send(s, avow_int(1)), UV_EPIPE);

  avow_sender_unref(s);
  avow_channel_unref(ended);
}

static void assert_fails_the_channel(size_t capacity, int n, bool all) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow_promise_t *waits = avow_channel_next(c);

  fail_allocation(n, all);
  avow_sender_t *s = avow_sender_new(c, capacity);
  fail_allocation(0, false);

  assert_rejects(waits, UV_ENOMEM);
  assert_int_equal(avow_sender_try_send(s, avow_int(1)), UV_ENOMEM);
  avow_promise_t *both[] = { avow_sender_send(s, avow_string("lost")),
                             avow_next_iteration(loop) };
  assert_rejects(avow_all(loop, both, 2), UV_ENOMEM);
  avow_sender_unref(s);
  avow_channel_unref(c);
}

static void sender_without_memory_fails_the_channel(void **state) {
  for (int all = 0; all < 2; all++) {
    assert_fails_the_channel(0, 1, all > 0);
    for (int n = 1; n <= 3; n++)
      assert_fails_the_channel(1, n, all > 0);
  }
}

static void sender_may_outlive_its_loop(void **state) {
  avow_sender_t *s = avow_sender_ref(sender);
  avow_sender_clear(&sender);
  avow_channel_t *c = avow_channel_ref(channel);
  avow_channel_clear(&channel);

  renew_loop();

  avow_unref(avow_sender_send(s, avow_string("late")));
  avow_sender_t *late = avow_sender_new(c, 0);
  avow_unref(avow_sender_send(late, avow_string("late")));
  avow_sender_unref(late);
  avow_sender_unref(s);
  avow_channel_unref(c);
}

#ifndef NDEBUG
static void use_freed_sender(void) {
  avow_sender_t *s = sender;
  avow_sender_clear(&sender);
  avow_unref(avow_sender_send(s, avow_int(1)));
}

static void use_of_a_freed_sender_is_misuse(void **state) {
  assert_misuse(use_freed_sender,
                "sender used after avow_sender_unref() freed it");
#  ifdef AVOW_DLADDR
  assert_misuse(use_freed_sender, "freed it in ");
  assert_misuse(use_freed_sender, "(addr2line -fpe ");
#  endif
}
#endif

/* Random programs, compared with an array of the sent items in order, and the
   end after the last sender is released. */

enum { MOST_SENDERS = 5, STEPS = 400 };

typedef struct {
  uint64_t state;
  int64_t items[STEPS]; /* in the expected order */
  size_t sent, taken;
  size_t senders;
} model_t;

static unsigned pick(model_t *m, unsigned n) {
  m->state = m->state * UINT64_C(6364136223846793005) + 1442695040888963407U;
  return (unsigned) (m->state >> 33) % n;
}

static void take_back(model_t *m, int64_t item) {
  for (size_t i = m->taken; i < m->sent; i++)
    if (m->items[i] == item) {
      memmove(&m->items[i], &m->items[i + 1],
              (m->sent - i - 1) * sizeof(m->items[0]));
      m->sent--;
      return;
    }
}

static void model_send(model_t *m, int64_t item) {
  avow_promise_t *p = avow_sender_send(sender, avow_int(item));
  m->items[m->sent++] = item;
  if (avow_state(p) == AVOW_PENDING && pick(m, 3) == 0) {
    avow_cancel(p);
    assert_rejects(p, UV_ECANCELED);
    take_back(m, item);
    return;
  }
  avow_unref(avow_shield(p)); /* the receive stays pending without a handler */
}

/* With a capacity, the end arrives as a task, so a receive must wait for it. */
static void model_take(model_t *m) {
  avow_value_t v;
  if (m->taken == m->sent && m->senders == 0) {
    assert_fulfills_none(avow_channel_next(channel));
    return;
  }
  const int err = avow_channel_try_next(channel, &v);
  if (m->taken < m->sent) {
    assert_int_equal(err, 0);
    assert_int_equal(avow_to_int(&v), m->items[m->taken++]);
  } else {
    assert_int_equal(err, UV_EAGAIN);
    assert_true(avow_is_none(&v));
  }
  avow_value_unref(v);
}

static void model_step(model_t *m, int64_t number) {
  const unsigned what = pick(m, 20);
  if (what < 8 && m->senders > 0)
    model_send(m, number);
  else if (what < 16)
    model_take(m);
  else if (what < 18 && m->senders > 0 && m->senders < MOST_SENDERS) {
    (void) avow_sender_ref(sender);
    m->senders++;
  } else if (what == 18 && m->senders > 0) {
    avow_sender_unref(sender);
    m->senders--;
  } else
    (void) uv_run(loop, UV_RUN_NOWAIT);
}

static void random_programs_match_the_array(void **state) {
  avow_sender_clear(&sender);
  for (uint64_t seed = 1; seed <= 300; seed++) {
    model_t m = { .state = seed, .senders = 1 };
    avow_channel_clear(&channel);
    channel = avow_channel_new(loop, seed % 4);
    sender = avow_sender_new(channel, seed % 3);
    for (int64_t i = 1; i <= STEPS; i++)
      model_step(&m, i);
    for (; m.senders > 0; m.senders--)
      avow_sender_unref(sender);
    while (m.taken < m.sent)
      model_take(&m);
    model_take(&m);
    sender = NULL;
    run();
  }
}

#define SENDER_CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(sender) {
  const struct CMUnitTest tests[] = {
    SENDER_CASE(last_release_ends_the_channel_after_sent_items),
    SENDER_CASE(pending_receive_gets_the_end),
    SENDER_CASE(sender_does_not_keep_the_channel),
    SENDER_CASE(sends_reject_with_the_failure_of_the_channel),
    SENDER_CASE(none_is_refused_and_canceled_sends_are_dropped),
    SENDER_CASE(sends_use_the_capacity_of_the_channel),
    SENDER_CASE(values_that_are_not_sendable_are_accepted),
    SENDER_CASE(sender_does_not_keep_the_loop_alive),
    SENDER_CASE(second_sender_of_a_channel_is_refused),
    SENDER_CASE(channel_fed_by_libuv_refuses_senders),
    SENDER_CASE(sender_of_an_ended_channel_rejects),
    SENDER_CASE(sender_without_memory_fails_the_channel),
    SENDER_CASE(sender_may_outlive_its_loop),
#ifndef NDEBUG
    SENDER_CASE(use_of_a_freed_sender_is_misuse),
#endif
    SENDER_CASE(random_programs_match_the_array),
  };
  return RUN(tests);
}
