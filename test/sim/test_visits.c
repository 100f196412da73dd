/* SPDX-License-Identifier: MIT */
/* Programs on the simulated network: avow's own code on it, host names and
   faults. */
#include "avow/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "suite.h"
#include "visits.h"

enum { SEEDS = 100, FAULTY_SEEDS = 300 };

static void assert_succeeds(avow_sim_fn program, void *data) {
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    const avow_sim_result_t one = avow_sim(seed, program, data, NULL);
    const avow_sim_result_t two = avow_sim(seed, program, data, NULL);
    assert_string_equal(one.why, "");
    assert_true(one.hash == two.hash);
  }
}

static void assert_visits(const char *bound, const char *asked,
                          const char *service) {
  visits_t visits = { .bound = bound,
                      .asked = asked,
                      .service = service,
                      .attempts = 1 };
  assert_succeeds(visits_begin, &visits);
}

static void clients_connect_to_an_address(void **state) {
  assert_visits("127.0.0.1", "127.0.0.1", "7001");
}

static void clients_connect_to_a_name(void **state) {
  assert_visits("echo.example", "echo.example", "echo");
}

static void clients_connect_to_a_wildcard_listener(void **state) {
  assert_visits("0.0.0.0", "echo.example", "80");
  assert_visits("::", "localhost", "80");
}

static void clients_connect_to_a_pipe(void **state) {
  assert_visits("/run/echo", "/run/echo", NULL);
}

/* Errors that clients see when the network breaks. */

static const int codes[] = { UV_ECONNRESET, UV_ETIMEDOUT, UV_ECONNREFUSED,
                             UV_EAI_AGAIN };

enum { CODES = sizeof(codes) / sizeof(codes[0]) };

static unsigned met[CODES];

static void meet(int code) {
  for (size_t i = 0; i < CODES; i++)
    met[i] += code == codes[i];
}

static void clients_that_retry_succeed(void **state) {
  visits_t visits = { .bound = "0.0.0.0",
                      .asked = "echo.example",
                      .service = "7",
                      .attempts = 1000,
                      .failed = meet };
  const avow_sim_options_t options = { .faults = AVOW_SIM_NET };
  for (uint64_t seed = 0; seed < FAULTY_SEEDS; seed++) {
    const avow_sim_result_t result =
        avow_sim(seed, visits_begin, &visits, &options);
    assert_string_equal(result.why, "");
  }
  for (size_t i = 0; i < CODES; i++)
    assert_true(met[i] > 0);
}

/* The number is the same for each compiler, for 32 and 64 bits, and for both
   byte orders. A change to what a seed means must update it. */
static void network_history_is_the_same_on_each_machine(void **state) {
  visits_t visits = { .bound = "0.0.0.0",
                      .asked = "echo.example",
                      .service = "7",
                      .attempts = 1000 };
  const avow_sim_options_t options = { .faults =
                                           AVOW_SIM_NET | AVOW_SIM_CANCEL };
  uint64_t hashes = 0;
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    hashes = hashes * 31 + avow_sim(seed, visits_begin, &visits, &options).hash;

  assert_true(hashes == UINT64_C(0x225d7c3834c1f613));
}

/* Words of the history for each kind of break. */
static const char *const breaks[] = {
  "is reset by the network", "is partitioned",
  "is cut silently",         "no descriptor for a connection",
  "gets no answer",          "fails: ECONNREFUSED",
  "hears nothing",           "is reset",
};

enum { BREAKS = sizeof(breaks) / sizeof(breaks[0]) };

static void look_for_breaks(FILE *events, bool seen[BREAKS]) {
  char line[200];
  rewind(events);
  while (fgets(line, sizeof(line), events) != NULL)
    for (size_t i = 0; i < BREAKS; i++)
      seen[i] = seen[i] || strstr(line, breaks[i]) != NULL;
}

static void each_network_fault_occurs(void **state) {
  bool seen[BREAKS] = { false };
  visits_t visits = { .bound = "0.0.0.0",
                      .asked = "echo.example",
                      .service = "7",
                      .attempts = 1000 };
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    FILE *events = tmpfile();
    const avow_sim_options_t options = { .faults = AVOW_SIM_NET,
                                         .fault_rate = 100,
                                         .events = events };
    (void) avow_sim(seed, visits_begin, &visits, &options);
    look_for_breaks(events, seen);
    (void) fclose(events);
  }
  for (size_t i = 0; i < BREAKS; i++)
    if (!seen[i])
      fail_msg("nothing %s", breaks[i]);
}

/* A client that sends a greeting, stays for an hour and disconnects. A server
   waits for the end without a time limit. */
typedef struct {
  bool looks; /* both use keepalive probes */
  uv_loop_t *loop;
  avow_value_t server, guest;
  avow_promise_t *served;
  avow_value_t inside[4]; /* connections open at the end */
  int n_inside;
} stay_t;

static avow_stream_t looking(const avow_value_t *connection,
                             const stay_t *stay) {
  const avow_stream_t stream = avow_to_stream(connection);
  if (stay->looks)
    (void) uv_tcp_keepalive((uv_tcp_t *) avow_stream_handle(stream), 1, 60);
  return stream;
}

static avow_value_t wait_for_end(const avow_value_t *connection, void *data) {
  stay_t *stay = data;
  stay->inside[stay->n_inside++] = avow_value_ref(connection);
  return avow_follow(avow_read_all(looking(connection, stay), 100));
}

static avow_value_t stay_on(const avow_value_t *written, void *data) {
  const stay_t *stay = data;
  return avow_follow(avow_sleep(stay->loop, 60 * 60 * 1000));
}

