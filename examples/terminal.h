/* SPDX-License-Identifier: MIT */
/* What can be shown where the output goes. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Whether that is a terminal which moves its cursor and has colours. */
bool terminal_obeys(FILE *to);

/* The columns of standard output; without end if it is no terminal: whoever
   reads a file or a pipe wants all. */
int terminal_columns(void);

/* The lines that are seen at once. */
size_t terminal_lines(void);

/* A line of progress on stderr, if that is a terminal which it fits on. */
void progress_show(size_t done, size_t n);
void progress_erase(void);

#endif
