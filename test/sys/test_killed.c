/* SPDX-License-Identifier: MIT */
/*
 * A writer that is killed at each of its system calls in turn. The old file or
 * the new one is left, complete. The next writer removes all leftovers.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "disk.h"

#ifdef __linux__

#  include <sys/ptrace.h>

#  ifdef AVOW_VALGRIND
#    include <valgrind/valgrind.h>
#  else
#    define RUNNING_ON_VALGRIND 0
#  endif

enum { LARGE = 3 << 19, SYSTEM_CALL = SIGTRAP | 0x80, UNTRACED = 77 };

static avow_promise_t *replace(uv_loop_t *own) {
  char *data;
  const avow_value_t v = avow_bytes_new(LARGE, &data);
  assert_non_null(data);
  memset(data, 'x', LARGE);
  return avow_replace_file(own, at("file"), v, 0600);
}

/* The test traces the process from the signal on. Its pool is already
   running. */
static void write_and_be_traced(void) {
  uv_loop_t own;
  if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
    _exit(UNTRACED);
  (void) raise(SIGSTOP);
  (void) setenv("UV_THREADPOOL_SIZE", "1", 1); /* starting more threads takes
                                                  long */
  if (uv_loop_init(&own) != 0 || avow_loop_init(&own, &steady) != 0)
    _exit(1);
  avow_value_unref(avow_run(avow_read_file(&own, "/dev/null", 1)));
  (void) raise(SIGUSR1);
  const avow_value_t n = avow_run(replace(&own));
  _exit(n.tag == AVOW_INT ? 0 : 1);
}

typedef struct {
  pid_t child;
  long nth, calls; /* entries to system calls and returns from them */
  bool begun;
} tracer_t;

/* Counts the calls of the thread that writes. The order of the other thread's
   calls is random. */
static void look_at_stop(tracer_t *tracer, pid_t thread, int stopped_by) {
  if (stopped_by == SIGUSR1)
    tracer->begun = true;
  if (stopped_by == SYSTEM_CALL && tracer->begun && thread != tracer->child &&
      ++tracer->calls == tracer->nth)
    (void) kill(tracer->child, SIGKILL); /* the process exists */
}

/* Traces all threads of the child. Returns its status when it has ended. No
   signal is delivered to the threads, because all signals are meant for the
   tracer. */
static int trace(tracer_t *tracer) {
  for (;;) {
    int status;
    const pid_t pid = waitpid(-1, &status, __WALL);
    assert_true(pid > 0);
    if (!WIFSTOPPED(status) && pid == tracer->child)
      return status;
    if (!WIFSTOPPED(status))
      continue;
    look_at_stop(tracer, pid, WSTOPSIG(status));
    (void) ptrace(PTRACE_SYSCALL, pid, NULL, NULL); /* or it was killed */
  }
}

/* Kills the writer at its nth call. Returns false if the writer ended
   before. */
static bool is_killed_at(long nth) {
  enum {
    OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL
  };
  tracer_t tracer = { .child = fork(), .nth = nth };
  if (tracer.child == 0)
    write_and_be_traced();
  int status;
  assert_int_equal(waitpid(tracer.child, &status, 0), tracer.child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == UNTRACED)
    skip_because("no process may be traced here");
  assert_true(WIFSTOPPED(status));
  assert_int_equal(ptrace(PTRACE_SETOPTIONS, tracer.child, NULL,
                          (long) OPTIONS),
                   0);
  assert_int_equal(ptrace(PTRACE_SYSCALL, tracer.child, NULL, NULL), 0);
  status = trace(&tracer);
  if (WIFSIGNALED(status))
    assert_int_equal(WTERMSIG(status), SIGKILL);
  else
    assert_int_equal(WEXITSTATUS(status), 0);
  return WIFSIGNALED(status);
}

static bool is_new(void) {
  struct stat info;
  return stat(at("file"), &info) == 0 && info.st_size == LARGE;
}

/* Number of files other than the target. */
static int left(void) {
  return entries_of("") - (is_there("file") ? 1 : 0);
}

static void assert_next_writer_cleans_up(void) {
  assert_fulfills_int(replace(loop), LARGE);
  assert_true(is_new());
  assert_int_equal(left(), 0);
}

static bool has_files_without_name(void) {
  const int file = open(at(""), O_TMPFILE | O_WRONLY, 0600);
  return file >= 0 && close(file) == 0;
}

typedef struct {
  int killed, old, new, left;
} outcomes_t;

/* With "old" in the file, or without a file. */
static outcomes_t kill_at_each_call(bool was_there) {
  outcomes_t outcomes = { 0 };
  if (RUNNING_ON_VALGRIND)
    skip_because("valgrind makes system calls of its own without end");
  for (long nth = 1;; nth++) {
    if (was_there)
      make_file("file", "old");
    if (!is_killed_at(nth))
      return outcomes;
    outcomes.killed++;
    outcomes.left += left();
    if (is_new()) {
      outcomes.new ++;
    } else {
      outcomes.old++;
      if (was_there)
        assert_file("file", "old");
      else
        assert_missing("file");
    }
    assert_next_writer_cleans_up();
    assert_int_equal(unlink(at("file")), 0);
  }
}

static void assert_killed_well(outcomes_t outcomes) {
  assert_true(outcomes.killed > 40);
  assert_true(outcomes.old > 20);
  assert_true(outcomes.new > 0);
  assert_int_equal(outcomes.old + outcomes.new, outcomes.killed);
}

static void killed_writer_leaves_the_old_file_or_the_new_one(void **state) {
  const outcomes_t outcomes = kill_at_each_call(true);

  assert_killed_well(outcomes);
  /* Between two names are the return of a call and the next call. Because the
     threads' timing varies, some calls are hit more than once. */
  if (has_files_without_name())
    assert_true(outcomes.left < outcomes.killed / 10);
}

static void killed_writer_leaves_nothing_or_a_new_file(void **state) {
  const outcomes_t outcomes = kill_at_each_call(false);

  assert_killed_well(outcomes);
  if (has_files_without_name())
    assert_int_equal(outcomes.left, 0);
}

#else

static void killed_writer_leaves_the_old_file_or_the_new_one(void **state) {
  skip_because("processes are traced in Linux's way");
}

static void killed_writer_leaves_nothing_or_a_new_file(void **state) {
  skip_because("processes are traced in Linux's way");
}

#endif

SUITE(killed) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(killed_writer_leaves_the_old_file_or_the_new_one),
    DISK_CASE(killed_writer_leaves_nothing_or_a_new_file),
  };
  disk_init();
  return RUN(tests);
}
