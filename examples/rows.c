/* SPDX-License-Identifier: MIT */
#include "rows.h"

#include <stdio.h>

#include "table.h"

static const struct {
  const char *text;
  const char *color;
} states[] = {
  [PENDING] = { "pending", "" },
  [FULFILLED] = { "fulfilled", "\033[32m" },
  [REJECTED] = { "rejected", "\033[31m" },
  [CANCELED] = { "canceled", "\033[33m" },
};

double row_ms(const row_t *row) {
  return (double) (row->end - row->begin) / 1e6;
}

/* The width of the largest number of bytes. */
static int digits(const row_t rows[], size_t n) {
  int most = 1;
  for (size_t i = 0; i < n; i++) {
    const int len = snprintf(NULL, 0, "%zu", rows[i].bytes);
    most = len > most ? len : most;
  }
  return most;
}

static void print_row(table_t table, const row_t *row, int digits) {
  char middle[64], answer[64], last[sizeof(row->reason) + 32];
  (void) snprintf(middle, sizeof(middle), "%-9s  %8.1f",
                  states[row->state].text, row_ms(row));
  (void) snprintf(answer, sizeof(answer), "HTTP %d, %*zu bytes", row->status,
                  digits, row->bytes);
  const char *what = row->state == FULFILLED ? answer : row->reason;
  if (row->attempts > 1)
    (void) snprintf(last, sizeof(last), "%s (%u attempts)", what,
                    row->attempts);
  table_line(table, row->name, states[row->state].color, middle,
             row->attempts > 1 ? last : what);
}

void rows_print(const row_t rows[], size_t n) {
  static const char head[] = "outcome          ms";
  int widest = table_wider(0, "target");
  for (size_t i = 0; i < n; i++)
    widest = table_wider(widest, rows[i].name);
  const table_t table = table_of(widest, (int) sizeof(head) - 1);
  const int most = digits(rows, n);
  table_line(table, "target", "", head, "answer or reason");
  for (size_t i = 0; i < n; i++)
    print_row(table, &rows[i], most);
}
