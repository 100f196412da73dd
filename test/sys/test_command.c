/* SPDX-License-Identifier: MIT */
/*
 * Commands: input and output, allocation failures, and handles that the program
 * closes.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"

enum { LONG = 3600 * 1000 };

static void command_gives_its_output(void **state) {
  assert_gives(shell("echo out; echo err >&2"), 0, "out\n", "err\n");
}

static void command_gives_its_status(void **state) {
  assert_gives(shell("echo no; exit 7"), 7, "no\n", "");
}

static void command_gives_the_signal_that_ended_it(void **state) {
  const avow_value_t v = avow_run(shell("echo x; kill -KILL $$"));

  assert_int_equal(output(&v)->signal, SIGKILL);
  assert_int_equal(output(&v)->status, 0);
  assert_string_equal(avow_to_bytes(&output(&v)->out, NULL), "x\n");
  avow_value_unref(v);
}

static void command_without_input_reads_end_of_input(void **state) {
  assert_gives(run_shell("cat; echo done", avow_none()), 0, "done\n", "");
  assert_gives(run_shell("cat; echo done", avow_string("")), 0, "done\n", "");
}

static void command_reads_its_input(void **state) {
  assert_gives(run_shell("tr a-z A-Z", avow_string("hello")), 0, "HELLO", "");
}

static void command_gets_directory_and_environment(void **state) {
  const char *env[] = { "PATH=/usr/bin:/bin", "WORD=there", NULL };

  assert_gives(SHELL("pwd; echo $WORD $HOME", .cwd = "/usr", .env = env), 0,
               "/usr\nthere\n", "");
}

static void command_handles_large_input_and_output(void **state) {
  const avow_value_t input = much();

  const avow_value_t v = avow_run(
      run_shell("cat; head -c 3145728 /dev/zero >&2", avow_value_ref(&input)));

  size_t out_len, err_len;
  const char *out = avow_to_bytes(&output(&v)->out, &out_len);
  (void) avow_to_bytes(&output(&v)->err, &err_len);
  assert_int_equal(out_len, MUCH);
  assert_int_equal(err_len, MUCH);
  assert_memory_equal(out, avow_to_bytes(&input, NULL), MUCH);
  avow_value_unref(v);
  avow_value_unref(input);
}

static void input_that_is_not_read_is_dropped(void **state) {
  assert_gives(run_shell("exit 4", much()), 4, "", "");
  assert_gives(run_shell("head -c 5 >/dev/null; echo x", much()), 0, "x\n", "");
}

static void refused_input_does_not_end_the_program(void **state) {
  (void) signal(SIGPIPE, SIG_DFL);

  assert_gives(run_shell("exec <&-; echo x", much()), 0, "x\n", "");

  struct sigaction now;
  assert_int_equal(sigaction(SIGPIPE, NULL, &now), 0);
  assert_true(now.sa_handler == SIG_IGN);
}

static void on_pipe(int signum) {
}

static void sigpipe_handler_of_the_program_is_kept(void **state) {
  const struct sigaction mine = { .sa_handler = on_pipe };
  struct sigaction now;
  assert_int_equal(sigaction(SIGPIPE, &mine, NULL), 0);

  assert_gives(run_shell("exec <&-; echo x", much()), 0, "x\n", "");

  assert_int_equal(sigaction(SIGPIPE, NULL, &now), 0);
  assert_true(now.sa_handler == on_pipe);
  (void) signal(SIGPIPE, SIG_IGN);
}

/* A program that ignores SIGPIPE ignores it only for itself. */
static void command_has_default_signal_handling(void **state) {
  (void) signal(SIGPIPE, SIG_IGN);

  const avow_value_t v = avow_run(shell("kill -PIPE $$"));

  assert_int_equal(output(&v)->signal, SIGPIPE);
  avow_value_unref(v);
}

/* Calls `run_it` while the descriptor `ours` of this process is `fd`. */
static avow_value_t run_with(int ours, int fd, start_fn run_it) {
  const int before = dup(ours);
  assert_int_equal(dup2(fd, ours), ours);
  const avow_value_t v = avow_run(run_it());
  assert_int_equal(dup2(before, ours), ours);
  (void) close(before);
  return v;
}

static avow_promise_t *say_ours(void) {
  return SHELL("echo out; echo err >&2", .inherits = AVOW_INHERIT_OUT);
}

static avow_promise_t *complain_ours(void) {
  return SHELL("echo out; echo err >&2", .inherits = AVOW_INHERIT_ERR);
}

static void assert_said(const avow_value_t *v, const char *out,
                        const char *err) {
  assert_string_equal(avow_to_bytes(&output(v)->out, NULL), out);
  assert_string_equal(avow_to_bytes(&output(v)->err, NULL), err);
}

