/* SPDX-License-Identifier: MIT */
/* Tables of a name, of what we say of it, and of what came from elsewhere. No
   line is wider than the terminal. */
#ifndef TABLE_H
#define TABLE_H

typedef struct {
  int room; /* columns of a line */
  int name; /* of the names */
} table_t;

/* Between the widest name and what comes last there are so many columns. */
table_t table_of(int widest_name, int middle);

/* The larger of that and what the name takes. */
int table_wider(int widest, const char *name);

/* The colour may be "", and so may the last. */
void table_line(table_t table, const char *name, const char *colour,
                const char *middle, const char *last);

#endif
