/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_obeys(FILE *to) {
  const char *kind = getenv("TERM");
  return isatty(fileno(to)) && kind != NULL && strcmp(kind, "dumb") != 0;
}

/* The size that the user has set, otherwise the measured size, otherwise the
   usual one. */
static int size(const char *variable, int measured, int usual) {
  const char *text = getenv(variable);
  const long n = text != NULL ? strtol(text, NULL, 10) : 0;
  if (n > 0 && n < INT_MAX)
    return (int) n;
  return measured > 0 ? measured : usual;
}

static int columns_of(int terminal) {
  struct winsize window = { .ws_col = 0 };
  (void) ioctl(terminal, TIOCGWINSZ, &window); /* on failure it stays 0 */
  return size("COLUMNS", window.ws_col, 80);
}

int terminal_columns(void) {
  return isatty(STDOUT_FILENO) ? columns_of(STDOUT_FILENO) : INT_MAX;
}

size_t terminal_lines(void) {
  struct winsize window = { .ws_row = 0 };
  (void) ioctl(STDOUT_FILENO, TIOCGWINSZ, &window); /* on failure it stays 0 */
  return (size_t) size("LINES", window.ws_row, 24);
}

/* Shows the progress only if it fits in one line, because progress_erase()
   erases one line. */
void progress_show(size_t done, size_t n) {
  char line[64];
  const int len = snprintf(line, sizeof(line), "%zu/%zu done ...", done, n);
  if (terminal_obeys(stderr) && len < columns_of(STDERR_FILENO))
    fprintf(stderr, "\r%s", line);
}

void progress_erase(void) {
  if (terminal_obeys(stderr))
    fprintf(stderr, "\r\033[K");
}
