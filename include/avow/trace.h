/* SPDX-License-Identifier: MIT */
/*
 * Observation of a loop: traces, graphs, dumps on a signal, and lag.
 *
 * Traces need a build with -Dtrace=true.
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
 * ui.perfetto.dev and Chrome's about:tracing read this format. The trace has
 * each promise from its creation until it settles, each job and where it was
 * queued, what async functions await, and what is canceled. The call allocates
 * all memory that the trace needs. The caller keeps `out`. It is written to
 * before the loop polls, so the file of a program that crashes can be read.
 *
 * @returns 0
 * @error   UV_ENOTSUP if this is no trace build
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
 * The close of the loop does so, too. A promise that is pending is marked as
 * pending in the trace.
 *
 * @returns 0; or the error with which writing failed, such as UV_ENOSPC, after
 *          which nothing was written
 * @error   UV_EINVAL if there is no trace
 * @error   UV_ENOTSUP if this is no trace build
 */
AVOW_API int avow_trace_stop(uv_loop_t *loop);

/**
 * Prints the live promises of `loop` as a graph for Graphviz.
 *
 * An edge leads from each promise to the promise that it waits for. Trace
 * builds (-Dtrace=true) also print which call made each promise, and how long
 * ago.
 *
 * @see     avow_loop_dump()
 */
AVOW_API void avow_loop_dump_dot(uv_loop_t *loop, FILE *out);

/**
 * Prints the figures and promises of the loop for each signal `signum`.
 *
 * The output has a few lines of figures, and then the text of avow_loop_dump().
 * It is printed when the loop runs next; the signal wakes the loop. Printing
 * blocks the loop. The loop listens until avow_loop_close(), but that does not
 * keep it alive. `out` must stay open for that time. The function may be called
 * for several signals and files.
 *
 * When the loop closes and there is no other watcher of the signal in the
 * process, libuv sets the default action. That of SIGUSR1 and SIGUSR2 ends the
 * process.
 *
 * @returns 0
 * @error   UV_EALREADY if the loop prints to `out` for `signum` already
 * @error   UV_EINVAL if `signum` is no signal, or cannot have a handler
 * @error   UV_EINVAL for SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT, after
 *          which a program cannot continue
 * @error   UV_EINVAL if `out` is NULL; a checked build aborts
 * @error   UV_ECANCELED if the loop closes
 * @error   UV_ENOMEM if there is no memory for the handle
 * @platform Windows has only the signals that uv_signal_start() emulates.
 * @see     uv_signal_start()
 */
AVOW_API int avow_dump_on_signal(uv_loop_t *loop, int signum, FILE *out);

/**
 * Begins to measure the lag of the loop, for avow_loop_stats().
 *
 * A further call begins again, also with `slow_jobs` and `longest_job`.
 *
 * The lag of an iteration is the time from when the loop returns from its poll
 * until it polls again. An event that arrives meanwhile, such as bytes or a
 * timer, waits at most that long. Everything that runs on the loop in that time
 * counts, also callbacks of libuv that do not use avow. Those that run before
 * the first callback of avow in an iteration are measured to a millisecond.
 * Median and p99 are up to an eighth more than what was measured.
 *
 * An iteration also ends where avow_run() ends. A program that returns from
 * uv_run() in another way, and calls it again, has been in one iteration.
 *
 * The clock is read twice for each iteration. The first call allocates a
 * histogram of 2 KiB, which the loop keeps. Before it, nothing is measured.
 *
 * @returns 0
 * @error   UV_ECANCELED if the loop closes
 * @error   UV_ENOMEM if there is no memory for the histogram
 */
AVOW_API int avow_loop_measure(uv_loop_t *loop);

AVOW_HEADER_END

#endif
