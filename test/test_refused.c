/*
 * What libuv and the system do not refuse where tests run, but may elsewhere:
 * the linker has the calls below come before theirs.
 */
#define _GNU_SOURCE /* O_TMPFILE */

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../src/disk.h"
#include "disk.h"
#include "place.h"

/* What the calls of a function give in place of what they would. */
typedef struct {
  int err;
  int after; /* so many calls that are as ever */
  int times; /* 0: all are */
  int calls;
} refusal_t;

static refusal_t locks, bells, wakers, signals, readings, looks, removals;
static refusal_t unnamed, named, links, syncs, renamings, copies, held;
static bool hides_types;
static bool is_exchanged; /* for a FIFO, as soon as it was looked at */
static char exchanged[64];
static atomic_bool has_come;
static atomic_bool waits; /* until what reads is not wanted; outside time */

static bool refuses(refusal_t *refusal) {
  const int call = refusal->calls++ - refusal->after;
  return call >= 0 && call < refusal->times;
}

static refusal_t once(int err) {
  return (refusal_t){ .err = err, .times = 1 };
}

static refusal_t always(int err) {
  return (refusal_t){ .err = err, .times = 10000 };
}

static const refusal_t never;

int __wrap_uv_mutex_init(uv_mutex_t *mutex);
int __real_uv_mutex_init(uv_mutex_t *mutex);
int __wrap_uv_mutex_init(uv_mutex_t *mutex) {
  return refuses(&locks) ? locks.err : __real_uv_mutex_init(mutex);
}

int __wrap_uv_cond_init(uv_cond_t *cond);
int __real_uv_cond_init(uv_cond_t *cond);
int __wrap_uv_cond_init(uv_cond_t *cond) {
  return refuses(&bells) ? bells.err : __real_uv_cond_init(cond);
}

int __wrap_uv_async_init(uv_loop_t *on, uv_async_t *async, uv_async_cb cb);
int __real_uv_async_init(uv_loop_t *on, uv_async_t *async, uv_async_cb cb);
int __wrap_uv_async_init(uv_loop_t *on, uv_async_t *async, uv_async_cb cb) {
  return refuses(&wakers) ? wakers.err : __real_uv_async_init(on, async, cb);
}

int __wrap_uv_signal_init(uv_loop_t *on, uv_signal_t *handle);
int __real_uv_signal_init(uv_loop_t *on, uv_signal_t *handle);
int __wrap_uv_signal_init(uv_loop_t *on, uv_signal_t *handle) {
  return refuses(&signals) ? signals.err : __real_uv_signal_init(on, handle);
}

int __wrap_avow__dir_read(avow__dir_t *dir, const char **name,
                          uv_dirent_type_t *type);
int __real_avow__dir_read(avow__dir_t *dir, const char **name,
                          uv_dirent_type_t *type);
int __wrap_avow__dir_read(avow__dir_t *dir, const char **name,
                          uv_dirent_type_t *type) {
  atomic_store(&has_come, true);
  while (atomic_load(&waits) && avow_work_is_wanted())
    uv_sleep(1);
  const int n = __real_avow__dir_read(dir, name, type);
  if (hides_types && n > 0)
    *type = UV_DIRENT_UNKNOWN;
  return refuses(&readings) ? readings.err : n;
}

uint64_t __wrap_uv_hrtime(void);
uint64_t __real_uv_hrtime(void);
uint64_t __wrap_uv_hrtime(void) {
  return atomic_load(&waits) ? 1 : __real_uv_hrtime();
}

int __wrap_avow__place_lstat(avow__place_t place, uv_stat_t *out);
int __real_avow__place_lstat(avow__place_t place, uv_stat_t *out);
int __wrap_avow__place_lstat(avow__place_t place, uv_stat_t *out) {
  if (refuses(&looks))
    return looks.err;
  const int err = __real_avow__place_lstat(place, out);
  if (is_exchanged) {
    (void) unlink(exchanged); /* the result shows what became of it */
    (void) mkfifo(exchanged, 0600);
  }
  return err;
}

/* As a failing call of the system's. */
static int refused(const refusal_t *refusal) {
  errno = -refusal->err;
  return -1;
}

static bool is_unnamed(int flags) {
#ifdef O_TMPFILE
  return (flags & O_TMPFILE) == O_TMPFILE;
#else
  return false;
#endif
}

