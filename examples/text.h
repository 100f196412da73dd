/* SPDX-License-Identifier: MIT */
/* Prints text from other sources safely on a terminal. */
#ifndef TEXT_H
#define TEXT_H

#include <limits.h>
#include <stdio.h>

enum { TEXT_WHOLE = INT_MAX };

/* The number of columns that the printed text takes. */
int text_columns(const char *text);

/* Prints at most `columns` columns. Longer text ends in "…". Characters that
   are not printable, and invalid UTF-8, are escaped as in C, so that the text
   cannot control the terminal. Returns the number of columns. */
int text_print(FILE *to, const char *text, int columns);

#endif
