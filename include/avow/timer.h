/* SPDX-License-Identifier: MIT */
/*
 * Sleeps, phases of the loop, deadlines, and clocks for tests.
 *
 * All sleeps of a loop share one uv_timer_t.
 *
 * For tests a loop can have a clock of its own, which avow_options_t.clock
 * selects. An hour on such a clock takes only as long as the work that is done
 * in it.
 *
 * A clock that is moved by hand does not keep the loop alive. When everything
 * that is left waits for time, uv_run() returns and avow_run() gives
 * AVOW_EIDLE.
 *
 * A clock that moves by itself waits for jobs and for everything that ends
 * without it. Such a clock waits for the thread pool, other threads, loops and
 * processes. Such a clock also waits for avow_next_iteration(),
 * avow_after_poll() and requests of the program. Handles that are closing hold
 * up the clock, too, as does each uv_timer_t, uv_idle_t, uv_async_t or
 * uv_process_t that is active and referenced. Operations that read, accept,
 * write, connect, watch or catch signals wait for a peer, and a peer on this
 * loop may itself wait for the clock. So these operations get
 * avow_options_t.clock_quiet_ms of real time. The clock moves if nothing
 * arrives in that time. docs/testing-your-program.md has a table.
 *
 * If something holds up this clock for avow_options_t.clock_guard_ms while no
 * handler runs, the loop prints what that is to stderr. The loop also prints a
 * line if sleeps of 0 ms follow each other for that time, because they do not
 * move the clock. A sleep that is too long for this clock does not keep the
 * loop alive. While avow_loop_close() waits for shielded promises, either clock
 * moves by itself.
 *
 * The real clock serves the program's own uv_timer_t handles, the time that a
 * command gets to end, the budgets of jobs, and the loops of avow_loops_new().
 */
#ifndef AVOW_TIMER_H
#define AVOW_TIMER_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * Waits for `ms` milliseconds.
 *
 * In a callback of avow a sleep begins at the cached time of the loop,
 * uv_now(). So after 200 ms of work there, a sleep of 100 ms is over at once,
 * as a timer of Node is. Outside such callbacks a sleep begins at the present
 * time. Time limits, those of avow_timeout() and avow_deadline(), always begin
 * at the present time. No function of avow changes uv_now().
 *
 * Sleeps that are due together end in the order of their deadlines, and sleeps
 * with equal deadlines in the order in which they were created. The handlers of
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
 * all other respects it is an avow_sleep().
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
 * The time counts from the clock's present time, or from the end of earlier
 * calls that are pending. The clock stops at each deadline on its way. Sleeps
 * and time limits that are due there end as on the real clock, and their
 * handlers run before the clock continues. The loop moves the clock, one
 * deadline in each iteration, so nothing happens inside the call. The clock
 * does not wait for operations in flight.
 *
 * @settles NONE when the clock has arrived
 * @rejects AVOW_EMISUSE if the loop has the real clock, which is misuse
 * @rejects UV_EINVAL if the clock cannot count that far, about 8,900 years
 * @cancel  Leaves the clock where it is by then, and rejects at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_clock_advance(uv_loop_t *loop,
                                                          uint64_t ms);

/*
 * The phases of an iteration of the loop: timers, pending callbacks, idle,
 * before the poll, the poll for events, after the poll, closing (see uv_run()).
 */

/**
 * Waits for the idle phase of the loop.
 *
 * Sleeps that are already due end first. Until then the loop does not block.
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
 * waits for the next iteration. The loop may block in the poll before that.
 *
 * @settles NONE right before the poll
 * @cancel  Rejects at once.
 * @see     uv_prepare_start()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_before_poll(uv_loop_t *loop);

/**
 * Waits until the loop has polled for events, as setImmediate() in Node.
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
 * function can pass it to the functions that it calls. Each can set a shorter
 * limit for a part of the work; the earlier limit counts:
 *
 *   const uint64_t by = avow_now(loop) + 2000;
 *   p = avow_deadline(avow_timeout(ask(host, by), 500), by);
 */

/** The deadline that never comes. */
#define AVOW_NEVER UINT64_MAX

/**
 * Tells the time for avow_deadline(), in milliseconds.
 *
 * The time is the later one of uv_now() and the present, even in a callback
 * that has worked for a while. The call does not change uv_now(). All loops
 * have one time, except that a loop with its own clock has the time of that
 * clock (avow_options_t.clock).
 *
 * @returns  the time in milliseconds
 * @platform On Linux the time stands still while the machine is suspended.
 */
AVOW_API uint64_t avow_now(uv_loop_t *loop);

/**
 * Cancels `p` if it does not settle before the time `at` of avow_now().
 *
 * A deadline that has passed cancels `p` inside the call. If `at` is
 * AVOW_NEVER, the function returns `p`. The returned promise rejects after the
 * handlers of `p` have run and running work has ended, as avow_cancel()
 * describes. If others hold `p`, it rejects at once and `p` continues.
 *
 * @settles as `p` does
 * @rejects UV_ETIMEDOUT if the time comes first; see avow_is_timeout()
 * @cancel  Cancels `p`.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_deadline(avow_promise_t *p,
                                                     uint64_t at);

AVOW_HEADER_END

#endif
