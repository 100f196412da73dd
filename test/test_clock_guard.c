/* Who is told what holds a clock that moves by itself, and when. */
#include <stdio.h>

#include "harness.h"

enum { HOUR = 3600000, WHILE = 20 };

static int set_up(void **state) {
  const avow_options_t options = { .clock = AVOW_CLOCK_BY_ITSELF,
                                   .clock_guard_ms = WHILE };
  const int err = harness_setup(state);
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
  return err;
}

static uv_sem_t semaphore;

static avow_value_t wait_for_semaphore(void *data) {
  uv_sem_wait(&semaphore);
  return avow_none();
}

static void post_semaphore(uv_timer_t *timer) {
  uv_sem_post(&semaphore);
}

static void open_semaphore(uv_timer_t *timer) {
  uv_sem_post(&semaphore);
  uv_sem_post(&semaphore);
  close_handle((uv_handle_t *) timer, NULL);
}

/* A sleep, beside so many pieces of work that take some guards. */
static void hold_by_pieces(int n) {
  uv_timer_t timer;
  assert_int_equal(uv_sem_init(&semaphore, 0), 0);
  (void) uv_timer_init(loop, &timer);
  (void) uv_timer_start(&timer, open_semaphore, 5 * WHILE, 0);
  uv_unref((uv_handle_t *) &timer);
  for (int i = 0; i < n; i++)
    avow_unref(avow_work(loop, wait_for_semaphore, NULL, NULL));

  assert_fulfils_none(avow_sleep(loop, HOUR));

  uv_sem_destroy(&semaphore);
}

static void hold_by_work(void) {
  hold_by_pieces(1);
}

static void close_it(uv_timer_t *timer) {
  close_handle((uv_handle_t *) timer, NULL);
}

static void hold_by_a_timer(void) {
  uv_timer_t timer;
  (void) uv_timer_init(loop, &timer);
  (void) uv_timer_start(&timer, close_it, 5 * WHILE, 0);

  assert_fulfils_none(avow_sleep(loop, HOUR));
}

/* All lines that say who holds a clock, in one. */
static const char *told_by(void (*fn)(void)) {
  static char lines[512];
  char line[256];
  lines[0] = '\0';
  FILE *file = stderr_of(fn);
  while (fgets(line, sizeof(line), file) != NULL)
    if (strstr(line, "a clock has stood") != NULL)
      strcat(lines, line);
  (void) fclose(file);
  return lines;
}

static void a_request_that_holds_it_is_told_of_once(void **state) {
  assert_string_equal(told_by(hold_by_work),
                      "avow: for 20 ms a clock has stood at 0 ms, held by 1 "
                      "request in flight; on its loop there is:\n");
}

static void a_handle_that_holds_it_is_told_of_once(void **state) {
  assert_string_equal(told_by(hold_by_a_timer),
                      "avow: for 20 ms a clock has stood at 0 ms, held by a "
                      "uv_timer_t; on its loop there is:\n");
}

static void hold_by_two_requests(void) {
  hold_by_pieces(2);
}

static void requests_that_hold_it_are_counted(void **state) {
  assert_non_null(strstr(told_by(hold_by_two_requests), "by 2 requests in"));
}

static void hold_twice(void) {
  hold_by_a_timer();
  hold_by_a_timer();
}

static void who_holds_it_later_is_told_of_again(void **state) {
  const char *told = told_by(hold_twice);

  assert_non_null(strstr(told, "at 0 ms"));
  assert_non_null(strstr(told, "at 3600000 ms"));
}

static uv_timer_t opener;

static avow_value_t hold_again(void *data) {
  if (++*(int *) data > 2)
    return avow_int(0);
  (void) uv_timer_start(&opener, post_semaphore, 5 * WHILE, 0);
  return avow_follow(avow_work(loop, wait_for_semaphore, NULL, NULL));
}

static void hold_by_one_after_the_other(void) {
  int times = 0;
  avow_promise_t *p = avow_sleep(loop, HOUR);
  assert_int_equal(uv_sem_init(&semaphore, 0), 0);
  (void) uv_timer_init(loop, &opener);
  uv_unref((uv_handle_t *) &opener);

  assert_fulfils_int(avow_repeat(loop, hold_again, &times), 0);

  assert_fulfils_none(p);
  close_handle((uv_handle_t *) &opener, NULL);
  run();
  uv_sem_destroy(&semaphore);
}

static void who_holds_it_next_is_told_of_though_it_has_not_moved(void **state) {
  const char *told = told_by(hold_by_one_after_the_other);

  const char *first = strstr(told, "at 0 ms");
  assert_non_null(first);
  assert_non_null(strstr(first + 1, "at 0 ms"));
}

static void on_own_work(uv_work_t *work) {
  uv_sleep(1);
}

static void after_own_work(uv_work_t *work, int status) {
  note("work");
}

static uv_work_t own_work;

/* Nothing has run that avow knows of. */
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

static void what_came_up_in_the_poll_holds_it_from_then_on(void **state) {
  assert_string_equal(told_by(work_beside_a_sleep), "");

  assert_notes("work sleep@1");
}

#define GUARD(f) cmocka_unit_test_setup_teardown(f, set_up, harness_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
    GUARD(a_request_that_holds_it_is_told_of_once),
    GUARD(a_handle_that_holds_it_is_told_of_once),
    GUARD(requests_that_hold_it_are_counted),
    GUARD(who_holds_it_later_is_told_of_again),
    GUARD(who_holds_it_next_is_told_of_though_it_has_not_moved),
    GUARD(what_came_up_in_the_poll_holds_it_from_then_on),
  };
  return RUN(tests);
}
