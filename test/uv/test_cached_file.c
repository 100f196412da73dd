/* SPDX-License-Identifier: MIT */
/*
 * Reading files that are in memory, without the thread pool. The tests hold all
 * threads of the pool, so only the loop's thread can do the work.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "uv/cached_file.h"
#include "uv/page_cache.h"

#include "disk.h"

enum { LARGE = AVOW__CACHED_MOST + 1 };

/* Other processes that change names or use the same page can interrupt a call
   at any time. The tests repeat it. */
enum { INTERRUPTIONS = 100000 };

static uv_file file; /* open; contains "hello world" */

/* The faults of the system in a test. */
static struct {
  bool refuses_to_open; /* as without /proc */
  bool opens_another;   /* as with something else at /proc */
  int reads;            /* that succeed; then UV_EAGAIN; -1: all */
  size_t part;          /* the most bytes of a read */
  int finds;            /* calls so far */
  uint64_t clock;       /* in ns; 0: the system's */
  uint64_t find_ns;     /* that a call takes by this clock */
} simulated;

uint64_t __real_uv_hrtime(void);
uint64_t __wrap_uv_hrtime(void);
uint64_t __wrap_uv_hrtime(void) {
  return simulated.clock > 0 ? simulated.clock : __real_uv_hrtime();
}

int __real_avow__page_cache_find(const char *path, bool follows);
int __wrap_avow__page_cache_find(const char *path, bool follows);
int __wrap_avow__page_cache_find(const char *path, bool follows) {
  int found = UV_EAGAIN;
  simulated.finds++;
  simulated.clock += simulated.find_ns;
  for (int i = 0; i < INTERRUPTIONS && found == UV_EAGAIN; i++)
    found = __real_avow__page_cache_find(path, follows);
  return found;
}

int __real_avow__page_cache_open(uv_file found);
int __wrap_avow__page_cache_open(uv_file found);
int __wrap_avow__page_cache_open(uv_file found) {
  if (simulated.refuses_to_open)
    return UV_ENOENT;
  return simulated.opens_another ? open(at("other"), O_RDONLY | O_CLOEXEC)
                                 : __real_avow__page_cache_open(found);
}

int __real_avow__page_cache_read(uv_file from, char *data, size_t len,
                                 uint64_t offset);
int __wrap_avow__page_cache_read(uv_file from, char *data, size_t len,
                                 uint64_t offset);
int __wrap_avow__page_cache_read(uv_file from, char *data, size_t len,
                                 uint64_t offset) {
  if (simulated.reads == 0)
    return UV_EAGAIN;
  const size_t most = len < simulated.part ? len : simulated.part;
  int n = UV_EAGAIN;
  simulated.reads--;
  for (int i = 0; i < INTERRUPTIONS && n == UV_EAGAIN; i++)
    n = __real_avow__page_cache_read(from, data, most, offset);
  return n;
}

static atomic_int questions; /* from threads of the pool */

bool __real_avow__is_on_disk(uv_file found);
bool __wrap_avow__is_on_disk(uv_file found);
bool __wrap_avow__is_on_disk(uv_file found) {
  atomic_fetch_add(&questions, 1);
  return __real_avow__is_on_disk(found);
}

static void use_loop_with(const avow_options_t *options) {
  assert_int_equal(avow_loop_close(loop), 0);
  assert_int_equal(avow_loop_init(loop, options), 0);
}

static const avow_options_t tries = { .budget_us = UINT_MAX,
                                      .slow_us = UINT_MAX };

/* Learns about the mount of the directory. */
static void look_around(void) {
  avow_unref(avow_fs_stat(loop, at("")));
  (void) uv_run(loop, UV_RUN_DEFAULT);
}

static int set_up(void **state) {
  if (disk_setup(state) != 0)
    return -1;
  simulated.refuses_to_open = simulated.opens_another = false;
  simulated.reads = -1;
  simulated.part = SIZE_MAX;
  simulated.clock = simulated.find_ns = 0;
  make_file("file", "hello world");
  file = open(at("file"), O_RDWR | O_CLOEXEC);
  use_loop_with(&tries);
  look_around();
  simulated.finds = 0;
  return file >= 0 ? 0 : -1;
}

static int tear_down(void **state) {
  release_pool();
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the pool's jobs end */
  (void) close(file);                  /* it was only read from */
  return disk_teardown(state);
}

