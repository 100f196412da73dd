/* SPDX-License-Identifier: MIT */
/* The time that iterations and jobs take. Here the test controls the clock that
   avow reads: each job advances it by the time that the job claims to take. */
#include "harness.h"

#include <limits.h>
#include <unistd.h>

enum { US = 1000, MS = 1000 * US, SECOND = 1000 * MS, DEFAULT_US = 1000 };

static uint64_t present;
static unsigned looks; /* readings of the clock */

uint64_t __wrap_uv_hrtime(void);
uint64_t __wrap_uv_hrtime(void) {
  looks++;
  return present;
}

static void open_with(avow_options_t options) {
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
}

/* Opens the loop with the default time limit of an iteration. */
static int clock_setup(void **state) {
  present = 1;
  looks = 0;
  if (harness_setup(state) != 0)
    return -1;
  open_with((avow_options_t){ .slow_us = UINT_MAX });
  return 0;
}

/* Endless steps that take `ns` each. The prepare handle counts them in each
   iteration. */
typedef struct {
  uv_prepare_t prepare;
  uint64_t ns;
  unsigned quick; /* each quick-th step takes no time; 0: none */
  unsigned steps, turns, last;
  unsigned least, most; /* steps in an iteration, except the first */
  unsigned until;       /* iterations */
} busy_t;

static void on_prepare(uv_prepare_t *handle) {
  busy_t *busy = handle->data;
  const unsigned steps = busy->steps - busy->last;
  busy->last = busy->steps;
  if (++busy->turns < 3 || busy->turns > busy->until)
    return; /* the first starts early and the last ends early */
  busy->least = steps < busy->least ? steps : busy->least;
  busy->most = steps > busy->most ? steps : busy->most;
}

static avow_value_t step(void *data) {
  busy_t *busy = data;
  busy->steps++;
  if (busy->quick == 0 || busy->steps % busy->quick != 0)
    present += busy->ns;
  return busy->turns < busy->until ? avow_none() : avow_int(1);
}

static void run_mixed_steps(busy_t *busy, uint64_t ns, unsigned quick) {
  *busy = (busy_t){ .ns = ns, .quick = quick, .least = UINT_MAX, .until = 10 };
  busy->prepare.data = busy;
  assert_int_equal(uv_prepare_init(loop, &busy->prepare), 0);
  assert_int_equal(uv_prepare_start(&busy->prepare, on_prepare), 0);
  assert_fulfills_int(avow_repeat(loop, step, busy), 1);
  uv_close((uv_handle_t *) &busy->prepare, NULL);
  run();
}

static void run_steps(busy_t *busy, uint64_t ns) {
  run_mixed_steps(busy, ns, 0);
}

static void iteration_ends_when_its_time_is_spent(void **state) {
  busy_t busy;

  run_steps(&busy, 1 * US);

  assert_int_in_range(busy.least, DEFAULT_US, DEFAULT_US + DEFAULT_US / 5);
  assert_int_in_range(busy.most, DEFAULT_US, DEFAULT_US + DEFAULT_US / 5);
}

/* One job runs before the first reading of the clock, and the next one spends
   all the time. */
static void iteration_runs_few_slow_jobs(void **state) {
  busy_t busy;

  run_steps(&busy, 5 * MS);

  assert_int_in_range(busy.least, 1, 2);
  assert_int_in_range(busy.most, 1, 2);
}

/* One job runs before the first reading of the clock. Each of the next ten jobs
   spends a tenth. */
static void slow_jobs_are_timed_one_by_one(void **state) {
  busy_t busy;
  run_steps(&busy, 100 * US);
  looks = 0;

  run_steps(&busy, 100 * US);

  assert_int_in_range(busy.most, 10, 11);
  assert_true(looks >= busy.steps - busy.until);
}

/* One job in four is quick. After a quick job, the next two share one reading
   of the clock. */
static void quick_jobs_among_slow_ones_change_little(void **state) {
  busy_t busy;

  run_mixed_steps(&busy, 100 * US, 4);

  assert_int_in_range(busy.most, 13, 16);
}

