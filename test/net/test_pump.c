/* From one stream to another. */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"

enum { LARGE = 4 << 20, PART = 1 << 16 };

static uv_pipe_t ours[2]; /* from, to */
static uv_stream_t *const from = (uv_stream_t *) &ours[0];
static uv_stream_t *const to = (uv_stream_t *) &ours[1];
static int peers[2]; /* the other ends of both; -1 when they hung up */

static int set_up(void **state) {
  if (harness_setup(state) != 0)
    return -1;
  for (int i = 0; i < 2; i++) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
      return -1;
    peers[i] = fds[1];
    (void) fcntl(fds[1], F_SETFL, O_NONBLOCK); /* or tests hang */
    (void) uv_pipe_init(loop, &ours[i], 0);
    if (uv_pipe_open(&ours[i], fds[0]) != 0)
      return -1;
  }
  return 0;
}

static void hang_up(int i) {
  if (peers[i] >= 0)
    (void) close(peers[i]);
  peers[i] = -1;
}

static int tear_down(void **state) {
  for (int i = 0; i < 2; i++) {
    hang_up(i);
    if (!uv_is_closing((uv_handle_t *) &ours[i]))
      uv_close((uv_handle_t *) &ours[i], NULL);
  }
  (void) uv_run(loop, UV_RUN_DEFAULT); /* they are closed */
  return harness_teardown(state);
}

static void turn(void) {
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the streams keep it alive */
}

static void say(const char *text) {
  assert_int_equal(write(peers[0], text, strlen(text)), (ssize_t) strlen(text));
}

static void assert_hears_at(int i, const char *text) {
  char data[64] = "";
  assert_int_equal(read(peers[i], data, sizeof(data)), (ssize_t) strlen(text));
  assert_string_equal(data, text);
}

static void assert_hears(const char *text) {
  assert_hears_at(1, text);
}

static avow_promise_t *start(void) {
  return avow_pump(avow_uv_stream(from), avow_uv_stream(to), NULL);
}

static char pattern_at(size_t i) {
  return (char) (i * 31 + (i >> 8));
}

/* Says so much of the pattern as the system takes. */
static size_t say_pattern(size_t at, size_t end) {
  char data[PART];
  const size_t len = end - at < PART ? end - at : PART;
  for (size_t i = 0; i < len; i++)
    data[i] = pattern_at(at + i);
  const ssize_t n = write(peers[0], data, len);
  return n > 0 ? (size_t) n : 0;
}

static size_t hear_pattern(size_t at) {
  char data[PART / 4];
  const ssize_t n = read(peers[1], data, sizeof(data));
  for (ssize_t i = 0; i < n; i++)
    if (data[i] != pattern_at(at + (size_t) i))
      fail_msg("byte %zu is wrong", at + (size_t) i);
  return n > 0 ? (size_t) n : 0;
}

/* Until nothing more is taken by anybody. */
static size_t stuff(void) {
  size_t said = 0;
  for (int quiet = 0; quiet < 3; turn()) {
    const size_t n = say_pattern(said, LARGE);
    said += n;
    quiet = n > 0 ? 0 : quiet + 1;
  }
  return said;
}

static void what_comes_is_moved_and_then_the_end(void **state) {
  avow_promise_t *p = start();
  say("hello ");
  turn();
  say("world");
  turn();
  assert_hears("hello world");

  hang_up(0);

  assert_fulfils_int(p, 11);
  assert_hears("");
}

static void nothing_is_moved_from_a_stream_that_ends(void **state) {
  hang_up(0);

  assert_fulfils_int(start(), 0);

  assert_hears("");
}

static void the_other_direction_stays_open(void **state) {
  avow_promise_t *p = start();
  assert_int_equal(shutdown(peers[0], SHUT_WR), 0);
  assert_fulfils_int(p, 0);

  assert_int_equal(write(peers[1], "back", 4), 4);
  assert_int_equal(shutdown(peers[1], SHUT_WR), 0);

  assert_fulfils_int(avow_pump(avow_uv_stream(to), avow_uv_stream(from), NULL),
                     4);
  assert_hears_at(0, "back");
}

