/* SPDX-License-Identifier: MIT */
/* The abilities of the terminal that shows the output. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Returns whether `to` is a terminal with cursor movement and colors. */
bool terminal_obeys(FILE *to);

/* The columns of standard output. INT_MAX if it is not a terminal, because
   files and pipes take lines of any length. */
int terminal_columns(void);

/* The number of visible lines. */
size_t terminal_lines(void);

/* Shows a line of progress on stderr, if that is a terminal and the line
   fits. */
void progress_show(size_t done, size_t n);
void progress_erase(void);

#endif
