/* SPDX-License-Identifier: MIT */
/*
 * Commands. One block owns all handles of a command: the process, a pipe for
 * each of its standard streams, and a timer. The block lives until all handles
 * are closed, even if the promise has already settled. The handles are closed
 * when the process and both outputs have ended. If the process was told to end,
 * they are closed when it has ended.
 *
 * The buffer of an output doubles up to a little more than max_bytes. Output
 * past max_bytes is read into this extra space again and again, and dropped, so
 * that the process does not block.
 */
#include "avow/command.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "avow/cancel.h"
#include "base/alloc.h"
#include "engine/foreign_close.h"
#include "engine/virtual_clock.h"
#include "sys/command_start.h"
#include "uv/child_pipe.h"
#include "uv/op.h"
#include "uv/spawn.h"
#include "value/buffer.h"

enum { OUTPUT_LIMIT = 16 << 20, GRACE = 5000 };
enum { OUTPUT_ROOM = 4096, PAST_LIMIT = 4096 };

/* Progress toward the end of a command. `ended` is independent, because a
   process may end in each state. `leads` and `has_process` are independent too:
   they record what was started. */
typedef enum {
  RUNNING,
  ASKED,  /* SIGTERM was sent, and the grace period runs */
  KILLED, /* the grace period is over */
  CLOSING /* all handles are closing */
} state_t;

/* Output of the process. */
typedef struct {
  uv_pipe_t pipe; /* first, because libuv's callbacks get it */
  avow__buffer_t buffer;
  size_t max_bytes;
} capture_t;

typedef struct {
  avow__op_t op;
  avow__foreign_close_t foreign_close;
  capture_t out, err;
  uv_process_t process;
  uv_pipe_t in;
  avow__alarm_t alarm;
  uv_write_t write;
  avow_value_t input; /* BYTES, or NONE */
  size_t written;
  int64_t status;
  int signal;
  uint64_t grace;
  uint64_t turn;    /* iteration of the loop in which the timeout expired */
  unsigned open;    /* number of open handles */
  unsigned closing; /* number of closing handles */
  int failure;      /* the first failure, or 0 */
  state_t state;
  bool has_process; /* the process handle must be closed */
  bool ended;       /* the process has ended */
  bool leads;  /* the process leads a group, which is told to end with it */
  char name[]; /* for messages */
} command_t;

static void release_output(void *self) {
  avow_output_t *output = self;
  avow__value_unref(output->out);
  avow__value_unref(output->err);
}

static const avow_class_t output_class = { .name = "output",
                                           .sendable = true,
                                           .destroy = release_output };

const avow_output_t *avow_to_output(const avow_value_t *v) {
  return avow__to_object(v, &output_class);
}

/* Returns an OBJECT, or the error UV_ENOMEM. */
static avow_value_t take_output(command_t *command) {
  void *block = NULL;
  const avow_value_t v =
      avow__object_inline(&output_class, sizeof(avow_output_t), &block);
  avow_output_t *output = block;
  if (output == NULL)
    return v;
  *output = (avow_output_t){ .status = command->status,
                             .signal = command->signal,
                             .out = avow__buffer_take(&command->out.buffer),
                             .err = avow__buffer_take(&command->err.buffer) };
  if (!avow_is_error(&output->out) && !avow_is_error(&output->err))
    return v;
  avow__value_unref(v);
  return avow_error(UV_ENOMEM);
}

static const char *command_text_of(int code) {
  switch (code) {
  case UV_ETIMEDOUT:
    return "timed out";
  case UV_EMSGSIZE:
    return "too much output";
  default:
    return avow_strerror(code);
  }
}

static avow_value_t take_failure(command_t *command) {
  const int code = command->failure;
  avow_value_t cause = avow_none();
  if (command->ended)
    cause = take_output(command);
  if (avow_is_error(&cause))
    cause = avow_none();
  const avow_value_t v = avow_error_new(code, cause, "run %s: %s",
                                        command->name, command_text_of(code));
  return code == UV_ETIMEDOUT ? avow__error_of_limit(v) : v;
}

/* Releases the input and the outputs that were not taken. */
static void drop_texts(command_t *command) {
  avow__value_unref(command->input);
  avow__buffer_clear(&command->out.buffer);
  avow__buffer_clear(&command->err.buffer);
}

