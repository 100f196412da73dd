/* SPDX-License-Identifier: MIT */
/*
 * Shows the last lines of files and then new lines, until SIGINT or SIGTERM.
 * One async function follows one file. It watches the directory, because a
 * watch of a file ends when the path disappears, and begins only when it
 * exists. See tail --help.
 */
#include <avow.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "options.h"
#include "program.h"
#include "text.h"

enum { LINES = 10, END = 4 * 1024, CHUNK = 64 * 1024 };

static const command_line_t command_line = {
  .operands = "FILE...",
  .least = 1,
  .most = 1000,
  .about =
      "Shows the last ten lines of each file, and then the lines that are\n"
      "added. Follows files that are truncated or replaced, and waits for\n"
      "files that do not exist yet. SIGINT or SIGTERM ends the program.",
  .status = "0 after a signal, 1 after a failure",
  .example = "/var/log/syslog",
};

typedef struct {
  uv_loop_t *loop;
  char **paths;
  size_t n;
  const char *shown; /* file of the last output */
} tail_t;

typedef struct {
  tail_t *tail;
  uv_loop_t *loop;
  const char *path;
  uv_file file;
  int64_t offset; /* of the next read */
} follower_t;

static void show_name(const tail_t *tail, const char *path) {
  printf("%s==> ", tail->shown != NULL ? "\n" : "");
  (void) text_print(stdout, path, TEXT_WHOLE);
  printf(" <==\n");
}

/* Prints the text. Returns false if writing fails. */
static bool show(follower_t *f, const char *text, size_t len) {
  tail_t *tail = f->tail;
  if (tail->n > 1 && tail->shown != f->path)
    show_name(tail, f->path);
  tail->shown = f->path;
  (void) fwrite(text, 1, len, stdout);
  return program_flush(); /* readers of a pipe see it at once */
}

/* NONE at the end of the file, or an error. All functions here that await do
   so. */
static avow_value_t show_more(follower_t *f) {
  for (;;) {
    const avow_value_t chunk =
        avow_await(avow_fs_read(f->loop, f->file, CHUNK, f->offset));
    if (avow_is_error(&chunk) || avow_is_none(&chunk))
      return chunk;
    size_t len;
    const char *text = avow_to_bytes(&chunk, &len);
    const bool shown = show(f, text, len);
    f->offset += (int64_t) len;
    avow_value_unref(chunk);
    if (!shown)
      return avow_error(UV_EPIPE);
    if (len == 0)
      return avow_none();
  }
}

static void close_file(follower_t *f) {
  if (f->file >= 0)
    avow_value_unref(avow_await(avow_shield(avow_fs_close(f->loop, f->file))));
  f->file = -1;
}

/* Refuses files that could block forever or have no end. */
static avow_value_t check_file(follower_t *f) {
  const avow_value_t stat = avow_await(avow_fs_fstat(f->loop, f->file));
  if (avow_is_error(&stat))
    return stat;
  const bool regular = S_ISREG(avow_to_stat(&stat)->st_mode);
  avow_value_unref(stat);
  if (regular)
    return avow_none();
  close_file(f);
  return avow_error_new(UV_EINVAL, avow_none(), "'%s': not a regular file",
                        f->path);
}

/* Opens the file. A file that does not exist yet stays closed. */
static avow_value_t open_file(follower_t *f) {
  const avow_value_t file = avow_await(
      avow_fs_open(f->loop, f->path, O_RDONLY | UV_FS_O_NONBLOCK, 0));
  if (avow_error_code(&file) == UV_ENOENT) {
    avow_value_unref(file);
    return avow_none();
  }
  if (avow_is_error(&file))
    return file;
  f->file = (uv_file) avow_to_int(&file);
  f->offset = 0;
  return check_file(f);
}

/* Returns where the last lines of a text begin. */
static size_t last_lines(const char *text, size_t len) {
  int lines = 0;
  for (size_t i = len; i-- > 1;)
    if (text[i - 1] == '\n' && ++lines == LINES)
      return i;
  return 0;
}

static avow_value_t find_last_lines(follower_t *f) {
  const avow_value_t stat = avow_await(avow_fs_fstat(f->loop, f->file));
  if (avow_is_error(&stat))
    return stat;
  const int64_t size = (int64_t) avow_to_stat(&stat)->st_size;
  avow_value_unref(stat);
  f->offset = size > END ? size - END : 0;
  const avow_value_t end =
      avow_await(avow_fs_read(f->loop, f->file, END, f->offset));
  if (avow_is_error(&end) || avow_is_none(&end))
    return end;
  size_t len;
  const char *text = avow_to_bytes(&end, &len);
  f->offset += (int64_t) last_lines(text, len);
  avow_value_unref(end);
  return avow_none();
}

