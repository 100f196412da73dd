/* SPDX-License-Identifier: MIT */
/* Fibers: the state that a switch preserves, and the stacks that are kept. */
#include "fiber/fiber.h"

#include <fenv.h>
#ifndef _WIN32
#  include <sys/mman.h>
#endif

#include "harness.h"

enum { ROOM = 64 * 1024 };

static avow__fibers_t fibers;

static int set_up(void **state) {
  fibers =
      (avow__fibers_t){ .stack_size = ROOM, .guard_size = ROOM, .keep = 1 };
  return 0;
}

static int tear_down(void **state) {
  avow__fibers_close(&fibers);
  return fibers.busy == NULL ? 0 : -1;
}

static avow__fiber_t *fiber_with(avow_fn fn, void *data) {
  avow__fiber_t *f;
  assert_int_equal(avow__fiber_take(&fibers, &f), 0);
  f->fn = fn;
  f->data = data;
  return f;
}

static int64_t resume(avow__fiber_t *f, int64_t i) {
  const avow_value_t v = avow__fiber_resume(&avow__fiber_now, f, avow_int(i));
  return avow_to_int(&v);
}

static avow_value_t echo_twice(void *data) {
  avow__fiber_t *f = avow__fiber_now;
  avow_value_t v = avow_int(*(int *) data);
  for (int i = 0; i < 2; i++)
    v = avow__fiber_park(f, v);
  return v;
}

static void values_pass_in_both_directions(void **state) {
  int first = 1;
  avow__fiber_t *f = fiber_with(echo_twice, &first);

  assert_int_equal(resume(f, 0), 1); /* the first has no waiter */
  assert_int_equal(resume(f, 2), 2);
  assert_false(f->over);
  assert_int_equal(resume(f, 3), 3);

  assert_true(f->over);
  assert_null(avow__fiber_now);
  avow__fiber_give(&fibers, f);
}

static avow_value_t resume_another(void *data) {
  avow__fiber_t *me = avow__fiber_now;
  const int64_t sum = resume(data, 0) + resume(data, 10);
  assert_ptr_equal(avow__fiber_now, me);
  return avow_int(sum);
}

static void fiber_can_resume_another_fiber(void **state) {
  int first = 5;
  avow__fiber_t *inner = fiber_with(echo_twice, &first);
  avow__fiber_t *outer = fiber_with(resume_another, inner);

  assert_int_equal(resume(outer, 0), 15);

  avow__fiber_give(&fibers, outer);
  avow__fiber_discard(&fibers, inner); /* while it is parked */
}

enum { PEAK = 300 };

/* Runs `n` functions at the same time. */
static void run_at_once(int n) {
  static avow__fiber_t *running[PEAK];
  int first = 1;
  for (int i = 0; i < n; i++) {
    running[i] = fiber_with(echo_twice, &first);
    (void) resume(running[i], 0); /* it parks */
  }
  for (int i = 0; i < n; i++) {
    (void) resume(running[i], 0); /* it parks again */
    (void) resume(running[i], 0); /* it ends */
    avow__fiber_give(&fibers, running[i]);
  }
}

static void stacks_of_a_peak_are_freed_a_second_later(void **state) {
  run_at_once(PEAK);
  assert_int_equal(fibers.spare, PEAK);

  assert_int_equal(avow__fibers_review(&fibers, 5000), 1000);
  assert_int_equal(avow__fibers_review(&fibers, 5999), 1000);
  assert_int_equal(fibers.spare, PEAK);

  unsigned reviews = 0;
  while (avow__fibers_review(&fibers, 6000) == 1)
    reviews++;
  assert_in_range(reviews, 1, PEAK / 100);
  assert_int_equal(fibers.spare, 1); /* as `keep` says */
  assert_int_equal(avow__fibers_review(&fibers, 9000), 0);
}