int __wrap_avow__at_open(int dir, const char *path, int flags, int mode);
int __real_avow__at_open(int dir, const char *path, int flags, int mode);
int __wrap_avow__at_open(int dir, const char *path, int flags, int mode) {
  if (is_unnamed(flags) && refuses(&unnamed))
    return unnamed.err;
  if ((flags & O_EXCL) != 0 && refuses(&named))
    return named.err;
  return __real_avow__at_open(dir, path, flags, mode);
}

int __wrap_linkat(int from_dir, const char *from, int dir, const char *to,
                  int flags);
int __real_linkat(int from_dir, const char *from, int dir, const char *to,
                  int flags);
int __wrap_linkat(int from_dir, const char *from, int dir, const char *to,
                  int flags) {
  return refuses(&links) ? refused(&links)
                         : __real_linkat(from_dir, from, dir, to, flags);
}

int __wrap_flock(int file, int operation);
int __real_flock(int file, int operation);
int __wrap_flock(int file, int operation) {
  return refuses(&held) ? refused(&held) : __real_flock(file, operation);
}

int __wrap_avow__disk_send(uv_file to, uv_file from, uint64_t offset,
                           uint64_t len);
int __real_avow__disk_send(uv_file to, uv_file from, uint64_t offset,
                           uint64_t len);
int __wrap_avow__disk_send(uv_file to, uv_file from, uint64_t offset,
                           uint64_t len) {
  atomic_store(&has_come, true);
  while (atomic_load(&waits) && avow_work_is_wanted())
    uv_sleep(1);
  return __real_avow__disk_send(to, from, offset, len);
}

/* Of what is made. */
int __wrap_avow__place_open(avow__place_t place, int flags, int mode);
int __real_avow__place_open(avow__place_t place, int flags, int mode);
int __wrap_avow__place_open(avow__place_t place, int flags, int mode) {
  return (flags & O_CREAT) != 0 && refuses(&copies)
             ? copies.err
             : __real_avow__place_open(place, flags, mode);
}

int __wrap_avow__place_rename(avow__place_t from, avow__place_t to);
int __real_avow__place_rename(avow__place_t from, avow__place_t to);
int __wrap_avow__place_rename(avow__place_t from, avow__place_t to) {
  return refuses(&renamings) ? renamings.err
                             : __real_avow__place_rename(from, to);
}

int __wrap_avow__disk_fsync(uv_file file);
int __real_avow__disk_fsync(uv_file file);
int __wrap_avow__disk_fsync(uv_file file) {
  return refuses(&syncs) ? syncs.err : __real_avow__disk_fsync(file);
}

int __wrap_avow__place_rmdir(avow__place_t place);
int __real_avow__place_rmdir(avow__place_t place);
int __wrap_avow__place_rmdir(avow__place_t place) {
  return refuses(&removals) ? removals.err : __real_avow__place_rmdir(place);
}

/* Other threads' ways in. */

static void assert_remote_is_refused(int err) {
  avow_remote_t *r;
  assert_rejects(avow_remote_new(loop, &r), err);
  assert_int_equal(avow_remote_resolve(r, avow_none()), UV_ECANCELED);
}

static void remote_needs_a_lock_and_a_waker(void **state) {
  locks = once(UV_ENOMEM);
  assert_remote_is_refused(UV_ENOMEM);
  bells = once(UV_ENOMEM);
  assert_remote_is_refused(UV_ENOMEM);
  wakers = once(UV_EMFILE);
  assert_remote_is_refused(UV_EMFILE);

  avow_remote_t *r;
  avow_promise_t *p = avow_remote_new(loop, &r);
  assert_int_equal(avow_remote_resolve(r, avow_int(1)), 0);
  assert_fulfils_int(p, 1);
}

static avow_value_t do_nothing(uv_loop_t *own, void *data) {
  return avow_none();
}

static void loops_need_locks(void **state) {
  locks = once(UV_ENOMEM);
  avow_loops_t *none = avow_loops_new(2);

  assert_int_equal(avow_loops_count(none), 0);
  assert_rejects(avow_loops_run(none, 0, loop, do_nothing, NULL), UV_ENOMEM);
  assert_fulfils_none(avow_loops_close(none, loop));
}

