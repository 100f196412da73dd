/* SPDX-License-Identifier: MIT */
/*
 * Reports of an automatic virtual clock that is held: their time, and the text
 * of the message.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

enum { HOUR = 3600000, WHILE = 20 };

static void begin_with_guard(unsigned ms) {
  const avow_options_t options = { STEADY, .clock = AVOW_CLOCK_BY_ITSELF,
                                   .clock_guard_ms = ms };
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
}

static int set_up(void **state) {
  const int err = harness_setup(state);
  begin_with_guard(WHILE);
  return err;
}

/* stderr is a file while told_by() runs. */
static off_t size_of_stderr(void) {
  struct stat status;
  assert_int_equal(fstat(STDERR_FILENO, &status), 0);
  return status.st_size;
}

/* A timer that ends a hold of the clock. It waits for the line of the guard on
   stderr, and then for a few guard times, in which a second line would
   appear. */
typedef struct {
  uv_timer_t timer;
  off_t size; /* of stderr at the start */
} hold_t;

static void start_hold(hold_t *hold, uv_timer_cb cb) {
  hold->size = size_of_stderr();
  (void) uv_timer_start(&hold->timer, cb, 1, 1);
}

/* Stops the timer when the hold is over. */
static bool hold_is_over(uv_timer_t *timer) {
  const hold_t *hold = (const hold_t *) timer;
  if (size_of_stderr() == hold->size)
    return false;
  if (uv_timer_get_repeat(timer) == 1) {
    uv_timer_set_repeat(timer, 5 * WHILE);
    (void) uv_timer_again(timer);
    return false;
  }
  (void) uv_timer_stop(timer);
  return true;
}

static uv_sem_t semaphore;

static avow_value_t wait_for_semaphore(void *data) {
  uv_sem_wait(&semaphore);
  return avow_none();
}

static void post_semaphore(uv_timer_t *timer) {
  if (hold_is_over(timer))
    uv_sem_post(&semaphore);
}

static void open_semaphore(uv_timer_t *timer) {
  if (!hold_is_over(timer))
    return;
  uv_sem_post(&semaphore);
  uv_sem_post(&semaphore);
  close_handle((uv_handle_t *) timer, NULL);
}

/* A sleep beside `n` pieces of work. */
static void hold_by_pieces(int n) {
  hold_t hold;
  assert_int_equal(uv_sem_init(&semaphore, 0), 0);
  (void) uv_timer_init(loop, &hold.timer);
  start_hold(&hold, open_semaphore);
  uv_unref((uv_handle_t *) &hold.timer);
  for (int i = 0; i < n; i++)
    avow_unref(avow_work(loop, wait_for_semaphore, NULL, NULL));

  assert_fulfills_none(avow_sleep(loop, HOUR));

  uv_sem_destroy(&semaphore);
}

static void hold_by_work(void) {
  hold_by_pieces(1);
}

static void close_it(uv_timer_t *timer) {
  if (hold_is_over(timer))
    close_handle((uv_handle_t *) timer, NULL);
}

static void hold_by_a_timer(void) {
  hold_t hold;
  (void) uv_timer_init(loop, &hold.timer);
  start_hold(&hold, close_it);

  assert_fulfills_none(avow_sleep(loop, HOUR));
}

/* Returns all lines about the clock, joined. */
static const char *reported_by(void (*fn)(void)) {
  static char lines[512];
  char line[256];
  lines[0] = '\0';
  FILE *file = stderr_of(fn);
  while (fgets(line, sizeof(line), file) != NULL)
    if (strstr(line, "a virtual clock") != NULL)
      strcat(lines, line);
  (void) fclose(file);
  return lines;
}

static void request_that_holds_the_clock_is_reported_once(void **state) {
  assert_string_equal(reported_by(hold_by_work),
                      "avow: a virtual clock did not advance from 0 ms for "
                      "20 ms; it is held by 1 request in flight; its loop "
                      "has:\n");
}