static void quick_jobs_are_limited_by_count(void **state) {
  busy_t busy;

  run_steps(&busy, 1);

  assert_int_equal(busy.least, 10000);
  assert_int_equal(busy.most, 10000);
  assert_int_in_range(looks, 1, 10 * 100);
}

static void budget_us_sets_the_time_of_an_iteration(void **state) {
  busy_t busy;
  open_with(
      (avow_options_t){ .budget_us = 3 * DEFAULT_US, .slow_us = UINT_MAX });

  run_steps(&busy, 1 * US);

  assert_int_in_range(busy.least, 3 * DEFAULT_US, 4 * DEFAULT_US);
  assert_int_in_range(busy.most, 3 * DEFAULT_US, 4 * DEFAULT_US);
}

static void iteration_may_take_an_hour(void **state) {
  busy_t busy;
  open_with((avow_options_t){ STEADY });

  run_steps(&busy, 100 * US);

  assert_int_equal(busy.least, 10000);
}

/* The clock is not read, even if a reading takes no longer than some of the
   jobs. */
static void few_jobs_in_an_iteration_do_not_read_the_clock(void **state) {
  for (int turn = 0; turn < 100; turn++) {
    for (int i = 0; i < 100; i++)
      avow_unref(
          avow_then(avow_promise_resolve(loop, avow_none()), NULL, NULL, NULL));
    run();
  }

  assert_int_equal(looks, 0);
}

/* Adds `n` jobs that start together. */
static void begin_jobs(avow_promise_t *p, avow_cb cb, unsigned n) {
  for (unsigned i = 0; i < n; i++)
    avow_unref(avow_then(avow_ref(p), cb, NULL, NULL));
  avow_unref(p);
}

static unsigned ran, ran_before_poll;

static avow_value_t count_cb(const avow_value_t *arg, void *data) {
  ran++;
  return avow_none();
}

static void look_at_ran(uv_prepare_t *handle) {
  ran_before_poll = ran;
  close_handle((uv_handle_t *) handle, NULL);
}

static void take_long(uv_timer_t *timer) {
  present += SECOND;
  close_handle((uv_handle_t *) timer, NULL);
}

/* Two callbacks of avow run in this iteration, each with enough jobs to read
   the clock. A callback of the program runs between them. */
static void program_callbacks_do_not_spend_the_time_budget(void **state) {
  enum { N = 600 };
  uv_timer_t timer;
  uv_prepare_t prepare;
  ran = 0;
  assert_int_equal(uv_timer_init(loop, &timer), 0);
  assert_int_equal(uv_prepare_init(loop, &prepare), 0);
  begin_jobs(avow_sleep(loop, 1), count_cb, N);
  assert_int_equal(uv_timer_start(&timer, take_long, 2, 0), 0);
  assert_int_equal(uv_prepare_start(&prepare, look_at_ran), 0);
  begin_jobs(avow_next_iteration(loop), count_cb, N);

  uv_sleep(3);
  run();

  assert_int_equal(ran_before_poll, 2 * N);
}

static unsigned most_of_sleeps, turns_of_sleeps;

static avow_value_t slow_cb(const avow_value_t *arg, void *data) {
  ran++;
  present += 10 * US;
  return avow_none();
}

static void note_most(uv_prepare_t *handle) {
  if (ran > most_of_sleeps)
    most_of_sleeps = ran;
  turns_of_sleeps += ran > 0;
  ran = 0;
}

/* Each sleep is a task with one job. */
static void run_due_sleeps(unsigned n, avow_cb cb) {
  uv_prepare_t prepare;
  ran = most_of_sleeps = turns_of_sleeps = 0;
  assert_int_equal(uv_prepare_init(loop, &prepare), 0);
  assert_int_equal(uv_prepare_start(&prepare, note_most), 0);
  uv_unref((uv_handle_t *) &prepare);
  for (unsigned i = 0; i < n; i++)
    avow_unref(avow_then(avow_sleep(loop, 1), cb, NULL, NULL));
  uv_sleep(3);
  run();
  uv_close((uv_handle_t *) &prepare, NULL);
  run();
}

