/* SPDX-License-Identifier: MIT */
/* Operations on files, each with one request of the thread pool. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

/* Since 1.53, libuv lets the kernel cancel a read that waits for data. */
enum { TAKES = 0x013500 };

enum { PART = 4096, MANY = 1 << 20, LARGE = 16 << 20 };

static uv_file file; /* open; contains "hello world" */
static bool libuv_fails;

static void *libuv_malloc(size_t size) {
  return libuv_fails ? NULL : malloc(size);
}

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

static avow_value_t pattern(size_t len) {
  char *data = NULL;
  const avow_value_t v = avow_bytes_new(len, &data);
  for (size_t i = 0; data != NULL && i < len; i++)
    data[i] = (char) (i * 31 + (i >> 8));
  return v;
}

static void assert_pattern(const char *data, size_t from, size_t len) {
  for (size_t i = 0; i < len; i++)
    if (data[i] != (char) ((from + i) * 31 + ((from + i) >> 8)))
      fail_msg("byte %zu is wrong", from + i);
}

static void assert_file_says(const char *text) {
  char data[64] = "";
  assert_int_equal(pread(file, data, sizeof(data), 0), (ssize_t) strlen(text));
  assert_string_equal(data, text);
}

static avow_promise_t *start_open(void) {
  return avow_fs_open(loop, at("file"), O_RDONLY, 0);
}

static avow_promise_t *start_fstat(void) {
  return avow_fs_fstat(loop, file);
}

static void open_gives_a_file_that_close_closes(void **state) {
  const int before = open_files();

  const avow_value_t v = avow_run(start_open());
  assert_int_equal(open_files(), before + 1);
  assert_fulfills_none(avow_fs_close(loop, (uv_file) avow_to_int(&v)));

  assert_int_equal(open_files(), before);
}

static void open_copies_the_path_and_uses_flags_and_mode(void **state) {
  struct stat st;
  char path[64];
  (void) unlink(at("file"));
  strcpy(path, at("file"));

  avow_promise_t *p = avow_fs_open(loop, path, O_WRONLY | O_CREAT, 0640);
  path[0] = '\0';
  const avow_value_t v = avow_run(p);
  (void) close((int) avow_to_int(&v));

  assert_int_equal(stat(at("file"), &st), 0);
  assert_int_equal(st.st_mode & 0777, 0640);
}

static void open_error_names_the_missing_path(void **state) {
  assert_says(avow_fs_open(loop, "/missing/file", O_RDONLY, 0), UV_ENOENT,
              "open '/missing/file': no such file or directory");
}

static void open_error_names_the_empty_path(void **state) {
  assert_says(avow_fs_open(loop, "", O_RDONLY, 0), UV_ENOENT,
              "open '': no such file or directory");
}

static void open_rejects_a_path_that_is_null(void **state) {
  assert_rejects(avow_fs_open(loop, NULL, O_RDONLY, 0), UV_EINVAL);
}

static void open_rejects_when_libuv_has_no_memory(void **state) {
  libuv_fails = true;
  avow_promise_t *p = start_open();
  libuv_fails = false;

  assert_says(p, UV_ENOMEM, "open '%s': not enough memory", at("file"));
}

static void failures_name_the_operation_and_the_file(void **state) {
  assert_says(avow_fs_fstat(loop, 999), UV_EBADF,
              "fstat file 999: bad file descriptor");
  assert_says(avow_fs_read(loop, 999, 1, 0), UV_EBADF,
              "read file 999: bad file descriptor");
  assert_says(avow_fs_write(loop, 999, avow_string("x"), 0), UV_EBADF,
              "write file 999: bad file descriptor");
  assert_says(avow_fs_close(loop, 999), UV_EBADF,
              "close file 999: bad file descriptor");
}

static void fstat_gives_size_and_inode(void **state) {
  struct stat st;
  assert_int_equal(fstat(file, &st), 0);

  const avow_value_t v = avow_run(start_fstat());

  assert_string_equal(avow_type_name(&v), "stat");
  assert_int_equal(avow_to_stat(&v)->st_size, 11);
  assert_int_equal(avow_to_stat(&v)->st_ino, st.st_ino);
  avow_value_unref(v);
}

