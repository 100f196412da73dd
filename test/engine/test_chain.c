/* SPDX-License-Identifier: MIT */
/*
 * Chains: then, catch, finally, attach and repeat, and the report of a lost
 * rejection. The numbers in comments are those of the rules in
 * docs/semantics.md.
 */
#include "famine.h"

static avow_promise_t *resolved(int64_t i) {
  return avow_promise_resolve(loop, avow_int(i));
}

static avow_promise_t *rejected(int code) {
  return avow_promise_reject(loop, avow_error(code));
}

static avow_value_t add_one(const avow_value_t *arg, void *data) {
  return avow_int(avow_to_int(arg) + 1);
}

static avow_value_t fail_cb(const avow_value_t *arg, void *code) {
  return avow_error((int) (intptr_t) code);
}

static avow_value_t fail_fn(void *code) {
  return avow_error((int) (intptr_t) code);
}

static avow_value_t follow(const avow_value_t *arg, void *p) {
  return avow_follow(p);
}

static avow_value_t follow_fn(void *p) {
  return avow_follow(p);
}

/* 5 */
static void reactions_run_in_order_of_registration(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_unref(avow_then(avow_ref(p), note_cb, NULL, "a"));
  avow_unref(avow_then(avow_ref(p), note_cb, NULL, "b"));
  avow_unref(avow_then(p, note_cb, NULL, "c"));

  assert_true(avow_resolve(d, avow_none()));
  run();

  assert_notes("a b c");
}

/* 7: on a settled promise the job is queued at once, behind earlier ones */
static void reaction_to_a_settled_promise_queues_behind_others(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_unref(avow_then(avow_ref(p), note_cb, NULL, "before"));
  assert_true(avow_resolve(d, avow_none()));
  avow_unref(avow_then(resolved(1), note_cb, NULL, "other"));
  avow_unref(avow_then(p, note_cb, NULL, "after"));

  run();

  assert_notes("before other after");
}

/* 8 */
static void only_the_handler_for_the_outcome_runs(void **state) {
  avow_unref(avow_then(resolved(1), note_cb, note_cb, "once"));
  avow_promise_t *p = avow_then(rejected(UV_EIO), fail_cb, note_value_cb, "no");

  assert_rejects(p, UV_EIO);

  assert_notes("once no=EIO");
}

/* 8 */
static void missing_handlers_pass_the_outcome_on(void **state) {
  assert_fulfills_int(avow_then(resolved(5), NULL, note_cb, "no"), 5);
  assert_rejects(avow_then(rejected(UV_EIO), note_cb, NULL, "no"), UV_EIO);
  assert_notes("");
}

/* 8 */
static void returned_error_rejects(void **state) {
  avow_promise_t *p =
      avow_then(resolved(1), fail_cb, NULL, (void *) (intptr_t) UV_ENOSPC);

  assert_rejects(p, UV_ENOSPC);
}

/* 8 */
static void catch_that_returns_the_error_rejects_again(void **state) {
  avow_promise_t *p = avow_catch(rejected(UV_EIO), note_value_cb, "caught");
  p = avow_catch(p, note_value_cb, "again");

  assert_rejects(p, UV_EIO);
  assert_notes("caught=EIO again=EIO");
}

static avow_value_t recover(const avow_value_t *arg, void *data) {
  return avow_int(0);
}

static void chain_continues_after_a_catch(void **state) {
  avow_promise_t *p = avow_catch(rejected(UV_EIO), recover, NULL);

  assert_fulfills_int(avow_then(p, add_one, NULL, NULL), 1);
}

static void chain_waits_for_a_returned_promise(void **state) {
  avow_deferred_t *d;
  avow_promise_t *inner = avow_promise_new(loop, &d);
  avow_promise_t *p = avow_then(resolved(1), follow, NULL, inner);
  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_true(avow_resolve(d, avow_int(6)));

  assert_fulfills_int(p, 6);
}

static avow_promise_t *own;

static avow_value_t follow_own(const avow_value_t *arg, void *data) {
  return avow_follow(avow_ref(own));
}

