/* SPDX-License-Identifier: MIT */
/*
 * Pumping files to streams. The system copies them with sendfile() where it
 * can. The test's sendfile() counts its calls and fails on demand.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "thread_pool.h"
#include "worlds.h"

#ifdef __linux__
#  include <sys/sendfile.h>
#  include <sys/syscall.h>
#endif

enum { LARGE = 3000017, SMALL = 65536 };

/* More bytes than a stream buffers. */
static size_t large;

/* sendfile(): its behavior and the number of its calls. */
static struct {
  int calls;
  int err, times; /* the error, and how often it occurs; -1: always */
  bool waits;     /* the next call waits for the test */
  ssize_t sent;   /* result of the last call */
} sends;

#ifdef __linux__

#  ifdef SYS_sendfile64
enum {
  SENDFILE = sizeof(off_t) > sizeof(long) ? SYS_sendfile64 : SYS_sendfile
};
#  else
enum { SENDFILE = SYS_sendfile };
#  endif

ssize_t sendfile(int to, int from, off_t *offset, size_t len) {
  sends.calls++;
  if (sends.waits)
    wait_in_pool();
  sends.waits = false;
  if (sends.times == 0)
    return sends.sent = syscall(SENDFILE, to, from, offset, len);
  sends.times -= sends.times > 0 ? 1 : 0;
  errno = sends.err;
  return -1;
}

#endif

static int file;
static int behind; /* first free descriptor after that one; -1: unknown */
static avow_value_t source;
static char *text; /* contents of the file */

static avow_stream_t from(void) {
  return avow_to_stream(&source);
}

static void fill(void) {
  for (size_t i = 0; i < large; i++)
    text[i] = (char) ('a' + (i * 31 + (i >> 8)) % 26);
  assert_int_equal(pwrite(file, text, large, 0), large);
}

static int second_free(void) {
  const int first = dup(0), second = dup(0);
  (void) close(first);
  (void) close(second);
  return second;
}

static void open_part(int64_t offset, uint64_t len) {
  char name[] = "/tmp/avow-sending-XXXXXX";
  large = world->bounded ? LARGE / 40 : LARGE;
  sends.calls = sends.times = 0;
  behind = second_free();
  file = mkstemp(name);
  assert_true(file >= 0);
  (void) unlink(name);
  text = malloc(large);
  assert_non_null(text);
  fill();
  source = avow_file_stream(loop, file, offset, len);
  assert_false(avow_is_error(&source));
}

/* Closes the file when no thread uses it any longer. While all threads of the
   pool are blocked, none of them reads it. */
static void drop_file(void) {
  if (!avow_is_none(&source))
    avow_ignore(avow_run(avow_close(from())));
  hold_pool(THREADS);
  release_pool();
  avow_value_clear(&source);
  avow_ignore(avow_run(avow_next_iteration(loop)));
  free(text);
  (void) close(file);
  assert_true(behind < 0 || second_free() == behind);
}

/* Returns whether the system copies files to streams of this class. */
static bool uses_sendfile(void) {
#ifdef __linux__
  return avow_stream_handle(here()) != NULL;
#else
  return false;
#endif
}

static avow_promise_t *pump(void) {
  return avow_pump(from(), here(), NULL);
}

/* Checks the rest of the data, and that `p` fulfills with the number of pumped
   bytes. */
static void assert_arrives(avow_promise_t *p, size_t at, size_t len) {
  size_t n;
  const avow_value_t all = avow_run(avow_read_all(there(), large));
  const char *bytes = avow_to_bytes(&all, &n);
  assert_int_equal(n, len);
  assert_memory_equal(bytes, text + at, len);
  avow_value_unref(all);
  assert_fulfills_int(p, (int64_t) len);
}

static void whole_file_is_pumped(void **state) {
  open_part(0, UINT64_MAX);

  assert_arrives(pump(), 0, large);

  assert_int_equal(sends.calls > 0, uses_sendfile());
  drop_file();
}

static void part_of_a_file_is_pumped(void **state) {
  open_part(1000, 70000);

  assert_arrives(pump(), 1000, 70000);

  drop_file();
}

static void offset_minus_1_pumps_from_the_file_position(void **state) {
  open_part(-1, UINT64_MAX);
  assert_int_equal(lseek(file, 17, SEEK_SET), 17);

  assert_arrives(pump(), 17, large - 17);

  drop_file();
}

