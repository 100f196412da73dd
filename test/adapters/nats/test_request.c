/* SPDX-License-Identifier: MIT */
/* Publishing, and requests with and without answers. */
#include <stdio.h>

#include "nats_test.h"
#include "other.h"

static avow_value_t data_cb(const avow_value_t *message, void *data) {
  natsMsg *msg = avow_to_nats_msg(message);
  return avow_bytes(natsMsg_GetData(msg), (size_t) natsMsg_GetDataLength(msg));
}

/* BYTES: the answer. */
static avow_promise_t *ask(const char *subject, const char *text) {
  avow_promise_t *p =
      avow_nats_request(&nats, subject, avow_string(text), NULL);
  return avow_then(p, data_cb, NULL, NULL);
}

static void request_is_answered(void **state) {
  assert_fulfills_bytes(ask("echo", "hello"), "hello");
  assert_fulfills_bytes(ask("twice", "again"), "again");
  assert_fulfills_bytes(ask("echo", ""), "");
  assert_int_equal(uv_loop_alive(loop), 0);
}

static avow_value_t seen_cb(const avow_value_t *message, void *data) {
  const char *seen = NULL;
  (void) natsMsgHeader_Get(avow_to_nats_msg(message), "Seen", &seen);
  return seen != NULL ? avow_string(seen) : avow_none();
}

static void request_carries_headers(void **state) {
  static const char *const headers[] = { "Other: 1", "Seen: by: me", NULL };
  avow_promise_t *p = avow_nats_request(&nats, "echo", avow_none(), headers);
  assert_fulfills_bytes(avow_then(p, seen_cb, NULL, NULL), "by: me");
}

static void request_without_responders_rejects(void **state) {
  const avow_value_t v =
      avow_run(avow_nats_request(&nats, "nobody", avow_none(), NULL));
  assert_int_equal(avow_error_code(&v), UV_EHOSTUNREACH);
  assert_int_equal(avow_nats_code(&v), NATS_NO_RESPONDERS);
  avow_value_unref(v);
}

/* The id of an answer says which request it is for. */
static avow_value_t ask_one(size_t i, void *data) {
  char text[16];
  (void) snprintf(text, sizeof(text), "%zu", i);
  return avow_follow(ask(i % 2 == 0 ? "echo" : "twice", text));
}

static void many_answers_reach_their_own_requests(void **state) {
  const avow_value_t list = avow_run(avow_map(loop, 2000, ask_one, NULL, NULL));
  assert_int_equal(avow_list_len(&list), 2000);
  for (size_t i = 0; i < 2000; i++) {
    const char *text = avow_to_bytes(avow_list_at(&list, i), NULL);
    assert_int_equal(strtoul(text, NULL, 10), i);
  }
  avow_value_unref(list);
}

static void refuses(const char *subject, avow_value_t payload,
                    const char *header, int code) {
  const char *const headers[] = { header, NULL };
  assert_rejects(avow_nats_publish(&nats, subject, avow_value_ref(&payload),
                                   headers),
                 code);
  assert_rejects(avow_nats_request(&nats, subject, payload, headers), code);
}

/* A longer subject would end the connection. */
static void subject_above_the_line_length_is_refused(void **state) {
  char subject[5000];
  (void) memset(subject, 's', sizeof(subject));
  subject[sizeof(subject) - 1] = '\0';
  refuses(subject, avow_none(), NULL, UV_EINVAL);
  avow_channel_t *c = avow_nats_subscribe(&nats, subject, NULL, 0);
  assert_rejects(avow_channel_next(c), UV_EINVAL);
  avow_channel_unref(c);
  c = avow_nats_subscribe(&nats, subject + 4999 - 3000, subject + 3999, 0);
  assert_rejects(avow_channel_next(c), UV_EINVAL);
  avow_channel_unref(c);
  subject[3900] = '\0';
  assert_rejects(avow_nats_request(&nats, subject, avow_none(), NULL),
                 UV_EHOSTUNREACH);
  c = avow_nats_subscribe(&nats, subject, NULL, 0);
  assert_fulfills_none(avow_nats_flush(&nats));
  assert_fulfills_none(
      avow_nats_publish(&nats, subject, avow_string("x"), NULL));
  const avow_value_t v = connected(avow_channel_next(c));
  assert_string_equal(natsMsg_GetSubject(avow_to_nats_msg(&v)), subject);
  avow_value_unref(v);
  avow_channel_unref(c);
}

static void invalid_messages_are_refused(void **state) {
  refuses(NULL, avow_none(), NULL, UV_EINVAL);
  refuses("", avow_none(), NULL, UV_EINVAL);
  refuses("echo\r\nPING", avow_none(), NULL, UV_EINVAL);
  refuses("two words", avow_none(), NULL, UV_EINVAL);
  refuses("a..b", avow_none(), NULL, UV_EINVAL);
  refuses(".a", avow_none(), NULL, UV_EINVAL);
  refuses("a.", avow_none(), NULL, UV_EINVAL);
  refuses("a.*", avow_none(), NULL, UV_EINVAL);
  refuses(">", avow_none(), NULL, UV_EINVAL);
  refuses("echo", avow_int(1), NULL, UV_EINVAL);
  refuses("echo", avow_error(UV_ENOENT), NULL, UV_ENOENT);
  refuses("echo", avow_none(), "none", UV_EINVAL);
  refuses("echo", avow_none(), ": none", UV_EINVAL);
  refuses("echo", avow_none(), "None:", UV_EINVAL);
  refuses("echo", avow_none(), "None: \t", UV_EINVAL);
  refuses("echo", avow_none(), "Two words: a", UV_EINVAL);
  refuses("echo", avow_none(), "A: b\r\nC: d", UV_EINVAL);
  char *bytes;
  const avow_value_t large = avow_bytes_new(2 << 20, &bytes);
  memset(bytes, 'x', 2 << 20);
  refuses("echo", large, NULL, UV_EMSGSIZE);
  assert_fulfills_bytes(ask("echo", "it goes on"), "it goes on");
}

