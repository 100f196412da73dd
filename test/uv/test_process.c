/* SPDX-License-Identifier: MIT */
/* Starting processes, and their ends. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"

static void wait_gives_the_status(void **state) {
  const avow_value_t process = spawned(start_shell("exit 3"));

  assert_ends(avow_process_wait(&process), 3, 0);

  avow_value_unref(process);
}

static void wait_gives_the_signal(void **state) {
  const avow_value_t process = spawned(start_shell("kill -USR1 $$"));

  assert_ends(avow_process_wait(&process), 0, SIGUSR1);

  avow_value_unref(process);
}

static void several_and_late_waits_get_the_status(void **state) {
  const avow_value_t process = spawned(start_shell("exit 1"));
  avow_promise_t *first = avow_process_wait(&process);
  avow_promise_t *second = avow_process_wait(&process);

  assert_ends(first, 1, 0);
  assert_ends(second, 1, 0);
  assert_ends(avow_process_wait(&process), 1, 0);

  avow_value_unref(process);
}

static avow_value_t wait_cb(const avow_value_t *process, void *data) {
  return avow_follow(avow_process_wait(process));
}

static void pending_wait_does_not_keep_the_process(void **state) {
  avow_promise_t *p = start((char *[]){ "sleep", "1000", NULL });

  /* The handler releases the value, so the process is killed. */
  p = avow_then(p, wait_cb, NULL, NULL);

  assert_ends(p, 0, SIGKILL);
}

static void kill_sends_a_signal(void **state) {
  const avow_value_t process =
      spawned(start((char *[]){ "sleep", "1000", NULL }));

  assert_int_equal(avow_process_kill(&process, 0), 0);
  assert_int_equal(avow_process_kill(&process, SIGTERM), 0);
  assert_ends(avow_process_wait(&process), 0, SIGTERM);
  assert_int_equal(avow_process_kill(&process, SIGTERM), UV_ESRCH);

  avow_value_unref(process);
}

static void pid_is_the_pid_of_the_system(void **state) {
  const avow_value_t process =
      spawned(start((char *[]){ "sleep", "1000", NULL }));
  const uv_pid_t pid = avow_process_pid(&process);

  assert_int_equal(uv_kill(pid, SIGINT), 0);

  assert_ends(avow_process_wait(&process), 0, SIGINT);
  assert_true(is_gone(pid));
  avow_value_unref(process);
}

static void spawn_uses_streams_of_the_program(void **state) {
  uv_pipe_t out;
  assert_int_equal(uv_pipe_init(loop, &out, 0), 0);
  uv_stdio_container_t stdio[] = {
    { .flags = UV_IGNORE },
    { .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
      .data.stream = (uv_stream_t *) &out },
  };
  char *args[] = { "echo", "hello", NULL };
  const uv_process_options_t options = { .file = args[0],
                                         .args = args,
                                         .stdio = stdio,
                                         .stdio_count = 2 };
  const avow_value_t process = spawned(avow_spawn(loop, &options));

  const avow_value_t text =
      avow_run(avow_read_all(avow_uv_stream((uv_stream_t *) &out), 1000));
  assert_string_equal(avow_to_bytes(&text, NULL), "hello\n");
  assert_ends(avow_process_wait(&process), 0, 0);

  assert_fulfills_none(avow_close_handle((uv_handle_t *) &out));
  avow_value_unref(text);
  avow_value_unref(process);
}

static void process_owns_pipes_that_have_no_stream(void **state) {
  const avow_value_t process = spawned(start_piped((char *[]){ "cat", NULL }));
  const avow_value_t in = avow_process_stream(&process, 0);
  const avow_value_t out = avow_process_stream(&process, 1);

  assert_fulfills_int(avow_write(avow_to_stream(&in), avow_string("hello")), 5);
  assert_fulfills_none(avow_close(avow_to_stream(&in)));
  const avow_value_t text = avow_run(avow_read_all(avow_to_stream(&out), 1000));

  assert_string_equal(avow_to_bytes(&text, NULL), "hello");
  assert_ends(avow_process_wait(&process), 0, 0);
  assert_int_equal(avow_process_stream(&process, 2).tag, AVOW_NONE);
  assert_int_equal(avow_process_stream(&process, 3).tag, AVOW_NONE);
  avow_value_unref(text);
  avow_value_unref(out);
  avow_value_unref(in);
  avow_value_unref(process);
}

/* A pipe is unidirectional. */
static void bidirectional_stream_is_a_socket(void **state) {
  char *args[] = { "sh", "-c", "read x <&0; echo got $x >&0", NULL };
  uv_stdio_container_t stdio[] = {
    { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE },
  };
  const uv_process_options_t options = { .file = args[0],
                                         .args = args,
                                         .stdio = stdio,
                                         .stdio_count = 1 };
  const avow_value_t process = spawned(avow_spawn(loop, &options));
  const avow_value_t both = avow_process_stream(&process, 0);

  assert_fulfills_int(avow_write(avow_to_stream(&both), avow_string("it\n")),
                      3);

  assert_fulfills_bytes(avow_read_all(avow_to_stream(&both), 100), "got it\n");
  assert_ends(avow_process_wait(&process), 0, 0);
  avow_value_unref(both);
  avow_value_unref(process);
}

static void stream_outlives_its_process(void **state) {
  const avow_value_t process =
      spawned(start_piped((char *[]){ "echo", "hello", NULL }));
  const avow_value_t out = avow_process_stream(&process, 1);
  assert_ends(avow_process_wait(&process), 0, 0);

  avow_value_unref(process);

  const avow_value_t text = avow_run(avow_read_all(avow_to_stream(&out), 1000));
  assert_string_equal(avow_to_bytes(&text, NULL), "hello\n");
  avow_value_unref(text);
  avow_value_unref(out);
}