static void part_ends_with_its_file(void **state) {
  open_part(5000, LARGE);

  assert_arrives(pump(), 5000, large - 5000);

  drop_file();
}

static void small_file_is_read_and_written(void **state) {
  open_part(0, SMALL);

  assert_arrives(pump(), 0, SMALL);

  assert_int_equal(sends.calls, 0);
  drop_file();
}

static void assert_arrives_despite(int err, int times) {
  open_part(0, UINT64_MAX);
  sends.err = err;
  sends.times = times;

  assert_arrives(pump(), 0, large);

  drop_file();
}

static void pump_writes_when_sendfile_is_refused(void **state) {
  assert_arrives_despite(EINVAL, -1);

  assert_int_equal(sends.calls, uses_sendfile() ? 1 : 0);
}

static void interrupted_sendfile_is_repeated(void **state) {
  assert_arrives_despite(EINTR, 3);

  assert_true(sends.calls > 3 || !uses_sendfile());
}

static void sendfile_to_a_full_stream_is_repeated(void **state) {
  assert_arrives_despite(EAGAIN, 3);

  assert_true(sends.calls > 3 || !uses_sendfile());
}

static void pump_writes_when_sendfile_is_missing(void **state) {
  assert_arrives_despite(ENOSYS, 1);

  assert_int_equal(sends.calls, uses_sendfile() ? 1 : 0);
}

/* Writes more than the stream takes, so that a part waits. */
static void earlier_write_precedes_the_file(void **state) {
  open_part(0, UINT64_MAX);
  char *before = malloc(large);
  assert_non_null(before);
  memset(before, '-', large);
  avow_unref(avow_write(here(), avow_bytes(before, large)));
  avow_promise_t *p = pump();

  avow_ignore(avow_run(avow_sleep(loop, 20))); /* no reader */
  if (strcmp(world->name, "path") == 0)        /* TCP may take all bytes */
    assert_int_equal(sends.calls, 0);
  for (size_t got = 0; got < large;) {
    size_t n;
    const avow_value_t v = avow_run(avow_read(there(), large - got));
    const char *bytes = avow_to_bytes(&v, &n);
    assert_true(n > 0);
    assert_memory_equal(bytes, before, n);
    got += n;
    avow_value_unref(v);
  }
  assert_arrives(p, 0, large);

  free(before);
  drop_file();
}

static void bytes_of_a_canceled_read_come_first(void **state) {
  open_part(0, UINT64_MAX);
  assert_cancels_at_once(avow_read(from(), 10000));

  assert_arrives(pump(), 0, large);

  drop_file();
}

static void pump_with_idle_timeout_counts_moved_bytes(void **state) {
  uint64_t moved = 0;
  const avow_pump_options_t options = { .idle = 60000, .moved = &moved };
  open_part(0, UINT64_MAX);

  assert_arrives(avow_pump(from(), here(), &options), 0, large);

  assert_int_equal(moved, large);
  assert_int_equal(sends.calls > 0, uses_sendfile());
  drop_file();
}

/* A portion that is being sent completes. No other portion follows. */
static void canceled_pump_sends_no_more(void **state) {
  if (!uses_sendfile())
    return;
  open_part(0, UINT64_MAX);
  sends.waits = true;
  avow_promise_t *p = pump();
  (void) uv_run(loop, UV_RUN_NOWAIT);
  meet_in_pool();
  avow_cancel(p);
  (void) uv_run(loop, UV_RUN_NOWAIT);
  assert_int_equal(avow_state(p), AVOW_PENDING);
  release_pool_threads();

  assert_rejects(p, UV_ECANCELED);

  assert_int_equal(sends.calls, 1);
  const off_t at = (off_t) sends.sent;
  const avow_value_t v = avow_run(avow_read(from(), 1));
  assert_memory_equal(avow_to_bytes(&v, NULL), text + at, 1);
  avow_value_unref(v);
  drop_file();
}

/* The send runs on the pool or still waits for it. After the close, the file
   belongs to the program again. */
static void close_waits_for_a_pending_send(void **state) {
  open_part(0, UINT64_MAX);
  hold_pool(THREADS);
  avow_promise_t *p = pump();
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_promise_t *closed = avow_close(from());
  assert_rejects(avow_read(from(), 1), UV_EINVAL);
  release_pool();

  assert_fulfills_none(closed);
  assert_rejects(p, UV_ECANCELED);

  drop_file();
}

