/* SPDX-License-Identifier: MIT */
/*
 * The fixture. All of avow uses a counting allocator. libuv uses its own
 * allocator until a suite calls count_libuv().
 */
#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "engine/check_exit.h"

#ifndef _WIN32
#  include <sys/wait.h>
#endif

enum { DEADLINE = 240, LOG = 1 << 16 };

uv_loop_t *loop;

static uv_loop_t the_loop;
static uv_mutex_t mutex; /* guards fail_in and fail_on; the counters are atomic
                            because other threads allocate too */
static atomic_long live, calls, fail_in;
static bool fail_on;
static atomic_bool failed;
static atomic_size_t resized;
static char log_text[LOG];

static bool fails_now(void) {
  uv_mutex_lock(&mutex);
  const bool fails = fail_in > 0 && --fail_in == 0;
  if (fails && fail_on)
    fail_in = 1;
  failed = failed || fails;
  uv_mutex_unlock(&mutex);
  return fails;
}

typedef void (*meanwhile_fn)(void);
static _Atomic(meanwhile_fn) meanwhile;

void in_next_allocation(void (*fn)(void)) {
  meanwhile = fn;
}

static void be_interrupted(void) {
  const meanwhile_fn fn = atomic_exchange(&meanwhile, NULL);
  if (fn != NULL)
    fn();
}

static bool may_allocate(void) {
  if (meanwhile != NULL)
    be_interrupted();
  calls++;
  const bool fails = fail_in > 0 && fails_now();
  if (fails)
    errno = ENOMEM; /* as malloc() sets it; libuv relies on it */
  return !fails;
}

static void *counted(void *p, long change) {
  live += change;
  return p;
}

static void *counting_malloc(size_t size) {
  void *p = may_allocate() ? malloc(size) : NULL;
  return counted(p, p != NULL ? 1 : 0);
}

static void *counting_calloc(size_t n, size_t size) {
  void *p = may_allocate() ? calloc(n, size) : NULL;
  return counted(p, p != NULL ? 1 : 0);
}

static void counting_free(void *p) {
  if (p != NULL)
    free(counted(p, -1));
}

static void *counting_realloc(void *p, size_t size) {
  resized = size;
  void *again = may_allocate() ? realloc(p, size) : NULL;
  return counted(again, p == NULL && again != NULL ? 1 : 0);
}

/* libuv reallocates only the array of a loop's watchers, and it aborts if that
   fails. test_uvmemory tests this case. */
static void *counting_grow(void *p, size_t size) {
  void *again = realloc(p, size);
  return counted(again, p == NULL && again != NULL ? 1 : 0);
}

int count_libuv(void) {
  return uv_replace_allocator(counting_malloc, counting_grow, counting_calloc,
                              counting_free);
}

/* Blocks in quarantine are no leak. */
long live_allocations(void) {
  avow__quarantines_end(loop);
  return live;
}

size_t last_resize(void) {
  return resized;
}

long allocation_calls(void) {
  return calls;
}

/* An allocation that fails would take memory from the quarantine. */
void fail_allocation(long nth, bool from_then_on) {
  avow__quarantines_end(loop);
  uv_mutex_lock(&mutex);
  fail_in = nth;
  fail_on = from_then_on;
  failed = false;
  uv_mutex_unlock(&mutex);
}

bool allocation_failed(void) {
  return failed;
}

void harness_init(void) {
  assert_int_equal(uv_mutex_init(&mutex), 0);
  assert_int_equal(avow_replace_allocator(counting_malloc, counting_realloc,
                                          counting_calloc, counting_free),
                   0);
  start_deadline();
}

/* $PATIENCE multiplies the time limit where programs are slow. */
void start_deadline(void) {
  const char *patience = getenv("PATIENCE");
  const int times = patience != NULL ? atoi(patience) : 1;
  (void) alarm(DEADLINE * (unsigned) (times > 0 ? times : 1));
}

#if defined(__linux__) && UV_VERSION_HEX >= 0x013100 /* 1.49 */

static void end_stat(uv_fs_t *req) {
  uv_fs_req_cleanup(req);
}

/* Since libuv 1.49, the program must enable io_uring for each loop. The loop
   opens its ring at the first request for a file. This function makes that
   request before a test counts files. */
static int ask_for_io_uring(uv_loop_t *own) {
  uv_fs_t req;
  (void) uv_loop_configure(own, UV_LOOP_USE_IO_URING_SQPOLL); /* may fail */
  const int err = uv_fs_stat(own, &req, ".", end_stat);
  return err != 0 ? err : uv_run(own, UV_RUN_DEFAULT);
}

#else

static int ask_for_io_uring(uv_loop_t *own) {
  return 0; /* older versions need no such call */
}

#endif

