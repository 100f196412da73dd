/* SPDX-License-Identifier: MIT */
/*
 * Commands: processes with their output. avow_command() runs a command to its
 * end. avow_command_start() starts a command and gives the program its streams.
 *
 * The program must fulfill the conditions of process.h: libuv reaps the child
 * processes, and the descriptors 0 to 2 are open.
 *
 * On POSIX the standard streams of a command are pipes, so it can open them as
 * /dev/stdin, /dev/stdout and /dev/stderr.
 *
 * A command starts with the default action of each signal below 32, and with no
 * signal blocked. It inherits the umask, the limits, and all descriptors that
 * were opened without O_CLOEXEC. A standard stream that it inherits changes to
 * blocking mode, also in this process. Do not use avow_open_stream() on such a
 * stream while the command runs.
 */
#ifndef AVOW_COMMAND_H
#define AVOW_COMMAND_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** The standard streams that a command shares with this process. */
enum {
  AVOW_INHERIT_IN = 1,
  AVOW_INHERIT_OUT = 2,
  AVOW_INHERIT_ERR = 4,
  AVOW_INHERIT_ALL = 7
};

/**
 * A command to start; 0 or NULL in a field is its default.
 *
 * The caller may change or free it after the call.
 */
typedef struct avow_command_s {
  const char *const *args; /* required; the program and its arguments, then
                              NULL. If the program contains a slash, it is a
                              path, relative to `cwd`. Otherwise it is searched
                              for in the PATH of `env` */
  const char *const *env;  /* strings "NAME=value", then NULL; default: the
                              environment of this process */
  const char *cwd;         /* default: the directory of this process */
  size_t out_max_bytes;    /* limit of standard output; 0: 16 MiB */
  size_t err_max_bytes;    /* limit of standard error; 0: 16 MiB */
  uint64_t timeout;        /* ms that the command may run; 0: no limit */
  uint64_t grace;          /* ms from SIGTERM to SIGKILL; 0: 5000 */
  unsigned inherits;       /* AVOW_INHERIT_…, combined with |; 0: none */
  bool group;              /* whether to make a process group; POSIX only */
  uint64_t reserved[4];    /* must be 0; for later versions */
} avow_command_t;

/** The end of a command, and its output. */
typedef struct avow_output_s {
  int64_t status;   /* exit status; also 0 if a signal ended the process */
  int signal;       /* signal that ended the process; 0: none */
  avow_value_t out; /* BYTES: standard output; empty if it is inherited */
  avow_value_t err; /* BYTES: standard error; empty if it is inherited */
} avow_output_t;

/**
 * Runs a command to its end and captures its output.
 *
 * `input` is BYTES, or NONE for an empty input. Input that the command does not
 * read is dropped. If standard input is inherited, `input` must be NONE. Output
 * that is inherited is not captured.
 *
 * The promise settles when the process has ended and its output has ended. If
 * the process leaves other processes behind, the output ends when they have
 * closed it, too. The promise fulfills with any exit status and any signal.
 *
 * When a limit is exceeded, or when input or output fails, the process gets
 * SIGTERM, and SIGKILL after `grace`. When the process has ended, the promise
 * rejects. The cause of the error is the output so far, see avow_to_output().
 * Processes that the command started get no signal unless `group` is set.
 *
 * With `group`, all processes of the group get SIGTERM. These are the processes
 * that the command started, unless they have left the group. Those that still
 * run get SIGKILL when the process and its output have ended, at the latest
 * after `grace`. A process that a shell of the group starts at that moment may
 * miss SIGTERM. The group is a session (setsid(2)), which Ctrl-C does not
 * reach. A program that ends on Ctrl-C must cancel its commands first.
 * Otherwise they continue.
 *
 * libuv can raise SIGPIPE when it writes input. If SIGPIPE has its default
 * action, the first command with input makes the program ignore SIGPIPE.
 *
 * @settles OBJECT output, see avow_to_output()
 * @rejects UV_EINVAL if `args` is NULL or empty
 * @rejects UV_EINVAL if `input` is neither BYTES nor NONE, or standard input is
 *          inherited and `input` is not NONE
 * @rejects UV_EINVAL if `inherits` has an unknown bit, or a reserved field is
 *          not 0
 * @rejects UV_ENOENT if the program or `cwd` is not found
 * @rejects as uv_spawn() fails
 * @rejects UV_ENOTSUP if `group` is set on Windows
 * @rejects UV_ETIMEDOUT if the command runs longer than `timeout`; see
 *          avow_is_timeout()
 * @rejects UV_EMSGSIZE if the output exceeds a limit
 * @rejects with the error of the input or the output if that fails
 * @rejects with the code of `input` if that is an error
 * @cancel  Rejects at once. In the background, the process gets SIGTERM, and
 *          SIGKILL after `grace`. avow_loop_close() waits for its end.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_command(
    uv_loop_t *loop, const avow_command_t *command, avow_value_t input);

/**
 * Starts a command as a process with pipes for its standard streams.
 *
 * avow_process_stream() gives this program's end of a pipe: 0 for the input, 1
 * for the output, 2 for the errors, unless the stream is inherited. The value
 * works with avow_process_wait() and the other functions of process.h. The
 * process is killed when the last reference is released or the loop closes.
 *
 * With `group`, the whole group is killed with the process, and
 * avow_process_kill() sends the signal to the group. If the process ends by
 * itself, the other processes of the group continue.
 *
 * @settles OBJECT process, see process.h; settled when the call returns
 * @rejects as avow_spawn() rejects
 * @rejects UV_EINVAL if `args` is NULL or empty
 * @rejects UV_EINVAL if `out_max_bytes`, `err_max_bytes`, `timeout` or `grace`
 *          is not 0, because only avow_command() has these options
 * @rejects UV_EINVAL if `inherits` has an unknown bit, or a reserved field is
 *          not 0
 * @rejects UV_ENOTSUP if `group` is set on Windows
 * @cancel  Has no effect, because the promise has settled.
 * @see     uv_spawn()
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_command_start(
    uv_loop_t *loop, const avow_command_t *command);

/**
 * Reads the value of avow_command(), or the cause of its failure.
 *
 * @returns the output, valid until `v` is released; NULL for any other value,
 *          which is misuse
 */
AVOW_API const avow_output_t *avow_to_output(const avow_value_t *v);

AVOW_HEADER_END

#endif