static void command_on_closed(uv_handle_t *handle) {
  command_t *command = handle->data;
  if (--command->open > 0)
    return;
  const avow_value_t v =
      command->failure != 0 ? take_failure(command) : take_output(command);
  drop_texts(command);
  avow__foreign_close_unwatch(&command->foreign_close);
  avow__op_complete(&command->op, v);
}

static void command_close_one(void *handle) {
  if (uv_is_closing(handle))
    return;
  command_t *command = ((uv_handle_t *) handle)->data;
  command->closing++;
  uv_close(handle, command_on_closed);
}

/* Closes the remaining handles, because no event is awaited. Kills a group that
   is in its grace period, because members without output may still run. */
static void clear(command_t *command) {
  if (command->leads && command->state == ASKED)
    (void) avow__signal_group(&command->process, SIGKILL); /* or all ended */
  command->state = CLOSING;
  command_close_one(&command->out);
  command_close_one(&command->err);
  command_close_one(&command->in);
  avow__alarm_stop(&command->alarm);
  command_close_one(&command->alarm.timer);
  if (command->has_process)
    command_close_one(&command->process);
}

static void clear_if_over(command_t *command) {
  const bool silent = uv_is_closing((uv_handle_t *) &command->out) &&
                      uv_is_closing((uv_handle_t *) &command->err);
  const bool waits = command->leads && command->state == ASKED;
  if (command->ended && (silent || (command->state != RUNNING && !waits)))
    clear(command);
}

static void command_on_child_exit(uv_process_t *process, int64_t status,
                                  int signal) {
  command_t *command = process->data;
  command->ended = true;
  command->status = status;
  command->signal = signal;
  clear_if_over(command);
}

static void begin_grace(command_t *command);

/* Kills the process. Returns false if no exit callback follows: the process has
   ended, or other code has reaped it and libuv cannot know. After the first
   kill, the process is only probed, because another process may have its
   number. */
static bool command_kill(command_t *command) {
  const int signum = command->state < KILLED ? SIGKILL : 0;
  if (command->leads)
    (void) avow__signal_group(&command->process, signum); /* or all ended */
  command->state = KILLED;
  return !command->ended &&
         uv_process_kill(&command->process, signum) != UV_ESRCH;
}

static void on_grace_over(uv_timer_t *timer) {
  command_t *command = timer->data;
  if (command_kill(command))
    begin_grace(command);
  else
    clear(command);
}

static void command_terminate(command_t *command) {
  if (command->leads)
    (void) avow__signal_group(&command->process, SIGTERM); /* or all ended */
  else
    (void) uv_process_kill(&command->process, SIGTERM); /* or SIGKILL does */
}

/* The grace period uses the real clock, because the process does not know a
   virtual one. */
static void begin_grace(command_t *command) {
  avow__timer_set_from_present(&command->alarm.timer, command->grace,
                               on_grace_over);
}

/* Tells a command that is no longer wanted to end. */
static void command_stop(void *data) {
  command_t *command = data;
  if (command->state != RUNNING)
    return;
  command->state = ASKED;
  clear_if_over(command);
  if (command->state == CLOSING)
    return;
  command_terminate(command);
  avow__alarm_stop(&command->alarm);
  begin_grace(command);
}

static void command_fail(command_t *command, int code) {
  if (command->failure == 0)
    command->failure = code;
  command_stop(command);
}

/* If the loop was held up, the command may have ended in time. A poll detects
   this, so the timer waits for the next iteration. The result is reported when
   all handles are closed, because no handle of avow is left then. */
static void on_timeout(uv_timer_t *timer) {
  command_t *command = timer->data;
  avow__context_t *c = command->op.context;
  if (command->turn == c->budget.iteration)
    avow__alarm_set(c, &command->alarm, avow__next_iteration_ms(c), on_timeout);
  else
    command_fail(command, UV_ETIMEDOUT);
}

static void on_time_is_up(uv_timer_t *timer) {
  command_t *command = timer->data;
  command->turn = command->op.context->budget.iteration;
  on_timeout(timer);
}

/* Returns the next size of the buffer, up to the limit and the extra space. */
static size_t capture_next_room(const capture_t *capture) {
  const size_t old = avow__buffer_room(&capture->buffer);
  const size_t room = old > 0 ? old : (size_t) OUTPUT_ROOM / 2;
  return room <= capture->max_bytes / 2
             ? room * 2
             : avow__plus(capture->max_bytes, PAST_LIMIT);
}

