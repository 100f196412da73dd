/* SPDX-License-Identifier: MIT */
/*
 * Properties of streams of every class: connections, a class of the program,
 * and in-memory pairs.
 */
#include "worlds.h"

enum { LARGE = 3 << 20, CHUNK = 65536 };

static char *large(void) {
  char *bytes = malloc(LARGE);
  assert_non_null(bytes);
  for (size_t i = 0; i < LARGE; i++)
    bytes[i] = (char) (i * 31 + i / 1000);
  return bytes;
}

/* Checks the next data, in whatever pieces it arrives. */
static void assert_reads(avow_stream_t stream, const char *text) {
  char buffer[100] = "";
  const size_t len = strlen(text);
  assert_fulfills_int(avow_read_into(stream, buffer, len, len), (int64_t) len);
  assert_string_equal(buffer, text);
}

/* Returns the promise of a write while the peer reads. */
static void tell(avow_stream_t from, avow_stream_t to, const char *text) {
  avow_promise_t *p = avow_write(from, avow_string(text));
  assert_reads(to, text);
  assert_fulfills_int(p, (int64_t) strlen(text));
}

static void both_directions_carry_bytes(void **state) {
  tell(here(), there(), "hello");
  tell(there(), here(), "you");
}

static void read_gives_at_most_the_requested_bytes(void **state) {
  avow_promise_t *p = avow_write(here(), avow_string("hello"));

  assert_fulfills_bytes(avow_read(there(), 1), "h");
  assert_reads(there(), "ello");

  assert_fulfills_int(p, 5);
}

static void read_of_0_bytes_is_refused(void **state) {
  assert_says(avow_read(here(), 0), UV_EINVAL, "read: invalid argument");
  assert_rejects(avow_channel_first(avow_chunks(here(), 0, 1)), UV_EINVAL);
}

static void second_read_is_refused(void **state) {
  avow_promise_t *p = avow_read(there(), 5);

  assert_says(avow_read(there(), 5), UV_EALREADY, "read: already in progress");

  avow_unref(avow_write(here(), avow_string("x")));
  assert_fulfills_bytes(p, "x");
}

static void canceled_read_loses_no_data(void **state) {
  avow_promise_t *p = avow_read(there(), 5);
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);

  tell(here(), there(), "hello");
}

static void writes_keep_their_order(void **state) {
  avow_promise_t *ps[] = { avow_write(here(), avow_string("one ")),
                           avow_write(here(), avow_string("two ")),
                           avow_write(here(), avow_string("three")) };

  assert_reads(there(), "one two three");

  assert_fulfills_int(ps[0], 4);
  assert_fulfills_int(ps[1], 4);
  assert_fulfills_int(ps[2], 5);
}

static void list_is_written_in_its_order(void **state) {
  avow_value_t parts[] = { avow_string("one "), avow_string(""),
                           avow_string("two") };

  avow_promise_t *p = avow_write(here(), avow_list(parts, 3));

  assert_reads(there(), "one two");
  assert_fulfills_int(p, 7);
}

static void empty_write_fulfills_with_0(void **state) {
  assert_fulfills_int(avow_write(here(), avow_string("")), 0);
}

static void write_refuses_values_other_than_bytes(void **state) {
  assert_says(avow_write(here(), avow_int(1)), UV_EINVAL,
              "write: invalid argument");
  avow_value_t parts[] = { avow_string("one "), avow_none() };
  assert_rejects(avow_write(here(), avow_list(parts, 2)), UV_EINVAL);
  assert_rejects(avow_write(here(), avow_error(UV_ENOMEM)), UV_ENOMEM);
}

/* More bytes than any class buffers without a reader. */
static void large_write_waits_for_its_reader(void **state) {
  const size_t len = world->bounded ? LARGE / 8 : LARGE;
  char *sent = large();
  char *got = calloc(1, len);
  assert_non_null(got);
  avow_promise_t *p = avow_write(here(), avow_bytes(sent, len));
  for (int i = 0; i < 3; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT); /* the server keeps it alive */
  if (world->bounded)
    assert_int_equal(avow_state(p), AVOW_PENDING);

  assert_fulfills_int(avow_read_into(there(), got, len, len), (int64_t) len);

  assert_fulfills_int(p, (int64_t) len);
  assert_memory_equal(got, sent, len);
  free(sent);
  free(got);
}

