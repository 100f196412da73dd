/* SPDX-License-Identifier: MIT */
/*
 * Loops on threads of their own, to share work over the cores.
 */
#ifndef AVOW_LOOPS_H
#define AVOW_LOOPS_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** Loops with their threads, which avow_loops_close() ends. */
typedef struct avow_loops_s avow_loops_t;

/** Runs on the thread of the loop, which is given, and returns as a handler. */
typedef avow_value_t (*avow_loops_fn)(uv_loop_t *loop, void *data);

/** Instead of an index: the loop with the fewest runs that have not settled. */
#define AVOW_LEAST_BUSY SIZE_MAX

/**
 * Starts `count` loops, each on a thread of its own; 0 for one a core.
 *
 * With 0, uv_available_parallelism() gives the number: the CPUs that the
 * process may run on. libuv before 1.49 ignores the CPU quota of a container.
 *
 * Never returns NULL. If one of the loops cannot be started, none can be used:
 * avow_loops_count() is 0 then, and avow_loops_run() and avow_loops_listen()
 * reject with the reason, such as UV_EAGAIN or UV_ENOMEM. The caller closes
 * such loops, too, and may try again with fewer.
 *
 * Any thread may use it. Close it before exit(), which takes libuv's thread
 * pool away: a later operation on a file aborts.
 */
AVOW_API AVOW_MUST_USE avow_loops_t *avow_loops_new(size_t count);

/** How many loops there are; 0 if not all were started. From any thread. */
AVOW_API size_t avow_loops_count(const avow_loops_t *loops);

/**
 * Calls fn on the loop at that index, or AVOW_LEAST_BUSY, and settles on home
 * as what that returns or follows does there. Numbers, bytes, lists, errors and
 * objects of a class that is `sendable` change threads; AVOW_EMISUSE names what
 * does not. Lists and causes change threads up to 31 levels deep. Cancelling
 * cancels it over there, and rejects when that has unwound: data may be freed
 * behind this, and behind the avow_loop_close() of home, which waits for it
 * too. UV_EINVAL for other indices, and without fn; UV_ECANCELED when the loops
 * are being closed. A uv_stop() of such a loop ends a turn of it, no more.
 * Closing all its handles by uv_walk() ends it: then what runs there, and what
 * is asked of it later, rejects with UV_ECANCELED.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_loops_run(const avow_loops_t *loops,
                                                      size_t index,
                                                      uv_loop_t *home,
                                                      avow_loops_fn fn,
                                                      void *data);

/** Zero in a field stands for its default. */
typedef struct avow_loops_listen_options_s {
  int backlog;          /* connections that wait in the system's queue; 511 */
  size_t concurrency;   /* connections at a time, for each loop; no limit. Where
                           the server's own loop accepts, all loops share one
                           limit: concurrency times their number */
  uint64_t reserved[4]; /* zeros, else UV_EINVAL: for later versions */
} avow_loops_listen_options_t;

/**
 * Serves a bound stream, see avow_bind(), which is taken: fn is called with
 * each connection, an OBJECT as in net.h, on one of the loops, whose thread it
 * has. The connection is kept until what fn returns has settled; how that ends
 * is passed over. Where the system has it (Linux, with libuv 1.49) each loop
 * listens at that address with a socket of its own, which has backlog and
 * concurrency, and the system shares the connections out; else the server's own
 * loop accepts, and hands each to the loop with the fewest runs, as
 * AVOW_LEAST_BUSY does, on Windows to itself.
 *
 * Closing the server's stream (avow_close()) accepts no more, once each loop
 * has heard of it: NONE when the last connection has ended. Cancelling cancels
 * these too, and rejects when they have unwound. A connection for which there
 * is no memory or descriptor is closed, or waits. UV_EINVAL without fn or
 * if the server is closed, UV_EALREADY if another listens, UV_EADDRINUSE, …;
 * UV_ECANCELED when the loops are closed, with the next connection at the
 * latest.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_loops_listen(
    const avow_loops_t *loops, avow_value_t server, avow_cb fn, void *data,
    const avow_loops_listen_options_t *options);

/**
 * Takes the loops: cancels what runs on them, closes them as avow_loop_close()
 * does, with any handle left open there, and joins the threads. NONE when that
 * is done. Cancelling stops nothing of it, and rejects when it is done. On a
 * thread of these loops, which cannot wait for itself, it is UV_EINVAL, and
 * takes and ends nothing: have the loop that made them do it.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_loops_close(avow_loops_t *loops,
                                                        uv_loop_t *home);

AVOW_HEADER_END

#endif
