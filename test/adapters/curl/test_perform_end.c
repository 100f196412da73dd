/* SPDX-License-Identifier: MIT */
/* Transfers that end early: canceled or closed with their loop at each stage,
   and at random. Nothing may be left of them. */
#include <unistd.h>

#include "curl_test.h"

enum { STAGES = 12 };

static void turn(void) {
  (void) uv_run(loop, UV_RUN_NOWAIT);
  uv_sleep(1); /* the server is another process */
}

static const char *const paths[] = { "/hello",    "/half/100",   "/silent",
                                     "/drip/100", "/redirect/3", "/headers" };
enum { PATHS = sizeof(paths) / sizeof(paths[0]) };

static void transfer_may_be_canceled_at_each_stage(void **state) {
  for (int path = 0; path < PATHS; path++)
    for (int stage = 0; stage < STAGES; stage++) {
      CURL *easy = easy_for(url_of(paths[path]), NULL);
      curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
      avow_promise_t *p = avow_curl_perform(client, easy);
      for (int i = 0; i < stage; i++)
        turn();
      avow_cancel(p);
      assert_int_not_equal(avow_state(p), AVOW_PENDING);
      assert_non_null(avow_result(p)); /* some have failed before */
      avow_unref(p);
    }
  avow_curl_unref(client);
  client = NULL;
  run();
  assert_no_connection();
}

static void loop_may_close_at_each_stage(void **state) {
  for (int path = 0; path < PATHS; path++)
    for (int stage = 0; stage < STAGES; stage++) {
      avow_promise_t *p =
          avow_curl_perform(client, easy_for(url_of(paths[path]), NULL));
      for (int i = 0; i < stage; i++)
        turn();
      assert_int_equal(avow_loop_close(loop), 0);
      assert_non_null(avow_result(p));
      assert_null(avow_curl_multi(client));
      assert_int_equal(uv_loop_alive(loop), 0);
      avow_unref(p);
      begin_anew();
    }
  assert_no_connection();
}

static void closed_loop_refuses_transfers(void **state) {
  assert_int_equal(avow_loop_close(loop), 0);
  avow_promise_t *p =
      avow_curl_perform(client, easy_for(url_of("/hello"), NULL));
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  begin_anew();
}

/* The client and its connections are freed after its last transfer. */
static void released_client_finishes_its_transfers(void **state) {
  avow_promise_t *p = get(url_of("/drip/5"), NULL);
  avow_curl_unref(client);
  client = NULL;
  assert_fulfills_int(p, 200);
  run();
  assert_no_connection();
}

/* A transfer in a shield ends before the loop does. */
static void shielded_transfer_ends_before_the_loop_closes(void **state) {
  got_t got = { 0 };
  avow_promise_t *p = avow_shield(get(url_of("/drip/5"), &got));
  turn();
  assert_int_equal(avow_loop_close(loop), 0);
  assert_got(&got, 5);
  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  avow_unref(p);
  begin_anew();
}

typedef struct {
  size_t begun, fulfilled, canceled, wrong;
  size_t most;
} storm_t;

static avow_value_t storm_ok(const avow_value_t *arg, void *data) {
  storm_t *storm = data;
  storm->fulfilled++;
  return avow_none();
}

static avow_value_t storm_failed(const avow_value_t *arg, void *data) {
  storm_t *storm = data;
  if (avow_is_timeout(arg))
    storm->canceled++;
  else
    storm->wrong++;
  return avow_none();
}

/* Each transfer has a time limit of 0 to 9 ms, or none. */
static avow_value_t storm_one(size_t i, void *data) {
  storm_t *storm = data;
  const unsigned chance = (unsigned) (storm->begun++ * 2654435761u) >> 8;
  const char *const some[] = { "/hello", "/bytes/20000", "/drip/3",
                               "/chunked/300" };
  avow_promise_t *p = get(url_of(some[chance % 4]), NULL);
  if (chance % 3 != 0)
    p = avow_timeout(p, chance / 16 % 10);
  return avow_follow(avow_then(p, storm_ok, storm_failed, storm));
}

/* $STORM is the number of transfers. */
static void random_cancellations_leave_nothing(void **state) {
  const char *asked = getenv("STORM");
  storm_t storm = { .most = asked != NULL ? strtoul(asked, NULL, 10) : 500 };
  const avow_map_options_t options = { .concurrency = 50 };
  avow_ignore(
      avow_run(avow_map(loop, storm.most, storm_one, &storm, &options)));
  assert_int_equal(storm.fulfilled + storm.canceled, storm.most);
  assert_int_equal(storm.wrong, 0);
  assert_true(storm.fulfilled > 0 && storm.canceled > 0);
  avow_curl_unref(client);
  client = NULL;
  run();
  assert_no_connection();
}

SUITE(perform_end) {
  const struct CMUnitTest tests[] = {
    CURL_CASE(transfer_may_be_canceled_at_each_stage),
    CURL_CASE(loop_may_close_at_each_stage),
    CURL_CASE(closed_loop_refuses_transfers),
    CURL_CASE(released_client_finishes_its_transfers),
    CURL_CASE(shielded_transfer_ends_before_the_loop_closes),
    CURL_CASE(random_cancellations_leave_nothing),
  };
  return RUN_CURL(tests);
}
