/* SPDX-License-Identifier: MIT */
/* Reading and writing in several parts, and copying from file to file. */
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "disk.h"

enum { ITEMS = 3000, PART = 4096 };

static uv_file file; /* "file", contains "hello world" */

static atomic_bool libuv_fails;

static void *libuv_malloc(size_t size) {
  return libuv_fails ? NULL : malloc(size);
}

static int set_up(void **state) {
  if (disk_setup(state) != 0)
    return -1;
  make_file("file", "hello world");
  file = open(at("file"), O_RDWR | O_CLOEXEC);
  return file < 0 ? -1 : 0;
}

static int tear_down(void **state) {
  release_pool();
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the pool's jobs end */
  (void) close(file);                  /* a test may have closed it */
  return disk_teardown(state);
}

static void negative_offsets_other_than_minus_1_are_rejected(void **state) {
  assert_rejects(avow_fs_read(loop, file, 1, -2), UV_EINVAL);
  assert_rejects(avow_fs_read(loop, file, 1, INT64_MIN), UV_EINVAL);
  assert_rejects(avow_fs_write(loop, file, avow_string("x"), -2), UV_EINVAL);
  assert_rejects(avow_fs_sendfile(loop, file, file, -1, 1), UV_EINVAL);
  assert_rejects(avow_fs_ftruncate(loop, file, -1), UV_EINVAL);

  assert_file("file", "hello world");
}

static avow_value_t three(void) {
  avow_value_t items[] = { avow_string("one, "), avow_string(""),
                           avow_string("three") };
  return avow_list(items, 3);
}

static void write_of_a_list_writes_its_items_in_order(void **state) {
  assert_fulfills_int(avow_fs_write(loop, file, three(), 1), 10);

  assert_file("file", "hone, three");
}

static void list_write_at_minus_1_uses_the_file_position(void **state) {
  assert_fulfills_int(avow_fs_write(loop, file, three(), -1), 10);
  assert_fulfills_int(avow_fs_write(loop, file, three(), -1), 10);

  assert_file("file", "one, threeone, three");
}

static void write_of_an_empty_list_writes_nothing(void **state) {
  assert_fulfills_int(avow_fs_write(loop, file, avow_list(NULL, 0), 0), 0);
  assert_rejects(avow_fs_write(loop, 999, avow_list(NULL, 0), 0), UV_EBADF);

  assert_file("file", "hello world");
}

static void write_of_a_list_with_an_error_rejects_with_it(void **state) {
  avow_value_t items[] = { avow_string("x"), avow_error(UV_ENOMEM) };

  assert_rejects(avow_fs_write(loop, file, avow_list(items, 2), 0), UV_ENOMEM);
}

static void write_rejects_without_memory_for_its_buffers(void **state) {
  const avow_value_t list = three();
  avow_promise_t *p = NULL;

  for (long nth = 1; p == NULL; nth++) {
    fail_allocation(nth, false);
    p = avow_fs_write(loop, file, avow_value_ref(&list), 0);
    const bool failed = allocation_failed();
    fail_allocation(0, false);
    if (failed) {
      assert_rejects(p, UV_ENOMEM);
      p = NULL;
    }
  }

  assert_fulfills_int(p, 10);
  avow_value_unref(list);
}

/* More items than the system takes at once, each with the length that its
   number gives. */
static avow_value_t many_items(void) {
  avow_value_t items[ITEMS];
  for (int i = 0; i < ITEMS; i++) {
    char text[16];
    (void) snprintf(text, sizeof(text), "%0*d", 1 + i % 5, i); /* it fits */
    items[i] = avow_string(text);
  }
  return avow_list(items, ITEMS);
}

static int64_t assert_file_has_items(const avow_value_t *list) {
  int64_t done = 0;
  for (size_t i = 0; i < avow_list_len(list); i++) {
    char text[16] = "";
    size_t len;
    const char *item = avow_to_bytes(avow_list_at(list, i), &len);
    assert_int_equal(pread(file, text, len, done), len);
    assert_string_equal(text, item);
    done += (int64_t) len;
  }
  return done;
}

static void write_of_a_long_list_writes_all_items(void **state) {
  const avow_value_t list = many_items();

  const avow_value_t n =
      avow_run(avow_fs_write(loop, file, avow_value_ref(&list), 0));

  assert_int_equal(avow_to_int(&n), assert_file_has_items(&list));
  avow_value_unref(list);
}

