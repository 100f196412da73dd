/* SPDX-License-Identifier: MIT */
/*
 * Stacks in memory: their sizes, their guards, and what avow does when the
 * system refuses more.
 */
#include "fiber/stack.h"

#include <unistd.h>

#include "harness.h"

#ifdef REFUSING /* linked before the system's functions */
#  include <errno.h>
#  include <sys/mman.h>

static int refused;       /* refused ways to make the guard */
static bool takes_advice; /* accepts any advice, as an emulator does */

int __wrap_madvise(void *pages, size_t size, int advice);
int __wrap_mprotect(void *pages, size_t size, int protection);
int __real_mprotect(void *pages, size_t size, int protection);

int __wrap_madvise(void *pages, size_t size, int advice) {
  if (takes_advice)
    return 0;
  errno = EINVAL;
  return -1;
}

int __wrap_mprotect(void *pages, size_t size, int protection) {
  if (refused == 0)
    return __real_mprotect(pages, size, protection);
  errno = ENOMEM; /* as beyond vm.max_map_count */
  return -1;
}
#endif

enum { ROOM = 64 * 1024 };

static void whole_stack_is_writable(void **state) {
  avow__stack_t stack;
  assert_int_equal(avow__stack_map(ROOM + 1, 1, &stack), 0);
  assert_true(stack.size > ROOM);
  assert_true(stack.guard > 1);

  memset(stack.bottom, 0x5a, stack.size);

  assert_int_equal(stack.bottom[stack.size - 1], 0x5a);
  avow__stack_unmap(stack);
}

static void guard_check_covers_the_whole_guard(void **state) {
  avow__stack_t stack;
  assert_int_equal(avow__stack_map(ROOM, 3 * ROOM, &stack), 0);

  assert_true(avow__stack_guards(stack, stack.bottom - 1));
  assert_true(avow__stack_guards(stack, stack.bottom - 3 * ROOM));
  assert_false(avow__stack_guards(stack, stack.bottom));
  assert_false(avow__stack_guards(stack, stack.bottom - 3 * ROOM - 1));

  avow__stack_unmap(stack);
}

/* The system itself reads there, and returns an error in place of a fault. */
static bool is_accessible(const char *at) {
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  const bool accessible = write(fds[1], at, 1) == 1;
  assert_int_equal(close(fds[0]), 0);
  assert_int_equal(close(fds[1]), 0);
  return accessible;
}

static void guard_is_not_accessible(void **state) {
  avow__stack_t stack;
  assert_int_equal(avow__stack_map(ROOM, ROOM, &stack), 0);

  for (size_t i = 1; i <= ROOM; i += 512)
    assert_false(is_accessible(stack.bottom - i));
  assert_false(is_accessible(stack.bottom - ROOM));
  assert_true(is_accessible(stack.bottom));

  avow__stack_unmap(stack);
}

static size_t large_frame(void) {
  return 12 * 1024;
}

static size_t no_frame(void) {
  return 0;
}

/* Initializes a loop with stacks of that size. */
static int init_with(size_t stack_size) {
  const avow_options_t options = { STEADY, .stack_size = stack_size };
  assert_int_equal(avow_loop_close(loop), 0);
  const int err = avow_loop_init(loop, &options);
  if (err != 0)
    assert_int_equal(avow_loop_init(loop, &steady), 0);
  return err;
}

static void minimum_size_includes_a_signal_frame(void **state) {
  size_t (*const frame)(void) = avow__signal_frame;
  assert_true(avow__stack_least() >= 12 * 1024 + frame());
  assert_true(avow__stack_least() >= 16 * 1024);

  avow__signal_frame = no_frame;
  assert_int_equal(init_with(16 * 1024 - 1), UV_EINVAL);
  assert_int_equal(init_with(16 * 1024), 0);
  avow__signal_frame = large_frame;
  assert_int_equal(init_with(24 * 1024 - 1), UV_EINVAL);
  assert_int_equal(init_with(24 * 1024), 0);

  avow__signal_frame = frame;
}

static void sizes_above_memory_are_refused(void **state) {
  avow__stack_t stack;

  assert_int_equal(avow__stack_map(SIZE_MAX / 4 * 3, ROOM, &stack), UV_ENOMEM);
  assert_int_equal(avow__stack_map(SIZE_MAX, ROOM, &stack), UV_ENOMEM);
  assert_int_equal(avow__stack_map(ROOM, SIZE_MAX, &stack), UV_ENOMEM);
}

/* Touches `size` bytes of locals from the top down, on both sides of an await.
 */
static int64_t touch(volatile char *locals, int64_t size) {
  int64_t sum = 0;
  for (int64_t at = size - 1; at >= 0; at -= 512)
    locals[at] = 1;
  avow_ignore(avow_await(avow_sleep(loop, 0)));
  for (int64_t at = size - 1; at >= 0; at -= 512)
    sum += locals[at];
  return sum;
}

static avow_value_t use_60_kib(void *data) {
  volatile char locals[60 * 1024];
  return avow_int(touch(locals, sizeof(locals)));
}

static avow_value_t use_200_kib(void *data) {
  volatile char locals[200 * 1024];
  return avow_int(touch(locals, sizeof(locals)));
}

static void locals_of_200_kib_fit_the_default_stack(void **state) {
  assert_fulfills_int(avow_async(loop, use_60_kib, NULL), 120);
  assert_fulfills_int(avow_async(loop, use_200_kib, NULL), 400);
}

#ifdef REFUSING
static avow_value_t give_1(void *data) {
  return avow_int(1);
}

static void refused_guard_rejects_with_eagain(void **state) {
  refused = 1;
  assert_rejects(avow_async(loop, give_1, NULL), UV_EAGAIN);

  refused = 0;
  assert_fulfills_int(avow_async(loop, give_1, NULL), 1);
}

static void ineffective_advice_is_not_used_as_the_guard(void **state) {
  takes_advice = true;
  guard_is_not_accessible(state);
  takes_advice = false;
}
#endif

SUITE(stack) {
  const struct CMUnitTest tests[] = {
    CASE(whole_stack_is_writable),
    CASE(guard_check_covers_the_whole_guard),
    CASE(guard_is_not_accessible),
    CASE(minimum_size_includes_a_signal_frame),
    CASE(sizes_above_memory_are_refused),
    CASE(locals_of_200_kib_fit_the_default_stack),
#ifdef REFUSING
    CASE(refused_guard_rejects_with_eagain),
    CASE(ineffective_advice_is_not_used_as_the_guard),
#endif
  };
  return RUN(tests);
}