int start_loop(uv_loop_t *out) {
  const char *wanted = getenv("UV_USE_IO_URING");
  const int err = uv_loop_init(out);
  if (err != 0 || wanted == NULL || atoi(wanted) == 0)
    return err;
  return ask_for_io_uring(out);
}

avow_clock_t clock_of_tests = AVOW_CLOCK_REAL;

const avow_options_t steady = { STEADY };
const avow_options_t taking_turns = { STEADY, .changes_threads = true };

int harness_setup(void **state) {
  start_deadline();
  loop = &the_loop;
  log_text[0] = '\0';
  live = 0;
  fail_allocation(0, false);
  if (start_loop(loop) != 0)
    return -1;
  avow_options_t options = steady;
  options.clock = clock_of_tests;
  return avow_loop_init(loop, &options);
}

int timed_setup(void **state) {
  clock_of_tests = AVOW_CLOCK_BY_ITSELF;
  const int err = harness_setup(state);
  clock_of_tests = AVOW_CLOCK_REAL;
  return err;
}

int harness_teardown(void **state) {
  fail_allocation(0, false);
  const int closed = avow_loop_close(loop);
  const int uv_closed = uv_loop_close(loop);
  if (closed != 0 || uv_closed != 0)
    print_error("left open: avow %s, libuv %s\n", uv_strerror(closed),
                uv_strerror(uv_closed));
  if (live != 0)
    print_error("left behind: %ld allocations\n", live);
  return closed != 0 || uv_closed != 0 || live != 0 ? -1 : 0;
}

void note(const char *word) {
  const size_t len = strlen(log_text);
  assert_true(len + strlen(word) + 2 < LOG);
  (void) snprintf(log_text + len, LOG - len, "%s%s", len > 0 ? " " : "", word);
}

void assert_notes(const char *words) {
  assert_string_equal(log_text, words);
  log_text[0] = '\0';
}

avow_value_t note_cb(const avow_value_t *arg, void *word) {
  note(word);
  return avow_value_ref(arg);
}

avow_value_t note_fn(void *word) {
  note(word);
  return avow_none();
}

void note_free(void *word) {
  note(word);
}

static void print_value(const avow_value_t *v, char *out, size_t size) {
  switch (v->tag) {
  case AVOW_INT:
    (void) snprintf(out, size, "%lld", (long long) avow_to_int(v));
    break;
  case AVOW_ERROR:
    (void) snprintf(out, size, "%s", avow_err_name(v->code));
    break;
  case AVOW_BYTES:
    (void) snprintf(out, size, "'%s'", avow_to_bytes(v, NULL));
    break;
  case AVOW_LIST:
    (void) snprintf(out, size, "[");
    for (size_t i = 0; i < avow_list_len(v); i++) {
      const size_t len = strlen(out);
      (void) snprintf(out + len, size - len, i > 0 ? " " : "");
      print_value(avow_list_at(v, i), out + strlen(out), size - strlen(out));
    }
    (void) snprintf(out + strlen(out), size - strlen(out), "]");
    break;
  default:
    (void) snprintf(out, size, "%s", avow_type_name(v));
  }
}

avow_value_t note_value_cb(const avow_value_t *arg, void *word) {
  char text[1024];
  (void) snprintf(text, sizeof(text), "%s=", (const char *) word);
  print_value(arg, text + strlen(text), sizeof(text) - strlen(text));
  note(text);
  return avow_value_ref(arg);
}

void assert_outcome(avow_promise_t *p, const char *expected) {
  p = avow_then(p, note_value_cb, note_value_cb, "is");
  avow_value_unref(avow_run(p));
  assert_notes(expected);
}

avow_value_t cancel_cb(const avow_value_t *arg, void *p) {
  avow_cancel(p);
  return avow_value_ref(arg);
}

void assert_fulfills_int(avow_promise_t *p, int64_t expected) {
  const avow_value_t v = avow_run(p);
  assert_string_equal(avow_error_message(&v), "no error");
  assert_int_equal(avow_to_int(&v), expected);
}

void assert_fulfills_none(avow_promise_t *p) {
  const avow_value_t v = avow_run(p);
  assert_string_equal(avow_error_message(&v), "no error");
  assert_int_equal(v.tag, AVOW_NONE);
}

void assert_rejects(avow_promise_t *p, int code) {
  const avow_value_t v = avow_run(p);
  assert_int_equal(v.tag, AVOW_ERROR);
  assert_string_equal(avow_err_name(avow_error_code(&v)), avow_err_name(code));
  avow_value_unref(v);
}

void assert_says(avow_promise_t *p, int code, const char *format, ...) {
  char message[512];
  va_list args;
  va_start(args, format);
  (void) vsnprintf(message, sizeof(message), format, args); /* may be cut */
  va_end(args);
  const avow_value_t v = avow_run(p);
  assert_string_equal(avow_err_name(avow_error_code(&v)), avow_err_name(code));
  assert_string_equal(avow_error_message(&v), message);
  avow_value_unref(v);
}

