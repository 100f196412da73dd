/* SPDX-License-Identifier: MIT */
/*
 * Groups, memos, limiters and readers that are used after they were ended or
 * released. Checked builds report that use by name.
 */
#include "base/misuse.h"
#include "harness.h"

static avow_group_t *busy_group(void) {
  avow_group_t *g;
  avow_unref(avow_group_new(loop, &g));
  avow_group_add(g, avow_sleep(loop, 60000));
  return g;
}

/* Each child keeps one more reference to the group. */
static void let_go_of_a_group_twice(void) {
  avow_group_t *g = busy_group();
  for (int i = 0; i < 4; i++)
    avow_group_unref(g);
}

/* Release builds ignore the second release while a reference is left. */
static void group_let_go_twice_is_named_as_such(void **state) {
  assert_misuse(let_go_of_a_group_twice,
                "group used after avow_group_unref() freed it");
}

#ifndef NDEBUG

static void add_to_ended_group(void) {
  avow_group_t *g = busy_group();
  avow_group_end(g);
  avow_group_add(g, avow_sleep(loop, 60000));
}

static void end_ended_group(void) {
  avow_group_t *g = busy_group();
  avow_group_end(g);
  avow_group_end(g);
}

static void group_that_was_ended_is_named_as_such(void **state) {
  assert_misuse(add_to_ended_group, "group used after avow_group_end()");
  assert_misuse(end_ended_group, "group used after avow_group_end()");
}

static void end_a_group_that_was_let_go(void) {
  avow_group_t *g = busy_group();
  avow_group_unref(g);
  avow_group_end(g);
}

/* Reuses freed memory of any size. */
static void overwrite_what_was_freed(void) {
  for (size_t size = 16; size <= 256; size += 16) {
    void *memory = malloc(size);
    assert_non_null(memory);
    volatile char *bytes = memory;
    for (size_t i = 0; i < size; i++)
      bytes[i] = 0;
    free(memory);
  }
}

static avow_group_t *group_that_is_gone(void) {
  avow_group_t *g;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_unref(g);
  avow_ignore(avow_run(p));
  overwrite_what_was_freed();
  return g;
}

static void let_go_of_a_settled_group_twice(void) {
  avow_group_unref(group_that_is_gone());
}

static void end_a_group_that_is_gone(void) {
  avow_group_end(group_that_is_gone());
}

static void add_to_a_group_that_is_gone(void) {
  avow_group_t *g = group_that_is_gone();
  avow_group_add(g, avow_promise_resolve(loop, avow_none()));
}

/* Creates enough groups to reuse the memory of freed ones, even if malloc()
   keeps some back. */
static void groups_made_in_place_of_others_are_others(void **state) {
  enum { MANY = 20 };
  avow_group_t *g[MANY];
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < MANY; i++)
      avow_unref(avow_group_new(loop, &g[i]));
    for (int i = 0; i < MANY; i++)
      avow_group_unref(g[i]);
    run();
  }
}

static void group_that_was_let_go_is_named_as_such(void **state) {
  assert_misuse(end_a_group_that_was_let_go,
                "group used after avow_group_unref() freed it");
  assert_misuse(let_go_of_a_settled_group_twice,
                "group used after avow_group_unref() freed it");
  assert_misuse(end_a_group_that_is_gone,
                "group used after avow_group_unref() freed it");
  assert_misuse(add_to_a_group_that_is_gone,
                "group used after avow_group_unref() freed it");
}

static avow_value_t never(void *data) {
  return avow_none();
}

static avow_once_t *once_that_is_gone(void) {
  avow_once_t *o = avow_once_new(loop, never, NULL, NULL);
  avow_once_unref(o);
  return o;
}

static void let_go_of_a_once_twice(void) {
  avow_once_unref(once_that_is_gone());
}

static void ask_a_once_that_is_gone(void) {
  avow_unref(avow_once_get(once_that_is_gone()));
}

static void ask_what_came_in_place_of_a_once(void) {
  const avow_once_t *o = once_that_is_gone();
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));
  avow_unref(avow_once_get(o));
  avow_unref(p);
}

static void ask_a_limiter_in_its_place(void) {
  const avow_once_t *o = once_that_is_gone();
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);
  avow_unref(avow_once_get(o));
  avow_limiter_unref(limiter);
}

static void ask_what_is_awaited_in_place_of_a_once(void) {
  const avow_once_t *o = once_that_is_gone();
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_unref(avow_once_get(o));
  avow_unref(p);
}