static void capture_on_alloc(uv_handle_t *handle, size_t suggested,
                             uv_buf_t *buf) {
  capture_t *capture = (capture_t *) handle;
  *buf = avow__buffer_offer(&capture->buffer, capture_next_room(capture));
}

static void capture_end(capture_t *capture, int err) {
  command_t *command = capture->pipe.data;
  command_close_one(capture);
  if (err != UV_EOF)
    command_fail(command, avow__buffer_error(err));
  clear_if_over(command);
}

static void capture_on_read(uv_stream_t *stream, ssize_t n,
                            const uv_buf_t *buf) {
  capture_t *capture = (capture_t *) stream;
  if (n < 0) {
    capture_end(capture, (int) n);
    return;
  }
  capture->buffer.used += (size_t) n;
  if (capture->buffer.used <= capture->max_bytes)
    return;
  capture->buffer.used = capture->max_bytes;
  command_fail(stream->data, UV_EMSGSIZE);
}

static void capture_start(capture_t *capture) {
  (void) uv_read_start((uv_stream_t *) &capture->pipe, capture_on_alloc,
                       capture_on_read); /* fails only for a closed stream */
}

/* The command has closed its input before the end, which is allowed, or the
   pipe was closed here. */
static bool is_unread(int err) {
  return err == UV_EPIPE || err == UV_ECONNRESET || err == UV_EOF ||
         err == UV_ECANCELED;
}

/* Writes the next part of the input. Closes the input after the last part. */
static void write_more(uv_write_t *req, int err) {
  command_t *command = req->data;
  uv_buf_t buf = avow__bytes_from(command->input.u.p, command->written);
  command->written += buf.len;
  if (err == 0 && buf.len > 0)
    err = uv_write(req, (uv_stream_t *) &command->in, &buf, 1, write_more);
  if (err == 0 && buf.len > 0)
    return;
  command_close_one(&command->in);
  if (err < 0 && !is_unread(err))
    command_fail(command, err);
}

/* The reader of a pipe that libuv writes to may have closed it. */
static void ignore_sigpipe(void) {
#ifdef SIGPIPE
  struct sigaction now = { .sa_flags = 0 };
  (void) sigaction(SIGPIPE, NULL, &now); /* cannot fail */
  if (now.sa_handler == SIG_DFL)
    (void) signal(SIGPIPE, SIG_IGN); /* cannot fail */
#endif
}

/* Streams that are inherited or ignored need no pipe on this side. */
static int make_pipes(command_t *command, uv_stdio_container_t *stdio) {
  uv_pipe_t *const ours[AVOW__STANDARD_STREAMS] = { &command->in,
                                                    &command->out.pipe,
                                                    &command->err.pipe };
  int err = 0;
  for (int i = 0; i < AVOW__STANDARD_STREAMS && err == 0; i++)
    if ((stdio[i].flags & UV_CREATE_PIPE) != 0)
      err = avow__child_pipe_make(&stdio[i], ours[i]);
    else
      command_close_one(ours[i]);
  return err;
}

/* Closes the process's ends of the pipes here, because the process has them or
   never will. Inherited streams stay open. */
static void pass_pipes(const avow_command_t *what,
                       const uv_stdio_container_t *stdio) {
  for (int i = 0; i < AVOW__STANDARD_STREAMS; i++)
    if ((what->inherits >> i & 1) == 0)
      avow__child_pipe_pass(&stdio[i]);
}

static int command_spawn(command_t *command, const avow_command_t *what) {
  uv_stdio_container_t stdio[AVOW__STANDARD_STREAMS];
  uv_process_options_t options = avow__command_options(what, stdio);
  options.exit_cb = command_on_child_exit;
  if (command->leads)
    options.flags |= UV_PROCESS_DETACHED;
  if (command->input.tag != AVOW_BYTES && stdio[0].flags != UV_INHERIT_FD)
    stdio[0].flags = UV_IGNORE;
  int err = make_pipes(command, stdio);
  if (err == 0)
    err = avow__spawn(command->op.context->loop, &command->process, &options,
                      &command->has_process);
  pass_pipes(what, stdio);
  return err;
}