void assert_fulfills_bytes(avow_promise_t *p, const char *text) {
  const avow_value_t v = avow_run(p);
  size_t len;
  assert_string_equal(avow_error_message(&v), "no error");
  assert_string_equal(avow_to_bytes(&v, &len), text);
  assert_int_equal(len, strlen(text));
  avow_value_unref(v);
}

/* Returns false if there was no nth allocation. The promise fulfills despite a
   failed allocation if avow uses its reserve or memory allocated earlier. */
static bool fails_well(start_fn start, long nth, bool from_then_on) {
  fail_allocation(nth, from_then_on);
  const avow_value_t v = avow_run(start());
  const bool lacked = allocation_failed();
  fail_allocation(0, false);
  if (!lacked || avow_is_error(&v))
    assert_int_equal(avow_error_code(&v), lacked ? UV_ENOMEM : 0);
  avow_value_unref(v);
  return lacked;
}

void assert_survives_failing_memory(CMFixtureFunction set_up,
                                    CMFixtureFunction tear_down, void **state,
                                    start_fn start) {
  bool lacked = true;
  for (long nth = 1; lacked; nth++) {
    lacked = false;
    for (int from_then_on = 0; from_then_on < 2; from_then_on++) {
      assert_int_equal(tear_down(state), 0);
      assert_int_equal(set_up(state), 0);
      lacked = fails_well(start, nth, from_then_on != 0) || lacked;
    }
    assert_true(nth < 1000);
  }
}

void assert_cancels_at_once(avow_promise_t *p) {
  assert_int_equal(avow_state(p), AVOW_PENDING);
  avow_cancel(p);
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
}

void skip_because(const char *reason) {
  printf("skipped: %s\n", reason);
  skip();
}

void run(void) {
  assert_int_equal(uv_run(loop, UV_RUN_DEFAULT), 0);
}

FILE *stderr_of(void (*fn)(void)) {
  FILE *file = tmpfile();
  assert_non_null(file);
  const int saved = dup(STDERR_FILENO);
  assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
  fn();
  assert_true(dup2(saved, STDERR_FILENO) >= 0);
  (void) close(saved);
  rewind(file);
  return file;
}

void close_handle(uv_handle_t *handle, void *unused) {
  if (!uv_is_closing(handle))
    uv_close(handle, NULL);
}

void let_threads_take_turns(void) {
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &taking_turns), 0);
}

void use_clock(avow_clock_t clock) {
  avow_options_t options = steady;
  options.clock = clock;
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &options), 0);
}

void advance(uint64_t ms) {
  assert_fulfills_none(avow_clock_advance(loop, ms));
}

static avow_value_t note_time_cb(const avow_value_t *arg, void *word) {
  char text[64];
  (void) snprintf(text, sizeof(text), "%s@%llu", (const char *) word,
                  (unsigned long long) avow_now(loop));
  note(text);
  return avow_none();
}

void note_time_of(avow_promise_t *p, char *word) {
  avow_unref(avow_then(p, note_time_cb, note_time_cb, word));
}

void renew_loop(void) {
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(uv_loop_close(loop), 0);
  assert_int_equal(uv_loop_init(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

void stall(uint64_t ms) {
  const uint64_t end = uv_hrtime() + ms * 1000000;
  while (uv_hrtime() < end)
    uv_sleep(1);
}

#if defined(_WIN32) && !defined(NDEBUG)

/* Without fork(), a test cannot observe the message or the abort. */
void assert_misuse(void (*fn)(void), const char *message) {
  (void) fn;
  (void) message;
}

#elif defined(NDEBUG)

void assert_misuse(void (*fn)(void), const char *message) {
  (void) message; /* release builds print no message */
  fn();
}

#else

static void run_child(void (*fn)(void), int fd) {
  (void) signal(SIGABRT, SIG_DFL); /* cmocka catches the signal otherwise */
  (void) dup2(fd, STDERR_FILENO);
  fn();
  _exit(0);
}

static size_t read_to_end(int fd, char *out, size_t size) {
  size_t len = 0;
  ssize_t n;
  while ((n = read(fd, out + len, size - 1 - len)) > 0)
    len += (size_t) n;
  out[len] = '\0';
  return len;
}

void assert_misuse(void (*fn)(void), const char *message) {
  int fds[2];
  assert_int_equal(pipe(fds), 0);
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0)
    run_child(fn, fds[1]);
  (void) close(fds[1]);
  char text[1024];
  (void) read_to_end(fds[0], text, sizeof(text));
  (void) close(fds[0]);
  int status = 0;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  if (!WIFSIGNALED(status) || strstr(text, message) == NULL)
    fail_msg("status %d, expected '%s' in: %s", status, message, text);
}

#endif