static void command_may_inherit_its_output(void **state) {
  char text[8] = "";
  int fds[2];
  assert_int_equal(pipe(fds), 0);

  avow_value_t v = run_with(1, fds[1], say_ours);
  assert_said(&v, "", "err\n");
  assert_int_equal(read(fds[0], text, sizeof(text)), 4);
  assert_string_equal(text, "out\n");
  avow_value_unref(v);

  v = run_with(2, fds[1], complain_ours);
  assert_said(&v, "out\n", "");
  assert_int_equal(read(fds[0], text, sizeof(text)), 4);
  assert_string_equal(text, "err\n");
  avow_value_unref(v);
  (void) close(fds[0]);
  (void) close(fds[1]);
}

static avow_promise_t *read_ours(void) {
  return SHELL("cat", .inherits = AVOW_INHERIT_IN);
}

static void command_may_inherit_its_input(void **state) {
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  assert_int_equal(write(fds[1], "hello", 5), 5);
  (void) close(fds[1]);

  const avow_value_t v = run_with(0, fds[0], read_ours);

  assert_said(&v, "hello", "");
  avow_value_unref(v);
  (void) close(fds[0]);
}

static void command_with_inherited_streams_ends(void **state) {
  assert_gives(SHELL("exit 3", .inherits = AVOW_INHERIT_ALL), 3, "", "");
}

static void missing_command_rejects(void **state) {
  const char *missing[] = { "/nowhere/at/all", NULL };
  const char *no_program[] = { "/dev/null", NULL };

  assert_says(avow_command(loop, &(avow_command_t){ .args = missing },
                           avow_string("input")),
              UV_ENOENT, "run '/nowhere/at/all': no such file or directory");
  assert_says(avow_command(loop, &(avow_command_t){ .args = no_program },
                           avow_none()),
              UV_EACCES, "run '/dev/null': permission denied");
  assert_says(SHELL("echo", .cwd = "/nowhere"), UV_ENOENT,
              "run 'sh' in '/nowhere': no such file or directory");
}

static void missing_command_can_be_canceled(void **state) {
  const char *missing[] = { "/nowhere/at/all", NULL };
  avow_promise_t *p =
      avow_command(loop, &(avow_command_t){ .args = missing }, avow_none());

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  run();
}

/* A socket could not be opened by name. */
static void command_opens_its_streams_by_name(void **state) {
  assert_gives(run_shell("cat /dev/stdin", avow_string("in\n")), 0, "in\n", "");
  assert_gives(shell("echo out >/dev/stdout"), 0, "out\n", "");
  assert_gives(shell("echo err >/dev/stderr"), 0, "", "err\n");
}

static void command_without_descriptors_rejects(void **state) {
#ifdef WATCHED
  skip_because("under valgrind pipes fail halfway, and libuv aborts");
#endif
  struct rlimit before;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  const struct rlimit few = { .rlim_cur = 3, .rlim_max = before.rlim_max };

  assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
  avow_promise_t *p = shell("echo");
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);

  assert_says(p, UV_EMFILE, "run 'sh': too many open files");
}

static void run_nothing(void) {
  assert_rejects(avow_command(loop, NULL, avow_string("x")), UV_EINVAL);
}

static void command_refuses_invalid_arguments(void **state) {
  const char *none[] = { NULL };
  const char *args[] = { "true", NULL };
  const avow_command_t fine = { .args = args };
  const avow_command_t newer = { .args = args, .reserved[0] = 1 };
  const avow_command_t ours = { .args = args, .inherits = AVOW_INHERIT_IN };

  assert_misuse(run_nothing, "command is NULL; pass a valid command");
  assert_rejects(avow_command(loop, &(avow_command_t){ 0 }, avow_none()),
                 UV_EINVAL);
  assert_rejects(avow_command(loop, &(avow_command_t){ .args = none },
                              avow_none()),
                 UV_EINVAL);
  assert_says(avow_command(loop, &newer, avow_string("x")), UV_EINVAL,
              "run: invalid argument: a reserved field is not zero");
  assert_rejects(SHELL("true", .inherits = AVOW_INHERIT_ALL + 1), UV_EINVAL);
  assert_rejects(avow_command(loop, &ours, avow_string("x")), UV_EINVAL);
  assert_rejects(avow_command(loop, &fine, avow_int(1)), UV_EINVAL);
  assert_rejects(avow_command(loop, &fine, avow_error(UV_ENOMEM)), UV_ENOMEM);
}

static avow_promise_t *plain(void) {
  return shell("head -c 100000 /dev/zero; echo x >&2; exit 2");
}

