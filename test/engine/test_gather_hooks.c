/* SPDX-License-Identifier: MIT */
/* Hooks of the program that change a gather while an input is added to it. */
#include "harness.h"

typedef enum {
  CANCEL,
  CANCEL_AND_LET_GO, /* releases both */
  LET_GO,
  END,
  ADD,
  ACTIONS
} action_t;

static struct {
  action_t action;
  int calls;
  avow_promise_t *promise; /* NULL: released */
  avow_gather_t *gather;   /* NULL: released */
} world;

static void unref_gather(void) {
  avow_gather_unref(world.gather);
  world.gather = NULL;
}

static void unref_promise(void) {
  avow_unref(world.promise);
  world.promise = NULL;
}

static void act(void) {
  if (world.calls++ > 0)
    return;
  if (world.action <= CANCEL_AND_LET_GO)
    avow_cancel(world.promise);
  if (world.action == CANCEL_AND_LET_GO)
    unref_promise();
  if (world.action == CANCEL_AND_LET_GO || world.action == LET_GO)
    unref_gather();
  if (world.action == END)
    avow_gather_end(world.gather);
  if (world.action == ADD)
    avow_gather_add(world.gather, avow_promise_resolve(loop, avow_int(7)));
}

static void on_track(uv_loop_t *at, const avow_promise_t *p, void *data) {
  act();
  assert_int_equal(avow_state(p), AVOW_REJECTED);
}

static void on_unhandled(uv_loop_t *at, const avow_value_t *reason,
                         const char *where, void *data) {
}

static void hook(bool handle) {
  const avow_options_t options = { STEADY, .on_unhandled = on_unhandled,
                                   .on_reject = handle ? NULL : on_track,
                                   .on_handle = handle ? on_track : NULL };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
}

static avow_promise_t *rejected(void) {
  return avow_promise_reject(loop, avow_error(UV_EIO));
}

static void begin(avow_gather_kind_t kind, action_t action) {
  world.action = action;
  world.calls = 0;
  world.promise = avow_gather_new(loop, kind, &world.gather);
  avow_gather_add(world.gather, avow_promise_resolve(loop, avow_int(1)));
}

/* Ends the gather if it still exists. Returns the outcome of its promise, or
   NONE if the promise was released. */
static avow_value_t outcome(void) {
  if (world.gather != NULL)
    unref_gather();
  run();
  return world.promise != NULL ? avow_run(world.promise) : avow_none();
}

static void assert_collected(const avow_value_t *v, bool one_more) {
  assert_int_equal(avow_list_len(v), one_more ? 3 : 2);
  assert_int_equal(avow_to_int(avow_list_at(v, 0)), 1);
  assert_int_equal(avow_error_code(avow_list_at(v, 1)), UV_EIO);
  if (one_more)
    assert_int_equal(avow_to_int(avow_list_at(v, 2)), 7);
}

static void hook_may_change_a_gather_during_an_add(void **state) {
  hook(true);
  for (action_t action = CANCEL; action < ACTIONS; action++) {
    begin(AVOW_ALL_SETTLED, action);

    avow_gather_add(world.gather, rejected());
    const avow_value_t v = outcome();

    assert_int_equal(world.calls, 1);
    if (action == CANCEL)
      assert_int_equal(avow_error_code(&v), UV_ECANCELED);
    else if (action != CANCEL_AND_LET_GO)
      assert_collected(&v, action == ADD);
    avow_value_unref(v);
  }
}

/* Gathers of the other kinds may settle at once and subscribe to inputs in
   another way. */
static void hook_may_change_a_gather_of_each_kind(void **state) {
  hook(true);
  for (avow_gather_kind_t kind = AVOW_ALL; kind <= AVOW_ANY; kind++)
    for (action_t action = CANCEL; action < ACTIONS; action++) {
      begin(kind, action);

      avow_gather_add(world.gather, rejected());
      avow_value_unref(outcome());

      assert_int_equal(world.calls, 1);
    }
}

/* No memory is left for another outcome, so that the gather rejects. */
static void hook_may_release_a_rejecting_gather(void **state) {
  hook(false);
  begin(AVOW_ALL, CANCEL_AND_LET_GO);
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(5));
  for (int i = 0; i < 3; i++)
    avow_gather_add(world.gather, avow_promise_resolve(loop, avow_int(i)));

  fail_allocation(1, true);
  avow_gather_add(world.gather, p);
  fail_allocation(0, false);
  run();

  assert_int_equal(world.calls, 1);
  assert_null(world.gather);
}

SUITE(gather_hooks) {
  const struct CMUnitTest tests[] = {
    CASE(hook_may_change_a_gather_during_an_add),
    CASE(hook_may_change_a_gather_of_each_kind),
    CASE(hook_may_release_a_rejecting_gather),
  };
  return RUN(tests);
}
