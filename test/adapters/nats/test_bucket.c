/* SPDX-License-Identifier: MIT */
/* Buckets: a value that was put can be read, and each watch receives each
   change once, even if the server is restarted. */
#include <stdio.h>
#include <string.h>

#include "nats_test.h"

static avow_value_t bucket;
static char name[32]; /* name of the bucket */

static void open_bucket(void) {
  static int number;
  (void) snprintf(name, sizeof(name), "b%d", ++number);
  bucket = connected(avow_nats_bucket(&nats, name, NULL));
}

static int bucket_setup(void **state) {
  if (nats_setup(state) != 0)
    return -1;
  open_bucket();
  return 0;
}

static int bucket_teardown(void **state) {
  avow_value_clear(&bucket);
  return nats_teardown(state);
}

static int bucket_setup_by_hand(void **state) {
  return by_hand(bucket_setup, state);
}

#define BUCKET_CASE(f) \
  cmocka_unit_test_setup_teardown(f, bucket_setup_by_hand, bucket_teardown)

static avow_promise_t *put(const char *key, const char *value) {
  return avow_nats_put(&bucket, key, avow_string(value));
}

/* A NULL value means that the key was deleted. */
static void is_change(avow_promise_t *p, const char *key, const char *value,
                      uint64_t revision) {
  const avow_value_t v = connected(p);
  const avow_nats_change_t *change = avow_to_nats_change(&v);
  assert_non_null(change);
  assert_string_equal(change->key, key);
  if (value == NULL)
    assert_true(avow_is_none(&change->value));
  else
    assert_string_equal(avow_to_bytes(&change->value, NULL), value);
  assert_int_equal(change->revision, revision);
  avow_value_unref(v);
}

static void value_exists_until_it_is_deleted(void **state) {
  assert_rejects(avow_nats_get(&bucket, "a.b"), UV_ENOENT);
  assert_fulfills_int(put("a.b", "x"), 1);
  assert_fulfills_int(put("a.b", "y"), 2);
  assert_fulfills_int(put("c", "{\"error\":{}}"), 3);
  is_change(avow_nats_get(&bucket, "a.b"), "a.b", "y", 2);
  is_change(avow_nats_get(&bucket, "c"), "c", "{\"error\":{}}", 3);
  assert_fulfills_int(avow_nats_delete(&bucket, "a.b"), 4);
  assert_rejects(avow_nats_get(&bucket, "a.b"), UV_ENOENT);
  assert_fulfills_int(avow_nats_put(&bucket, "c", avow_none()), 5);
  is_change(avow_nats_get(&bucket, "c"), "c", "", 5);
}

static void watch_reports_changes(void **state) {
  assert_fulfills_int(put("a.b", "x"), 1);
  assert_fulfills_int(put("a.b", "y"), 2);
  assert_fulfills_int(put("c", "z"), 3);
  avow_channel_t *all = avow_nats_watch(&bucket, ">");
  avow_channel_t *some = avow_nats_watch(&bucket, "a.*");
  is_change(avow_channel_next(all), "a.b", "y", 2);
  is_change(avow_channel_next(some), "a.b", "y", 2);
  is_change(avow_channel_next(all), "c", "z", 3);
  assert_fulfills_int(avow_nats_delete(&bucket, "a.b"), 4);
  is_change(avow_channel_next(all), "a.b", NULL, 4);
  is_change(avow_channel_next(some), "a.b", NULL, 4);
  avow_channel_unref(all);
  assert_fulfills_int(put("a.c", "1"), 5);
  is_change(avow_channel_next(some), "a.c", "1", 5);
  assert_fulfills_none(avow_nats_close(&nats));
  assert_fulfills_none(avow_channel_next(some));
  avow_channel_unref(some);
}

enum { MANY = 3000 };

/* More changes than the server sends without flow control. */
static void watch_reports_many_changes_in_order(void **state) {
  char text[32];
  avow_promise_t *ps[MANY];
  avow_channel_t *all = avow_nats_watch(&bucket, "n.*");
  for (int i = 0; i < MANY; i++) {
    (void) snprintf(text, sizeof(text), "n.%d", i);
    ps[i] = put(text, text);
  }
  const avow_value_t list = connected(avow_all(loop, ps, MANY));
  avow_value_unref(list);
  for (int i = 0; i < MANY; i++) {
    (void) snprintf(text, sizeof(text), "n.%d", i);
    is_change(avow_channel_next(all), text, text, (uint64_t) i + 1);
  }
  avow_channel_unref(all);
}

