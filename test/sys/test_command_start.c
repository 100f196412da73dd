/* SPDX-License-Identifier: MIT */
/* Commands that exchange data with a program while they run. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "children.h"

enum { LINE = 1000 };

/* Starts a script by the shell, with further fields of avow_command_t. */
#define START(script, ...)                                                     \
  avow_command_start(loop,                                                     \
                     &(avow_command_t){                                        \
                         .args = (const char *[]){ "sh", "-c", script, NULL }, \
                         __VA_ARGS__ })

static avow_promise_t *start_script(const char *script) {
  return START(script, .group = false);
}

typedef struct {
  avow_value_t process, in, out, err;
} child_t;

static child_t child_of(avow_promise_t *p) {
  const avow_value_t v = spawned(p);
  return (child_t){ v, avow_process_stream(&v, 0), avow_process_stream(&v, 1),
                    avow_process_stream(&v, 2) };
}

static void release_child(const child_t *child) {
  avow_value_unref(child->in);
  avow_value_unref(child->out);
  avow_value_unref(child->err);
  avow_value_unref(child->process);
}

/* Checks that the reader has ended. Takes ownership of it. */
static void assert_no_more(avow_reader_t *r) {
  assert_fulfills_none(avow_reader_line(r, LINE));
  avow_reader_unref(r);
}

static void lines_arrive_while_the_command_runs(void **state) {
  const child_t child =
      child_of(start_script("echo one; read x; echo $x; exit 3"));
  avow_reader_t *lines = avow_reader_new(avow_to_stream(&child.out));
  assert_fulfills_bytes(avow_reader_line(lines, LINE), "one");

  assert_fulfills_int(avow_write(avow_to_stream(&child.in),
                                 avow_string("two\n")),
                      4);

  assert_fulfills_bytes(avow_reader_line(lines, LINE), "two");
  assert_no_more(lines);
  assert_ends(avow_process_wait(&child.process), 3, 0);
  release_child(&child);
}

static void output_and_errors_are_received_as_chunks(void **state) {
  const child_t child = child_of(start_script("echo out; echo err >&2"));
  avow_channel_t *out = avow_chunks(avow_to_stream(&child.out), LINE, 1);
  avow_channel_t *err = avow_chunks(avow_to_stream(&child.err), LINE, 1);

  assert_fulfills_bytes(avow_channel_next(err), "err\n");
  assert_fulfills_none(avow_channel_next(err));
  assert_fulfills_bytes(avow_channel_next(out), "out\n");
  assert_fulfills_none(avow_channel_next(out));

  avow_channel_unref(out);
  avow_channel_unref(err);
  assert_ends(avow_process_wait(&child.process), 0, 0);
  release_child(&child);
}

static void input_may_be_pumped_from_a_stream(void **state) {
  const child_t says = child_of(start_script("head -c 3145728 /dev/zero"));
  const child_t counts = child_of(start_script("wc -c | tr -d ' '"));

  assert_fulfills_int(avow_pump(avow_to_stream(&says.out),
                                avow_to_stream(&counts.in), NULL),
                      MUCH);

  assert_fulfills_bytes(avow_read_all(avow_to_stream(&counts.out), LINE),
                        "3145728\n");
  release_child(&says);
  release_child(&counts);
  run();
}

static void command_may_open_its_streams_by_name(void **state) {
  const child_t child = child_of(
      start_script("cat /dev/stdin >/dev/stdout; echo err >/dev/stderr"));
  assert_fulfills_int(avow_write(avow_to_stream(&child.in), avow_string("in")),
                      2);
  assert_fulfills_none(avow_shutdown(avow_to_stream(&child.in)));

  assert_fulfills_bytes(avow_read_all(avow_to_stream(&child.out), LINE), "in");
  assert_fulfills_bytes(avow_read_all(avow_to_stream(&child.err), LINE),
                        "err\n");

  assert_ends(avow_process_wait(&child.process), 0, 0);
  release_child(&child);
}

