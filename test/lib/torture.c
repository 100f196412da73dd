/* SPDX-License-Identifier: MIT */
/*
 * The driver of torture tests. Promises that come from slabs allocate rarely.
 * Therefore a run first allocates promises until a given number of free blocks
 * is left.
 */
#include "torture.h"

#ifndef _WIN32
#  include <poll.h>
#endif

enum { FILES = 256, HOARD = 256, SPARE = 24, USUAL = 3 };

static duty_t *duties;
static const char *problem; /* the first problem; asserted after the cleanup */

void check(bool fine, const char *what) {
  if (!fine && problem == NULL)
    problem = what;
}

duty_t *duty_new(void) {
  duty_t *duty = calloc(1, sizeof(*duty));
  assert_non_null(duty);
  duty->next = duties;
  duties = duty;
  return duty;
}

void duty_end(void *data) {
  duty_t *duty = data;
  duty->done++;
  if (duty->deferred != NULL)
    avow_deferred_drop(duty->deferred);
  duty->deferred = NULL;
}

static void check_duties(void) {
  while (duties != NULL) {
    duty_t *duty = duties;
    duties = duty->next;
    check(duty->done > 0, "each handler, datum and object ends");
    check(duty->done < 2, "each handler, datum and object ends but once");
    free(duty);
  }
}

avow_value_t duty_fn(void *data) {
  duty_end(data);
  return avow_none();
}

/* A sleep that begins when another ends takes a millisecond. In some ten
   thousand runs, the sleeps would take most of the time. */
avow_value_t slow_duty_fn(void *data) {
  duty_end(data);
  return avow_follow(avow_next_iteration(loop));
}

static const avow_class_t thing_class = { .name = "thing",
                                          .destroy = duty_end };

avow_value_t duty_object(void) {
  return avow_object(&thing_class, duty_new());
}

void use(const void *data) {
  const duty_t *duty = data;
  check(duty->done == 0, "data outlives the handlers that use it");
}

avow_value_t pass_cb(const avow_value_t *arg, void *data) {
  use(data);
  return avow_value_ref(arg);
}

avow_value_t thing_cb(const avow_value_t *arg, void *data) {
  use(data);
  return duty_object();
}

static avow_value_t resolve_cb(const avow_value_t *arg, void *data) {
  use(data);
  duty_t *duty = data;
  avow_deferred_t *d = duty->deferred;
  duty->deferred = NULL;
  (void) avow_resolve(d, duty_object()); /* false if it was canceled */
  return avow_none();
}

/* One run: a program, and the allocation that fails. */
typedef struct {
  program_fn program;
  long nth;
  bool from_then_on;
  avow_clock_t clock;
  bool close; /* closes the loop while the program runs */
  int spare;  /* promises that need no memory; -1: all promises */
} run_t;

static void on_unhandled(uv_loop_t *at, const avow_value_t *reason,
                         const char *where, void *data) {
  check(reason->tag == AVOW_ERROR, "a reason is an error");
}

const avow_options_t quiet = { STEADY, .on_unhandled = on_unhandled };

#ifdef _WIN32

/* With an invalid descriptor, this call would end the process. */
static bool is_open(int fd) {
  uv_fs_t req;
  const int err = uv_fs_fstat(NULL, &req, fd, NULL);
  uv_fs_req_cleanup(&req);
  return err == 0;
}

static int open_files(void) {
  int n = 0;
  for (int fd = 0; fd < FILES; fd++)
    n += is_open(fd);
  return n;
}

#else

/* Counts open files with one call, because a suite counts some ten thousand
   times. */
static int open_files(void) {
  struct pollfd files[FILES];
  int n = 0;
  for (int fd = 0; fd < FILES; fd++)
    files[fd] = (struct pollfd){ .fd = fd };
  assert_true(poll(files, FILES, 0) >= 0);
  for (int fd = 0; fd < FILES; fd++)
    n += (files[fd].revents & POLLNVAL) == 0;
  return n;
}

#endif

static void check_idle(void) {
  avow_stats_t stats;
  avow_loop_stats(loop, &stats, sizeof(stats));
  check(stats.pending == 0, "every promise is settled");
  check(stats.live == 0, "every promise is gone");
  check(stats.queued == 0 && stats.requests == 0, "nothing is left to do");
}

static void run_to_the_end(avow_promise_t *p) {
  const avow_value_t v = avow_run(p);
  const int code = avow_error_code(&v);
  avow_value_unref(v);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the test checks the loop next */
  check(code != AVOW_EIDLE, "the program settles");
  check(code == 0 || allocation_failed(), "the program succeeds");
}

static void close_at_once(avow_promise_t *p) {
  check(avow_loop_close(loop) == 0, "the loop is closed");
  check(avow_state(p) != AVOW_PENDING, "closing settles");
  avow_unref(p);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* closes the program's handles */
}

