/*
 * Whole files, and what all requests for files share: cancelling them, closing
 * the loop under them, and failing memory.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

enum { THREADS = 4, MANY = 300 * 1000, LARGE = 16 << 20 };

typedef avow_promise_t *(*start_fn)(void);

static char dir[32], file_path[64], fifo_path[64];
static uv_file file;     /* file_path, which says "hello world" */
static uv_sem_t arrived; /* a job of the pool's began */
static uv_sem_t gate;    /* and may end */
static int held;

static void hold_work(uv_work_t *req) {
  uv_sem_post(&arrived);
  uv_sem_wait(&gate);
}

static void pass_work(uv_work_t *req) {
  uv_sem_post(&arrived);
}

static void free_work(uv_work_t *req, int status) {
  free(req);
}

static void queue_work(uv_work_cb work) {
  uv_work_t *req = malloc(sizeof(*req));
  assert_non_null(req);
  assert_int_equal(uv_queue_work(loop, req, work, free_work), 0);
}

static void hold_pool(int threads) {
  for (; threads > 0; threads--, held++) {
    queue_work(hold_work);
    uv_sem_wait(&arrived);
  }
}

static void release_pool(void) {
  for (; held > 0; held--)
    uv_sem_post(&gate);
}

/* Until a thread has taken all that is queued: it cannot be taken back. */
static void wait_until_taken(void) {
  queue_work(pass_work);
  uv_sem_wait(&arrived);
}

/* With one thread for all, what was taken is done, but nobody has heard. */
static avow_promise_t *done_unheard(start_fn start) {
  hold_pool(THREADS - 1);
  avow_promise_t *p = start();
  wait_until_taken();
  release_pool();
  return p;
}

static int open_files(void) {
  DIR *fds = opendir("/proc/self/fd");
  assert_non_null(fds);
  int n = 0;
  while (readdir(fds) != NULL)
    n++;
  (void) closedir(fds);
  return n;
}

