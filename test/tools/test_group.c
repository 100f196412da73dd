/* SPDX-License-Identifier: MIT */
/* Groups: no child outlives its group. */
#include "famine.h"

static avow_promise_t *child(avow_deferred_t **out, char *word) {
  avow_promise_t *p = avow_promise_new(loop, out);
  avow_on_cancel(*out, note_free, word);
  return p;
}

static avow_value_t clean_up(void *data) {
  note("cleaning");
  return avow_follow(avow_sleep(loop, 1));
}

static avow_value_t break_up(void *data) {
  return avow_error_new(UV_ENOSPC, avow_none(), "disk full");
}

static avow_value_t follow_fn(void *p) {
  return avow_follow(p);
}

static avow_value_t note_outcome(const avow_value_t *arg, void *data) {
  avow_value_unref(note_value_cb(arg, "end"));
  return avow_none();
}

static void note_end(avow_promise_t *p) {
  avow_unref(avow_then(p, note_outcome, note_outcome, NULL));
}

static void end(avow_deferred_t *d, avow_value_t v) {
  assert_true(avow_resolve(d, v));
  run();
}

static void group_fulfills_after_its_end_and_all_children(void **state) {
  avow_group_t *g;
  avow_deferred_t *a, *b;
  note_end(avow_group_new(loop, &g));
  avow_group_add(g, child(&a, "a"));
  avow_group_add(g, child(&b, "b"));

  end(a, avow_string("dropped"));
  avow_group_unref(g);
  run();
  assert_notes("");
  end(b, avow_none());

  assert_notes("end=none");
}

static void ended_group_settles_without_being_released(void **state) {
  avow_group_t *g;
  avow_deferred_t *d;
  note_end(avow_group_new(loop, &g));
  avow_group_add(g, child(&d, "a"));

  avow_group_end(g);
  run();
  assert_notes("");
  end(d, avow_none());

  assert_notes("end=none");
  avow_group_unref(g);
}

static void releasing_a_group_ends_it(void **state) {
  avow_group_t *g;
  avow_deferred_t *d;
  note_end(avow_group_new(loop, &g));
  avow_group_add(g, child(&d, "a"));

  avow_group_unref(g);
  end(d, avow_none());

  assert_notes("end=none");
}

static void idle_group_waits_for_its_end(void **state) {
  avow_group_t *g;
  note_end(avow_group_new(loop, &g));
  avow_group_add(g, avow_promise_resolve(loop, avow_int(1)));
  run();
  assert_notes("");

  avow_group_end(g);
  run();

  assert_notes("end=none");
  avow_group_unref(g);
}

static void empty_group_fulfills_when_ended(void **state) {
  avow_group_t *g;
  avow_promise_t *p = avow_group_new(loop, &g);

  avow_group_unref(g);

  assert_fulfills_none(p);
}

static void first_failure_cancels_the_siblings_and_waits(void **state) {
  avow_group_t *g;
  avow_deferred_t *a, *b;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_add(g, child(&a, "a"));
  avow_group_add(g, avow_finally(child(&b, "b"), clean_up, NULL));
  p = avow_attach(p, "freed", note_free);

  assert_true(avow_resolve(a, avow_error(UV_EIO)));

  assert_rejects(p, UV_EIO);
  assert_notes("b cleaning freed");
  avow_deferred_drop(b);
  avow_group_unref(g);
}

static void failure_in_an_isolating_group_keeps_the_siblings(void **state) {
  avow_group_t *g;
  avow_deferred_t *a, *b;
  note_end(avow_group_new(loop, &g));
  avow_group_isolate(g);
  avow_group_add(g, child(&a, "a"));
  avow_group_add(g, child(&b, "b"));

  end(a, avow_error(UV_ECONNRESET));
  avow_group_add(g, avow_promise_reject(loop, avow_error(UV_EPIPE)));
  avow_group_unref(g);
  run();
  assert_notes("");
  end(b, avow_none());

  assert_notes("end=none");
}

static void canceling_an_isolating_group_cancels_all_children(void **state) {
  avow_group_t *g;
  avow_deferred_t *a, *b;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_isolate(g);
  avow_group_add(g, child(&a, "a"));
  avow_group_add(g, child(&b, "b"));
  avow_group_unref(g);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("a b");
  avow_deferred_drop(a);
  avow_deferred_drop(b);
}