static void handle_that_holds_the_clock_is_reported_once(void **state) {
  assert_string_equal(reported_by(hold_by_a_timer),
                      "avow: a virtual clock did not advance from 0 ms for "
                      "20 ms; it is held by a uv_timer_t; its loop has:\n");
}

static void mark_line(const char *line, void *data) {
  (void) fprintf(stderr, "<%s>\n", line);
}

static void hold_with_log(void) {
  avow_set_log(mark_line, NULL);
  hold_by_work();
  avow_set_log(NULL, NULL);
}

static void log_receives_each_line_of_the_report(void **state) {
  char line[256];
  int lines = 0;
  FILE *file = stderr_of(hold_with_log);
  while (fgets(line, sizeof(line), file) != NULL && ++lines > 0)
    assert_true(line[0] == '<' && strstr(line, ">\n") != NULL);

  assert_true(lines > 2); /* the cause, a sleep and the work */
  assert_int_equal(fclose(file), 0);
}

static void hold_by_two_requests(void) {
  hold_by_pieces(2);
}

static void requests_that_hold_the_clock_are_counted(void **state) {
  assert_non_null(
      strstr(reported_by(hold_by_two_requests), "by 2 requests in"));
}

/* Between the holds, the clock advances while nothing holds it, so that the
   second hold is a new one. */
static void hold_twice(void) {
  hold_by_a_timer();
  assert_fulfills_none(avow_sleep(loop, 1));
  hold_by_a_timer();
}

static void each_later_holder_is_reported(void **state) {
  const char *told = reported_by(hold_twice);

  assert_non_null(strstr(told, "from 0 ms"));
  assert_non_null(strstr(told, "from 3600001 ms"));
}

static hold_t opener;

static avow_value_t hold_again(void *data) {
  if (++*(int *) data > 2)
    return avow_int(0);
  start_hold(&opener, post_semaphore);
  return avow_follow(avow_work(loop, wait_for_semaphore, NULL, NULL));
}

static void hold_by_one_after_the_other(void) {
  int times = 0;
  avow_promise_t *p = avow_sleep(loop, HOUR);
  assert_int_equal(uv_sem_init(&semaphore, 0), 0);
  (void) uv_timer_init(loop, &opener.timer);
  uv_unref((uv_handle_t *) &opener.timer);

  assert_fulfills_int(avow_repeat(loop, hold_again, &times), 0);

  assert_fulfills_none(p);
  close_handle((uv_handle_t *) &opener.timer, NULL);
  run();
  uv_sem_destroy(&semaphore);
}

static void next_holder_at_the_same_time_is_reported(void **state) {
  const char *told = reported_by(hold_by_one_after_the_other);

  const char *first = strstr(told, "from 0 ms");
  assert_non_null(first);
  assert_non_null(strstr(first + 1, "from 0 ms"));
}

static void on_own_work(uv_work_t *work) {
  uv_sleep(1);
}

static void after_own_work(uv_work_t *work, int status) {
  note("work");
}

static uv_work_t own_work;

/* Queues work in a callback that avow does not see. */
static void work_once(uv_check_t *check) {
  assert_int_equal(uv_queue_work(loop, &own_work, on_own_work, after_own_work),
                   0);
  (void) uv_check_stop(check);
}

static void work_beside_a_sleep(void) {
  uv_check_t check;
  (void) uv_check_init(loop, &check);
  (void) uv_check_start(&check, work_once);
  note_time_of(avow_sleep(loop, 1), "sleep");
  run();
  close_handle((uv_handle_t *) &check, NULL);
  run();
}

/* The guard time is longer than any work. */
static void work_started_after_the_poll_holds_the_clock(void **state) {
  begin_with_guard(HOUR);

  assert_string_equal(reported_by(work_beside_a_sleep), "");

  assert_notes("work sleep@1");
}

