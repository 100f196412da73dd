/* SPDX-License-Identifier: MIT */
/* Tables with three fields: a name, the program's own text, and text from
   another source. No line is wider than the terminal. */
#ifndef TABLE_H
#define TABLE_H

typedef struct {
  int room; /* columns of a line */
  int name; /* columns of the names */
} table_t;

/* `middle` is the number of columns between the widest name and the last
   field. */
table_t table_of(int widest_name, int middle);

/* Returns the larger of `widest` and the columns of the name. */
int table_wider(int widest, const char *name);

/* `color` and `last` may be "". */
void table_line(table_t table, const char *name, const char *color,
                const char *middle, const char *last);

#endif
