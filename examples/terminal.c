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

/* What the user says, what the terminal says, or what they mostly have. */
static int size(const char *variable, int measured, int usual) {
  const char *text = getenv(variable);
  const long n = text != NULL ? strtol(text, NULL, 10) : 0;
  if (n > 0 && n < INT_MAX)
    return (int) n;
  return measured > 0 ? measured : usual;
}

int terminal_columns(void) {
  struct winsize window = { .ws_col = 0 };
  if (!isatty(STDOUT_FILENO))
    return INT_MAX;
  (void) ioctl(STDOUT_FILENO, TIOCGWINSZ, &window); /* or it stays 0 */
  return size("COLUMNS", window.ws_col, 80);
}

size_t terminal_lines(void) {
  struct winsize window = { .ws_row = 0 };
  (void) ioctl(STDOUT_FILENO, TIOCGWINSZ, &window); /* or it stays 0 */
  return (size_t) size("LINES", window.ws_row, 24);
}

void progress_show(size_t done, size_t n) {
  if (terminal_obeys(stderr))
    fprintf(stderr, "\r%zu/%zu done ...", done, n);
}

void progress_erase(void) {
  if (terminal_obeys(stderr))
    fprintf(stderr, "\r\033[K");
}
