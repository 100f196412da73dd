/* SPDX-License-Identifier: MIT */
/* Options of later versions, which this version rejects, and figures that later
   versions add. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

static int init_with(const avow_options_t *options) {
  assert_int_equal(avow_loop_close(loop), 0);
  const int err = avow_loop_init(loop, options);
  if (err != 0)
    assert_int_equal(avow_loop_init(loop, NULL), 0);
  return err;
}

/* Tests the first and the last bit of each field. */
static void what_is_reserved_has_to_be_zero(void **state) {
  avow_options_t options = { .budget = 1 };
  const size_t n = sizeof(options.reserved) / sizeof(options.reserved[0]);

  assert_int_equal(init_with(&options), 0);
  for (size_t i = 0; i < n; i++) {
    for (int bit = 0; bit < 64; bit += 63) {
      options.reserved[i] = (uint64_t) 1 << bit;
      assert_int_equal(init_with(&options), UV_EINVAL);
    }
    options.reserved[i] = 0;
  }
}

static void init_as_a_later_version_would(void) {
  assert_int_equal(init_with(&(avow_options_t){ .reserved[0] = 1 }), UV_EINVAL);
}

static void what_is_reserved_is_named_in_debug_builds(void **state) {
  char line[256] = "";
  FILE *file = stderr_of(init_as_a_later_version_would);

  const bool said = fgets(line, sizeof(line), file) != NULL;

  (void) fclose(file);
#ifdef NDEBUG
  assert_false(said);
#else
  assert_true(said);
  assert_non_null(strstr(line, "nonzero reserved fields"));
#endif
}

static void figures_are_as_many_as_the_program_knows(void **state) {
  struct {
    avow_stats_t stats;
    uint64_t newer;
  } more;
  memset(&more, 0xff, sizeof(more));
  avow_loop_stats(loop, &more.stats, sizeof(more));
  assert_int_equal(more.stats.live, 0);
  assert_int_equal(more.newer, 0);
  memset(&more, 0xff, sizeof(more));

  avow_loop_stats(loop, &more.stats, offsetof(avow_stats_t, requests));

  assert_int_equal(more.stats.queued, 0);
  assert_true(more.stats.requests == UINT64_MAX);
}

static void ask_for_figures_of(size_t size) {
  avow_stats_t stats;
  memset(&stats, 0xee, sizeof(stats));

  avow_loop_stats(loop, &stats, size);

  const unsigned char *bytes = (const unsigned char *) &stats;
  for (size_t i = 0; i < sizeof(stats); i++)
    assert_int_equal(bytes[i], 0xee);
}

static void ask_for_no_figures(void) {
  ask_for_figures_of(0);
}

static void ask_for_the_figures_of_a_pointer(void) {
  const avow_stats_t *stats = NULL;
  ask_for_figures_of(sizeof(stats));
}

static void ask_for_a_part_of_a_figure(void) {
  ask_for_figures_of(13);
}

static void ask_for_more_figures_than_there_can_be(void) {
  ask_for_figures_of(SIZE_MAX - SIZE_MAX % sizeof(uint64_t));
}

static void ask_for_a_figure_too_many(void) {
  ask_for_figures_of(129 * sizeof(uint64_t));
}

static void figures_of_an_impossible_size_are_a_mistake(void **state) {
  static void (*const mistakes[])(void) = {
    ask_for_no_figures,         ask_for_the_figures_of_a_pointer,
    ask_for_a_part_of_a_figure, ask_for_more_figures_than_there_can_be,
    ask_for_a_figure_too_many,
  };

  for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
    assert_misuse(mistakes[i], "not that of avow_stats_t");
}

SUITE(options) {
  const struct CMUnitTest tests[] = {
    CASE(what_is_reserved_has_to_be_zero),
    CASE(what_is_reserved_is_named_in_debug_builds),
    CASE(figures_are_as_many_as_the_program_knows),
    CASE(figures_of_an_impossible_size_are_a_mistake),
  };
  return RUN(tests);
}
