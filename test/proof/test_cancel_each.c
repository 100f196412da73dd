/* SPDX-License-Identifier: MIT */
/*
 * Canceling each subject at each stage. Its promise rejects with the given
 * reason, its handlers run once, and nothing is left, even if the subject ends
 * late.
 */
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "interpose.h"
#include "subjects.h"

enum { TURNS = 3, TURNS_MAX = 200, PATIENCE = 200 /* ms */ };

static const subject_t *subject; /* of the running test */
static bool told, struck;
static int files_before;

/* Calls of the promise's handlers. */
static int fulfilled, rejected, ended;

/* Resolves localhost even where /etc/hosts does not. */
int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **out) {
  int (*next)(const char *, const char *, const struct addrinfo *,
              struct addrinfo **);
  find_next(&next, "getaddrinfo");
  const bool ours = node != NULL && strcmp(node, "localhost") == 0;
  return next(ours ? "127.0.0.1" : node, service, hints, out);
}

static int set_stage(void **state) {
  files_before = open_files();
  if (disk_setup(state) != 0)
    return -1;
  told = struck = false;
  fulfilled = rejected = ended = 0;
  if (subject->set != NULL)
    subject->set();
  return 0;
}

static int set_up(void **state) {
  subject = *state;
  return set_stage(state);
}

/* Runs later than all other work. The promise may be freed by then. */
static void tell(void) {
  if (!told && subject->complete != NULL)
    subject->complete();
  told = true;
}

static void strike(void) {
  release_pool();
  tell();
  if (subject->strike != NULL)
    subject->strike();
  struck = true;
  run();
}

static int tear_down(void **state) {
  if (!struck)
    strike();
  const int heard = fulfilled + rejected;
  if (heard > 1 || ended > 1)
    print_error("heard %d outcomes, %d ends\n", heard, ended);
  if (disk_teardown(state) != 0 || heard > 1 || ended > 1)
    return -1;
  const int files = open_files() - files_before;
  const bool children = waitpid(-1, NULL, WNOHANG) != -1;
  if (files != 0 || children)
    print_error("left: %d files%s\n", files, children ? ", a process" : "");
  return files != 0 || children ? -1 : 0;
}

avow_value_t made(avow_promise_t *p) {
  const avow_value_t v = avow_run(p);
  assert_string_equal(avow_error_message(&v), "no error");
  return v;
}

void discard(avow_value_t *v) {
  const avow_value_t gone = *v;
  *v = avow_none();
  avow_value_unref(gone);
  run();
}

static avow_value_t on_fulfilled(const avow_value_t *arg, void *data) {
  fulfilled++;
  return avow_none();
}

static avow_value_t on_rejected(const avow_value_t *error, void *data) {
  rejected++;
  return avow_value_ref(error);
}

static avow_value_t on_settled(void *data) {
  ended++;
  return avow_none();
}

static avow_promise_t *watched(avow_promise_t *p) {
  p = avow_then(p, on_fulfilled, on_rejected, NULL);
  return avow_finally(p, on_settled, NULL);
}

/* A subject that is done no longer changes. */
static bool is_too_late(void) {
  return subject->cancels == NEVER || subject->cancels == TOO_LATE;
}

static void cancel(const avow_promise_t *p) {
  avow_cancel_with(p, avow_string("no need"));
}

static void assert_heard(avow_promise_t *p, bool canceled) {
  if (!canceled)
    tell();
  if (canceled)
    assert_says(p, UV_ECANCELED, "operation canceled: no need");
  else
    assert_fulfills_none(p);
  strike();
  assert_int_equal(fulfilled, !canceled);
  assert_int_equal(rejected, canceled);
  assert_int_equal(ended, 1);
}

static void assert_was_canceled(avow_promise_t *p) {
  assert_heard(p, !is_too_late());
}

static void completes(void **state) {
  avow_promise_t *p = watched(subject->start());

  tell();

  assert_heard(p, false);
}

/* The subject is canceled before libuv has begun its work. */
static void canceled_before_it_starts(void **state) {
  avow_promise_t *p = watched(subject->start());

  cancel(p);

  assert_was_canceled(p);
}

static void turn(int times) {
  for (; times > 0; times--)
    (void) uv_run(loop, UV_RUN_NOWAIT); /* the result does not matter */
}

static bool begins_in_pool(void) {
  return subject->completes == IN_POOL || subject->completes == ON_FILE;
}

/* The rejection does not wait for the subject's own work either. */
static void rejects_without_waiting_for_a_thread(void **state) {
  if (begins_in_pool())
    hold_pool(THREADS);
  avow_promise_t *p = watched(subject->start());

  cancel(p);
  turn(TURNS);

  if (subject->cancels == AT_ONCE)
    assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_was_canceled(p);
}

static void canceled_while_queued(void **state) {
  const bool waits = subject->completes == ON_FILE
                         ? !kernel_does_files()
                         : subject->completes != BY_ITSELF;
  if (begins_in_pool())
    hold_pool(THREADS);
  avow_promise_t *p = watched(subject->start());
  if (waits)
    turn(TURNS);

  cancel(p);
  release_pool();

  assert_was_canceled(p);
}

/* A part of the awaited work is done. Or the whole first job is done, but the
   loop has not received its completion. */
static avow_promise_t *under_way(void) {
  if (begins_in_pool())
    return done_but_not_received(subject->start);
  avow_promise_t *p = subject->start();
  if (subject->progress != NULL)
    subject->progress();
  if (subject->completes == WHEN_TOLD)
    turn(TURNS);
  return p;
}