/* 9 */
static void handler_that_returns_its_own_promise_rejects(void **state) {
  own = avow_then(resolved(1), follow_own, NULL, NULL);

  assert_rejects(own, AVOW_ECYCLE);
}

static avow_promise_t *added_later;

static avow_value_t add_more(const avow_value_t *arg, void *data) {
  note("first");
  added_later = avow_then(resolved(1), note_cb, NULL, "added");
  return avow_none();
}

/* 11: jobs that are queued while the queue is drained run in the same drain */
static void jobs_added_by_jobs_run_in_the_same_drain(void **state) {
  avow_unref(avow_then(resolved(1), add_more, NULL, NULL));
  avow_unref(avow_then(resolved(1), note_cb, NULL, "second"));

  (void) uv_run(loop, UV_RUN_NOWAIT);

  assert_notes("first second added");
  avow_unref(added_later);
}

/* 14 */
static void finally_runs_for_either_outcome_and_passes_it_on(void **state) {
  assert_fulfills_int(avow_finally(resolved(3), note_fn, "a"), 3);
  assert_rejects(avow_finally(rejected(UV_EIO), note_fn, "b"), UV_EIO);
  assert_notes("a b");
}

static avow_value_t give_nine(void *data) {
  return avow_int(9);
}

/* 14: the value of the handler is dropped */
static void finally_releases_the_value_of_its_handler(void **state) {
  assert_fulfills_int(avow_finally(resolved(3), give_nine, NULL), 3);
}

/* 14 */
static void failing_finally_overrides_the_outcome(void **state) {
  void *code = (void *) (intptr_t) UV_ENOSPC;

  assert_rejects(avow_finally(resolved(3), fail_fn, code), UV_ENOSPC);
  assert_rejects(avow_finally(rejected(UV_EIO), fail_fn, code), UV_ENOSPC);
}

/* 14 */
static void finally_waits_for_the_promise_of_its_handler(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p =
      avow_finally(resolved(3), follow_fn, avow_promise_new(loop, &d));
  run();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_true(avow_resolve(d, avow_int(4)));

  assert_fulfills_int(p, 3);
}

/* 14 */
static void finally_rejects_if_the_followed_promise_rejects(void **state) {
  assert_rejects(avow_finally(resolved(3), follow_fn, rejected(UV_ENOSPC)),
                 UV_ENOSPC);
  assert_rejects(avow_finally(rejected(UV_EIO), follow_fn, rejected(UV_EPERM)),
                 UV_EPERM);
}

static avow_value_t foreign_then(void *self, avow_deferred_t *d) {
  (void) avow_resolve(d, avow_int(1)); /* pending: d is the only deferred */
  return avow_none();
}

static const avow_class_t foreign = { .name = "foreign", .then = foreign_then };

static avow_value_t give_thenable(const avow_value_t *arg, void *data) {
  return avow_object(&foreign, NULL);
}

static avow_value_t give_thenable_fn(void *data) {
  return avow_object(&foreign, NULL);
}

static void thenables_are_followed_like_promises(void **state) {
  assert_fulfills_int(avow_then(resolved(3), give_thenable, NULL, NULL), 1);
  assert_fulfills_int(avow_finally(resolved(3), give_thenable_fn, NULL), 3);
}

static void attach_frees_after_the_earlier_handlers(void **state) {
  avow_promise_t *p = avow_then(resolved(3), note_cb, NULL, "used");
  p = avow_attach(p, "freed", note_free);
  p = avow_then(p, note_cb, NULL, "after");

  assert_fulfills_int(p, 3);

  assert_notes("used freed after");
}

static void attach_frees_after_rejection_and_after_release(void **state) {
  assert_rejects(avow_attach(rejected(UV_EIO), "a", note_free), UV_EIO);
  avow_unref(avow_attach(resolved(1), "b", note_free));
  run();

  assert_notes("a b");
}