/* The path leads to another file now, which is shown from its beginning. */
static avow_value_t change_over(follower_t *f) {
  const avow_value_t rest = show_more(f);
  close_file(f);
  return avow_is_error(&rest) ? rest : open_file(f);
}

/* While the path does not exist, the open file is still followed. */
static avow_value_t look_again(follower_t *f) {
  if (f->file < 0)
    return open_file(f);
  avow_promise_t *const both[] = { avow_fs_fstat(f->loop, f->file),
                                   avow_fs_stat(f->loop, f->path) };
  const avow_value_t stats = avow_await(avow_all(f->loop, both, 2));
  if (avow_error_code(&stats) == UV_ENOENT) {
    avow_value_unref(stats);
    return avow_none();
  }
  if (avow_is_error(&stats))
    return stats;
  const uv_stat_t was = *avow_to_stat(avow_list_at(&stats, 0));
  const uv_stat_t is = *avow_to_stat(avow_list_at(&stats, 1));
  avow_value_unref(stats);
  if (is.st_ino != was.st_ino || is.st_dev != was.st_dev)
    return change_over(f);
  if ((int64_t) was.st_size < f->offset)
    f->offset = 0; /* it was truncated */
  return avow_none();
}

static const char *name_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

/* Returns when the file may have changed. */
static avow_value_t await_change(follower_t *f, const avow_channel_t *events) {
  for (;;) {
    const avow_value_t v = avow_await(avow_channel_next(events));
    if (avow_is_error(&v))
      return v;
    const char *name = avow_to_fs_event(&v)->name;
    const bool ours = name == NULL || strcmp(name, name_of(f->path)) == 0;
    avow_value_unref(v);
    if (ours)
      return avow_none();
  }
}

static avow_channel_t *watch_directory(const follower_t *f) {
  char path[PATH_MAX];
  const int len = (int) (name_of(f->path) - f->path);
  (void) snprintf(path, sizeof(path), "%.*s.", len, f->path);
  return avow_fs_events(f->loop, path, 0);
}

static avow_value_t begin(follower_t *f) {
  const avow_value_t v = open_file(f);
  if (avow_is_error(&v) || f->file >= 0)
    return avow_is_error(&v) ? v : find_last_lines(f);
  fprintf(stderr, "%s: waiting for '", program_name());
  (void) text_print(stderr, f->path, TEXT_WHOLE);
  fprintf(stderr, "'\n");
  return avow_none();
}

static avow_value_t follow(void *data) {
  follower_t *f = data;
  avow_channel_t *events = watch_directory(f);
  avow_value_t v = begin(f);
  while (!avow_is_error(&v)) {
    if (f->file >= 0)
      v = show_more(f);
    if (!avow_is_error(&v))
      v = await_change(f, events);
    if (!avow_is_error(&v))
      v = look_again(f);
  }
  close_file(f);
  avow_channel_unref(events);
  return v;
}

static avow_value_t start(size_t i, void *data) {
  tail_t *tail = data;
  follower_t *f = calloc(1, sizeof(*f));
  if (f == NULL)
    return avow_error(UV_ENOMEM);
  *f = (follower_t){ .tail = tail,
                     .loop = tail->loop,
                     .path = tail->paths[i],
                     .file = -1 };
  return avow_follow(avow_attach(avow_async(f->loop, follow, f), f, free));
}

/* Returns the exit status. A signal is the normal end. */
static int run(tail_t *tail) {
  const avow_map_options_t map = { .cancels = true };
  avow_promise_t *interrupted = program_interrupted(tail->loop);
  avow_promise_t *p = avow_map(tail->loop, tail->n, start, tail, &map);
  const avow_value_t end = avow_run(avow_until(p, interrupted));
  program_forget(interrupted);
  /* program_flush() has reported it, or the reader of the pipe has left. */
  const bool said = avow_error_code(&end) == UV_EPIPE;
  if (avow_error_code(&end) != UV_ECANCELED && !said)
    return program_complain(end);
  avow_value_unref(end);
  return said ? 1 : 0;
}

int main(int argc, char *argv[]) {
  tail_t tail = { .shown = NULL };
  tail.paths = options_parse(&command_line, argc, argv, &tail.n);
  tail.loop = program_begin();
  const int status = run(&tail);
  return program_end(tail.loop, status);
}