static void canceled_while_it_runs(void **state) {
  avow_promise_t *p = watched(under_way());

  cancel(p);

  assert_was_canceled(p);
}

static void settles_if_the_loop_closes_while_it_runs(void **state) {
  avow_promise_t *p = under_way();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_not_equal(avow_state(p), AVOW_PENDING);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static bool in_time; /* the promise was still pending */

static void prepare_cb(uv_prepare_t *prepare) {
  in_time = avow_state(prepare->data) == AVOW_PENDING;
  cancel(prepare->data);
  uv_close((uv_handle_t *) prepare, NULL);
}

/* Waits until the system has an event for the loop, which may never happen. */
static void wait_for_events(void) {
  struct pollfd backend = { .fd = uv_backend_fd(loop), .events = POLLIN };
  const int timeout = uv_backend_timeout(loop);
  const bool is_near = timeout >= 0 && timeout < PATIENCE;
  (void) poll(&backend, 1, is_near ? timeout : PATIENCE); /* it may time out */
}

/* The loop polls right after this. */
static void cancel_in_the_next_turn(avow_promise_t *p) {
  static uv_prepare_t prepare;
  wait_for_events();
  prepare.data = p;
  assert_int_equal(uv_prepare_init(loop, &prepare), 0);
  assert_int_equal(uv_prepare_start(&prepare, prepare_cb), 0);
  turn(1);
}

/* Cancels after `turns` iterations. Returns false if the subject took fewer. */
static bool cancel_after(int turns) {
  avow_promise_t *p = watched(subject->start());
  tell();
  for (int i = 0; i < turns && avow_state(p) == AVOW_PENDING; i++)
    (void) uv_run(loop, UV_RUN_ONCE); /* the subject keeps the loop alive */
  const bool pending = avow_state(p) == AVOW_PENDING;
  in_time = false;
  if (pending)
    cancel_in_the_next_turn(p);
  /* A subject that unwinds may have ended before it was canceled. */
  if (pending && subject->cancels == UNWINDS)
    avow_value_unref(avow_run(p));
  else
    assert_heard(p, in_time && !is_too_late());
  return pending;
}

/* The subject completes in the last of these iterations. */
static void canceled_in_each_iteration(void **state) {
  for (int turns = 0; cancel_after(turns); turns += 1 + turns / 8) {
    assert_true(turns < TURNS_MAX);
    assert_int_equal(tear_down(state), 0);
    assert_int_equal(set_stage(state), 0);
  }
}

static avow_value_t cancel_there(const avow_value_t *arg, void *victim) {
  cancel(*(avow_promise_t **) victim);
  return avow_none();
}

/* A handler that runs first cancels the promise. The other handlers still
   run. */
static void canceled_as_it_settles(void **state) {
  avow_promise_t *p = subject->start(), *victim = NULL;
  avow_promise_t *first = avow_then(avow_ref(p), cancel_there, NULL, &victim);
  victim = watched(p);

  tell();

  assert_fulfills_none(first);
  avow_value_unref(avow_run(victim)); /* it is fulfilled or canceled */
  strike();
  assert_int_equal(fulfilled, 1);
  assert_int_equal(rejected, 0);
  assert_int_equal(ended, 1);
}

typedef struct {
  const char *name;
  CMUnitTestFunction test;
} behavior_t;

#define BEHAVIOR(f) \
  { #f, f }

static const behavior_t behaviors[] = {
  BEHAVIOR(completes),
  BEHAVIOR(canceled_before_it_starts),
  BEHAVIOR(rejects_without_waiting_for_a_thread),
  BEHAVIOR(canceled_while_queued),
  BEHAVIOR(canceled_while_it_runs),
  BEHAVIOR(settles_if_the_loop_closes_while_it_runs),
  BEHAVIOR(canceled_in_each_iteration),
  BEHAVIOR(canceled_as_it_settles),
};

enum { BEHAVIORS = sizeof(behaviors) / sizeof(behaviors[0]), TESTS = 1024 };

static char names[TESTS][80];
static struct CMUnitTest tests[TESTS];
static size_t test_count;

static void make_test(const subject_t *of, const behavior_t *behavior) {
  const union { /* cmocka's state is not const */
    const subject_t *from;
    void *to;
  } same = { .from = of };
  const size_t i = test_count++;
  (void) snprintf(names[i], sizeof(names[i]), "%s_%s", of->name,
                  behavior->name); /* the text fits */
  tests[i] = (struct CMUnitTest){ .name = names[i],
                                  .test_func = behavior->test,
                                  .setup_func = set_up,
                                  .teardown_func = tear_down,
                                  .initial_state = same.to };
}

static void make_tests(const subjects_t *subjects) {
  for (size_t i = 0; i < subjects->count; i++)
    for (size_t j = 0; j < BEHAVIORS && test_count < TESTS; j++)
      make_test(&subjects->at[i], &behaviors[j]);
}

/* libuv opens some descriptors at its first use and keeps them. */
static int start(void **state) {
  if (disk_setup(state) != 0)
    return -1;
  wait_until_taken();
  (void) signal(SIGPIPE, SIG_IGN); /* a write to a closed socket returns an
                                      error */
  return disk_teardown(state);
}

SUITE(cancel_each) {
  make_tests(&loop_subjects);
  make_tests(&tool_subjects);
  make_tests(&net_subjects);
  make_tests(&disk_subjects);
  disk_init();
  harness_init();
  if (count_libuv() != 0)
    return 1;
  return _cmocka_run_group_tests("subjects", tests, test_count, start, NULL);
}
