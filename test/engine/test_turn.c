/* SPDX-License-Identifier: MIT */
/* The budget of an iteration, which endless work spends. The tests count
   iterations when the loop is about to poll. */
#include "harness.h"

#include <limits.h>

enum { BUDGET = 10, TOO_LONG = 1000, FAR = 3600 * 1000 };

static void open_with_budget(unsigned budget) {
  const avow_options_t options = { .budget = budget, STEADY };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
}

typedef struct {
  uv_prepare_t prepare;
  unsigned turns, steps, most, last;
  bool over;
} busy_t;

static void on_prepare(uv_prepare_t *handle) {
  busy_t *busy = handle->data;
  const unsigned steps = busy->steps - busy->last;
  busy->last = busy->steps;
  busy->most = steps > busy->most ? steps : busy->most;
  busy->over = ++busy->turns > TOO_LONG;
}

static avow_value_t step(void *data) {
  busy_t *busy = data;
  busy->steps++;
  return busy->over ? avow_int(1) : avow_none();
}

static avow_promise_t *begin(busy_t *busy) {
  open_with_budget(BUDGET);
  *busy = (busy_t){ .prepare.data = busy };
  assert_int_equal(uv_prepare_init(loop, &busy->prepare), 0);
  assert_int_equal(uv_prepare_start(&busy->prepare, on_prepare), 0);
  return avow_repeat(loop, step, busy);
}

static void end(busy_t *busy, avow_promise_t *p) {
  busy->over = true;
  assert_fulfills_int(p, 1);
  uv_close((uv_handle_t *) &busy->prepare, NULL);
  run();
}

static avow_value_t again(void *phase) {
  avow_promise_t *(**wait)(uv_loop_t *) = phase;
  return avow_follow((*wait)(loop));
}

/* The number of avow's callbacks in an iteration makes no difference. */
static void all_callbacks_of_an_iteration_share_its_budget(void **state) {
  avow_promise_t *(*phases[])(
      uv_loop_t *) = { avow_next_iteration, avow_before_poll, avow_after_poll };
  avow_promise_t *ps[3];
  busy_t busy;
  avow_promise_t *p = begin(&busy);
  for (int i = 0; i < 3; i++)
    ps[i] = avow_repeat(loop, again, &phases[i]);

  while (busy.turns < 10)
    (void) uv_run(loop, UV_RUN_ONCE); /* not 0: work is endless */

  assert_int_in_range(busy.most, 1, BUDGET);
  for (int i = 0; i < 3; i++) {
    avow_cancel(ps[i]);
    avow_unref(ps[i]);
  }
  end(&busy, p);
}

typedef struct {
  const busy_t *busy;
  unsigned turns[5]; /* iterations of the deliveries */
  unsigned n;
} source_t;

static avow_value_t deliver(const avow_value_t *arg, void *data) {
  source_t *source = data;
  source->turns[source->n++] = source->busy->turns;
  return avow_none();
}

static void wait_for(source_t *source, avow_promise_t *p) {
  avow_unref(avow_then(p, deliver, NULL, source));
}

static void run_until_all(const source_t *source) {
  while (source->n < 5 && !source->busy->over)
    (void) uv_run(loop, UV_RUN_ONCE); /* not 0: work is endless */
}

/* Asserts that the source delivered one task in each iteration, without a
   gap. */
static void assert_one_per_iteration(const source_t *source) {
  assert_int_equal(source->n, 5);
  for (int i = 1; i < 5; i++)
    assert_int_equal(source->turns[i], source->turns[i - 1] + 1);
}

static void spent_budget_still_delivers_one_event_per_source(void **state) {
  busy_t busy;
  avow_promise_t *p = begin(&busy);
  source_t sleeps = { .busy = &busy };
  source_t remotes = { .busy = &busy };
  source_t turns = { .busy = &busy };
  for (int i = 0; i < 5; i++) {
    avow_remote_t *r;
    wait_for(&sleeps, avow_sleep(loop, 1));
    wait_for(&remotes, avow_remote_new(loop, &r));
    wait_for(&turns, avow_next_iteration(loop));
    assert_int_equal(avow_remote_resolve(r, avow_none()), 0);
  }

  stall(3);
  run_until_all(&sleeps);
  run_until_all(&remotes);
  run_until_all(&turns);

  assert_one_per_iteration(&sleeps);
  assert_one_per_iteration(&remotes);
  assert_one_per_iteration(&turns);
  assert_int_in_range(busy.most, 1, BUDGET);
  end(&busy, p);
}