/* The stream stays open, and writing to it fails as for a socket. */
static void shut_down_input_refuses_writes(void **state) {
  const child_t child = child_of(start_script("cat"));
  const avow_stream_t in = avow_to_stream(&child.in);
  assert_fulfills_none(avow_shutdown(in));

  assert_rejects(avow_write(in, avow_string("x")), UV_EPIPE);
  assert_rejects(avow_shutdown(in), UV_ENOTCONN);

  assert_fulfills_none(avow_close(in));
  assert_ends(avow_process_wait(&child.process), 0, 0);
  release_child(&child);
}

/* A watcher of the pipe would keep it open. */
static void input_ends_despite_a_pending_hangup_request(void **state) {
  const child_t child = child_of(start_script("cat"));
  avow_promise_t *gone = avow_hangup(avow_to_stream(&child.in));

  assert_fulfills_none(avow_shutdown(avow_to_stream(&child.in)));

  assert_ends(avow_process_wait(&child.process), 0, 0);
  assert_rejects(gone, UV_ECANCELED);
  release_child(&child);
}

static void input_is_not_kept_open_by_another_command(void **state) {
  const child_t one = child_of(start_script("cat"));
  const child_t two = child_of(start_script("cat"));

  assert_fulfills_none(avow_close(avow_to_stream(&one.in)));

  assert_ends(avow_process_wait(&one.process), 0, 0);
  assert_fulfills_none(avow_close(avow_to_stream(&two.in)));
  assert_ends(avow_process_wait(&two.process), 0, 0);
  release_child(&one);
  release_child(&two);
}

static void inherited_descriptor_has_no_stream(void **state) {
  const child_t child =
      child_of(START("exec cat", .inherits = AVOW_INHERIT_ERR));
  assert_true(avow_is_none(&child.err));
  assert_false(avow_is_none(&child.out));

  assert_fulfills_none(avow_close(avow_to_stream(&child.in)));

  assert_ends(avow_process_wait(&child.process), 0, 0);
  release_child(&child);
}

static void directory_and_environment_are_applied(void **state) {
  const char *env[] = { "PATH=/usr/bin:/bin", "WORD=there", NULL };
  const child_t child =
      child_of(START("pwd; echo $WORD", .cwd = "/usr", .env = env));

  assert_fulfills_bytes(avow_read_all(avow_to_stream(&child.out), LINE),
                        "/usr\nthere\n");

  release_child(&child);
  run();
}

/* The shell's child holds the output open. The output ends after the child
   exits too. */
#define FAMILY "sleep 1000 & echo two; sleep 1000"

static child_t family(void) {
  const child_t child = child_of(START(FAMILY, .group = true));
  assert_fulfills_bytes(avow_read(avow_to_stream(&child.out), LINE), "two\n");
  return child;
}

static void last_release_kills_the_group(void **state) {
  child_t child = family();

  avow_value_unref(child.process);

  child.process = avow_none();
  assert_fulfills_none(avow_read(avow_to_stream(&child.out), LINE));
  release_child(&child);
  run();
}

static void signal_reaches_the_group(void **state) {
  const child_t child = family();

  assert_int_equal(avow_process_kill(&child.process, SIGTERM), 0);

  assert_fulfills_none(avow_read(avow_to_stream(&child.out), LINE));
  assert_ends(avow_process_wait(&child.process), 0, SIGTERM);
  assert_int_equal(avow_process_kill(&child.process, SIGTERM), UV_ESRCH);
  release_child(&child);
}

static void signal_reaches_only_the_process(void **state) {
  const child_t child = child_of(
      start_script("exec 3<&0; (echo up; read x <&3; echo late) & read x"));
  assert_fulfills_bytes(avow_read(avow_to_stream(&child.out), LINE), "up\n");

  assert_int_equal(avow_process_kill(&child.process, SIGTERM), 0);

  assert_ends(avow_process_wait(&child.process), 0, SIGTERM);
  assert_fulfills_int(avow_write(avow_to_stream(&child.in), avow_string("x\n")),
                      2);
  assert_fulfills_bytes(avow_read(avow_to_stream(&child.out), LINE), "late\n");
  release_child(&child);
}

