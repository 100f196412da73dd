/* SPDX-License-Identifier: MIT */
/* The libuv options of a command, and commands that run as processes while the
   program communicates with them. */
#include "sys/command_start.h"

#include "base/misuse.h"
#include "base/options_check.h"
#include "uv/op.h"
#include "uv/process.h"

int avow__command_check(const avow_command_t *what) {
  const int reserved = AVOW__RESERVED(what);
  if (what == NULL)
    avow__misuse_of_null("command");
  if (what == NULL || what->args == NULL || what->args[0] == NULL ||
      what->inherits > AVOW_INHERIT_ALL)
    return UV_EINVAL;
#ifdef _WIN32
  if (what->group)
    return UV_ENOTSUP;
#endif
  return reserved;
}

/* The cast is safe, because libuv only reads the strings. */
static char **strings(const char *const *from) {
  const union {
    const char *const *from;
    char **to;
  } same = { .from = from };
  return same.to;
}

/* The directions are those of the process: it reads from the first stream and
   writes to the others. */
static uv_stdio_container_t stream_of_command(const avow_command_t *what,
                                              int i) {
  if ((what->inherits >> i & 1) != 0)
    return (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = i };
  return (uv_stdio_container_t){
    .flags = UV_CREATE_PIPE | (i == 0 ? UV_READABLE_PIPE : UV_WRITABLE_PIPE)
  };
}

uv_process_options_t avow__command_options(
    const avow_command_t *what,
    uv_stdio_container_t stdio[AVOW__STANDARD_STREAMS]) {
  for (int i = 0; i < AVOW__STANDARD_STREAMS; i++)
    stdio[i] = stream_of_command(what, i);
  return (uv_process_options_t){
    .file = what->args[0],
    .args = strings(what->args),
    .env = strings(what->env),
    .cwd = what->cwd,
    .flags = UV_PROCESS_WINDOWS_HIDE,
    .stdio_count = AVOW__STANDARD_STREAMS,
    .stdio = stdio,
  };
}

/* Whether the command has limits, which apply only to avow_command(). */
static bool has_limits(const avow_command_t *what) {
  return what->out_max_bytes != 0 || what->err_max_bytes != 0 ||
         what->timeout != 0 || what->grace != 0;
}

avow_promise_t *avow_command_start(uv_loop_t *loop,
                                   const avow_command_t *what) {
  avow__check_ready(loop);
  avow__check_given(what, "command");
  uv_stdio_container_t stdio[AVOW__STANDARD_STREAMS];
  int err = avow__command_check(what);
  if (err == 0 && has_limits(what))
    err = UV_EINVAL;
  if (err != 0)
    return avow__refuse(loop, err, "spawn", NULL);
  const uv_process_options_t options = avow__command_options(what, stdio);
  return avow__process_spawn(loop, &options, what->group);
}