static void timeout_waits_for_at_most_one_budget(void **state) {
  enum { N = 100 };
  busy_t busy;
  avow_deferred_t *d;
  avow_promise_t *p = begin(&busy);
  for (int i = 0; i < N; i++)
    avow_unref(avow_sleep(loop, 1));
  avow_promise_t *late = avow_timeout(avow_promise_new(loop, &d), 2);

  stall(4);

  assert_rejects(late, UV_ETIMEDOUT);
  assert_int_in_range(busy.turns, 1, 4);
  avow_deferred_drop(d);
  end(&busy, p);
}

static void endless_repeat_ends_at_its_timeout(void **state) {
  busy_t busy;
  avow_promise_t *p = begin(&busy);
  avow_unref(p);
  p = avow_timeout(avow_repeat(loop, step, &busy), 1);
  stall(2);

  assert_rejects(p, UV_ETIMEDOUT);

  assert_int_in_range(busy.turns, 0, 4);
  busy.over = true;
  uv_close((uv_handle_t *) &busy.prepare, NULL);
  run();
}

static avow_value_t slow_step(void *data) {
  stall(2);
  return step(data);
}

/* The limit waits for a number of jobs, whatever time they take. */
static void slow_endless_repeat_ends_at_its_timeout(void **state) {
  busy_t busy;
  avow_promise_t *quick = begin(&busy);
  busy.over = true;
  assert_fulfills_int(quick, 1);
  const unsigned before = busy.steps;
  busy.over = false;

  assert_rejects(avow_timeout(avow_repeat(loop, slow_step, &busy), 1),
                 UV_ETIMEDOUT);

  assert_int_in_range(busy.steps - before, 1, 3 * BUDGET);
  uv_close((uv_handle_t *) &busy.prepare, NULL);
  run();
}

static void on_far(uv_timer_t *timer) {
  note("late");
}

/* The poll would block for an hour, and the alarm would end the test. */
static void poll_does_not_block_while_phase_events_remain(void **state) {
  uv_timer_t far;
  open_with_budget(1);
  assert_int_equal(uv_timer_init(loop, &far), 0);
  assert_int_equal(uv_timer_start(&far, on_far, FAR, 0), 0);
  avow_promise_t *a = avow_then(avow_before_poll(loop), note_cb, NULL, "a");
  avow_promise_t *b = avow_then(avow_before_poll(loop), note_cb, NULL, "b");

  assert_fulfills_none(b);

  assert_notes("a b");
  avow_unref(a);
  uv_close((uv_handle_t *) &far, NULL);
  run();
}

static void count(uv_check_t *check) {
  ++*(unsigned *) check->data;
}

/* The work is finite, so that all of it runs in one iteration. */
static void sufficient_budget_delays_nothing(void **state) {
  enum { N = 100 };
  unsigned turns = 0;
  uv_check_t check = { .data = &turns };
  assert_int_equal(uv_check_init(loop, &check), 0);
  assert_int_equal(uv_check_start(&check, count), 0);
  avow_promise_t *ps[N];
  for (int i = 0; i < N; i++)
    ps[i] = avow_sleep(loop, 1);
  stall(2);

  avow_value_unref(avow_run(avow_all(loop, ps, N)));

  assert_int_in_range(turns, 0, 1);
  uv_close((uv_handle_t *) &check, NULL);
  run();
}

typedef struct {
  unsigned steps, seen;
  bool over;
} endless_t;

static avow_value_t endless_fn(void *data) {
  endless_t *endless = data;
  endless->steps++;
  return endless->over ? avow_int(1) : avow_none();
}

static void end_endless(uv_timer_t *handle) {
  ((endless_t *) handle->data)->over = true;
  close_handle((uv_handle_t *) handle, NULL);
}

static void endless_repeat_does_not_starve_a_timer(void **state) {
  endless_t endless = { .steps = 0 };
  uv_timer_t timer = { .data = &endless };
  assert_int_equal(uv_timer_init(loop, &timer), 0);
  assert_int_equal(uv_timer_start(&timer, end_endless, 1, 0), 0);

  assert_fulfills_int(avow_repeat(loop, endless_fn, &endless), 1);
  run();
}

static void note_steps(uv_prepare_t *handle) {
  endless_t *endless = handle->data;
  endless->seen = endless->steps;
  endless->over = true;
  close_handle((uv_handle_t *) handle, NULL);
}

static void assert_steps_before_poll(unsigned expected) {
  endless_t endless = { .steps = 0 };
  uv_prepare_t prepare = { .data = &endless };
  (void) uv_prepare_init(loop, &prepare);
  (void) uv_prepare_start(&prepare, note_steps);
  avow_promise_t *p = avow_repeat(loop, endless_fn, &endless);

  run();

  assert_int_equal(endless.seen, expected);
  assert_fulfills_int(p, 1);
}

