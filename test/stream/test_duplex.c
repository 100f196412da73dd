/* SPDX-License-Identifier: MIT */
/* In-memory pairs: their properties beyond those of other streams. */
#include "worlds.h"

static void open_with(size_t room, const avow_duplex_options_t *options) {
  open_ends(avow_duplex(loop, room, options), ends);
}

static void drop_both(void) {
  avow_value_clear(&ends[0]);
  avow_value_clear(&ends[1]);
}

static avow_state_t state_after_jobs(const avow_promise_t *p) {
  (void) uv_run(loop, UV_RUN_NOWAIT);
  return avow_state(p);
}

static void write_settles_when_capacity_is_free(void **state) {
  open_with(4, NULL);
  assert_fulfills_int(avow_write(here(), avow_string("123")), 3);
  avow_promise_t *p = avow_write(here(), avow_string("45"));
  avow_promise_t *next = avow_write(here(), avow_string("6"));
  assert_int_equal(state_after_jobs(p), AVOW_PENDING);

  assert_fulfills_bytes(avow_read(there(), 1), "1");

  assert_fulfills_int(p, 2);
  assert_int_equal(state_after_jobs(next), AVOW_PENDING);
  assert_fulfills_bytes(avow_read(there(), 9), "23");
  assert_fulfills_int(next, 1);
  drop_both();
}

static void shutdown_waits_for_free_capacity(void **state) {
  open_with(1, NULL);
  avow_unref(avow_write(here(), avow_string("12")));
  avow_promise_t *p = avow_shutdown(here());
  assert_int_equal(state_after_jobs(p), AVOW_PENDING);

  assert_fulfills_bytes(avow_read(there(), 1), "1");

  assert_fulfills_none(p);
  assert_fulfills_bytes(avow_read(there(), 1), "2");
  drop_both();
}

static void canceled_shutdown_still_shuts_down(void **state) {
  open_with(0, NULL);
  avow_unref(avow_write(here(), avow_string("1")));
  assert_cancels_at_once(avow_shutdown(here()));

  assert_fulfills_bytes(avow_read(there(), 9), "1");
  assert_fulfills_none(avow_read(there(), 9));
  drop_both();
}

static void read_gives_at_most_max_bytes(void **state) {
  const avow_duplex_options_t options = { .max_bytes = 2 };
  open_with(9, &options);
  avow_unref(avow_write(here(), avow_string("12345")));

  assert_fulfills_bytes(avow_read(there(), 9), "12");
  assert_fulfills_bytes(avow_read(there(), 9), "34");
  assert_fulfills_bytes(avow_read(there(), 9), "5");
  drop_both();
}

static void read_waits_for_the_delay(void **state) {
  const avow_duplex_options_t options = { .delay = 20 };
  use_clock(AVOW_CLOCK_BY_ITSELF);
  open_with(9, &options);
  avow_unref(avow_write(here(), avow_string("1")));
  avow_unref(avow_shutdown(here()));

  assert_fulfills_bytes(avow_read(there(), 9), "1");
  assert_int_equal(avow_now(loop), 20);

  assert_fulfills_none(avow_read(there(), 9));
  drop_both();
}

/* The stream owns the sleep, and it ends with the stream. */
static void release_of_the_stream_cancels_a_delayed_read(void **state) {
  const avow_duplex_options_t options = { .delay = 100000 };
  open_with(9, &options);
  avow_unref(avow_write(here(), avow_string("1")));
  avow_promise_t *p = avow_read(there(), 9);

  avow_value_clear(&ends[1]);

  assert_rejects(p, UV_ECANCELED);
  drop_both();
  run();
}

static void maximum_delay_never_ends(void **state) {
  const avow_duplex_options_t options = { .delay = UINT64_MAX };
  open_with(9, &options);
  avow_unref(avow_write(here(), avow_string("1")));
  avow_unref(avow_shutdown(here()));
  avow_promise_t *p = avow_read(there(), 9);

  assert_fulfills_none(avow_sleep(loop, 2));
  assert_int_equal(avow_state(p), AVOW_PENDING);

  avow_value_clear(&ends[1]);
  assert_rejects(p, UV_ECANCELED);
  drop_both();
}

