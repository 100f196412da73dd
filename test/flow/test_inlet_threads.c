/* SPDX-License-Identifier: MIT */
/* Inlets that several threads use. All of it is also for ThreadSanitizer. */
#include "items.h"

#include <stdatomic.h>

/* cmocka fails a test from the thread that runs it: others only record. */

enum { THREADS = 4, ITEMS = 2000 };

typedef struct {
  uv_thread_t thread;
  avow_inlet_t *inlet; /* the thread's */
  int (*give)(const avow_inlet_t *inlet, avow_value_t item);
  int64_t number;
  int64_t left; /* items to be sent */
  int64_t sent;
  int last; /* what sending the last said */
} sender_t;

static int try_until_taken(const avow_inlet_t *inlet, avow_value_t item) {
  int err;
  while ((err = avow_inlet_try(inlet, item)) == UV_EAGAIN) {
  }
  return err;
}

static void send_all(void *data) {
  sender_t *sender = data;
  while (sender->last == 0 && sender->left > 0) {
    avow_value_t parts[] = { avow_int(sender->number), avow_int(sender->left) };
    sender->last = sender->give(sender->inlet, avow_list(parts, 2));
    sender->sent += sender->last == 0;
    sender->left--;
  }
  avow_inlet_unref(sender->inlet);
}

/* Each takes a reference; the test's own goes. */
static void start_senders(sender_t senders[], size_t n, avow_inlet_t *inlet) {
  for (size_t i = 0; i < n; i++) {
    senders[i].number = (int64_t) i;
    senders[i].inlet = avow_inlet_ref(inlet);
    assert_int_equal(uv_thread_create(&senders[i].thread, send_all,
                                      &senders[i]),
                     0);
  }
  avow_inlet_unref(inlet);
}

static void join_senders(sender_t senders[], size_t n) {
  for (size_t i = 0; i < n; i++)
    assert_int_equal(uv_thread_join(&senders[i].thread), 0);
}

typedef struct {
  avow_channel_t *c;
  int64_t next[THREADS]; /* the number of the next of each */
  int64_t count;
  int64_t most; /* after so many the channel is closed; 0: never */
  bool in_order;
} taker_t;

static avow_value_t take_cb(const avow_value_t *item, void *data) {
  taker_t *taker = data;
  if (avow_is_none(item))
    return avow_int(taker->count);
  const int64_t from = avow_to_int(avow_list_at(item, 0));
  const int64_t number = avow_to_int(avow_list_at(item, 1));
  taker->in_order &= number < taker->next[from];
  taker->next[from] = number;
  if (++taker->count == taker->most)
    avow_channel_close(taker->c);
  return avow_none();
}

static avow_value_t take_fn(void *data) {
  const taker_t *taker = data;
  return avow_follow(
      avow_then(avow_channel_next(taker->c), take_cb, NULL, data));
}

static taker_t taker_new(size_t room) {
  return (taker_t){ .c = avow_channel_new(loop, room),
                    .next = { ITEMS + 1, ITEMS + 1, ITEMS + 1, ITEMS + 1 },
                    .in_order = true };
}

static void all_arrive(size_t own_room, size_t room,
                       int (*give)(const avow_inlet_t *, avow_value_t)) {
  taker_t taker = taker_new(own_room);
  sender_t senders[THREADS];
  for (size_t i = 0; i < THREADS; i++)
    senders[i] = (sender_t){ .give = give, .left = ITEMS };

  start_senders(senders, THREADS, avow_inlet_new(taker.c, room));
  assert_fulfils_int(avow_repeat(loop, take_fn, &taker), THREADS * ITEMS);
  join_senders(senders, THREADS);

  assert_true(taker.in_order);
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(senders[i].last, 0);
  avow_channel_unref(taker.c);
}

static void all_that_is_sent_arrives_in_order(void **state) {
  all_arrive(0, 64, avow_inlet_send);
}

static void it_does_where_there_is_hardly_room(void **state) {
  all_arrive(0, 1, avow_inlet_send);
}

static void it_does_through_the_channels_room(void **state) {
  all_arrive(16, 64, avow_inlet_send);
}

static void what_was_tried_arrives_in_order(void **state) {
  all_arrive(0, 64, try_until_taken);
}

/* Some are dropped, the last of each is not. */
static void replacing_keeps_the_newest(void **state) {
  taker_t taker = taker_new(0);
  sender_t senders[THREADS];
  for (size_t i = 0; i < THREADS; i++)
    senders[i] = (sender_t){ .give = avow_inlet_replace, .left = ITEMS };

  start_senders(senders, THREADS, avow_inlet_new(taker.c, THREADS));
  const avow_value_t v = avow_run(avow_repeat(loop, take_fn, &taker));
  join_senders(senders, THREADS);

  assert_int_in_range(avow_to_int(&v), THREADS, THREADS * ITEMS);
  assert_true(taker.in_order);
  avow_channel_unref(taker.c);
}

/* The end of the channel, while others send. */

static void closing_the_channel_stops_who_sends(void **state) {
  taker_t taker = taker_new(0);
  taker.most = 1000;
  sender_t senders[THREADS];
  for (size_t i = 0; i < THREADS; i++)
    senders[i] = (sender_t){ .give = avow_inlet_send, .left = INT64_MAX };

  start_senders(senders, THREADS, avow_inlet_new(taker.c, 4));
  assert_fulfils_int(avow_repeat(loop, take_fn, &taker), taker.most);
  join_senders(senders, THREADS);

  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(senders[i].last, UV_EPIPE);
  avow_channel_unref(taker.c);
}

