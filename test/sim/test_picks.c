/* SPDX-License-Identifier: MIT */
/* Choices that a replay keeps, while all other choices are plain. */
#include "sim/picks.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "sim/chance.h"
#include "sim/world.h"

enum { SEED = 5, CHOICES = 20, BOUND = 100, OFTEN = 10000 };

static void choose(uint64_t chosen[CHOICES], const char *what) {
  for (int i = 0; i < CHOICES; i++)
    chosen[i] = sim_choose(BOUND, what);
}

static void begin_world(const sim_picks_t *only, sim_picks_t *taken) {
  sim_world =
      (sim_world_t){ .on = true, .seed = SEED, .options.max_events = OFTEN };
  sim_picks_use(only, taken);
}

static void end_world(void) {
  sim_picks_use(NULL, NULL);
  sim_world = (sim_world_t){ .on = false };
}

static void choices_that_are_not_plain_are_recorded(void **state) {
  uint64_t chosen[CHOICES];
  sim_picks_t taken = { .at = NULL };
  begin_world(NULL, &taken);

  choose(chosen, "test.one");

  size_t n = 0;
  for (int i = 0; i < CHOICES; i++)
    if (chosen[i] != 0)
      assert_int_equal(taken.at[n++].n, i);
  assert_int_equal(taken.n, n);
  assert_true(n > 0);
  assert_string_equal(taken.at[0].what, "test.one");
  sim_picks_free(&taken);
  end_world();
}

static void replay_makes_only_the_given_choices(void **state) {
  char text[] = "test.two:3,test.one:0,test.one:7";
  uint64_t whole[CHOICES], one[CHOICES], two[CHOICES];
  sim_picks_t only = { .at = NULL };
  assert_true(sim_picks_parse(&only, text));
  begin_world(NULL, NULL);
  choose(whole, "test.one");

  begin_world(&only, NULL);
  choose(two, "test.two"); /* earlier choices make no difference */
  choose(one, "test.one");

  for (int i = 0; i < CHOICES; i++) {
    assert_int_equal(one[i], i == 0 || i == 7 ? whole[i] : 0);
    assert_true((two[i] != 0) == (i == 3));
  }
  sim_picks_free(&only);
  end_world();
}

static void replay_may_omit_a_fault(void **state) {
  const sim_picks_t none = { .at = NULL };
  sim_picks_t taken = { .at = NULL };
  begin_world(NULL, &taken);
  sim_world.options =
      (avow_sim_options_t){ .faults = AVOW_SIM_NET, .fault_rate = OFTEN };
  while (!sim_strikes("net.test"))
    sim_world.seed++;
  assert_int_equal(taken.n, 1);

  sim_picks_use(&none, NULL);

  for (int i = 0; i < CHOICES; i++)
    assert_false(sim_strikes("net.test"));
  sim_picks_free(&taken);
  end_world();
}

static void printed_choices_can_be_parsed(void **state) {
  char text[] = "fs.sync:0,net.cut:12345678901";
  const char *const whole = "net.cut:12345678901,fs.sync:0";
  sim_picks_t picks = { .at = NULL };
  char *printed = NULL;
  size_t len = 0;
  FILE *out = open_memstream(&printed, &len);
  assert_non_null(out);
  assert_true(sim_picks_parse(&picks, text));

  sim_picks_print(&picks, out);

  assert_int_equal(fclose(out), 0);
  assert_int_equal(len, strlen(whole));
  assert_non_null(strstr(printed, "net.cut:12345678901"));
  assert_non_null(strstr(printed, "fs.sync:0"));
  free(printed);
  sim_picks_free(&picks);
}

static void invalid_choices_are_refused(void **state) {
  static const char *const bad[] = { "",     "net.cut", "net.cut:",  ":3",
                                     "a:1,", "a:1x",    "net.cut:-1" };
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    char text[20];
    sim_picks_t picks = { .at = NULL };
    (void) strcpy(text, bad[i]);
    assert_false(sim_picks_parse(&picks, text));
    sim_picks_free(&picks);
  }
}

static void removing_choices_leaves_the_rest(void **state) {
  char text[] = "a:0,a:1,a:2,a:3";
  sim_picks_t picks = { .at = NULL };
  assert_true(sim_picks_parse(&picks, text));

  sim_picks_t rest = sim_picks_without(&picks, 1, 2);

  assert_int_equal(rest.n, 2);
  assert_int_equal(rest.at[0].n, 0);
  assert_int_equal(rest.at[1].n, 3);
  sim_picks_free(&rest);
  sim_picks_free(&picks);
}

SUITE(picks) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(choices_that_are_not_plain_are_recorded),
    cmocka_unit_test(replay_makes_only_the_given_choices),
    cmocka_unit_test(replay_may_omit_a_fault),
    cmocka_unit_test(printed_choices_can_be_parsed),
    cmocka_unit_test(invalid_choices_are_refused),
    cmocka_unit_test(removing_choices_leaves_the_rest),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
