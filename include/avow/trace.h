/* SPDX-License-Identifier: MIT */
/*
 * What a loop does: traces in builds with -Dtrace=true, graphs of its promises,
 * dumps that a signal asks for, and lag.
 */
#ifndef AVOW_TRACE_H
#define AVOW_TRACE_H

#include <stdio.h>

#include "avow/config.h"
#include "avow/value.h"

AVOW_HEADER_BEGIN

/**
 * Writes what happens on the loop to out from now on, for Chrome's
 * about:tracing, ui.perfetto.dev and what else reads the Trace Event Format:
 * each promise from its making to its settling, each job and where it was
 * queued, what async functions wait for, what is cancelled. Memory for it is
 * allocated here and nowhere else. out stays yours, and is written to before
 * the loop polls: the file of a program that crashes can be read, too.
 * UV_ENOTSUP: this is no trace build. UV_EBUSY: the loop has a trace already.
 * UV_EINVAL: avow is not on the loop; debug builds say so and abort. UV_ENOMEM.
 */
AVOW_API int avow_trace_start(uv_loop_t *loop, FILE *out);

/**
 * Ends it, as the end of the loop does, and closes what is open there: a
 * promise that is pending still says so. What writing failed with, as
 * UV_ENOSPC; nothing was written after that. UV_EINVAL: there is no trace.
 * UV_ENOTSUP: this is no trace build.
 */
AVOW_API int avow_trace_stop(uv_loop_t *loop);

/**
 * Prints every live promise, and what it waits for, as a graph for Graphviz.
 *
 * Trace builds (-Dtrace=true) also print which call made each promise, and how
 * long ago.
 *
 * @see avow_loop_dump()
 */
AVOW_API void avow_loop_dump_dot(uv_loop_t *loop, FILE *out);

/**
 * From now on each such signal that the process gets has the loop print its
 * figures, in a few lines, and its promises, as avow_loop_dump() does in text:
 * as soon as it turns, which it does for that. It listens until
 * avow_loop_close(), and keeps no loop alive; out has to stay open for as long.
 * While the loop writes it does nothing else. May be called for several signals
 * and files; UV_EALREADY for the same signal and file once more. UV_EINVAL for
 * what is no signal, has no handlers, or tells of a program that cannot go on:
 * SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT. UV_ECANCELED of a loop that closes;
 * UV_ENOMEM. See uv_signal_start() for what Windows has.
 *
 * When the loop closes and nothing else in the process watches the signal,
 * libuv sets the default action. That of SIGUSR1 and SIGUSR2 ends the process.
 */
AVOW_API int avow_dump_on_signal(uv_loop_t *loop, int signum, FILE *out);

/**
 * Begins to measure the loop's turns for avow_loop_stats(), or begins anew:
 * with slow_jobs and longest_job, too.
 *
 * A turn's lag is the time from when the loop comes back from its poll to when
 * it polls again: as long as that, at most, what comes meanwhile has to wait,
 * be it bytes or a sleep that is due. All counts that runs on the loop in
 * between, also callbacks of libuv's which know nothing of avow; of those that
 * come before the first of avow's in a turn, to a millisecond. Where avow_run()
 * ends its turn does; a program that returns from uv_run() otherwise, and calls
 * it again, has been in one turn. Median and p99 are up to an eighth more than
 * what was measured.
 *
 * It takes two looks at the clock a turn. The first call allocates a histogram
 * of 2 KiB, which the loop keeps. Nothing is measured before that.
 *
 * @returns 0
 * @error   UV_ECANCELED if the loop closes
 * @error   UV_ENOMEM if the first call finds no memory
 */
AVOW_API int avow_loop_measure(uv_loop_t *loop);

AVOW_HEADER_END

#endif
