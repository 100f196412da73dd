/* SPDX-License-Identifier: MIT */
/* Simultaneous requests: the number of their connections. All must settle, even
   with few descriptors and with bodies that are not read. */
#include "curl_test.h"

#include <sys/resource.h>
#include <unistd.h>

enum { MANY = 300 };

/* Another name for the host of the server. */
static void at_server(CURL *easy, void *list) {
  curl_easy_setopt(easy, CURLOPT_RESOLVE, list);
}

static avow_promise_t *other_host(const char *path, struct curl_slist **list) {
  char text[64];
  int port = 0;
  assert_int_equal(sscanf(url_of(""), "http://127.0.0.1:%d", &port), 1);
  (void) snprintf(text, sizeof(text), "other.test:%d:127.0.0.1", port);
  *list = curl_slist_append(NULL, text);
  (void) snprintf(text, sizeof(text), "http://other.test:%d%s", port, path);
  const avow_fetch_options_t options = { .set = at_server, .data = *list };
  return avow_curl_fetch(client, text, &options);
}

static avow_promise_t *fetch(const char *path) {
  return avow_curl_fetch(client, url_of("%s", path), NULL);
}

static avow_promise_t *fetches(const char *path, size_t n) {
  avow_promise_t *all[MANY];
  for (size_t i = 0; i < n; i++)
    all[i] = fetch(path);
  return avow_all_settled(loop, all, n);
}

static void assert_answered(const avow_value_t *list, size_t n) {
  assert_int_equal(avow_list_len(list), n);
  for (size_t i = 0; i < n; i++) {
    const avow_outcome_t one = avow_outcome_at(list, i);
    if (one.status != AVOW_FULFILLED)
      fail_msg("%zu: %s", i, avow_error_message(one.value));
    assert_int_equal(avow_curl_status(one.value), 200);
  }
}

static void answers(const char *path, size_t n) {
  const avow_value_t v = avow_run(fetches(path, n));
  assert_answered(&v, n);
  avow_value_unref(v);
}

static void many_requests_use_at_most_six_connections(void **state) {
  const int before = http_server_accepted();
  answers("/hello", MANY);
  assert_in_range(http_server_accepted() - before, 1, 6);
}

static void connection_limit_applies_to_each_host(void **state) {
  struct curl_slist *list;
  client_with(1, 0);
  avow_promise_t *silent = fetch("/silent");
  avow_promise_t *waiting = fetches("/hello", 20);
  const avow_value_t v = avow_run(other_host("/hello", &list));
  assert_int_equal(avow_curl_status(&v), 200);
  assert_int_equal(avow_state(waiting), AVOW_PENDING);
  avow_value_unref(v);
  avow_cancel(silent);
  avow_unref(silent);
  const avow_value_t all = avow_run(waiting);
  assert_answered(&all, 20);
  avow_value_unref(all);
  curl_slist_free_all(list);
}

static avow_value_t note_host(const avow_value_t *response, void *order) {
  char *at = order;
  at[strlen(at)] = avow_curl_status(response) == 201 ? 'a' : 'b';
  return avow_none();
}

static void hosts_take_turns(void **state) {
  char order[8] = "";
  struct curl_slist *list;
  client_with(0, 1);
  avow_promise_t *all[4];
  for (int i = 0; i < 3; i++)
    all[i] = avow_then(fetch("/status/201"), note_host, NULL, order);
  all[3] = avow_then(other_host("/status/202", &list), note_host, NULL, order);
  avow_value_unref(avow_run(avow_all(loop, all, 4)));
  assert_string_equal(order, "aaba"); /* the first one starts in its call */
  curl_slist_free_all(list);
}

/* Requests wait behind two whose bodies are not read to the end. */
static void unread_bodies_do_not_block_requests(void **state) {
  client_with(2, 2);
  const avow_value_t v = avow_run(fetches("/bytes/3000000", 12));
  assert_answered(&v, 12);
  for (size_t i = 0; i < 12; i++) {
    const avow_value_t *response = avow_outcome_at(&v, i).value;
    avow_promise_t *p = avow_read_all(avow_to_stream(response), 1 << 22);
    const avow_value_t body = avow_run(p);
    size_t len;
    assert_non_null(avow_to_bytes(&body, &len));
    assert_int_equal(len, 3000000);
    avow_value_unref(body);
  }
  avow_value_unref(v);
}

static avow_value_t read_body(const avow_value_t *response, void *data) {
  avow_value_t *kept = data;
  *kept = avow_value_ref(response);
  return avow_follow(avow_read_all(avow_to_stream(response), 1 << 22));
}

/* Requests whose bodies are read at once respect the limit. */
static void bodies_being_read_count_toward_the_limit(void **state) {
  const int before = http_server_accepted();
  avow_value_t kept[12];
  avow_promise_t *all[12];
  client_with(2, 0);
  for (int i = 0; i < 12; i++)
    all[i] = avow_then(fetch("/bytes/300000"), read_body, NULL, &kept[i]);
  const avow_value_t v = avow_run(avow_all(loop, all, 12));
  assert_int_equal(avow_list_len(&v), 12);
  assert_in_range(http_server_accepted() - before, 1, 2);
  for (int i = 0; i < 12; i++)
    avow_value_unref(kept[i]);
  avow_value_unref(v);
}