static void canceled_write_is_still_written(void **state) {
  avow_promise_t *p = avow_write(here(), avow_string("hello"));
  avow_cancel(p);

  assert_reads(there(), "hello");
  avow_unref(p);
}

static void shutdown_ends_the_input_of_the_peer(void **state) {
  avow_promise_t *write = avow_write(here(), avow_string("hello"));
  avow_promise_t *p = avow_shutdown(here());

  assert_reads(there(), "hello");
  assert_fulfills_none(avow_read(there(), 5));
  assert_fulfills_none(avow_read(there(), 5));
  assert_fulfills_int(write, 5);
  assert_fulfills_none(p);

  tell(there(), here(), "on");
}

static void write_after_shutdown_fails(void **state) {
  assert_fulfills_none(avow_shutdown(here()));

  for (int i = 0; i < 2; i++)
    assert_rejects(avow_write(here(), avow_string("x")), UV_EPIPE);
  assert_rejects(avow_shutdown(here()), UV_ENOTCONN);
}

static void close_settles_pending_operations(void **state) {
  char *bytes = large();
  avow_promise_t *read = avow_read(here(), 5);
  avow_promise_t *write = avow_write(here(), avow_bytes(bytes, LARGE));
  free(bytes);

  avow_promise_t *p = avow_close(here());

  assert_rejects(read, UV_ECANCELED);
  avow_value_unref(avow_run(write)); /* the kernel may have taken all bytes */
  assert_fulfills_none(p);
  assert_rejects(avow_close(here()), UV_EALREADY);
}

static void closed_stream_refuses_operations(void **state) {
  assert_fulfills_none(avow_close(here()));

  assert_rejects(avow_read(here(), 5), UV_EINVAL);
  assert_rejects(avow_read_all(here(), 5), UV_EINVAL);
  assert_rejects(avow_write(here(), avow_string("x")), UV_EINVAL);
}

static void close_ends_the_input_of_the_peer(void **state) {
  assert_fulfills_none(avow_close(here()));

  assert_fulfills_none(avow_read(there(), 5));
}

static void writes_to_a_closed_peer_fail(void **state) {
  assert_fulfills_none(avow_close(here()));
  assert_fulfills_none(avow_read(there(), 5));

  for (int failed = 0; failed < 3;) {
    const avow_value_t v = avow_run(avow_write(there(), avow_string("x")));
    assert_true(avow_is_error(&v) || failed == 0);
    failed += avow_is_error(&v);
    avow_value_unref(v);
  }
}

static void releasing_the_value_closes_the_stream(void **state) {
  avow_promise_t *p = avow_read(here(), 5);

  drop(&ends[0]);

  assert_rejects(p, UV_ECANCELED);
  assert_fulfills_none(avow_read(there(), 5));
}

static void read_all_reads_to_the_end(void **state) {
  avow_promise_t *p = avow_read_all(there(), 100);
  avow_unref(avow_write(here(), avow_string("hello")));
  avow_unref(avow_write(here(), avow_string(" you")));
  avow_unref(avow_shutdown(here()));

  assert_fulfills_bytes(p, "hello you");
  assert_fulfills_bytes(avow_read_all(there(), 100), "");
}

static void read_all_has_a_limit(void **state) {
  avow_unref(avow_write(here(), avow_string("hello")));
  avow_unref(avow_shutdown(here()));

  assert_says(avow_read_all(there(), 4), UV_EMSGSIZE,
              "read: more than 4 bytes");
}

static void read_all_reads_large_data(void **state) {
  if (strcmp(world->name, "byte by byte") == 0)
    return; /* an hour */
  char *sent = large();
  avow_promise_t *p = avow_read_all(there(), LARGE);
  avow_unref(avow_write(here(), avow_bytes(sent, LARGE)));
  avow_unref(avow_shutdown(here()));

  const avow_value_t v = avow_run(p);
  size_t len;
  const char *got = avow_to_bytes(&v, &len);
  assert_int_equal(len, LARGE);
  assert_memory_equal(got, sent, LARGE);
  avow_value_unref(v);
  free(sent);
}