static avow_value_t say_hello(const avow_value_t *connection, void *data) {
  stay_t *stay = data;
  stay->guest = avow_value_ref(connection);
  avow_promise_t *p =
      avow_write(looking(connection, stay), avow_string("hello"));
  return avow_follow(avow_then(p, stay_on, stay_on, stay));
}

static void release(avow_value_t *held) {
  const avow_value_t v = *held;
  *held = avow_none();
  avow_value_unref(v);
}

/* Releases the references that remain when the loop closes. */
static void release_all(void *data) {
  stay_t *stay = data;
  release(&stay->guest);
  release(&stay->server);
  while (stay->n_inside > 0)
    avow_value_unref(stay->inside[--stay->n_inside]);
  avow_unref(stay->served);
}

static avow_value_t go(const avow_value_t *any, void *data) {
  stay_t *stay = data;
  release(&stay->guest);
  release(&stay->server);
  return avow_follow(avow_ref(stay->served));
}

static avow_value_t host(const avow_value_t *server, void *data) {
  static const avow_map_options_t all = { .kind = AVOW_ALL_SETTLED };
  stay_t *stay = data;
  stay->server = avow_value_ref(server);
  avow_channel_t *guests =
      avow_connections(avow_stream_handle(avow_to_stream(server)), NULL);
  stay->served = avow_each(guests, wait_for_end, stay, &all);
  avow_channel_unref(guests);
  avow_promise_t *p = avow_connect(stay->loop, "127.0.0.1", "7");
  p = avow_then(p, say_hello, NULL, stay);
  return avow_follow(avow_then(p, go, go, stay));
}

static avow_promise_t *stay_begin(uv_loop_t *loop, void *data) {
  stay_t *stay = data;
  *stay = (stay_t){ .looks = stay->looks, .loop = loop };
  avow_promise_t *p = avow_bind(loop, "127.0.0.1", "7");
  return avow_attach(avow_then(p, host, NULL, stay), stay, release_all);
}

static int count_endless_waits(bool looks) {
  const avow_sim_options_t options = { .faults = AVOW_SIM_NET,
                                       .fault_rate = 500 };
  stay_t stay = { .looks = looks };
  int count = 0;
  for (uint64_t seed = 0; seed < SEEDS; seed++)
    count += avow_sim(seed, stay_begin, &stay, &options).failed;
  return count;
}

static void idle_reader_may_wait_forever_for_a_lost_peer(void **state) {
  assert_true(count_endless_waits(false) > 0);
}

static void keepalive_detects_a_lost_peer(void **state) {
  assert_int_equal(count_endless_waits(true), 0);
}

/* Host names. */

static avow_value_t look_it_up(const avow_value_t *v, void *data) {
  const struct sockaddr *address = avow_to_addrinfo(v)->ai_addr;
  avow_sim_check(avow_address(address).text[0] == '1', "no address of IPv4");
  return avow_follow(avow_getnameinfo(data, address, 0));
}

static avow_value_t check_name(const avow_value_t *names, void *data) {
  const char *host = avow_to_bytes(avow_list_at(names, 0), NULL);
  const char *service = avow_to_bytes(avow_list_at(names, 1), NULL);
  avow_sim_check(strcmp(host, "some.example") == 0, "it is %s", host);
  avow_sim_check(strcmp(service, "http") == 0, "it is %s", service);
  return avow_none();
}

static avow_promise_t *names_begin(uv_loop_t *loop, void *data) {
  avow_promise_t *p = avow_getaddrinfo(loop, "some.example", "http", NULL);
  p = avow_then(p, look_it_up, NULL, loop);
  return avow_then(p, check_name, NULL, NULL);
}

static void reverse_lookup_returns_the_name(void **state) {
  assert_succeeds(names_begin, NULL);
}

static int outcome;

static avow_value_t keep_outcome(const avow_value_t *v, void *data) {
  outcome = avow_error_code(v);
  return avow_none();
}

static avow_promise_t *connect_begin(uv_loop_t *loop, void *data) {
  avow_promise_t *p = avow_connect(loop, data, "80");
  return avow_then(p, keep_outcome, keep_outcome, NULL);
}

static uint64_t assert_connects_to(char *host, int code) {
  const avow_sim_result_t result = avow_sim(1, connect_begin, host, NULL);
  assert_string_equal(result.why, "");
  assert_int_equal(outcome, code);
  return result.ms;
}

static void invalid_name_is_not_found(void **state) {
  (void) assert_connects_to("what.invalid", UV_EAI_NONAME);
}

static void port_without_a_listener_refuses(void **state) {
  (void) assert_connects_to("what.example", UV_ECONNREFUSED);
  (void) assert_connects_to("127.0.0.1", UV_ECONNREFUSED);
}

static void connect_to_a_missing_host_times_out(void **state) {
  assert_true(assert_connects_to("192.0.2.1", UV_ETIMEDOUT) >= 127 * 1000);
  (void) assert_connects_to("2001:db8::1", UV_ETIMEDOUT);
}

SUITE(visits) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(clients_connect_to_an_address),
    cmocka_unit_test(clients_connect_to_a_name),
    cmocka_unit_test(clients_connect_to_a_wildcard_listener),
    cmocka_unit_test(clients_connect_to_a_pipe),
    cmocka_unit_test(clients_that_retry_succeed),
    cmocka_unit_test(network_history_is_the_same_on_each_machine),
    cmocka_unit_test(each_network_fault_occurs),
    cmocka_unit_test(idle_reader_may_wait_forever_for_a_lost_peer),
    cmocka_unit_test(keepalive_detects_a_lost_peer),
    cmocka_unit_test(reverse_lookup_returns_the_name),
    cmocka_unit_test(invalid_name_is_not_found),
    cmocka_unit_test(port_without_a_listener_refuses),
    cmocka_unit_test(connect_to_a_missing_host_times_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
