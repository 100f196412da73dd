/* SPDX-License-Identifier: MIT */
/*
 * Senders that several threads use. These tests are also for ThreadSanitizer.
 */
#include "items.h"

#include <stdatomic.h>

/* Only the test's thread may fail a cmocka test. Other threads record
   errors. */

enum { THREADS = 4, ITEMS = 2000 };

typedef struct {
  uv_thread_t thread;
  avow_sender_t *sender; /* of the thread */
  int (*give)(const avow_sender_t *sender, avow_value_t item);
  int64_t number;
  int64_t left; /* items left to send */
  int64_t sent;
  int last; /* result of the last send */
} producer_t;

static int try_until_taken(const avow_sender_t *sender, avow_value_t item) {
  int err;
  while ((err = avow_sender_try_send(sender, item)) == UV_EAGAIN) {
  }
  return err;
}

static void send_all(void *data) {
  producer_t *producer = data;
  while (producer->last == 0 && producer->left > 0) {
    avow_value_t parts[] = { avow_int(producer->number),
                             avow_int(producer->left) };
    producer->last = producer->give(producer->sender, avow_list(parts, 2));
    producer->sent += producer->last == 0;
    producer->left--;
  }
  avow_sender_unref(producer->sender);
}

/* Each thread takes a reference. The test releases its own. */
static void start_producers(producer_t producers[], size_t n,
                            avow_sender_t *sender) {
  for (size_t i = 0; i < n; i++) {
    producers[i].number = (int64_t) i;
    producers[i].sender = avow_sender_ref(sender);
    assert_int_equal(uv_thread_create(&producers[i].thread, send_all,
                                      &producers[i]),
                     0);
  }
  avow_sender_unref(sender);
}

static void join_producers(producer_t producers[], size_t n) {
  for (size_t i = 0; i < n; i++)
    assert_int_equal(uv_thread_join(&producers[i].thread), 0);
}

typedef struct {
  avow_channel_t *c;
  int64_t next[THREADS]; /* next number of each thread */
  int64_t count;
  int64_t most; /* items before the channel is closed; 0: never */
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
                       int (*give)(const avow_sender_t *, avow_value_t)) {
  taker_t taker = taker_new(own_room);
  producer_t producers[THREADS];
  for (size_t i = 0; i < THREADS; i++)
    producers[i] = (producer_t){ .give = give, .left = ITEMS };

  start_producers(producers, THREADS, avow_sender_new(taker.c, room));
  assert_fulfills_int(avow_repeat(loop, take_fn, &taker), THREADS * ITEMS);
  join_producers(producers, THREADS);

  assert_true(taker.in_order);
  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(producers[i].last, 0);
  avow_channel_unref(taker.c);
}

static void sent_items_arrive_in_order(void **state) {
  all_arrive(0, 64, avow_sender_blocking_send);
}

static void items_arrive_in_order_with_capacity_1(void **state) {
  all_arrive(0, 1, avow_sender_blocking_send);
}

static void items_arrive_in_order_through_a_buffer(void **state) {
  all_arrive(16, 64, avow_sender_blocking_send);
}

static void items_of_try_send_arrive_in_order(void **state) {
  all_arrive(0, 64, try_until_taken);
}

/* Some items are dropped, but never the last of a thread. */
static void replace_keeps_the_newest_items(void **state) {
  taker_t taker = taker_new(0);
  producer_t producers[THREADS];
  for (size_t i = 0; i < THREADS; i++)
    producers[i] = (producer_t){ .give = avow_sender_replace, .left = ITEMS };

  start_producers(producers, THREADS, avow_sender_new(taker.c, THREADS));
  const avow_value_t v = avow_run(avow_repeat(loop, take_fn, &taker));
  join_producers(producers, THREADS);

  assert_int_in_range(avow_to_int(&v), THREADS, THREADS * ITEMS);
  assert_true(taker.in_order);
  avow_channel_unref(taker.c);
}

/* The channel ends while other threads send. */

static void closing_the_channel_stops_senders(void **state) {
  taker_t taker = taker_new(0);
  taker.most = 1000;
  producer_t producers[THREADS];
  for (size_t i = 0; i < THREADS; i++)
    producers[i] =
        (producer_t){ .give = avow_sender_blocking_send, .left = INT64_MAX };

  start_producers(producers, THREADS, avow_sender_new(taker.c, 4));
  assert_fulfills_int(avow_repeat(loop, take_fn, &taker), taker.most);
  join_producers(producers, THREADS);

  for (size_t i = 0; i < THREADS; i++)
    assert_int_equal(producers[i].last, UV_EPIPE);
  avow_channel_unref(taker.c);
}

/* No receive takes items, so the senders block. */
static void loop_close_unblocks_senders(void **state) {
  for (int round = 0; round < 50; round++) {
    avow_channel_t *c = avow_channel_new(loop, 1);
    producer_t producers[THREADS];
    for (size_t i = 0; i < THREADS; i++)
      producers[i] =
          (producer_t){ .give = avow_sender_blocking_send, .left = INT64_MAX };

    start_producers(producers, THREADS, avow_sender_new(c, 2));
    for (int turns = 0; turns < round; turns++)
      (void) uv_run(loop, UV_RUN_NOWAIT); /* 0: no receive is pending */
    renew_loop();
    join_producers(producers, THREADS);

    for (size_t i = 0; i < THREADS; i++)
      assert_int_equal(producers[i].last, UV_ECANCELED);
    avow_channel_unref(c);
  }
}

