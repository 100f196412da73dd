/* What later versions have: options, which this one refuses, and figures. */
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

/* Each of them, in any bit. */
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
  assert_non_null(strstr(line, "not zero where they are reserved"));
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

int main(void) {
  const struct CMUnitTest tests[] = {
    CASE(what_is_reserved_has_to_be_zero),
    CASE(what_is_reserved_is_named_in_debug_builds),
    CASE(figures_are_as_many_as_the_program_knows),
  };
  return RUN(tests);
}
