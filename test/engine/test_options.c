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
    assert_int_equal(avow_loop_init(loop, &steady), 0);
  return err;
}

/* Tests the first and the last bit of each field. */
static void nonzero_reserved_options_are_refused(void **state) {
  avow_options_t options = { STEADY };
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

static void init_with_a_reserved_option(void) {
  assert_int_equal(init_with(&(avow_options_t){ .reserved[0] = 1 }), UV_EINVAL);
}

static void nonzero_reserved_options_are_reported(void **state) {
  char line[256] = "";
  FILE *file = stderr_of(init_with_a_reserved_option);

  const bool said = fgets(line, sizeof(line), file) != NULL;

  (void) fclose(file);
#ifdef NDEBUG
  assert_false(said);
#else
  assert_true(said);
  assert_non_null(strstr(line, "nonzero reserved fields"));
#endif
}

static void stats_fill_the_size_that_the_caller_passes(void **state) {
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

static void read_stats_of_size(size_t size) {
  avow_stats_t stats;
  memset(&stats, 0xee, sizeof(stats));

  avow_loop_stats(loop, &stats, size);

  const unsigned char *bytes = (const unsigned char *) &stats;
  for (size_t i = 0; i < sizeof(stats); i++)
    assert_int_equal(bytes[i], 0xee);
}

static void read_stats_of_size_zero(void) {
  read_stats_of_size(0);
}

static void read_stats_of_pointer_size(void) {
  const avow_stats_t *stats = NULL;
  read_stats_of_size(sizeof(stats));
}

static void read_stats_of_odd_size(void) {
  read_stats_of_size(13);
}

static void read_stats_of_huge_size(void) {
  read_stats_of_size(SIZE_MAX - SIZE_MAX % sizeof(uint64_t));
}

static void read_one_stat_too_many(void) {
  read_stats_of_size(129 * sizeof(uint64_t));
}

static void invalid_stats_sizes_are_reported(void **state) {
  static void (*const mistakes[])(void) = {
    read_stats_of_size_zero, read_stats_of_pointer_size, read_stats_of_odd_size,
    read_stats_of_huge_size, read_one_stat_too_many,
  };

  for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++)
    assert_misuse(mistakes[i], "not that of avow_stats_t");
}

SUITE(options) {
  const struct CMUnitTest tests[] = {
    CASE(nonzero_reserved_options_are_refused),
    CASE(nonzero_reserved_options_are_reported),
    CASE(stats_fill_the_size_that_the_caller_passes),
    CASE(invalid_stats_sizes_are_reported),
  };
  return RUN(tests);
}
