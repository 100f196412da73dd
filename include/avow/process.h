/* SPDX-License-Identifier: MIT */
/*
 * Child processes and signals.
 *
 * command.h runs a process to its end. The functions here are for programs that
 * communicate with a process. A process is an OBJECT value, whose last
 * reference must be released on the loop's thread.
 *
 * libuv must reap the processes. If the program ignores SIGCHLD, or waits for
 * any child with waitpid(-1, …), libuv never gets the exit status of a process.
 * The promises of the process then settle only when the loop is closed. The
 * promise of a command settles after its timeout and grace period.
 *
 * If the program uses uv_walk() to close all handles, including those of
 * processes and commands, avow_loop_close() kills the processes that still run,
 * but does not reap them.
 *
 * The descriptors 0 to 2 must be open, for example on /dev/null, before the
 * program initializes its first loop. Otherwise libuv may get a descriptor from
 * 0 to 2 for its own use: output of a process may be lost, and libuv aborts
 * when it closes this descriptor.
 */
#ifndef AVOW_PROCESS_H
#define AVOW_PROCESS_H

#include "avow/channel.h"
#include "avow/promise.h"

AVOW_HEADER_BEGIN

/**
 * Starts a process.
 *
 * `options` is used within the call, and its exit_cb is not called: use
 * avow_process_wait(). If `file` contains no slash, libuv looks for it in the
 * PATH of `env`. The process inherits all descriptors that were opened without
 * O_CLOEXEC. libuv aborts the program if `flags` has unknown bits.
 *
 * For UV_CREATE_PIPE without a stream, avow creates a stream that the process
 * value owns; see avow_process_stream(). On POSIX the child gets a pipe, which
 * it can open by names such as /dev/stdin. If the pipe has both directions, the
 * child gets a pair of sockets instead. The program still owns the streams that
 * it passes in `options`. libuv may open sockets on them, so the program must
 * close them even if the promise rejects.
 *
 * When the last reference to the process value is released, or the loop is
 * closed, the process is killed with SIGKILL and reaped in the background. A
 * process with UV_PROCESS_DETACHED continues to run.
 *
 * @settles OBJECT process, within the call
 * @rejects UV_ENOENT if `file` or the directory `cwd` does not exist
 * @rejects UV_EACCES if `file` is not executable
 * @rejects UV_EINVAL if `options`, its `file` or its `args` is NULL
 * @rejects as uv_spawn() fails
 * @cancel  Has no effect: the promise has settled.
 * @see     uv_spawn()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_spawn(
    uv_loop_t *loop, const uv_process_options_t *options);

/** The exit status of a process. */
typedef struct avow_exit_s {
  int64_t status; /* exit status; 0 if a signal ended the process */
  int signal;     /* signal that ended the process; 0 for none */
} avow_exit_t;

/**
 * Waits for the end of `process`.
 *
 * The last output of the process may arrive later: read its pipes to their end.
 *
 * @settles OBJECT exit; see avow_to_exit()
 * @cancel  Rejects the promise. The process goes on.
 * @see     uv_spawn()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_process_wait(
    const avow_value_t *process);

/**
 * Gets the exit status in a result of avow_process_wait().
 *
 * @returns the exit status; valid until the last reference to `v` is released
 */
AVOW_API const avow_exit_t *avow_to_exit(const avow_value_t *v);

/**
 * Gets the program's end of pipe `i` of `process`; 0 is standard input.
 *
 * avow_shutdown() or avow_close() of stream 0 ends the input of the process.
 * The stream closes when the result and the process value are both released.
 *
 * @returns OBJECT stream, see avow_to_stream(); NONE if avow_spawn() created no
 *          pipe `i`
 */
AVOW_API avow_value_t avow_process_stream(const avow_value_t *process,
                                          size_t i);

/**
 * Sends `signal` to `process`.
 *
 * If another process gets the process ID later, the call does not signal that
 * process. Signal 0 only checks whether the loop has reaped the process.
 *
 * @returns 0 if the signal was sent, or if the process has ended but the loop
 *          has not reaped it yet
 * @error   UV_ESRCH if the loop has reaped the process
 * @error   UV_EINVAL if the signal is unknown
 * @platform Windows: SIGTERM, SIGKILL, SIGINT and SIGQUIT end the process.
 * @see     uv_process_kill()
 */
AVOW_API int avow_process_kill(const avow_value_t *process, int signal);

/**
 * Gets the process ID of `process`.
 *
 * After the end of the process another process may have this ID.
 *
 * @see     uv_process_get_pid()
 */
AVOW_API uv_pid_t avow_process_pid(const avow_value_t *process);

/**
 * Receives the signal `signum` from now on.
 *
 * The channel stops when it is closed or its last reference is released. It
 * keeps the loop alive only while a receiver waits. Use avow_channel_first()
 * for one signal. A signal that arrives several times before it is received
 * becomes one item.
 *
 * libuv queues the signals of a loop in a pipe until the loop polls. While the
 * pipe is full, which takes thousands of signals, further signals are lost. A
 * signal that all threads block never arrives.
 *
 * When the last watcher of the signal in the process stops, libuv sets the
 * default action, even if the program ignored or handled the signal before. A
 * program that needs SIGPIPE ignored must then call signal() again.
 *
 * Do not watch SIGSEGV, SIGBUS, SIGFPE or SIGILL: a process with such a fault
 * hangs instead of ending.
 *
 * @items   INT, `signum`
 * @fails   UV_EINVAL if the signal cannot be caught
 * @see     uv_signal_start(), uv_signal_start_oneshot()
 */
AVOW_API AVOW_MUST_USE avow_channel_t *avow_signals(uv_loop_t *loop,
                                                    int signum);

AVOW_HEADER_END

#endif
