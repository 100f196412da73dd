/* SPDX-License-Identifier: MIT */
/* Senders: when items arrive, and which jobs run between them. */
#include "line.h"

static avow_value_t note_twice(const avow_value_t *item, void *word) {
  (void) note_cb(item, word);
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  return avow_follow(avow_then(p, note_cb, NULL, word));
}

static void each_item_is_a_task(void **state) {
  line_t line = line_new(0, 2);
  avow_unref(avow_then(avow_channel_next(line.c), note_twice, NULL, "a"));
  avow_unref(avow_then(avow_channel_next(line.c), note_twice, NULL, "b"));

  send_ints(line.sender, 1, 2);
  run();

  assert_notes("a a b b");
  line_end(line);
}

static void items_and_remotes_arrive_in_order(void **state) {
  line_t line = line_new(0, 2);
  avow_remote_t *r;
  avow_unref(avow_then(avow_remote_new(loop, &r), note_cb, NULL, "remote"));
  avow_unref(avow_then(avow_channel_next(line.c), note_cb, NULL, "a"));
  avow_unref(avow_then(avow_channel_next(line.c), note_cb, NULL, "b"));

  send_ints(line.sender, 1, 2);
  assert_int_equal(avow_remote_resolve(r, avow_none()), 0);
  run();

  assert_notes("a b remote");
  line_end(line);
}

/* Sends one more item and receives it. */
static avow_value_t send_and_receive(const avow_value_t *item, void *data) {
  const line_t *line = data;
  (void) note_cb(item, "a");
  send_ints(line->sender, 2, 2);
  avow_unref(avow_then(avow_channel_next(line->c), note_cb, NULL, "b"));
  return avow_none();
}

static void send_to_repeated_receiver(size_t room) {
  line_t line = line_new(0, room);
  avow_remote_t *r;
  avow_unref(avow_then(avow_remote_new(loop, &r), note_cb, NULL, "remote"));
  avow_unref(
      avow_then(avow_channel_next(line.c), send_and_receive, NULL, &line));

  send_ints(line.sender, 1, 1);
  assert_int_equal(avow_remote_resolve(r, avow_none()), 0);
  run();

  line_end(line);
}

static void later_items_follow_earlier_tasks(void **state) {
  send_to_repeated_receiver(2);
  assert_notes("a remote b");
}

/* A send may wait for capacity. */
static void full_sender_is_emptied_at_once(void **state) {
  send_to_repeated_receiver(1);
  assert_notes("a b remote");
}

static void assert_try_int(const avow_channel_t *c, int64_t i) {
  avow_value_t item;
  assert_int_equal(avow_channel_try_next(c, &item), 0);
  assert_int_equal(avow_to_int(&item), i);
}

static void assert_nothing_there(const avow_channel_t *c) {
  avow_value_t item;
  assert_int_equal(avow_channel_try_next(c, &item), UV_EAGAIN);
}

static avow_value_t take_the_others(const avow_value_t *item, void *data) {
  const line_t *line = data;
  (void) note_cb(item, "a");
  assert_try_int(line->c, 2);
  assert_try_int(line->c, 3);
  send_ints(line->sender, 4, 5);
  assert_nothing_there(line->c); /* arrives with the first */
  assert_try_int(line->c, 4);
  assert_try_int(line->c, 5);
  assert_nothing_there(line->c);
  assert_nothing_there(line->c);
  return avow_none();
}

static void handler_may_take_items_that_arrived_together(void **state) {
  line_t line = line_new(0, 3);
  avow_unref(
      avow_then(avow_channel_next(line.c), take_the_others, NULL, &line));

  send_ints(line.sender, 1, 3);
  run();

  assert_notes("a");
  send_ints(line.sender, 6, 6);
  assert_next_int(line.c, 6);
  line_end(line);
}

