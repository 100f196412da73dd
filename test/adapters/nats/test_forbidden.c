/* SPDX-License-Identifier: MIT */
/*
 * Permissions of users on the server. Forbidden subscriptions end with an
 * error, and requests that could not receive an answer reject. The states of
 * the connection report all other cases.
 */
#include "nats_test.h"

static avow_value_t user;
static avow_channel_t *states;

static const char *config(void) {
  return "authorization {\n"
         "  users = [\n"
         "    { user: some, password: p, permissions: {\n"
         "      publish: { deny: \"no.>\" }\n"
         "      subscribe: { deny: [\"no.>\", \"half q\"] } } }\n"
         "    { user: deaf, password: p, permissions: {\n"
         "      subscribe: \"some\" } }\n"
         "  ]\n"
         "}\n";
}

static void log_in(const char *name) {
  natsOptions *options = options_of(HOUR);
  assert_int_equal(natsOptions_SetUserInfo(options, name, "p"), NATS_OK);
  user = connected(avow_nats_connect(loop, nats_url(), options));
}

static int log_out(void **state) {
  avow_value_clear(&user);
  return harness_teardown(state);
}

static void is_refused(avow_channel_t *c) {
  const avow_value_t why = avow_run(avow_channel_next(c));
  assert_int_equal(avow_error_code(&why), UV_EACCES);
  assert_int_equal(avow_nats_code(&why), NATS_NOT_PERMITTED);
  assert_non_null(strstr(avow_error_message(&why), "Permissions Violation"));
  avow_value_unref(why);
}

static avow_channel_t *listen_to(const char *subject, const char *queue) {
  return avow_nats_subscribe(&user, subject, queue, 0);
}

/* No other subscription ends, not even an earlier one to the same subject. */
static void forbidden_subscription_ends_with_an_error(void **state) {
  log_in("some");
  avow_channel_t *allowed = listen_to("half", NULL);
  avow_channel_t *all[] = { listen_to("no.a", NULL), listen_to("no.b", "q"),
                            listen_to("half", "q") };
  for (int i = 0; i < 3; i++) {
    is_refused(all[i]);
    assert_fulfills_none(avow_channel_next(all[i]));
    avow_channel_unref(all[i]);
  }
  assert_fulfills_none(avow_nats_flush(&user));
  assert_fulfills_none(avow_nats_publish(&user, "half", avow_none(), NULL));
  const avow_value_t v = avow_run(avow_channel_next(allowed));
  assert_non_null(avow_to_nats_msg(&v));
  avow_value_unref(v);
  avow_channel_unref(allowed);
  run();
}

/* The channel is released before, while or after the server forbids it. */
static void forbidden_subscription_may_be_released_early(void **state) {
  log_in("some");
  for (int stage = 0; stage < 8; stage++) {
    avow_channel_t *c = listen_to("no.a", NULL);
    for (int i = 0; i < stage; i++) {
      (void) uv_run(loop, UV_RUN_NOWAIT);
      uv_sleep(1);
    }
    avow_channel_unref(c);
    run();
  }
  avow_channel_t *c = listen_to("no.a", NULL);
  avow_value_clear(&user); /* the channel holds it */
  is_refused(c);
  avow_channel_unref(c);
  run();
}

static void forbidden_publish_is_reported_by_the_states(void **state) {
  log_in("some");
  states = avow_nats_states(&user);
  assert_fulfills_int(avow_channel_next(states), NATS_CONN_STATUS_CONNECTED);
  assert_fulfills_none(avow_nats_publish(&user, "no.a", avow_none(), NULL));
  is_refused(states);
  assert_fulfills_int(avow_channel_next(states), NATS_CONN_STATUS_CONNECTED);
  assert_fulfills_none(avow_nats_flush(&user));
  avow_channel_unref(states);
}

static void requests_without_reply_permission_reject(void **state) {
  log_in("deaf");
  for (int i = 0; i < 2; i++)
    assert_rejects(avow_nats_request(&user, "half", avow_none(), NULL),
                   UV_EACCES);
  assert_fulfills_none(avow_nats_flush(&user));
}

static int forbidden_setup(void **state) {
  nats_server_set_config(config());
  return nats_group_setup(state);
}

static int forbidden_teardown(void **state) {
  nats_server_set_config(NULL);
  return nats_group_teardown(state);
}

#define FORBIDDEN_CASE(f) \
  cmocka_unit_test_setup_teardown(f, harness_setup, log_out)

SUITE(forbidden) {
  const struct CMUnitTest tests[] = {
    FORBIDDEN_CASE(forbidden_subscription_ends_with_an_error),
    FORBIDDEN_CASE(forbidden_subscription_may_be_released_early),
    FORBIDDEN_CASE(forbidden_publish_is_reported_by_the_states),
    FORBIDDEN_CASE(requests_without_reply_permission_reject),
  };
  harness_init();
  return cmocka_run_group_tests(tests, forbidden_setup, forbidden_teardown);
}
