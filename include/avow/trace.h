/* SPDX-License-Identifier: MIT */
/*
 * Observation of a loop: traces, graphs, dumps on a signal, and lag.
 *
 * Traces need a trace build, that is, an avow that was built with -Dtrace=true.
 */
#ifndef AVOW_TRACE_H
#define AVOW_TRACE_H

#include <stdio.h>

#include "avow/config.h"
#include "avow/value.h"

AVOW_HEADER_BEGIN

/**
 * Starts a trace of the loop to `out`, in the Trace Event Format.
 *
 * ui.perfetto.dev and Chrome's about:tracing read this format. The trace shows
 * each promise from its creation until it settles, each job and the place where
 * it was queued, the awaits of async functions, and cancellations. The call
 * allocates all memory that the trace needs.
 *
 * The caller still owns `out`, and must not close it before the trace stops.
 * The loop writes to `out` before each poll, so the file is readable even if
 * the program crashes. docs/traces.md explains the contents of the file.
 *
 * @returns 0
 * @error   UV_ENOTSUP if avow is not a trace build
 * @error   UV_EBUSY if the loop has a trace already
 * @error   UV_EINVAL if the loop is not initialized; a checked build aborts
 * @error   UV_EINVAL if `out` is NULL; a checked build aborts
 * @error   UV_ECANCELED if the loop is closed
 * @error   UV_ENOMEM if there is no memory for the trace
 */
AVOW_API int avow_trace_start(uv_loop_t *loop, FILE *out);

/**
 * Stops the trace of the loop and completes its file.
 *
 * Promises that have not settled are marked as pending in the trace. When the
 * loop closes, it also stops the trace, but reports no error.
 *
 * @returns 0; if a write to the file failed, its error, such as UV_ENOSPC. avow
 *          writes nothing after that error
 * @error   UV_EINVAL if the loop has no trace
 * @error   UV_ENOTSUP if avow is not a trace build
 */
AVOW_API int avow_trace_stop(uv_loop_t *loop);

/**
 * Prints the live promises of `loop` as a graph for Graphviz.
 *
 * An edge leads from each promise to the promise that it waits for. A trace
 * build (-Dtrace=true) also prints which call made each promise, and how long
 * ago.
 *
 * @see     avow_loop_dump()
 */
AVOW_API void avow_loop_dump_dot(uv_loop_t *loop, FILE *out);

/**
 * Prints the figures and promises of the loop at each signal `signum`.
 *
 * The signal wakes the loop, which then prints figures of avow_loop_stats() and
 * the output of avow_loop_dump(). Printing blocks the loop. `out` must stay
 * open until avow_loop_close(). The watcher of the signal does not keep the
 * loop alive. The caller may call the function for several signals and files.
 *
 * When the loop closes, libuv restores the default action of the signal, unless
 * another uv_signal_t of the process watches it. The default action of SIGUSR1
 * and SIGUSR2 ends the process.
 *
 * @returns 0
 * @error   UV_EALREADY if the loop prints to `out` for `signum` already
 * @error   UV_EINVAL if `signum` is not a signal, or cannot have a handler
 * @error   UV_EINVAL if `signum` is SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT,
 *          because a program cannot continue after these signals
 * @error   UV_EINVAL if `out` is NULL; a checked build aborts
 * @error   UV_ECANCELED if the loop closes
 * @error   UV_ENOMEM if there is no memory for the handle
 * @platform Windows has only the signals that uv_signal_start() emulates.
 * @see     uv_signal_start()
 */
AVOW_API int avow_dump_on_signal(uv_loop_t *loop, int signum, FILE *out);

/**
 * Starts to measure the lag of the loop, for avow_loop_stats().
 *
 * The lag is the duration of an iteration, from the return of a poll to the
 * beginning of the next poll. An event that becomes ready meanwhile, such as
 * bytes or an expired timer, waits at most that long. Each further call resets
 * the figures of the lag, and `slow_jobs` and `longest_job`.
 *
 * The lag includes everything that runs on the loop, also callbacks of libuv
 * that do not use avow. If callbacks run before the first callback of avow in
 * an iteration, their time is only exact to a millisecond. `lag_median` and
 * `lag_p99` are up to an eighth too large.
 *
 * An iteration also ends when avow_run() returns. If uv_run() returns while
 * handles are active, for example after uv_stop(), the last iteration includes
 * the time until the next call of uv_run().
 *
 * The loop reads the clock twice in each iteration. The first call allocates a
 * histogram of 2 KiB, which the loop keeps until it closes.
 *
 * @returns 0
 * @error   UV_ECANCELED if the loop closes
 * @error   UV_ENOMEM if there is no memory for the histogram
 */
AVOW_API int avow_loop_measure(uv_loop_t *loop);

AVOW_HEADER_END

#endif
