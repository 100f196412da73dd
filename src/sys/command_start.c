/* SPDX-License-Identifier: MIT */
/* Commands that a program talks to while they run: as processes. */
#include "avow/command.h"
#include "sys/command_options.h"
#include "uv/op.h"
#include "uv/process.h"

/* These are of commands that run to their end by themselves. */
static bool has_limits(const avow_command_t *what) {
  return what->out_max_bytes != 0 || what->err_max_bytes != 0 ||
         what->timeout != 0 || what->grace != 0;
}

avow_promise_t *avow_command_start(uv_loop_t *loop,
                                   const avow_command_t *what) {
  uv_stdio_container_t stdio[AVOW__STANDARD_STREAMS];
  int err = avow__command_check(what);
  if (err == 0 && has_limits(what))
    err = UV_EINVAL;
  if (err != 0)
    return avow__refuse(loop, err, "spawn", NULL);
  const uv_process_options_t options = avow__command_options(what, stdio);
  return avow__process_spawn(loop, &options, what->group);
}