static void signals_need_a_handle(void **state) {
  signals = once(UV_EMFILE);

  const avow_value_t v = avow_run(avow_signal_once(loop, SIGUSR1));

  assert_int_equal(avow_error_code(&v), UV_EMFILE);
  assert_true(strncmp(avow_error_message(&v), "signal '", 8) == 0);
  avow_value_unref(v);
}

static void copying_a_tree_needs_a_lock(void **state) {
  make_dir("from");
  locks = once(UV_ENOMEM);

  assert_rejects(avow_copy_tree(loop, at("from"), at("to"), NULL), UV_ENOMEM);

  assert_missing("to");
}

/* Files. */

static void make_tree(void) {
  make_dir("a");
  make_dir("a/b");
  make_file("a/b/file", "");
}

static void removing_waits_for_what_may_pass(void **state) {
  static const int may_pass[] = { UV_EBUSY, UV_EMFILE,    UV_ENFILE,
                                  UV_EPERM, UV_ENOTEMPTY, UV_EEXIST };
  for (size_t i = 0; i < sizeof(may_pass) / sizeof(may_pass[0]); i++) {
    make_tree();
    removals = once(may_pass[i]);

    assert_fulfils_int(avow_remove_tree(loop, at("a")), 3);

    assert_int_equal(removals.calls, 3);
    assert_missing("a");
  }
}

static void removing_stops_at_what_stays(void **state) {
  make_tree();
  removals = once(UV_EIO);

  assert_rejects(avow_remove_tree(loop, at("a")), UV_EIO);

  assert_int_equal(removals.calls, 1);
  assert_true(is_there("a/b"));
}

static avow_promise_t *replace(void) {
  return avow_replace_file(loop, at("file"), avow_string("new"), 0600);
}

static void assert_replaced(void) {
  assert_fulfils_int(replace(), 3);
  assert_file("file", "new");
  assert_int_equal(entries_of(""), 1);
}

static void assert_not_replaced(int err) {
  assert_rejects(replace(), err);
  assert_file("file", "old");
  assert_int_equal(entries_of(""), 1);
}

/* Not all file systems have files without one. */
static void replacing_takes_a_name_where_it_needs_one(void **state) {
  make_file("file", "old");
  assert_int_equal(chmod(at("file"), 0640), 0);
  unnamed = always(UV_ENOTSUP);

  assert_replaced();

  assert_int_equal(mode_of("file"), 0640);
  assert_int_equal(unlink(at("file")), 0);
  assert_replaced();
  assert_int_equal(mode_of("file"), 0600);
  assert_int_equal(links.calls, 0);
}

static void replacing_looks_for_a_name_that_is_free(void **state) {
  make_file("file", "old");
  links = (refusal_t){ .err = UV_EEXIST, .times = 20 };
  assert_replaced();

  unnamed = always(UV_ENOTSUP);
  named = (refusal_t){ .err = UV_EEXIST, .times = 20 };
  assert_replaced();
}

/* Another writer may take it for one that was left, until it is locked. */
static void replacing_leaves_a_file_that_another_has_locked(void **state) {
  make_file("file", "old");
  unnamed = always(UV_ENOTSUP);
  held = once(UV_EAGAIN);

  assert_fulfils_int(replace(), 3);

  assert_file("file", "new");
  assert_int_equal(entries_of(""), 2);
  assert_replaced();
}

/* Where there are none. */
static void replacing_goes_on_without_locks(void **state) {
  make_file("file", "old");
  held = always(UV_ENOTSUP);
  assert_replaced();

  unnamed = always(UV_ENOTSUP);
  assert_replaced();
}

static void replacing_gives_up_where_no_name_is_free(void **state) {
  make_file("file", "old");
  links = always(UV_EEXIST);
  assert_not_replaced(UV_EEXIST);
  assert_int_in_range(links.calls, 2, 1000);

  unnamed = always(UV_ENOTSUP);
  named = always(UV_EEXIST);
  assert_not_replaced(UV_EEXIST);
  assert_int_in_range(named.calls, 2, 1000);
}