static void stacks_that_are_needed_again_are_kept(void **state) {
  run_at_once(PEAK);
  assert_int_equal(avow__fibers_review(&fibers, 5000), 1000);

  run_at_once(PEAK - 10);

  assert_int_equal(avow__fibers_review(&fibers, 6000), 1000);
  assert_int_equal(fibers.spare, PEAK - 9); /* 10 less the one of `keep` */
}

static void stacks_that_are_taken_while_others_are_freed_are_kept(
    void **state) {
  run_at_once(PEAK);
  (void) avow__fibers_review(&fibers, 5000); /* counts from now */
  assert_int_equal(avow__fibers_review(&fibers, 6000), 1);
  const unsigned left = fibers.spare;

  run_at_once((int) left);

  assert_int_equal(avow__fibers_review(&fibers, 6001), 1000);
  assert_int_equal(fibers.spare, left);
}

static void fiber_is_reused_by_later_functions(void **state) {
  int first = 1;
  for (int i = 0; i < 3; i++) {
    avow__fiber_t *f = fiber_with(echo_twice, &first);
    assert_int_equal(resume(f, 0), 1);
    (void) resume(f, 0); /* the test checks it above */
    (void) resume(f, 0); /* likewise */
    assert_true(f->over);
    avow__fiber_give(&fibers, f);
    assert_int_equal(fibers.spare, 1);
  }
}

static avow_value_t keep_numbers(void *data) {
  avow__fiber_t *f = avow__fiber_now;
  const double half = *(double *) data / 2;
  int64_t numbers[8];
  for (int i = 0; i < 8; i++)
    numbers[i] = i + (int64_t) half;
  (void) avow__fiber_park(f, avow_none()); /* nothing */
  int64_t sum = 0;
  for (int i = 0; i < 8; i++)
    sum += numbers[i];
  return avow_int(sum + (int64_t) half);
}

static void locals_of_a_function_survive_other_functions(void **state) {
  double ones[] = { 2, 200 };
  avow__fiber_t *f = fiber_with(keep_numbers, &ones[0]);
  avow__fiber_t *g = fiber_with(keep_numbers, &ones[1]);

  (void) avow__fiber_resume(&avow__fiber_now, f, avow_none()); /* none */
  (void) avow__fiber_resume(&avow__fiber_now, g, avow_none()); /* none */

  assert_int_equal(resume(f, 0), 28 + 8 + 1);
  assert_int_equal(resume(g, 0), 28 + 800 + 100);
  avow__fiber_give(&fibers, f);
  avow__fiber_give(&fibers, g);
  assert_int_equal(fibers.spare, 2);
}

/* Returns the rounding modes of the vector unit, of the unit before it, and of
   the C library. */
static int rounding(void) {
  const volatile double one = 1, three = 3;
  const volatile long double long_one = 1, long_three = 3;
  const volatile double third = one / three, minus = -one / three;
  const volatile long double long_third = long_one / long_three;
  const int up = third > 1.0 / 3.0 || minus > -1.0 / 3.0;
  const int down = third < 1.0 / 3.0 || minus < -1.0 / 3.0;
  const int long_down = long_third < 1.0L / 3.0L;
  return fegetround() * 8 + up * 4 + down * 2 + long_down;
}

static avow_value_t round_down(void *data) {
  avow__fiber_t *f = avow__fiber_now;
  *(int *) data = rounding();
  assert_int_equal(fesetround(FE_DOWNWARD), 0);
  const int mine = rounding();
  (void) avow__fiber_park(f, avow_none()); /* nothing */
  return avow_int(rounding() == mine);
}

/* Changed by another function, or by the previous function on the stack. */
static void each_function_has_its_own_rounding_mode(void **state) {
  const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_TONEAREST };
  for (int i = 0; i < 3; i++) {
    int began;
    assert_int_equal(fesetround(modes[i]), 0);
    const int outside = rounding();
    avow__fiber_t *f = fiber_with(round_down, &began);

    (void) avow__fiber_resume(&avow__fiber_now, f, avow_none()); /* none */
    assert_int_equal(rounding(), outside);
    assert_int_equal(resume(f, 0), 1);

    assert_int_equal(rounding(), outside);
    assert_int_equal(began, outside);
    avow__fiber_give(&fibers, f);
  }
}