static void attach_without_a_free_function_passes_on(void **state) {
  char kept[] = "a";

  assert_fulfills_int(avow_attach(resolved(1), kept, NULL), 1);
}

/* Repeat */

static avow_value_t count_down(void *n) {
  return --*(int *) n > 0 ? avow_none() : avow_int(77);
}

static void repeat_ends_with_the_first_value(void **state) {
  int n = 5;

  assert_fulfills_int(avow_repeat(loop, count_down, &n), 77);

  assert_int_equal(n, 0);
}

static avow_value_t sleep_down(void *n) {
  return --*(int *) n > 0 ? avow_follow(avow_sleep(loop, 0)) : avow_int(78);
}

static void repeat_without_a_function_is_refused(void **state) {
  assert_says(avow_repeat(loop, NULL, NULL), UV_EINVAL,
              "repeat: invalid argument");
}

static void repeat_waits_for_the_promise_of_a_step(void **state) {
  int n = 5;

  assert_fulfills_int(avow_repeat(loop, sleep_down, &n), 78);
}

static void repeat_rejects_with_the_first_error(void **state) {
  void *code = (void *) (intptr_t) UV_EIO;

  assert_rejects(avow_repeat(loop, fail_fn, code), UV_EIO);
  assert_rejects(avow_repeat(loop, follow_fn, rejected(UV_EPERM)), UV_EPERM);
}

static void repeat_follows_a_thenable(void **state) {
  assert_fulfills_int(avow_repeat(loop, give_thenable_fn, NULL), 1);
}

static void repeat_does_not_run_a_step_inside_the_call(void **state) {
  int n = 1;
  avow_promise_t *p = avow_repeat(loop, count_down, &n);

  assert_int_equal(n, 1);
  assert_fulfills_int(p, 77);
}

/* A loop by recursion: each handler follows a chain that ends with this
   handler. */

static avow_value_t again(const avow_value_t *arg, void *n) {
  if (--*(int *) n == 0)
    return avow_int(5);
  return avow_follow(avow_then(resolved(1), again, NULL, n));
}

static void recursion_through_follow_uses_constant_memory(void **state) {
  int n = 100000;
  avow_promise_t *p = avow_then(resolved(1), again, NULL, &n);
  avow_stats_t before, during;

  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_loop_stats(loop, &before, sizeof(before));
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_loop_stats(loop, &during, sizeof(during));

  assert_true(n > 0);
  assert_true(during.live <= before.live + 1);
  assert_fulfills_int(p, 5);
}

/* Lost rejections */

static int reports;

static void count_report(uv_loop_t *l, const avow_value_t *reason,
                         const char *where, void *data) {
  reports++;
  note(avow_err_name(reason->code));
  assert_ptr_equal(l, loop);
  assert_ptr_equal(data, &reports);
}

/* Opens the loop again with a hook that counts reports. */
static void hook_reports(void) {
  const avow_options_t options = { STEADY, .on_unhandled = count_report,
                                   .data = &reports };
  reports = 0;
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
}

static void lost_rejection_is_reported_at_the_last_release(void **state) {
  hook_reports();
  avow_promise_t *p = rejected(UV_EIO);
  avow_promise_t *q = avow_ref(p);

  avow_unref(p);
  assert_int_equal(reports, 0);
  avow_unref(q);

  assert_notes("EIO");
}

static void rejection_passed_along_is_reported_once_at_the_end(void **state) {
  hook_reports();
  avow_promise_t *p = avow_then(rejected(UV_EIO), add_one, NULL, NULL);
  avow_unref(avow_finally(p, note_fn, "finally"));

  run();

  assert_notes("finally EIO");
}

static void handled_rejection_is_not_reported(void **state) {
  hook_reports();
  avow_unref(avow_catch(rejected(UV_EIO), recover, NULL));
  avow_promise_t *p = rejected(UV_EIO);
  assert_int_equal(avow_error_code(avow_result(p)), UV_EIO);
  avow_unref(p);
  run();

  assert_int_equal(reports, 0);
}

