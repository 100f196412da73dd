/* SPDX-License-Identifier: MIT */
/* Events of the system for files and folders. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

static char folder[64];

static int set_up(void **state) {
  size_t size = sizeof(folder) - 16;
  if (harness_setup(state) != 0 || uv_os_tmpdir(folder, &size) != 0)
    return -1;
  strcat(folder, "/avow-XXXXXX");
  return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state) {
  const int failed = harness_teardown(state);
  return rmdir(folder) != 0 || failed != 0 ? -1 : 0;
}

static const char *path_of(const char *name) {
  static char path[128];
  (void) snprintf(path, sizeof(path), "%s/%s", folder, name); /* fits */
  return path;
}

/* Changes the folder with two events for that name. */
static void touch(const char *name) {
  const int fd = open(path_of(name), O_CREAT | O_WRONLY, 0600);
  assert_true(fd >= 0);
  assert_int_equal(close(fd), 0);
  assert_int_equal(unlink(path_of(name)), 0);
}

static avow_value_t take(const avow_channel_t *c) {
  const avow_value_t v = avow_run(avow_channel_next(c));
  assert_string_equal(avow_error_message(&v), "no error");
  return v;
}

static void events_have_a_name_and_a_kind(void **state) {
  avow_channel_t *c = avow_fs_events(loop, folder, 0);
  touch("file");

  const avow_value_t v = take(c);

  const avow_fs_event_t *event = avow_to_fs_event(&v);
  assert_string_equal(event->name, "file");
  assert_int_equal(event->events, UV_RENAME);
  avow_value_unref(v);
  avow_channel_unref(c);
}

static void event_stays_valid_after_its_channel_is_freed(void **state) {
  avow_channel_t *c = avow_fs_events(loop, folder, 0);
  touch("file");
  const avow_value_t v = take(c);

  avow_channel_unref(c);
  run();

  assert_string_equal(avow_to_fs_event(&v)->name, "file");
  avow_value_unref(v);
}

static avow_value_t name_cb(const avow_value_t *v, void *data) {
  return avow_string(avow_to_fs_event(v)->name);
}

static void channel_first_stops_watching_after_one_event(void **state) {
  avow_promise_t *p = avow_channel_first(avow_fs_events(loop, folder, 0));
  touch("file");

  const avow_value_t v = avow_run(avow_then(p, name_cb, NULL, NULL));

  assert_string_equal(avow_to_bytes(&v, NULL), "file");
  avow_value_unref(v);
  run();
}

static void missing_path_is_refused(void **state) {
  const avow_value_t v =
      avow_run(avow_channel_first(avow_fs_events(loop, "/nowhere/at/all", 0)));

  assert_string_equal(avow_error_message(&v),
                      "watch '/nowhere/at/all': no such file or directory");
  avow_value_unref(v);
}

/* Lets libuv receive the pending events. */
static void receive_events(void) {
  assert_fulfills_none(avow_sleep(loop, 1));
  assert_fulfills_none(avow_after_poll(loop));
}

enum { ROOM = 256 };

static void null_path_is_refused(void **state) {
  assert_rejects(avow_channel_first(avow_fs_events(loop, NULL, 0)), UV_EINVAL);
}

static void events_above_the_capacity_become_one(void **state) {
  avow_channel_t *c = avow_fs_events(loop, folder, 0);
  for (int i = 0; i < ROOM; i++) {
    touch("file");
    if (i % 16 == 0)
      receive_events();
  }
  receive_events();

  for (int i = 0; i < ROOM; i++) {
    const avow_value_t v = take(c);
    assert_string_equal(avow_to_fs_event(&v)->name, "file");
    avow_value_unref(v);
  }
  const avow_value_t v = take(c);

  assert_null(avow_to_fs_event(&v)->name);
  assert_true((avow_to_fs_event(&v)->events & UV_RENAME) != 0);
  avow_value_unref(v);
  touch("later");
  const avow_value_t w = take(c);
  assert_string_equal(avow_to_fs_event(&w)->name, "later");
  avow_value_unref(w);
  avow_channel_unref(c);
}

/* Files that are created and removed. */

static void write_text(const char *path, const char *text) {
  const int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, strlen(text)), (ssize_t) strlen(text));
  assert_int_equal(close(fd), 0);
}

/* Takes all items and returns their events. */
static int take_all(const avow_channel_t *c, const char *name) {
  int events = 0;
  avow_value_t v;
  receive_events();
  while (avow_channel_try_next(c, &v) == 0) {
    if (avow_is_error(&v)) {
      avow_value_unref(v);
      break;
    }
    assert_string_equal(avow_to_fs_event(&v)->name, name);
    events |= avow_to_fs_event(&v)->events;
    avow_value_unref(v);
  }
  return events;
}