/* Sleeps in a row, more than the guard tolerates. */
typedef struct circle_s {
  uint64_t ms; /* of each sleep */
  bool (*is_over)(struct circle_s *circle);
  off_t size; /* of stderr at the start */
  int times, untold;
  uint64_t since;
} circle_t;

static avow_value_t sleep_again(void *data) {
  circle_t *circle = data;
  circle->times++;
  return circle->is_over(circle) ? avow_int(0)
                                 : avow_follow(avow_sleep(loop, circle->ms));
}

static void sleep_in_a_circle(uint64_t ms, bool (*is_over)(circle_t *)) {
  circle_t circle = { .ms = ms, .is_over = is_over, .size = size_of_stderr() };
  assert_fulfills_int(avow_repeat(loop, sleep_again, &circle), 0);
}

/* Tells whether there was enough time for a second report. */
static bool was_told_of_long_ago(circle_t *circle) {
  if (size_of_stderr() == circle->size)
    circle->untold = circle->times;
  return circle->times > circle->untold + 2000;
}

static bool has_taken_some_guards(circle_t *circle) {
  uv_update_time(loop);
  if (circle->since == 0)
    circle->since = uv_now(loop);
  return circle->times > 2000 && uv_now(loop) - circle->since > 2 * WHILE;
}

static void sleep_no_time_twice(void) {
  sleep_in_a_circle(0, was_told_of_long_ago);
  assert_fulfills_none(avow_sleep(loop, 1));
  sleep_in_a_circle(0, was_told_of_long_ago);
}

#define TOLD(at)                                                        \
  "avow: a virtual clock did not advance from " at                      \
  " ms for 20 ms, while 1000 sleeps of 0 ms ended; sleep for at least " \
  "1 ms in a loop\n"

static void zero_sleeps_are_reported_once_for_each_time(void **state) {
  assert_string_equal(reported_by(sleep_no_time_twice), TOLD("0") TOLD("1"));
}

static void sleep_some_time(void) {
  sleep_in_a_circle(1, has_taken_some_guards);
}

static void sleeps_above_zero_are_not_reported(void **state) {
  assert_string_equal(reported_by(sleep_some_time), "");
}

static avow_value_t sleep_slowly(void *data) {
  int *times = data;
  uv_sleep(1);
  return ++*times > 2 * WHILE ? avow_int(0) : avow_follow(avow_sleep(loop, 0));
}

static void sleep_no_time_slowly(void) {
  int times = 0;
  assert_fulfills_int(avow_repeat(loop, sleep_slowly, &times), 0);
}

static void sleep_no_time_with_patience(void) {
  begin_with_guard(HOUR);
  sleep_in_a_circle(0, has_taken_some_guards);
}

static void zero_sleeps_within_the_guard_are_not_reported(void **state) {
  assert_string_equal(reported_by(sleep_no_time_with_patience), "");
}

static void few_slow_zero_sleeps_are_not_reported(void **state) {
  assert_string_equal(reported_by(sleep_no_time_slowly), "");
}

#define GUARD(f) cmocka_unit_test_setup_teardown(f, set_up, harness_teardown)

SUITE(clock_guard) {
  const struct CMUnitTest tests[] = {
    GUARD(request_that_holds_the_clock_is_reported_once),
    GUARD(log_receives_each_line_of_the_report),
    GUARD(handle_that_holds_the_clock_is_reported_once),
    GUARD(requests_that_hold_the_clock_are_counted),
    GUARD(each_later_holder_is_reported),
    GUARD(next_holder_at_the_same_time_is_reported),
    GUARD(work_started_after_the_poll_holds_the_clock),
    GUARD(zero_sleeps_are_reported_once_for_each_time),
    GUARD(sleeps_above_zero_are_not_reported),
    GUARD(zero_sleeps_within_the_guard_are_not_reported),
    GUARD(few_slow_zero_sleeps_are_not_reported),
  };
  return RUN(tests);
}
