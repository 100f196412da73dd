/* SPDX-License-Identifier: MIT */
/*
 * What every test shares: a loop with avow on it, an allocator that counts and
 * can fail, a log of what was called, and a check that nothing is left behind.
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
#undef stop /* cmocka 2 defines it; the programs of README.md have one */

#include "avow/all.h"

#include "suite.h"

#ifndef assert_int_in_range /* its name in cmocka 2 */
#  define assert_int_in_range assert_in_range
#endif

/* The loop of the running test. */
extern uv_loop_t *loop;

/* A test with a loop of its own; fails if it leaves memory or handles. */
#define CASE(f) \
  cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)

int harness_setup(void **state);
int harness_teardown(void **state);

/* The same where time passes by itself: loops begin with such a clock. */
#define TIMED_CASE(f) \
  cmocka_unit_test_setup_teardown(f, timed_setup, harness_teardown)
int timed_setup(void **state);

/* What harness_setup() gives loops; the real one. */
extern avow_clock_t clock_of_tests;

/* Options with which a slow machine changes nothing: the budget of a turn
   counts its jobs, and not the time that they take. */
extern const avow_options_t steady;

/* uv_loop_init(), and files by io_uring where the environment allows it. */
int start_loop(uv_loop_t *out);

/* Runs the group with the counting allocator in place and a deadline. */
#define RUN(tests) (harness_init(), cmocka_run_group_tests(tests, NULL, NULL))
void harness_init(void);

/* A test that hangs fails; each has its own time from here on. */
void start_deadline(void);

/* From here on libuv's allocations count, and fail, as avow's. To be called
   before libuv has made any. Returns what libuv says. */
int count_libuv(void);

/* Allocations that are live, and calls that ever asked for one. */
long live_allocations(void);
long allocation_calls(void);
size_t last_resize(void); /* what the last realloc() was asked for */
/* The nth call from now fails (1: the next one), or all from that on. 0: none.
   allocation_failed() says whether one did. */
void fail_allocation(long nth, bool from_then_on);
bool allocation_failed(void);
typedef avow_promise_t *(*start_fn)(void);

/* What start() gives fulfils, or rejects for want of memory: with each of its
   allocations failing in turn, once and from then on, set up anew each time. */
void assert_survives_failing_memory(CMFixtureFunction set_up,
                                    CMFixtureFunction tear_down, void **state,
                                    start_fn start);
/* What another thread might do just then. */
void in_next_allocation(void (*fn)(void));

/* Appends to the log, and compares it: "a b c". Comparing empties it. */
void note(const char *word);
void assert_notes(const char *words);
/* What p, taken, settles with: "is=…". */
void assert_outcome(avow_promise_t *p, const char *expected);

/* Handlers whose data is the word to note. They go on as their argument did. */
avow_value_t note_cb(const avow_value_t *arg, void *word);
avow_value_t note_fn(void *word); /* for finally, try, repeat: none */
void note_free(void *word);       /* for attach and on_cancel */
/* Notes "word=5", "word=ENOENT", "word=none", "word=[1 2]", "word='bytes'". */
avow_value_t note_value_cb(const avow_value_t *arg, void *word);

/* A handler whose data is a promise to cancel. It goes on as its argument
   did. */
avow_value_t cancel_cb(const avow_value_t *arg, void *p);

/* Runs the loop until p settles and checks how. Take p. */
void assert_fulfils_int(avow_promise_t *p, int64_t expected);
void assert_fulfils_none(avow_promise_t *p);
void assert_rejects(avow_promise_t *p, int code);
void assert_fulfils_bytes(avow_promise_t *p, const char *text);
/* Checks that p rejects with that code and message (500 characters at most). */
void assert_says(avow_promise_t *p, int code, const char *format, ...);
/* Cancels p, which is pending. */
void assert_cancels_at_once(avow_promise_t *p);

/* Skips the test that calls it. test/run.sh repeats the reason. */
void skip_because(const char *reason);

/* Runs the loop until nothing is left to do. */
void run(void);

/* For uv_walk(), too: closes what is not closing yet. */
void close_handle(uv_handle_t *handle, void *unused);

/* Ends the loop, and begins it anew at the same address. */
void renew_loop(void);

/* Begins anew with avow on the loop, by a clock of its own. */
void use_clock(avow_clock_t clock);

/* Moves that, and runs what is due meanwhile. */
void advance(uint64_t ms);

/* Notes "word@time" when p, which is taken, settles. */
void note_time_of(avow_promise_t *p, char *word);

/* Keeps the loop from turning for that long. */
void stall(uint64_t ms);

/* What fn has to say on stderr, to be read and closed. */
FILE *stderr_of(void (*fn)(void));

/* Debug builds: fn, in a process of its own, aborts with that in its message.
   Release builds: fn runs and returns. Test what it degrades to in release. */
void assert_misuse(void (*fn)(void), const char *message);

#endif
