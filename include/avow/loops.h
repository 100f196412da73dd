/* SPDX-License-Identifier: MIT */
/*
 * Loops on threads of their own, to use several cores.
 *
 * These values can change threads: numbers, BYTES, LISTs, errors, and objects
 * whose class is `sendable` (avow_class_t in value.h).
 */
#ifndef AVOW_LOOPS_H
#define AVOW_LOOPS_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** A set of loops, each with its thread. */
typedef struct avow_loops_s avow_loops_t;

/**
 * A function that runs on one of the loops.
 *
 * It returns a value, an error or avow_follow(), as a handler does.
 *
 * @called  on the thread of `loop`
 */
typedef avow_value_t (*avow_loops_fn)(uv_loop_t *loop, void *data);

/** An index that stands for the loop with the fewest pending calls. */
#define AVOW_LEAST_BUSY SIZE_MAX

/**
 * Starts `count` loops, each on a thread of its own; 0: one for each core.
 *
 * If `count` is 0, uv_available_parallelism() gives the number of CPUs on which
 * the process may run. libuv before 1.49 ignores the CPU quota of a container.
 *
 * The result is never NULL. If a loop cannot be started, no loop can be used.
 * avow_loops_count() then returns 0, and avow_loops_run() and
 * avow_loops_listen() reject with the reason, such as UV_EAGAIN. The caller
 * must also close such a result.
 *
 * Any thread may use the loops. Close them before exit(). exit() frees libuv's
 * thread pool, and a file operation of a loop would then abort the process.
 *
 * @returns the loops, which the caller ends with avow_loops_close()
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
 * Calls `fn` on one of the loops and reports the outcome on `home`.
 *
 * `index` is less than avow_loops_count(), or AVOW_LEAST_BUSY. The outcome must
 * be able to change threads: a number, BYTES, a LIST, an error, or an object
 * whose class is `sendable`. LISTs and causes of errors may be nested at most
 * 31 levels deep.
 *
 * If `fn` calls uv_stop() for its loop, only the current iteration ends. If
 * `fn` closes all handles of its loop with uv_walk(), the loop ends, and its
 * pending calls reject with UV_ECANCELED.
 *
 * @settles with the value, or with the outcome of the promise, that `fn`
 *          returned
 * @rejects AVOW_EMISUSE if the outcome cannot change threads; the message names
 *          its type
 * @rejects UV_ECANCELED if the loops are being closed, or the loop has ended
 * @rejects UV_EINVAL if `index` is out of range
 * @rejects UV_EINVAL if `fn` is NULL
 * @rejects with the reason if the loops could not be started
 * @cancel  Cancels the promise on the other loop, and rejects when that promise
 *          has settled. The caller may then free `data`. The avow_loop_close()
 *          of `home` also waits for that promise.
 * @thread  the thread of the loop `home`; several such threads may share one
 *          `loops`
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_loops_run(const avow_loops_t *loops,
                                                      size_t index,
                                                      uv_loop_t *home,
                                                      avow_loops_fn fn,
                                                      void *data);

/** Options of a server; 0 in a field is its default. */
typedef struct avow_loops_listen_options_s {
  int backlog;          /* connections that wait in the system; 0: 511 */
  size_t concurrency;   /* connections of each loop at a time; 0: no limit. If
                           the server's own loop accepts for all loops, the
                           limit is `concurrency` times the number of loops, for
                           all loops together */
  uint64_t reserved[4]; /* must be 0; for later versions */
} avow_loops_listen_options_t;

/**
 * Serves the connections of a bound stream on all loops.
 *
 * `server` is a value of avow_bind(). avow calls `fn` for each connection, on
 * the thread of one of the loops. The argument of `fn` is the connection, an
 * OBJECT as in net.h. avow releases it when the promise that `fn` returned has
 * settled, and ignores the outcome. If there is no memory or no descriptor for
 * a connection, avow either closes it or accepts it later.
 *
 * On Linux with libuv 1.49 or newer, each loop listens at the address with its
 * own socket, which has its own backlog and concurrency. The system distributes
 * the connections. Otherwise the server's own loop accepts and passes each
 * connection to the least busy loop. On Windows, the server's own loop serves
 * all connections.
 *
 * To stop accepting, call avow_close() with the server's stream. Other loops
 * may accept connections for a short time after that call.
 *
 * @settles NONE when the server is closed and the last connection has ended
 * @rejects UV_EADDRINUSE if the address is in use
 * @rejects with the error of listen(2)
 * @rejects UV_EALREADY if there is another listener on `server`
 * @rejects UV_ECANCELED after the loops were closed, when the next connection
 *          arrives or earlier
 * @rejects UV_EINVAL if `fn` is NULL
 * @rejects UV_EINVAL if `server` is closed or is not a stream
 * @rejects UV_EINVAL if a reserved field is not 0
 * @rejects with the reason if the loops could not be started
 * @cancel  Cancels the promises that `fn` returned, and rejects when they have
 *          settled.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_loops_listen(
    const avow_loops_t *loops, avow_value_t server, avow_cb fn, void *data,
    const avow_loops_listen_options_t *options);

/**
 * Cancels all pending calls, closes the loops and joins their threads.
 *
 * Takes ownership of `loops`. Each loop is closed as by avow_loop_close(), and
 * then all handles that are left open are closed. `home` is the loop of the
 * returned promise. It must not be one of the loops, because a thread cannot
 * wait for its own end.
 *
 * @settles NONE when the threads have ended
 * @rejects UV_EINVAL if the caller is on a thread of these loops; then nothing
 *          is closed, and the caller still owns `loops`
 * @cancel  Has no effect on the loops; rejects when the threads have ended.
 * @owns    `loops`, unless it rejects with UV_EINVAL
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_loops_close(avow_loops_t *loops,
                                                        uv_loop_t *home);

AVOW_HEADER_END

#endif
