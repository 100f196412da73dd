/* SPDX-License-Identifier: MIT */
/*
 * A random program of handles. It prints each callback and each result of
 * libuv. Linked with libuv and with the simulator, it must print the same
 * lines. The program never waits for time: timers are due at once or in an
 * hour.
 *
 *   handles FIRST LAST   the programs with these numbers
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "avow/config.h"

enum {
  EACH = 3,
  TYPES = 5,
  HANDLES = EACH * TYPES,
  TURNS = 12,
  HOUR = 3600000
};

typedef union {
  uv_handle_t handle;
  uv_timer_t timer;
  uv_idle_t idle;
  uv_prepare_t prepare;
  uv_check_t check;
  uv_async_t async;
} any_t;

static uv_loop_t loop;
static any_t all[HANDLES];
static uint64_t chance;
static bool in_timer; /* a timer due at once may run in this phase */

static unsigned draw(unsigned bound) {
  chance = chance * UINT64_C(6364136223846793005) + 1442695040888963407;
  return (unsigned) (chance >> 33) % bound;
}

static int number_of(const uv_handle_t *handle) {
  return (int) ((const any_t *) handle - all);
}

static bool is_of(const any_t *one, uv_handle_type type) {
  return one->handle.type == type;
}

static void show(const char *what, const any_t *one, int result) {
  const uv_handle_t *handle = &one->handle;
  printf("  %s %d: %d, active %d, ref %d, closing %d, alive %d\n", what,
         number_of(handle), result, uv_is_active(handle) != 0,
         uv_has_ref(handle) != 0, uv_is_closing(handle) != 0,
         uv_loop_alive(&loop) != 0);
}

static void act(void);

static void heard(uv_handle_t *handle) {
  printf("%s %d\n", uv_handle_type_name(handle->type), number_of(handle));
  in_timer = handle->type == UV_TIMER;
  for (unsigned i = draw(3); i > 0; i--)
    act();
  in_timer = false;
}

static void on_timer(uv_timer_t *timer) {
  heard((uv_handle_t *) timer);
}

static void on_idle(uv_idle_t *idle) {
  heard((uv_handle_t *) idle);
}

static void on_prepare(uv_prepare_t *prepare) {
  heard((uv_handle_t *) prepare);
}

static void on_check(uv_check_t *check) {
  heard((uv_handle_t *) check);
}

static void on_async(uv_async_t *async) {
  heard((uv_handle_t *) async);
}

static void on_close(uv_handle_t *handle) {
  printf("closed %d\n", number_of(handle));
  handle->data = handle; /* no function may use it any more */
  if (draw(2) == 0)
    act();
}

static int start_timer(any_t *one) {
  const uint64_t timeout = in_timer || draw(2) == 0 ? HOUR : 0;
  return uv_timer_start(&one->timer, draw(8) == 0 ? NULL : on_timer, timeout,
                        draw(2) == 0 ? HOUR : 0);
}

/* Does not start a phase handle that is closing, because libuv would crash. */
static int start(any_t *one) {
  if (is_of(one, UV_TIMER))
    return start_timer(one);
  if (uv_is_closing(&one->handle))
    return 1;
  const bool lacks = draw(8) == 0;
  if (is_of(one, UV_IDLE))
    return uv_idle_start(&one->idle, lacks ? NULL : on_idle);
  if (is_of(one, UV_PREPARE))
    return uv_prepare_start(&one->prepare, lacks ? NULL : on_prepare);
  if (is_of(one, UV_CHECK))
    return uv_check_start(&one->check, lacks ? NULL : on_check);
  return uv_async_send(&one->async);
}

static int stop(any_t *one) {
  if (is_of(one, UV_TIMER))
    return draw(2) == 0 || one->handle.data != NULL
               ? uv_timer_stop(&one->timer)
               : uv_timer_again(&one->timer);
  if (is_of(one, UV_IDLE))
    return uv_idle_stop(&one->idle);
  if (is_of(one, UV_PREPARE))
    return uv_prepare_stop(&one->prepare);
  return is_of(one, UV_CHECK) ? uv_check_stop(&one->check) : 0;
}

static void close_one(any_t *one) {
  if (!uv_is_closing(&one->handle))
    uv_close(&one->handle, on_close);
}

