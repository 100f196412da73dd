/* SPDX-License-Identifier: MIT */
/* Text that came from elsewhere, as it may stand on a terminal. */
#ifndef TEXT_H
#define TEXT_H

#include <limits.h>
#include <stdio.h>

enum { TEXT_WHOLE = INT_MAX };

/* How many columns it takes as it is printed. */
int text_columns(const char *text);

/* Prints it in so many columns at most: where it does not fit it ends in "…".
   What is no character to be seen, or no UTF-8, is escaped as in C: nobody else
   gives orders to our terminal. How many columns it took. */
int text_print(FILE *to, const char *text, int columns);

#endif
