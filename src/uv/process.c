/* SPDX-License-Identifier: MIT */
/*
 * Processes. The block with the handle lives while a value refers to it and
 * until the handle is closed. The handle closes when the process has ended and
 * been reaped, or was detached. One promise settles when the process ends, and
 * all waiting promises follow it. The loop cancels that promise when it closes;
 * no other code does.
 */
#include <signal.h>
#include <string.h>

#include "avow/cancel.h"
#include "avow/net.h"
#include "base/alloc.h"
#include "engine/foreign_close.h"
#include "uv/child_pipe.h"
#include "uv/op.h"
#include "uv/process.h"
#include "uv/spawn.h"
#include "uv/stream_value.h"

typedef struct {
  avow__context_t *context;
  avow__foreign_close_t foreign_close;
  uv_process_t handle;
  avow_promise_t *ended;
  avow_deferred_t *deferred; /* of `ended`, until that settles */
  avow_value_t exit;         /* an avow_exit_t, filled in at the end */
  avow_value_t streams;      /* LIST, or none */
  bool held;                 /* a value refers to it */
  bool runs;
  bool is_open; /* the handle is open */
  bool detached;
  bool leads; /* leads a group, killed with it */
} process_t;

static const avow_class_t exit_class = { .name = "exit", .sendable = true };

const avow_exit_t *avow_to_exit(const avow_value_t *v) {
  return avow__to_object(v, &exit_class);
}

static void process_release(process_t *process) {
  if (process->held || process->is_open)
    return;
  if (process->deferred != NULL) /* it never ran, and no promise follows it */
    (void) avow_reject(process->deferred, avow_error(UV_ECANCELED));
  avow_unref(process->ended);
  avow__value_unref(process->exit);
  avow_free(process);
}

static void process_on_closed(uv_handle_t *handle) {
  process_t *process = handle->data;
  process->context->requests--;
  process->is_open = false;
  process_release(process);
}

static void process_close_handle(process_t *process) {
  avow__foreign_close_unwatch(&process->foreign_close);
  process->runs = false;
  uv_close((uv_handle_t *) &process->handle, process_on_closed);
}

static void process_on_child_exit(uv_process_t *handle, int64_t status,
                                  int signal) {
  process_t *process = handle->data;
  avow__context_t *c = process->context;
  avow_deferred_t *d = process->deferred;
  avow_exit_t *exit = avow__to_object(&process->exit, &exit_class);
  *exit = (avow_exit_t){ .status = status, .signal = signal };
  process->deferred = NULL;
  avow__enter(c);
  process_close_handle(process);
  (void) avow_resolve(d, avow_value_ref(&process->exit)); /* fails if settled */
  avow__leave(c);
}

/* Kills the process. Returns false if it does not exist, because other code has
   reaped it. */
static bool kill_now(process_t *process) {
  if (process->leads)
    (void) avow__signal_group(&process->handle, SIGKILL); /* ESRCH: all ended */
  return uv_process_kill(&process->handle, SIGKILL) != UV_ESRCH;
}

/* Called when the last reference to the value is released. */
static void process_let_go(void *self) {
  process_t *process = self;
  avow__value_unref(process->streams);
  process->held = false;
  if (process->runs && !process->detached)
    (void) kill_now(process); /* process_cancel() handles ESRCH */
  else if (process->runs)
    uv_unref((uv_handle_t *) &process->handle);
  process_release(process);
}

static const avow_class_t process_class = { .name = "process",
                                            .destroy = process_let_go };

/* Called when the loop closes. */
static void process_cancel(void *data) {
  process_t *process = data;
  if (!process->detached && kill_now(process))
    return; /* process_on_child_exit() follows */
  avow_deferred_t *d = process->deferred;
  process->deferred = NULL;
  process_close_handle(process);
  avow_deferred_drop(d);
}

/* The program has closed the handle, so libuv does not reap the process. */
static bool process_give_up(void *data) {
  process_t *process = data;
  if (!uv_is_closing((uv_handle_t *) &process->handle))
    return false;
  if (!process->detached)
    (void) kill_now(process); /* fails if it has ended */
  avow_deferred_t *d = process->deferred;
  process->deferred = NULL;
  process->runs = false;
  process->context->requests--;
  (void) avow_reject(d, avow_error(UV_ECANCELED)); /* false if canceled */
  return true;
}

static void process_is_gone(void *data) {
  process_t *process = data;
  process->is_open = false;
  process_release(process);
}

/* Makes a process that does not run yet, as a value; or an error. */
static avow_value_t process_new(uv_loop_t *loop) {
  process_t *process = avow_calloc(1, sizeof(*process));
  void *exit;
  if (process == NULL)
    return avow_error(UV_ENOMEM);
  process->context = avow__context_of(loop);
  process->held = true;
  process->handle.data = process;
  process->foreign_close =
      (avow__foreign_close_t){ .context = process->context,
                               .block = process,
                               .give_up = process_give_up,
                               .free_fn = process_is_gone };
  process->exit = avow__object_inline(&exit_class, sizeof(avow_exit_t), &exit);
  process->ended = avow_promise_new(loop, &process->deferred);
  if (!avow_is_error(&process->exit) && !avow__has_settled(process->ended)) {
    avow__mark_in_value(process->ended);
    return avow_object(&process_class, process);
  }
  process_let_go(process);
  return avow_error(UV_ENOMEM);
}

/* Makes a stream and the pipe for an entry with UV_CREATE_PIPE and no stream.
   NONE for all other entries. */