static avow_promise_t *hoarded[HOARD];
static avow_deferred_t *hoard[HOARD];
static int hoard_size;

/* Leaves `spare` promises that need no memory. Returns false if fewer exist. */
static bool leave_spare(int spare) {
  hoard_size = 0;
  if (spare < 0)
    return true;
  fail_allocation(1, true);
  while (!allocation_failed() && hoard_size < HOARD) {
    hoarded[hoard_size] = avow_promise_new(loop, &hoard[hoard_size]);
    hoard_size++;
  }
  fail_allocation(0, false);
  const bool enough = spare < hoard_size;
  for (; enough && spare >= 0; spare--) { /* the last one needed memory */
    avow_unref(hoarded[--hoard_size]);
    (void) avow_resolve(hoard[hoard_size], avow_none()); /* `d` may be NULL */
  }
  return enough;
}

static void release_hoard(void) {
  while (hoard_size > 0) {
    avow_unref(hoarded[--hoard_size]);
    (void) avow_resolve(hoard[hoard_size], avow_none()); /* or canceled */
  }
}

/* Returns true if an allocation failed. */
static bool run_ready(const run_t *run) {
  if (run->spare >= 0 && !leave_spare(run->spare)) {
    release_hoard();
    return false;
  }
  if (run->spare >= 0)
    fail_allocation(run->nth, run->from_then_on);
  avow_promise_t *p = run->program();
  (run->close ? close_at_once(p) : run_to_the_end(p));
  release_hoard();
  if (!run->close)
    check_idle();
  return allocation_failed();
}

static bool run_once(const run_t *run) {
  const long before = live_allocations();
  const int files = open_files();
  uv_loop_t own;
  loop = &own;
  assert_int_equal(start_loop(&own), 0);
  fail_allocation(run->spare < 0 ? run->nth : 0, run->from_then_on);
  avow_options_t options = quiet;
  options.clock = run->clock;
  const int err = avow_loop_init(&own, &options);
  bool failed = err != 0;
  if (err == 0) {
    failed = run_ready(run);
    const int closed = avow_loop_close(&own);
    check(closed == 0 || run->close, "the loop is closed");
  }
  check(err == 0 || (err == UV_ENOMEM && allocation_failed()), "it starts");
  fail_allocation(0, false);
  check(uv_loop_close(&own) == 0, "no handle is left");
  check_duties();
  check(live_allocations() == before, "no allocation is left");
  check(open_files() == files, "no file is left open");
  return failed;
}

static void fail_each(run_t run) {
  bool failed = true;
  for (run.nth = 1; failed && problem == NULL; run.nth++)
    failed = run_once(&run);
  if (problem != NULL)
    fail_msg("expected: %s (allocation %ld%s, %d spare%s)", problem,
             run.nth - 1, run.from_then_on ? " and later" : "", run.spare,
             run.close ? ", closed at once" : "");
}

/* Each way to fail begins with another number of spare promises. */
static void survive_with(avow_clock_t clock, program_fn program, int step) {
  if (getenv("THOROUGH") != NULL)
    step = 1;
  problem = NULL;
  start_deadline();
  for (int how = 0; how < 4; how++) {
    run_t run = { .program = program, .clock = clock };
    run.from_then_on = (how & 1) != 0;
    run.close = (how & 2) != 0;
    run.spare = -1;
    fail_each(run);
    for (run.spare = how % step; run.spare < SPARE; run.spare += step)
      fail_each(run);
  }
}

void survive_by(avow_clock_t clock, program_fn program) {
  survive_with(clock, program, USUAL);
}

void survive(program_fn program) {
  survive_by(AVOW_CLOCK_REAL, program);
}

void survive_some_by(avow_clock_t clock, program_fn program, int step) {
  survive_with(clock, program, step);
}

void survive_some(program_fn program, int step) {
  survive_some_by(AVOW_CLOCK_REAL, program, step);
}

void resolve_later(avow_deferred_t *d) {
  duty_t *data = duty_new();
  data->deferred = d;
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  p = avow_then(p, resolve_cb, NULL, data);
  avow_unref(avow_attach(p, data, duty_end));
}

static void no_work(uv_work_t *req) {
}

int start_pool(void **state) {
  static uv_work_t work;
  uv_loop_t own;
  if (count_libuv() != 0 || uv_loop_init(&own) != 0 ||
      uv_queue_work(&own, &work, no_work, NULL) != 0 ||
      uv_run(&own, UV_RUN_DEFAULT) != 0)
    return -1;
  return uv_loop_close(&own);
}

int start_pool_alone(void **state) {
  if (setenv("UV_USE_IO_URING", "0", 1) != 0)
    return -1;
  return start_pool(state);
}
