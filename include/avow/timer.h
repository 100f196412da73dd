/* SPDX-License-Identifier: MIT */
/*
 * Time. All sleeps of a loop share one uv_timer_t. For tests a loop may have a
 * clock of its own, by avow_options_t.clock: an hour of it takes as long as
 * what is done in it.
 */
#ifndef AVOW_TIMER_H
#define AVOW_TIMER_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * NONE, after ms milliseconds (uv_timer_start). In callbacks of avow a sleep
 * counts from the loop's cached time, uv_now(), as a timer of Node does: behind
 * 200 ms of work, a sleep of 100 ms is over at once. Elsewhere it counts from
 * the present. A limit of time (avow_timeout(), avow_deadline()) always counts
 * from the present. No call of avow moves uv_now(). Sleeps that are due
 * together end by their deadlines, equal ones in the order of their making, and
 * what one wakes runs before the next ends. Cancelling stops it.
 *
 * On Linux the clock stands still while the machine is suspended.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_sleep(uv_loop_t *loop, uint64_t ms);

/**
 * The same, but it does not keep the loop alive (uv_unref): when nothing else
 * is left uv_run() returns, and avow_run() gives AVOW_EIDLE. For what is done
 * now and then for as long as there is something to do.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_sleep_weak(uv_loop_t *loop,
                                                       uint64_t ms);

/**
 * NONE, when the loop's own clock is ms milliseconds further than now, or than
 * where those before this take it. It stops at each deadline on the way: what
 * is due there comes as on the real clock, and what that wakes has run before
 * the clock goes on. Nothing runs inside the call: the loop does it, a deadline
 * a turn. What is in flight does not hold it up, nor does it wait for that.
 * Cancelling leaves the clock where it is by then. AVOW_EMISUSE on the real
 * clock, UV_EINVAL for what the clock cannot count, 8,900 years.
 *
 * A clock that is moved by hand does not keep the loop alive: uv_run() returns,
 * and avow_run() gives AVOW_EIDLE, when all that is left to do waits for time.
 *
 * One that moves by itself waits for jobs, and for whatever comes without it:
 * the thread pool; other threads, loops and processes; avow_next_iteration()
 * and avow_after_poll(); requests of the program's own; handles that are
 * closing, and a uv_timer_t, uv_idle_t, uv_async_t or uv_process_t that is
 * active and referenced. Peers may wait for the clock themselves, on the same
 * loop: to read, accept, write, connect, watch and catch signals is given
 * clock_quiet_ms of real time in which nothing comes.
 * docs/testing-your-program.md has a table of all that.
 *
 * What holds it for clock_guard_ms in which no handler runs is named on stderr;
 * so are sleeps of 0 ms that follow each other for so long, which take none of
 * its time. A sleep that it never gets to the end of keeps no loop alive.
 * Either clock moves by itself while avow_loop_close() waits for what is
 * shielded.
 *
 * Timers of the program's own (uv_timer_t) and what processes are granted to
 * end are on the real clock, as are budgets, and the loops of avow_loops_new().
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_clock_advance(uv_loop_t *loop,
                                                          uint64_t ms);

/*
 * The phases of a loop's turn: timers, what is pending, idle, before the poll
 * for events, the poll, after it, closing (see uv_run).
 */

/**
 * NONE, once the loop has come to its idle phase: what is due already goes
 * first (uv_idle_start). Meanwhile the loop does not block. Cancelling is at
 * once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_next_iteration(uv_loop_t *loop);

/**
 * NONE, right before the loop polls for events (uv_prepare_start). Cancelling
 * is at once.
 *
 * If a uv_prepare_t callback of the program calls this, the promise waits for
 * the next iteration. The loop may block in the poll before that.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_before_poll(uv_loop_t *loop);

/**
 * NONE, right after the loop has polled for events, for which it then does not
 * block (uv_check_start; setImmediate in Node.js). Cancelling is at once.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_after_poll(uv_loop_t *loop);

/*
 * Deadlines: times, handed down to all that must be over by then. Who begins
 * says by when, and who has less time for a part of it sets that a limit of its
 * own, of which the earlier counts:
 *
 *   const uint64_t by = avow_now(loop) + 2000;
 *   p = avow_deadline(avow_timeout(ask(host, by), 500), by);
 */

/** The deadline that does not come. */
#define AVOW_NEVER UINT64_MAX

/**
 * The time in milliseconds, for avow_deadline(). It is the later of uv_now()
 * and the clock, also in a callback that has worked for a while, and it does
 * not move uv_now(). All loops have the same time. A loop with a clock of its
 * own (avow_options_t.clock) has the time of that clock. On Linux the time does
 * not go on while the machine is suspended.
 */
AVOW_API uint64_t avow_now(uv_loop_t *loop);

/**
 * Settles as p does, unless the time comes first: avow_timeout() at a time
 * rather than after one. A deadline that has passed cancels p at once;
 * AVOW_NEVER returns p itself.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_deadline(avow_promise_t *p,
                                                     uint64_t at);

AVOW_HEADER_END

#endif
