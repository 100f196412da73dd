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
static void release_a_group_twice(void) {
  avow_group_t *g = busy_group();
  for (int i = 0; i < 4; i++)
    avow_group_unref(g);
}

/* Release builds ignore the second release while a reference is left. */
static void group_released_twice_is_reported(void **state) {
  assert_misuse(release_a_group_twice,
                "group used after avow_group_unref() freed it");
#ifdef AVOW_DLADDR
  assert_misuse(release_a_group_twice, "freed it in ");
#endif
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

static void add_a_taken_promise(void) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_unref(avow_then(p, note_cb, NULL, "first"));
  avow_group_add(busy_group(), p);
}

static void taken_promise_in_a_group_is_reported(void **state) {
  assert_misuse(add_a_taken_promise, "avow_group_add(): promise used after");
}

static void use_of_an_ended_group_is_reported(void **state) {
  assert_misuse(add_to_ended_group, "group used after avow_group_end()");
  assert_misuse(end_ended_group, "group used after avow_group_end()");
}

static void end_a_released_group(void) {
  avow_group_t *g = busy_group();
  avow_group_unref(g);
  avow_group_end(g);
}

/* Reuses freed memory of any size. */
static void overwrite_freed_memory(void) {
  for (size_t size = 16; size <= 256; size += 16) {
    void *memory = malloc(size);
    assert_non_null(memory);
    volatile char *bytes = memory;
    for (size_t i = 0; i < size; i++)
      bytes[i] = 0;
    free(memory);
  }
}

static avow_group_t *freed_group(void) {
  avow_group_t *g;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_unref(g);
  avow_ignore(avow_run(p));
  overwrite_freed_memory();
  return g;
}

static void release_a_settled_group_twice(void) {
  avow_group_unref(freed_group());
}

static void end_a_freed_group(void) {
  avow_group_end(freed_group());
}

static void add_to_a_freed_group(void) {
  avow_group_t *g = freed_group();
  avow_group_add(g, avow_promise_resolve(loop, avow_none()));
}

/* Creates enough groups to reuse the memory of freed ones, even if malloc()
   keeps some back. */
static void groups_in_reused_memory_are_not_reported(void **state) {
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

static void use_of_a_released_group_is_reported(void **state) {
  assert_misuse(end_a_released_group,
                "group used after avow_group_unref() freed it");
  assert_misuse(release_a_settled_group_twice,
                "group used after avow_group_unref() freed it");
  assert_misuse(end_a_freed_group,
                "group used after avow_group_unref() freed it");
  assert_misuse(add_to_a_freed_group,
                "group used after avow_group_unref() freed it");
}

static avow_value_t never(void *data) {
  return avow_none();
}

static avow_once_t *freed_once(void) {
  avow_once_t *o = avow_once_new(loop, never, NULL, NULL);
  avow_once_unref(o);
  return o;
}

static void release_a_once_twice(void) {
  avow_once_unref(freed_once());
}

static void get_from_a_freed_once(void) {
  avow_unref(avow_once_get(freed_once()));
}

static void get_from_a_promise_in_place_of_a_once(void) {
  const avow_once_t *o = freed_once();
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));
  avow_unref(avow_once_get(o));
  avow_unref(p);
}

static void get_from_a_limiter_in_place_of_a_once(void) {
  const avow_once_t *o = freed_once();
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);
  avow_unref(avow_once_get(o));
  avow_limiter_unref(limiter);
}

static void get_from_a_pending_promise_in_place_of_a_once(void) {
  const avow_once_t *o = freed_once();
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_unref(avow_once_get(o));
  avow_unref(p);
}

static void use_of_a_freed_once_is_reported(void **state) {
  assert_misuse(release_a_once_twice,
                "once used after avow_once_unref() freed it");
#  ifdef AVOW_DLADDR
  assert_misuse(release_a_once_twice, "freed it in ");
#  endif
  assert_misuse(get_from_a_freed_once,
                "once used after avow_once_unref() freed it");
  assert_misuse(get_from_a_promise_in_place_of_a_once,
                "once used after avow_once_unref() freed it");
  assert_misuse(get_from_a_limiter_in_place_of_a_once,
                "once used after avow_once_unref() freed it");
  assert_misuse(get_from_a_pending_promise_in_place_of_a_once,
                "once used after avow_once_unref() freed it");
}

#  ifndef AVOW_NO_POOL /* otherwise tools that watch memory report it */