static void isolating_a_failed_group_has_no_effect(void **state) {
  avow_group_t *g;
  use_up_memory();
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_isolate(g);
  avow_group_unref(g);
  give_back_memory();

  assert_rejects(p, UV_ENOMEM);
}

static void group_error_includes_sibling_errors(void **state) {
  avow_group_t *g;
  avow_deferred_t *ds[6];
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_add(g, child(&ds[0], "first"));
  for (size_t i = 1; i < 6; i++)
    avow_group_add(g, avow_finally(child(&ds[i], "sibling"), break_up, NULL));

  assert_true(
      avow_resolve(ds[0], avow_error_new(UV_EIO, avow_none(), "first %d", 1)));
  const avow_value_t v = avow_run(p);

  assert_int_equal(avow_error_code(&v), UV_EIO);
  assert_string_equal(avow_error_message(&v), "first 1");
  const avow_value_t *all = avow_error_cause(&v);
  assert_int_equal(avow_list_len(all), 6);
  assert_string_equal(avow_error_message(avow_list_at(all, 0)), "first 1");
  assert_string_equal(avow_error_message(avow_list_at(all, 5)), "disk full");
  avow_value_unref(v);
  for (size_t i = 1; i < 6; i++)
    avow_deferred_drop(ds[i]);
  avow_group_unref(g);
}

static void canceled_child_is_not_a_failure(void **state) {
  avow_group_t *g;
  avow_deferred_t *d;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_promise_t *one = child(&d, "one");
  avow_group_add(g, avow_ref(one));

  avow_cancel(one);
  avow_group_unref(g);

  assert_fulfills_none(p);
  assert_notes("one");
  avow_unref(one);
  avow_deferred_drop(d);
}

static void canceling_a_group_cancels_children_and_waits(void **state) {
  avow_group_t *g;
  avow_deferred_t *a, *b;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_add(g, avow_finally(child(&a, "a"), clean_up, NULL));
  avow_group_add(g, avow_finally(child(&b, "b"), break_up, NULL));
  p = avow_attach(p, "freed", note_free);

  avow_cancel(p);
  assert_notes("a b");

  assert_rejects(p, UV_ECANCELED);
  assert_notes("cleaning freed");
  avow_deferred_drop(a);
  avow_deferred_drop(b);
  avow_group_unref(g);
}

static void child_added_after_cancellation_is_canceled(void **state) {
  avow_group_t *g;
  avow_deferred_t *a, *b;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_cancel(p);

  avow_group_add(g, child(&a, "a"));
  assert_rejects(p, UV_ECANCELED);
  avow_group_add(g, child(&b, "b"));
  avow_group_add(g, avow_promise_reject(loop, avow_error(UV_EIO)));
  run();

  assert_notes("a b");
  avow_deferred_drop(a);
  avow_deferred_drop(b);
  avow_group_unref(g);
}

static void child_with_other_references_is_not_canceled(void **state) {
  avow_group_t *g;
  avow_deferred_t *d;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_promise_t *held = child(&d, "held");
  avow_group_add(g, avow_ref(held));
  avow_group_add(g, avow_promise_reject(loop, avow_error(UV_EIO)));
  note_end(p);
  run();
  assert_notes("");

  end(d, avow_none());

  assert_notes("end=EIO");
  avow_unref(held);
  avow_group_unref(g);
}

static void many_children_leave_no_memory(void **state) {
  enum { MANY = 200000, AT_ONCE = 100 };
  avow_group_t *g;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_deferred_t *ds[AT_ONCE];
  for (size_t i = 0; i < AT_ONCE; i++)
    avow_group_add(g, child(&ds[i], "child"));
  long before = 0;

  for (size_t i = 0; i < MANY; i++) {
    if (i == MANY / 2)
      before = live_allocations();
    end(ds[i % AT_ONCE], avow_int(1));
    avow_group_add(g, child(&ds[i % AT_ONCE], "child"));
  }

  assert_true(live_allocations() <= before);
  for (size_t i = 0; i < AT_ONCE; i++)
    end(ds[i], avow_none());
  avow_group_unref(g);
  assert_fulfills_none(p);
}

