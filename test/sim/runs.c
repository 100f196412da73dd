/* SPDX-License-Identifier: MIT */
#include "runs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

avow_sim_result_t run_once(uint64_t seed, avow_sim_fn program, void *data) {
  return avow_sim(seed, program, data, NULL);
}

void assert_fails(avow_sim_fn program, const char *why) {
  const avow_sim_result_t result = run_once(1, program, NULL);
  if (strstr(result.why, why) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", result.why, why);
  assert_true(result.failed);
  assert_string_equal(run_once(1, program, NULL).why, result.why);
}

avow_sim_result_t assert_passes(uint64_t seed, avow_sim_fn program,
                                void *data) {
  const avow_sim_result_t result = run_once(seed, program, data);
  assert_string_equal(result.why, "");
  assert_false(result.failed);
  return result;
}
