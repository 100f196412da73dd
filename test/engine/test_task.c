/* SPDX-License-Identifier: MIT */
/* Tasks: what the loop delivers, one by one, each with the jobs it queues. */
#include "harness.h"

/* Three handlers in a row. */
static void note_three(avow_promise_t *p, char *a, char *b, char *c) {
  p = avow_then(avow_then(p, note_cb, NULL, a), note_cb, NULL, b);
  avow_unref(avow_then(p, note_cb, NULL, c));
}

static void note_six(avow_promise_t *a, avow_promise_t *b) {
  note_three(a, "a1", "a2", "a3");
  note_three(b, "b1", "b2", "b3");
}

/* What fn makes counts from one time, which is a callback's. */
static void in_a_callback(avow_cb fn, void *data) {
  assert_fulfils_none(avow_then(avow_next_turn(loop), fn, NULL, data));
}

/* One by one. */

static void equal_sleeps_run_one_by_one(void **state) {
  avow_promise_t *a = avow_sleep(loop, 1);
  note_six(a, avow_sleep(loop, 1));

  run();

  assert_notes("a1 a2 a3 b1 b2 b3");
}

static avow_value_t sleep_3_and_1(const avow_value_t *arg, void *data) {
  avow_promise_t *b = avow_sleep(loop, 3);
  avow_promise_t *a = avow_sleep(loop, 1);
  note_six(a, b);
  return avow_none();
}

static void sleeps_that_are_late_run_one_by_one(void **state) {
  in_a_callback(sleep_3_and_1, NULL);

  stall(5);
  run();

  assert_notes("a1 a2 a3 b1 b2 b3");
}

static void remotes_run_one_by_one(void **state) {
  avow_remote_t *r, *s;
  avow_promise_t *a = avow_remote_new(loop, &r);
  note_six(a, avow_remote_new(loop, &s));

  assert_int_equal(avow_remote_resolve(r, avow_none()), 0);
  assert_int_equal(avow_remote_resolve(s, avow_none()), 0);
  run();

  assert_notes("a1 a2 a3 b1 b2 b3");
}

static void next_turns_run_one_by_one(void **state) {
  avow_promise_t *a = avow_next_turn(loop);
  note_six(a, avow_next_turn(loop));

  run();

  assert_notes("a1 a2 a3 b1 b2 b3");
}

static void waits_for_the_poll_run_one_by_one(void **state) {
  avow_promise_t *a = avow_before_poll(loop);
  note_six(a, avow_before_poll(loop));
  run();
  assert_notes("a1 a2 a3 b1 b2 b3");

  a = avow_after_poll(loop);
  note_six(a, avow_after_poll(loop));
  run();
  assert_notes("a1 a2 a3 b1 b2 b3");
}

/* A chain that began before goes on in the task that ends it. */
static avow_value_t follow_settled(const avow_value_t *arg, void *data) {
  return avow_follow(avow_promise_resolve(loop, avow_none()));
}

static void promises_that_handlers_follow_belong_to_the_task(void **state) {
  for (int i = 0; i < 2; i++) {
    avow_promise_t *p = avow_then(avow_sleep(loop, 1), note_cb, NULL, "begun");
    p = avow_then(p, follow_settled, NULL, NULL);
    avow_unref(avow_then(p, note_cb, NULL, "over"));
  }

  run();

  assert_notes("begun over begun over");
}

/* The program's own callbacks are no tasks that avow sees. */

static void settle(uv_timer_t *timer) {
  assert_true(avow_resolve(timer->data, avow_none()));
  uv_close((uv_handle_t *) timer, NULL);
}

static avow_promise_t *when_raw(uv_timer_t *timer) {
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  assert_int_equal(uv_timer_init(loop, timer), 0);
  timer->data = d;
  assert_int_equal(uv_timer_start(timer, settle, 1, 0), 0);
  return p;
}

static void jobs_of_two_raw_timers_run_after_both(void **state) {
  uv_timer_t a, b;
  avow_promise_t *p = when_raw(&a);
  note_six(p, when_raw(&b));

  stall(2);
  run();

  assert_notes("a1 b1 a2 b2 a3 b3");
}

static void jobs_of_a_raw_timer_run_before_a_later_sleep(void **state) {
  uv_timer_t a;
  avow_promise_t *p = when_raw(&a);
  note_six(p, avow_sleep(loop, 2));

  stall(4);
  run();

  assert_notes("a1 a2 a3 b1 b2 b3");
}

/* Cancelling what is due. */

static avow_value_t cancel_there(const avow_value_t *arg, void *data) {
  avow_promise_t **p = data;
  avow_cancel(*p);
  return avow_none();
}