/* Simulates that other objects were freed since. avow notes only a limited
   number of them. */
static avow_once_t *unrecorded_freed_once(void) {
  avow_once_t *o = freed_once();
  avow__note_there(o);
  (void) live_allocations(); /* empties the quarantine */
  return o;
}

static void get_from_an_unrecorded_once(void) {
  avow_unref(avow_once_get(unrecorded_freed_once()));
}

static void get_from_a_rejected_promise_in_its_place(void) {
  const avow_once_t *o = unrecorded_freed_once();
  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));
  avow_unref(avow_once_get(o));
  avow_ignore(avow_run(p));
}

static void get_from_a_limiter_in_its_place(void) {
  const avow_once_t *o = unrecorded_freed_once();
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);
  avow_unref(avow_once_get(o));
  avow_limiter_unref(limiter);
}

static void use_of_a_long_freed_once_is_reported(void **state) {
  assert_misuse(get_from_an_unrecorded_once,
                "once used after avow_once_unref() freed it");
  assert_misuse(get_from_a_rejected_promise_in_its_place,
                "once used after avow_once_unref() freed it");
  assert_misuse(get_from_a_limiter_in_its_place,
                "once used after avow_once_unref() freed it");
}

#  endif

static avow_limiter_t *freed_limiter(void) {
  avow_limiter_t *l = avow_limiter_new(loop, 1);
  avow_limiter_unref(l);
  return l;
}

static void release_a_limiter_twice(void) {
  avow_limiter_unref(freed_limiter());
}

static void acquire_from_a_freed_limiter(void) {
  avow_unref(avow_limiter_acquire(freed_limiter()));
}

static void resize_a_freed_limiter(void) {
  avow_limiter_resize(freed_limiter(), 2);
}

static void release_a_promise_in_place_of_a_limiter(void) {
  avow_limiter_t *l = freed_limiter();
  avow_promise_t *p = avow_promise_reject(loop, avow_error(UV_EIO));
  avow_limiter_unref(l);
  avow_ignore(avow_run(p));
}

static void use_of_a_freed_limiter_is_reported(void **state) {
  assert_misuse(release_a_limiter_twice,
                "limiter used after avow_limiter_unref() freed it");
  assert_misuse(release_a_promise_in_place_of_a_limiter,
                "limiter used after avow_limiter_unref() freed it");
  assert_misuse(acquire_from_a_freed_limiter,
                "avow_limiter_acquire(): limiter used after "
                "avow_limiter_unref() freed it");
  assert_misuse(resize_a_freed_limiter,
                "avow_limiter_resize(): limiter used after "
                "avow_limiter_unref() freed it");
}

static avow_reader_t *freed_reader(void) {
  uv_pipe_t pipe = { .loop = loop };
  avow_reader_t *r = avow_reader_new(avow_uv_stream((uv_stream_t *) &pipe));
  avow_reader_unref(r);
  return r;
}

static void release_a_reader_twice(void) {
  avow_reader_unref(freed_reader());
}

static void read_from_a_freed_reader(void) {
  avow_unref(avow_reader_next(freed_reader(), 1));
}

static void read_zero_bytes_from_a_freed_reader(void) {
  avow_unref(avow_reader_next(freed_reader(), 0));
}

static void use_of_a_freed_reader_is_reported(void **state) {
  assert_misuse(release_a_reader_twice,
                "reader used after avow_reader_unref() freed it");
  assert_misuse(read_from_a_freed_reader,
                "reader used after avow_reader_unref() freed it");
  assert_misuse(read_zero_bytes_from_a_freed_reader,
                "reader used after avow_reader_unref() freed it");
}

#endif

SUITE(taken_tools) {
  const struct CMUnitTest tests[] = {
    CASE(group_released_twice_is_reported),
#ifndef NDEBUG
    CASE(taken_promise_in_a_group_is_reported),
    CASE(use_of_an_ended_group_is_reported),
    CASE(groups_in_reused_memory_are_not_reported),
    CASE(use_of_a_released_group_is_reported),
    CASE(use_of_a_freed_once_is_reported),
#  ifndef AVOW_NO_POOL
    CASE(use_of_a_long_freed_once_is_reported),
#  endif
    CASE(use_of_a_freed_limiter_is_reported),
    CASE(use_of_a_freed_reader_is_reported),
#endif
  };
  return RUN(tests);
}
