/* SPDX-License-Identifier: MIT */
/*
 * Loops on threads of their own, to share work between the cores.
 *
 * These values can change threads: numbers, BYTES, LISTs, errors, and objects
 * of a class that is `sendable`. LISTs and causes of errors can change threads
 * up to 31 levels deep.
 */
#ifndef AVOW_LOOPS_H
#define AVOW_LOOPS_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** A set of loops, each with its thread. */
typedef struct avow_loops_s avow_loops_t;

/**
 * A function that runs on one of the loops; it returns as a handler does.
 *
 * @called  on the thread of `loop`
 */
typedef avow_value_t (*avow_loops_fn)(uv_loop_t *loop, void *data);

/** An index that stands for the loop with the fewest pending runs. */
#define AVOW_LEAST_BUSY SIZE_MAX

/**
 * Starts `count` loops, each on a thread of its own; 0: one for each core.
 *
 * With 0, uv_available_parallelism() gives the number: the CPUs that the
 * process may run on. libuv before 1.49 ignores the CPU quota of a container.
 *
 * Never returns NULL. If one of the loops cannot be started, none can be used.
 * avow_loops_count() is 0 then, and avow_loops_run() and avow_loops_listen()
 * reject with the reason, such as UV_EAGAIN. The caller must close such loops,
 * too, and may try again with fewer.
 *
 * Any thread may use the loops. Close them before exit(), because exit() frees
 * libuv's thread pool, and a later operation on a file aborts.
 *
 * @returns the loops, which avow_loops_close() ends
 * @thread  any
 */
AVOW_API AVOW_MUST_USE avow_loops_t *avow_loops_new(size_t count);

/**
 * Counts the loops.
 *
 * @returns the number of loops; 0 if not all were started
 * @thread  any
 */
AVOW_API size_t avow_loops_count(const avow_loops_t *loops);

/**
 * Calls `fn` on a loop and settles on `home` with its outcome.
 *
 * `index` is below avow_loops_count(), or AVOW_LEAST_BUSY. The outcome must be
 * able to change threads: a number, BYTES, a LIST, an error, or an object whose
 * class is `sendable`. LISTs and causes may be up to 31 levels deep.
 *
 * A uv_stop() of the loop ends only its current iteration. If all its handles
 * are closed with uv_walk(), the loop ends, and its runs reject with
 * UV_ECANCELED.
 *
 * @settles as the value or promise that `fn` returned
 * @rejects AVOW_EMISUSE if the outcome cannot change threads; the message names
 *          it
 * @rejects UV_ECANCELED if the loops are being closed, or the loop has ended
 * @rejects UV_EINVAL if `index` is out of range
 * @rejects UV_EINVAL if `fn` is NULL
 * @rejects with the reason if the loops could not be started
 * @cancel  Cancels the promise on the other loop, and rejects when that has
 *          settled. `data` may be freed after that, and after the
 *          avow_loop_close() of `home`, which waits for it.
 * @thread  the thread of `home`; the threads of several homes may share `loops`
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_loops_run(const avow_loops_t *loops,
                                                      size_t index,
                                                      uv_loop_t *home,
                                                      avow_loops_fn fn,
                                                      void *data);

/** Options of a server; 0 in a field is its default. */
typedef struct avow_loops_listen_options_s {
  int backlog;          /* connections in the queue of the system; 0: 511 */
  size_t concurrency;   /* connections of each loop at a time; 0: no limit.
                           If only the server's own loop accepts, all loops
                           share a limit of `concurrency` times their number */
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_loops_listen_options_t;

/**
 * Serves the connections of a bound stream on all loops.
 *
 * `server` is a stream of avow_bind(). `fn` is called with each connection, an
 * OBJECT as in net.h, on one of the loops and on its thread. The connection is
 * kept until the outcome of `fn` has settled; that outcome is ignored. A
 * connection for which there is no memory or descriptor is closed, or waits.
 *
 * On Linux with libuv 1.49, each loop listens at the address with a socket of
 * its own, which has its own backlog and concurrency, and the system
 * distributes the connections. Otherwise the server's own loop accepts and
 * passes each connection to the least busy loop. On Windows, the server's own
 * loop serves all connections.
 *
 * avow_close() of the server's stream stops accepting, after a short delay in
 * which each loop is told.
 *
 * @settles NONE when the server is closed and the last connection has ended
 * @rejects UV_EADDRINUSE if the address is in use
 * @rejects as listen(2) fails
 * @rejects UV_EALREADY if there is another listener on `server`
 * @rejects UV_ECANCELED if the loops are closed; at the latest with the next
 *          connection
 * @rejects UV_EINVAL if `fn` is NULL
 * @rejects UV_EINVAL if `server` is closed or no stream
 * @rejects UV_EINVAL if a reserved field is not 0
 * @rejects with the reason if the loops could not be started
 * @cancel  Cancels the connections, and rejects when they have settled.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_loops_listen(
    const avow_loops_t *loops, avow_value_t server, avow_cb fn, void *data,
    const avow_loops_listen_options_t *options);

/**
 * Cancels all runs, closes the loops and joins their threads.
 *
 * Takes ownership of `loops`. Each loop is closed as by avow_loop_close(), and
 * handles that are left open are closed, too. The loops themselves cannot wait
 * for their own threads: close them from another loop.
 *
 * @settles NONE when the threads have ended
 * @rejects UV_EINVAL on a thread of these loops; then nothing is closed, and
 *          the caller still owns `loops`
 * @cancel  Stops nothing; rejects when the threads have ended.
 * @owns    `loops`, unless it rejects with UV_EINVAL
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_loops_close(avow_loops_t *loops,
                                                        uv_loop_t *home);

AVOW_HEADER_END

#endif