static unsigned count_closing(const command_t *command) {
  const void *const handles[] = { &command->out, &command->err, &command->in,
                                  &command->alarm, &command->process };
  unsigned n = 0;
  for (size_t i = 0; i < sizeof(handles) / sizeof(*handles); i++)
    n += uv_is_closing(handles[i]) != 0;
  return n;
}

/* Handles that the program has closed do not report, so the command gives
   up. */
static bool command_give_up(void *data) {
  command_t *command = data;
  if (count_closing(command) == command->closing)
    return false;
  /* otherwise all were closed when the start failed */
  assert(command->has_process);
  (void) command_kill(command); /* or it has ended */
  clear(command);
  --*command->op.in_flight;
  (void) avow_reject(command->op.deferred,
                     avow_error(UV_ECANCELED)); /* or it has already settled */
  return true;
}

static void command_is_gone(void *data) {
  command_t *command = data;
  drop_texts(command);
  avow_free(command);
}

static void command_start(command_t *command, const avow_command_t *what) {
  const int err = command_spawn(command, what);
  command->open += command->has_process;
  if (err < 0) {
    command->failure = err;
    clear(command);
    return;
  }
  capture_start(&command->out);
  capture_start(&command->err);
  if (what->timeout > 0) /* starting the process took some time */
    avow__alarm_set_from_present(command->op.context, &command->alarm,
                                 what->timeout, on_time_is_up);
  if (command->input.tag != AVOW_BYTES)
    return;
  ignore_sigpipe();
  write_more(&command->write, 0);
}

static void command_init(command_t *command, const avow_command_t *what) {
  uv_loop_t *loop = command->op.context->loop;
  avow__alarm_init(command->op.context, &command->alarm, command);
  (void) uv_pipe_init(loop, &command->in, 0);       /* cannot fail */
  (void) uv_pipe_init(loop, &command->out.pipe, 0); /* cannot fail */
  (void) uv_pipe_init(loop, &command->err.pipe, 0); /* cannot fail */
  command->in.data = command->out.pipe.data = command->err.pipe.data =
      command->process.data = command->write.data = command;
  command->open = 4;
  command->foreign_close =
      (avow__foreign_close_t){ .context = command->op.context,
                               .block = command,
                               .give_up = command_give_up,
                               .free_fn = command_is_gone };
  avow__foreign_close_watch(&command->foreign_close);
  command->out.max_bytes =
      what->out_max_bytes > 0 ? what->out_max_bytes : OUTPUT_LIMIT;
  command->err.max_bytes =
      what->err_max_bytes > 0 ? what->err_max_bytes : OUTPUT_LIMIT;
  command->leads = what->group;
  command->grace = what->grace > 0 ? what->grace : GRACE;
}

static command_t *command_new(uv_loop_t *loop, const avow_command_t *what,
                              avow_promise_t **out) {
  const bool placed = what->cwd != NULL;
  const size_t size = sizeof("'' in ''") + strlen(what->args[0]) +
                      (placed ? strlen(what->cwd) : 0);
  command_t *command = avow__op_new(loop, sizeof(*command) + size, out);
  if (command != NULL)
    (void) snprintf(command->name, size, placed ? "'%s' in '%s'" : "'%s'",
                    what->args[0], what->cwd); /* fits */
  return command;
}

static int command_check(const avow_command_t *what,
                         const avow_value_t *input) {
  if (avow_is_error(input))
    return input->code; /* no memory for it */
  const int err = avow__command_check(what);
  if (err != 0)
    return err;
  if ((what->inherits & AVOW_INHERIT_IN) != 0)
    return input->tag == AVOW_NONE ? 0 : UV_EINVAL;
  return input->tag == AVOW_BYTES || input->tag == AVOW_NONE ? 0 : UV_EINVAL;
}

avow_promise_t *avow_command(uv_loop_t *loop, const avow_command_t *what,
                             avow_value_t input) {
  avow__check_ready(loop);
  avow__check_given(what, "command");
  avow_promise_t *p;
  command_t *command = NULL;
  const int err = command_check(what, &input);
  if (err == 0)
    command = command_new(loop, what, &p);
  else
    p = avow__refuse(loop, err, "run", NULL);
  if (command == NULL) {
    avow__value_unref(input);
    return p;
  }
  command->input = input;
  command_init(command, what);
  avow_on_cancel(command->op.deferred, command_stop, command);
  avow__op_started(&command->op);
  command_start(command, what);
  return p;
}
