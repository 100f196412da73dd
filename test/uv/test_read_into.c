/* SPDX-License-Identifier: MIT */
/*
 * Reading into the program's memory, and making values from the loop's block.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "peer.h"

static char buffer[16];

static avow_promise_t *start_read(size_t min, size_t max) {
  memset(buffer, '.', sizeof(buffer));
  return avow_read_into(avow_uv_stream(stream), buffer, min, max);
}

static void assert_buffer(const char *expected) {
  assert_memory_equal(buffer, expected, strlen(expected));
}

static void received_bytes_are_in_the_buffer(void **state) {
  avow_promise_t *p = start_read(1, sizeof(buffer));
  turn();
  say("hello");

  assert_fulfills_int(p, 5);

  assert_buffer("hello...");
}

static void read_into_settles_at_the_minimum(void **state) {
  avow_promise_t *p = start_read(4, sizeof(buffer));
  say("he");
  turn();
  say("l");
  turn();
  assert_int_equal(avow_state(p), AVOW_PENDING);

  say("lo");

  assert_fulfills_int(p, 5);
  assert_buffer("hello...");
}

static void read_into_takes_at_most_the_maximum(void **state) {
  say("hello");

  assert_fulfills_int(start_read(2, 3), 3);

  assert_buffer("hel...");
  assert_fulfills_int(start_read(2, 2), 2);
  assert_buffer("lo...");
}

static void end_of_input_may_precede_the_minimum(void **state) {
  say("he");
  hang_up();

  assert_fulfills_int(start_read(4, 5), 2);

  assert_buffer("he...");
  assert_fulfills_int(start_read(1, 5), 0);
  assert_fulfills_int(start_read(1, 5), 0);
}

static avow_value_t read_again(const avow_value_t *n, void *data) {
  return avow_follow(
      avow_read_into(avow_uv_stream(stream), buffer + avow_to_int(n), 2, 2));
}

static void handler_may_read_into_the_rest_of_the_buffer(void **state) {
  say("hello");

  assert_fulfills_int(avow_then(start_read(3, 3), read_again, NULL, NULL), 2);

  assert_buffer("hello...");
}

static void invalid_sizes_are_refused(void **state) {
  assert_says(start_read(0, 5), UV_EINVAL, "read: invalid argument");
  assert_rejects(start_read(5, 4), UV_EINVAL);
}

static void read_into_null(void) {
  avow_unref(avow_read_into(avow_uv_stream(stream), NULL, 1, 1));
}

static void null_buffer_is_misuse(void **state) {
  assert_misuse(read_into_null, "buffer is NULL; pass a valid buffer");
}

static void second_read_is_refused(void **state) {
  avow_promise_t *p = start_read(1, 5);

  assert_rejects(avow_read_into(avow_uv_stream(stream), buffer, 1, 5),
                 UV_EALREADY);
  assert_rejects(avow_read(avow_uv_stream(stream), 5), UV_EALREADY);

  say("hello");
  assert_fulfills_int(p, 5);
}

/* avow no longer writes to the buffer; tools that watch memory would report
   that. */
static void canceled_read_no_longer_uses_the_buffer(void **state) {
  char *own = test_calloc(1, 5);
  avow_promise_t *p = avow_read_into(avow_uv_stream(stream), own, 1, 5);
  turn();

  assert_cancels_at_once(p);
  test_free(own);
  say("hello");
  turn();

  assert_fulfills_bytes(avow_read(avow_uv_stream(stream), 10), "hello");
}

static void canceled_read_loses_bytes_below_the_minimum(void **state) {
  avow_promise_t *p = start_read(4, 5);
  say("he");
  turn();

  assert_cancels_at_once(p);
  say("llo");
  turn();

  assert_buffer("he...");
  assert_fulfills_bytes(avow_read(avow_uv_stream(stream), 10), "llo");
}

static void closing_the_stream_cancels_the_read(void **state) {
  avow_promise_t *p = start_read(1, 5);

  assert_fulfills_none(avow_close_handle((uv_handle_t *) stream));

  assert_rejects(p, UV_ECANCELED);
}

static void large_buffer_is_filled_without_allocations(void **state) {
  enum { MANY = 1 << 20 };
  static char many[MANY], sent[MANY];
  for (size_t i = 0; i < MANY; i++)
    sent[i] = (char) (i * 7);
  avow_promise_t *p = avow_read_into(avow_uv_stream(stream), many, MANY, MANY);
  const long calls = allocation_calls();

  for (size_t at = 0; at < MANY; turn()) {
    const size_t left = MANY - at;
    const ssize_t n = write(peer, sent + at, left < 4096 ? left : 4096);
    assert_true(n > 0);
    at += (size_t) n;
  }

  assert_fulfills_int(p, MANY);
  assert_int_equal(allocation_calls(), calls);
  assert_memory_equal(many, sent, MANY);
}