/* The handler of a cancels b: both are due together. */
static void assert_stops(avow_promise_t *a, avow_promise_t *b) {
  avow_unref(avow_then(a, cancel_there, NULL, &b));
  b = avow_then(b, note_cb, NULL, "ran");

  run();

  assert_rejects(b, UV_ECANCELED);
  assert_notes("");
}

static void a_due_sleep_can_be_cancelled(void **state) {
  avow_promise_t *a = avow_sleep(loop, 1);

  assert_stops(a, avow_sleep(loop, 1));
}

static void a_due_remote_can_be_cancelled(void **state) {
  avow_remote_t *r, *s;
  avow_promise_t *a = avow_remote_new(loop, &r);
  avow_promise_t *b = avow_remote_new(loop, &s);
  assert_int_equal(avow_remote_resolve(r, avow_none()), 0);
  assert_int_equal(avow_remote_resolve(s, avow_none()), 0);

  assert_stops(a, b);
}

static void a_due_turn_can_be_cancelled(void **state) {
  avow_promise_t *a = avow_next_turn(loop);

  assert_stops(a, avow_next_turn(loop));
}

static avow_value_t sleep_and_cancel(const avow_value_t *arg, void *data) {
  avow_promise_t *p = avow_sleep(loop, 0);
  avow_cancel(p);
  avow_unref(p);
  return avow_none();
}

/* It is no later than what is due, but it comes in another pass. */
static void a_sleep_that_a_task_began_can_be_cancelled(void **state) {
  avow_promise_t *p = avow_sleep(loop, 1);
  avow_unref(avow_then(p, sleep_and_cancel, NULL, NULL));
  run();

  note_three(avow_sleep(loop, 1), "a1", "a2", "a3");
  run();

  assert_notes("a1 a2 a3");
}

/* Time limits. */

static void finished_work_is_never_late(void **state) {
  enum { N = 200 };
  avow_promise_t *ps[N];
  for (int i = 0; i < N; i++) {
    avow_promise_t *p =
        avow_then(avow_sleep(loop, 1), follow_settled, NULL, NULL);
    p = avow_then(p, follow_settled, NULL, NULL);
    ps[i] = avow_timeout(p, 2);
  }

  stall(5);

  for (int i = 0; i < N; i++)
    assert_fulfils_none(ps[i]);
}

/* The remote's answer is there before the limit is due, but libuv tells of
   what is due first. */
static void what_has_arrived_is_never_late(void **state) {
  avow_remote_t *r;
  avow_promise_t *p = avow_timeout(avow_remote_new(loop, &r), 1);
  assert_int_equal(avow_remote_resolve(r, avow_int(1)), 0);

  stall(3);

  assert_fulfils_int(p, 1);
}

static avow_value_t sleep_4_within_2(const avow_value_t *arg, void *data) {
  avow_promise_t **p = data;
  *p = avow_timeout(avow_sleep(loop, 4), 2);
  note_three(avow_sleep(loop, 3), "a1", "a2", "a3");
  return avow_none();
}

static void a_limit_comes_before_what_was_due_after_it(void **state) {
  avow_promise_t *p;
  in_a_callback(sleep_4_within_2, &p);

  stall(6);

  assert_rejects(p, UV_ETIMEDOUT);
  run();
  assert_notes("a1 a2 a3");
}

static avow_value_t note_code(const avow_value_t *arg, void *data) {
  note(avow_err_name(avow_error_code(arg)));
  return avow_none();
}

static avow_value_t limits_and_sleeps(const avow_value_t *arg, void *data) {
  avow_deferred_t **ds = data;
  avow_promise_t *p = avow_timeout(avow_promise_new(loop, &ds[0]), 2);
  avow_unref(avow_then(avow_sleep(loop, 2), note_cb, NULL, "younger"));
  avow_unref(avow_then(avow_sleep(loop, 1), note_cb, NULL, "earlier"));
  avow_unref(avow_catch(p, note_code, NULL));
  p = avow_timeout(avow_promise_new(loop, &ds[1]), 3);
  avow_unref(avow_catch(p, note_code, NULL));
  return avow_none();
}

static void limits_and_sleeps_keep_their_order(void **state) {
  avow_deferred_t *ds[2];
  in_a_callback(limits_and_sleeps, ds);

  stall(5);
  run();

  assert_notes("earlier ETIMEDOUT younger ETIMEDOUT");
  avow_deferred_drop(ds[0]);
  avow_deferred_drop(ds[1]);
}

static void a_due_limit_can_be_cancelled(void **state) {
  avow_deferred_t *d;
  avow_promise_t *a = avow_sleep(loop, 1);

  assert_stops(a, avow_timeout(avow_promise_new(loop, &d), 1));
  avow_deferred_drop(d);
}