static void slow_tasks_share_the_time_of_an_iteration(void **state) {
  enum { N = 2000, AT_FIRST = 256, ALL_OF_IT = DEFAULT_US / 10 };

  run_due_sleeps(N, slow_cb);

  assert_int_in_range(most_of_sleeps, ALL_OF_IT, 2 * AT_FIRST + ALL_OF_IT);
  assert_int_in_range(turns_of_sleeps, 3, N / ALL_OF_IT + 1);
}

static void quick_tasks_run_in_one_iteration(void **state) {
  enum { N = 5000 };

  run_due_sleeps(N, count_cb);

  assert_int_equal(most_of_sleeps, N);
  assert_int_equal(turns_of_sleeps, 1);
}

/* Makes avow expect slow jobs, so that the next one ends an iteration. */
static void expect_slow_jobs(void) {
  busy_t busy;
  run_steps(&busy, 5 * MS);
}

static avow_value_t very_slow_cb(const avow_value_t *arg, void *data) {
  present += 5 * MS;
  return avow_none();
}

/* Work that is over in time is not late, however many iterations it takes. */
static void slow_jobs_cause_no_timeout(void **state) {
  enum { N = 50 };
  avow_deferred_t *d;
  expect_slow_jobs();
  avow_promise_t *p = avow_promise_new(loop, &d);
  for (int i = 0; i < N; i++)
    p = avow_then(p, very_slow_cb, NULL, NULL);
  p = avow_timeout(p, 1);

  uv_sleep(3);
  (void) avow_resolve(d, avow_none()); /* true: it is the first */

  assert_fulfills_none(p);
}

static avow_value_t resolve_cb(const avow_value_t *arg, void *d) {
  present += 5 * MS;
  (void) avow_resolve(d, avow_none()); /* true: it is the first */
  return avow_none();
}

/* The sleeps and the limit count from the time of this callback, so the limit
   is later than the last sleep. */
static avow_value_t sleep_before_a_limit(const avow_value_t *arg, void *data) {
  enum { N = 50, LIMIT = 2 };
  avow_deferred_t *d;
  avow_promise_t *p = avow_timeout(avow_promise_new(loop, &d), LIMIT);
  for (int i = 0; i < N; i++)
    avow_unref(avow_then(avow_sleep(loop, 0), very_slow_cb, NULL, NULL));
  avow_unref(avow_then(avow_sleep(loop, 0), resolve_cb, NULL, d));
  uv_sleep(LIMIT + 1);
  return avow_follow(p);
}

static void slow_sleeps_before_a_timeout_end_before_it(void **state) {
  expect_slow_jobs();

  assert_fulfills_none(
      avow_then(avow_next_iteration(loop), sleep_before_a_limit, NULL, NULL));
}

static avow_value_t endless_step(void *data) {
  present += 5 * MS;
  return ++ran < 1000 ? avow_none() : avow_int(1);
}

/* Even if time is short, the limit waits for a full budget of jobs. */
static void slow_steps_end_at_their_timeout(void **state) {
  enum { BUDGET = 100 };
  open_with((avow_options_t){ .budget = BUDGET, .slow_us = UINT_MAX });
  expect_slow_jobs();
  ran = 0;

  avow_promise_t *p = avow_timeout(avow_repeat(loop, endless_step, NULL), 1);
  uv_sleep(3);

  assert_rejects(p, UV_ETIMEDOUT);
  assert_int_in_range(ran, BUDGET, 2 * BUDGET);
}

/* Endless work and other work. */

typedef struct {
  uv_tcp_t tcp;
  uv_os_sock_t other;
  unsigned steps; /* of the endless work, when the handler ran */
} pair_t;

static void open_pair(pair_t *pair) {
  uv_os_sock_t fds[2];
  assert_int_equal(uv_socketpair(SOCK_STREAM, 0, fds, UV_NONBLOCK_PIPE,
                                 UV_NONBLOCK_PIPE),
                   0);
  assert_int_equal(uv_tcp_init(loop, &pair->tcp), 0);
  assert_int_equal(uv_tcp_open(&pair->tcp, fds[0]), 0);
  pair->other = fds[1];
}

