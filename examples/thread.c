/* SPDX-License-Identifier: MIT */
/*
 * Counts the lines of a file on its own thread, which may block for any time,
 * and settles a promise of the loop. See thread --help.
 */
#include <avow.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "options.h"
#include "program.h"

static const command_line_t command_line = {
  .operands = "FILE",
  .least = 1,
  .most = 1,
  .about = "Counts the lines of a file, pipe or terminal, on another thread.",
  .status = "0 if the file could be read, 1 if not",
  .example = "/etc/hosts",
};

typedef struct {
  uv_thread_t thread;
  const char *path;
  avow_remote_t *remote;
} reader_t;

static avow_value_t failure(const char *path) {
  const int err = uv_translate_sys_error(errno);
  return avow_error_new(err, avow_none(), "%s: %s", path, avow_strerror(err));
}

/* Values may be created and released on any thread. */
static avow_value_t count_lines(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL)
    return failure(path);
  int64_t lines = 0;
  for (int c = getc(file); c != EOF; c = getc(file))
    lines += c == '\n';
  const avow_value_t v = ferror(file) ? failure(path) : avow_int(lines);
  (void) fclose(file); /* opened for reading only */
  return v;
}

static void read_file(void *data) {
  const reader_t *reader = data;
  const avow_value_t v = count_lines(reader->path);
  (void) avow_remote_resolve(reader->remote, v); /* returns 0, because the loop
                                                    waits for it */
}

/* Runs when the thread has ended its work. */
static avow_value_t join(void *data) {
  (void) uv_thread_join(&((reader_t *) data)->thread); /* it was created */
  return avow_none();
}

/* INT: the number of lines in the file. */
static avow_promise_t *read_apart(uv_loop_t *loop, reader_t *reader) {
  avow_promise_t *p = avow_remote_new(loop, &reader->remote);
  const int err = uv_thread_create(&reader->thread, read_file, reader);
  if (err == 0)
    return avow_finally(p, join, reader);
  /* as in read_file() */
  (void) avow_remote_reject(reader->remote, avow_error(err));
  return p;
}

int main(int argc, char *argv[]) {
  size_t n;
  char **paths = options_parse(&command_line, argc, argv, &n);
  uv_loop_t *loop = program_begin();
  reader_t reader = { .path = paths[0] };
  const avow_value_t lines = avow_run(read_apart(loop, &reader));
  if (avow_is_error(&lines))
    return program_end(loop, program_complain(lines));
  printf("%" PRId64 " lines\n", avow_to_int(&lines));
  return program_end(loop, 0);
}