static void read_at_an_offset_keeps_the_file_position(void **state) {
  assert_fulfills_bytes(avow_fs_read(loop, file, 5, 6), "world");

  assert_int_equal(lseek(file, 0, SEEK_CUR), 0);
}

static void read_at_minus_1_uses_the_file_position(void **state) {
  assert_fulfills_bytes(avow_fs_read(loop, file, 6, -1), "hello ");
  assert_fulfills_bytes(avow_fs_read(loop, file, 100, -1), "world");
}

static void read_at_the_end_gives_none(void **state) {
  assert_fulfills_none(avow_fs_read(loop, file, 5, 11));
  assert_fulfills_bytes(avow_fs_read(loop, file, 0, 0), "");
}

static void read_rejects_a_length_above_memory(void **state) {
  assert_rejects(avow_fs_read(loop, file, SIZE_MAX, 0), UV_ENOMEM);
}

static void write_writes_at_the_offset(void **state) {
  assert_fulfills_int(avow_fs_write(loop, file, avow_string("W"), 6), 1);

  assert_file_says("hello World");
  assert_int_equal(lseek(file, 0, SEEK_CUR), 0);
}

static void write_at_minus_1_uses_the_file_position(void **state) {
  assert_fulfills_int(avow_fs_write(loop, file, avow_string("J"), -1), 1);
  assert_fulfills_int(avow_fs_write(loop, file, avow_string("E"), -1), 1);

  assert_file_says("JEllo world");
}

static void empty_write_writes_nothing(void **state) {
  assert_fulfills_int(avow_fs_write(loop, file, avow_string(""), 0), 0);

  assert_file_says("hello world");
}

static void write_rejects_values_other_than_bytes(void **state) {
  avow_value_t items[] = { avow_string("x"), avow_int(1) };

  assert_rejects(avow_fs_write(loop, file, avow_list(items, 2), 0), UV_EINVAL);
  assert_rejects(avow_fs_write(loop, file, avow_none(), 0), UV_EINVAL);
  assert_rejects(avow_fs_write(loop, file, avow_error(UV_ENOMEM), 0),
                 UV_ENOMEM);

  assert_file_says("hello world");
}

/* Limits files to `size` bytes. A write beyond that is short. */
static void limit_file_size(rlim_t size) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static avow_promise_t *start_long_write(void) {
  return avow_fs_write(loop, file, pattern(3 * PART), 0);
}

static avow_promise_t *start_long_write_on(void) {
  return avow_fs_write(loop, file, pattern(3 * PART), -1);
}

/* Starts a write of which the system has written one part. */
static avow_promise_t *short_write(start_fn start) {
  limit_file_size(PART);
  hold_pool(THREADS - 1);
  avow_promise_t *p = done_next(start);
  release_pool();
  assert_int_equal(lseek(file, 0, SEEK_END), PART);
  return p;
}

static void assert_file_has_pattern(size_t len) {
  char data[4 * PART];
  assert_int_equal(pread(file, data, sizeof(data), 0), (ssize_t) len);
  assert_pattern(data, 0, len);
}

static void write_writes_the_rest_after_a_short_write(void **state) {
  avow_promise_t *p = short_write(start_long_write);
  limit_file_size(RLIM_INFINITY);

  assert_fulfills_int(p, 3 * PART);

  assert_file_has_pattern(3 * PART);
}

static void write_writes_the_rest_at_the_file_position(void **state) {
  avow_promise_t *p = short_write(start_long_write_on);
  limit_file_size(RLIM_INFINITY);

  assert_fulfills_int(p, 3 * PART);

  assert_file_has_pattern(3 * PART);
}

static void write_rejects_when_the_rest_fails(void **state) {
  avow_promise_t *p = short_write(start_long_write);

  assert_rejects(p, UV_EFBIG);

  limit_file_size(RLIM_INFINITY);
  assert_file_has_pattern(PART);
}

static void canceled_write_stops_after_its_part(void **state) {
  avow_promise_t *p = short_write(start_long_write);
  limit_file_size(RLIM_INFINITY);

  assert_cancels_at_once(p);
  run();

  assert_file_has_pattern(PART);
}