static void much_is_moved_no_faster_than_it_is_taken(void **state) {
  uint64_t moved;
  const avow_pump_options_t options = { .moved = &moved };
  avow_promise_t *p =
      avow_pump(avow_uv_stream(from), avow_uv_stream(to), &options);
  const size_t stuck = stuff();
  assert_true(stuck < LARGE);
  assert_true(uv_stream_get_write_queue_size(to) <= PART);

  size_t said = stuck, heard = 0;
  for (; heard < LARGE; turn()) {
    said += say_pattern(said, LARGE);
    heard += hear_pattern(heard);
  }
  hang_up(0);

  assert_int_equal(moved, LARGE);
  assert_fulfils_int(p, LARGE);
  assert_hears("");
}

static void stream_may_be_pumped_into_itself(void **state) {
  avow_promise_t *p =
      avow_pump(avow_uv_stream(from), avow_uv_stream(from), NULL);
  say("echo");
  turn();
  assert_hears_at(0, "echo");

  assert_fulfils_none(avow_close_handle((uv_handle_t *) from));

  assert_rejects(p, UV_ECANCELED);
}

static void both_directions_are_pumped_at_once(void **state) {
  avow_promise_t *ps[] = { start(), avow_pump(avow_uv_stream(to),
                                              avow_uv_stream(from), NULL) };
  say("there");
  assert_int_equal(write(peers[1], "back", 4), 4);
  turn();
  assert_hears("there");
  assert_hears_at(0, "back");

  assert_int_equal(shutdown(peers[0], SHUT_WR), 0);
  assert_int_equal(shutdown(peers[1], SHUT_WR), 0);

  const avow_value_t v = avow_run(avow_all(loop, ps, 2));
  assert_int_equal(avow_to_int(avow_list_at(&v, 0)), 5);
  assert_int_equal(avow_to_int(avow_list_at(&v, 1)), 4);
  avow_value_unref(v);
}

static void failed_read_rejects(void **state) {
  avow_promise_t *p = start();
  assert_fulfils_int(avow_write(avow_uv_stream(from), avow_string("unread")),
                     6);

  hang_up(0); /* with something unread, which is a reset */

  assert_says(p, UV_ECONNRESET, "read: connection reset by peer");
  assert_fulfils_int(avow_write(avow_uv_stream(to), avow_string("open")), 4);
}

static void failed_write_rejects(void **state) {
  avow_promise_t *p = start();
  hang_up(1);

  say("hello");

  assert_says(p, UV_EPIPE, "write: broken pipe");
}

static void failed_write_of_what_waited_rejects(void **state) {
  avow_promise_t *p = start();
  assert_true(stuff() < LARGE);

  hang_up(1);

  const avow_value_t v = avow_run(p);
  assert_true(avow_error_code(&v) == UV_EPIPE ||
              avow_error_code(&v) == UV_ECONNRESET);
  avow_value_unref(v);
}

static void failed_shutdown_rejects(void **state) {
  assert_fulfils_none(avow_shutdown(avow_uv_stream(to)));
  avow_promise_t *p = start();

  hang_up(0);

  assert_says(p, UV_ENOTCONN, "shutdown: socket is not connected");
}

static void pump_waits_for_a_full_stream(void **state) {
  static char block[PART];
  ssize_t n, said = 0, heard = 0;
  uv_os_fd_t fd;
  assert_int_equal(uv_fileno((uv_handle_t *) to, &fd), 0);
  while ((n = write(fd, block, sizeof(block))) > 0)
    said += n;
  avow_promise_t *p = start();
  say("late");
  turn();
  assert_int_equal(uv_stream_get_write_queue_size(to), 4);

  for (; uv_stream_get_write_queue_size(to) > 0; turn())
    heard += read(peers[1], block, sizeof(block));
  hang_up(0);
  assert_fulfils_int(p, 4);

  while ((n = read(peers[1], block, sizeof(block))) > 0)
    heard += n;
  assert_int_equal(heard, said + 4);
}

