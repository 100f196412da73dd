#include "table.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct {
  int name;
  int bytes;
} widths_t;

static const struct {
  const char *text;
  const char *colour;
} states[] = {
  [PENDING] = { "pending", "" },
  [FULFILLED] = { "fulfilled", "\033[32m" },
  [REJECTED] = { "rejected", "\033[31m" },
  [CANCELLED] = { "cancelled", "\033[33m" },
};

double row_ms(const row_t *row) {
  return (double) (row->end - row->begin) / 1e6;
}

static bool has_colours(void) {
  return isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
}

/* How wide UTF-8 stands on a terminal: bytes that continue one add nothing. */
static int columns(const char *text) {
  int n = 0;
  for (; *text != '\0'; text++)
    n += (*text & 0xc0) != 0x80;
  return n;
}

static int larger(int a, int b) {
  return a > b ? a : b;
}

static widths_t measure(const row_t rows[], size_t n) {
  widths_t widths = { .name = columns("target"), .bytes = 1 };
  for (size_t i = 0; i < n; i++) {
    widths.name = larger(widths.name, columns(rows[i].name));
    widths.bytes =
        larger(widths.bytes, snprintf(NULL, 0, "%zu", rows[i].bytes));
  }
  return widths;
}

static void print_row(const row_t *row, widths_t widths) {
  const bool colours = has_colours();
  printf("%s%*s  %s%-9s%s  %8.1f  ", row->name,
         widths.name - columns(row->name), "",
         colours ? states[row->state].colour : "", states[row->state].text,
         colours ? "\033[0m" : "", row_ms(row));
  if (row->state == FULFILLED)
    printf("HTTP %d, %*zu bytes", row->status, widths.bytes, row->bytes);
  else
    printf("%s", row->reason);
  if (row->attempts > 1)
    printf(" (%u attempts)", row->attempts);
  printf("\n");
}

void table_print(const row_t rows[], size_t n) {
  const widths_t widths = measure(rows, n);
  printf("%-*s  %-9s  %8s  %s\n", widths.name, "target", "outcome", "ms",
         "answer or reason");
  for (size_t i = 0; i < n; i++)
    print_row(&rows[i], widths);
}

void progress_show(size_t done, size_t n) {
  if (isatty(STDERR_FILENO))
    fprintf(stderr, "\r%zu/%zu done ...", done, n);
}

void progress_erase(void) {
  if (isatty(STDERR_FILENO))
    fprintf(stderr, "\r\033[K");
}
