/* SPDX-License-Identifier: MIT */
/* Subscriptions: which messages arrive, in which order, what happens if there
   are too many, and how subscriptions end. The peer is a second connection. */
#include <stdio.h>

#include "nats_test.h"

static avow_value_t second;

/* INT: the number in the next message. */
static avow_value_t number_cb(const avow_value_t *message, void *data) {
  return avow_is_none(message)
             ? avow_none()
             : avow_int(atoi(natsMsg_GetData(avow_to_nats_msg(message))));
}

static avow_promise_t *next(const avow_channel_t *c) {
  return avow_then(avow_channel_next(c), number_cb, NULL, NULL);
}

static void say(const char *subject, int n) {
  char text[16];
  (void) snprintf(text, sizeof(text), "%d", n);
  assert_fulfills_none(
      avow_nats_publish(&second, subject, avow_string(text), NULL));
}

static avow_channel_t *listen_to(const char *subject, const char *queue,
                                 size_t room) {
  avow_channel_t *c = avow_nats_subscribe(&nats, subject, queue, room);
  assert_fulfills_none(avow_nats_flush(&nats));
  return c;
}

static void messages_arrive_in_order(void **state) {
  avow_channel_t *all = listen_to("a.>", NULL, 0);
  avow_channel_t *some = listen_to("a.*.b", NULL, 0);
  for (int i = 0; i < 500; i++)
    say(i % 2 == 0 ? "a.x.b" : "a.y", i);
  for (int i = 0; i < 500; i++)
    assert_fulfills_int(next(all), i);
  for (int i = 0; i < 500; i += 2)
    assert_fulfills_int(next(some), i);
  avow_channel_unref(all);
  avow_channel_unref(some);
  run();
}

/* Each message goes to one of the subscribers, and none is lost. */
static void subscribers_of_a_queue_share_its_messages(void **state) {
  int heard[2] = { 0 }, sum = 0;
  avow_channel_t *both[] = { listen_to("q", "workers", 0),
                             listen_to("q", "workers", 0) };
  for (int i = 0; i < 100; i++)
    say("q", i);
  assert_fulfills_none(avow_nats_flush(&second));
  while (heard[0] + heard[1] < 100)
    for (int i = 0; i < 2; i++) {
      const avow_value_t v = avow_run(avow_timeout(next(both[i]), 20));
      if (!avow_is_error(&v)) {
        heard[i]++;
        sum += (int) avow_to_int(&v);
      }
      avow_value_unref(v);
    }
  assert_int_equal(sum, 99 * 100 / 2);
  assert_true(heard[0] > 0 && heard[1] > 0);
  avow_channel_unref(both[0]);
  avow_channel_unref(both[1]);
}

static void subscriber_answers_a_request(void **state) {
  avow_channel_t *c = listen_to("question", NULL, 0);
  avow_promise_t *p =
      avow_nats_request(&second, "question", avow_string("6"), NULL);
  const avow_value_t question = avow_run(avow_channel_next(c));
  assert_fulfills_none(
      avow_nats_answer(&nats, &question, avow_string("42"), NULL));
  assert_fulfills_int(avow_then(p, number_cb, NULL, NULL), 42);
  avow_value_unref(question);
  say("question", 7);
  const avow_value_t remark = avow_run(avow_channel_next(c));
  assert_rejects(avow_nats_answer(&nats, &remark, avow_none(), NULL),
                 UV_EINVAL);
  avow_value_unref(remark);
  avow_channel_unref(c);
}

static avow_value_t square_cb(const avow_value_t *question, void *data) {
  char text[16];
  const int n = atoi(natsMsg_GetData(avow_to_nats_msg(question)));
  (void) snprintf(text, sizeof(text), "%d", n * n);
  return avow_follow(avow_nats_answer(data, question, avow_string(text), NULL));
}

/* The example of docs/nats.md. */
static void worker_answers_all_requests(void **state) {
  avow_channel_t *squares = listen_to("squares", "workers", 1000);
  static const avow_map_options_t eight = { .concurrency = 8,
                                            .kind = AVOW_ALL_SETTLED };
  avow_promise_t *worker = avow_each(squares, square_cb, &nats, &eight);
  for (int i = 1; i <= 40; i++) {
    char n[16], answer[16];
    (void) snprintf(n, sizeof(n), "%d", i);
    (void) snprintf(answer, sizeof(answer), "%d", i * i);
    avow_promise_t *p =
        avow_nats_request(&second, "squares", avow_string(n), NULL);
    const avow_value_t message = avow_run(p);
    assert_string_equal(natsMsg_GetData(avow_to_nats_msg(&message)), answer);
    avow_value_unref(message);
  }
  assert_int_equal(avow_state(worker), AVOW_PENDING);
  avow_cancel(worker);
  assert_rejects(worker, UV_ECANCELED);
  avow_channel_unref(squares);
}

static void released_channel_unsubscribes(void **state) {
  avow_channel_t *c = listen_to("gone", NULL, 0);
  say("gone", 1);
  say("gone", 2);
  assert_fulfills_int(next(c), 1);
  avow_channel_unref(c);
  run();
  assert_fulfills_none(avow_nats_flush(&nats));
  assert_rejects(avow_nats_request(&second, "gone", avow_none(), NULL),
                 UV_EHOSTUNREACH);
}

typedef struct {
  int sent, heard, lost, errors;
} overload_t;

