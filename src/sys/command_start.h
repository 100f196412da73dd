/* SPDX-License-Identifier: MIT */
/* The libuv options of a command. */
#ifndef AVOW_COMMAND_START_H
#define AVOW_COMMAND_START_H

#include <stdbool.h>

#include "avow/command.h"

enum { AVOW__STANDARD_STREAMS = 3 };

/* Returns 0 if the command is valid, or a code. */
int avow__command_check(const avow_command_t *what);

/* Returns options that are valid as long as both arguments. Streams that are
   not inherited become pipes, and their `stream` is not set yet. */
uv_process_options_t avow__command_options(
    const avow_command_t *what,
    uv_stdio_container_t stdio[AVOW__STANDARD_STREAMS]);

#endif