/* Limits the number of further descriptors. */
static struct rlimit usual;

static void leave(int descriptors) {
  int pair[2];
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
  struct rlimit few = usual;
  assert_int_equal(pipe(pair), 0);
  few.rlim_cur = (rlim_t) pair[0] + (rlim_t) descriptors;
  (void) close(pair[0]);
  (void) close(pair[1]);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
}

static void as_usual(void) {
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
}

static void requests_wait_for_descriptors(void **state) {
  for (int left = 1; left <= 12; left += 3) {
    client_with(100, 100);
    leave(left);
    const avow_value_t v = avow_run(fetches("/hello", MANY));
    as_usual();
    assert_answered(&v, MANY);
    avow_value_unref(v);
  }
}

/* The client keeps connections to another host. */
static void client_closes_idle_connections_for_descriptors(void **state) {
  struct curl_slist *list;
  client_with(20, 20);
  answers("/together/20", 20);
  leave(0);
  const avow_value_t v = avow_run(other_host("/hello", &list));
  as_usual();
  assert_int_equal(avow_curl_status(&v), 200);
  avow_value_unref(v);
  curl_slist_free_all(list);
}

static void requests_reject_without_descriptors(void **state) {
  leave(0);
  const avow_value_t v = avow_run(fetches("/hello", 50));
  as_usual();
  for (size_t i = 0; i < 50; i++)
    assert_int_equal(avow_error_code(avow_outcome_at(&v, i).value), UV_EMFILE);
  avow_value_unref(v);
}

static void requests_reject_if_unread_bodies_use_all_descriptors(void **state) {
  leave(10);
  const avow_value_t v = avow_run(fetches("/bytes/3000000", 30));
  as_usual();
  size_t refused = 0;
  for (size_t i = 0; i < 30; i++) {
    const avow_outcome_t one = avow_outcome_at(&v, i);
    if (one.status == AVOW_FULFILLED)
      continue;
    assert_int_equal(avow_error_code(one.value), UV_EMFILE);
    refused++;
  }
  assert_in_range(refused, 19, 22);
  avow_value_unref(v);
}

static void waiting_requests_are_canceled_at_once(void **state) {
  const int before = http_server_accepted();
  client_with(1, 0);
  avow_promise_t *silent = fetch("/silent");
  avow_promise_t *all = fetches("/hello", MANY);
  avow_promise_t *last = fetch("/hello");
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_cancel(all);
  assert_rejects(all, UV_ECANCELED);
  avow_cancel(silent);
  avow_unref(silent);
  const avow_value_t v = avow_run(last);
  assert_int_equal(avow_curl_status(&v), 200);
  assert_in_range(http_server_accepted() - before, 1, 2);
  avow_value_unref(v);
}

static void waiting_requests_end_with_the_loop(void **state) {
  client_with(2, 0);
  avow_promise_t *all[20];
  for (int i = 0; i < 20; i++)
    all[i] = fetch("/silent");
  (void) uv_run(loop, UV_RUN_NOWAIT);
  assert_int_equal(avow_loop_close(loop), 0);
  for (int i = 0; i < 20; i++) {
    assert_int_equal(avow_error_code(avow_result(all[i])), UV_ECANCELED);
    avow_unref(all[i]);
  }
  begin_anew();
}

/* A pending transfer keeps the client. */
static void waiting_requests_outlive_the_last_reference(void **state) {
  client_with(2, 0);
  avow_promise_t *all = fetches("/hello", 20);
  avow_curl_unref(client);
  client = NULL;
  const avow_value_t v = avow_run(all);
  assert_answered(&v, 20);
  avow_value_unref(v);
}

static void invalid_options_are_refused(void **state) {
  static const avow_curl_options_t wrong[] = {
    { .reserved = { 0, 1 } },
    { .host_connections = 1000001 },
    { .connections = 1000001 },
  };
  for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
    avow_curl_t *refused = avow_curl_new(loop, &wrong[i]);
    assert_rejects(avow_curl_fetch(refused, url_of("/hello"), NULL), UV_EINVAL);
    assert_null(avow_curl_multi(refused));
    avow_curl_unref(refused);
  }
}

SUITE(fan_out) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(many_requests_use_at_most_six_connections),
    CURL_CASE(connection_limit_applies_to_each_host),
    CURL_CASE(hosts_take_turns),
    CURL_CASE(unread_bodies_do_not_block_requests),
    CURL_CASE(bodies_being_read_count_toward_the_limit),
    CURL_CASE(requests_wait_for_descriptors),
    CURL_CASE(client_closes_idle_connections_for_descriptors),
    CURL_CASE(requests_reject_without_descriptors),
    CURL_CASE(requests_reject_if_unread_bodies_use_all_descriptors),
    CURL_CASE(waiting_requests_are_canceled_at_once),
    CURL_CASE(waiting_requests_end_with_the_loop),
    CURL_CASE(waiting_requests_outlive_the_last_reference),
    CURL_CASE(invalid_options_are_refused),
  };
  return RUN_CURL(tests);
}