static void replacing_tells_what_keeps_it_from_a_name(void **state) {
  make_file("file", "old");
  links = (refusal_t){ .err = UV_ENOSPC, .after = 1, .times = 1 };
  assert_not_replaced(UV_ENOSPC);

  unnamed = always(UV_ENOTSUP);
  named = once(UV_EACCES);
  assert_not_replaced(UV_EACCES);
}

static void replacing_tells_of_a_disk_that_breaks(void **state) {
  make_file("file", "old");
  syncs = once(UV_EIO);
  assert_not_replaced(UV_EIO);

  syncs = (refusal_t){ .err = UV_EIO, .after = 1, .times = 1 };
  assert_says(replace(), UV_EIO, "sync '%s': i/o error", at("file"));
  assert_file("file", "new");

  syncs = (refusal_t){ .err = UV_EINVAL, .after = 1, .times = 1 };
  assert_replaced();
}

static void copying_looks_for_a_name_that_is_free(void **state) {
  const avow_copy_options_t options = { .existing = AVOW_EXISTING_REPLACE };
  make_file("file", "new");
  make_file("to", "old");
  copies = (refusal_t){ .err = UV_EEXIST, .after = 1, .times = 2 };

  assert_fulfils_int(avow_copy_tree(loop, at("file"), at("to"), &options), 1);

  assert_int_equal(copies.calls, 4);
  assert_file("to", "new");
  assert_int_equal(entries_of(""), 2);
}

static void copying_waits_for_no_fifo(void **state) {
  make_file("file", "text");
  (void) snprintf(exchanged, sizeof(exchanged), "%s", at("file")); /* it fits */
  is_exchanged = true;

  assert_rejects(avow_copy_tree(loop, at("file"), at("to"), NULL), UV_ENOTSUP);

  assert_missing("to");
}

/* More than is sent in one go. */
static void copying_stops_in_the_midst_of_a_file(void **state) {
  enum { LARGE = 3 << 20 };
  static char text[LARGE];
  memset(text, 'x', LARGE - 1);
  make_file("file", text);
  atomic_store(&waits, true);
  avow_promise_t *p = avow_copy_tree(loop, at("file"), at("to"), NULL);
  while (!atomic_load(&has_come))
    (void) uv_run(loop, UV_RUN_NOWAIT);

  assert_cancels(p);
  atomic_store(&waits, false);
  run();

  assert_missing("to");
}

static void copying_that_gets_no_name_leaves_what_is_there(void **state) {
  const avow_copy_options_t options = { .existing = AVOW_EXISTING_REPLACE };
  make_tree();
  make_dir("to");
  make_dir("to/b");
  make_file("to/b/file", "old");
  renamings = once(UV_EIO);

  assert_rejects(avow_copy_tree(loop, at("a"), at("to"), &options), UV_EIO);

  assert_file("to/b/file", "old");
  assert_int_equal(entries_of("to/b"), 1);
}

typedef struct {
  int entries, errors, dirs, unknown;
} walked_t;

static walked_t walk(const char *name) {
  walked_t walked = { 0 };
  avow_channel_t *channel = avow_walk(loop, at(name));
  avow_value_t v = avow_run(avow_channel_next(channel));
  for (; v.tag == AVOW_OBJECT; v = avow_run(avow_channel_next(channel))) {
    const avow_found_t *found = avow_to_found(&v);
    walked.entries++;
    walked.errors += found->error == UV_EIO;
    walked.dirs += found->type == UV_DIRENT_DIR;
    walked.unknown += found->type == UV_DIRENT_UNKNOWN;
    avow_value_unref(v);
  }
  assert_int_equal(v.tag, AVOW_NONE);
  avow_channel_unref(channel);
  return walked;
}

/* A directory far up is read to its end first, for not all can stay open. */
static void walk_tells_of_a_directory_it_cannot_read_on_in(void **state) {
  enum { OPEN = 32, DEEP = OPEN + 3 };
  char name[2 * DEEP] = "a";
  for (int i = 0; i < DEEP; i++) {
    make_dir(name);
    strcat(name, i < DEEP - 1 ? "/a" : "");
  }
  readings = (refusal_t){ .err = UV_EIO, .after = OPEN, .times = 1 };

  const walked_t walked = walk("a");

  assert_int_equal(walked.entries, OPEN);
  assert_int_equal(walked.errors, 1);
}

