/* SPDX-License-Identifier: MIT */
/*
 * Finds a word in the lines of several files. Each file has a channel of lines.
 * The channels are merged, filtered, and written in batches. Slow output slows
 * down the reading of the files. See sift --help.
 */
#include <avow.h>
#include <avow/descriptor.h>
#include <avow/stages.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "options.h"
#include "program.h"

enum { MOST = 100, LINE = 64 * 1024, ROOM = 16, BATCH = 100, PAUSE = 50 };

static const command_line_t command_line = {
  .operands = "WORD FILE...",
  .least = 2,
  .most = MOST + 1,
  .about = "Writes the lines of the files that contain the word.",
  .status = "0 if all files could be read, 1 if not",
  .example = "localhost /etc/hosts",
};

typedef struct {
  uv_loop_t *loop;
  const char *path;
  avow_channel_t *lines;
} file_t;

static avow_value_t send_lines(const file_t *file, const avow_value_t *stream) {
  avow_reader_t *reader = avow_reader_new(avow_to_stream(stream));
  avow_value_t v = avow_await(avow_reader_line(reader, LINE));
  while (v.tag == AVOW_BYTES) {
    v = avow_await(avow_channel_send(file->lines, v));
    if (!avow_is_error(&v))
      v = avow_await(avow_reader_line(reader, LINE));
  }
  avow_reader_unref(reader);
  return v;
}

static avow_value_t read_lines(const file_t *file) {
  avow_promise_t *opens = avow_fs_open(file->loop, file->path, O_RDONLY, 0);
  const avow_value_t fd = avow_await(opens);
  if (avow_is_error(&fd))
    return fd;
  const uv_file number = (uv_file) avow_to_int(&fd);
  avow_value_t v = avow_file_stream(file->loop, number, -1, UINT64_MAX);
  if (!avow_is_error(&v)) {
    const avow_value_t stream = v;
    v = send_lines(file, &stream);
    avow_value_unref(stream);
  }
  avow_value_unref(avow_await(avow_shield(avow_fs_close(file->loop, number))));
  return v;
}

static avow_value_t read_file(void *data) {
  file_t *file = data;
  const avow_value_t v = read_lines(file);
  if (avow_is_error(&v))
    avow_channel_fail(file->lines, v);
  else
    avow_channel_end(file->lines);
  avow_channel_clear(&file->lines);
  return avow_none();
}

static avow_value_t has(const avow_value_t *line, void *word) {
  return avow_int(strstr(avow_to_bytes(line, NULL), word) != NULL);
}

static avow_value_t write_lines(const avow_value_t *lines, void *data) {
  for (size_t i = 0; i < avow_list_len(lines); i++)
    /* program_flush() reports errors. */
    (void) puts(avow_to_bytes(avow_list_at(lines, i), NULL));
  return program_flush() ? avow_none() : avow_error(UV_EPIPE);
}

int main(int argc, char *argv[]) {
  size_t n;
  static file_t files[MOST];
  avow_channel_t *lines[MOST];
  char **words = options_parse(&command_line, argc, argv, &n);
  uv_loop_t *loop = program_begin();
  for (size_t i = 0; i < n - 1; i++) {
    lines[i] = avow_channel_new(loop, ROOM);
    files[i] = (file_t){ loop, words[i + 1], avow_channel_ref(lines[i]) };
    avow_unref(avow_async(loop, read_file, &files[i]));
  }
  avow_channel_t *found = avow_channel_merge(loop, lines, n - 1);
  found = avow_channel_filter(found, has, words[0], NULL);
  found = avow_channel_batch(found, BATCH, PAUSE);
  const avow_value_t v = avow_run(avow_each(found, write_lines, NULL, NULL));
  avow_channel_unref(found);
  return program_end(loop, avow_is_error(&v) ? program_complain(v) : 0);
}