static void act(void) {
  any_t *one = &all[draw(HANDLES)];
  const unsigned what = draw(16);
  if (what < 7)
    show("start", one, start(one));
  else if (what < 10)
    show("stop", one, stop(one));
  else if (what == 10)
    close_one(one);
  else if (what == 11)
    uv_stop(&loop);
  else if (what < 14)
    uv_ref(&one->handle);
  else
    uv_unref(&one->handle);
  show("then", one, (int) what);
}

static void begin(int i) {
  any_t *one = &all[i];
  int err = 0;
  one->handle.data = NULL;
  if (i % TYPES == 0)
    err = uv_timer_init(&loop, &one->timer);
  else if (i % TYPES == 1)
    err = uv_idle_init(&loop, &one->idle);
  else if (i % TYPES == 2)
    err = uv_prepare_init(&loop, &one->prepare);
  else if (i % TYPES == 3)
    err = uv_check_init(&loop, &one->check);
  else
    err = uv_async_init(&loop, &one->async, on_async);
  show("init", one, err);
}

static void on_walk(uv_handle_t *handle, void *arg) {
  printf("  there is %d\n", number_of(handle));
  if (arg != NULL)
    close_one(&all[number_of(handle)]);
}

static bool has_active(uv_handle_type type) {
  for (int i = 0; i < HANDLES; i++)
    if (is_of(&all[i], type) && uv_is_active(&all[i].handle))
      return true;
  return false;
}

/* UV_RUN_ONCE does not block if an idle handle is active, unless a timer stops
   that handle first. */
static void turn(void) {
  const bool once = has_active(UV_IDLE) && !has_active(UV_TIMER);
  const uv_run_mode mode = once && draw(2) == 0 ? UV_RUN_ONCE : UV_RUN_NOWAIT;
  printf("run: %d\n", uv_run(&loop, mode) != 0);
}

/* Work, whose order is unspecified, and requests that libuv cannot cancel. */
static atomic_int works; /* counts on threads of the pool */
static int dones;

static void on_work(uv_work_t *work) {
  works++;
}

static void on_done(uv_work_t *work, int status) {
  dones++;
  work->data = (void *) (intptr_t) status;
}

static void on_random(uv_random_t *request, int status, void *at, size_t len) {
  printf("random: %d, %d bytes\n", status, (int) len);
}

static void work(void) {
  static uv_work_t jobs[6];
  static uv_random_t random;
  static char bytes[8];
  uv_req_t other = { .type = UV_WRITE };
  works = 0;
  dones = 0;
  for (int i = 0; i < 6; i++)
    printf("work: %d\n", uv_queue_work(&loop, &jobs[i], on_work, on_done));
  printf("no work: %d\n", uv_queue_work(&loop, &jobs[0], NULL, on_done));
  printf("flags: %d\n", uv_random(&loop, &random, bytes, 8, 1, on_random));
  printf("random: %d\n", uv_random(&loop, &random, bytes, 8, 0, on_random));
  printf("cancel: %d\n", uv_cancel(&other));
  printf("busy: %d\n", uv_loop_close(&loop));
  printf("run: %d\n", uv_run(&loop, UV_RUN_DEFAULT));
  printf("worked %d, done %d, late cancel %d\n", works, dones,
         uv_cancel((uv_req_t *) &jobs[0]));
}

static void run_program(unsigned number) {
  printf("program %u\n", number);
  chance = number;
  (void) draw(2);
  (void) uv_loop_init(&loop); /* must succeed */
  for (int i = 0; i < HANDLES; i++)
    begin(i);
  for (int i = 0; i < TURNS; i++) {
    act();
    turn();
  }
  uv_walk(&loop, on_walk, NULL);
  uv_walk(&loop, on_walk, &loop);
  uv_walk(&loop, on_walk, &loop);
  printf("close: %d\n", uv_loop_close(&loop));
  while (uv_run(&loop, UV_RUN_DEFAULT) != 0) /* a callback may stop it */
    continue;
  work();
  printf("close: %d\n", uv_loop_close(&loop));
}

int main(int argc, char **argv) {
  const unsigned last = argc == 3 ? (unsigned) strtoul(argv[2], NULL, 10) : 1;
  unsigned number = argc == 3 ? (unsigned) strtoul(argv[1], NULL, 10) : 1;
  for (; number <= last; number++)
    run_program(number);
  return 0;
}