static void cancelled_pump_leaves_the_rest(void **state) {
  avow_promise_t *p = start();
  say("moved");
  turn();

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  say("left");

  const avow_value_t v = avow_run(avow_read(avow_uv_stream(from), 100));
  assert_string_equal(avow_to_bytes(&v, NULL), "left");
  avow_value_unref(v);
  assert_hears("moved");
}

static void pump_cancelled_before_it_moves_moves_nothing(void **state) {
  say("left");
  avow_promise_t *p = start();

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  turn();
  char byte;
  assert_int_equal(read(peers[1], &byte, 1), -1);
}

static void pump_cancelled_while_it_waits_writes_all_it_read(void **state) {
  avow_promise_t *p = start();
  assert_true(stuff() < LARGE);
  const size_t queued = uv_stream_get_write_queue_size(to);
  assert_true(queued > 0);

  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  size_t heard = 0;
  while (uv_stream_get_write_queue_size(to) > 0) {
    heard += hear_pattern(heard);
    turn();
  }

  assert_fulfils_int(avow_write(avow_uv_stream(to), avow_string("!")), 1);
}

static void pump_cancelled_as_it_shuts_down_ends(void **state) {
  avow_promise_t *p = start();
  hang_up(0);
  turn();

  avow_cancel(p);

  avow_value_unref(avow_run(p));
}

static void pump_cancelled_in_the_turn_of_its_end_stays(void **state) {
  avow_promise_t *p = start();
  avow_promise_t *q = avow_then(avow_ref(p), cancel_cb, NULL, p);
  hang_up(0);

  assert_fulfils_int(q, 0);

  assert_fulfils_int(p, 0);
}

static void closing_the_source_rejects(void **state) {
  avow_promise_t *p = start();

  assert_fulfils_none(avow_close_handle((uv_handle_t *) from));

  assert_rejects(p, UV_ECANCELED);
}

static void closing_the_destination_rejects(void **state) {
  avow_promise_t *p = start();

  assert_fulfils_none(avow_close_handle((uv_handle_t *) to));

  assert_rejects(p, UV_ECANCELED);
  say("x");
  turn();
}

static void closing_either_while_it_waits_rejects(void **state) {
  for (int i = 0; i < 2; i++) {
    avow_promise_t *p = start();
    assert_true(stuff() < LARGE);

    assert_fulfils_none(avow_close_handle((uv_handle_t *) &ours[i]));

    assert_rejects(p, UV_ECANCELED);
    assert_int_equal(tear_down(state), 0);
    assert_int_equal(set_up(state), 0);
  }
}

static void foreign_close_while_it_waits_rejects(void **state) {
  for (int i = 0; i < 2; i++) {
    avow_promise_t *p = start();
    assert_true(stuff() < LARGE);
    uv_close((uv_handle_t *) &ours[i], NULL);
    size_t heard = 0;
    for (int turns = 0; turns < 1000 && avow_state(p) == AVOW_PENDING;
         turns++) {
      heard += hear_pattern(heard);
      turn();
    }

    assert_rejects(p, i == 0 ? UV_EINVAL : UV_ECANCELED);
    assert_int_equal(tear_down(state), 0);
    assert_int_equal(set_up(state), 0);
  }
}

static void one_reads_at_a_time(void **state) {
  avow_promise_t *read = avow_read(avow_uv_stream(from), 100);
  assert_says(start(), UV_EALREADY, "pump: already in progress");
  avow_cancel(read);
  avow_unref(read);

  avow_promise_t *p = start();
  assert_rejects(avow_read(avow_uv_stream(from), 100), UV_EALREADY);
  assert_rejects(avow_pump(avow_uv_stream(from), avow_uv_stream(from), NULL),
                 UV_EALREADY);
  assert_rejects(avow_pump(avow_uv_stream(to), avow_uv_stream(to), NULL),
                 UV_EALREADY);

  hang_up(0);
  assert_fulfils_int(p, 0);
}

static void pump_rejects_closing_streams(void **state) {
  uv_close((uv_handle_t *) to, NULL);
  assert_says(start(), UV_EINVAL, "pump: invalid argument");

  uv_close((uv_handle_t *) from, NULL);
  assert_rejects(avow_pump(avow_uv_stream(from), avow_uv_stream(from), NULL),
                 UV_EINVAL);
}

