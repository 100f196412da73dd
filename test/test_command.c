/*
 * Commands: what they give, and their ends: by themselves, by a limit, by the
 * clock, by being cancelled, and with the loop.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

enum { FILES = 256, MUCH = 3 << 20, LONG = 60 * 1000 };

static int files_before;

static int open_files(void) {
  int n = 0;
  for (int fd = 0; fd < FILES; fd++)
    n += fcntl(fd, F_GETFD) != -1;
  return n;
}

static int set_up(void **state) {
  files_before = open_files();
  return harness_setup(state);
}

/* No test leaves a file, a zombie or a process. */
static int tear_down(void **state) {
  const int failed = harness_teardown(state);
  if (open_files() != files_before || waitpid(-1, NULL, WNOHANG) != -1 ||
      errno != ECHILD) {
    print_error("left behind: a file or a process\n");
    return -1;
  }
  return failed;
}

/* The shell's, with what else there is to say about it. */
#define SHELL(script, ...)                                               \
  avow_command(loop,                                                     \
               &(avow_command_t){                                        \
                   .args = (const char *[]){ "sh", "-c", script, NULL }, \
                   __VA_ARGS__ },                                        \
               avow_none())

static avow_promise_t *run_shell(const char *script, avow_value_t input) {
  const char *args[] = { "sh", "-c", script, NULL };
  return avow_command(loop, &(avow_command_t){ .args = args }, input);
}

static avow_promise_t *shell(const char *script) {
  return run_shell(script, avow_none());
}

static const avow_output_t *output(const avow_value_t *v) {
  assert_string_equal(avow_error_message(v), "no error");
  return avow_to_output(v);
}

/* Takes p. */
static void assert_gives(avow_promise_t *p, int64_t status, const char *out,
                         const char *err) {
  const avow_value_t v = avow_run(p);
  const avow_output_t *o = output(&v);
  assert_string_equal(avow_to_bytes(&o->out, NULL), out);
  assert_string_equal(avow_to_bytes(&o->err, NULL), err);
  assert_int_equal(o->status, status);
  assert_int_equal(o->signal, 0);
  avow_value_unref(v);
}