/* The server has received all messages when the connection is closed. */
static void close_sends_all_published_messages(void **state) {
  for (int i = 0; i < 100; i++)
    assert_fulfills_none(
        avow_nats_publish(&nats, "silent", avow_string("x"), NULL));
  assert_fulfills_none(
      avow_nats_publish(&nats, "silent", avow_string("last"), NULL));
  assert_fulfills_none(avow_nats_close(&nats));
  while (other_heard() < 101)
    uv_sleep(1);
  assert_int_equal(other_heard(), 101);
  assert_string_equal(other_last(), "last");
  assert_rejects(avow_nats_publish(&nats, "silent", avow_none(), NULL),
                 UV_ENOTCONN);
  assert_rejects(ask("echo", "closed"), UV_ENOTCONN);
}

static void canceled_requests_are_forgotten(void **state) {
  for (int stage = 0; stage < 5; stage++) {
    avow_promise_t *p =
        avow_nats_request(&nats, stage % 2 == 0 ? "silent" : "twice",
                          avow_none(), NULL);
    for (int i = 0; i < stage; i++) {
      (void) uv_run(loop, UV_RUN_NOWAIT);
      uv_sleep(1);
    }
    avow_cancel(p);
    assert_int_not_equal(avow_state(p), AVOW_PENDING);
    avow_unref(p);
  }
  assert_rejects(avow_timeout(ask("silent", "x"), 20), UV_ETIMEDOUT);
  assert_fulfills_bytes(ask("echo", "next"), "next");
  assert_int_equal(uv_loop_alive(loop), 0);
}

/* The server does not answer, so that the thread is busy when the request is
   made. */
static void canceled_requests_are_not_sent(void **state) {
  nats_server_pause();
  const int before = flushes_begun();
  avow_promise_t *busy = avow_nats_flush(&nats);
  while (flushes_begun() == before)
    uv_sleep(1);
  assert_cancels_at_once(avow_nats_request(&nats, "silent", avow_none(), NULL));
  nats_server_go_on();
  assert_fulfills_none(busy);
  assert_fulfills_bytes(ask("echo", "behind it"), "behind it");
  assert_int_equal(other_heard(), 1);
}

/* One request is in a shield, which its loop may not cancel. */
static void waiting_requests_end_with_the_loop(void **state) {
  avow_promise_t *ps[] = { ask("silent", "x"), avow_shield(ask("silent", "x")),
                           ask("echo", "x") };
  for (int i = 0; i < 3; i++) {
    (void) uv_run(loop, UV_RUN_NOWAIT);
    uv_sleep(2);
  }
  assert_int_equal(avow_loop_close(loop), 0);
  for (int i = 0; i < 3; i++) {
    assert_int_not_equal(avow_state(ps[i]), AVOW_PENDING);
    (void) avow_result(ps[i]);
    avow_unref(ps[i]);
  }
  avow_value_clear(&nats);
  begin_anew();
}

/* A request holds its connection. */
static void waiting_request_holds_its_connection(void **state) {
  avow_promise_t *p = ask("echo", "held");
  avow_value_clear(&nats);
  assert_fulfills_bytes(p, "held");
  run();
}

/* libnats buffers messages for up to a millisecond. A flush sends them at
   once. On a slow machine, libnats can be first. */
static void single_requests_are_sent_at_once(void **state) {
  assert_fulfills_bytes(ask("echo", "first"), "first");
  for (int i = 0; i < 100; i++) {
    const int before = flushes_begun() + flushes_needless();
    assert_fulfills_bytes(ask("echo", "lone"), "lone");
    while (flushes_begun() + flushes_needless() == before)
      uv_sleep(1); /* the thread that writes may be late */
  }
}

static int request_setup(void **state) {
  if (nats_setup(state) != 0)
    return -1;
  other_begin(nats_url());
  return 0;
}

static int request_teardown(void **state) {
  other_end();
  return nats_teardown(state);
}

#define REQUEST_CASE(f) \
  cmocka_unit_test_setup_teardown(f, request_setup, request_teardown)

SUITE(request) {
  const struct CMUnitTest tests[] = {
    REQUEST_CASE(request_is_answered),
    REQUEST_CASE(request_carries_headers),
    REQUEST_CASE(request_without_responders_rejects),
    REQUEST_CASE(many_answers_reach_their_own_requests),
    REQUEST_CASE(subject_above_the_line_length_is_refused),
    REQUEST_CASE(invalid_messages_are_refused),
    REQUEST_CASE(close_sends_all_published_messages),
    REQUEST_CASE(canceled_requests_are_forgotten),
    REQUEST_CASE(canceled_requests_are_not_sent),
    REQUEST_CASE(waiting_requests_end_with_the_loop),
    REQUEST_CASE(waiting_request_holds_its_connection),
    REQUEST_CASE(single_requests_are_sent_at_once),
  };
  return RUN_NATS(tests);
}