/* A canceled read leaves the sleep to the next read. */
static void delayed_read_may_be_canceled(void **state) {
  const avow_duplex_options_t options = { .delay = 5 };
  use_clock(AVOW_CLOCK_BY_ITSELF);
  open_with(9, &options);
  avow_unref(avow_write(here(), avow_string("1")));
  assert_cancels_at_once(avow_read(there(), 9));
  assert_fulfills_none(avow_sleep(loop, 10));

  assert_fulfills_bytes(avow_read(there(), 9), "1");
  drop_both();
}

static const char text[] = "one\ntwo\nthree";
enum { LEN = sizeof(text) - 1 };

static avow_value_t ignore(const avow_value_t *reason, void *data) {
  return avow_none();
}

/* Reads lines to the end. Returns how the reading ended. */
static int read_lines(size_t *lines) {
  avow_reader_t *reader = avow_reader_new(there());
  int code;
  for (*lines = 0;; ++*lines) {
    const avow_value_t v = avow_run(avow_reader_line(reader, 5));
    code = avow_error_code(&v);
    avow_value_unref(v);
    if (v.tag != AVOW_BYTES)
      break;
  }
  avow_reader_unref(reader);
  return code;
}

/* Each line ends with its delimiter, and the last ends with the stream. */
static size_t lines_in(size_t len) {
  size_t n = len > 0 && text[len - 1] != '\n';
  for (size_t i = 0; i < len; i++)
    n += text[i] == '\n';
  return n;
}

static void one_direction_can_end_at_each_byte(void **state) {
  for (size_t at = 0; at <= LEN; at++) {
    const avow_duplex_options_t options = { .max_bytes = 1,
                                            .cut = UV_EOF,
                                            .cut_after = at };
    size_t lines;
    open_with(LEN, &options);
    avow_unref(avow_catch(avow_write(here(), avow_string(text)), ignore, NULL));

    assert_int_equal(read_lines(&lines), 0);

    assert_int_equal(lines, lines_in(at));
    assert_rejects(avow_write(here(), avow_string("x")), UV_EPIPE);
    assert_fulfills_int(avow_write(there(), avow_string("x")), 1);
    assert_fulfills_bytes(avow_read(here(), 1), "x");
    drop_both();
  }
}

static void both_directions_can_fail_at_each_byte(void **state) {
  for (size_t at = 0; at <= LEN; at++) {
    const avow_duplex_options_t options = { .cut = UV_ECONNRESET,
                                            .cut_after = at };
    size_t lines;
    open_with(LEN, &options);
    avow_unref(avow_catch(avow_write(here(), avow_string(text)), ignore, NULL));

    assert_int_equal(read_lines(&lines), UV_ECONNRESET);

    assert_int_equal(lines, lines_in(at) - (at > 0 && text[at - 1] != '\n'));
    for (int i = 0; i < 2; i++) {
      assert_says(avow_read(here(), 1), UV_ECONNRESET,
                  "read: connection reset by peer");
      assert_rejects(avow_read(there(), 1), UV_ECONNRESET);
      assert_rejects(avow_write(here(), avow_string("x")), UV_ECONNRESET);
      assert_rejects(avow_write(there(), avow_string("x")), UV_ECONNRESET);
    }
    drop_both();
  }
}

static void failure_rejects_pending_operations(void **state) {
  const avow_duplex_options_t options = { .cut = UV_ECONNRESET,
                                          .cut_after = 1 };
  open_with(0, &options);
  avow_promise_t *write = avow_write(here(), avow_string("12"));
  avow_promise_t *read = avow_read(here(), 1);

  assert_fulfills_bytes(avow_read(there(), 2), "1");

  assert_rejects(write, UV_ECONNRESET);
  assert_rejects(read, UV_ECONNRESET);
  drop_both();
}

static void cut_does_not_affect_the_other_direction(void **state) {
  const avow_duplex_options_t options = { .cut = UV_EOF, .cut_after = 1 };
  open_with(9, &options);

  assert_fulfills_int(avow_write(there(), avow_string("123")), 3);

  assert_fulfills_bytes(avow_read(here(), 9), "123");
  drop_both();
}

