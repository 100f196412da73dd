/* SPDX-License-Identifier: MIT */
/* Runs each program of houses.h with as many seeds as time permits. Without
   faults each one succeeds. With faults all checks still hold, and no memory is
   left. */
#include "houses.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <avow/sim.h>
#include <cmocka.h>

static uint64_t seeds = 100;

static const struct {
  const char *name;
  avow_fn live;
} houses[] = {
  { "limiter", live_with_limiter }, { "rate", live_with_rate },
  { "retries", live_with_retries }, { "cache", live_with_cache },
  { "groups", live_in_groups },     { "channels", live_with_channels },
  { "select", live_with_select },   { "ticks", live_by_ticks },
  { "debounced", live_debounced },  { "sender", live_with_threads_sender },
  { "senders", live_with_senders }, { "broadcast", live_with_broadcast },
  { "watch", live_with_watch },     { "stages", live_with_stages },
  { "locals", live_with_locals },
};

enum { HOUSES = sizeof(houses) / sizeof(houses[0]), RATE = 50 };

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  const size_t *which = data;
  return avow_async(loop, houses[*which].live, loop);
}

static void run_all(const avow_sim_options_t *options) {
  for (size_t i = 0; i < HOUSES; i++)
    for (uint64_t seed = 0; seed < seeds; seed++) {
      const avow_sim_result_t result = avow_sim(seed, begin, &i, options);
      if (result.failed)
        fail_msg("%s, seed %d: %s", houses[i].name, (int) seed, result.why);
    }
}

static void tools_work_without_faults(void **state) {
  run_all(NULL);
}

static void tools_survive_cancellation_faults(void **state) {
  run_all(
      &(avow_sim_options_t){ .faults = AVOW_SIM_CANCEL, .fault_rate = RATE });
}

static void tools_survive_allocation_faults(void **state) {
  run_all(&(avow_sim_options_t){ .faults = AVOW_SIM_MEMORY });
}

static void tools_survive_combined_faults(void **state) {
  run_all(&(avow_sim_options_t){ .faults = AVOW_SIM_MEMORY | AVOW_SIM_CANCEL,
                                 .fault_rate = RATE });
}

/* NAME [OPTION...] runs one program by avow_sim_main(). N runs each program
   with N seeds. */
int main(int argc, char *argv[]) {
  for (size_t i = 0; argc > 1 && i < HOUSES; i++)
    if (strcmp(argv[1], houses[i].name) == 0)
      return avow_sim_main(argc - 1, argv + 1, begin, &i, NULL);
  if (argc > 1)
    seeds = strtoull(argv[1], NULL, 10);
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(tools_work_without_faults),
    cmocka_unit_test(tools_survive_cancellation_faults),
    cmocka_unit_test(tools_survive_allocation_faults),
    cmocka_unit_test(tools_survive_combined_faults),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