/* A model: whatever ends is the earliest of all that are pending, by deadline
   and then by age, and nothing ends while another's jobs are left. Sleeps and
   limits of any length begin others, stop others and hold the loop up. */

enum { WAITS = 1000, LENGTHS = 20 };

typedef struct {
  avow_promise_t *p;
  avow_deferred_t *d; /* of a limit: what it limits */
  uint64_t deadline;
  bool over;
} wait_t;

static struct {
  wait_t waits[WAITS];
  unsigned begun, ended;
  const wait_t *running; /* has jobs left */
  uint64_t seed;
} model;

/* xorshift64*: the same numbers each time. */
static unsigned random_below(unsigned limit) {
  model.seed ^= model.seed >> 12;
  model.seed ^= model.seed << 25;
  model.seed ^= model.seed >> 27;
  return (unsigned) (model.seed * UINT64_C(2685821657736338717) >> 33) % limit;
}

static void assert_earliest(const wait_t *wait) {
  for (unsigned i = 0; i < model.begun; i++) {
    const wait_t *other = &model.waits[i];
    if (!other->over && other < wait)
      assert_true(other->deadline > wait->deadline);
    if (!other->over && other > wait)
      assert_true(other->deadline >= wait->deadline);
  }
}

static void begin_one(void);

static void stop_one(void) {
  wait_t *wait = &model.waits[random_below(model.begun)];
  if (wait->over)
    return;
  wait->over = true;
  model.ended++;
  avow_cancel(wait->p);
}

static avow_value_t end_cb(const avow_value_t *arg, void *data) {
  wait_t *wait = data;
  if (wait->over) /* it was stopped */
    return avow_none();
  assert_null(model.running);
  assert_earliest(wait);
  model.running = wait;
  wait->over = true;
  model.ended++;
  begin_one();
  begin_one();
  if (random_below(3) == 0)
    stop_one();
  if (random_below(30) == 0)
    stall(random_below(LENGTHS));
  return avow_follow(avow_promise_resolve(loop, avow_none()));
}

static avow_value_t last_job_cb(const avow_value_t *arg, void *data) {
  if (model.running == data)
    model.running = NULL;
  return avow_none();
}

static void begin_one(void) {
  if (model.begun == WAITS)
    return;
  wait_t *wait = &model.waits[model.begun++];
  const unsigned ms = random_below(LENGTHS);
  if (random_below(3) == 0)
    wait->p = avow_timeout(avow_promise_new(loop, &wait->d), ms);
  else
    wait->p = avow_sleep(loop, ms);
  wait->deadline = uv_now(loop) + ms;
  wait->p = avow_then(wait->p, end_cb, end_cb, wait);
  wait->p = avow_then(wait->p, last_job_cb, NULL, wait);
}

static avow_value_t begin_ten(const avow_value_t *arg, void *data) {
  for (int i = 0; i < 10; i++)
    begin_one();
  return avow_none();
}

static void all_that_is_late_keeps_to_the_model(void **state) {
  memset(&model, 0, sizeof(model));
  model.seed = 5;
  in_a_callback(begin_ten, NULL);

  stall(LENGTHS);
  run();

  assert_int_equal(model.begun, WAITS);
  assert_int_equal(model.ended, WAITS);
  for (int i = 0; i < WAITS; i++) {
    avow_unref(model.waits[i].p);
    if (model.waits[i].d != NULL)
      avow_deferred_drop(model.waits[i].d);
  }
}

SUITE(task) {
  const struct CMUnitTest tests[] = {
    CASE(equal_sleeps_run_one_by_one),
    CASE(sleeps_that_are_late_run_one_by_one),
    CASE(remotes_run_one_by_one),
    CASE(next_turns_run_one_by_one),
    CASE(waits_for_the_poll_run_one_by_one),
    CASE(promises_that_handlers_follow_belong_to_the_task),
    CASE(jobs_of_two_raw_timers_run_after_both),
    CASE(jobs_of_a_raw_timer_run_before_a_later_sleep),
    CASE(a_due_sleep_can_be_cancelled),
    CASE(a_due_remote_can_be_cancelled),
    CASE(a_due_turn_can_be_cancelled),
    CASE(a_sleep_that_a_task_began_can_be_cancelled),
    CASE(finished_work_is_never_late),
    CASE(what_has_arrived_is_never_late),
    CASE(a_limit_comes_before_what_was_due_after_it),
    CASE(limits_and_sleeps_keep_their_order),
    CASE(a_due_limit_can_be_cancelled),
    CASE(all_that_is_late_keeps_to_the_model),
  };
  return RUN(tests);
}