/* Nobody takes anything: in the end they are blocked. */
static void closing_the_loop_lets_go_of_who_is_blocked(void **state) {
  for (int round = 0; round < 50; round++) {
    avow_channel_t *c = avow_channel_new(loop, 1);
    sender_t senders[THREADS];
    for (size_t i = 0; i < THREADS; i++)
      senders[i] = (sender_t){ .give = avow_inlet_send, .left = INT64_MAX };

    start_senders(senders, THREADS, avow_inlet_new(c, 2));
    for (int turns = 0; turns < round; turns++)
      (void) uv_run(loop, UV_RUN_NOWAIT); /* 0: nobody waits */
    renew_loop();
    join_senders(senders, THREADS);

    for (size_t i = 0; i < THREADS; i++)
      assert_int_equal(senders[i].last, UV_ECANCELED);
    avow_channel_unref(c);
  }
}

static void closing_the_loop_meets_who_sends(void **state) {
  for (int round = 0; round < 50; round++) {
    taker_t taker = taker_new(0);
    sender_t senders[THREADS];
    for (size_t i = 0; i < THREADS; i++)
      senders[i] = (sender_t){ .give = avow_inlet_replace, .left = INT64_MAX };

    start_senders(senders, THREADS, avow_inlet_new(taker.c, 2));
    avow_promise_t *p = avow_repeat(loop, take_fn, &taker);
    for (int turns = 0; turns < round; turns++)
      (void) uv_run(loop, UV_RUN_NOWAIT); /* 1: it takes on */
    renew_loop();
    join_senders(senders, THREADS);

    for (size_t i = 0; i < THREADS; i++)
      assert_int_equal(senders[i].last, UV_ECANCELED);
    assert_rejects(p, UV_ECANCELED);
    avow_channel_unref(taker.c);
  }
}

/* The last reference goes, somewhere and sometime. */

static void the_last_unref_elsewhere_ends_the_channel(void **state) {
  for (int round = 0; round < 200; round++) {
    taker_t taker = taker_new((size_t) round % 2);
    sender_t senders[THREADS];
    for (size_t i = 0; i < THREADS; i++)
      senders[i] = (sender_t){ .give = avow_inlet_send, .left = round % 3 };

    start_senders(senders, THREADS, avow_inlet_new(taker.c, 1));
    assert_fulfils_int(avow_repeat(loop, take_fn, &taker),
                       THREADS * (round % 3));
    join_senders(senders, THREADS);

    avow_channel_unref(taker.c);
  }
}

static void the_last_unref_meets_the_end_of_the_loop(void **state) {
  for (int round = 0; round < 200; round++) {
    avow_channel_t *c = avow_channel_new(loop, 0);
    sender_t sender = { .give = avow_inlet_replace, .left = round };

    start_senders(&sender, 1, avow_inlet_new(c, 1));
    renew_loop();
    join_senders(&sender, 1);

    avow_channel_unref(c);
  }
}

/* The first that finds no room blocks, and says so by what it has sent. */
typedef struct {
  avow_inlet_t *inlet;
  uv_sem_t full;
  int last;
} blocked_t;

static void send_one_too_many(void *data) {
  blocked_t *blocked = data;
  blocked->last = avow_inlet_send(blocked->inlet, avow_int(1));
  uv_sem_post(&blocked->full);
  blocked->last |= avow_inlet_send(blocked->inlet, avow_int(2));
}

static void who_is_blocked_goes_on_when_there_is_room(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  blocked_t blocked = { .inlet = avow_inlet_new(c, 1) };
  uv_thread_t thread;
  assert_int_equal(uv_sem_init(&blocked.full, 0), 0);

  assert_int_equal(uv_thread_create(&thread, send_one_too_many, &blocked), 0);
  uv_sem_wait(&blocked.full);
  assert_next_int(c, 1);
  assert_next_int(c, 2);
  assert_int_equal(uv_thread_join(&thread), 0);

  assert_int_equal(blocked.last, 0);
  uv_sem_destroy(&blocked.full);
  avow_inlet_unref(blocked.inlet);
  avow_channel_unref(c);
}

static void who_is_blocked_goes_on_for_who_does_not_wait(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  blocked_t blocked = { .inlet = avow_inlet_new(c, 1) };
  uv_thread_t thread;
  avow_value_t item;
  assert_int_equal(uv_sem_init(&blocked.full, 0), 0);

  assert_int_equal(uv_thread_create(&thread, send_one_too_many, &blocked), 0);
  uv_sem_wait(&blocked.full);
  for (int64_t i = 1; i <= 2; i++) {
    while (avow_channel_try_next(c, &item) == UV_EAGAIN) {
    }
    assert_int_equal(avow_to_int(&item), i);
  }
  assert_int_equal(uv_thread_join(&thread), 0);

  assert_int_equal(blocked.last, 0);
  uv_sem_destroy(&blocked.full);
  avow_inlet_unref(blocked.inlet);
  avow_channel_unref(c);
}

SUITE(inlet_threads) {
  const struct CMUnitTest tests[] = {
    CASE(all_that_is_sent_arrives_in_order),
    CASE(it_does_where_there_is_hardly_room),
    CASE(it_does_through_the_channels_room),
    CASE(what_was_tried_arrives_in_order),
    CASE(replacing_keeps_the_newest),
    CASE(closing_the_channel_stops_who_sends),
    CASE(closing_the_loop_lets_go_of_who_is_blocked),
    CASE(closing_the_loop_meets_who_sends),
    CASE(the_last_unref_elsewhere_ends_the_channel),
    CASE(the_last_unref_meets_the_end_of_the_loop),
    CASE(who_is_blocked_goes_on_when_there_is_room),
    CASE(who_is_blocked_goes_on_for_who_does_not_wait),
  };
  return RUN(tests);
}