static void once_that_is_gone_is_named_as_such(void **state) {
  assert_misuse(let_go_of_a_once_twice,
                "once used after avow_once_unref() freed it");
  assert_misuse(ask_a_once_that_is_gone,
                "once used after avow_once_unref() freed it");
  assert_misuse(ask_what_came_in_place_of_a_once,
                "once used after avow_once_unref() freed it");
  assert_misuse(ask_a_limiter_in_its_place,
                "once used after avow_once_unref() freed it");
  assert_misuse(ask_what_is_awaited_in_place_of_a_once,
                "once used after avow_once_unref() freed it");
}

#  ifndef AVOW_NO_POOL /* otherwise tools that watch memory report it */

/* Simulates that other objects were freed since. avow notes only a limited
   number of them. */
static avow_once_t *once_that_nobody_noted(void) {
  avow_once_t *o = once_that_is_gone();
  avow__note_there(o);
  return o;
}

static void ask_a_once_that_nobody_noted(void) {
  avow_unref(avow_once_get(once_that_nobody_noted()));
}

static void ask_what_failed_in_its_place(void) {
  const avow_once_t *o = once_that_nobody_noted();
  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));
  avow_unref(avow_once_get(o));
  avow_ignore(avow_run(p));
}

static void ask_a_limiter_that_took_its_place(void) {
  const avow_once_t *o = once_that_nobody_noted();
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);
  avow_unref(avow_once_get(o));
  avow_limiter_unref(limiter);
}

static void once_that_went_long_ago_is_named_as_such(void **state) {
  assert_misuse(ask_a_once_that_nobody_noted,
                "once used after avow_once_unref() freed it");
  assert_misuse(ask_what_failed_in_its_place,
                "once used after avow_once_unref() freed it");
  assert_misuse(ask_a_limiter_that_took_its_place,
                "once used after avow_once_unref() freed it");
}

#  endif

static avow_limiter_t *limiter_that_is_gone(void) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_limiter_unref(l);
  return l;
}

static void let_go_of_a_limiter_twice(void) {
  avow_limiter_unref(limiter_that_is_gone());
}

static void ask_a_limiter_that_is_gone(void) {
  avow_unref(avow_limiter_acquire(limiter_that_is_gone()));
}

static void let_go_of_what_failed_in_place_of_a_limiter(void) {
  avow_limiter_t *l = limiter_that_is_gone();
  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));
  avow_limiter_unref(l);
  avow_ignore(avow_run(p));
}

static void limiter_that_is_gone_is_named_as_such(void **state) {
  assert_misuse(let_go_of_a_limiter_twice,
                "limiter used after avow_limiter_unref() freed it");
  assert_misuse(let_go_of_what_failed_in_place_of_a_limiter,
                "limiter used after avow_limiter_unref() freed it");
  assert_misuse(ask_a_limiter_that_is_gone,
                "limiter used after avow_limiter_unref() freed it");
}

static avow_reader_t *reader_that_is_gone(void) {
  uv_pipe_t pipe = { .loop = loop };
  avow_reader_t *r = avow_reader_new(avow_uv_stream((uv_stream_t *) &pipe));
  avow_reader_unref(r);
  return r;
}

static void let_go_of_a_reader_twice(void) {
  avow_reader_unref(reader_that_is_gone());
}

static void ask_a_reader_that_is_gone(void) {
  avow_unref(avow_reader_next(reader_that_is_gone(), 1));
}

static void refuse_a_reader_that_is_gone(void) {
  avow_unref(avow_reader_next(reader_that_is_gone(), 0));
}

static void reader_that_is_gone_is_named_as_such(void **state) {
  assert_misuse(let_go_of_a_reader_twice,
                "reader used after avow_reader_unref() freed it");
  assert_misuse(ask_a_reader_that_is_gone,
                "reader used after avow_reader_unref() freed it");
  assert_misuse(refuse_a_reader_that_is_gone,
                "reader used after avow_reader_unref() freed it");
}

#endif

SUITE(taken_tools) {
  const struct CMUnitTest tests[] = {
    CASE(group_let_go_twice_is_named_as_such),
#ifndef NDEBUG
    CASE(group_that_was_ended_is_named_as_such),
    CASE(groups_made_in_place_of_others_are_others),
    CASE(group_that_was_let_go_is_named_as_such),
    CASE(once_that_is_gone_is_named_as_such),
#  ifndef AVOW_NO_POOL
    CASE(once_that_went_long_ago_is_named_as_such),
#  endif
    CASE(limiter_that_is_gone_is_named_as_such),
    CASE(reader_that_is_gone_is_named_as_such),
#endif
  };
  return RUN(tests);
}
