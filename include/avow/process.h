/* SPDX-License-Identifier: MIT */
/*
 * Processes that a program starts and talks to by itself; command.h is for
 * those that run to their end. A process is an OBJECT value, whose last
 * reference must go on the loop's thread. uv_walk() may close the handles of
 * processes and of commands: avow_loop_close() then kills what runs, and nobody
 * reaps it.
 *
 * libuv has to be the one that reaps them. A program that ignores SIGCHLD, or
 * waits for any child (waitpid() of -1), takes their ends away: their promises
 * then settle with a command's timeout and grace, or when the loop is closed.
 *
 * The descriptors 0 to 2 have to be open, on /dev/null for one, before the
 * first loop is made: else what libuv opens takes their places, what a process
 * says may be lost, and libuv aborts when it closes one of them.
 */
#ifndef AVOW_PROCESS_H
#define AVOW_PROCESS_H

#include "avow/channel.h"
#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * OBJECT: a process that runs (uv_spawn). The options are used at once; their
 * exit_cb is not called. A UV_CREATE_PIPE without a stream makes one that the
 * process owns, see avow_process_stream(). On POSIX that is a pipe, which the
 * process can open by names such as /dev/stdin; for both ways it is a pair of
 * sockets. Other streams are the program's, and libuv's pairs of sockets, to be
 * closed also when this rejects, with UV_ENOENT, UV_EACCES, …, UV_EINVAL
 * without args. Settles within the call: cancelling is too late. The process is
 * killed (SIGKILL), and reaped in the background, when its last reference goes
 * and when the loop is closed, unless the flags say UV_PROCESS_DETACHED.
 *
 * libuv looks for a file without a slash in the PATH of the options' env. The
 * process inherits all descriptors that were opened without O_CLOEXEC. libuv
 * aborts the program on flags that it does not know.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_spawn(
    uv_loop_t *loop, const uv_process_options_t *options);

/** How a process has ended. */
typedef struct avow_exit_s {
  int64_t status; /* of its end, 0 if a signal was */
  int signal;     /* that ended it, or 0 */
} avow_exit_t;

/**
 * OBJECT: how it ended, see avow_to_exit() (exit_cb of uv_spawn). Its last
 * output may come later than this: read its pipes to their end. Cancelling only
 * stops the waiting.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_process_wait(
    const avow_value_t *process);

/** What avow_process_wait() found; the value keeps it alive. */
AVOW_API const avow_exit_t *avow_to_exit(const avow_value_t *v);

/**
 * OBJECT: our end of its pipe i, 0 for its standard input, see
 * avow_to_stream(); NONE where it has no pipe of its own making. Its input ends
 * by avow_shutdown() or avow_close() of that stream. All of them close with the
 * last of their references, of which the process has one each.
 */
AVOW_API avow_value_t avow_process_stream(const avow_value_t *process,
                                          size_t i);

/**
 * Sends it a signal, on Windows SIGTERM, SIGKILL, SIGINT and SIGQUIT end it
 * (uv_process_kill). 0, or a code: UV_ESRCH once the loop has reaped it, and
 * then no other process that has its number is hit. Between its end and that
 * moment this returns 0 without effect. UV_EINVAL for an unknown
 * signal. Signal 0 only checks.
 */
AVOW_API int avow_process_kill(const avow_value_t *process, int signal);

/**
 * Its number, also once it has ended, and another may have that
 * (uv_process_get_pid).
 */
AVOW_API uv_pid_t avow_process_pid(const avow_value_t *process);

/*
 * Signals as a channel. It stops listening when its last reference goes, or by
 * avow_channel_close(); it keeps the loop alive only while somebody waits for
 * an item. avow_channel_first() is for what shall happen once.
 */

/**
 * INTs: the number of the signal, from now on (uv_signal_start; with
 * avow_channel_first() the next, uv_signal_start_oneshot). As in the kernel, a
 * signal that comes several times before it is taken comes once. UV_EINVAL for
 * one that cannot be caught.
 *
 * libuv queues the signals of a loop in a pipe until the loop polls. While the
 * pipe is full, which takes thousands of signals, further ones are lost.
 *
 * libuv sets the default action when the last watcher of the signal in the
 * process stops, even if the program ignored or handled the signal before. A
 * program that needs SIGPIPE ignored then calls signal() again. A signal that
 * all threads block never arrives. Do not watch SIGSEGV, SIGBUS, SIGFPE or
 * SIGILL: a process with such a fault hangs instead of ending.
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_signals(uv_loop_t *loop,
                                                    int signum);

AVOW_HEADER_END

#endif
