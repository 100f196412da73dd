/* SPDX-License-Identifier: MIT */
/* Children that continue the program after fork(): with loops of their own, and
   with the inherited loop. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fiber/sanitizers.h"
#include "harness.h"
#include "watched.h"

#if AVOW__ASAN || AVOW__TSAN

SUITE(fork) {
  puts("skipped: sanitizers have locks that a child may find held");
  return 77;
}

#else

enum { CHILDREN = WATCHED ? 10 : 40, THREADS = 4, PATIENCE = 240 };

/* Returns whether `fn` returns true in a child. A child that hangs is
   killed. */
static bool holds_in_child(bool (*fn)(void)) {
  const pid_t child = fork();
  if (child == 0) {
    (void) signal(SIGALRM, SIG_DFL);
    (void) alarm(PATIENCE);
    _exit(fn() ? 0 : 1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static avow_value_t answer(void *data) {
  return avow_int(42);
}

static bool is_42(avow_value_t v) {
  const bool is = avow_to_int(&v) == 42;
  avow_value_unref(v);
  return is;
}

static bool is_none(avow_value_t v) {
  const bool is = avow_is_none(&v);
  avow_value_unref(v);
  return is;
}

/* Uses a sleep, the thread pool and a remote on the loop. */
static bool is_of_use(uv_loop_t *own) {
  avow_remote_t *r;
  avow_promise_t *p = avow_remote_new(own, &r);
  return is_none(avow_run(avow_sleep(own, 1))) &&
         is_42(avow_run(avow_work(own, answer, NULL, NULL))) &&
         avow_remote_resolve(r, avow_int(42)) == 0 && is_42(avow_run(p));
}

static bool closes(uv_loop_t *own) {
  return avow_loop_close(own) == 0 && uv_loop_close(own) == 0;
}

static bool opens_and_closes(uv_loop_t *own) {
  return uv_loop_init(own) == 0 && avow_loop_init(own, &steady) == 0 &&
         is_of_use(own) && closes(own);
}

static bool own_loop_is_of_use(void) {
  uv_loop_t own;
  return opens_and_closes(&own);
}

/* Threads that open and close loops continuously. */

static atomic_bool enough;

static void open_and_close(void *data) {
  while (!enough) {
    uv_loop_t own;
    if (uv_loop_init(&own) == 0 && avow_loop_init(&own, &steady) == 0)
      (void) closes(&own); /* only the results in the child matter */
  }
}

static void forked_children_can_open_their_own_loops(void **state) {
  uv_thread_t threads[THREADS];
  int right = 0;
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(uv_thread_create(&threads[i], open_and_close, NULL), 0);

  for (int i = 0; i < CHILDREN; i++)
    right += holds_in_child(own_loop_is_of_use);

  enough = true;
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(uv_thread_join(&threads[i]), 0);
  assert_int_equal(right, CHILDREN);
}

/* A loop whose thread does not exist in the child. The child uses its address
   again. */

static uv_loop_t theirs;

static bool loop_at_an_old_address_is_of_use(void) {
  return opens_and_closes(&theirs);
}

static void loop_address_of_a_lost_thread_is_reusable(void **state) {
  assert_int_equal(uv_loop_init(&theirs), 0);
  assert_int_equal(avow_loop_init(&theirs, &steady), 0);

  assert_true(holds_in_child(loop_at_an_old_address_is_of_use));

  assert_true(is_of_use(&theirs)); /* the loop of the parent is unchanged */
  assert_true(closes(&theirs));
}

/* The loop of the thread that forks. */

static avow_promise_t *before;

static bool inherited_loop_works(void) {
  return uv_loop_fork(loop) == 0 && is_of_use(loop) &&
         is_none(avow_run(before)) && avow_loop_init(loop, &steady) == 0 &&
         avow_loop_close(loop) == 0 && closes(loop);
}

static void inherited_loop_keeps_working_in_a_child(void **state) {
  before = avow_sleep(loop, 1);
  (void) uv_run(loop, UV_RUN_NOWAIT); /* 0 if the sleep has ended */

  assert_true(holds_in_child(inherited_loop_works));

  assert_fulfills_none(before);
}

SUITE(fork) {
  const struct CMUnitTest tests[] = {
    CASE(forked_children_can_open_their_own_loops),
    CASE(loop_address_of_a_lost_thread_is_reusable),
    CASE(inherited_loop_keeps_working_in_a_child),
  };
  return RUN(tests);
}

#endif
