/* SPDX-License-Identifier: MIT */
/* The messages of avow. */
#ifndef AVOW_LOG_PRIVATE_H
#define AVOW_LOG_PRIVATE_H

#include <stdio.h>

#include "avow/log.h"

/* Prints "avow: ", the text and a newline. */
void avow__log(const char *format, ...) AVOW_PRINTF(1, 2);

/* Prints the lines that `print` writes to a file. */
void avow__log_lines(void (*print)(FILE *out, void *data), void *data);

#endif
