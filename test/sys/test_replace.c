/* SPDX-License-Identifier: MIT */
/* Writing whole files: overwriting, appending and replacing. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

enum { LARGE = 5 << 20 };

static avow_promise_t *write_text(const char *name, const char *text) {
  return avow_write_file(loop, at(name), avow_string(text), 0640);
}

static avow_promise_t *append_text(const char *name, const char *text) {
  return avow_append_file(loop, at(name), avow_string(text), 0640);
}

static avow_promise_t *replace_text(const char *name, const char *text) {
  return avow_replace_file(loop, at(name), avow_string(text), 0640);
}

static avow_promise_t *start_write(void) {
  return write_text("file", "new");
}

static avow_promise_t *start_append(void) {
  return append_text("file", "new");
}

static avow_promise_t *start_replace(void) {
  return replace_text("file", "new");
}

static const start_fn starts[] = { start_write, start_append, start_replace };
enum { STARTS = sizeof(starts) / sizeof(starts[0]) };

/* More bytes than a job writes between two checks for cancellation. */
static avow_value_t large(void) {
  char *data;
  const avow_value_t v = avow_bytes_new(LARGE, &data);
  assert_non_null(data);
  memset(data, 'x', LARGE);
  return v;
}

static void write_file_creates_a_file_with_the_mode(void **state) {
  const int before = open_files();
  (void) umask(022);

  assert_fulfills_int(write_text("file", "hello"), 5);

  assert_file("file", "hello");
  assert_int_equal(mode_of("file"), 0640);
  assert_int_equal(open_files(), before);
}

static void write_file_replaces_the_contents(void **state) {
  make_file("file", "much more than that");

  assert_fulfills_int(write_text("file", "little"), 6);
  assert_file("file", "little");

  assert_fulfills_int(write_text("file", ""), 0);
  assert_file("file", "");
}

/* The target has no length to truncate. */
static void write_file_writes_to_a_device(void **state) {
  assert_fulfills_int(avow_write_file(loop, "/dev/null", avow_string("gone"),
                                      0600),
                      4);
}

static void write_file_writes_a_large_file(void **state) {
  struct stat info;

  assert_fulfills_int(avow_write_file(loop, at("file"), large(), 0600), LARGE);

  assert_int_equal(stat(at("file"), &info), 0);
  assert_int_equal(info.st_size, LARGE);
}