static void read_into_waits_for_its_minimum(void **state) {
  char buffer[10] = "";
  avow_promise_t *p = avow_read_into(there(), buffer, 3, 5);
  avow_unref(avow_write(here(), avow_string("ab")));
  for (int i = 0; i < 5; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT);
  assert_int_equal(avow_state(p), AVOW_PENDING);

  avow_unref(avow_write(here(), avow_string("c")));

  assert_fulfills_int(p, 3);
  assert_string_equal(buffer, "abc");
}

static void read_into_ends_with_the_stream(void **state) {
  char buffer[10] = "";
  avow_unref(avow_write(here(), avow_string("ab")));
  avow_unref(avow_shutdown(here()));

  assert_fulfills_int(avow_read_into(there(), buffer, 3, 5), 2);

  assert_fulfills_int(avow_read_into(there(), buffer, 3, 5), 0);
  assert_rejects(avow_read_into(there(), buffer, 0, 5), UV_EINVAL);
  assert_rejects(avow_read_into(there(), buffer, 6, 5), UV_EINVAL);
}

static void canceled_read_into_loses_no_data(void **state) {
  char buffer[10] = "";
  avow_promise_t *p = avow_read_into(there(), buffer, 1, 5);
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);

  tell(here(), there(), "hello");
}

static void chunks_are_received_until_the_end(void **state) {
  char text[100] = "";
  size_t used = 0;
  avow_channel_t *chunks = avow_chunks(there(), 3, 2);
  avow_unref(avow_write(here(), avow_string("hello you")));
  avow_unref(avow_shutdown(here()));

  for (;;) {
    const avow_value_t v = avow_run(avow_channel_next(chunks));
    if (avow_is_none(&v))
      break;
    size_t len;
    const char *bytes = avow_to_bytes(&v, &len);
    assert_in_range(len, 1, 3);
    memcpy(text + used, bytes, len);
    used += len;
    avow_value_unref(v);
  }

  assert_string_equal(text, "hello you");
  avow_channel_unref(chunks);
}

static void closed_chunks_channel_leaves_the_rest(void **state) {
  avow_channel_t *chunks = avow_chunks(there(), 1, 0);
  avow_promise_t *p = avow_channel_next(chunks);
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);
  avow_promise_t *again = avow_channel_next(chunks);
  avow_unref(avow_write(here(), avow_string("hello")));
  assert_fulfills_bytes(again, "h");

  avow_channel_close(chunks);
  avow_channel_unref(chunks);

  assert_reads(there(), "ello");
}

/* The channel continues, and it does not keep the reason. */
static void chunks_drop_the_reason_of_a_canceled_receive(void **state) {
  avow_channel_t *chunks = avow_chunks(there(), 1, 0);
  avow_promise_t *p = avow_channel_next(chunks);
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_cancel_with(p, avow_string("enough"));
  assert_rejects(p, UV_ECANCELED);
  avow_unref(avow_write(here(), avow_string("h")));
  assert_fulfills_bytes(avow_channel_next(chunks), "h");

  avow_channel_close(chunks);
  avow_channel_unref(chunks);
}

static void closing_the_stream_rejects_chunks(void **state) {
  avow_channel_t *chunks = avow_chunks(there(), 3, 2);
  avow_promise_t *p = avow_channel_next(chunks);
  (void) uv_run(loop, UV_RUN_NOWAIT);

  assert_fulfills_none(avow_close(there()));

  assert_rejects(p, UV_ECANCELED);
  avow_channel_unref(chunks);
}

static void reader_gives_pieces(void **state) {
  avow_reader_t *reader = avow_reader_new(there());
  avow_unref(avow_write(here(), avow_string("one\r\ntwo\n12345rest")));
  avow_unref(avow_shutdown(here()));

  assert_fulfills_bytes(avow_reader_line(reader, 100), "one");
  assert_fulfills_bytes(avow_reader_until(reader, avow_string("\n"), 5), "two");
  assert_fulfills_bytes(avow_reader_exactly(reader, 5), "12345");
  assert_fulfills_bytes(avow_reader_line(reader, 100), "rest");
  assert_fulfills_none(avow_reader_next(reader, 5));

  avow_reader_unref(reader);
}