static void drain_keeps_to_its_budget(void **state) {
  open_with_budget(7);

  assert_steps_before_poll(7);
}

static void default_budget_is_ten_thousand(void **state) {
  const avow_options_t options = { STEADY };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);

  assert_steps_before_poll(10000);
}

static void budget_does_not_change_the_order(void **state) {
  char words[9][2] = { "1", "2", "3", "4", "5", "6", "7", "8", "9" };
  open_with_budget(2);

  for (int i = 0; i < 9; i++)
    avow_unref(avow_then(avow_promise_resolve(loop, avow_none()), note_cb, NULL,
                         words[i]));
  run();

  assert_notes("1 2 3 4 5 6 7 8 9");
}

/* Cleanups that have run, and how many of them ran in the first iteration. */
static int cleaned, cleaned_at_once;

static avow_value_t work_until_canceled(void *data) {
  uv_sem_post(data);
  while (avow_work_is_wanted())
    uv_sleep(1);
  return avow_none();
}

static avow_value_t clean_up(void *data) {
  cleaned++;
  return avow_none();
}

static void look_at_cleaned(uv_check_t *handle) {
  if (cleaned_at_once == 0)
    cleaned_at_once = cleaned;
}

/* The budget applies although avow_loop_close() allows more jobs in all. */
static void iteration_during_close_keeps_to_the_budget(void **state) {
  enum { FEW = 2, MANY = 10 };
  uv_check_t check;
  uv_sem_t begun;
  open_with_budget(FEW);
  cleaned = cleaned_at_once = 0;
  assert_int_equal(uv_check_init(loop, &check), 0);
  assert_int_equal(uv_check_start(&check, look_at_cleaned), 0);
  assert_int_equal(uv_sem_init(&begun, 0), 0);
  avow_promise_t *p = avow_work(loop, work_until_canceled, &begun, NULL);
  for (int i = 0; i < MANY; i++)
    p = avow_finally(p, clean_up, NULL);
  avow_unref(p);
  uv_sem_wait(&begun);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(cleaned, MANY);
  assert_int_in_range(cleaned_at_once, 1, FEW);
  uv_sem_destroy(&begun);
  uv_close((uv_handle_t *) &check, NULL);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
  run();
}

static avow_value_t begin_endless(const avow_value_t *arg, void *data) {
  return avow_follow(avow_repeat(loop, endless_fn, data));
}

/* Closing allows few jobs, although an iteration has budget for more. */
static void closing_loop_runs_few_jobs_of_an_endless_repeat(void **state) {
  endless_t endless = { .steps = 0 };
  avow_unref(avow_catch(avow_sleep(loop, FAR), begin_endless, &endless));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_in_range(endless.steps, 1, 1000);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* Without the prepare handle, avow does not notice iterations. It counts each
   wake-up as one. */
static void close_prepare(uv_handle_t *handle, void *data) {
  if (handle->type == UV_PREPARE)
    uv_close(handle, NULL);
}

static void assert_chain_ends_without(uv_walk_cb close_some) {
  open_with_budget(2);
  avow_promise_t *p = avow_promise_resolve(loop, avow_int(1));
  for (int i = 0; i < 9; i++)
    p = avow_then(p, NULL, NULL, NULL);
  uv_walk(loop, close_some, NULL);

  assert_fulfills_int(p, 1);

  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void chain_ends_after_the_prepare_handle_is_closed(void **state) {
  assert_chain_ends_without(close_prepare);
}

static void chain_ends_after_all_handles_are_closed(void **state) {
  assert_chain_ends_without(close_handle);
}

SUITE(turn) {
  const struct CMUnitTest tests[] = {
    CASE(all_callbacks_of_an_iteration_share_its_budget),
    CASE(spent_budget_still_delivers_one_event_per_source),
    CASE(timeout_waits_for_at_most_one_budget),
    CASE(endless_repeat_ends_at_its_timeout),
    CASE(slow_endless_repeat_ends_at_its_timeout),
    CASE(poll_does_not_block_while_phase_events_remain),
    CASE(sufficient_budget_delays_nothing),
    CASE(endless_repeat_does_not_starve_a_timer),
    CASE(drain_keeps_to_its_budget),
    CASE(default_budget_is_ten_thousand),
    CASE(budget_does_not_change_the_order),
    CASE(iteration_during_close_keeps_to_the_budget),
    CASE(closing_loop_runs_few_jobs_of_an_endless_repeat),
    CASE(chain_ends_after_the_prepare_handle_is_closed),
    CASE(chain_ends_after_all_handles_are_closed),
  };
  return RUN(tests);
}