static avow_promise_t *with_input(void) {
  char *data;
  const avow_value_t input = avow_bytes_new(100000, &data);
  if (!avow_is_error(&input))
    memset(data, 'x', 100000);
  return run_shell("cat", input);
}

static avow_promise_t *too_much(void) {
  return SHELL("head -c 100000 /dev/zero", .out_max_bytes = 5000);
}

static avow_promise_t *too_late(void) {
  return SHELL("echo hello; exec sleep 1000", .timeout = 10);
}

static avow_promise_t *missing(void) {
  static const char *args[] = { "/nowhere/at/all", NULL };
  return avow_command(loop, &(avow_command_t){ .args = args }, avow_none());
}

static void survive(avow_promise_t *(*begin)(void), int code) {
  bool done = false;
  for (long nth = 1; !done; nth++) {
    fail_allocation(nth, false);
    const avow_value_t v = avow_run(begin());
    done = !allocation_failed();
    fail_allocation(0, false);
    run();

    const int got = avow_error_code(&v);
    assert_true(got == code || (!done && got == UV_ENOMEM));
    avow_value_unref(v);
    assert_true(nth < 200);
  }
}

static void commands_survive_failing_memory(void **state) {
  survive(plain, 0);
  survive(with_input, 0);
  survive(too_much, UV_EMSGSIZE);
  survive(too_late, UV_ETIMEDOUT);
  survive(missing, UV_ENOENT);
}

static void close_if_of(uv_handle_t *handle, void *type) {
  if (handle->type == *(uv_handle_type *) type)
    close_handle(handle, NULL);
}

/* libuv does not reap a process whose handle is closed. */
static void assert_one_was_killed(void) {
  int status;
  assert_true(waitpid(-1, &status, 0) > 0);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void program_may_close_all_handles(void **state) {
  avow_promise_t *p = run_shell("exec sleep 1000", much());
  uv_walk(loop, close_handle, NULL);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  assert_one_was_killed();
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void handles_of_a_canceled_command_may_be_closed(void **state) {
  avow_promise_t *p = shell("trap '' TERM; exec sleep 1000");
  avow_cancel(p);
  avow_unref(p);
  uv_walk(loop, close_handle, NULL);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the result does not matter */

  assert_int_equal(avow_loop_close(loop), 0);

  int status;
  assert_true(waitpid(-1, &status, 0) > 0); /* either signal may arrive first */
  assert_true(WIFSIGNALED(status));
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void some_handles_may_be_closed(void **state) {
  static uv_handle_type types[] = { UV_NAMED_PIPE, UV_TIMER, UV_PROCESS };
  for (size_t i = 0; i < 3; i++) {
    avow_promise_t *p = shell("exec sleep 1000");
    uv_walk(loop, close_if_of, &types[i]);

    assert_int_equal(avow_loop_close(loop), 0);

    assert_int_equal(avow_result(p)->code, UV_ECANCELED);
    assert_one_was_killed();
    avow_unref(p);
    assert_int_equal(avow_loop_init(loop, &steady), 0);
  }
}

SUITE(command) {
  const struct CMUnitTest tests[] = {
    CHILDREN_CASE(command_gives_its_output),
    CHILDREN_CASE(command_gives_its_status),
    CHILDREN_CASE(command_gives_the_signal_that_ended_it),
    CHILDREN_CASE(command_without_input_reads_end_of_input),
    CHILDREN_CASE(command_reads_its_input),
    CHILDREN_CASE(command_gets_directory_and_environment),
    CHILDREN_CASE(command_handles_large_input_and_output),
    CHILDREN_CASE(input_that_is_not_read_is_dropped),
    CHILDREN_CASE(refused_input_does_not_end_the_program),
    CHILDREN_CASE(sigpipe_handler_of_the_program_is_kept),
    CHILDREN_CASE(command_has_default_signal_handling),
    CHILDREN_CASE(command_may_inherit_its_output),
    CHILDREN_CASE(command_may_inherit_its_input),
    CHILDREN_CASE(command_with_inherited_streams_ends),
    CHILDREN_CASE(missing_command_rejects),
    CHILDREN_CASE(missing_command_can_be_canceled),
    CHILDREN_CASE(command_without_descriptors_rejects),
    CHILDREN_CASE(command_opens_its_streams_by_name),
    CHILDREN_CASE(command_refuses_invalid_arguments),
    CHILDREN_CASE(program_may_close_all_handles),
    CHILDREN_CASE(handles_of_a_canceled_command_may_be_closed),
    CHILDREN_CASE(some_handles_may_be_closed),
    CHILDREN_CASE(commands_survive_failing_memory),
  };
  harness_init();
  return cmocka_run_group_tests(tests, children_prepare, NULL);
}