static void release_during_a_send_rejects_the_pump(void **state) {
  open_part(0, UINT64_MAX);
  avow_promise_t *p = taken_in_a_turn(pump);
  avow_value_clear(&source);

  assert_rejects(p, UV_ECANCELED);

  drop_file();
}

/* This holds for both ways of copying. */
static void read_during_a_pump_is_refused(void **state) {
  open_part(0, UINT64_MAX);
  avow_promise_t *p = queued_in_a_turn(pump);

  assert_says(avow_read(from(), 1), UV_EALREADY, "read: already in progress");

  release_pool();
  assert_arrives(p, 0, large);
  drop_file();
}

static void pump_rejects_when_the_peer_closes(void **state) {
  open_part(0, UINT64_MAX);
  avow_promise_t *p = pump();
  assert_fulfills_none(avow_close(there()));
  behind = -1; /* its descriptors may be free */
  const avow_value_t v = avow_run(p);

  assert_true(avow_error_code(&v) == UV_EPIPE ||
              avow_error_code(&v) == UV_ECONNRESET);

  avow_value_unref(v);
  drop_file();
}

static void pump_to_a_shut_down_stream_rejects(void **state) {
  open_part(0, UINT64_MAX);
  assert_fulfills_none(avow_shutdown(here()));

  assert_rejects(pump(), UV_EPIPE);

  assert_int_equal(sends.calls, 0);
  drop_file();
}

/* A thread of the pool would block there. */
static void blocking_stream_is_not_used_with_sendfile(void **state) {
  uv_stream_t *stream = avow_stream_handle(here());
  uv_os_fd_t fd;
  if (stream == NULL)
    return;
  open_part(0, SMALL + 1);
  assert_int_equal(uv_fileno((uv_handle_t *) stream, &fd), 0);
  const int flags = fcntl(fd, F_GETFL);
  assert_int_equal(fcntl(fd, F_SETFL, flags & ~O_NONBLOCK), 0);

  assert_arrives(pump(), 0, SMALL + 1);

  assert_int_equal(sends.calls, 0);
  drop_file();
}

/* Sends as much as a stream without a reader takes. */
static void pump_survives_failing_memory(void **state) {
  if (world->bounded)
    return; /* a reader would be needed */
  bool lacked = true;
  for (long nth = 1; lacked; nth++) {
    open_part(0, SMALL + 4464);
    fail_allocation(nth, false);
    const avow_value_t v = avow_run(pump());
    lacked = allocation_failed();
    fail_allocation(0, false);
    assert_true(avow_error_code(&v) == 0 ||
                (lacked && avow_error_code(&v) == UV_ENOMEM));
    avow_value_unref(v);
    drop_file();
    drop(&ends[0]);
    drop(&ends[1]);
    world->open();
    assert_true(nth < 1000);
  }
}

SUITE(sendfile) {
  pool_init();
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(whole_file_is_pumped),
    cmocka_unit_test(part_of_a_file_is_pumped),
    cmocka_unit_test(offset_minus_1_pumps_from_the_file_position),
    cmocka_unit_test(part_ends_with_its_file),
    cmocka_unit_test(small_file_is_read_and_written),
    cmocka_unit_test(pump_writes_when_sendfile_is_refused),
    cmocka_unit_test(interrupted_sendfile_is_repeated),
    cmocka_unit_test(sendfile_to_a_full_stream_is_repeated),
    cmocka_unit_test(pump_writes_when_sendfile_is_missing),
    cmocka_unit_test(earlier_write_precedes_the_file),
    cmocka_unit_test(bytes_of_a_canceled_read_come_first),
    cmocka_unit_test(pump_with_idle_timeout_counts_moved_bytes),
    cmocka_unit_test(canceled_pump_sends_no_more),
    cmocka_unit_test(close_waits_for_a_pending_send),
    cmocka_unit_test(release_during_a_send_rejects_the_pump),
    cmocka_unit_test(read_during_a_pump_is_refused),
    cmocka_unit_test(pump_rejects_when_the_peer_closes),
    cmocka_unit_test(pump_to_a_shut_down_stream_rejects),
    cmocka_unit_test(blocking_stream_is_not_used_with_sendfile),
    cmocka_unit_test(pump_survives_failing_memory),
  };
  return RUN_IN_WORLDS(tests);
}