/* Data that fills more than half of the block is also kept, without a copy. */
static void later_reads_do_not_change_earlier_values(void **state) {
  enum { LARGE = 40000 };
  static char sent[LARGE];
  memset(sent, 'x', LARGE);
  avow_value_t kept[4];
  const size_t lens[] = { 5, LARGE, 5, LARGE };
  for (int i = 0; i < 4; i++) {
    size_t got;
    assert_int_equal(write(peer, sent, lens[i]), (ssize_t) lens[i]);
    kept[i] = avow_run(avow_read(avow_uv_stream(stream), LARGE));
    (void) avow_to_bytes(&kept[i], &got); /* less for a pipe */
    assert_true(got > 0 && got <= lens[i]);
    memset(sent, 'a' + i, LARGE);
    while (got < lens[i]) {
      const avow_value_t v =
          avow_run(avow_read(avow_uv_stream(stream), lens[i] - got));
      size_t more;
      (void) avow_to_bytes(&v, &more);
      got += more;
      avow_value_unref(v);
    }
  }

  const char firsts[] = "xabc";
  for (int i = 0; i < 4; i++) {
    size_t len;
    const char *bytes = avow_to_bytes(&kept[i], &len);
    assert_int_equal(bytes[0], firsts[i]);
    assert_int_equal(bytes[len - 1], firsts[i]);
    avow_value_unref(kept[i]);
  }
}

/* The block itself becomes the value. */
static void read_without_memory_for_a_copy_loses_no_data(void **state) {
  say("first");
  assert_fulfills_bytes(avow_read(avow_uv_stream(stream), 10), "first");
  avow_promise_t *p = avow_read(avow_uv_stream(stream), 10);
  turn();
  say("hello");

  fail_allocation(1, true);
  turn();
  fail_allocation(0, false);

  assert_fulfills_bytes(p, "hello");
}

static void open_terminal(uv_tty_t *tty, int *master) {
  *master = posix_openpt(O_RDWR | O_NOCTTY);
  if (*master < 0) {
    assert_null(getenv("CI")); /* CI must run all tests */
    skip_because("no pseudo-terminals here (/dev/pts)");
  }
  assert_int_equal(grantpt(*master), 0);
  assert_int_equal(unlockpt(*master), 0);
  const int fd = open(ptsname(*master), O_RDWR | O_NOCTTY);
  assert_true(fd >= 0);
  assert_int_equal(uv_tty_init(loop, tty, fd, 0), 0);
  assert_int_equal(uv_tty_set_mode(tty, UV_TTY_MODE_RAW), 0);
}

static void terminal_input_fills_the_buffer(void **state) {
  int master;
  uv_tty_t tty;
  open_terminal(&tty, &master);
  memset(buffer, '.', sizeof(buffer));
  avow_promise_t *p =
      avow_read_into(avow_uv_stream((uv_stream_t *) &tty), buffer, 4, 5);
  assert_int_equal(write(master, "he", 2), 2);
  turn();
  assert_int_equal(write(master, "llo, you", 8), 8);

  assert_fulfills_int(p, 5);

  assert_buffer("hello...");
  assert_fulfills_none(avow_close_handle((uv_handle_t *) &tty));
  assert_int_equal(close(master), 0);
}

#define BOTH(f)                                                \
  { #f " (pipe)", f, peer_setup_pipe, peer_teardown, NULL }, { \
#    f " (TCP)", f, peer_setup_tcp, peer_teardown, NULL        \
  }

SUITE(read_into) {
  const struct CMUnitTest tests[] = {
    BOTH(received_bytes_are_in_the_buffer),
    BOTH(read_into_settles_at_the_minimum),
    BOTH(read_into_takes_at_most_the_maximum),
    BOTH(end_of_input_may_precede_the_minimum),
    BOTH(handler_may_read_into_the_rest_of_the_buffer),
    BOTH(invalid_sizes_are_refused),
    BOTH(null_buffer_is_misuse),
    BOTH(second_read_is_refused),
    BOTH(canceled_read_no_longer_uses_the_buffer),
    BOTH(canceled_read_loses_bytes_below_the_minimum),
    BOTH(closing_the_stream_cancels_the_read),
    BOTH(large_buffer_is_filled_without_allocations),
    BOTH(later_reads_do_not_change_earlier_values),
    BOTH(read_without_memory_for_a_copy_loses_no_data),
    CASE(terminal_input_fills_the_buffer),
  };
  return RUN(tests);
}
