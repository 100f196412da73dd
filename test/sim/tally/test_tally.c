/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <avow/sim.h>
#include <cmocka.h>
#include <stdlib.h>

#include "tally.h"

enum { GUESTS = 3, NUMBERS = 4, LINE = 100, PATIENCE = 60000 };

static const char port[] = "7001";

/* What all guests together know. */
typedef struct {
  uv_loop_t *loop;
  long said;  /* in all */
  long heard; /* of it, the most that any was told */
} town_t;

/* Says some numbers, and hears of a sum that has them in it. */
static avow_value_t talk(town_t *town, avow_stream_t stream,
                         avow_reader_t *reader) {
  long own = 0;
  for (int i = 0; i < NUMBERS; i++) {
    AVOW_TRY(avow_await(avow_sleep(town->loop, avow_sim_choose(1000))));
    town->said += 100;
    avow_promise_t *p = avow_write(stream, avow_string("100\n"));
    AVOW_TRY(avow_await(avow_timeout(p, PATIENCE)));
    p = avow_reader_until(reader, avow_string("\n"), LINE);
    const avow_value_t line = avow_await(avow_timeout(p, PATIENCE));
    if (line.tag != AVOW_BYTES)
      return line;
    const long sum = strtol(avow_to_bytes(&line, NULL), NULL, 10);
    avow_value_unref(line);
    own += 100;
    avow_sim_check(sum >= own && sum <= town->said, "of %ld the sum is %ld",
                   town->said, sum);
    town->heard = sum > town->heard ? sum : town->heard;
  }
  return avow_none();
}

static avow_value_t visit(void *data) {
  town_t *town = data;
  const avow_value_t connection =
      avow_await(avow_connect(town->loop, "127.0.0.1", port));
  if (avow_is_error(&connection))
    return connection;
  const avow_stream_t stream = avow_to_stream(&connection);
  avow_reader_t *reader = avow_reader_new(stream);
  const avow_value_t v = talk(town, stream, reader);
  avow_reader_unref(reader);
  avow_value_unref(connection);
  return v;
}

/* The server and its guests, until all have gone. LIST: how that went. */
static avow_value_t live(town_t *town) {
  const avow_value_t listener =
      avow_await(avow_bind(town->loop, "127.0.0.1", port));
  if (avow_is_error(&listener))
    return listener;
  avow_promise_t *served = tally_serve(town->loop, avow_value_ref(&listener));
  avow_promise_t *guests[GUESTS];
  for (int i = 0; i < GUESTS; i++)
    guests[i] = avow_async(town->loop, visit, town);
  const avow_value_t outcomes =
      avow_await(avow_all_settled(town->loop, guests, GUESTS));
  avow_value_unref(avow_await(avow_close(avow_to_stream(&listener))));
  avow_value_unref(avow_await(served));
  avow_value_unref(listener);
  return outcomes;
}

/* Nobody fails, and the last number said is in the last sum. */
static avow_value_t live_well(void *loop) {
  town_t town = { .loop = loop };
  const avow_value_t outcomes = live(&town);
  if (avow_is_error(&outcomes))
    return outcomes;
  for (size_t i = 0; i < GUESTS; i++)
    avow_sim_check(avow_outcome_at(&outcomes, i).status == AVOW_FULFILLED,
                   "guest %d fails", (int) i);
  avow_sim_check(town.heard == town.said, "%ld of %ld", town.heard, town.said);
  return outcomes;
}

/* Guests may fail, but what they are told is still so, and all come home. */
static avow_value_t live_ill(void *loop) {
  town_t town = { .loop = loop };
  return live(&town);
}

static avow_promise_t *good_days(uv_loop_t *loop, void *data) {
  return avow_async(loop, live_well, loop);
}

static avow_promise_t *bad_days(uv_loop_t *loop, void *data) {
  return avow_async(loop, live_ill, loop);
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

static void sums_are_right_whatever_comes_first(void **state) {
  run_all(good_days, 0);
}

static void sums_are_right_when_the_net_breaks(void **state) {
  run_all(bad_days, AVOW_SIM_NET);
}

static void nothing_is_left_without_memory(void **state) {
  run_all(bad_days, AVOW_SIM_NET | AVOW_SIM_MEMORY);
}

static void nothing_is_left_when_awaits_are_cancelled(void **state) {
  run_all(bad_days, AVOW_SIM_NET | AVOW_SIM_CANCEL);
}

int main(int argc, char *argv[]) {
  if (argc > 1) /* one seed, or many more of them */
    return avow_sim_main(argc, argv, bad_days, NULL, NULL);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(sums_are_right_whatever_comes_first),
    cmocka_unit_test(sums_are_right_when_the_net_breaks),
    cmocka_unit_test(nothing_is_left_without_memory),
    cmocka_unit_test(nothing_is_left_when_awaits_are_cancelled),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
