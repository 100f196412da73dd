/* SPDX-License-Identifier: MIT */
/*
 * Sleeps, phases of the loop, deadlines, and clocks for tests.
 *
 * All sleeps of a loop share one uv_timer_t.
 *
 * For tests, avow_options_t.clock gives a loop a clock of its own. An hour on
 * such a clock takes only as long as the work in that hour. The page
 * docs/testing-your-program.md has examples and a table of the work for which
 * the clock waits. The program's own uv_timer_t handles, the grace period of a
 * command (command.h), the budgets of jobs, and the loops of avow_loops_new()
 * use the real clock.
 *
 * With AVOW_CLOCK_BY_HAND, only avow_clock_advance() moves the clock. When only
 * sleeps and time limits are left, uv_run() returns and avow_run() gives
 * AVOW_EIDLE.
 *
 * With AVOW_CLOCK_BY_ITSELF, the clock moves when all pending work waits for
 * sleeps or time limits. The clock waits for jobs, avow_next_iteration(),
 * avow_after_poll(), the thread pool, remotes, senders, other loops, processes
 * and requests of the program. It also waits for closing handles, and for each
 * uv_timer_t, uv_idle_t, uv_async_t or uv_process_t that is active and
 * referenced. If an operation such as a read waits for a peer, the clock moves
 * when no event has arrived for avow_options_t.clock_quiet_ms of real time.
 *
 * If this clock waits for avow_options_t.clock_guard_ms of real time while no
 * handler runs, the loop prints the cause to stderr. The loop also prints a
 * line if sleeps of 0 ms follow each other for that time, because such sleeps
 * do not move the clock. A sleep past the largest time of this clock, about
 * 8,900 years, does not keep the loop alive.
 *
 * While avow_loop_close() waits for shielded promises, either clock moves by
 * itself.
 */
#ifndef AVOW_TIMER_H
#define AVOW_TIMER_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * Waits for `ms` milliseconds.
 *
 * In a job, a sleep begins at the cached time of the loop, uv_now(). So after
 * 200 ms of work in a handler, a sleep of 100 ms is already over, like a timer
 * of Node. In main() and in callbacks of libuv, a sleep begins at the present
 * time. The time limits of avow_timeout() and avow_deadline() always begin at
 * the present time. No function of avow changes uv_now().
 *
 * Sleeps that are due together end in the order of their deadlines. Sleeps with
 * equal deadlines end in the order in which they were created. The handlers of
 * one sleep run before the next sleep ends.
 *
 * @settles  NONE when the time has passed
 * @cancel   Stops the sleep and rejects at once.
 * @platform On Linux the time stands still while the machine is suspended.
 * @see      uv_timer_start()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_sleep(uv_loop_t *loop, uint64_t ms);

/**
 * Waits for `ms` milliseconds without keeping the loop alive.
 *
 * Use it for periodic work that lasts only as long as other work. When only
 * weak sleeps are left, uv_run() returns and avow_run() gives AVOW_EIDLE. In
 * all other respects, a weak sleep behaves as avow_sleep() does.
 *
 * @settles  NONE when the time has passed
 * @cancel   Stops the sleep and rejects at once.
 * @platform On Linux the time stands still while the machine is suspended.
 * @see      uv_unref()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_sleep_weak(uv_loop_t *loop,
                                                       uint64_t ms);

/**
 * Moves the loop's own clock `ms` milliseconds forward.
 *
 * The time counts from the present time of the clock, or from the time to which
 * pending calls will move the clock. The clock does not move inside the call:
 * each iteration moves it to the next deadline. The sleeps and time limits of
 * this deadline end, and their handlers run, before the clock continues. The
 * clock does not wait for operations in flight.
 *
 * @settles NONE when the clock has moved
 * @rejects AVOW_EMISUSE if the loop has the real clock
 * @rejects UV_EINVAL if `ms` leads past the largest time, about 8,900 years
 * @cancel  Stops the clock where it is, and rejects at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_clock_advance(uv_loop_t *loop,
                                                          uint64_t ms);

/* The phases of an iteration: timers, pending callbacks, idle, before the poll,
   the poll for events, after the poll, closing. See uv_run(). */

/**
 * Waits for the idle phase of the loop.
 *
 * The loop does not block before that. Sleeps that are already due end first.
 *
 * @settles NONE in the idle phase
 * @cancel  Rejects at once.
 * @see     uv_idle_start()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_next_iteration(uv_loop_t *loop);

/**
 * Waits until the loop is about to poll for events.
 *
 * If a uv_prepare_t callback of the program calls this function, the promise
 * waits for the next iteration. The loop may block in a poll before that.
 *
 * @settles NONE right before the poll
 * @cancel  Rejects at once.
 * @see     uv_prepare_start()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_before_poll(uv_loop_t *loop);

/**
 * Waits until the loop has polled for events, like setImmediate() in Node.
 *
 * The loop does not block in that poll.
 *
 * @settles NONE right after the poll
 * @cancel  Rejects at once.
 * @see     uv_check_start()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_after_poll(uv_loop_t *loop);

/*
 * A deadline is a time by which several operations together must end. A
 * function can pass the deadline on to other functions, and each of these can
 * set a shorter limit for a part of the work. The earlier limit counts:
 *
 *   const uint64_t by = avow_now(loop) + 2000;
 *   p = avow_deadline(avow_timeout(ask(host, by), 500), by);
 */

/** The deadline that never passes. */
#define AVOW_NEVER UINT64_MAX

/**
 * Tells the time for avow_deadline(), in milliseconds.
 *
 * The time is the later one of uv_now() and the present time. All loops with
 * the real clock share one time. A loop with its own clock
 * (avow_options_t.clock) has the time of that clock.
 *
 * @returns  the time in milliseconds
 * @platform On Linux the time stands still while the machine is suspended.
 */
AVOW_API uint64_t avow_now(uv_loop_t *loop);

/**
 * Cancels `p` if it does not settle before the time `at` of avow_now().
 *
 * If `at` has passed, `p` is canceled inside the call. If `at` is AVOW_NEVER,
 * the function returns `p`. The returned promise rejects when the canceled
 * chain has settled, including clean-ups (see avow_cancel()) and a running
 * avow_work(). If `p` has other references, `p` continues, and the returned
 * promise rejects at once.
 *
 * @settles as `p` does
 * @rejects UV_ETIMEDOUT if the time comes first; see avow_is_timeout()
 * @cancel  Cancels `p`.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_deadline(avow_promise_t *p,
                                                     uint64_t at);

AVOW_HEADER_END

#endif