static int set_up(void **state) {
  (void) snprintf(dir, sizeof(dir), "/tmp/avow-XXXXXX");
  if (mkdtemp(dir) == NULL || harness_setup(state) != 0)
    return -1;
  (void) snprintf(file_path, sizeof(file_path), "%s/file", dir);
  (void) snprintf(fifo_path, sizeof(fifo_path), "%s/fifo", dir);
  file = open(file_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (pwrite(file, "hello world", 11, 0) != 11)
    return -1;
  return mkfifo(fifo_path, 0600);
}

static int tear_down(void **state) {
  release_pool();
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the pool's jobs are over */
  (void) close(file);
  (void) unlink(file_path);
  (void) unlink(fifo_path);
  (void) rmdir(dir);
  return harness_teardown(state);
}

static char pattern_at(size_t i) {
  return (char) (i * 31 + (i >> 8));
}

static char *pattern(size_t len) {
  char *data = malloc(len);
  for (size_t i = 0; data != NULL && i < len; i++)
    data[i] = pattern_at(i);
  return data;
}

static void assert_fulfils_pattern(avow_promise_t *p, size_t expected) {
  const avow_value_t v = avow_run(p);
  size_t len;
  assert_string_equal(avow_error_message(&v), "no error");
  const char *data = avow_to_bytes(&v, &len);
  assert_int_equal(len, expected);
  for (size_t i = 0; i < len; i++)
    if (data[i] != pattern_at(i))
      fail_msg("byte %zu is wrong", i);
  assert_int_equal(data[len], '\0');
  avow_value_unref(v);
}

static void assert_fulfils_bytes(avow_promise_t *p, const char *text) {
  const avow_value_t v = avow_run(p);
  size_t len;
  assert_string_equal(avow_error_message(&v), "no error");
  assert_string_equal(avow_to_bytes(&v, &len), text);
  assert_int_equal(len, strlen(text));
  avow_value_unref(v);
}

static void assert_says(avow_promise_t *p, int code, const char *message) {
  const avow_value_t v = avow_run(p);
  assert_string_equal(avow_err_name(avow_error_code(&v)), avow_err_name(code));
  assert_string_equal(avow_error_message(&v), message);
  avow_value_unref(v);
}

static void assert_file_says(const char *text) {
  char data[64] = "";
  assert_int_equal(pread(file, data, sizeof(data), 0), (ssize_t) strlen(text));
  assert_string_equal(data, text);
}

static void assert_cancels_at_once(avow_promise_t *p) {
  assert_int_equal(avow_state(p), AVOW_PENDING);
  avow_cancel(p);
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_rejects(p, UV_ECANCELED);
}

static avow_promise_t *start_read_file(void) {
  return avow_read_file(loop, file_path, 100);
}

static avow_promise_t *start_read_fifo(void) {
  return avow_read_file(loop, fifo_path, LARGE);
}

static avow_promise_t *start_open(void) {
  return avow_fs_open(loop, file_path, O_RDONLY, 0);
}

static avow_promise_t *start_fstat(void) {
  return avow_fs_fstat(loop, file);
}

static avow_promise_t *start_read(void) {
  return avow_fs_read(loop, file, 5, 0);
}

static avow_promise_t *start_write(void) {
  return avow_fs_write(loop, file, avow_string("HELLO"), 0);
}

static avow_promise_t *start_close(void) {
  return avow_fs_close(loop, dup(file));
}

/* All that cancelling takes back. */
static const start_fn starts[] = { start_read_file, start_open, start_fstat,
                                   start_read, start_write };
enum { STARTS = sizeof(starts) / sizeof(starts[0]) };

static void read_file_gives_all_of_it(void **state) {
  const int before = open_files();

  assert_fulfils_bytes(start_read_file(), "hello world");

  assert_int_equal(open_files(), before);
}

static void read_file_gives_no_bytes_of_an_empty_file(void **state) {
  assert_int_equal(ftruncate(file, 0), 0);

  assert_fulfils_bytes(start_read_file(), "");
  assert_fulfils_bytes(avow_read_file(loop, file_path, 0), "");
}

static void read_file_reads_what_says_it_is_empty(void **state) {
  const avow_value_t v =
      avow_run(avow_read_file(loop, "/proc/self/maps", LARGE));

  assert_string_equal(avow_error_message(&v), "no error");
  assert_non_null(strstr(avow_to_bytes(&v, NULL), "test_file"));
  avow_value_unref(v);
}

static void read_file_reads_a_large_one(void **state) {
  char *data = pattern(LARGE);
  assert_int_equal(pwrite(file, data, LARGE, 0), LARGE);
  free(data);

  assert_fulfils_pattern(avow_read_file(loop, file_path, SIZE_MAX), LARGE);
}

/* On the pool, since opening waits for the reader. */
static void feed_work(uv_work_t *req) {
  char *data = pattern(MANY);
  const int fifo = open(fifo_path, O_WRONLY | O_CLOEXEC);
  if (write(fifo, data, MANY) < 0)
    perror("write"); /* the reader had enough, or misses it */
  (void) close(fifo);
  free(data);
}

static void read_file_makes_room_for_what_has_no_size(void **state) {
  avow_promise_t *p = start_read_fifo();
  queue_work(feed_work);

  assert_fulfils_pattern(p, MANY);
}

static void read_file_reads_exactly_the_limit(void **state) {
  assert_fulfils_bytes(avow_read_file(loop, file_path, 11), "hello world");
}

static void read_file_rejects_one_byte_more_than_the_limit(void **state) {
  const int before = open_files();
  char text[128];
  (void) snprintf(text, sizeof(text), "read '%s': file too large", file_path);

  assert_says(avow_read_file(loop, file_path, 10), UV_EFBIG, text);
  assert_says(avow_read_file(loop, file_path, 0), UV_EFBIG, text);

  assert_int_equal(open_files(), before);
}

static void read_file_rejects_more_than_the_limit_without_a_size(void **state) {
  assert_says(avow_read_file(loop, "/proc/self/maps", 10), UV_EFBIG,
              "read '/proc/self/maps': file too large");
}

/* Its size is that of a page, whatever is in it. */
static void read_file_does_not_believe_a_size_that_is_too_large(void **state) {
  const char *path = "/sys/kernel/mm/transparent_hugepage/enabled";
  if (access(path, R_OK) != 0)
    skip();

  const avow_value_t v = avow_run(avow_read_file(loop, path, 1000));

  assert_string_equal(avow_error_message(&v), "no error");
  assert_non_null(strstr(avow_to_bytes(&v, NULL), "never"));
  avow_value_unref(v);
}

static void read_file_rejects_a_directory(void **state) {
  const int before = open_files();
  char text[128];
  (void) snprintf(text, sizeof(text),
                  "read '%s': illegal operation on a directory", dir);

  assert_says(avow_read_file(loop, dir, LARGE), UV_EISDIR, text);
  assert_says(avow_read_file(loop, dir, 1), UV_EISDIR, text);

  assert_int_equal(open_files(), before);
}

static void read_file_rejects_naming_the_path_that_is_missing(void **state) {
  assert_says(avow_read_file(loop, "/x", 100), UV_ENOENT,
              "read '/x': no such file or directory");
  assert_says(avow_read_file(loop, "", 100), UV_ENOENT,
              "read '': no such file or directory");
}

static void read_file_rejects_a_path_that_is_null(void **state) {
  assert_rejects(avow_read_file(loop, NULL, 100), UV_EINVAL);
}

static void running_read_file_ends_unheard_when_cancelled(void **state) {
  const int before = open_files();
  avow_promise_t *p = start_read_fifo();
  wait_until_taken();

  assert_cancels_at_once(p);
  queue_work(feed_work);
  run();

  assert_int_equal(open_files(), before);
}

static avow_value_t cancel_cb(const avow_value_t *arg, void *victim) {
  avow_cancel(victim);
  return avow_value_ref(arg);
}

static void read_file_cancelled_in_its_turn_is_dropped(void **state) {
  hold_pool(THREADS - 1);
  avow_promise_t *first = start_read_file();
  avow_promise_t *second = start_read_file();
  wait_until_taken();
  release_pool();

  first = avow_then(first, cancel_cb, NULL, second);

  assert_fulfils_bytes(first, "hello world");
  assert_rejects(second, UV_ECANCELED);
}

static void cancelled_in_the_queue_does_nothing(void **state) {
  const int before = open_files();

  for (int i = 0; i < STARTS; i++) {
    hold_pool(THREADS);
    assert_cancels_at_once(starts[i]());
    release_pool();
    run();
  }

  assert_int_equal(open_files(), before);
  assert_file_says("hello world");
}

static void cancelled_when_done_drops_the_result(void **state) {
  const int before = open_files();

  for (int i = 0; i < STARTS; i++) {
    assert_cancels_at_once(done_unheard(starts[i]));
    run();
  }

  assert_int_equal(open_files(), before);
}

static void cancelled_without_memory_drops_the_result(void **state) {
  const int before = open_files();

  for (int i = 0; i < STARTS; i++) {
    avow_promise_t *p = done_unheard(starts[i]);
    fail_allocation(1, true);
    assert_cancels_at_once(p);
    run();
    fail_allocation(0, false);
  }

  assert_int_equal(open_files(), before);
}

static void discard(start_fn start, avow_value_t v) {
  if (start == start_open && v.tag == AVOW_INT)
    (void) close((int) avow_to_int(&v));
  avow_value_unref(v);
}

static void cancelled_after_it_settled_changes_nothing(void **state) {
  for (int i = 0; i < STARTS; i++) {
    avow_promise_t *p = starts[i]();
    const avow_value_t v = avow_run(avow_ref(p));

    avow_cancel(p);

    assert_int_equal(avow_state(p), AVOW_FULFILLED);
    discard(starts[i], v);
    avow_unref(p);
  }
}

/* Closing avow, and starting it again for the fixture. */
static void assert_loop_close_cancels(avow_promise_t *p) {
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void loop_close_takes_requests_off_the_queue(void **state) {
  const int before = open_files();

  for (int i = 0; i < STARTS; i++) {
    hold_pool(THREADS);
    assert_loop_close_cancels(starts[i]());
    release_pool();
    run();
  }

  assert_int_equal(open_files(), before);
  assert_file_says("hello world");
}

static void loop_close_waits_for_what_runs(void **state) {
  const int before = open_files();

  for (int i = 0; i < STARTS; i++)
    assert_loop_close_cancels(done_unheard(starts[i]));
  assert_loop_close_cancels(done_unheard(start_close));
  avow_promise_t *p = start_read_fifo();
  wait_until_taken();
  queue_work(feed_work);
  assert_loop_close_cancels(p);

  run();
  assert_int_equal(open_files(), before);
}

/* False once there is no nth allocation to fail. */
static bool fails_well(start_fn start, long nth, bool from_then_on) {
  fail_allocation(nth, from_then_on);
  const avow_value_t v = avow_run(start());
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  if (avow_is_error(&v))
    assert_string_equal(avow_err_name(v.code), "ENOMEM");
  assert_true(failed || !avow_is_error(&v));
  discard(start, v);
  return failed;
}

static void survive_failing_memory(start_fn start) {
  for (int on = 0; on < 2; on++)
    for (long nth = 1; fails_well(start, nth, on != 0); nth++)
      assert_true(nth < 100);
}

static void every_request_survives_failing_memory(void **state) {
  const int before = open_files();
  wait_until_taken(); /* libuv wants memory to start the pool */

  for (int i = 0; i < STARTS; i++)
    survive_failing_memory(starts[i]);

  assert_int_equal(open_files(), before);
}

static void close_survives_failing_memory_and_closes(void **state) {
  const int before = open_files();

  survive_failing_memory(start_close);

  assert_int_equal(open_files(), before);
}

static avow_promise_t *start_large_read_file(void) {
  return avow_read_file(loop, "/proc/self/smaps", LARGE);
}

static void read_file_survives_failing_to_make_room(void **state) {
  survive_failing_memory(start_large_read_file);
}

#define FILES(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
  (void) signal(SIGPIPE, SIG_IGN); /* a reader that stops */
  (void) setenv("UV_THREADPOOL_SIZE", "4", 1);
  (void) uv_sem_init(&arrived, 0);
  (void) uv_sem_init(&gate, 0);
  const struct CMUnitTest tests[] = {
    FILES(read_file_gives_all_of_it),
    FILES(read_file_gives_no_bytes_of_an_empty_file),
    FILES(read_file_reads_what_says_it_is_empty),
    FILES(read_file_reads_a_large_one),
    FILES(read_file_makes_room_for_what_has_no_size),
    FILES(read_file_reads_exactly_the_limit),
    FILES(read_file_rejects_one_byte_more_than_the_limit),
    FILES(read_file_rejects_more_than_the_limit_without_a_size),
    FILES(read_file_does_not_believe_a_size_that_is_too_large),
    FILES(read_file_rejects_a_directory),
    FILES(read_file_rejects_naming_the_path_that_is_missing),
    FILES(read_file_rejects_a_path_that_is_null),
    FILES(running_read_file_ends_unheard_when_cancelled),
    FILES(read_file_cancelled_in_its_turn_is_dropped),
    FILES(cancelled_in_the_queue_does_nothing),
    FILES(cancelled_when_done_drops_the_result),
    FILES(cancelled_without_memory_drops_the_result),
    FILES(cancelled_after_it_settled_changes_nothing),
    FILES(loop_close_takes_requests_off_the_queue),
    FILES(loop_close_waits_for_what_runs),
    FILES(every_request_survives_failing_memory),
    FILES(close_survives_failing_memory_and_closes),
    FILES(read_file_survives_failing_to_make_room),
  };
  return RUN(tests);
}
