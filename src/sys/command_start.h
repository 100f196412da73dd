/* SPDX-License-Identifier: MIT */
/* What is asked of libuv for a command. */
#ifndef AVOW_COMMAND_START_H
#define AVOW_COMMAND_START_H

#include <stdbool.h>

#include "avow/command.h"

enum { AVOW__STANDARD_STREAMS = 3 };

/* 0 if it says what to run, and nothing else that cannot be. */
int avow__command_check(const avow_command_t *what);

/* Options that hold as long as both arguments do. What is not inherited is to
   be a pipe, without a stream yet. */
uv_process_options_t avow__command_options(
    const avow_command_t *what,
    uv_stdio_container_t stdio[AVOW__STANDARD_STREAMS]);

#endif