#ifndef _WIN32 /* the system provides these stacks */

static bool is_mapped(const avow__stack_t *stack) {
#  ifdef AVOW_VALGRIND
  VALGRIND_DISABLE_ERROR_REPORTING; /* the page need not be mapped */
#  endif
  const bool is = msync(stack->bottom, 1, MS_ASYNC) == 0;
#  ifdef AVOW_VALGRIND
  VALGRIND_ENABLE_ERROR_REPORTING;
#  endif
  return is;
}

static void freed_fiber_unmaps_its_stack(void **state) {
  avow__fiber_t *f;
  assert_int_equal(avow__fiber_new(&fibers, &f), 0);
  const avow__stack_t stack = f->stack;
  assert_true(is_mapped(&stack));

  avow__fiber_free(&fibers, f);

  assert_false(is_mapped(&stack));
}

static avow_value_t keep_secrets(void *data) {
  volatile char secrets[1024];
  for (size_t i = 0; i < sizeof(secrets); i++)
    secrets[i] = 0x5a;
  return avow__fiber_park(avow__fiber_now, avow_int(secrets[0]));
}

static void (*unmap_pages)(void *pages, size_t size);
static int unmapped;

/* Checks all bytes above the guard. */
static void look_and_unmap(void *pages, size_t size) {
  const char *bytes = (const char *) pages + ROOM;
  for (size_t i = 0; i < size - ROOM; i++)
    assert_int_equal(bytes[i], 0);
  unmapped++;
  unmap_pages(pages, size);
}

/* Stacks of functions that ended, and of functions that were abandoned. */
static void stacks_are_wiped_if_requested(void **state) {
  unmap_pages = avow__unmap_pages;
  avow__unmap_pages = look_and_unmap;
  fibers.wipe = true;
  avow__fiber_t *f = fiber_with(keep_secrets, NULL);
  avow__fiber_t *g = fiber_with(keep_secrets, NULL);

  assert_int_equal(resume(f, 0), 0x5a);
  assert_int_equal(resume(g, 0), 0x5a);
  (void) resume(f, 0); /* the function ends */
  avow__fiber_give(&fibers, f);
  assert_int_equal(unmapped, 1);
  avow__fiber_discard(&fibers, g);
  assert_int_equal(unmapped, 2);

  avow__unmap_pages = unmap_pages;
}

static void *no_pages(size_t size) {
  return NULL;
}

static void taking_a_fiber_fails_when_out_of_memory(void **state) {
  void *(*const map_pages)(size_t) = avow__map_pages;
  avow__map_pages = no_pages;

  avow__fiber_t *f;
  assert_int_equal(avow__fiber_take(&fibers, &f), UV_ENOMEM);

  avow__map_pages = map_pages;
}

#endif

#define FIBER_CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(fiber) {
  const struct CMUnitTest tests[] = {
    FIBER_CASE(values_pass_in_both_directions),
    FIBER_CASE(fiber_can_resume_another_fiber),
    FIBER_CASE(fiber_is_reused_by_later_functions),
    FIBER_CASE(locals_of_a_function_survive_other_functions),
    FIBER_CASE(each_function_has_its_own_rounding_mode),
    FIBER_CASE(stacks_of_a_peak_are_freed_a_second_later),
    FIBER_CASE(stacks_that_are_needed_again_are_kept),
    FIBER_CASE(stacks_that_are_taken_while_others_are_freed_are_kept),
#ifndef _WIN32
    FIBER_CASE(freed_fiber_unmaps_its_stack),
    FIBER_CASE(stacks_are_wiped_if_requested),
    FIBER_CASE(taking_a_fiber_fails_when_out_of_memory),
#endif
  };
  return RUN(tests);
}