/* The messages that an error counts are missing before the next message. */
static void take(overload_t *o, const avow_channel_t *c) {
  int n = 0;
  const avow_value_t v = avow_run(avow_channel_next(c));
  if (!avow_is_error(&v)) {
    n = atoi(natsMsg_GetData(avow_to_nats_msg(&v)));
    assert_true(n - o->heard >= o->lost);
    o->heard++;
  } else {
    assert_int_equal(avow_error_code(&v), UV_ENOBUFS);
    assert_int_equal(avow_nats_code(&v), NATS_SLOW_CONSUMER);
    (void) sscanf(avow_error_message(&v), "slow consumer: %d", &n);
    assert_true(n > 0);
    o->lost += n;
    o->errors++;
  }
  avow_value_unref(v);
}

/* Each message arrives or is counted by an error at the place where it is
   missing. There are few errors. No further message is needed to receive an
   error. */
static void slow_consumer_receives_an_error(void **state) {
  enum { ROOM = 20 };
  overload_t o = { 0 };
  avow_channel_t *c = listen_to("much", NULL, ROOM);
  while (o.sent < 1000)
    say("much", o.sent++);
  assert_fulfills_none(avow_nats_flush(&second));
  while (o.sent < 3000) { /* further messages are dropped before the error */
    take(&o, c);
    for (int i = 0; i < 20; i++)
      say("much", o.sent++);
  }
  assert_fulfills_none(avow_nats_flush(&second));
  while (o.heard + o.lost < o.sent)
    take(&o, c);
  assert_true(o.errors > 0 && o.errors <= o.heard / (ROOM / 2) + 1);
  say("much", o.sent++); /* the subscription goes on */
  take(&o, c);
  assert_int_equal(o.heard + o.lost, o.sent);
  avow_channel_unref(c);
}

static void subscription_ends_with_its_connection(void **state) {
  avow_channel_t *c = listen_to("a", NULL, 0);
  assert_fulfills_none(avow_nats_close(&nats));
  assert_fulfills_none(avow_channel_next(c));
  assert_fulfills_none(avow_channel_next(c));
  avow_channel_unref(c);
  c = avow_nats_subscribe(&nats, "a", NULL, 0);
  assert_rejects(avow_channel_next(c), UV_ENOTCONN);
  assert_fulfills_none(avow_channel_next(c));
  avow_channel_unref(c);
}

static void invalid_subjects_are_refused(void **state) {
  const char *const bad[] = { "", "a b", "a..b" };
  for (int i = 0; i < 3; i++) {
    avow_channel_t *c = avow_nats_subscribe(&nats, bad[i], NULL, 0);
    assert_rejects(avow_channel_next(c), UV_EINVAL);
    assert_fulfills_none(avow_channel_next(c));
    avow_channel_unref(c);
  }
  avow_channel_t *c = avow_nats_subscribe(&nats, NULL, NULL, 0);
  assert_rejects(avow_channel_next(c), UV_EINVAL);
  avow_channel_unref(c);
}

static void waiting_receive_keeps_the_loop_alive(void **state) {
  avow_channel_t *c = listen_to("a", NULL, 0);
  run();
  avow_promise_t *p = next(c);
  assert_true(uv_loop_alive(loop));
  avow_value_clear(&nats); /* the channel holds it */
  say("a", 3);
  assert_fulfills_int(p, 3);
  avow_channel_unref(c);
  run();
}

static void subscription_closes_with_the_loop(void **state) {
  for (int stage = 0; stage < 4; stage++) {
    avow_channel_t *c = avow_nats_subscribe(&nats, "full", NULL, 0);
    avow_promise_t *p = stage % 2 == 0 ? avow_channel_next(c) : NULL;
    for (int i = 0; i < stage * 100; i++)
      say("full", i);
    assert_int_equal(avow_loop_close(loop), 0);
    if (p != NULL)
      (void) avow_result(p);
    avow_unref(p);
    avow_channel_unref(c);
    avow_value_clear(&nats);
    avow_value_clear(&second);
    begin_anew();
    nats = connected(connect_patiently());
    second = connected(connect_patiently());
  }
}

static int subscribe_setup(void **state) {
  if (nats_setup(state) != 0)
    return -1;
  second = connected(connect_patiently());
  return 0;
}

static int subscribe_teardown(void **state) {
  avow_value_clear(&second);
  return nats_teardown(state);
}

#define SUBSCRIBE_CASE(f) \
  cmocka_unit_test_setup_teardown(f, subscribe_setup, subscribe_teardown)

SUITE(subscribe) {
  const struct CMUnitTest tests[] = {
    SUBSCRIBE_CASE(messages_arrive_in_order),
    SUBSCRIBE_CASE(subscribers_of_a_queue_share_its_messages),
    SUBSCRIBE_CASE(subscriber_answers_a_request),
    SUBSCRIBE_CASE(worker_answers_all_requests),
    SUBSCRIBE_CASE(released_channel_unsubscribes),
    SUBSCRIBE_CASE(slow_consumer_receives_an_error),
    SUBSCRIBE_CASE(subscription_ends_with_its_connection),
    SUBSCRIBE_CASE(invalid_subjects_are_refused),
    SUBSCRIBE_CASE(waiting_receive_keeps_the_loop_alive),
    SUBSCRIBE_CASE(subscription_closes_with_the_loop),
  };
  return RUN_NATS(tests);
}