static void pump_rejects_a_source_without_connection(void **state) {
  uv_tcp_t lonely;
  (void) uv_tcp_init(loop, &lonely);

  assert_rejects(avow_pump(avow_uv_stream((uv_stream_t *) &lonely),
                           avow_uv_stream(to), NULL),
                 UV_ENOTCONN);

  assert_fulfils_none(avow_close_handle((uv_handle_t *) &lonely));
}

static avow_value_t pump_cb(const avow_value_t *arg, void *data) {
  return avow_follow(start());
}

static void handler_of_a_read_may_pump_the_rest(void **state) {
  say("head body");
  avow_promise_t *p =
      avow_then(avow_read(avow_uv_stream(from), 5), pump_cb, NULL, NULL);
  turn();
  assert_hears("body");

  hang_up(0);

  assert_fulfils_int(p, 4);
}

static void loop_close_ends_pumps(void **state) {
  avow_promise_t *p = start();

  assert_int_equal(avow_loop_close(loop), 0);

  assert_int_equal(avow_result(p)->code, UV_ECANCELED);
  avow_unref(p);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static void loop_close_leaves_a_pump_that_waits_to_its_streams(void **state) {
  avow_promise_t *p = start();
  assert_true(stuff() < LARGE);

  assert_int_equal(avow_loop_close(loop), 0);
  avow_unref(p);
  uv_close((uv_handle_t *) to, NULL);
  turn();

  assert_int_equal(live_allocations(), 0);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static avow_promise_t *start_to_the_end(void) {
  say("hello");
  hang_up(0);
  return start();
}

static void pump_survives_failing_memory(void **state) {
  assert_survives_failing_memory(set_up, tear_down, state, start_to_the_end);
}

#define PUMP(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static void pump_says_how_far_it_is(void **state) {
  uint64_t moved = 77;
  const avow_pump_options_t options = { .moved = &moved, .idle = 60000 };
  avow_promise_t *p =
      avow_pump(avow_uv_stream(from), avow_uv_stream(to), &options);
  assert_int_equal(moved, 0);

  say("hello");
  turn();

  assert_int_equal(moved, 5);
  hang_up(0);
  assert_fulfils_int(p, 5);
}

int main(void) {
  (void) signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
    PUMP(what_comes_is_moved_and_then_the_end),
    PUMP(nothing_is_moved_from_a_stream_that_ends),
    PUMP(the_other_direction_stays_open),
    PUMP(much_is_moved_no_faster_than_it_is_taken),
    PUMP(pump_says_how_far_it_is),
    PUMP(stream_may_be_pumped_into_itself),
    PUMP(both_directions_are_pumped_at_once),
    PUMP(failed_read_rejects),
    PUMP(failed_write_rejects),
    PUMP(failed_write_of_what_waited_rejects),
    PUMP(failed_shutdown_rejects),
    PUMP(pump_waits_for_a_full_stream),
    PUMP(cancelled_pump_leaves_the_rest),
    PUMP(pump_cancelled_before_it_moves_moves_nothing),
    PUMP(pump_cancelled_while_it_waits_writes_all_it_read),
    PUMP(pump_cancelled_as_it_shuts_down_ends),
    PUMP(pump_cancelled_in_the_turn_of_its_end_stays),
    PUMP(closing_the_source_rejects),
    PUMP(closing_the_destination_rejects),
    PUMP(closing_either_while_it_waits_rejects),
    PUMP(foreign_close_while_it_waits_rejects),
    PUMP(one_reads_at_a_time),
    PUMP(pump_rejects_closing_streams),
    PUMP(pump_rejects_a_source_without_connection),
    PUMP(handler_of_a_read_may_pump_the_rest),
    PUMP(loop_close_ends_pumps),
    PUMP(loop_close_leaves_a_pump_that_waits_to_its_streams),
    PUMP(pump_survives_failing_memory),
  };
  return RUN(tests);
}
