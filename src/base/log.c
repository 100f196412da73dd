/* SPDX-License-Identifier: MIT */
/* The messages of avow, and the functions of the program that receive them. */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { LOG_LINE = 512 };

static _Atomic(avow_log_cb) log_cb;
static _Atomic(void *) log_data;
static _Atomic(avow_misuse_cb) misuse_cb;
static _Atomic(void *) misuse_data;

void avow_set_log(avow_log_cb cb, void *data) {
  atomic_store(&log_data, data);
  atomic_store(&log_cb, cb);
}

void avow_set_misuse(avow_misuse_cb cb, void *data) {
  atomic_store(&misuse_data, data);
  atomic_store(&misuse_cb, cb);
}

static void log_line(const char *line) {
  const avow_log_cb cb = atomic_load(&log_cb);
  if (cb != NULL)
    cb(line, atomic_load(&log_data));
  else
    (void) fprintf(stderr, "%s\n", line); /* a failure cannot be reported */
}

/* Texts of peers must not look like further lines. */
static void keep_on_one_line(char *line) {
  for (; *line != '\0'; line++)
    if (*line == '\n' || *line == '\r')
      *line = ' ';
}

static char *format_line(char *line, size_t size, const char *format,
                         va_list args) {
  const int start = snprintf(line, size, "avow: ");
  (void) vsnprintf(line + start, size - (size_t) start, format, args);
  keep_on_one_line(line);
  return line;
}

/* A line that is too long for the stack is cut if memory is short. */
void avow__log(const char *format, ...) {
  char line[LOG_LINE];
  va_list args;
  va_start(args, format);
  const int len = vsnprintf(NULL, 0, format, args);
  va_end(args);
  const size_t size = sizeof("avow: ") + (len > 0 ? (size_t) len : 0);
  char *more = size > sizeof(line) ? avow_malloc(size) : NULL;
  va_start(args, format);
  log_line(format_line(more != NULL ? more : line,
                       more != NULL ? size : sizeof(line), format, args));
  va_end(args);
  avow_free(more);
}

/* Copies the lines through a file, because each goes to the program by
   itself. */
static void log_copy(FILE *from) {
  char line[LOG_LINE];
  rewind(from);
  while (fgets(line, sizeof(line), from) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    log_line(line);
  }
}

void avow__log_lines(void (*print)(FILE *out, void *data), void *data) {
  FILE *file = atomic_load(&log_cb) != NULL ? tmpfile() : NULL;
  print(file != NULL ? file : stderr, data);
  if (file == NULL)
    return;
  log_copy(file);
  (void) fclose(file); /* it was only read since */
}

void avow_misuse(const char *message) {
  avow__log("%s", message);
  const avow_misuse_cb cb = atomic_exchange(&misuse_cb, NULL);
  if (cb != NULL)
    cb(message, atomic_load(&misuse_data));
  abort();
}
