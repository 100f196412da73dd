/* SPDX-License-Identifier: MIT */
/* Out of memory in avow, libuv and OpenSSL. TLS survives it. */
#include <openssl/crypto.h>

#include "pair.h"
#include "torture.h"

static bool over; /* late handshakes are dropped */

static avow_value_t met(const avow_value_t *v, void *end) {
  if (!over)
    *(avow_value_t *) end = avow_value_ref(v);
  return avow_none();
}

/* The error must be about memory and must not blame the peer. */
static avow_value_t not_met(const avow_value_t *error, void *data) {
  if (avow_error_code(error) == AVOW_TLS_EPROTOCOL)
    fail_msg("%s", avow_error_message(error));
  return avow_value_ref(error);
}

static avow_value_t talk(const avow_value_t *unused, void *data) {
  if (ends[0].tag != AVOW_OBJECT || ends[1].tag != AVOW_OBJECT)
    return avow_error(UV_ENOMEM);
  avow_value_t items[] = { avow_string("a"), avow_string("b") };
  avow_promise_t *all[] = {
    avow_write(client(), avow_list(items, 2)),
    avow_shutdown(client()),
    avow_read_all(server(), 10),
    avow_write(server(), avow_string("answer")),
    avow_read(client(), 10),
    avow_close(server()),
  };
  return avow_follow(avow_all_settled(loop, all, 6));
}

static avow_value_t leave(void *unused) {
  over = true;
  drop(&ends[0]);
  drop(&ends[1]);
  return avow_none();
}

static avow_promise_t *talking(void) {
  over = false;
  const avow_value_t pair = avow_duplex(loop, 1000, NULL);
  if (avow_is_error(&pair))
    return avow_promise_reject(loop, pair);
  for (size_t i = 0; i < 2; i++)
    below[i] = avow_value_ref(avow_list_at(&pair, i));
  avow_value_unref(pair);
  avow_promise_t *both[] = {
    avow_then(avow_tls_server(&settings[1], avow_steal(&below[1])), met,
              not_met, &ends[1]),
    avow_then(avow_tls_client(&settings[0], avow_steal(&below[0]), "localhost"),
              met, not_met, &ends[0]),
  };
  avow_promise_t *p = avow_all(loop, both, 2);
  return avow_finally(avow_then(p, talk, NULL, NULL), leave, NULL);
}

static void connection_survives_allocation_failure(void **state) {
  survive_some(talking, 6);
}

static avow_promise_t *setting_up(void) {
  const avow_tls_options_t options = { .certificate = localhost.certificate,
                                       .key = localhost.key,
                                       .authorities = authority.certificate };
  return avow_promise_resolve(loop, avow_tls_settings(&options));
}

static void settings_survive_allocation_failure(void **state) {
  survive(setting_up);
}

static int set_up(void **state) {
  if (start_pool_alone(state) != 0 || make_all_papers(state) != 0)
    return -1;
  settings[0] = settings_of(NULL, &authority);
  settings[1] = settings_of(&localhost, NULL);
  return 0;
}

static int tear_down(void **state) {
  drop(&settings[0]);
  drop(&settings[1]);
  return free_all_papers(state);
}

SUITE(oom_tls) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(connection_survives_allocation_failure),
    cmocka_unit_test(settings_survive_allocation_failure),
  };
  harness_init();
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