static void replaced_file_is_still_watched(void **state) {
  write_text(path_of("file"), "0");
  avow_channel_t *c = avow_fs_events(loop, path_of("file"), 0);

  for (int i = 0; i < 3; i++) {
    assert_fulfills_int(avow_replace_file(loop, path_of("file"),
                                          avow_string("x"), 0600),
                        1);
    assert_true((take_all(c, "file") & UV_RENAME) != 0);
  }
  write_text(path_of("file"), "y");
  assert_int_equal(take_all(c, "file"), UV_CHANGE);

  avow_channel_unref(c);
  assert_int_equal(unlink(path_of("file")), 0);
}

/* If a replaced file is still open, the system reports one name less, as it
   reports a changed mode. */
static void file_replaced_while_open_is_still_watched(void **state) {
  char other[128];
  write_text(path_of("file"), "0");
  const int fd = open(path_of("file"), O_RDONLY);
  write_text(strcpy(other, path_of("other")), "1");
  avow_channel_t *c = avow_fs_events(loop, path_of("file"), 0);

  assert_int_equal(rename(other, path_of("file")), 0);
  assert_int_equal(take_all(c, "file"), UV_RENAME | UV_CHANGE);
  write_text(path_of("file"), "y");
  assert_int_equal(take_all(c, "file"), UV_CHANGE);

  avow_channel_unref(c);
  assert_int_equal(close(fd), 0);
  assert_int_equal(unlink(path_of("file")), 0);
}

/* Two channels share one watch of the system. */
static void channels_of_hard_links_report_their_own_name(void **state) {
  char other[128];
  write_text(strcpy(other, path_of("other")), "0");
  assert_int_equal(link(other, path_of("file")), 0);
  avow_channel_t *a = avow_fs_events(loop, other, 0);
  avow_channel_t *b = avow_fs_events(loop, path_of("file"), 0);
  assert_fulfills_int(avow_replace_file(loop, other, avow_string("x"), 0600),
                      1);
  assert_true((take_all(a, "other") & UV_RENAME) != 0);
  assert_int_equal(take_all(b, "file"), UV_CHANGE);

  write_text(path_of("file"), "y");
  assert_int_equal(take_all(a, "other"), 0);
  assert_int_equal(take_all(b, "file"), UV_CHANGE);

  avow_channel_unref(a);
  avow_channel_unref(b);
  assert_int_equal(unlink(other), 0);
  assert_int_equal(unlink(path_of("file")), 0);
}

static void removed_file_fails_the_channel(void **state) {
  write_text(path_of("file"), "0");
  avow_channel_t *c = avow_fs_events(loop, path_of("file"), 0);
  assert_int_equal(unlink(path_of("file")), 0);

  const avow_value_t v = take(c);
  assert_string_equal(avow_to_fs_event(&v)->name, "file");
  avow_value_unref(v);

  assert_rejects(avow_channel_next(c), UV_ENOENT);
  avow_channel_unref(c);
}

static void moved_directory_fails_the_channel(void **state) {
  char moved[128];
  assert_int_equal(mkdir(path_of("sub"), 0700), 0);
  avow_channel_t *c = avow_fs_events(loop, path_of("sub"), 0);
  strcpy(moved, path_of("moved"));
  assert_int_equal(rename(path_of("sub"), moved), 0);

  const avow_value_t v = take(c);
  assert_int_equal(avow_to_fs_event(&v)->events, UV_RENAME);
  avow_value_unref(v);

  assert_rejects(avow_channel_next(c), UV_ENOENT);
  avow_channel_unref(c);
  assert_int_equal(rmdir(moved), 0);
}

static void recreated_directory_is_still_watched(void **state) {
  assert_int_equal(mkdir(path_of("sub"), 0700), 0);
  avow_channel_t *c = avow_fs_events(loop, path_of("sub"), 0);
  assert_int_equal(rmdir(path_of("sub")), 0);
  assert_int_equal(mkdir(path_of("sub"), 0700), 0);
  assert_true((take_all(c, "sub") & UV_RENAME) != 0);

  touch("sub/file");

  assert_int_equal(take_all(c, "file"), UV_RENAME);
  avow_channel_unref(c);
  assert_int_equal(rmdir(path_of("sub")), 0);
}

/* Returns the events of the item without a name. */
static int unnamed(const avow_channel_t *c) {
  int events = 0;
  avow_value_t v;
  while (avow_channel_try_next(c, &v) == 0) {
    const avow_fs_event_t *event = avow_to_fs_event(&v);
    events |= event->name == NULL ? event->events : 0;
    avow_value_unref(v);
  }
  return events;
}

