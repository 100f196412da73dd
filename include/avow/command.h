/* SPDX-License-Identifier: MIT */
/*
 * Commands: processes that run to their end, with what they say, or that say it
 * while they run. process.h says what they ask of the program: its children are
 * libuv's to reap, and its descriptors 0 to 2 are open. Their standard streams
 * are pipes on POSIX, so they can be opened as /dev/stdin, /dev/stdout and
 * /dev/stderr.
 *
 * Commands and processes start with the default action of each signal below 32,
 * and with no signal blocked. They inherit the umask, the limits, and all
 * descriptors that were opened without O_CLOEXEC. A standard stream that they
 * inherit blocks again, also here: do not have a stream of avow_open_stream()
 * on it meanwhile.
 */
#ifndef AVOW_COMMAND_H
#define AVOW_COMMAND_H

#include "avow/promise.h"

AVOW_HEADER_BEGIN

/** Standard streams of a command that are this process's own. */
enum {
  AVOW_INHERIT_IN = 1,
  AVOW_INHERIT_OUT = 2,
  AVOW_INHERIT_ERR = 4,
  AVOW_INHERIT_ALL = 7
};

/**
 * Zero in a field stands for its default. All of it is copied or used at once.
 */
typedef struct avow_command_s {
  const char *const *args; /* ends with NULL; the first is the program. A name
                              with a slash is looked up in cwd, another one in
                              the PATH of env */
  const char *const *env;  /* "NAME=value" …, NULL: this process's own */
  const char *cwd;         /* this process's own */
  size_t out_max_bytes;    /* of standard output; 16 MiB */
  size_t err_max_bytes;    /* of standard error; 16 MiB */
  uint64_t timeout;        /* in milliseconds, as avow_timeout(); none */
  uint64_t grace;          /* from SIGTERM to SIGKILL, likewise; 5000 */
  unsigned inherits;       /* AVOW_INHERIT_…, several with |; none */
  bool group;              /* of its own, see below; UV_ENOTSUP on Windows */
  uint64_t reserved[4];    /* zeros, else UV_EINVAL: for later versions */
} avow_command_t;

/** How a command ended, and what it had said. */
typedef struct avow_output_s {
  int64_t status;   /* of its end: 0 is success, or a signal was it */
  int signal;       /* that ended it, or 0 */
  avow_value_t out; /* BYTES: standard output */
  avow_value_t err; /* BYTES: standard error */
} avow_output_t;

/**
 * OBJECT: see avow_to_output(); any status and any signal fulfils. Settles when
 * the process has ended and nobody holds its output open any more, be it a
 * process that it left behind. Takes the input, BYTES, or none for an empty
 * one; what the command does not read of it is dropped. Where a stream is
 * inherited there is no output, and must be no input.
 *
 * UV_EINVAL without args, and for other input. UV_ENOENT and such if it cannot
 * be started. UV_ETIMEDOUT, and UV_EMSGSIZE for output beyond max_bytes, or
 * what else keeps its input or output from passing: then it gets SIGTERM, after
 * the grace SIGKILL, and this rejects when the process is gone, with the output
 * that there is as the cause. Cancelling rejects at once and ends it likewise,
 * in the background; avow_loop_close() waits for that. Only the process itself
 * is ended, not what it started.
 *
 * In a group of its own all that it started is ended with it, unless that
 * leaves the group: all get the SIGTERM, and who is left the SIGKILL, once the
 * process and its output have ended or the grace is over. A process that a
 * shell of the group starts at that moment may miss the SIGTERM. The group is a
 * session (setsid), which Ctrl-C does not reach: a program that it ends has to
 * cancel its commands first, or leaves them behind.
 *
 * libuv writes input without saying no to SIGPIPE: if that would end the
 * program, the first command with input has it ignored from then on.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_command(
    uv_loop_t *loop, const avow_command_t *command, avow_value_t input);

/**
 * OBJECT: the command as a process that runs (uv_spawn), with a pipe for each
 * stream that is not inherited: avow_process_stream() gives our end of its
 * input, 0, its output, 1, and its errors, 2, to be read as they come.
 * avow_process_wait() says how it ended. Rejects as avow_spawn(), and with
 * UV_EINVAL for limits of size or time, which are avow_command()'s. It is
 * killed with its last reference and when the loop is closed, as those of
 * avow_spawn() are. A group of its own is killed with it, and is whom
 * avow_process_kill() reaches; what it leaves behind when it ends goes on.
 * Settles within the call: cancelling is too late.
 */
AVOW_API AVOW_MUST_USE avow_promise_t *avow_command_start(
    uv_loop_t *loop, const avow_command_t *command);

/** What a command gave, or the cause of its failure; the value keeps it. */
AVOW_API const avow_output_t *avow_to_output(const avow_value_t *v);

AVOW_HEADER_END

#endif