static void limit_files(rlim_t size) {
  const struct rlimit limit = { size, RLIM_INFINITY };
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void write_file_does_not_empty_the_file_first(void **state) {
  make_file("file", "old");

  limit_files(0);
  assert_rejects(write_text("file", "new"), UV_EFBIG);
  limit_files(RLIM_INFINITY);

  assert_file("file", "old");
}

static void failed_write_file_leaves_no_mixed_contents(void **state) {
  const int before = open_files();
  struct stat info;
  assert_fulfills_int(avow_write_file(loop, at("file"), large(), 0600), LARGE);

  limit_files(1000 * 1000);
  assert_rejects(avow_write_file(loop, at("file"), large(), 0600), UV_EFBIG);
  limit_files(RLIM_INFINITY);

  assert_int_equal(stat(at("file"), &info), 0);
  assert_int_equal(info.st_size, 1000 * 1000);
  assert_int_equal(open_files(), before);
}

static void append_file_adds_to_the_contents(void **state) {
  assert_fulfills_int(append_text("file", "one "), 4);
  assert_fulfills_int(append_text("file", "two"), 3);

  assert_file("file", "one two");
  assert_int_equal(mode_of("file"), 0640);
}

static void replace_file_creates_a_file_with_the_mode(void **state) {
  const int before = open_files();
  (void) umask(027);

  const avow_value_t bytes = avow_string("hello");
  assert_fulfills_int(avow_replace_file(loop, at("file"), bytes, 0666), 5);

  (void) umask(022);
  assert_file("file", "hello");
  assert_int_equal(mode_of("file"), 0640);
  assert_int_equal(entries_of(""), 1);
  assert_int_equal(open_files(), before);
}

static void replace_file_keeps_the_mode_of_the_old_file(void **state) {
  make_file("file", "old");
  assert_int_equal(chmod(at("file"), 0666), 0);

  assert_fulfills_int(start_replace(), 3);

  assert_file("file", "new");
  assert_int_equal(mode_of("file"), 0666);
}

static void replace_file_does_not_change_the_old_file(void **state) {
  make_file("file", "old");
  assert_int_equal(link(at("file"), at("other")), 0);

  assert_fulfills_int(start_replace(), 3);

  assert_file("file", "new");
  assert_file("other", "old");
}

static void replace_file_accepts_a_name_without_a_directory(void **state) {
  char *here = getcwd(NULL, 0);
  assert_int_equal(chdir(at("")), 0);

  avow_promise_t *p =
      avow_replace_file(loop, "bare", avow_string("hello"), 0600);
  assert_fulfills_int(p, 5);

  assert_int_equal(chdir(here), 0);
  free(here);
  assert_file("bare", "hello");
  assert_int_equal(entries_of(""), 1);
}

static void replace_file_rejects_all_but_regular_files(void **state) {
  make_dir("dir");
  assert_int_equal(mkfifo(at("fifo"), 0600), 0);

  assert_says(replace_text("dir", "new"), UV_EISDIR,
              "replace '%s': illegal operation on a directory", at("dir"));
  assert_says(avow_replace_file(loop, "/", avow_string("x"), 0600), UV_EISDIR,
              "replace '/': illegal operation on a directory");
  assert_says(replace_text("fifo", "new"), UV_EINVAL,
              "replace '%s': invalid argument", at("fifo"));

  assert_says(avow_replace_file(loop, "/dev/null", avow_string("x"), 0600),
              UV_EINVAL, "replace '/dev/null': invalid argument");

  assert_int_equal(entries_of(""), 2);
}

static void errors_name_the_operation_and_the_path(void **state) {
  const char *path = at("absent/file");
  const char *text = "no such file or directory";

  assert_says(write_text("absent/file", "x"), UV_ENOENT, "write '%s': %s", path,
              text);
  assert_says(append_text("absent/file", "x"), UV_ENOENT, "append '%s': %s",
              path, text);
  assert_says(replace_text("absent/file", "x"), UV_ENOENT, "replace '%s': %s",
              path, text);
  assert_says(avow_replace_file(loop, "", avow_string("x"), 0600), UV_ENOENT,
              "replace '': %s", text);
}

static void invalid_paths_and_contents_are_rejected(void **state) {
  assert_says(avow_write_file(loop, NULL, avow_string("x"), 0600), UV_EINVAL,
              "write 'NULL': invalid argument");
  assert_says(avow_append_file(loop, "x", avow_int(1), 0600), UV_EINVAL,
              "append 'x': invalid argument");
  assert_says(avow_replace_file(loop, "x", avow_error(UV_ENOMEM), 0600),
              UV_ENOMEM, "replace 'x': not enough memory");
}

static void failed_replace_file_leaves_the_old_file(void **state) {
  const int before = open_files();
  make_file("file", "old");

  limit_files(1000 * 1000);
  const avow_value_t v =
      avow_run(avow_replace_file(loop, at("file"), large(), 0600));
  limit_files(RLIM_INFINITY);

  assert_int_equal(avow_error_code(&v), UV_EFBIG);
  avow_value_unref(v);
  assert_file("file", "old");
  assert_int_equal(entries_of(""), 1);
  assert_int_equal(open_files(), before);
}

static void canceled_queued_write_writes_nothing(void **state) {
  make_file("file", "old");

  for (int i = 0; i < STARTS; i++) {
    hold_pool(THREADS);
    assert_cancels_at_once(starts[i]());
    release_pool();
    run();
  }

  assert_file("file", "old");
}

static void canceled_undelivered_write_keeps_its_effect(void **state) {
  const int before = open_files();

  for (int i = 0; i < STARTS; i++) {
    assert_cancels_at_once(done_but_not_received(starts[i]));
    run();
  }

  assert_file("file", "new");
  assert_int_equal(entries_of(""), 1);
  assert_int_equal(open_files(), before);
}

static avow_promise_t *start_fifo(void) {
  return avow_write_file(loop, at("fifo"), large(), 0600);
}

/* Reads one byte, so that the writer stops in the middle of its first part. */
static void drain_work(uv_work_t *req) {
  char data[65536];
  FILE *fifo = fopen(at("fifo"), "r");
  assert_non_null(fifo);
  size_t total = 0;
  for (size_t n; (n = fread(data, 1, sizeof(data), fifo)) > 0;)
    total += n;
  (void) fclose(fifo); /* the FIFO was only read */
  if (total > LARGE / 2)
    abort(); /* the writer did not stop */
}

static void canceled_running_write_stops(void **state) {
  const int before = open_files();
  assert_int_equal(mkfifo(at("fifo"), 0600), 0);
  avow_promise_t *p = start_fifo();
  wait_until_taken();

  assert_cancels_at_once(p);
  queue_work(drain_work);
  run();

  assert_int_equal(open_files(), before);
}

/* The progress of the writer only decides which content the file has. */
static void canceled_running_replace_leaves_the_old_or_new_file(void **state) {
  const int before = open_files();

  for (int i = 0; i < 50; i++) {
    make_file("file", "old");
    avow_promise_t *p = avow_replace_file(loop, at("file"), large(), 0600);
    wait_until_taken();
    for (volatile int spin = 0; spin < i * 20000; spin++)
      continue;
    if (avow_state(p) == AVOW_PENDING)
      assert_cancels_at_once(p);
    else
      avow_unref(p);
    run();

    struct stat info;
    assert_int_equal(stat(at("file"), &info), 0);
    assert_true(info.st_size == 3 || info.st_size == LARGE);
    assert_int_equal(entries_of(""), 1);
  }

  assert_int_equal(open_files(), before);
}

static void loop_close_waits_for_running_writes(void **state) {
  const int before = open_files();

  for (int i = 0; i < STARTS; i++)
    assert_loop_close_cancels(done_but_not_received(starts[i]));

  assert_file("file", "new");
  assert_int_equal(entries_of(""), 1);
  assert_int_equal(open_files(), before);
}

static void writing_survives_failing_memory(void **state) {
  const int before = open_files();

  for (int i = 0; i < STARTS; i++)
    survive_failing_memory(starts[i], NULL);

  assert_int_equal(entries_of(""), 1);
  assert_int_equal(open_files(), before);
}

SUITE(replace) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(write_file_creates_a_file_with_the_mode),
    DISK_CASE(write_file_replaces_the_contents),
    DISK_CASE(write_file_writes_to_a_device),
    DISK_CASE(write_file_writes_a_large_file),
    DISK_CASE(write_file_does_not_empty_the_file_first),
    DISK_CASE(failed_write_file_leaves_no_mixed_contents),
    DISK_CASE(append_file_adds_to_the_contents),
    DISK_CASE(replace_file_creates_a_file_with_the_mode),
    DISK_CASE(replace_file_keeps_the_mode_of_the_old_file),
    DISK_CASE(replace_file_does_not_change_the_old_file),
    DISK_CASE(replace_file_accepts_a_name_without_a_directory),
    DISK_CASE(replace_file_rejects_all_but_regular_files),
    DISK_CASE(errors_name_the_operation_and_the_path),
    DISK_CASE(invalid_paths_and_contents_are_rejected),
    DISK_CASE(failed_replace_file_leaves_the_old_file),
    DISK_CASE(canceled_queued_write_writes_nothing),
    DISK_CASE(canceled_undelivered_write_keeps_its_effect),
    DISK_CASE(canceled_running_write_stops),
    DISK_CASE(canceled_running_replace_leaves_the_old_or_new_file),
    DISK_CASE(loop_close_waits_for_running_writes),
    DISK_CASE(writing_survives_failing_memory),
  };
  disk_init();
  (void) signal(SIGXFSZ, SIG_IGN);
  return RUN(tests);
}