static void failed_spawn_closes_its_streams(void **state) {
  assert_rejects(start_piped((char *[]){ "/nowhere/at/all", NULL }), UV_ENOENT);
}

static void spawn_of_a_missing_program_rejects(void **state) {
  assert_says(start((char *[]){ "/nowhere/at/all", NULL }), UV_ENOENT,
              "spawn '/nowhere/at/all': no such file or directory");
  assert_says(start((char *[]){ "/dev/null", NULL }), UV_EACCES,
              "spawn '/dev/null': permission denied");
  run();
}

static void spawn_with_missing_options_rejects(void **state) {
  const uv_process_options_t options = { .args = NULL };
  char *args[] = { "true", NULL };
  const uv_process_options_t no_args = { .file = "true" };
  const uv_process_options_t no_stdio = { .file = "true",
                                          .args = args,
                                          .stdio_count = 1 };

  assert_rejects(avow_spawn(loop, NULL), UV_EINVAL);
  assert_rejects(avow_spawn(loop, &options), UV_EINVAL);
  assert_says(avow_spawn(loop, &no_args), UV_EINVAL,
              "spawn 'true': invalid argument");
  assert_rejects(avow_spawn(loop, &no_stdio), UV_EINVAL);
}

static void count_one(uv_handle_t *handle, void *count) {
  ++*(int *) count;
}

static int handles(void) {
  int n = 0;
  uv_walk(loop, count_one, &n);
  return n;
}

/* Limits the number of descriptors to `to`. */
static void limit_files(rlim_t to, struct rlimit *before) {
  assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
  const struct rlimit limit = { .rlim_cur = to, .rlim_max = before->rlim_max };
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* libuv reports a failed start by a pipe or, since 1.53, by posix_spawn(). */
static void assert_spawns_or_says(avow_promise_t *p, int code,
                                  const char *message) {
  if (avow_state(p) == AVOW_FULFILLED)
    avow_unref(p);
  else
    assert_says(p, code, message);
}

static void spawn_without_descriptors_leaves_no_handle(void **state) {
#ifdef WATCHED
  skip_because("libuv aborts, because pipes fail under valgrind");
#endif
  uv_pipe_t out;
  uv_timer_t timer;
  struct rlimit before;
  assert_fulfills_none(avow_sleep(loop, 0)); /* what the loop needs is there */
  assert_int_equal(uv_pipe_init(loop, &out, 0), 0);
  uv_stdio_container_t stdio[] = {
    { .flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
      .data.stream = (uv_stream_t *) &out },
  };
  char *args[] = { "true", NULL };
  const uv_process_options_t options = { .file = args[0],
                                         .args = args,
                                         .stdio = stdio,
                                         .stdio_count = 1 };
  const int there = handles();
  limit_files(3, &before);
  avow_promise_t *piped = avow_spawn(loop, &options);
  avow_promise_t *plain = start(args);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
  assert_int_equal(uv_timer_init(loop, &timer), 0);

  assert_says(piped, UV_EMFILE, "spawn 'true': too many open files");
  assert_spawns_or_says(plain, UV_EMFILE, "spawn 'true': too many open files");
  run();

  assert_int_equal(handles(), there + 1); /* one more: the timer */
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &out));
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &timer));
}

static void not_a_process(void) {
  const avow_value_t v = avow_string("not a process");

  assert_rejects(avow_process_wait(&v), AVOW_EMISUSE);

  avow_value_unref(v);
}

static void kill_none_value(void) {
  const avow_value_t v = avow_none();

  assert_int_equal(avow_process_kill(&v, SIGTERM), UV_ESRCH);
}

static void query_none_value(void) {
  const avow_value_t v = avow_none();

  assert_int_equal(avow_process_stream(&v, 0).tag, AVOW_NONE);

  assert_int_equal(avow_process_pid(&v), 0);
}

static void other_values_as_process_are_misuse(void **state) {
  assert_misuse(not_a_process, "value has type bytes, not process");
  assert_misuse(kill_none_value, "value has type none, not process");
  assert_misuse(query_none_value, "value has type none, not process");
}

SUITE(process) {
  const struct CMUnitTest tests[] = {
    CHILDREN_CASE(wait_gives_the_status),
    CHILDREN_CASE(wait_gives_the_signal),
    CHILDREN_CASE(several_and_late_waits_get_the_status),
    CHILDREN_CASE(pending_wait_does_not_keep_the_process),
    CHILDREN_CASE(kill_sends_a_signal),
    CHILDREN_CASE(pid_is_the_pid_of_the_system),
    CHILDREN_CASE(spawn_uses_streams_of_the_program),
    CHILDREN_CASE(process_owns_pipes_that_have_no_stream),
    CHILDREN_CASE(stream_outlives_its_process),
    CHILDREN_CASE(bidirectional_stream_is_a_socket),
    CHILDREN_CASE(failed_spawn_closes_its_streams),
    CHILDREN_CASE(spawn_of_a_missing_program_rejects),
    CHILDREN_CASE(spawn_with_missing_options_rejects),
    CHILDREN_CASE(spawn_without_descriptors_leaves_no_handle),
    CHILDREN_CASE(other_values_as_process_are_misuse),
  };
  harness_init();
  return cmocka_run_group_tests(tests, children_prepare, NULL);
}
