/* SPDX-License-Identifier: MIT */
/*
 * Whole files, and properties of all file requests: cancellation, closing the
 * loop, and allocation failures.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

enum { MANY = 300 * 1000, LARGE = 16 << 20 };

static uv_file file; /* open; contains "hello world" */

static int set_up(void **state) {
  if (disk_setup(state) != 0)
    return -1;
  make_file("file", "hello world");
  file = open(at("file"), O_RDWR | O_CLOEXEC);
  return file >= 0 ? mkfifo(at("fifo"), 0600) : -1;
}

static int tear_down(void **state) {
  release_pool();
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the pool's jobs end */
  (void) close(file);                  /* a test may have closed it */
  return disk_teardown(state);
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

static void assert_fulfills_pattern(avow_promise_t *p, size_t expected) {
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

static void assert_file_says(const char *text) {
  char data[64] = "";
  assert_int_equal(pread(file, data, sizeof(data), 0), (ssize_t) strlen(text));
  assert_string_equal(data, text);
}

static avow_promise_t *start_read_file(void) {
  return avow_read_file(loop, at("file"), 100);
}

static avow_promise_t *start_read_fifo(void) {
  return avow_read_file(loop, at("fifo"), LARGE);
}

static avow_promise_t *start_open(void) {
  return avow_fs_open(loop, at("file"), O_RDONLY, 0);
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

/* Operations that cancellation removes from the queue. */
static const start_fn starts[] = { start_read_file, start_open, start_fstat,
                                   start_read, start_write };
enum { STARTS = sizeof(starts) / sizeof(starts[0]) };

static void read_file_gives_the_whole_file(void **state) {
  const int before = open_files();

  assert_fulfills_bytes(start_read_file(), "hello world");

  assert_int_equal(open_files(), before);
}

static void read_file_gives_no_bytes_of_an_empty_file(void **state) {
  assert_int_equal(ftruncate(file, 0), 0);

  assert_fulfills_bytes(start_read_file(), "");
  assert_fulfills_bytes(avow_read_file(loop, at("file"), 0), "");
}

static void read_file_reads_files_that_report_size_0(void **state) {
  const avow_value_t v =
      avow_run(avow_read_file(loop, "/proc/self/maps", LARGE));

  assert_string_equal(avow_error_message(&v), "no error");
  assert_non_null(strstr(avow_to_bytes(&v, NULL), " r-xp "));
  avow_value_unref(v);
}

static void read_file_reads_a_large_file(void **state) {
  char *data = pattern(LARGE);
  assert_int_equal(pwrite(file, data, LARGE, 0), LARGE);
  free(data);

  assert_fulfills_pattern(avow_read_file(loop, at("file"), SIZE_MAX), LARGE);
}

/* Writes on the pool, because opening a FIFO waits for the reader. */
static void feed_work(uv_work_t *req) {
  char *data = pattern(MANY);
  const int fifo = open(at("fifo"), O_WRONLY | O_CLOEXEC);
  if (write(fifo, data, MANY) < 0)
    perror("write"); /* the reader closed the FIFO early */
  (void) close(fifo);
  free(data);
}

static void read_file_grows_its_buffer_for_a_fifo(void **state) {
  avow_promise_t *p = start_read_fifo();
  queue_work(feed_work);

  assert_fulfills_pattern(p, MANY);
}

static void read_file_reads_exactly_the_limit(void **state) {
  assert_fulfills_bytes(avow_read_file(loop, at("file"), 11), "hello world");
}

static void read_file_rejects_one_byte_more_than_the_limit(void **state) {
  const int before = open_files();
  const char *path = at("file");

  assert_says(avow_read_file(loop, path, 10), UV_EFBIG,
              "read '%s': file too large", path);
  assert_says(avow_read_file(loop, path, 0), UV_EFBIG,
              "read '%s': file too large", path);

  assert_int_equal(open_files(), before);
}

static void read_file_limits_files_without_a_size(void **state) {
  assert_says(avow_read_file(loop, "/proc/self/maps", 10), UV_EFBIG,
              "read '/proc/self/maps': file too large");
}

/* The system reports the size of a page, whatever the file contains. */
static void read_file_ignores_a_reported_size_that_is_too_large(void **state) {
  const char *path = "/sys/kernel/mm/transparent_hugepage/enabled";
  if (access(path, R_OK) != 0)
    skip_because("this system has no file with a wrong size");

  const avow_value_t v = avow_run(avow_read_file(loop, path, 1000));

  assert_string_equal(avow_error_message(&v), "no error");
  assert_non_null(strstr(avow_to_bytes(&v, NULL), "never"));
  avow_value_unref(v);
}

static void read_file_rejects_a_directory(void **state) {
  const int before = open_files();
  const char *path = at("");

  assert_says(avow_read_file(loop, path, LARGE), UV_EISDIR,
              "read '%s': illegal operation on a directory", path);
  assert_says(avow_read_file(loop, path, 1), UV_EISDIR,
              "read '%s': illegal operation on a directory", path);

  assert_int_equal(open_files(), before);
}

static void read_file_error_names_the_missing_path(void **state) {
  assert_says(avow_read_file(loop, "/x", 100), UV_ENOENT,
              "read '/x': no such file or directory");
  assert_says(avow_read_file(loop, "", 100), UV_ENOENT,
              "read '': no such file or directory");
}

static void read_file_rejects_a_path_that_is_null(void **state) {
  assert_rejects(avow_read_file(loop, NULL, 100), UV_EINVAL);
}

static void canceled_running_read_file_closes_its_file(void **state) {
  const int before = open_files();
  avow_promise_t *p = start_read_fifo();
  wait_until_taken();

  assert_cancels_at_once(p);
  queue_work(feed_work);
  run();

  assert_int_equal(open_files(), before);
}

static void read_file_canceled_by_another_completion_is_dropped(void **state) {
  hold_pool(THREADS - 1);
  avow_promise_t *first = start_read_file();
  avow_promise_t *second = start_read_file();
  wait_until_taken();
  release_pool();

  first = avow_then(first, cancel_cb, NULL, second);

  assert_fulfills_bytes(first, "hello world");
  assert_rejects(second, UV_ECANCELED);
}

/* With io_uring there is no queue, so the write has taken place. */
static void assert_file_not_written(void) {
  assert_file_says(kernel_does_files() ? "HELLO world" : "hello world");
}

static void canceled_queued_operation_does_nothing(void **state) {
  const int before = open_files();

  for (int i = 0; i < STARTS; i++) {
    hold_pool(THREADS);
    assert_cancels_at_once(starts[i]());
    release_pool();
    run();
  }

  assert_int_equal(open_files(), before);
  assert_file_not_written();
}

static void canceled_undelivered_operation_drops_its_result(void **state) {
  const int before = open_files();

  for (int i = 0; i < STARTS; i++) {
    assert_cancels_at_once(done_but_not_received(starts[i]));
    run();
  }

  assert_int_equal(open_files(), before);
}

static void cancel_without_memory_drops_the_result(void **state) {
  const int before = open_files();

  for (int i = 0; i < STARTS; i++) {
    avow_promise_t *p = done_but_not_received(starts[i]);
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

static void cancel_after_settlement_changes_nothing(void **state) {
  for (int i = 0; i < STARTS; i++) {
    avow_promise_t *p = starts[i]();
    const avow_value_t v = avow_run(avow_ref(p));

    avow_cancel(p);

    assert_int_equal(avow_state(p), AVOW_FULFILLED);
    discard(starts[i], v);
    avow_unref(p);
  }
}

/* Closes avow, then initializes it again for the fixture. */
static void loop_close_cancels_queued_requests(void **state) {
  const int before = open_files();
  const bool queued = !kernel_does_files();

  for (int i = 0; i < STARTS; i++) {
    hold_pool(THREADS);
    avow_promise_t *p = starts[i]();
    if (!queued)
      release_pool(); /* closes files whose operation was canceled */
    assert_loop_close_cancels(p);
    release_pool();
    run();
  }

  assert_int_equal(open_files(), before);
  assert_file_not_written();
}

static void loop_close_waits_for_running_requests(void **state) {
  const int before = open_files();

  for (int i = 0; i < STARTS; i++)
    assert_loop_close_cancels(done_but_not_received(starts[i]));
  assert_loop_close_cancels(done_but_not_received(start_close));
  avow_promise_t *p = start_read_fifo();
  wait_until_taken();
  queue_work(feed_work);
  assert_loop_close_cancels(p);

  run();
  assert_int_equal(open_files(), before);
}

/* Fails the nth allocation. Returns false if there was no nth allocation. */
static bool fails_well(start_fn start, long nth, bool from_then_on) {
  fail_allocation(nth, from_then_on);
  const avow_value_t v = avow_run(start());
  const bool failed = allocation_failed();
  fail_allocation(0, false);
  if (avow_is_error(&v))
    assert_string_equal(avow_err_name(avow_error_code(&v)), "ENOMEM");
  assert_true(failed || !avow_is_error(&v));
  discard(start, v);
  return failed;
}

static void survive(start_fn start) {
  for (int on = 0; on < 2; on++)
    for (long nth = 1; fails_well(start, nth, on != 0); nth++)
      assert_true(nth < 100);
}

static void every_request_survives_failing_memory(void **state) {
  const int before = open_files();
  wait_until_taken(); /* libuv allocates to start the pool */

  for (int i = 0; i < STARTS; i++)
    survive(starts[i]);

  assert_int_equal(open_files(), before);
}

static void close_survives_failing_memory_and_closes(void **state) {
  const int before = open_files();

  survive(start_close);

  assert_int_equal(open_files(), before);
}

static avow_promise_t *start_large_read_file(void) {
  return avow_read_file(loop, "/proc/self/smaps", LARGE);
}

/* The file has no size and grows with the number of mappings. */
static void read_file_survives_failing_buffer_growth(void **state) {
  enum { MAPS = 400 };
  void *maps[MAPS];
  for (int i = 0; i < MAPS; i++)
    maps[i] = mmap(NULL, 1, PROT_READ, MAP_SHARED, file, 0);

  survive(start_large_read_file);

  for (int i = 0; i < MAPS; i++)
    assert_int_equal(munmap(maps[i], 1), 0);
}

#define FILES(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(whole_file) {
  (void) signal(SIGPIPE, SIG_IGN); /* a reader stops early */
  disk_init();
  const struct CMUnitTest tests[] = {
    FILES(read_file_gives_the_whole_file),
    FILES(read_file_gives_no_bytes_of_an_empty_file),
    FILES(read_file_reads_files_that_report_size_0),
    FILES(read_file_reads_a_large_file),
    FILES(read_file_grows_its_buffer_for_a_fifo),
    FILES(read_file_reads_exactly_the_limit),
    FILES(read_file_rejects_one_byte_more_than_the_limit),
    FILES(read_file_limits_files_without_a_size),
    FILES(read_file_ignores_a_reported_size_that_is_too_large),
    FILES(read_file_rejects_a_directory),
    FILES(read_file_error_names_the_missing_path),
    FILES(read_file_rejects_a_path_that_is_null),
    FILES(canceled_running_read_file_closes_its_file),
    FILES(read_file_canceled_by_another_completion_is_dropped),
    FILES(canceled_queued_operation_does_nothing),
    FILES(canceled_undelivered_operation_drops_its_result),
    FILES(cancel_without_memory_drops_the_result),
    FILES(cancel_after_settlement_changes_nothing),
    FILES(loop_close_cancels_queued_requests),
    FILES(loop_close_waits_for_running_requests),
    FILES(every_request_survives_failing_memory),
    FILES(close_survives_failing_memory_and_closes),
    FILES(read_file_survives_failing_buffer_growth),
  };
  return RUN(tests);
}
