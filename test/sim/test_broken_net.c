/* SPDX-License-Identifier: MIT */
/* Sequences of calls on streams, made with callbacks of libuv, while the
   network breaks. */
#include "avow/sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "avow/all.h"
#include "sequences.h"
#include "suite.h"

enum { SEEDS = 1000, TURNS = 60 };

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  static const sequence_t how = { .pipe = "p", .turns = TURNS, .waits = true };
  sequence_run(*(const uint64_t *) data, loop, &how);
  return avow_promise_resolve(loop, avow_none());
}

/* Each request ends, each handle closes, and no memory is left. */
static void nothing_is_left_after_network_faults(void **state) {
  const avow_sim_options_t options = { .faults = AVOW_SIM_NET,
                                       .fault_rate = 300 };
  for (uint64_t seed = 0; seed < SEEDS; seed++) {
    const avow_sim_result_t one = avow_sim(seed, begin, &seed, &options);
    const avow_sim_result_t two = avow_sim(seed, begin, &seed, &options);
    assert_string_equal(one.why, "");
    assert_true(one.hash == two.hash);
  }
}

SUITE(broken_net) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(nothing_is_left_after_network_faults),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