static void close_pair(pair_t *pair) {
  uv_close((uv_handle_t *) &pair->tcp, NULL);
  assert_int_equal(close(pair->other), 0);
}

static avow_value_t step_until(void *over) {
  ran++;
  present += 1 * US;
  return *(bool *) over ? avow_int(1) : avow_none();
}

static avow_value_t note_steps(const avow_value_t *arg, void *data) {
  ((pair_t *) data)->steps = ran;
  return avow_none();
}

static avow_promise_t *read_one(pair_t *pair) {
  avow_promise_t *p = avow_read(avow_uv_stream((uv_stream_t *) &pair->tcp), 1);
  return avow_then(p, note_steps, NULL, pair);
}

/* No read waits until another one has spent a budget. */
static void events_of_one_poll_are_handled_together(void **state) {
  enum { TURNS = 3, FEW = 10 };
  bool over = false;
  pair_t a, b;
  open_pair(&a);
  open_pair(&b);
  avow_promise_t *endless = avow_repeat(loop, step_until, &over);
  avow_promise_t *ps[] = { read_one(&a), read_one(&b) };
  for (int i = 0; i < TURNS; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT); /* not 0: work is endless */

  assert_int_equal(write(a.other, "a", 1), 1);
  assert_int_equal(write(b.other, "b", 1), 1);
  avow_value_unref(avow_run(avow_all(loop, ps, 2)));

  assert_int_in_range(b.steps - a.steps + FEW, 0, 2 * FEW);
  over = true;
  assert_fulfills_int(endless, 1);
  close_pair(&a);
  close_pair(&b);
  run();
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  present += 3 * MS;
}

/* Jobs may take as much time as the callbacks of the program in the same
   iteration. */
static void jobs_may_take_as_long_as_program_callbacks(void **state) {
  uv_os_sock_t fds[2];
  uv_poll_t poll;
  busy_t busy;
  assert_int_equal(uv_socketpair(SOCK_STREAM, 0, fds, 0, 0), 0);
  assert_int_equal(write(fds[1], "a", 1), 1);
  assert_int_equal(uv_poll_init_socket(loop, &poll, fds[0]), 0);
  assert_int_equal(uv_poll_start(&poll, UV_READABLE, on_readable), 0);
  uv_unref((uv_handle_t *) &poll);

  run_steps(&busy, 1 * US);

  assert_int_in_range(busy.least, 3 * DEFAULT_US, 4 * DEFAULT_US);
  assert_int_in_range(busy.most, 3 * DEFAULT_US, 4 * DEFAULT_US);
  uv_close((uv_handle_t *) &poll, NULL);
  run();
  assert_int_equal(close(fds[0]), 0);
  assert_int_equal(close(fds[1]), 0);
}

/* The lag. */

static avow_stats_t stats(void) {
  avow_stats_t out;
  avow_loop_stats(loop, &out, sizeof(out));
  return out;
}

static void poll_for_long(uv_prepare_t *handle) {
  present += SECOND;
}

/* Adds a handle that libuv calls after the prepare handle of avow, right before
   the poll. libuv first calls the handle that was started last. */