/* The command's output does not go to the loop that is closed. */
static void loop_close_ends_a_group(void **state) {
  char c;
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  (void) fcntl(fds[0], F_SETFD, FD_CLOEXEC); /* otherwise tests would hang */
  const int before = dup(1);
  assert_int_equal(dup2(fds[1], 1), 1);
  const child_t child =
      child_of(START(FAMILY, .group = true, .inherits = AVOW_INHERIT_OUT));
  assert_int_equal(dup2(before, 1), 1);
  (void) close(before);
  (void) close(fds[1]);
  assert_int_equal(read(fds[0], &c, 1), 1);

  assert_int_equal(avow_loop_close(loop), 0);

  while (read(fds[0], &c, 1) > 0)
    continue;
  (void) close(fds[0]);
  release_child(&child);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

#ifndef NDEBUG

static void keep_a_process(void) {
  avow_value_t v = avow_run(start_script("exec sleep 1000"));
  assert_int_equal(v.tag, AVOW_OBJECT);
  assert_int_equal(avow_loop_close(loop), 0);
  avow_value_clear(&v);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void unreleased_process_is_reported_as_a_value(void **state) {
  char line[200] = "";
  FILE *file = stderr_of(keep_a_process);
  assert_non_null(fgets(line, sizeof(line), file));
  (void) fclose(file);
  assert_string_equal(line,
                      "avow: avow_loop_close(): 1 value is still referenced; "
                      "call avow_value_unref() on it\n");
}

#endif

static void start_nothing(void) {
  assert_rejects(avow_command_start(loop, NULL), UV_EINVAL);
}

static void command_start_refuses_invalid_arguments(void **state) {
  const char *missing[] = { "/nowhere/at/all", NULL };

  assert_misuse(start_nothing, "command is NULL; pass a valid command");
  assert_rejects(avow_command_start(loop, &(avow_command_t){ 0 }), UV_EINVAL);
  assert_rejects(START("true", .inherits = AVOW_INHERIT_ALL + 1), UV_EINVAL);
  assert_rejects(START("true", .reserved = { 1 }), UV_EINVAL);
  assert_rejects(START("true", .out_max_bytes = 1), UV_EINVAL);
  assert_rejects(START("true", .err_max_bytes = 1), UV_EINVAL);
  assert_rejects(START("true", .timeout = 1), UV_EINVAL);
  assert_rejects(START("true", .grace = 1), UV_EINVAL);
  assert_says(avow_command_start(loop, &(avow_command_t){ .args = missing }),
              UV_ENOENT, "spawn '/nowhere/at/all': no such file or directory");
  assert_says(START("true", .cwd = "/nowhere", .group = true), UV_ENOENT,
              "spawn 'sh' in '/nowhere': no such file or directory");
}

SUITE(command_start) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    CHILDREN_CASE(lines_arrive_while_the_command_runs),
    CHILDREN_CASE(output_and_errors_are_received_as_chunks),
    CHILDREN_CASE(input_may_be_pumped_from_a_stream),
    CHILDREN_CASE(command_may_open_its_streams_by_name),
    CHILDREN_CASE(shut_down_input_refuses_writes),
    CHILDREN_CASE(input_ends_despite_a_pending_hangup_request),
    CHILDREN_CASE(input_is_not_kept_open_by_another_command),
    CHILDREN_CASE(inherited_descriptor_has_no_stream),
    CHILDREN_CASE(directory_and_environment_are_applied),
    CHILDREN_CASE(last_release_kills_the_group),
    CHILDREN_CASE(signal_reaches_the_group),
    CHILDREN_CASE(signal_reaches_only_the_process),
    CHILDREN_CASE(loop_close_ends_a_group),
    CHILDREN_CASE(command_start_refuses_invalid_arguments),
#ifndef NDEBUG
    CHILDREN_CASE(unreleased_process_is_reported_as_a_value),
#endif
  };
  harness_init();
  return cmocka_run_group_tests(tests, children_prepare, NULL);
}
