/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "terminal.h"
#include "text.h"

enum { GAP = 2 };

/* A long name leaves half of the columns to the last field. */
table_t table_of(int widest_name, int middle) {
  table_t table = { .room = terminal_columns(), .name = widest_name };
  const int half = (table.room - middle - 2 * GAP) / 2;
  if (table.name > half)
    table.name = half > 4 ? half : 4;
  return table;
}

int table_wider(int widest, const char *name) {
  const int columns = text_columns(name);
  return columns > widest ? columns : widest;
}

/* Prints the text into the columns that are left, and returns how many
   remain. */
static int print(const char *text, int room) {
  return room - text_print(stdout, text, room);
}

static int blanks(int n, int room) {
  n = n < room ? n : room;
  printf("%*s", n > 0 ? n : 0, "");
  return room - n;
}

void table_line(table_t table, const char *name, const char *color,
                const char *middle, const char *last) {
  const bool colored =
      *color != '\0' && terminal_obeys(stdout) && getenv("NO_COLOR") == NULL;
  int room = table.room;
  const int taken =
      text_print(stdout, name, table.name < room ? table.name : room);
  room = blanks(table.name + GAP - taken, room - taken);
  printf("%s", colored ? color : "");
  room = print(middle, room);
  printf("%s", colored ? "\033[0m" : "");
  if (*last != '\0')
    (void) print(last, blanks(GAP, room));
  printf("\n");
}