static void make_polls_long(uv_prepare_t *prepare) {
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(uv_prepare_init(loop, prepare), 0);
  assert_int_equal(uv_prepare_start(prepare, poll_for_long), 0);
  uv_unref((uv_handle_t *) prepare);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static avow_value_t sleep_cb(const avow_value_t *arg, void *data) {
  return avow_follow(avow_sleep(loop, 1));
}

static void poll_time_does_not_count_as_lag(void **state) {
  uv_prepare_t prepare;
  make_polls_long(&prepare);
  avow_loop_measure(loop);

  for (int i = 0; i < 3; i++)
    assert_fulfills_none(avow_sleep(loop, 1));
  assert_int_equal(stats().lag_max, 0);
  avow_promise_t *polled = avow_then(avow_sleep(loop, 1), sleep_cb, NULL, NULL);
  avow_unref(avow_then(polled, very_slow_cb, NULL, NULL));
  run();

  assert_int_equal(stats().lag_max, 5 * MS / US);
  assert_int_equal(stats().lag_median, 0);
  uv_close((uv_handle_t *) &prepare, NULL);
  run();
}

static void time_between_runs_does_not_count_as_lag(void **state) {
  avow_loop_measure(loop);

  assert_fulfills_none(avow_sleep(loop, 1));
  present += SECOND;
  avow_unref(avow_sleep(loop, 1));
  run();
  present += SECOND;
  avow_unref(avow_sleep(loop, 1));
  run();

  assert_int_equal(stats().lag_max, 0);
}

/* Slow jobs. */

static unsigned told;

static void note_slow(uv_loop_t *l, const avow_job_t *job, void *data) {
  told++;
  assert_true(job->fn == (void (*)(void)) very_slow_cb);
  assert_int_equal(job->us, 5 * MS / US);
  present += 5 * MS;
}

static avow_promise_t *one(void) {
  return avow_promise_resolve(loop, avow_int(1));
}

static void hook_time_does_not_count_for_jobs(void **state) {
  told = 0;
  open_with((avow_options_t){ .on_slow = note_slow, .slow_us = 4 * MS / US });
  avow_promise_t *p = avow_then(one(), very_slow_cb, NULL, NULL);

  avow_unref(avow_then(p, count_cb, NULL, NULL));
  avow_unref(avow_then(one(), count_cb, NULL, NULL));
  run();

  assert_int_equal(told, 1);
}

static void jobs_above_the_limit_are_counted(void **state) {
  open_with((avow_options_t){ .slow_us = 4 * MS / US });

  for (int i = 0; i < 3; i++) {
    assert_fulfills_none(avow_then(one(), very_slow_cb, NULL, NULL));
    assert_fulfills_none(avow_then(one(), count_cb, NULL, NULL));
  }

  assert_int_equal(stats().slow_jobs, 3);
  assert_int_equal(stats().longest_job, 5 * MS / US);
}

static void jobs_at_the_limit_are_not_counted(void **state) {
  open_with((avow_options_t){ .slow_us = 5 * MS / US });

  assert_fulfills_none(avow_then(one(), very_slow_cb, NULL, NULL));

  assert_int_equal(stats().slow_jobs, 0);
}

#define TIMED(f) \
  cmocka_unit_test_setup_teardown(f, clock_setup, harness_teardown)

SUITE(turn_time) {
  const struct CMUnitTest tests[] = {
    TIMED(iteration_ends_when_its_time_is_spent),
    TIMED(iteration_runs_few_slow_jobs),
    TIMED(slow_jobs_are_timed_one_by_one),
    TIMED(quick_jobs_among_slow_ones_change_little),
    TIMED(quick_jobs_are_limited_by_count),
    TIMED(budget_us_sets_the_time_of_an_iteration),
    TIMED(iteration_may_take_an_hour),
    TIMED(few_jobs_in_an_iteration_do_not_read_the_clock),
    TIMED(program_callbacks_do_not_spend_the_time_budget),
    TIMED(slow_tasks_share_the_time_of_an_iteration),
    TIMED(quick_tasks_run_in_one_iteration),
    TIMED(slow_jobs_cause_no_timeout),
    TIMED(slow_sleeps_before_a_timeout_end_before_it),
    TIMED(slow_steps_end_at_their_timeout),
    TIMED(events_of_one_poll_are_handled_together),
    TIMED(jobs_may_take_as_long_as_program_callbacks),
    TIMED(poll_time_does_not_count_as_lag),
    TIMED(time_between_runs_does_not_count_as_lag),
    TIMED(hook_time_does_not_count_for_jobs),
    TIMED(jobs_above_the_limit_are_counted),
    TIMED(jobs_at_the_limit_are_not_counted),
  };
  return RUN(tests);
}