static void read_pattern(uv_file from, size_t len) {
  for (size_t done = 0, n; done < len; done += n) {
    const avow_value_t v = avow_run(avow_fs_read(loop, from, PART, -1));
    const char *data = avow_to_bytes(&v, &n);
    assert_true(n > 0);
    assert_pattern(data, done, n);
    avow_value_unref(v);
  }
}

static void write_to_a_fifo_waits_for_its_reader(void **state) {
  const uv_file fifo = open(at("fifo"), O_RDWR | O_CLOEXEC);

  avow_promise_t *p = avow_fs_write(loop, fifo, pattern(MANY), -1);
  read_pattern(fifo, MANY);

  assert_fulfills_int(p, MANY);
  (void) close(fifo);
}

static void large_values_are_read_back_unchanged(void **state) {
  size_t len;

  assert_fulfills_int(avow_fs_write(loop, file, pattern(LARGE), 0), LARGE);
  const avow_value_t v = avow_run(avow_fs_read(loop, file, LARGE + 1, 0));

  assert_pattern(avow_to_bytes(&v, &len), 0, LARGE);
  assert_int_equal(len, LARGE);
  avow_value_unref(v);
}

static void open_canceled_by_another_completion_is_closed(void **state) {
  const int before = open_files();
  hold_pool(THREADS - 1);
  avow_promise_t *first = start_open();
  avow_promise_t *second = start_open();
  wait_until_taken();

  first = avow_then(first, cancel_cb, NULL, second);
  const avow_value_t v = avow_run(first);

  assert_rejects(second, UV_ECANCELED);
  (void) close((int) avow_to_int(&v));
  release_pool();
  run();
  assert_int_equal(open_files(), before);
}

static void canceled_running_open_closes_its_file(void **state) {
  const int before = open_files();
  avow_promise_t *p = avow_fs_open(loop, at("fifo"), O_RDONLY, 0);
  wait_until_taken();

  assert_cancels_at_once(p);
  const int writer = open(at("fifo"), O_WRONLY | O_CLOEXEC);
  run();

  (void) close(writer);
  assert_int_equal(open_files(), before);
}

static void canceled_running_read_is_dropped(void **state) {
  const int fifo = open(at("fifo"), O_RDWR | O_CLOEXEC);
  avow_promise_t *p = avow_fs_read(loop, fifo, 100, -1);
  wait_until_taken();

  assert_cancels_at_once(p);
  assert_int_equal(write(fifo, "late", 4), 4);
  run();

  (void) close(fifo);
}

/* The number must not belong to another file while a thread still uses it. */
static void close_waits_for_canceled_running_requests(void **state) {
  const bool takes_reads_back = uv_version() >= TAKES && kernel_does_files();
  const int before = open_files();
  const int fifo = open(at("fifo"), O_RDWR | O_CLOEXEC);
  const int other = dup(fifo); /* keeps the FIFO open when the file is closed */
  avow_promise_t *reads[3];    /* leave one of the pool's four threads */
  for (int i = 0; i < 3; i++)
    reads[i] = avow_fs_read(loop, fifo, 3, -1);
  wait_until_taken();
  for (int i = 0; i < 3; i++)
    assert_cancels_at_once(reads[i]);

  avow_promise_t *p = avow_fs_close(loop, fifo);
  avow_value_unref(avow_run(avow_fs_fstat(loop, other)));
  if (!takes_reads_back)
    assert_int_equal(open_files(), before + 2);
  assert_int_equal(write(other, "one two 3", 9), 9);

  assert_fulfills_none(p);
  assert_int_equal(open_files(), before + 1);
  (void) close(other);
}

/* Of two closes, the first finds the file open and the second does not. */
static void second_close_does_not_wait_for_the_first(void **state) {
  const int fifo = open(at("fifo"), O_RDWR | O_CLOEXEC);
  const int other = dup(fifo); /* keeps the FIFO open when the file is closed */
  avow_promise_t *read = avow_fs_read(loop, fifo, 3, -1);
  wait_until_taken();
  assert_cancels_at_once(read);

  avow_promise_t *first = avow_fs_close(loop, fifo);
  assert_fulfills_none(avow_fs_close(loop, fifo));
  assert_int_equal(write(other, "one", 3), 3);

  assert_rejects(first, UV_EBADF);
  (void) close(other);
}