/* Changes that were received do not arrive again. */
static void watch_continues_after_a_server_restart(void **state) {
  avow_value_clear(&bucket);
  avow_value_clear(&nats);
  nats = connected(avow_nats_connect(loop, NULL, options_that_reconnect()));
  open_bucket();
  avow_channel_t *all = avow_nats_watch(&bucket, ">");
  avow_channel_t *states = avow_nats_states(&nats);
  assert_fulfills_int(avow_channel_next(states), NATS_CONN_STATUS_CONNECTED);
  assert_fulfills_int(put("b", "0"), 1);
  is_change(avow_channel_next(all), "b", "0", 1);
  assert_fulfills_int(put("a", "1"), 2);
  is_change(avow_channel_next(all), "a", "1", 2);
  nats_server_stop();
  nats_server_start();
  assert_fulfills_int(avow_channel_next(states), NATS_CONN_STATUS_RECONNECTING);
  assert_fulfills_int(avow_channel_next(states), NATS_CONN_STATUS_CONNECTED);
  avow_promise_t *next = avow_channel_next(all);
  for (bool is_put = false; !is_put;) {
    avow_promise_t *p = put("a", "2");
    settle(p);
    const avow_value_t v = avow_run(p);
    is_put = !avow_is_error(&v); /* JetStream starts after the server */
    avow_value_unref(v);
  }
  settle(next);
  is_change(next, "a", "2", 3);
  avow_channel_unref(states);
  avow_channel_unref(all);
}

static void ask_server(const char *api, const char *text) {
  avow_value_unref(
      connected(avow_nats_request(&nats, api, avow_string(text), NULL)));
}

/* Deletes the only consumer of the stream. */
static void take_consumer(const char *stream) {
  char api[128], consumer[64];
  (void) snprintf(api, sizeof(api), "$JS.API.CONSUMER.NAMES.%s", stream);
  const avow_value_t v =
      connected(avow_nats_request(&nats, api, avow_none(), NULL));
  const char *text = natsMsg_GetData(avow_to_nats_msg(&v));
  const char *names = strstr(text, "\"consumers\":[\"");
  assert_non_null(names);
  assert_int_equal(sscanf(names, "\"consumers\":[\"%63[^\"]", consumer), 1);
  avow_value_unref(v);
  (void) snprintf(api, sizeof(api), "$JS.API.CONSUMER.DELETE.%s.%s", stream,
                  consumer);
  ask_server(api, "");
}

/* The heartbeats of a watch. After the third one without a message, the watch
   queries the server. */
enum { BEAT_MS = 5000, BEATS = 3 };

/* Lets heartbeats pass until p settles. After every third one the server
   answers some questions, more each time, and so the question of the watch,
   too. */
static avow_promise_t *in_silence(avow_promise_t *p) {
  for (int questions = 1; avow_state(p) == AVOW_PENDING; questions *= 2) {
    for (int i = 0; i < BEATS; i++)
      advance(BEAT_MS);
    for (int i = 0; i < questions && avow_state(p) == AVOW_PENDING; i++)
      assert_rejects(avow_nats_get(&bucket, "missing"), UV_ENOENT);
  }
  return p;
}

/* The server does not report the loss. The watch notices the missing
   heartbeats. */
static void watch_notices_a_deleted_stream_or_consumer(void **state) {
  const avow_value_t gone = connected(avow_nats_bucket(&nats, "gone", NULL));
  avow_channel_t *of_gone = avow_nats_watch(&gone, "a");
  avow_value_unref(connected(avow_nats_put(&gone, "a", avow_string("x"))));
  is_change(avow_channel_next(of_gone), "a", "x", 1);
  const avow_value_t lost = connected(avow_nats_bucket(&nats, "lost", NULL));
  avow_channel_t *of_lost = avow_nats_watch(&lost, "a");
  avow_value_unref(connected(avow_nats_put(&lost, "a", avow_string("x"))));
  is_change(avow_channel_next(of_lost), "a", "x", 1);
  ask_server("$JS.API.STREAM.DELETE.KV_gone", "");
  take_consumer("KV_lost");
  avow_value_unref(connected(avow_nats_put(&lost, "a", avow_string("y"))));
  is_change(in_silence(avow_channel_next(of_lost)), "a", "y", 2);
  assert_rejects(in_silence(avow_channel_next(of_gone)), UV_ENOENT);
  avow_channel_unref(of_lost);
  avow_channel_unref(of_gone);
  avow_value_unref(lost);
  avow_value_unref(gone);
}

