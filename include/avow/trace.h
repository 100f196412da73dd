/* SPDX-License-Identifier: MIT */
/* Traces: what happens on a loop over time, in builds with -Dtrace=true. */
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

AVOW_HEADER_END

#endif
