/* SPDX-License-Identifier: MIT */
/*
 * The harness that every test uses: a loop with avow on it, a counting
 * allocator that can fail, a log of calls, and a check for leftovers.
 */
#ifndef HARNESS_H
#define HARNESS_H

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef stop /* cmocka 2 defines it; programs in README.md use the name */

#include "avow/all.h"

#include "suite.h"

#ifndef assert_int_in_range /* its name in cmocka 2 */
#  define assert_int_in_range assert_in_range
#endif

/* Loop of the running test. */
extern uv_loop_t *loop;

/* A test with a loop of its own. It fails if it leaves memory or handles. */
#define CASE(f) \
  cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int harness_setup(void **state);
int harness_teardown(void **state);

/* A test whose loops begin with a virtual clock that advances by itself. */
#define TIMED_CASE(f) \
  cmocka_unit_test_setup_teardown(f, timed_setup, harness_teardown)
int timed_setup(void **state);

/* Clock that harness_setup() gives to loops; the real one by default. */
extern avow_clock_t clock_of_tests;

/* Fields of options for tests on slow machines. The budget of an iteration
   counts jobs and ignores the time that they take, and no job is too slow.
   Files wait for the pool, which a test can hold. */
#define STEADY .budget_us = UINT_MAX, .slow_us = UINT_MAX, .files_on_pool = true

/* Options with these fields. */
extern const avow_options_t steady;

/* Options for loops that several threads use in turns. */
extern const avow_options_t taking_turns;

/* Replaces avow on `loop`: from now on, threads take turns in using it. */
void let_threads_take_turns(void);

/* Calls uv_loop_init(). Files use io_uring where the environment allows it. */
int start_loop(uv_loop_t *out);

/* Runs the group with the counting allocator and a time limit. */
#define RUN(tests) (harness_init(), cmocka_run_group_tests(tests, NULL, NULL))
void harness_init(void);

/* Restarts the time limit of the running test. A test that hangs fails. */
void start_deadline(void);

/* From now on, libuv's allocations are counted and can fail like avow's. Must
   be called before libuv allocates. Returns libuv's status. */
int count_libuv(void);

/* Number of live allocations, and of calls that requested one. */
long live_allocations(void);
long allocation_calls(void);
size_t last_resize(void); /* size of the last realloc() */
/* The nth call from now fails (1: the next call), or all calls from the nth on.
   With 0, no call fails. allocation_failed() tells whether a call failed. */
void fail_allocation(long nth, bool from_then_on);
bool allocation_failed(void);
typedef avow_promise_t *(*start_fn)(void);

/* Checks that the promise of start() fulfills or rejects with UV_ENOMEM. Each
   allocation fails in turn, once and from then on. Each run has a new setup. */
void assert_survives_failing_memory(CMFixtureFunction set_up,
                                    CMFixtureFunction tear_down, void **state,
                                    start_fn start);
/* Calls `fn` during the next allocation, to simulate another thread. */
void in_next_allocation(void (*fn)(void));

/* Append to the log, and compare it with "a b c". Comparing empties the log. */
void note(const char *word);
void assert_notes(const char *words);
/* Checks the outcome of `p`, "is=…". Takes ownership of `p`. */
void assert_outcome(avow_promise_t *p, const char *expected);

/* Handlers whose data is the word to note. They settle as their argument
   did. */
avow_value_t note_cb(const avow_value_t *arg, void *word);
avow_value_t note_fn(void *word); /* for finally, try, repeat: none */
void note_free(void *word);       /* for attach and on_cancel */
/* Notes "word=5", "word=ENOENT", "word=none", "word=[1 2]", "word='bytes'". */
avow_value_t note_value_cb(const avow_value_t *arg, void *word);

/* A handler whose data is a promise to cancel. It settles as its argument
   did. */
avow_value_t cancel_cb(const avow_value_t *arg, void *p);

/* Run the loop until `p` settles and check the outcome. Take ownership of
   `p`. */
void assert_fulfills_int(avow_promise_t *p, int64_t expected);
void assert_fulfills_none(avow_promise_t *p);
void assert_rejects(avow_promise_t *p, int code);
void assert_fulfills_bytes(avow_promise_t *p, const char *text);
/* Checks that `p` rejects with that code and message (at most 500
   characters). */
void assert_says(avow_promise_t *p, int code, const char *format, ...);
/* Cancels `p`, which is pending. */
void assert_cancels_at_once(avow_promise_t *p);

/* Skips the test that calls it. test/run.sh prints the reason. */
void skip_because(const char *reason);

/* Runs the loop until it is idle. */
void run(void);

/* Closes a handle that is not closing yet. Usable with uv_walk(). */
void close_handle(uv_handle_t *handle, void *unused);

/* Closes the loop and initializes it again at the same address. */
void renew_loop(void);

/* Starts avow on the loop again, with the clock `clock`. */
void use_clock(avow_clock_t clock);

/* Advances the loop's virtual clock and runs what becomes due. */
void advance(uint64_t ms);

/* Notes "word@time" when `p` settles. Takes ownership of `p`. */
void note_time_of(avow_promise_t *p, char *word);

/* Blocks the loop for `ms` milliseconds. */
void stall(uint64_t ms);

/* Returns the stderr output of `fn`, which the caller reads and closes. */
FILE *stderr_of(void (*fn)(void));

/* In checked builds, `fn` aborts in a process of its own with `message` in its
   output. In release builds, `fn` runs and returns, so that a test can check
   what happens then. */
void assert_misuse(void (*fn)(void), const char *message);

#endif
