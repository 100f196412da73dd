/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <avow/sim.h>
#include <cmocka.h>
#include <stdlib.h>

#include "tally.h"

enum { CLIENTS = 3, NUMBERS = 4, LINE = 100, TIMEOUT = 60000 };

static const char port[] = "7001";

/* The sums of all clients. */
typedef struct {
  uv_loop_t *loop;
  long sent;     /* the sum of all numbers */
  long received; /* the largest sum that any client received */
} totals_t;

/* Sends numbers, and checks that each sum includes them. */
static avow_value_t send_numbers(totals_t *totals, avow_stream_t stream,
                                 avow_reader_t *reader) {
  long own = 0;
  for (int i = 0; i < NUMBERS; i++) {
    AVOW_TRY(avow_await(avow_sleep(totals->loop, avow_sim_choose(1000))));
    totals->sent += 100;
    avow_promise_t *p = avow_write(stream, avow_string("100\n"));
    AVOW_TRY(avow_await(avow_timeout(p, TIMEOUT)));
    p = avow_reader_until(reader, avow_string("\n"), LINE);
    const avow_value_t line = avow_await(avow_timeout(p, TIMEOUT));
    if (line.tag != AVOW_BYTES)
      return line;
    const long sum = strtol(avow_to_bytes(&line, NULL), NULL, 10);
    avow_value_unref(line);
    own += 100;
    avow_sim_check(sum >= own && sum <= totals->sent, "of %ld the sum is %ld",
                   totals->sent, sum);
    totals->received = sum > totals->received ? sum : totals->received;
  }
  return avow_none();
}

static avow_value_t run_client(void *data) {
  totals_t *totals = data;
  const avow_value_t connection =
      avow_await(avow_connect(totals->loop, "127.0.0.1", port));
  if (avow_is_error(&connection))
    return connection;
  const avow_stream_t stream = avow_to_stream(&connection);
  avow_reader_t *reader = avow_reader_new(stream);
  const avow_value_t v = send_numbers(totals, stream, reader);
  avow_reader_unref(reader);
  avow_value_unref(connection);
  return v;
}

/* Runs the server and its clients to their end. LIST: the clients' outcomes. */
static avow_value_t run_scenario(totals_t *totals) {
  const avow_value_t listener =
      avow_await(avow_bind(totals->loop, "127.0.0.1", port));
  if (avow_is_error(&listener))
    return listener;
  avow_promise_t *served = tally_serve(totals->loop, avow_value_ref(&listener));
  avow_promise_t *clients[CLIENTS];
  for (int i = 0; i < CLIENTS; i++)
    clients[i] = avow_async(totals->loop, run_client, totals);
  const avow_value_t outcomes =
      avow_await(avow_all_settled(totals->loop, clients, CLIENTS));
  avow_value_unref(avow_await(avow_close(avow_to_stream(&listener))));
  avow_value_unref(avow_await(served));
  avow_value_unref(listener);
  return outcomes;
}

/* No client fails, and the largest sum includes all numbers. */
static avow_value_t succeed(void *loop) {
  totals_t totals = { .loop = loop };
  const avow_value_t outcomes = run_scenario(&totals);
  if (avow_is_error(&outcomes))
    return outcomes;
  for (size_t i = 0; i < CLIENTS; i++)
    avow_sim_check(avow_outcome_at(&outcomes, i).status == AVOW_FULFILLED,
                   "client %d fails", (int) i);
  avow_sim_check(totals.received == totals.sent, "%ld of %ld", totals.received,
                 totals.sent);
  return outcomes;
}

/* Clients may fail, but each sum is right, and all clients end. */
static avow_value_t survive(void *loop) {
  totals_t totals = { .loop = loop };
  return run_scenario(&totals);
}

static avow_promise_t *without_faults(uv_loop_t *loop, void *data) {
  return avow_async(loop, succeed, loop);
}

static avow_promise_t *with_faults(uv_loop_t *loop, void *data) {
  return avow_async(loop, survive, loop);
}

enum { SEEDS = 300 };

static void run_all(avow_sim_fn program, unsigned faults) {
  const avow_sim_options_t options = { .faults = faults };
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    const avow_sim_result_t result = avow_sim(seed, program, NULL, &options);
    if (result.failed)
      fail_msg("seed %d: %s", (int) seed, result.why);
  }
}

static void sums_are_right_in_any_order(void **state) {
  run_all(without_faults, 0);
}

static void sums_are_right_when_the_network_fails(void **state) {
  run_all(with_faults, AVOW_SIM_NET);
}

static void nothing_is_left_after_allocation_failures(void **state) {
  run_all(with_faults, AVOW_SIM_NET | AVOW_SIM_MEMORY);
}

static void nothing_is_left_when_awaits_are_canceled(void **state) {
  run_all(with_faults, AVOW_SIM_NET | AVOW_SIM_CANCEL);
}

int main(int argc, char *argv[]) {
  if (argc > 1) /* other seeds; see --help */
    return avow_sim_main(argc, argv, with_faults, NULL, NULL);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(sums_are_right_in_any_order),
    cmocka_unit_test(sums_are_right_when_the_network_fails),
    cmocka_unit_test(nothing_is_left_after_allocation_failures),
    cmocka_unit_test(nothing_is_left_when_awaits_are_canceled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