static void closing_the_loop_cancels_a_group(void **state) {
  avow_group_t *g;
  avow_deferred_t *d;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_add(g, child(&d, "child"));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  avow_deferred_drop(d);
  avow_group_unref(g);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static avow_value_t clean_up_slowly(void *data) {
  avow_promise_t *p = avow_sleep(loop, 0);
  for (int i = 0; i < 4; i++)
    p = avow_finally(p, clean_up, NULL);
  return avow_follow(p);
}

static void closing_loop_settles_a_group_after_its_children(void **state) {
  avow_group_t *g;
  avow_deferred_t *d;
  avow_promise_t *p = avow_attach(avow_group_new(loop, &g), "freed", note_free);
  avow_group_add(g, avow_finally(child(&d, "child"), clean_up_slowly, NULL));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("child cleaning cleaning cleaning cleaning freed");
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
  avow_deferred_drop(d);
  avow_group_unref(g);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static avow_promise_t *group_new_without_memory(avow_group_t **out) {
  fail_allocation(1, true);
  avow_promise_t *p = avow_group_new(loop, out);
  fail_allocation(0, false);
  return avow_attach(p, "freed", note_free);
}

static void failed_group_cancels_its_children_and_waits(void **state) {
  avow_group_t *g;
  avow_deferred_t *a, *b;
  avow_promise_t *p = group_new_without_memory(&g);

  avow_group_add(g, avow_finally(child(&a, "a"), clean_up, NULL));
  avow_group_add(g, avow_finally(child(&b, "b"), break_up, NULL));
  avow_group_unref(g);
  assert_notes("a b");

  assert_rejects(p, UV_ENOMEM);
  assert_notes("cleaning freed");
  avow_deferred_drop(a);
  avow_deferred_drop(b);
}

static void failed_group_waits_for_its_end(void **state) {
  avow_group_t *g;
  avow_promise_t *p = group_new_without_memory(&g);
  avow_group_add(g, avow_promise_resolve(loop, avow_int(1)));
  run();
  assert_notes("");

  avow_group_end(g);

  assert_rejects(p, UV_ENOMEM);
  assert_notes("freed");
  avow_group_unref(g);
}

static void failed_group_waits_for_referenced_children(void **state) {
  avow_group_t *g;
  avow_deferred_t *d;
  avow_promise_t *p = group_new_without_memory(&g);
  avow_promise_t *held = child(&d, "held");
  avow_group_add(g, avow_ref(held));
  avow_group_unref(g);
  note_end(p);
  run();
  assert_notes("");

  end(d, avow_none());

  assert_notes("freed end=ENOMEM");
  avow_unref(held);
}

static void canceling_a_failed_group_waits_for_its_children(void **state) {
  avow_group_t *g;
  avow_deferred_t *d;
  avow_promise_t *p = group_new_without_memory(&g);
  avow_group_add(g, avow_finally(child(&d, "child"), clean_up, NULL));

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_notes("child cleaning freed");
  avow_deferred_drop(d);
  avow_group_unref(g);
}

/* Memory runs out after the group is created. */
static void canceling_without_memory_waits_for_the_children(void **state) {
  avow_group_t *g;
  avow_deferred_t *d, *cleaned;
  avow_promise_t *cleaning = avow_promise_new(loop, &cleaned);
  avow_promise_t *p = avow_attach(avow_group_new(loop, &g), "freed", note_free);
  avow_promise_t *c = avow_then(child(&d, "child"), NULL, note_cb, "undone");
  avow_group_add(g, avow_finally(c, follow_fn, cleaning));
  avow_promise_t *tick = avow_then(avow_sleep(loop, 0), NULL, NULL, NULL);
  use_up_memory();

  avow_cancel(p);
  avow_value_unref(avow_run(tick));
  assert_notes("child undone");
  give_back_memory();
  end(cleaned, avow_none());

  assert_rejects(p, UV_ECANCELED);
  assert_notes("freed");
  avow_deferred_drop(d);
  avow_group_unref(g);
}

static void child_is_canceled_without_memory_to_wait_for_it(void **state) {
  avow_deferred_t *work;
  avow_promise_t *child = avow_promise_new(loop, &work);
  avow_promise_t *settled = avow_promise_resolve(loop, avow_none());
  avow_group_t *g;
  avow_promise_t *p = avow_group_new(loop, &g);
  use_up_reserve();

  avow_group_add(g, avow_ref(settled));
  avow_group_add(g, child);
  fail_allocation(0, false);
  avow_group_unref(g);

  assert_false(avow_resolve(work, avow_none()));
  assert_rejects(p, UV_ENOMEM);
  give_back_memory();
  avow_unref(settled);
}

static void group_without_memory_cancels_added_children(void **state) {
  avow_group_t *g;
  avow_deferred_t *d;
  avow_promise_t *one = child(&d, "one");
  use_up_reserve();
  avow_promise_t *p = avow_group_new(loop, &g);

  avow_group_add(g, one);
  avow_group_unref(g);

  assert_int_equal(avow_error_code(avow_result(p)), UV_ENOMEM);
  avow_unref(p);
  give_back_memory();
  avow_deferred_drop(d);
}

static void adding_a_group_to_itself_rejects_with_ecycle(void **state) {
  avow_group_t *g;
  avow_deferred_t *d;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_add(g, child(&d, "sibling"));

  avow_group_add(g, avow_ref(p));

  assert_rejects(p, AVOW_ECYCLE);
  assert_notes("sibling");
  avow_deferred_drop(d);
  avow_group_unref(g);
}

/* Each timeout is a cancellation, which reaches the group once by way of the
   cycle. */
static void group_that_waits_for_itself_can_be_canceled(void **state) {
  avow_group_t *g;
  avow_promise_t *p = avow_then(avow_group_new(loop, &g), NULL, NULL, NULL);
  p = avow_timeout(avow_timeout(avow_timeout(p, 1), 2), 3);
  avow_group_add(g, avow_attach(p, "freed", note_free));
  avow_group_unref(g);
  run();
  assert_notes("");

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("freed");
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* At the close, the group waits for its child, and the child for the group. */
static void group_that_waits_for_its_child_and_itself_is_closed(void **state) {
  avow_group_t *g;
  avow_deferred_t *d;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_add(g,
                 avow_attach(avow_promise_new(loop, &d), "freed", note_free));
  assert_true(avow_resolve(d, avow_follow(p)));
  avow_group_unref(g);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("freed");
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

SUITE(group) {
  const struct CMUnitTest tests[] = {
    CASE(group_fulfills_after_its_end_and_all_children),
    CASE(ended_group_settles_without_being_released),
    CASE(releasing_a_group_ends_it),
    CASE(idle_group_waits_for_its_end),
    CASE(empty_group_fulfills_when_ended),
    CASE(first_failure_cancels_the_siblings_and_waits),
    CASE(failure_in_an_isolating_group_keeps_the_siblings),
    CASE(canceling_an_isolating_group_cancels_all_children),
    CASE(isolating_a_failed_group_has_no_effect),
    CASE(group_error_includes_sibling_errors),
    CASE(canceled_child_is_not_a_failure),
    CASE(canceling_a_group_cancels_children_and_waits),
    CASE(child_added_after_cancellation_is_canceled),
    CASE(child_with_other_references_is_not_canceled),
    CASE(many_children_leave_no_memory),
    CASE(closing_the_loop_cancels_a_group),
    CASE(closing_loop_settles_a_group_after_its_children),
    CASE(failed_group_cancels_its_children_and_waits),
    CASE(failed_group_waits_for_its_end),
    CASE(failed_group_waits_for_referenced_children),
    CASE(canceling_a_failed_group_waits_for_its_children),
    CASE(canceling_without_memory_waits_for_the_children),
    CASE(group_without_memory_cancels_added_children),
    CASE(child_is_canceled_without_memory_to_wait_for_it),
    CASE(adding_a_group_to_itself_rejects_with_ecycle),
    CASE(group_that_waits_for_itself_can_be_canceled),
    CASE(group_that_waits_for_its_child_and_itself_is_closed),
  };
  return RUN(tests);
}