/* Limits files to `size` bytes. A write beyond that is short. */
static void limit_file_size(rlim_t size) {
  struct rlimit limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
  limit.rlim_cur = size < limit.rlim_max ? size : limit.rlim_max;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static avow_value_t to_write;

static avow_promise_t *start_write(void) {
  return avow_fs_write(loop, file, avow_value_ref(&to_write), 0);
}

static void short_list_write_continues_within_an_item(void **state) {
  to_write = many_items();
  limit_file_size(PART); /* within an item */
  avow_promise_t *p = done_but_not_received(start_write);
  limit_file_size(RLIM_INFINITY);

  const avow_value_t n = avow_run(p);

  assert_int_equal(avow_to_int(&n), assert_file_has_items(&to_write));
  avow_value_unref(to_write);
}

/* libuv copies the array of buffers if it is long. */
static avow_value_t free_libuv_cb(const avow_value_t *arg, void *data) {
  libuv_fails = false;
  return avow_value_ref(arg);
}

static void write_rejects_when_libuv_has_no_memory_for_the_rest(void **state) {
  to_write = many_items();
  limit_file_size(PART);
  avow_promise_t *p = done_but_not_received(start_write);
  limit_file_size(RLIM_INFINITY);

  libuv_fails = true;
  assert_rejects(avow_then(p, free_libuv_cb, free_libuv_cb, NULL), UV_ENOMEM);

  avow_value_unref(to_write);
}

static uv_file make_target(const char *text) {
  make_file("target", text);
  const uv_file target = open(at("target"), O_RDWR | O_CLOEXEC);
  assert_true(target >= 0);
  return target;
}

static void sendfile_sends_up_to_the_end(void **state) {
  const uv_file target = make_target("");

  assert_fulfills_int(avow_fs_sendfile(loop, target, file, 0, 6), 6);
  assert_fulfills_int(avow_fs_sendfile(loop, target, file, 6, SIZE_MAX), 5);
  assert_fulfills_int(avow_fs_sendfile(loop, target, file, 11, 1), 0);
  assert_fulfills_int(avow_fs_sendfile(loop, target, file, 0, 0), 0);

  assert_file("target", "hello world");
  (void) close(target);
}

static uv_file target_file;

static avow_promise_t *start_send(void) {
  return avow_fs_sendfile(loop, target_file, file, 0, PART);
}

static avow_promise_t *short_send(void) {
  assert_int_equal(ftruncate(file, PART), 0);
  target_file = make_target("");
  limit_file_size(100);
  return done_but_not_received(start_send);
}

static void sendfile_sends_the_rest_after_a_short_part(void **state) {
  avow_promise_t *p = short_send();
  limit_file_size(RLIM_INFINITY);

  assert_fulfills_int(p, PART);

  assert_int_equal(lseek(target_file, 0, SEEK_END), PART);
  (void) close(target_file);
}

static void sendfile_settles_with_bytes_sent_before_an_error(void **state) {
  avow_promise_t *p = short_send();

  assert_fulfills_int(p, 100);

  limit_file_size(RLIM_INFINITY);
  (void) close(target_file);
}

static void canceled_sendfile_stops_after_its_part(void **state) {
  avow_promise_t *p = short_send();
  limit_file_size(RLIM_INFINITY);

  assert_cancels_at_once(p);
  run();

  assert_int_equal(lseek(target_file, 0, SEEK_END), 100);
  (void) close(target_file);
}

/* The copy uses both descriptors. One thread runs all requests in turn, so a
   close that did not wait would be done. */
static void close_of_either_file_waits_for_a_canceled_sendfile(void **state) {
  target_file = make_target("");
  const int before = open_files();
  hold_pool(THREADS - 1);
  avow_promise_t *p = start_send();
  wait_until_taken();
  assert_cancels_at_once(p);

  avow_promise_t *ps[] = { avow_fs_close(loop, file),
                           avow_fs_close(loop, target_file) };
  wait_until_taken();
  assert_int_equal(open_files(), before);

  avow_value_unref(avow_run(avow_all(loop, ps, 2)));
  release_pool();
  assert_int_equal(open_files(), before - 2);
  assert_file("target", "hello world");
}

static avow_promise_t *first_read, *second_read;

static avow_promise_t *start_reads(void) {
  first_read = avow_fs_read(loop, file, 5, 0);
  second_read = avow_fs_read(loop, file, 5, 0);
  return NULL;
}

static void close_waits_for_the_last_canceled_read(void **state) {
  const int before = open_files();
  (void) done_but_not_received(start_reads); /* returns no promise */
  assert_cancels_at_once(second_read);
  assert_cancels_at_once(first_read);

  assert_fulfills_none(avow_fs_close(loop, file));

  assert_int_equal(open_files(), before - 1);
}

static void close_waits_for_a_canceled_sendfile_to_itself(void **state) {
  target_file = file;
  const int before = open_files();
  avow_promise_t *p = done_but_not_received(start_send);
  assert_cancels_at_once(p);

  assert_fulfills_none(avow_fs_close(loop, file));

  assert_int_equal(open_files(), before - 1);
}

#define IO(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(fs_io) {
  const struct CMUnitTest tests[] = {
    IO(negative_offsets_other_than_minus_1_are_rejected),
    IO(write_of_a_list_writes_its_items_in_order),
    IO(list_write_at_minus_1_uses_the_file_position),
    IO(write_of_an_empty_list_writes_nothing),
    IO(write_of_a_list_with_an_error_rejects_with_it),
    IO(write_rejects_without_memory_for_its_buffers),
    IO(write_of_a_long_list_writes_all_items),
    IO(short_list_write_continues_within_an_item),
    IO(sendfile_sends_up_to_the_end),
    IO(sendfile_sends_the_rest_after_a_short_part),
    IO(sendfile_settles_with_bytes_sent_before_an_error),
    IO(canceled_sendfile_stops_after_its_part),
    IO(close_of_either_file_waits_for_a_canceled_sendfile),
    IO(close_waits_for_the_last_canceled_read),
    IO(close_waits_for_a_canceled_sendfile_to_itself),
    IO(write_rejects_when_libuv_has_no_memory_for_the_rest),
  };
  disk_init();
  (void) uv_replace_allocator(libuv_malloc, realloc, calloc, free);
  (void) signal(SIGXFSZ, SIG_IGN); /* such a write returns an error */
  return RUN(tests);
}
