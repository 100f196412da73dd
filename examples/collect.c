/* SPDX-License-Identifier: MIT */
/*
 * Collects the lines of several files, pipes or terminals as they arrive. Each
 * file is read on its own thread, which may block for any time. All threads
 * send to one channel. See collect --help.
 */
#include <avow.h>
#include <avow/sender.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "program.h"

/* The channel buffers ROOM lines. A thread with more lines blocks. */
enum { MOST = 100, LINE = 1000, ROOM = 64 };

static const command_line_t command_line = {
  .operands = "FILE...",
  .least = 1,
  .most = MOST,
  .about =
      "Writes the lines of the files as they arrive. The name of the file\n"
      "precedes each line. A file may also be a pipe or a terminal.",
  .status = "0 if all files could be read, 1 if not",
  .example = "/etc/hosts /etc/services",
};

typedef struct {
  uv_thread_t thread;
  const char *path;
  avow_sender_t *lines; /* owned by the thread */
} reader_t;

static avow_value_t failure(const char *path) {
  const int err = uv_translate_sys_error(errno);
  return avow_error_new(err, avow_none(), "%s: %s", path, avow_strerror(err));
}

static avow_value_t named(const char *path, const char *line) {
  char *text;
  const size_t len = strlen(path) + 2 + strcspn(line, "\n");
  const avow_value_t v = avow_bytes_new(len + 1, &text);
  if (!avow_is_error(&v))
    /* The text ends before the newline. */
    (void) snprintf(text, len + 1, "%s: %s", path, line);
  return v;
}

static void send_lines(const reader_t *reader, FILE *file) {
  char line[LINE];
  while (fgets(line, sizeof(line), file) != NULL)
    if (avow_sender_blocking_send(reader->lines, named(reader->path, line)) !=
        0)
      return;       /* the channel was closed */
  if (ferror(file)) /* the result is ignored: the channel may be closed */
    (void) avow_sender_blocking_send(reader->lines, failure(reader->path));
}

static void read_file(void *data) {
  const reader_t *reader = data;
  FILE *file = fopen(reader->path, "r");
  if (file != NULL) {
    send_lines(reader, file);
    (void) fclose(file); /* opened for reading only */
  } else {               /* as in send_lines() */
    (void) avow_sender_blocking_send(reader->lines, failure(reader->path));
  }
  avow_sender_unref(reader->lines);
}

/* The state of the loop that takes the lines. */
typedef struct {
  avow_channel_t *lines;
  int status;
} collector_t;

static avow_value_t write_line(const avow_value_t *line, void *collector) {
  if (avow_is_none(line)) /* the last reader has released its sender */
    return avow_int(((collector_t *) collector)->status);
  (void) puts(avow_to_bytes(line, NULL)); /* program_flush() checks */
  if (!program_flush())
    exit(1); /* a blocked reader thread cannot be awaited */
  return avow_none();
}

static avow_value_t complain(const avow_value_t *error, void *collector) {
  ((collector_t *) collector)->status = program_complain(avow_value_ref(error));
  return avow_none();
}

static avow_value_t take_one(void *collector) {
  avow_promise_t *next = avow_channel_next(((collector_t *) collector)->lines);
  return avow_follow(avow_then(next, write_line, complain, collector));
}

static void start(reader_t readers[], char *paths[], size_t n,
                  const avow_sender_t *lines) {
  for (size_t i = 0; i < n; i++) {
    readers[i] =
        (reader_t){ .path = paths[i], .lines = avow_sender_ref(lines) };
    const int err =
        uv_thread_create(&readers[i].thread, read_file, &readers[i]);
    if (err != 0)
      program_fail(paths[i], err);
  }
}

int main(int argc, char *argv[]) {
  size_t n;
  static reader_t readers[MOST];
  char **paths = options_parse(&command_line, argc, argv, &n);
  uv_loop_t *loop = program_begin();
  collector_t collector = { .lines = avow_channel_new(loop, 0) };
  avow_sender_t *sender = avow_sender_new(collector.lines, ROOM);
  start(readers, paths, n, sender);
  avow_sender_unref(sender);
  const avow_value_t v = avow_run(avow_repeat(loop, take_one, &collector));
  for (size_t i = 0; i < n; i++)
    (void) uv_thread_join(&readers[i].thread); /* it was created */
  avow_channel_unref(collector.lines);
  if (avow_is_error(&v))
    return program_end(loop, program_complain(v));
  return program_end(loop, (int) avow_to_int(&v));
}