static void close_settles_pending_operations(void **state) {
  open_with(1, NULL);
  avow_promise_t *writes[] = { avow_write(here(), avow_string("1")),
                               avow_write(here(), avow_string("2")) };
  avow_promise_t *shutdown = avow_shutdown(here());
  avow_promise_t *theirs = avow_write(there(), avow_string("12"));

  assert_fulfills_none(avow_close(here()));

  assert_fulfills_int(writes[0], 1);
  assert_rejects(writes[1], UV_ECANCELED);
  assert_rejects(shutdown, UV_ECANCELED);
  assert_rejects(theirs, UV_EPIPE);
  assert_fulfills_bytes(avow_read(there(), 9), "1");
  assert_fulfills_none(avow_read(there(), 9));
  assert_rejects(avow_shutdown(here()), UV_EINVAL);
  drop_both();
}

static void ends_may_outlive_their_loop(void **state) {
  const avow_duplex_options_t options = { .delay = 1000 };
  open_with(1, &options);
  avow_unref(avow_write(here(), avow_string("123")));
  avow_unref(avow_write(there(), avow_string("1")));
  avow_unref(avow_read(there(), 1));
  assert_int_equal(avow_loop_close(loop), 0);

  drop_both();

  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void assert_is_canceled(avow_promise_t *p) {
  assert_int_equal(avow_state(p), AVOW_REJECTED);
  assert_int_equal(avow_error_code(avow_result(p)), UV_ECANCELED);
  avow_unref(p);
}

static void operations_after_loop_close_reject(void **state) {
  char byte;
  const avow_pump_options_t options = { .idle = 1000 };
  open_ends(avow_duplex(loop, 1, NULL), ends);
  avow_reader_t *reader = avow_reader_new(there());
  avow_unref(avow_write(here(), avow_string("123")));
  assert_int_equal(avow_loop_close(loop), 0);

  assert_is_canceled(avow_read(there(), 1));
  assert_is_canceled(avow_read_into(there(), &byte, 1, 1));
  assert_is_canceled(avow_read_all(there(), 1));
  assert_is_canceled(avow_reader_next(reader, 1));
  assert_is_canceled(avow_write(here(), avow_string("4")));
  assert_is_canceled(avow_pump(there(), here(), NULL));
  assert_is_canceled(avow_pump(there(), here(), &options));
  assert_is_canceled(avow_shutdown(here()));
  assert_is_canceled(avow_hangup(here()));
  assert_is_canceled(avow_close(here()));
  avow_channel_t *chunks = avow_chunks(there(), 1, 1);
  assert_is_canceled(avow_channel_next(chunks));

  avow_channel_unref(chunks);
  avow_reader_unref(reader);
  drop_both();
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static uv_stream_t *no_handle(void) {
  return avow_stream_handle(here());
}

static void accept_without_handle(void) {
  const avow_value_t v = avow_accept(no_handle());
  assert_int_equal(avow_error_code(&v), AVOW_EMISUSE);
}

static void listen_without_handle(void) {
  assert_rejects(avow_channel_first(avow_connections(no_handle(), NULL)),
                 AVOW_EMISUSE);
}

static void write_without_handle(void) {
  assert_rejects(avow_write_handle(no_handle(), avow_none(), avow_none()),
                 AVOW_EMISUSE);
}

static void read_without_handle(void) {
  assert_rejects(avow_read(avow_uv_stream(no_handle()), 1), AVOW_EMISUSE);
}

static void get_address_without_handle(void) {
  const avow_address_t address =
      avow_local_address((const uv_handle_t *) no_handle());
  assert_int_equal(address.port, 0);
}

static void stream_has_no_handle(void **state) {
  static void (*const uses[])(void) = {
    accept_without_handle, listen_without_handle, write_without_handle,
    read_without_handle, get_address_without_handle
  };
  open_with(1, NULL);

  assert_null(no_handle());
  for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
    assert_misuse(uses[i], "handle is NULL, or the stream has none");

  drop_both();
}

static void assert_refuses(const avow_duplex_options_t *options, int code) {
  const avow_value_t v = avow_duplex(loop, 1, options);
  assert_int_equal(avow_error_code(&v), code);
  avow_value_unref(v);
}

static void options_are_checked(void **state) {
  const avow_duplex_options_t newer = { .reserved = { 0, 0, 0, 1 } };
  const avow_duplex_options_t positive = { .cut = ECONNRESET };

  assert_refuses(&newer, UV_EINVAL);
  assert_refuses(&positive, UV_EINVAL);
}

static void pair_without_memory_is_refused(void **state) {
  for (long nth = 1; nth <= 4; nth++) {
    fail_allocation(nth, false);
    assert_refuses(NULL, UV_ENOMEM);
    fail_allocation(0, false);
  }
}

/* Failing memory. */

static int set_up(void **state) {
  const avow_duplex_options_t options = { .delay = 1 };
  if (harness_setup(state) != 0)
    return -1;
  open_with(4, &options);
  return 0;
}

static int tear_down(void **state) {
  drop_both();
  return harness_teardown(state);
}

static avow_promise_t *start_all(void) {
  avow_value_t parts[] = { avow_string("hel"), avow_string("lo") };
  avow_promise_t *const ps[] = { avow_write(here(), avow_list(parts, 2)),
                                 avow_shutdown(here()),
                                 avow_read_all(there(), 100) };
  return avow_all(loop, ps, 3);
}

static avow_promise_t *start_pump(void) {
  const avow_pump_options_t options = { .idle = 60000 };
  avow_promise_t *const ps[] = { avow_pump(there(), there(), &options),
                                 avow_write(here(), avow_string("hi")),
                                 avow_shutdown(here()) };
  return avow_all(loop, ps, 3);
}

static avow_promise_t *start_chunks(void) {
  avow_channel_t *chunks = avow_chunks(there(), 2, 1);
  avow_promise_t *const ps[] = { avow_channel_next(chunks),
                                 avow_write(here(), avow_string("hi")),
                                 avow_channel_next(chunks),
                                 avow_shutdown(here()) };
  avow_channel_unref(chunks);
  return avow_all(loop, ps, 4);
}

static avow_promise_t *start_into(void) {
  static char buffer[8];
  avow_promise_t *const ps[] = { avow_read_into(there(), buffer, 2, 8),
                                 avow_write(here(), avow_string("hi")),
                                 avow_close(here()) };
  return avow_all(loop, ps, 3);
}

/* Blocks that are kept for a sleep or a child may hide a failure. */
static bool fails_well(start_fn start, long nth, bool from_then_on) {
  fail_allocation(nth, from_then_on);
  const avow_value_t v = avow_run(start());
  const bool lacked = allocation_failed();
  fail_allocation(0, false);
  assert_true(avow_error_code(&v) == 0 ||
              (lacked && avow_error_code(&v) == UV_ENOMEM));
  avow_value_unref(v);
  return lacked;
}

static void operations_survive_failing_memory(void **state) {
  const start_fn all[] = { start_all, start_pump, start_chunks, start_into };
  for (size_t i = 0; i < 4; i++) {
    bool lacked = true;
    for (long nth = 1; lacked; nth++) {
      lacked = false;
      for (int on = 0; on < 2; on++) {
        assert_int_equal(tear_down(state), 0);
        assert_int_equal(set_up(state), 0);
        lacked = fails_well(all[i], nth, on != 0) || lacked;
      }
      assert_true(nth < 100);
    }
  }
}

SUITE(duplex) {
  const struct CMUnitTest tests[] = {
    CASE(write_settles_when_capacity_is_free),
    CASE(shutdown_waits_for_free_capacity),
    CASE(canceled_shutdown_still_shuts_down),
    CASE(read_gives_at_most_max_bytes),
    CASE(read_waits_for_the_delay),
    CASE(release_of_the_stream_cancels_a_delayed_read),
    CASE(maximum_delay_never_ends),
    CASE(delayed_read_may_be_canceled),
    CASE(one_direction_can_end_at_each_byte),
    CASE(both_directions_can_fail_at_each_byte),
    CASE(failure_rejects_pending_operations),
    CASE(cut_does_not_affect_the_other_direction),
    CASE(close_settles_pending_operations),
    CASE(ends_may_outlive_their_loop),
    CASE(operations_after_loop_close_reject),
    CASE(stream_has_no_handle),
    CASE(options_are_checked),
    CASE(pair_without_memory_is_refused),
    cmocka_unit_test_setup_teardown(operations_survive_failing_memory, set_up,
                                    tear_down),
  };
  return RUN(tests);
}