/* Changes with a status header such as the server may send. */
static void watch_reports_changes_with_an_odd_status(void **state) {
  static const char *const odd[] = { "Status: 100", NULL };
  char subject[64];
  avow_channel_t *all = avow_nats_watch(&bucket, ">");
  assert_fulfills_int(put("a", "x"), 1);
  is_change(avow_channel_next(all), "a", "x", 1);
  (void) snprintf(subject, sizeof(subject), "$KV.%s.a", name);
  assert_fulfills_none(avow_nats_publish(&nats, subject, avow_none(), odd));
  is_change(avow_channel_next(all), "a", "", 2);
  is_change(avow_nats_get(&bucket, "a"), "a", "", 2);
  avow_channel_unref(all);
}

/* The bucket was made as older programs make it. */
static void bucket_of_an_older_program_may_be_watched(void **state) {
  ask_server("$JS.API.STREAM.CREATE.KV_old",
             "{\"name\":\"KV_old\",\"subjects\":[\"$KV.old.>\"],"
             "\"max_msgs_per_subject\":1,\"storage\":\"file\"}");
  const avow_value_t old = connected(avow_nats_bucket(&nats, "old", NULL));
  assert_fulfills_int(avow_nats_put(&old, "a", avow_string("x")), 1);
  assert_rejects(avow_nats_get(&old, "a"), UV_ENOTSUP);
  avow_channel_t *c = avow_nats_watch(&old, "a");
  is_change(avow_channel_next(c), "a", "x", 1);
  avow_channel_unref(c);
  avow_value_unref(old);
}

static void existing_bucket_opens_if_its_options_match(void **state) {
  const avow_nats_bucket_options_t keeps = { .keep = 60000, .history = 2 };
  const avow_nats_bucket_options_t other = { .history = 3 };
  const avow_nats_bucket_options_t odd = { .reserved = { 1 } };
  avow_value_unref(connected(avow_nats_bucket(&nats, "kept", &keeps)));
  avow_value_unref(connected(avow_nats_bucket(&nats, "kept", &keeps)));
  avow_value_unref(connected(avow_nats_bucket(&nats, "kept", NULL)));
  assert_rejects(avow_nats_bucket(&nats, "kept", &other), UV_EEXIST);
  assert_rejects(avow_nats_bucket(&nats, "kept", &odd), UV_EINVAL);
  assert_rejects(avow_nats_bucket(&nats, "a.b", NULL), UV_EINVAL);
}

/* The error is "max age needs to be >= 100ms", in JSON. */
static void error_contains_the_servers_reason(void **state) {
  const avow_nats_bucket_options_t brief = { .keep = 1 };

  const avow_value_t v = avow_run(avow_nats_bucket(&nats, "brief", &brief));

  assert_int_equal(avow_error_code(&v), UV_EPROTO);
  assert_non_null(strstr(avow_error_message(&v), ">= 100ms"));
  avow_value_unref(v);
}

static void invalid_keys_and_patterns_are_refused(void **state) {
  static const char *const keys[] = { "",  ".", "a.", ".a", "a..b", "a b",
                                      "*", ">", "a>", "\n", NULL };
  for (const char *const *key = keys; *key != NULL; key++) {
    assert_rejects(put(*key, "x"), UV_EINVAL);
    assert_rejects(avow_nats_get(&bucket, *key), UV_EINVAL);
    assert_rejects(avow_nats_delete(&bucket, *key), UV_EINVAL);
  }
  static const char *const patterns[] = { "", "a*", "**", ">.a", "a.>.b" };
  for (size_t i = 0; i < 5; i++) {
    avow_channel_t *c = avow_nats_watch(&bucket, patterns[i]);
    assert_rejects(avow_channel_next(c), UV_EINVAL);
    avow_channel_unref(c);
  }
  assert_rejects(avow_nats_get(&bucket, NULL), UV_EINVAL);
  assert_rejects(avow_nats_put(&bucket, "a", avow_int(1)), UV_EINVAL);
  assert_null(avow_to_nats_change(&bucket));
}

SUITE(bucket) {
  const struct CMUnitTest tests[] = {
    BUCKET_CASE(value_exists_until_it_is_deleted),
    BUCKET_CASE(watch_reports_changes),
    BUCKET_CASE(watch_reports_many_changes_in_order),
    BUCKET_CASE(watch_continues_after_a_server_restart),
    BUCKET_CASE(watch_notices_a_deleted_stream_or_consumer),
    BUCKET_CASE(watch_reports_changes_with_an_odd_status),
    BUCKET_CASE(bucket_of_an_older_program_may_be_watched),
    BUCKET_CASE(existing_bucket_opens_if_its_options_match),
    BUCKET_CASE(error_contains_the_servers_reason),
    BUCKET_CASE(invalid_keys_and_patterns_are_refused),
  };
  return RUN_JETSTREAM(tests);
}