/* Pumps from one end of this pair to the other, and back over a second pair. */
static void pump_moves_all_and_shuts_down(void **state) {
  avow_value_t more[2];
  open_ends(avow_duplex(loop, 4, NULL), more);
  avow_promise_t *pumps[] = {
    avow_pump(there(), avow_to_stream(&more[0]), NULL),
    avow_pump(avow_to_stream(&more[1]), there(), NULL),
  };
  avow_promise_t *p = avow_read_all(here(), 100);
  avow_unref(avow_write(here(), avow_string("hello you")));
  avow_unref(avow_shutdown(here()));

  assert_fulfills_bytes(p, "hello you");
  assert_fulfills_int(pumps[0], 9);
  assert_fulfills_int(pumps[1], 9);
  drop(&more[0]);
  drop(&more[1]);
}

static void pump_fails_when_its_sink_fails(void **state) {
  avow_value_t more[2];
  open_ends(avow_duplex(loop, 4, NULL), more);
  avow_promise_t *p = avow_pump(there(), avow_to_stream(&more[0]), NULL);
  drop(&more[1]);

  avow_unref(avow_write(here(), avow_string("hello")));

  assert_rejects(p, UV_EPIPE);
  drop(&more[0]);
}

static void canceled_pump_leaves_the_rest(void **state) {
  avow_value_t more[2];
  open_ends(avow_duplex(loop, 4, NULL), more);
  avow_promise_t *p = avow_pump(there(), avow_to_stream(&more[0]), NULL);
  (void) uv_run(loop, UV_RUN_NOWAIT);
  avow_cancel(p);
  assert_rejects(p, UV_ECANCELED);

  tell(here(), there(), "hello");
  drop(&more[0]);
  drop(&more[1]);
}

static void loop_may_close_during_operations(void **state) {
  avow_unref(avow_catch(avow_read(here(), 5), note_value_cb, "read"));
  avow_unref(avow_read_all(there(), 5));
  avow_unref(avow_write(here(), avow_string("hello")));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("read=ECANCELED");
  drop(&ends[0]);
  drop(&ends[1]);
  drop(&server);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

SUITE(stream) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(both_directions_carry_bytes),
    cmocka_unit_test(read_gives_at_most_the_requested_bytes),
    cmocka_unit_test(read_of_0_bytes_is_refused),
    cmocka_unit_test(second_read_is_refused),
    cmocka_unit_test(canceled_read_loses_no_data),
    cmocka_unit_test(writes_keep_their_order),
    cmocka_unit_test(list_is_written_in_its_order),
    cmocka_unit_test(empty_write_fulfills_with_0),
    cmocka_unit_test(write_refuses_values_other_than_bytes),
    cmocka_unit_test(large_write_waits_for_its_reader),
    cmocka_unit_test(canceled_write_is_still_written),
    cmocka_unit_test(shutdown_ends_the_input_of_the_peer),
    cmocka_unit_test(write_after_shutdown_fails),
    cmocka_unit_test(close_settles_pending_operations),
    cmocka_unit_test(closed_stream_refuses_operations),
    cmocka_unit_test(close_ends_the_input_of_the_peer),
    cmocka_unit_test(writes_to_a_closed_peer_fail),
    cmocka_unit_test(releasing_the_value_closes_the_stream),
    cmocka_unit_test(read_all_reads_to_the_end),
    cmocka_unit_test(read_all_has_a_limit),
    cmocka_unit_test(read_all_reads_large_data),
    cmocka_unit_test(read_into_waits_for_its_minimum),
    cmocka_unit_test(read_into_ends_with_the_stream),
    cmocka_unit_test(canceled_read_into_loses_no_data),
    cmocka_unit_test(chunks_are_received_until_the_end),
    cmocka_unit_test(closed_chunks_channel_leaves_the_rest),
    cmocka_unit_test(chunks_drop_the_reason_of_a_canceled_receive),
    cmocka_unit_test(closing_the_stream_rejects_chunks),
    cmocka_unit_test(reader_gives_pieces),
    cmocka_unit_test(pump_moves_all_and_shuts_down),
    cmocka_unit_test(pump_fails_when_its_sink_fails),
    cmocka_unit_test(canceled_pump_leaves_the_rest),
    cmocka_unit_test(loop_may_close_during_operations),
  };
  return RUN_IN_WORLDS(tests);
}