static avow_value_t wait_and_try(const avow_value_t *item, void *data) {
  const line_t *line = data;
  avow_unref(avow_then(avow_channel_next(line->c), note_cb, NULL, "b"));
  assert_nothing_there(line->c);
  return avow_none();
}

static void pending_receive_precedes_try_next(void **state) {
  line_t line = line_new(0, 2);
  avow_unref(avow_then(avow_channel_next(line.c), wait_and_try, NULL, &line));

  send_ints(line.sender, 1, 2);
  run();

  assert_notes("b");
  line_end(line);
}

static void one_iteration_delivers_many_items(void **state) {
  enum { N = 1000 };
  line_t line = line_new(N, N);

  send_ints(line.sender, 1, N);
  avow_promise_t *turns = avow_next_iteration(loop);
  assert_int_equal(uv_run(loop, UV_RUN_ONCE), 0);
  assert_fulfills_none(turns);

  for (int64_t i = 1; i <= N; i++) {
    avow_promise_t *p = avow_channel_next(line.c);
    assert_int_equal(avow_state(p), AVOW_FULFILLED);
    avow_unref(p);
  }
  line_end(line);
}

/* Static, because the last receives may settle when the loop closes. */
static int came, others;

static avow_value_t count_on(const avow_value_t *arg, void *data) {
  ++*(int *) data;
  return avow_none();
}

static avow_value_t spin_fn(void *data) {
  return *(int *) data >= 0 ? avow_none() : avow_int(0);
}

enum { ITEMS = 3 };

/* Each sent item has a receive, and the jobs never end. */
static avow_promise_t *begin_endless(const line_t *line) {
  came = 0;
  for (int i = 0; i < ITEMS; i++)
    avow_unref(avow_then(avow_channel_next(line->c), count_on, NULL, &came));
  avow_promise_t *endless = avow_repeat(loop, spin_fn, &came);
  send_ints(line->sender, 1, ITEMS);
  return endless;
}

/* Each item was received, whatever the order. */
static void end_endless(avow_promise_t *endless, line_t line) {
  assert_int_equal(came, ITEMS);
  avow_cancel(endless);
  avow_unref(endless);
  line_end(line);
}

/* One task of each kind runs in each iteration. */
static void endless_jobs_permit_one_item_in_each_iteration(void **state) {
  line_t line = line_new(0, ITEMS);
  avow_promise_t *endless = begin_endless(&line);

  for (int turns = 0; turns < 3 * ITEMS && came < ITEMS; turns++) {
    const int before = came;
    (void) uv_run(loop, UV_RUN_NOWAIT); /* 1: it is endless */
    assert_true(came <= before + 1);
  }

  end_endless(endless, line);
}

/* The rest of an iteration runs first, and new items follow it. */
static void endless_jobs_lose_no_item(void **state) {
  line_t line = line_new(0, ITEMS);
  avow_promise_t *endless = begin_endless(&line);

  (void) uv_run(loop, UV_RUN_NOWAIT); /* 1: it is endless */
  for (int turns = 0; turns < 6 * ITEMS && came < ITEMS; turns++) {
    avow_remote_t *r;
    avow_unref(avow_then(avow_remote_new(loop, &r), count_on, NULL, &others));
    assert_int_equal(avow_remote_resolve(r, avow_none()), 0);
    (void) uv_run(loop, UV_RUN_NOWAIT); /* 1: it is endless */
  }

  end_endless(endless, line);
}

SUITE(sender_tasks) {
  const struct CMUnitTest tests[] = {
    CASE(each_item_is_a_task),
    CASE(items_and_remotes_arrive_in_order),
    CASE(later_items_follow_earlier_tasks),
    CASE(full_sender_is_emptied_at_once),
    CASE(handler_may_take_items_that_arrived_together),
    CASE(pending_receive_precedes_try_next),
    CASE(one_iteration_delivers_many_items),
    CASE(endless_jobs_permit_one_item_in_each_iteration),
    CASE(endless_jobs_lose_no_item),
  };
  return RUN(tests);
}