/* The system's queue overflows before the second folder is read. */
static void lost_events_are_reported_on_all_channels(void **state) {
  enum { MANY = 12000 }; /* with two events each */
  assert_int_equal(mkdir(path_of("sub"), 0700), 0);
  avow_channel_t *full = avow_fs_events(loop, folder, 0);
  avow_channel_t *quiet = avow_fs_events(loop, path_of("sub"), 0);
  for (int i = 0; i < MANY; i++)
    touch("file");
  touch("sub/file");

  receive_events();

  assert_int_equal(unnamed(quiet), UV_RENAME | UV_CHANGE);
  avow_channel_unref(full);
  avow_channel_unref(quiet);
  assert_int_equal(rmdir(path_of("sub")), 0);
}

static void assert_unsupported(unsigned flags) {
  avow_value_t v;
  avow_channel_t *c = avow_fs_events(loop, folder, flags);
  assert_int_equal(avow_channel_try_next(c, &v), 0);
  assert_int_equal(avow_error_code(&v), UV_ENOTSUP);
  avow_value_unref(v);
  avow_channel_unref(c);
}

static void unsupported_flags_are_refused(void **state) {
  assert_unsupported(UV_FS_EVENT_WATCH_ENTRY);
  assert_unsupported(UV_FS_EVENT_STAT);
  assert_unsupported(1u << 20);
#ifdef __linux__
  assert_unsupported(UV_FS_EVENT_RECURSIVE);
#endif
}

static void event_without_memory_rejects_the_receiver(void **state) {
  avow_channel_t *c = avow_fs_events(loop, folder, 0);
  avow_promise_t *next = avow_channel_next(c);
  touch("file");

  fail_allocation(1, true);
  while (avow_state(next) == AVOW_PENDING)
    (void) uv_run(loop, UV_RUN_ONCE); /* the test checks the loop next */
  fail_allocation(0, false);

  assert_rejects(next, UV_ENOMEM);
  avow_channel_unref(c);
}

static void watching_does_not_keep_the_loop_alive(void **state) {
  avow_channel_t *c = avow_fs_events(loop, folder, 0);

  run();

  avow_channel_unref(c);
}

static void program_may_close_all_handles(void **state) {
  avow_channel_t *c = avow_fs_events(loop, folder, 0);
  avow_promise_t *next = avow_channel_next(c);
  uv_walk(loop, close_handle, NULL);
  touch("file");
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the result does not matter */

  avow_cancel(next);
  avow_unref(next);
  avow_channel_unref(c);

  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* inotify reports no failure. This call simulates libuv's report of one. */
static void fail_watching(uv_handle_t *handle, void *data) {
  if (handle->type == UV_FS_EVENT)
    ((uv_fs_event_t *) handle)
        ->cb((uv_fs_event_t *) handle, NULL, 0, UV_EMFILE);
}

static void watch_error_fails_the_channel(void **state) {
  avow_channel_t *c = avow_fs_events(loop, folder, 0);
  avow_promise_t *next = avow_channel_next(c);

  uv_walk(loop, fail_watching, NULL);

  assert_rejects(next, UV_EMFILE);
  assert_rejects(avow_channel_next(c), UV_EMFILE);
  avow_channel_unref(c);
}

static void read_a_number_as_event(void) {
  const avow_value_t v = avow_int(1);
  assert_null(avow_to_fs_event(&v));
}

static void other_values_are_not_events(void **state) {
  assert_misuse(read_a_number_as_event, "not fs_event; check its type first");
}

#define EVENT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(fs_event) {
  const struct CMUnitTest tests[] = {
    EVENT(events_have_a_name_and_a_kind),
    EVENT(event_stays_valid_after_its_channel_is_freed),
    EVENT(channel_first_stops_watching_after_one_event),
    EVENT(missing_path_is_refused),
    EVENT(null_path_is_refused),
    EVENT(events_above_the_capacity_become_one),
    EVENT(replaced_file_is_still_watched),
    EVENT(file_replaced_while_open_is_still_watched),
    EVENT(channels_of_hard_links_report_their_own_name),
    EVENT(removed_file_fails_the_channel),
    EVENT(moved_directory_fails_the_channel),
    EVENT(recreated_directory_is_still_watched),
    EVENT(lost_events_are_reported_on_all_channels),
    EVENT(unsupported_flags_are_refused),
    EVENT(event_without_memory_rejects_the_receiver),
    EVENT(watching_does_not_keep_the_loop_alive),
    EVENT(program_may_close_all_handles),
    EVENT(other_values_are_not_events),
    EVENT(watch_error_fails_the_channel),
  };
  return RUN(tests);
}