static void loop_close_stops_sending_threads(void **state) {
  for (int round = 0; round < 50; round++) {
    taker_t taker = taker_new(0);
    producer_t producers[THREADS];
    for (size_t i = 0; i < THREADS; i++)
      producers[i] =
          (producer_t){ .give = avow_sender_replace, .left = INT64_MAX };

    start_producers(producers, THREADS, avow_sender_new(taker.c, 2));
    avow_promise_t *p = avow_repeat(loop, take_fn, &taker);
    for (int turns = 0; turns < round; turns++)
      (void) uv_run(loop, UV_RUN_NOWAIT); /* 1: it continues */
    renew_loop();
    join_producers(producers, THREADS);

    for (size_t i = 0; i < THREADS; i++)
      assert_int_equal(producers[i].last, UV_ECANCELED);
    assert_rejects(p, UV_ECANCELED);
    avow_channel_unref(taker.c);
  }
}

/* A thread releases the last reference at some moment. */

static void last_unref_on_another_thread_ends_the_channel(void **state) {
  for (int round = 0; round < 200; round++) {
    taker_t taker = taker_new((size_t) round % 2);
    producer_t producers[THREADS];
    for (size_t i = 0; i < THREADS; i++)
      producers[i] =
          (producer_t){ .give = avow_sender_blocking_send, .left = round % 3 };

    start_producers(producers, THREADS, avow_sender_new(taker.c, 1));
    assert_fulfills_int(avow_repeat(loop, take_fn, &taker),
                        THREADS * (round % 3));
    join_producers(producers, THREADS);

    avow_channel_unref(taker.c);
  }
}

static void last_unref_may_race_with_loop_close(void **state) {
  for (int round = 0; round < 200; round++) {
    avow_channel_t *c = avow_channel_new(loop, 0);
    producer_t producer = { .give = avow_sender_replace, .left = round };

    start_producers(&producer, 1, avow_sender_new(c, 1));
    renew_loop();
    join_producers(&producer, 1);

    avow_channel_unref(c);
  }
}

/* A thread that sends an item, posts `full`, and sends a second item, which
   blocks. */
typedef struct {
  avow_sender_t *sender;
  uv_sem_t full;
  int last;
} blocked_t;

static void send_one_too_many(void *data) {
  blocked_t *blocked = data;
  blocked->last = avow_sender_blocking_send(blocked->sender, avow_int(1));
  uv_sem_post(&blocked->full);
  blocked->last |= avow_sender_blocking_send(blocked->sender, avow_int(2));
}

static void blocked_sender_continues_after_a_receive(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  blocked_t blocked = { .sender = avow_sender_new(c, 1) };
  uv_thread_t thread;
  assert_int_equal(uv_sem_init(&blocked.full, 0), 0);

  assert_int_equal(uv_thread_create(&thread, send_one_too_many, &blocked), 0);
  uv_sem_wait(&blocked.full);
  assert_next_int(c, 1);
  assert_next_int(c, 2);
  assert_int_equal(uv_thread_join(&thread), 0);

  assert_int_equal(blocked.last, 0);
  uv_sem_destroy(&blocked.full);
  avow_sender_unref(blocked.sender);
  avow_channel_unref(c);
}

static void blocked_sender_continues_after_try_next(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  blocked_t blocked = { .sender = avow_sender_new(c, 1) };
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
  avow_sender_unref(blocked.sender);
  avow_channel_unref(c);
}

/* The loop sends continually, and the senders are full at each exchange. */

typedef struct {
  avow_sender_t *sender;
  bool over;
} feed_t;

static avow_value_t feed_more(const avow_value_t *none, void *data) {
  const feed_t *feed = data;
  if (!feed->over)
    avow_unref(avow_then(avow_sender_send(feed->sender, avow_int(0)), feed_more,
                         feed_more, data));
  return avow_none();
}

enum { OF_THREAD = 100 };

static void send_some(void *sender) {
  for (int64_t i = 1; i <= OF_THREAD; i++)
    (void) avow_sender_blocking_send(sender, avow_int(i)); /* all are counted */
  avow_sender_unref(sender);
}

static void sends_leave_capacity_to_blocked_senders(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 0);
  feed_t feed = { .sender = avow_sender_new(c, 1) };
  uv_thread_t thread;
  for (int i = 0; i < 3; i++)
    (void) feed_more(NULL, &feed);
  assert_int_equal(uv_thread_create(&thread, send_some,
                                    avow_sender_ref(feed.sender)),
                   0);

  for (int64_t came = 0; came < OF_THREAD;) {
    const avow_value_t v = avow_run(avow_channel_next(c));
    if (avow_to_int(&v) > 0)
      assert_int_equal(avow_to_int(&v), ++came);
  }
  feed.over = true;
  assert_int_equal(uv_thread_join(&thread), 0);

  avow_channel_unref(c);
  run();
  avow_sender_unref(feed.sender);
}

SUITE(sender_threads) {
  const struct CMUnitTest tests[] = {
    CASE(sent_items_arrive_in_order),
    CASE(items_arrive_in_order_with_capacity_1),
    CASE(items_arrive_in_order_through_a_buffer),
    CASE(items_of_try_send_arrive_in_order),
    CASE(replace_keeps_the_newest_items),
    CASE(closing_the_channel_stops_senders),
    CASE(loop_close_unblocks_senders),
    CASE(loop_close_stops_sending_threads),
    CASE(last_unref_on_another_thread_ends_the_channel),
    CASE(last_unref_may_race_with_loop_close),
    CASE(blocked_sender_continues_after_a_receive),
    CASE(blocked_sender_continues_after_try_next),
    CASE(sends_leave_capacity_to_blocked_senders),
  };
  return RUN(tests);
}