static void walk_looks_at_what_it_is_not_told(void **state) {
  make_tree();
  hides_types = true;

  const walked_t walked = walk("a");

  assert_int_equal(walked.entries, 2);
  assert_int_equal(walked.dirs, 1);
  assert_int_equal(walked.unknown, 0);
}

static void walk_gives_what_it_may_not_look_at(void **state) {
  make_tree();
  hides_types = true;
  looks = once(UV_EACCES);

  const walked_t walked = walk("a");

  assert_int_equal(walked.entries, 1);
  assert_int_equal(walked.unknown, 1);
}

static void walk_stops_in_the_midst_when_its_loop_closes(void **state) {
  make_tree();
  atomic_store(&waits, true);
  avow_channel_t *channel = avow_walk(loop, at("a"));
  while (!atomic_load(&has_come))
    uv_sleep(1);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(readings.calls, 1);
  avow_channel_unref(channel);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void glob_passes_over_what_opens_and_cannot_be_read(void **state) {
  make_tree();
  readings = once(UV_EACCES);

  const avow_value_t v = avow_run(avow_glob(loop, at("**/b")));

  assert_int_equal(v.tag, AVOW_LIST);
  assert_int_equal(readings.calls, 1);
  avow_value_unref(v);
}

/* One directory in the other: it reads no other than the one it is in. */
static void glob_stops_in_the_midst(bool closing) {
  make_dir("a/b/c");
  atomic_store(&waits, true);
  avow_promise_t *p = avow_glob(loop, at("a/**/none"));
  while (!atomic_load(&has_come))
    (void) uv_run(loop, UV_RUN_NOWAIT);

  if (closing)
    assert_loop_close_cancels(p);
  else
    assert_cancels(p);
  run();

  assert_int_equal(readings.calls, 1);
}

static void glob_stops_in_the_midst_when_cancelled(void **state) {
  make_tree();
  glob_stops_in_the_midst(false);
}

static void glob_stops_in_the_midst_when_its_loop_closes(void **state) {
  make_tree();
  glob_stops_in_the_midst(true);
}

static int setup(void **state) {
  locks = bells = wakers = signals = readings = looks = removals = never;
  unnamed = named = links = syncs = renamings = copies = held = never;
  hides_types = is_exchanged = false;
  atomic_store(&has_come, false);
  atomic_store(&waits, false);
  return disk_setup(state);
}

#define REFUSED_CASE(f) cmocka_unit_test_setup_teardown(f, setup, disk_teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
    REFUSED_CASE(remote_needs_a_lock_and_a_waker),
    REFUSED_CASE(loops_need_locks),
    REFUSED_CASE(signals_need_a_handle),
    REFUSED_CASE(copying_a_tree_needs_a_lock),
    REFUSED_CASE(removing_waits_for_what_may_pass),
    REFUSED_CASE(removing_stops_at_what_stays),
    REFUSED_CASE(copying_waits_for_no_fifo),
    REFUSED_CASE(copying_stops_in_the_midst_of_a_file),
    REFUSED_CASE(copying_that_gets_no_name_leaves_what_is_there),
    REFUSED_CASE(copying_looks_for_a_name_that_is_free),
    REFUSED_CASE(replacing_takes_a_name_where_it_needs_one),
    REFUSED_CASE(replacing_looks_for_a_name_that_is_free),
    REFUSED_CASE(replacing_leaves_a_file_that_another_has_locked),
    REFUSED_CASE(replacing_goes_on_without_locks),
    REFUSED_CASE(replacing_gives_up_where_no_name_is_free),
    REFUSED_CASE(replacing_tells_what_keeps_it_from_a_name),
    REFUSED_CASE(replacing_tells_of_a_disk_that_breaks),
    REFUSED_CASE(walk_tells_of_a_directory_it_cannot_read_on_in),
    REFUSED_CASE(walk_looks_at_what_it_is_not_told),
    REFUSED_CASE(walk_gives_what_it_may_not_look_at),
    REFUSED_CASE(walk_stops_in_the_midst_when_its_loop_closes),
    REFUSED_CASE(glob_passes_over_what_opens_and_cannot_be_read),
    REFUSED_CASE(glob_stops_in_the_midst_when_cancelled),
    REFUSED_CASE(glob_stops_in_the_midst_when_its_loop_closes),
  };
  disk_init();
  return RUN(tests);
}
