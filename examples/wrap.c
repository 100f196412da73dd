/* SPDX-License-Identifier: MIT */
/* Waits until a file changes. libuv's uv_fs_event_t becomes a promise. Any
   API with callbacks that can be stopped is wrapped in this way. See wrap
   --help. */
#include <avow.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"
#include "program.h"

static const command_line_t command_line = {
  .operands = "FILE",
  .least = 1,
  .most = 1,
  .about = "Waits until the file changes. SIGINT or SIGTERM ends the program.",
  .status = "0, or 1 if the file cannot be watched",
  .example = "/etc/hosts",
};

typedef struct {
  uv_fs_event_t handle;
  avow_deferred_t *deferred;
} watch_t;

static void free_watch(uv_handle_t *handle) {
  free(handle->data);
}

/* After this, libuv calls only free_watch(). */
static void stop(watch_t *watch) {
  uv_close((uv_handle_t *) &watch->handle, free_watch);
}

static void on_change(uv_fs_event_t *handle, const char *name, int events,
                      int err) {
  watch_t *watch = handle->data;
  const avow_value_t v = err < 0 ? avow_error(err) : avow_int(events);
  (void) avow_resolve(watch->deferred, v); /* cannot fail: cancellation stops
                                              the watch */
  stop(watch);
}

/* The promise was canceled, and the deferred must still be released. */
static void on_cancel(void *data) {
  watch_t *watch = data;
  avow_deferred_drop(watch->deferred);
  stop(watch);
}

/* INT: UV_CHANGE or UV_RENAME, when the file changes. */
static avow_promise_t *change_of(uv_loop_t *loop, const char *path) {
  watch_t *watch = calloc(1, sizeof(*watch));
  if (watch == NULL)
    return avow_promise_reject(loop, avow_error(UV_ENOMEM));
  avow_promise_t *p = avow_promise_new(loop, &watch->deferred);
  watch->handle.data = watch;
  avow_on_cancel(watch->deferred, on_cancel, watch);
  (void) uv_fs_event_init(loop, &watch->handle); /* always 0 */
  const int err = uv_fs_event_start(&watch->handle, on_change, path, 0);
  if (err < 0)
    on_change(&watch->handle, NULL, 0, err);
  return p;
}

int main(int argc, char *argv[]) {
  size_t n;
  char **paths = options_parse(&command_line, argc, argv, &n);
  uv_loop_t *loop = program_begin();
  avow_promise_t *interrupted = program_interrupted(loop);
  avow_promise_t *p = avow_until(change_of(loop, paths[0]), interrupted);
  printf("waiting\n");
  if (!program_flush())
    avow_cancel(p);
  const avow_value_t end = avow_run(p);
  program_forget(interrupted);
  if (!avow_is_error(&end))
    printf("changed\n");
  else if (avow_error_code(&end) != UV_ECANCELED)
    return program_end(loop, program_complain(end));
  return program_end(loop, 0);
}