static void cancellation_is_not_reported(void **state) {
  hook_reports();
  avow_promise_t *p = avow_sleep(loop, 3600000);
  avow_cancel(p);
  avow_unref(p);

  assert_int_equal(reports, 0);
}

static void losers_of_a_combinator_count_as_handled(void **state) {
  hook_reports();
  avow_promise_t *const ps[] = { resolved(1), rejected(UV_EIO) };
  assert_fulfills_int(avow_race(loop, ps, 2), 1);
  run();

  assert_int_equal(reports, 0);
}

static void note_reject(uv_loop_t *l, const avow_promise_t *p, void *data) {
  note("reject");
}

static void note_handle(uv_loop_t *l, const avow_promise_t *p, void *data) {
  note("handle");
}

/* 5, 7: the hooks of ECMA-262's HostPromiseRejectionTracker */
static void hooks_report_rejections_without_handlers(void **state) {
  const avow_options_t options = { STEADY, .on_unhandled = count_report,
                                   .on_reject = note_reject,
                                   .on_handle = note_handle, .data = &reports };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  avow_deferred_t *d, *e;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_t *q = avow_promise_new(loop, &e);

  q = avow_catch(q, recover, NULL);
  assert_true(avow_reject(e, avow_error(UV_EIO)));
  assert_notes(""); /* q has a handler */
  assert_true(avow_reject(d, avow_error(UV_EIO)));
  assert_notes("reject");
  assert_int_equal(avow_result(p)->code, UV_EIO); /* to report it */
  p = avow_catch(p, recover, NULL);
  assert_notes("handle");

  assert_fulfills_int(p, 0);
  assert_fulfills_int(q, 0);
}

/* Earlier handlers may still use the data. avow_attach() cannot learn when they
   end, so it does not free the data. */
static void attach_without_any_memory_does_not_free(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  use_up_reserve();

  p = avow_attach(p, "freed", note_free);
  give_back_memory();

  assert_rejects(p, UV_ENOMEM);
  assert_notes("");
  avow_deferred_drop(d);
}

SUITE(chain) {
  const struct CMUnitTest tests[] = {
    CASE(reactions_run_in_order_of_registration),
    CASE(reaction_to_a_settled_promise_queues_behind_others),
    CASE(only_the_handler_for_the_outcome_runs),
    CASE(missing_handlers_pass_the_outcome_on),
    CASE(returned_error_rejects),
    CASE(catch_that_returns_the_error_rejects_again),
    CASE(chain_continues_after_a_catch),
    CASE(chain_waits_for_a_returned_promise),
    CASE(handler_that_returns_its_own_promise_rejects),
    CASE(jobs_added_by_jobs_run_in_the_same_drain),
    CASE(finally_runs_for_either_outcome_and_passes_it_on),
    CASE(finally_releases_the_value_of_its_handler),
    CASE(failing_finally_overrides_the_outcome),
    CASE(finally_waits_for_the_promise_of_its_handler),
    CASE(finally_rejects_if_the_followed_promise_rejects),
    CASE(thenables_are_followed_like_promises),
    CASE(attach_frees_after_the_earlier_handlers),
    CASE(attach_frees_after_rejection_and_after_release),
    CASE(attach_without_a_free_function_passes_on),
    CASE(repeat_ends_with_the_first_value),
    CASE(repeat_waits_for_the_promise_of_a_step),
    CASE(repeat_without_a_function_is_refused),
    CASE(repeat_rejects_with_the_first_error),
    CASE(repeat_follows_a_thenable),
    CASE(repeat_does_not_run_a_step_inside_the_call),
    CASE(recursion_through_follow_uses_constant_memory),
    CASE(lost_rejection_is_reported_at_the_last_release),
    CASE(rejection_passed_along_is_reported_once_at_the_end),
    CASE(handled_rejection_is_not_reported),
    CASE(cancellation_is_not_reported),
    CASE(losers_of_a_combinator_count_as_handled),
    CASE(hooks_report_rejections_without_handlers),
    CASE(attach_without_any_memory_does_not_free),
  };
  return RUN(tests);
}