/* Reads until the other end is closed. */
static size_t read_pattern_to_its_end(uv_file from) {
  size_t done = 0, n = 1;
  while (n > 0) {
    const avow_value_t v = avow_run(avow_fs_read(loop, from, PART, -1));
    n = 0;
    if (!avow_is_none(&v))
      assert_pattern(avow_to_bytes(&v, &n), done, n);
    done += n;
    avow_value_unref(v);
  }
  return done;
}

/* The system may write a part of the bytes: as many as fit into the FIFO. */
static void canceled_running_write_keeps_its_bytes(void **state) {
  const int reader = open(at("fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  const int fifo = open(at("fifo"), O_WRONLY | O_CLOEXEC);
  assert_int_equal(fcntl(reader, F_SETFL, 0), 0);
  avow_promise_t *p = avow_fs_write(loop, fifo, pattern(MANY), -1);
  wait_until_taken();

  assert_cancels_at_once(p);
  avow_promise_t *closed = avow_fs_close(loop, fifo); /* waits for the write */
  const size_t len = read_pattern_to_its_end(reader);

  assert_true(len > PART && len <= MANY);
  assert_fulfills_none(closed);
  (void) close(reader);
}

static avow_promise_t *start_fsync_of_an_invalid_file(void) {
  return avow_fs_fsync(loop, -1);
}

static void close_waits_for_no_request_on_an_invalid_file(void **state) {
  assert_cancels_at_once(done_but_not_received(start_fsync_of_an_invalid_file));

  assert_rejects(avow_fs_close(loop, -1), UV_EBADF);
  run();
}

static void canceled_close_still_closes(void **state) {
  const int before = open_files();
  hold_pool(THREADS);

  assert_cancels_at_once(avow_fs_close(loop, dup(file)));
  release_pool();
  run();

  assert_int_equal(open_files(), before);
}

static void failure_keeps_its_code_without_memory(void **state) {
  avow_promise_t *p = avow_fs_open(loop, "/missing/file", O_RDONLY, 0);

  fail_allocation(1, true);

  assert_says(p, UV_ENOENT, "no such file or directory");
}

#define FS(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(fs) {
  (void) signal(SIGXFSZ, SIG_IGN); /* such a write returns an error */
  disk_init();
  (void) uv_replace_allocator(libuv_malloc, realloc, calloc, free);
  const struct CMUnitTest tests[] = {
    FS(open_gives_a_file_that_close_closes),
    FS(open_copies_the_path_and_uses_flags_and_mode),
    FS(open_error_names_the_missing_path),
    FS(open_error_names_the_empty_path),
    FS(open_rejects_a_path_that_is_null),
    FS(open_rejects_when_libuv_has_no_memory),
    FS(failures_name_the_operation_and_the_file),
    FS(fstat_gives_size_and_inode),
    FS(read_at_an_offset_keeps_the_file_position),
    FS(read_at_minus_1_uses_the_file_position),
    FS(read_at_the_end_gives_none),
    FS(read_rejects_a_length_above_memory),
    FS(write_writes_at_the_offset),
    FS(write_at_minus_1_uses_the_file_position),
    FS(empty_write_writes_nothing),
    FS(write_rejects_values_other_than_bytes),
    FS(write_writes_the_rest_after_a_short_write),
    FS(write_writes_the_rest_at_the_file_position),
    FS(write_rejects_when_the_rest_fails),
    FS(canceled_write_stops_after_its_part),
    FS(write_to_a_fifo_waits_for_its_reader),
    FS(large_values_are_read_back_unchanged),
    FS(open_canceled_by_another_completion_is_closed),
    FS(canceled_running_open_closes_its_file),
    FS(canceled_running_read_is_dropped),
    FS(close_waits_for_canceled_running_requests),
    FS(canceled_running_write_keeps_its_bytes),
    FS(close_waits_for_no_request_on_an_invalid_file),
    FS(canceled_close_still_closes),
    FS(failure_keeps_its_code_without_memory),
    FS(second_close_does_not_wait_for_the_first),
  };
  return RUN(tests);
}
