/* SPDX-License-Identifier: MIT */
/*
 * Commands. One block owns all handles of a command: the process, a pipe for
 * each of its standard streams and a timer. It lives until all of them are
 * closed, which they are when the process has ended and both outputs have, or
 * when the process has ended and was told to; whatever becomes of the promise.
 *
 * The buffer of an output doubles up to a little more than max_bytes. Output
 * past max_bytes is read into that rest again and again, and dropped, so that
 * the process is not held up.
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

enum { LIMIT = 16 << 20, GRACE = 5000 };
enum { FIRST_ROOM = 4096, PAST_LIMIT = 4096 };

/* How far the end of a command has come. `ended` is orthogonal, because a
   process may end in each state; so are `leads` and `has_process`, which say
   what was started. */
typedef enum {
  RUNNING,
  ASKED,  /* to end, by SIGTERM; its grace runs */
  KILLED, /* the grace is over */
  CLOSING /* all its handles are closing */
} state_t;

/* An output of the process. */
typedef struct {
  uv_pipe_t pipe; /* first: libuv's callbacks get it */
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
  avow_value_t input; /* BYTES, or none */
  size_t written;
  int64_t status;
  int signal;
  uint64_t grace;
  uint64_t turn;    /* of the loop, in which its time was up */
  unsigned open;    /* handles */
  unsigned closing; /* of them */
  int failure;      /* the first, or 0 */
  state_t state;
  bool has_process; /* a handle to be closed */
  bool ended;       /* the process */
  bool leads;       /* a group, which ends with it when it is asked to */
  char name[];      /* for messages */
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

/* OBJECT, or the error UV_ENOMEM. */
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

/* Lets go of the texts that nobody has taken. */
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

/* Closes what is left, for there is nothing more to wait for. Those of a group
   that say nothing do not go on. */
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

/* False if nothing more is to be heard of: what has ended, or what somebody
   else has reaped, of which libuv will never say so. Who was killed is only
   looked for: its number may be another's by now. */
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

/* What time it takes to end the process knows by no clock but the real one. */
static void begin_grace(command_t *command) {
  avow__timer_set_from_present(&command->alarm.timer, command->grace,
                               on_grace_over);
}

/* Ends a command that nobody wants to go on. */
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

/* What was over while the loop was held up is found by a poll, and reported
   when all handles are closed: after that no handle of ours is left. */
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

/* No more than max_bytes, or all that there will be. */
static size_t capture_next_room(const capture_t *capture) {
  const size_t old = avow__buffer_room(&capture->buffer);
  const size_t room = old > 0 ? old : (size_t) FIRST_ROOM / 2;
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
                       capture_on_read); /* fails on what is not open */
}

/* The command has closed its input, which it need not read to the end, or the
   pipe was closed here. */
static bool is_unread(int err) {
  return err == UV_EPIPE || err == UV_ECONNRESET || err == UV_EOF ||
         err == UV_ECANCELED;
}

/* Writes the next part of the input, or closes it after the last. */
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

/* What libuv writes to, nobody may be there to read. */
static void ignore_sigpipe(void) {
#ifdef SIGPIPE
  struct sigaction now = { .sa_flags = 0 };
  (void) sigaction(SIGPIPE, NULL, &now); /* cannot fail */
  if (now.sa_handler == SIG_DFL)
    (void) signal(SIGPIPE, SIG_IGN); /* cannot fail */
#endif
}

/* Of what is inherited, or not there, our end is not needed. */
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

/* The process has its ends, or never will. What it inherits stays. */
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

/* The program has closed handles: then they do not all report. */
static bool command_give_up(void *data) {
  command_t *command = data;
  if (count_closing(command) == command->closing)
    return false;
  assert(command->has_process); /* else all were closed as that failed */
  (void) command_kill(command); /* or it cannot be */
  clear(command);
  --*command->op.in_flight;
  (void) avow_reject(command->op.deferred,
                     avow_error(UV_ECANCELED)); /* or it is already */
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
  if (what->timeout > 0) /* to start the process took some time */
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
  (void) uv_pipe_init(loop, &command->in, 0);       /* these cannot fail */
  (void) uv_pipe_init(loop, &command->out.pipe, 0); /* … */
  (void) uv_pipe_init(loop, &command->err.pipe, 0); /* … */
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
      what->out_max_bytes > 0 ? what->out_max_bytes : LIMIT;
  command->err.max_bytes =
      what->err_max_bytes > 0 ? what->err_max_bytes : LIMIT;
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
