/* SPDX-License-Identifier: MIT */
/* Events that trace builds report to the program's hook. */
#include "harness.h"

#ifdef AVOW_TRACE

enum { MOST = 64 };

static const avow_promise_t *watched;
static avow_event_t seen[MOST]; /* of the watched promise or of the loop */
static int count;
static int closed; /* result of closing the loop in the hook */

static void watch(avow_event_t event, const avow_promise_t *p, void *data) {
  if (data != NULL)
    closed = avow_loop_close(data);
  if (watched == NULL && event == AVOW_EVENT_MADE)
    watched = p;
  if (p == watched || p == NULL)
    seen[count++ % MOST] = event;
}

static void open_watched(void *data) {
  const avow_options_t options = { STEADY, .on_event = watch, .data = data };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  watched = NULL;
  count = 0;
}

static void assert_seen(const avow_event_t *expected, int n) {
  assert_int_equal(count, n);
  for (int i = 0; i < n; i++)
    assert_int_equal(seen[i], expected[i]);
}

static void hook_receives_the_events_of_a_promise(void **state) {
  static const avow_event_t expected[] = { AVOW_EVENT_MADE, AVOW_EVENT_NAMED,
                                           AVOW_EVENT_SETTLED,
                                           AVOW_EVENT_FREED };
  avow_deferred_t *d;
  open_watched(NULL);

  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_promise_set_name(p, "answer");
  assert_true(avow_resolve(d, avow_none()));
  avow_unref(p);

  assert_seen(expected, 4);
}

static void hook_receives_task_and_job_of_a_reaction(void **state) {
  static const avow_event_t expected[] = {
    AVOW_EVENT_MADE, AVOW_EVENT_QUEUED,  AVOW_EVENT_TASK,
    AVOW_EVENT_JOB,  AVOW_EVENT_SETTLED, AVOW_EVENT_FREED
  };
  open_watched(NULL);
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  watched = NULL;
  count = 0;

  avow_unref(avow_then(p, note_value_cb, NULL, "then"));
  run();

  assert_true(count > 6);
  for (int i = 0; i < 6; i++)
    assert_int_equal(seen[i], expected[i]);
  assert_notes("then=none");
}

static void canceled_event_precedes_the_settled_event(void **state) {
  static const avow_event_t expected[] = { AVOW_EVENT_MADE, AVOW_EVENT_CANCELED,
                                           AVOW_EVENT_SETTLED };
  open_watched(NULL);

  avow_promise_t *p = avow_sleep(loop, 60000);
  avow_cancel(p);

  assert_seen(expected, 3);
  avow_unref(p);
}

#  ifndef AVOW_NO_ASYNC

static avow_value_t await_it(void *p) {
  return avow_await(p);
}

static void hook_receives_await_and_resume_events(void **state) {
  avow_deferred_t *d;
  avow_promise_t *p;
  int awaits = 0, resumes = 0;
  open_watched(NULL);
  p = avow_promise_new(loop, &d);
  watched = NULL;
  count = 0;

  avow_promise_t *q = avow_async(loop, await_it, p);
  assert_true(avow_resolve(d, avow_none()));
  assert_fulfills_none(q);

  for (int i = 0; i < count; i++) {
    awaits += seen[i] == AVOW_EVENT_AWAITS;
    resumes += seen[i] == AVOW_EVENT_RESUMES;
  }
  assert_int_equal(awaits, 1);
  assert_int_equal(resumes, 1);
}

#  endif

static void hook_cannot_close_its_loop(void **state) {
  open_watched(loop);

  avow_unref(avow_promise_resolve(loop, avow_none()));

  assert_int_equal(closed, UV_EBUSY);
}

#else

static void ignore(avow_event_t event, const avow_promise_t *p, void *data) {
}

static void builds_without_traces_refuse_the_hook(void **state) {
  const avow_options_t options = { .on_event = ignore };
  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_loop_init(loop, &options), UV_ENOTSUP);

  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

#endif

SUITE(probes) {
  const struct CMUnitTest tests[] = {
#ifdef AVOW_TRACE
    CASE(hook_receives_the_events_of_a_promise),
    CASE(hook_receives_task_and_job_of_a_reaction),
    CASE(canceled_event_precedes_the_settled_event),
#  ifndef AVOW_NO_ASYNC
    CASE(hook_receives_await_and_resume_events),
#  endif
    CASE(hook_cannot_close_its_loop),
#else
    CASE(builds_without_traces_refuse_the_hook),
#endif
  };
  return RUN(tests);
}