/* Runs the loop until `p` has settled, while the pool does nothing. */
static void assert_needs_no_pool(avow_promise_t *p) {
  for (int i = 0; i < 100 && avow_state(p) == AVOW_PENDING; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT);
  assert_int_equal(avow_state(p), AVOW_FULFILLED);
}

static void assert_needs_the_pool(avow_promise_t *p) {
  for (int i = 0; i < 100; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  release_pool();
}

static avow_promise_t *read_whole(void) {
  return avow_read_file(loop, at("file"), 100);
}

static void whole_file_is_read_without_the_pool(void **state) {
  hold_pool(THREADS);
  const int before = open_files();

  avow_promise_t *p = read_whole();
  assert_int_equal(avow_state(p), AVOW_PENDING);
  assert_needs_no_pool(p);

  assert_int_equal(open_files(), before);
  assert_fulfills_bytes(p, "hello world");
}

static avow_value_t read_and_look(const avow_value_t *arg, void *data) {
  avow_promise_t *p = read_whole();
  *(avow_state_t *) data = avow_state(p);
  return avow_follow(p);
}

/* Also in a handler, where the thread is the loop's. */
static void promise_settles_after_the_call(void **state) {
  avow_state_t found = AVOW_FULFILLED;
  avow_promise_t *p = avow_then(avow_promise_resolve(loop, avow_none()),
                                read_and_look, NULL, &found);

  assert_fulfills_bytes(p, "hello world");
  assert_int_equal(found, AVOW_PENDING);
}

static void empty_file_gives_no_bytes(void **state) {
  make_file("empty", "");
  hold_pool(THREADS);

  avow_promise_t *p = avow_read_file(loop, at("empty"), 0);
  assert_needs_no_pool(p);

  assert_fulfills_bytes(p, "");
}

static void part_of_a_file_is_read_without_the_pool(void **state) {
  hold_pool(THREADS);

  avow_promise_t *first = avow_fs_read(loop, file, 5, 0);
  avow_promise_t *last = avow_fs_read(loop, file, 100, 6);
  avow_promise_t *end = avow_fs_read(loop, file, 100, 11);
  assert_needs_no_pool(end);

  assert_fulfills_bytes(first, "hello");
  assert_fulfills_bytes(last, "world");
  assert_fulfills_none(end);
}

/* Only the system can tell whether the file may be read. */
static void read_of_no_bytes_needs_the_pool(void **state) {
  const uv_file writer = open(at("file"), O_WRONLY | O_CLOEXEC);

  assert_fulfills_bytes(avow_fs_read(loop, file, 0, 0), "");
  assert_rejects(avow_fs_read(loop, writer, 0, 0), UV_EBADF);

  assert_int_equal(close(writer), 0);
}

/* Another reader may have locked the position. */
static void read_at_the_position_needs_the_pool(void **state) {
  hold_pool(THREADS);

  avow_promise_t *p = avow_fs_read(loop, file, 5, -1);
  assert_needs_the_pool(p);

  assert_fulfills_bytes(p, "hello");
}

/* A loop with a request on the pool gets the results of several at a time. */
static void single_requests_stay_together_on_the_pool(void **state) {
  hold_pool(THREADS);

  avow_promise_t *first = avow_fs_read(loop, file, 5, -1);
  avow_promise_t *second = avow_fs_read(loop, file, 5, 0);
  assert_needs_the_pool(second);

  assert_fulfills_bytes(first, "hello");
  assert_fulfills_bytes(second, "hello");
}

static void assert_is_stat(avow_promise_t *p, unsigned type, uint64_t size) {
  const avow_value_t v = avow_run(p);
  const uv_stat_t *stat = avow_to_stat(&v);
  assert_non_null(stat);
  assert_int_equal(stat->st_mode & S_IFMT, type);
  if (type == S_IFREG)
    assert_int_equal(stat->st_size, size);
  avow_value_unref(v);
}

/* The first use of a link writes its time of access, unless that time is late
   enough. Only the pool may write. */
static void make_used_link(void) {
  const struct timespec times[] = { { .tv_sec = time(NULL) + 3600 },
                                    { .tv_nsec = UTIME_OMIT } };
  make_link("link", "file");
  assert_int_equal(utimensat(AT_FDCWD, at("link"), times, AT_SYMLINK_NOFOLLOW),
                   0);
}

static void attributes_are_read_without_the_pool(void **state) {
  make_used_link();
  hold_pool(THREADS);

  avow_promise_t *target = avow_fs_stat(loop, at("link"));
  avow_promise_t *link = avow_fs_lstat(loop, at("link"));
  avow_promise_t *dir = avow_fs_stat(loop, at(""));
  avow_promise_t *opened = avow_fs_fstat(loop, file);
  assert_needs_no_pool(opened);

  assert_is_stat(target, S_IFREG, 11);
  assert_is_stat(link, S_IFLNK, 0);
  assert_is_stat(dir, S_IFDIR, 0);
  assert_is_stat(opened, S_IFREG, 11);
}

/* The attributes must be the same on both ways. */
static void attributes_are_those_of_libuv(void **state) {
  const avow_value_t cached = avow_run(avow_fs_stat(loop, at("file")));
  uv_fs_t req;
  assert_int_equal(uv_fs_stat(loop, &req, at("file"), NULL), 0);

  assert_memory_equal(avow_to_stat(&cached), &req.statbuf, sizeof(uv_stat_t));

  uv_fs_req_cleanup(&req);
  avow_value_unref(cached);
}

static void option_leaves_all_files_to_the_pool(void **state) {
  const avow_options_t options = { STEADY };
  use_loop_with(&options);
  look_around();
  hold_pool(THREADS);

  avow_promise_t *p = read_whole();
  assert_needs_the_pool(p);

  assert_fulfills_bytes(p, "hello world");
  assert_int_equal(simulated.finds, 0);
}

static void assert_fulfills_large(avow_promise_t *p) {
  size_t len;
  const avow_value_t v = avow_run(p);
  (void) avow_to_bytes(&v, &len); /* only for the length */
  assert_int_equal(len, LARGE);
  avow_value_unref(v);
}

static void large_file_needs_the_pool(void **state) {
  assert_int_equal(ftruncate(file, LARGE), 0);
  hold_pool(THREADS);

  avow_promise_t *whole = avow_read_file(loop, at("file"), LARGE);
  avow_promise_t *part = avow_fs_read(loop, file, LARGE, 0);
  assert_needs_the_pool(part);
  assert_int_equal(avow_state(whole), AVOW_PENDING); /* the loop did not run */

  assert_fulfills_large(whole);
  assert_fulfills_large(part);
}

static void file_above_the_limit_rejects(void **state) {
  assert_rejects(avow_read_file(loop, at("file"), 10), UV_EFBIG);
  assert_fulfills_bytes(avow_read_file(loop, at("file"), 11), "hello world");
}

/* A FIFO is not opened on the loop's thread, where that could wait. */
static void other_kinds_of_files_need_the_pool(void **state) {
  assert_int_equal(mkfifo(at("fifo"), 0600), 0);
  hold_pool(THREADS);

  avow_promise_t *fifo = avow_read_file(loop, at("fifo"), 100);
  avow_promise_t *dir = avow_read_file(loop, at(""), 100);
  avow_promise_t *missing = avow_read_file(loop, at("missing"), 100);
  assert_needs_the_pool(fifo);

  const uv_file writer = open(at("fifo"), O_WRONLY | O_CLOEXEC);
  assert_int_equal(write(writer, "text", 4), 4);
  assert_int_equal(close(writer), 0);
  assert_fulfills_bytes(fifo, "text");
  assert_rejects(dir, UV_EISDIR);
  assert_rejects(missing, UV_ENOENT);
}

/* Files of /proc are on no disk. */
static void other_file_systems_need_the_pool(void **state) {
  avow_unref(avow_fs_stat(loop, "/proc/sys"));
  (void) uv_run(loop, UV_RUN_DEFAULT); /* this asks about the mount */
  hold_pool(THREADS);

  avow_promise_t *p = avow_fs_stat(loop, "/proc/sys");
  assert_needs_the_pool(p);

  assert_is_stat(p, S_IFDIR, 0);
}

static void what_is_not_in_memory_needs_the_pool(void **state) {
  simulated.reads = 0;
  hold_pool(THREADS);

  avow_promise_t *whole = read_whole();
  avow_promise_t *part = avow_fs_read(loop, file, 5, 0);
  assert_needs_the_pool(part);

  assert_fulfills_bytes(whole, "hello world");
  assert_fulfills_bytes(part, "hello");
}

/* A read ends early at a page that is not in memory. */
static void parts_are_read_to_the_end(void **state) {
  simulated.part = 4;
  hold_pool(THREADS);

  avow_promise_t *p = avow_fs_read(loop, file, 100, 0);
  assert_needs_no_pool(p);

  assert_fulfills_bytes(p, "hello world");
}

static void file_that_is_partly_in_memory_needs_the_pool(void **state) {
  simulated.part = 4;
  simulated.reads = 2;
  hold_pool(THREADS);

  avow_promise_t *p = avow_fs_read(loop, file, 100, 0);
  assert_needs_the_pool(p);

  assert_fulfills_bytes(p, "hello world");
}

static void system_without_proc_uses_the_pool(void **state) {
  simulated.refuses_to_open = true;
  hold_pool(THREADS);
  const int before = open_files();

  avow_promise_t *p = read_whole();
  assert_needs_the_pool(p);

  assert_fulfills_bytes(p, "hello world");
  assert_int_equal(open_files(), before);
}

static void file_that_is_another_one_is_not_read(void **state) {
  make_file("other", "other bytes");
  simulated.opens_another = true;
  hold_pool(THREADS);
  const int before = open_files();

  avow_promise_t *p = read_whole();
  assert_needs_the_pool(p);

  assert_fulfills_bytes(p, "hello world");
  assert_int_equal(open_files(), before);
}

static void canceled_attempts_are_not_made(void **state) {
  avow_promise_t *ps[] = { read_whole(), avow_fs_read(loop, file, 5, 0),
                           avow_fs_stat(loop, at("file")) };

  for (size_t i = 0; i < 3; i++)
    avow_cancel(ps[i]);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* nothing is left to do */

  for (size_t i = 0; i < 3; i++)
    assert_rejects(ps[i], UV_ECANCELED);
  assert_int_equal(simulated.finds, 0);
}

static void closing_the_loop_cancels_attempts(void **state) {
  avow_promise_t *p = read_whole();

  use_loop_with(&tries);

  assert_int_equal(avow_state(p), AVOW_REJECTED);
  avow_unref(p);
  assert_int_equal(simulated.finds, 0);
}

/* A callback of the program in each iteration. */
static uv_prepare_t prepare;
static int turns;
static uint64_t turn_ns; /* that it takes by the clock of the test */

static void take_turn(uv_prepare_t *handle) {
  turns++;
  simulated.clock += turn_ns;
}

/* 1/64 of an iteration is 15 us, and an attempt takes 20 us. The program takes
   `ns` in each iteration. */
static void use_busy_loop(uint64_t ns) {
  const avow_options_t usual = { .budget_us = 1000, .slow_us = UINT_MAX };
  use_loop_with(&usual);
  look_around();
  assert_int_equal(uv_prepare_init(loop, &prepare), 0);
  assert_int_equal(uv_prepare_start(&prepare, take_turn), 0);
  uv_unref((uv_handle_t *) &prepare);
  simulated.finds = turns = 0;
  turn_ns = ns;
  simulated.find_ns = 20000;
  simulated.clock = __real_uv_hrtime();
}

static void end_busy_loop(void) {
  release_pool();
  uv_close((uv_handle_t *) &prepare, NULL);
  (void) uv_run(loop, UV_RUN_DEFAULT);
}

/* 16 files are read by the loop, and the others by the pool. */
static void many_files_need_the_pool(void **state) {
  avow_promise_t *ps[20];
  hold_pool(THREADS);

  for (int i = 0; i < 20; i++)
    ps[i] = read_whole();
  for (int i = 0; i < 16; i++)
    assert_needs_no_pool(ps[i]);
  assert_needs_the_pool(ps[16]);

  for (int i = 0; i < 20; i++)
    assert_fulfills_bytes(ps[i], "hello world");
}

static void attempts_take_a_part_of_an_iteration(void **state) {
  avow_promise_t *ps[10];
  use_busy_loop(0);
  hold_pool(THREADS);

  for (int i = 0; i < 10; i++)
    ps[i] = read_whole();
  for (int i = 0; i < 10; i++) {
    assert_needs_no_pool(ps[i]);
    assert_fulfills_bytes(ps[i], "hello world");
  }

  assert_true(turns >= 9); /* the first attempt may be before the first turn */
  end_busy_loop();
}

/* One attempt is made in each of the first two iterations. The second one shows
   that the loop is busy. */
static void busy_loop_leaves_files_to_the_pool(void **state) {
  avow_promise_t *ps[10];
  use_busy_loop(1000000);
  hold_pool(THREADS);

  for (int i = 0; i < 10; i++)
    ps[i] = read_whole();
  assert_needs_the_pool(ps[2]);

  for (int i = 0; i < 10; i++)
    assert_fulfills_bytes(ps[i], "hello world");
  assert_int_equal(simulated.finds, 2);
  end_busy_loop();
}

/* After an attempt in vain, some operations are not tried. */
static void vain_attempts_become_rare(void **state) {
  for (int i = 0; i < 1000; i++)
    assert_rejects(avow_read_file(loop, at("missing"), 10), UV_ENOENT);

  assert_in_range(simulated.finds, 8, 12);
}

static void success_ends_the_pause(void **state) {
  assert_rejects(avow_read_file(loop, at("missing"), 10), UV_ENOENT);
  for (int i = 0; i < 5; i++)
    assert_fulfills_bytes(read_whole(), "hello world");

  assert_int_equal(simulated.finds, 1 + 4); /* the second was not tried */
}

/* The first operation on a mount may be one on an open file. */
static void open_file_tells_its_mount(void **state) {
  use_loop_with(&tries);
  const int before = open_files();
  assert_is_stat(avow_fs_fstat(loop, file), S_IFREG, 11);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the answer comes */
  assert_int_equal(open_files(), before);
  hold_pool(THREADS);

  avow_promise_t *p = read_whole();
  assert_needs_no_pool(p);

  assert_fulfills_bytes(p, "hello world");
}

static void mount_is_asked_about_once(void **state) {
  use_loop_with(&tries);
  atomic_store(&questions, 0);
  avow_promise_t *ps[20];

  for (int i = 0; i < 20; i++)
    ps[i] = read_whole();
  for (int i = 0; i < 20; i++)
    assert_fulfills_bytes(ps[i], "hello world");
  (void) uv_run(loop, UV_RUN_DEFAULT); /* the answer comes */

  assert_int_equal(atomic_load(&questions), 1);
}

/* Whether the system has the calls, and the tests' directory is on a disk. */
static bool has_cached_files(void) {
  const uv_file dir = open("/tmp", O_RDONLY | O_CLOEXEC);
  const bool is_disk = dir >= 0 && avow__is_on_disk(dir);
  if (dir >= 0)
    (void) close(dir); /* it was only opened */
  return is_disk && avow__cached_is_there();
}

static void nothing_is_cached(void **state) {
  skip_because("/tmp is on no disk, or the system lacks the calls");
}

#define CACHED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

SUITE(cached_file) {
  disk_init();
  const struct CMUnitTest none[] = { cmocka_unit_test(nothing_is_cached) };
  if (!has_cached_files())
    return RUN(none);
  const struct CMUnitTest tests[] = {
    CACHED(whole_file_is_read_without_the_pool),
    CACHED(promise_settles_after_the_call),
    CACHED(empty_file_gives_no_bytes),
    CACHED(part_of_a_file_is_read_without_the_pool),
    CACHED(read_of_no_bytes_needs_the_pool),
    CACHED(read_at_the_position_needs_the_pool),
    CACHED(single_requests_stay_together_on_the_pool),
    CACHED(attributes_are_read_without_the_pool),
    CACHED(attributes_are_those_of_libuv),
    CACHED(option_leaves_all_files_to_the_pool),
    CACHED(large_file_needs_the_pool),
    CACHED(file_above_the_limit_rejects),
    CACHED(other_kinds_of_files_need_the_pool),
    CACHED(other_file_systems_need_the_pool),
    CACHED(what_is_not_in_memory_needs_the_pool),
    CACHED(parts_are_read_to_the_end),
    CACHED(file_that_is_partly_in_memory_needs_the_pool),
    CACHED(system_without_proc_uses_the_pool),
    CACHED(file_that_is_another_one_is_not_read),
    CACHED(canceled_attempts_are_not_made),
    CACHED(closing_the_loop_cancels_attempts),
    CACHED(many_files_need_the_pool),
    CACHED(attempts_take_a_part_of_an_iteration),
    CACHED(busy_loop_leaves_files_to_the_pool),
    CACHED(vain_attempts_become_rare),
    CACHED(success_ends_the_pause),
    CACHED(open_file_tells_its_mount),
    CACHED(mount_is_asked_about_once),
  };
  return RUN(tests);
}