static avow_value_t stream_for(process_t *process, uv_stdio_container_t *to) {
  if ((to->flags & UV_CREATE_PIPE) == 0 || to->data.stream != NULL)
    return avow_none();
  const avow_value_t v = avow__owned_new(process->context->loop, UV_NAMED_PIPE);
  if (avow_is_error(&v))
    return v;
  const int err =
      avow__child_pipe_make(to, (uv_pipe_t *) avow__owned_handle(&v));
  if (err == 0) {
    avow__owned_shuts_by(&v, avow__child_pipe_shut);
    return v;
  }
  avow__value_unref(v);
  return avow_error(err);
}

/* 0 if all pipes have streams. */
static int make_streams(process_t *process, uv_stdio_container_t *stdio,
                        size_t n) {
  avow__list_t *list = avow__list_new(n);
  if (list == NULL)
    return UV_ENOMEM;
  process->streams = avow__block_value(&list->head);
  for (; list->len < n; list->len++) {
    list->items[list->len] = stream_for(process, &stdio[list->len]);
    if (avow_is_error(&list->items[list->len]))
      return list->items[list->len].code;
  }
  return 0;
}

/* Called when the process has its ends of the pipes, or cannot start. */
static void pass_streams(const process_t *process,
                         const uv_stdio_container_t *stdio) {
  if (process->streams.tag != AVOW_LIST)
    return; /* out of memory */
  for (size_t i = 0; i < avow_list_len(&process->streams); i++)
    if (avow_list_at(&process->streams, i)->tag == AVOW_OBJECT)
      avow__child_pipe_pass(&stdio[i]);
}

/* Calls uv_spawn() with the program's options, except for the streams. */
static int process_spawn(process_t *process, uv_process_options_t options) {
  const size_t n = options.stdio_count > 0 ? (size_t) options.stdio_count : 0;
  uv_stdio_container_t *stdio = avow_calloc(n + 1, sizeof(*stdio));
  if (stdio == NULL)
    return UV_ENOMEM;
  if (n > 0)
    memcpy(stdio, options.stdio, n * sizeof(*stdio));
  options.stdio = stdio;
  options.exit_cb = process_on_child_exit;
  if (process->leads)
    options.flags |= UV_PROCESS_DETACHED;
  int err = make_streams(process, stdio, n);
  if (err == 0)
    err = avow__spawn(process->context->loop, &process->handle, &options,
                      &process->is_open);
  pass_streams(process, stdio);
  avow_free(stdio);
  return err;
}

/* 0 if it runs. */
static int process_start(process_t *process,
                         const uv_process_options_t *options, bool leads) {
  avow__context_t *c = process->context;
  process->leads = leads;
  const int err = process_spawn(process, *options);
  if (process->is_open) {
    c->requests++;
    avow__foreign_close_watch(&process->foreign_close);
  }
  process->runs = err == 0;
  process->detached = (options->flags & UV_PROCESS_DETACHED) != 0;
  if (err == 0)
    avow_on_cancel(process->deferred, process_cancel, process);
  else if (process->is_open)
    process_close_handle(process);
  return err;
}

/* The system does not report whether the program or the directory is missing.
 */
static avow_value_t spawn_error(int err, const uv_process_options_t *options) {
  if (options->cwd == NULL)
    return avow__error_of(err, "spawn", options->file);
  return avow_error_new(err, avow_none(), "spawn '%s' in '%s': %s",
                        options->file, options->cwd, avow_strerror(err));
}

avow_promise_t *avow__process_spawn(uv_loop_t *loop,
                                    const uv_process_options_t *options,
                                    bool leads) {
  if (options == NULL || options->file == NULL)
    return avow__refuse(loop, UV_EINVAL, "spawn", "NULL");
  if (options->args == NULL ||
      (options->stdio_count > 0 && options->stdio == NULL))
    return avow__refuse(loop, UV_EINVAL, "spawn", options->file);
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_value_t v = avow_error(UV_ENOMEM);
  if (avow_state(p) == AVOW_PENDING)
    v = process_new(loop);
  int err = avow_error_code(&v);
  if (err == 0)
    err = process_start(avow__to_object(&v, &process_class), options, leads);
  if (err != 0) {
    avow__value_unref(v);
    v = spawn_error(err, options);
  }
  (void) avow_resolve(d, v); /* pending, or rejected from the start */
  return p;
}

avow_promise_t *avow_spawn(uv_loop_t *loop,
                           const uv_process_options_t *options) {
  avow__check_ready(loop);
  return avow__process_spawn(loop, options, false);
}

avow_promise_t *avow_process_wait(const avow_value_t *v) {
  const process_t *process = avow__to_object(v, &process_class);
  if (process == NULL)
    return avow__no_promise(avow__unbound_context());
  return avow_then(avow_ref(process->ended), NULL, NULL, NULL);
}

avow_value_t avow_process_stream(const avow_value_t *v, size_t i) {
  const process_t *process = avow__to_object(v, &process_class);
  if (process == NULL || i >= avow_list_len(&process->streams))
    return avow_none();
  return avow_value_ref(avow_list_at(&process->streams, i));
}

int avow_process_kill(const avow_value_t *v, int signal) {
  process_t *process = avow__to_object(v, &process_class);
  if (process == NULL || !process->runs)
    return UV_ESRCH;
  return process->leads ? avow__signal_group(&process->handle, signal)
                        : uv_process_kill(&process->handle, signal);
}

uv_pid_t avow_process_pid(const avow_value_t *v) {
  const process_t *process = avow__to_object(v, &process_class);
  return process != NULL ? uv_process_get_pid(&process->handle) : 0;
}