static void command_gives_what_it_said(void **state) {
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

static void command_without_input_reads_none(void **state) {
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

static avow_value_t much(void) {
  char *data;
  const avow_value_t v = avow_bytes_new(MUCH, &data);
  assert_false(avow_is_error(&v));
  for (size_t i = 0; i < MUCH; i++)
    data[i] = (char) (i * 31 + (i >> 8));
  return v;
}

static void command_takes_and_gives_much(void **state) {
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

static void input_that_is_refused_harms_nobody(void **state) {
  (void) signal(SIGPIPE, SIG_DFL);

  assert_gives(run_shell("exec <&-; echo x", much()), 0, "x\n", "");

  struct sigaction now;
  assert_int_equal(sigaction(SIGPIPE, NULL, &now), 0);
  assert_true(now.sa_handler == SIG_IGN);
}

static void on_pipe(int signum) {
}

static void handler_of_sigpipe_stays_the_programs(void **state) {
  const struct sigaction mine = { .sa_handler = on_pipe };
  struct sigaction now;
  assert_int_equal(sigaction(SIGPIPE, &mine, NULL), 0);

  assert_gives(run_shell("exec <&-; echo x", much()), 0, "x\n", "");

  assert_int_equal(sigaction(SIGPIPE, NULL, &now), 0);
  assert_true(now.sa_handler == on_pipe);
  (void) signal(SIGPIPE, SIG_IGN);
}

/* A program that ignores SIGPIPE does so for itself. */
static void command_has_signals_as_they_were(void **state) {
  (void) signal(SIGPIPE, SIG_IGN);

  const avow_value_t v = avow_run(shell("kill -PIPE $$"));

  assert_int_equal(output(&v)->signal, SIGPIPE);
  avow_value_unref(v);
}

static void command_that_is_missing_rejects(void **state) {
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

static void command_that_is_missing_can_be_cancelled(void **state) {
  const char *missing[] = { "/nowhere/at/all", NULL };
  avow_promise_t *p =
      avow_command(loop, &(avow_command_t){ .args = missing }, avow_none());

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  run();
}

static void command_without_files_rejects(void **state) {
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

static void command_refuses_what_it_cannot_use(void **state) {
  const char *none[] = { NULL };
  const char *args[] = { "true", NULL };
  const avow_command_t fine = { .args = args };

  assert_rejects(avow_command(loop, NULL, avow_string("x")), UV_EINVAL);
  assert_rejects(avow_command(loop, &(avow_command_t){ 0 }, avow_none()),
                 UV_EINVAL);
  assert_rejects(avow_command(loop, &(avow_command_t){ .args = none },
                              avow_none()),
                 UV_EINVAL);
  assert_rejects(avow_command(loop, &fine, avow_int(1)), UV_EINVAL);
  assert_rejects(avow_command(loop, &fine, avow_error(UV_ENOMEM)), UV_ENOMEM);
}

static void output_of_exactly_the_limit_is_fine(void **state) {
  assert_gives(SHELL("printf 12345; printf 123 >&2", .out_limit = 5,
                     .err_limit = 3),
               0, "12345", "123");
}

static void output_grows_up_to_its_limit(void **state) {
  const avow_value_t v =
      avow_run(SHELL("head -c 100000 /dev/zero", .out_limit = 100000));
  size_t len;

  (void) avow_to_bytes(&output(&v)->out, &len);

  assert_int_equal(len, 100000);
  avow_value_unref(v);
  assert_rejects(SHELL("head -c 100001 /dev/zero", .out_limit = 100000),
                 UV_EMSGSIZE);
}

/* Takes p. */
static void assert_fails_with(avow_promise_t *p, int code, const char *out,
                              const char *err) {
  const avow_value_t v = avow_run(p);
  assert_string_equal(avow_err_name(avow_error_code(&v)), avow_err_name(code));
  const avow_output_t *o = avow_to_output(avow_error_cause(&v));
  assert_string_equal(avow_to_bytes(&o->out, NULL), out);
  assert_string_equal(avow_to_bytes(&o->err, NULL), err);
  avow_value_unref(v);
}

static void output_past_the_limit_ends_it(void **state) {
  assert_fails_with(SHELL("while :; do echo y; done", .out_limit = 5),
                    UV_EMSGSIZE, "y\ny\ny", "");
  assert_fails_with(SHELL("printf 1; printf 1234 >&2; exec sleep 60",
                          .err_limit = 3),
                    UV_EMSGSIZE, "1", "123");
  assert_fails_with(SHELL("printf 123456", .out_limit = 5), UV_EMSGSIZE,
                    "12345", "");
  assert_fails_with(SHELL("trap 'printf 1234 >&2; exit 0' TERM; echo 123456; "
                          "while :; do sleep 0.01; done",
                          .grace = LONG, .out_limit = 5, .err_limit = 3),
                    UV_EMSGSIZE, "12345", "123");
}

/* It clears up before it goes, and is not held up by what it says meanwhile. */
static void output_past_the_limit_is_read_on(void **state) {
  assert_fails_with(SHELL("trap 'head -c 1000000 /dev/zero && echo end >&2; "
                          "exit 0' TERM; head -c 5000 /dev/zero; "
                          "while :; do sleep 0.01; done",
                          .grace = LONG, .out_limit = 4095),
                    UV_EMSGSIZE, "", "end\n");
}

/* What it fails with when it has a time limit, and was quick enough to say that
   it was ready: there is no knowing how long that takes. */
static avow_value_t time_out(const char *script, uint64_t grace) {
  for (uint64_t ms = 100;; ms *= 2) {
    const avow_value_t v = avow_run(SHELL(script, .timeout = ms, .grace = grace,
                                          .out_limit = 9, .err_limit = 9));
    assert_int_equal(avow_error_code(&v), UV_ETIMEDOUT);
    const avow_output_t *o = avow_to_output(avow_error_cause(&v));
    if (strncmp(avow_to_bytes(&o->out, NULL), "ready\n", 6) == 0)
      return v;
    avow_value_unref(v);
  }
}

static void assert_times_out(const char *script, uint64_t grace,
                             const char *out, int signum) {
  const avow_value_t v = time_out(script, grace);
  const avow_output_t *o = avow_to_output(avow_error_cause(&v));
  assert_string_equal(avow_to_bytes(&o->out, NULL), out);
  assert_int_equal(o->signal, signum);
  avow_value_unref(v);
}

static void timeout_ends_it_and_keeps_what_it_said(void **state) {
  assert_times_out("echo ready; exec sleep 60", LONG, "ready\n", SIGTERM);
}

static void timeout_lets_it_clear_up(void **state) {
  assert_times_out(
      "trap 'echo by; exit 0' TERM; echo ready; "
      "while :; do sleep 0.01; done",
      LONG, "ready\nby\n", 0);
}

static void first_failure_is_the_one_that_counts(void **state) {
  assert_times_out(
      "trap 'echo 123456; exit 0' TERM; echo ready; "
      "while :; do sleep 0.01; done",
      LONG, "ready\n123", 0);
}

static void second_failure_does_not_tell_it_again(void **state) {
  const avow_value_t v =
      avow_run(SHELL("n=0; trap 'n=$((n+1))' TERM; echo 123456; "
                     "while [ $n -eq 0 ]; do sleep 0.01; done; "
                     "echo 123456 >&2; sleep 0.1; sleep 0.1; exit $n",
                     .grace = LONG, .out_limit = 5, .err_limit = 5));

  assert_int_equal(avow_error_code(&v), UV_EMSGSIZE);
  assert_int_equal(avow_to_output(avow_error_cause(&v))->status, 1);
  avow_value_unref(v);
}

static void timeout_kills_what_does_not_end(void **state) {
  assert_times_out("trap '' TERM; echo ready; while :; do sleep 0.01; done", 50,
                   "ready\n", SIGKILL);
}

static void timeout_in_time_does_nothing(void **state) {
  assert_gives(SHELL("echo x", .timeout = LONG), 0, "x\n", "");
}

static void limit_and_timeout_say_what_they_ended(void **state) {
  assert_says(SHELL("echo 123456", .out_limit = 5), UV_EMSGSIZE,
              "run 'sh': too much output");
  assert_says(SHELL("exec sleep 60", .timeout = 1), UV_ETIMEDOUT,
              "run 'sh': timed out");
}

/* Says so when the shell has ended, and has been waited for. */
#define LEFT_BEHIND "while kill -0 $$; do sleep 0.01; done 2>/dev/null; "

static void command_waits_for_what_it_left_behind(void **state) {
  assert_gives(shell("(" LEFT_BEHIND "echo late) & echo early"), 0,
               "early\nlate\n", "");
}

/* Where something can be left behind until the test lets go of it. */
static char folder[64];

static void open_folder(void) {
  size_t size = sizeof(folder) - 16;
  assert_int_equal(uv_os_tmpdir(folder, &size), 0);
  strcat(folder, "/avow-XXXXXX");
  assert_non_null(mkdtemp(folder));
  assert_int_equal(setenv("FOLDER", folder, 1), 0);
}

static char *in_folder(const char *name) {
  static char path[sizeof(folder) + 8];
  (void) snprintf(path, sizeof(path), "%s/%s", folder, name); /* fits */
  return path;
}

static void close_folder(void) {
  (void) unlink(in_folder("gone")); /* or it was not made */
  assert_int_equal(unlink(in_folder("hold")), 0);
  assert_int_equal(rmdir(folder), 0);
}

static void let_go(void) {
  const int fd = open(in_folder("hold"), O_WRONLY | O_CLOEXEC);
  assert_true(fd >= 0); /* somebody reads */
  assert_int_equal(close(fd), 0);
}

static void timeout_bounds_what_it_left_behind(void **state) {
  open_folder();
  assert_int_equal(mkfifo(in_folder("hold"), 0600), 0);

  assert_times_out("read held <$FOLDER/hold & echo ready", LONG, "ready\n", 0);

  let_go();
  close_folder();
}

static void command_may_close_its_output_and_go_on(void **state) {
  const avow_value_t v = avow_run(shell("exec >&- 2>&-; sleep 0.05; exit 3"));

  assert_int_equal(output(&v)->status, 3);
  avow_value_unref(v);
}

static void cancelled_command_ends_in_the_background(void **state) {
  avow_promise_t *p = shell("exec sleep 60");

  avow_cancel(p);
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  run(); /* to its end */

  assert_rejects(p, UV_ECANCELED);
}

static void cancelled_command_is_killed_after_the_grace(void **state) {
  avow_promise_t *p = avow_timeout(
      SHELL("trap '' TERM; while :; do sleep 0.01; done", .grace = 50), 100);

  assert_rejects(p, UV_ETIMEDOUT);
  run();
}

static void command_cancelled_twice_is_told_once(void **state) {
  avow_promise_t *p = SHELL("exec sleep 60", .timeout = 50, .out_limit = 1);
  avow_promise_t *q = avow_sleep(loop, 100);

  avow_cancel(p);
  avow_unref(p);

  assert_fulfils_none(q);
  run();
}

/* What is left of it, its output, holds up nobody. */
static void command_cancelled_past_its_end_is_dropped(void **state) {
  open_folder();
  assert_int_equal(mkfifo(in_folder("hold"), 0600), 0);
  avow_promise_t *p = shell("(" LEFT_BEHIND
                            ">$FOLDER/gone; "
                            "read held <$FOLDER/hold) & exit 0");
  while (access(in_folder("gone"), F_OK) != 0)
    assert_fulfils_none(avow_sleep(loop, 1));

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  run();
  let_go();
  close_folder();
}

static void command_cancelled_with_input_under_way_is_dropped(void **state) {
  avow_promise_t *p = run_shell("exec sleep 60", much());

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  run();
}

static void command_cancelled_in_the_turn_of_its_end(void **state) {
  avow_promise_t *p = shell("true");
  avow_promise_t *watched = avow_then(avow_ref(p), note_cb, NULL, "done");

  const avow_value_t v = avow_run(watched);
  avow_cancel(p);

  assert_int_equal(avow_state(p), AVOW_FULFILLED);
  avow_value_unref(v);
  avow_unref(p);
}

static void loop_close_ends_commands(void **state) {
  avow_promise_t *ps[] = {
    shell("exec sleep 60"),
    SHELL("trap '' TERM; while :; do sleep 0.01; done", .grace = 50),
    run_shell("exec sleep 60", much()),
    shell("while :; do echo y; done"),
  };

  assert_int_equal(avow_loop_close(loop), 0);

  for (int i = 0; i < 4; i++) {
    assert_int_equal(avow_error_code(avow_result(ps[i])), UV_ECANCELED);
    avow_unref(ps[i]);
  }
  assert_int_equal(avow_loop_init(loop, NULL), 0);
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
  return SHELL("head -c 100000 /dev/zero", .out_limit = 5000);
}

static avow_promise_t *too_late(void) {
  return SHELL("echo hello; exec sleep 60", .timeout = 10);
}

static avow_promise_t *missing(void) {
  static const char *args[] = { "/nowhere/at/all", NULL };
  return avow_command(loop, &(avow_command_t){ .args = args }, avow_none());
}

static void survive(avow_promise_t *(*start)(void), int code) {
  bool done = false;
  for (long nth = 1; !done; nth++) {
    fail_allocation(nth, false);
    const avow_value_t v = avow_run(start());
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

/* What libuv opens once and for all is open afterwards. */
static int first_of_all(void **state) {
  if (harness_setup(state) != 0)
    return -1;
  avow_value_unref(avow_run(shell("true")));
  return harness_teardown(state);
}

#define COMMAND(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static void close_handle(uv_handle_t *handle, void *only) {
  const bool wanted = only == NULL || handle->type == *(uv_handle_type *) only;
  if (wanted && !uv_is_closing(handle))
    uv_close(handle, NULL);
}

/* libuv reaps no process of which the handle is closed. */
static void assert_one_was_killed(void) {
  int status;
  assert_true(waitpid(-1, &status, 0) > 0);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_program_may_close_all_handles(void **state) {
  avow_promise_t *p = run_shell("exec sleep 60", much());
  uv_walk(loop, close_handle, NULL);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  assert_one_was_killed();
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void handles_may_be_closed_of_what_was_cancelled(void **state) {
  avow_promise_t *p = shell("trap '' TERM; exec sleep 60");
  avow_cancel(p);
  avow_unref(p);
  uv_walk(loop, close_handle, NULL);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* nothing of it is ours to know */

  assert_int_equal(avow_loop_close(loop), 0);

  int status;
  assert_true(waitpid(-1, &status, 0) > 0); /* either signal came first */
  assert_true(WIFSIGNALED(status));
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void some_handles_may_be_closed(void **state) {
  static uv_handle_type types[] = { UV_NAMED_PIPE, UV_TIMER, UV_PROCESS };
  for (size_t i = 0; i < 3; i++) {
    avow_promise_t *p = shell("exec sleep 60");
    uv_walk(loop, close_handle, &types[i]);

    assert_int_equal(avow_loop_close(loop), 0);

    assert_int_equal(avow_result(p)->code, UV_ECANCELED);
    assert_one_was_killed();
    avow_unref(p);
    assert_int_equal(avow_loop_init(loop, NULL), 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
    COMMAND(command_gives_what_it_said),
    COMMAND(command_gives_its_status),
    COMMAND(command_gives_the_signal_that_ended_it),
    COMMAND(command_without_input_reads_none),
    COMMAND(command_reads_its_input),
    COMMAND(command_gets_directory_and_environment),
    COMMAND(command_takes_and_gives_much),
    COMMAND(input_that_is_not_read_is_dropped),
    COMMAND(input_that_is_refused_harms_nobody),
    COMMAND(handler_of_sigpipe_stays_the_programs),
    COMMAND(command_has_signals_as_they_were),
    COMMAND(command_that_is_missing_rejects),
    COMMAND(command_that_is_missing_can_be_cancelled),
    COMMAND(command_without_files_rejects),
    COMMAND(command_refuses_what_it_cannot_use),
    COMMAND(output_of_exactly_the_limit_is_fine),
    COMMAND(output_grows_up_to_its_limit),
    COMMAND(output_past_the_limit_ends_it),
    COMMAND(output_past_the_limit_is_read_on),
    COMMAND(timeout_ends_it_and_keeps_what_it_said),
    COMMAND(timeout_lets_it_clear_up),
    COMMAND(first_failure_is_the_one_that_counts),
    COMMAND(second_failure_does_not_tell_it_again),
    COMMAND(timeout_kills_what_does_not_end),
    COMMAND(timeout_in_time_does_nothing),
    COMMAND(limit_and_timeout_say_what_they_ended),
    COMMAND(command_waits_for_what_it_left_behind),
    COMMAND(timeout_bounds_what_it_left_behind),
    COMMAND(command_may_close_its_output_and_go_on),
    COMMAND(cancelled_command_ends_in_the_background),
    COMMAND(cancelled_command_is_killed_after_the_grace),
    COMMAND(command_cancelled_twice_is_told_once),
    COMMAND(command_cancelled_past_its_end_is_dropped),
    COMMAND(command_cancelled_with_input_under_way_is_dropped),
    COMMAND(command_cancelled_in_the_turn_of_its_end),
    COMMAND(loop_close_ends_commands),
    COMMAND(a_program_may_close_all_handles),
    COMMAND(handles_may_be_closed_of_what_was_cancelled),
    COMMAND(some_handles_may_be_closed),
    COMMAND(commands_survive_failing_memory),
  };
  harness_init();
  return cmocka_run_group_tests(tests, first_of_all, NULL);
}
