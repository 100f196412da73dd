/* SPDX-License-Identifier: MIT */
/*
 * Commands: processes with their output. avow_command() runs one to its end;
 * avow_command_start() starts one that the program communicates with.
 *
 * The program must fulfill the conditions that process.h describes: libuv reaps
 * its children, and its descriptors 0 to 2 are open.
 *
 * On POSIX the standard streams of a command are pipes, so it can open them as
 * /dev/stdin, /dev/stdout and /dev/stderr.
 *
 * Commands and processes start with the default action of each signal below 32,
 * and with no signal blocked. They inherit the umask, the limits, and all
 * descriptors that were opened without O_CLOEXEC. A standard stream that they
 * inherit changes to blocking mode, also in this process: do not use
 * avow_open_stream() on it meanwhile.
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
 * The call copies or uses all of it before it returns.
 */
typedef struct avow_command_s {
  const char *const *args; /* required; ends with NULL, the first is the
                              program. A name with a slash is looked up in
                              `cwd`, another one in the PATH of `env` */
  const char *const *env;  /* "NAME=value" …, NULL at the end; default: the
                              environment of this process */
  const char *cwd;         /* default: the directory of this process */
  size_t out_max_bytes;    /* limit of standard output; 0: 16 MiB */
  size_t err_max_bytes;    /* limit of standard error; 0: 16 MiB */
  uint64_t timeout;        /* in ms, as of avow_timeout(); 0: no limit */
  uint64_t grace;          /* ms from SIGTERM to SIGKILL; 0: 5000 */
  unsigned inherits;       /* AVOW_INHERIT_…, combined with |; 0: none */
  bool group;              /* in a process group of its own; POSIX only */
  uint64_t reserved[4];    /* must be 0; for later versions */
} avow_command_t;

/** The end of a command, and its output. */
typedef struct avow_output_s {
  int64_t status;   /* exit status; 0 is success, or the end by a signal */
  int signal;       /* signal that ended the process; 0: none */
  avow_value_t out; /* BYTES: standard output; empty if it is inherited */
  avow_value_t err; /* BYTES: standard error; empty if it is inherited */
} avow_output_t;

/**
 * Runs a command to its end and captures its output.
 *
 * `input` is BYTES, or NONE for an empty input. Input that the command does not
 * read is dropped. A stream that is inherited has no output, and must have no
 * input. Any status and any signal fulfills the promise.
 *
 * The promise settles when the process has ended and all writers of its output
 * have closed it, also processes that it left behind. When a limit is exceeded,
 * or input or output fails, the process gets SIGTERM, and SIGKILL after
 * `grace`. The promise then rejects when the process has ended. The cause of
 * the error is the output so far, see avow_to_output(). Only the process itself
 * is ended, not the processes that it started.
 *
 * With `group`, all processes that it started are ended with it, unless they
 * leave the group. They get SIGTERM. Processes that are left get SIGKILL when
 * the process and its output have ended, or when `grace` is over. A process
 * that a shell of the group starts at that moment may miss SIGTERM. The group
 * is a session (setsid(2)), which Ctrl-C does not reach. A program that ends on
 * Ctrl-C must cancel its commands first, or it leaves them behind.
 *
 * libuv can raise SIGPIPE when it writes input. If that would end the program,
 * the first command with input sets SIGPIPE to be ignored from then on.
 *
 * @settles OBJECT output, see avow_to_output()
 * @rejects UV_EINVAL if `args` is NULL or empty
 * @rejects UV_EINVAL if `input` is neither BYTES nor NONE, or standard input is
 *          inherited and `input` is not NONE
 * @rejects UV_EINVAL if `inherits` is unknown, or a reserved field is not 0
 * @rejects UV_ENOENT if the program or `cwd` is not found
 * @rejects as uv_spawn() fails
 * @rejects UV_ENOTSUP if `group` is set on Windows
 * @rejects UV_ETIMEDOUT if it runs longer than `timeout`; see avow_is_timeout()
 * @rejects UV_EMSGSIZE if its output exceeds a limit
 * @rejects with the error of its input or output if that fails
 * @rejects with the code of `input` if that is an error
 * @cancel  Rejects at once. The process gets SIGTERM, and SIGKILL after
 *          `grace`, in the background; avow_loop_close() waits for that.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_command(
    uv_loop_t *loop, const avow_command_t *command, avow_value_t input);

/**
 * Starts a command as a process with pipes for its standard streams.
 *
 * avow_process_stream() gives the end of this process: 0 for the input, 1 for
 * the output, 2 for the errors, unless the stream is inherited.
 * avow_process_wait() waits for the end. The release of the last reference and
 * the close of the loop kill the process, as for avow_spawn().
 *
 * With `group`, the group is killed with the process, and avow_process_kill()
 * sends the signal to the group. Processes that the process leaves behind when
 * it ends go on.
 *
 * @settles OBJECT process, see process.h; settles within the call
 * @rejects as avow_spawn() rejects
 * @rejects UV_EINVAL if `args` is NULL or empty
 * @rejects UV_EINVAL if `out_max_bytes`, `err_max_bytes`, `timeout` or `grace`
 *          is not 0; they are options of avow_command()
 * @rejects UV_EINVAL if `inherits` is unknown, or a reserved field is not 0
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
