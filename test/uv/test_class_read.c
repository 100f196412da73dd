/* SPDX-License-Identifier: MIT */
/*
 * Operations of several steps on a stream that closes or is freed between two
 * steps, after any number of jobs.
 */
#include "base/misuse.h"
#include "worlds.h"

enum { JOBS = 24 };

static avow_value_t more[2];

static avow_stream_t near(void) {
  return avow_to_stream(&more[0]);
}

static avow_stream_t far(void) {
  return avow_to_stream(&more[1]);
}

static avow_value_t pass(const avow_value_t *none, void *data) {
  return avow_none();
}

static avow_value_t drop_cb(const avow_value_t *none, void *end) {
  avow_value_clear(end);
  return avow_none();
}

static avow_value_t shut_cb(const avow_value_t *none, void *end) {
  return avow_follow(avow_close(avow_to_stream(end)));
}

static void after_jobs(int n, avow_cb cb, avow_value_t *end) {
  avow_promise_t *p = avow_promise_resolve(loop, avow_none());
  for (int i = 0; i < n; i++)
    p = avow_then(p, pass, NULL, NULL);
  avow_unref(avow_then(p, cb, NULL, end));
}

static avow_value_t ignore(const avow_value_t *reason, void *data) {
  return avow_none();
}

/* Writes less than the operations wait for. */
static void write_some(void) {
  avow_promise_t *p = avow_write(here(), avow_string("hello you"));
  avow_unref(avow_catch(p, ignore, NULL));
}

static void open_more(void) {
  open_ends(avow_duplex(loop, 2, NULL), more);
}

static void drop_all(void) {
  for (size_t i = 0; i < 2; i++) {
    avow_value_clear(&ends[i]);
    avow_value_clear(&more[i]);
  }
}

/* Checks that the operation is canceled when one of its streams is closed or
   released, at whatever moment. */
static void assert_ends(avow_promise_t *(*verb)(void), avow_value_t *end) {
  static const avow_cb what[] = { drop_cb, shut_cb };
  for (int i = 0; i < 2 * JOBS; i++) {
    open_more();
    avow_promise_t *p = verb();
    write_some();
    after_jobs(i / 2, what[i % 2], end);

    assert_rejects(p, UV_ECANCELED);

    drop_all();
    world->open();
  }
}

static avow_promise_t *all(void) {
  return avow_read_all(there(), 100);
}

static void stream_close_cancels_read_all(void **state) {
  assert_ends(all, &ends[1]);
}

static char buffer[20];

static avow_promise_t *into(void) {
  return avow_read_into(there(), buffer, 10, sizeof(buffer));
}

static void stream_close_cancels_read_into(void **state) {
  assert_ends(into, &ends[1]);
}

static avow_promise_t *pump(void) {
  return avow_pump(there(), near(), NULL);
}

static void source_close_cancels_pump(void **state) {
  assert_ends(pump, &ends[1]);
}

static void sink_close_cancels_pump(void **state) {
  assert_ends(pump, &more[0]);
}

/* Returns the last chunk, or the end. */
static avow_promise_t *chunks(void) {
  avow_channel_t *channel = avow_chunks(there(), 3, 2);
  avow_promise_t *p = avow_each(channel, ignore, NULL, NULL);
  avow_channel_unref(channel);
  return p;
}

static void stream_close_cancels_chunks(void **state) {
  assert_ends(chunks, &ends[1]);
}

/* The line stays incomplete until the stream ends. */
static avow_promise_t *line(void) {
  avow_reader_t *reader = avow_reader_new(there());
  avow_promise_t *p = avow_reader_line(reader, 100);
  avow_reader_unref(reader);
  return p;
}

static void stream_close_cancels_reader(void **state) {
  assert_ends(line, &ends[1]);
}

/* This holds for each class. After a cancellation, the next read may begin at
   once. */
static void second_read_is_refused(void **state) {
  avow_promise_t *p = all();
  assert_says(all(), UV_EALREADY, "read: already in progress");
  assert_rejects(into(), UV_EALREADY);
  assert_rejects(avow_channel_first(avow_chunks(there(), 3, 2)), UV_EALREADY);
  assert_says(line(), UV_EALREADY, "read: already in progress");
  open_more();
  assert_rejects(pump(), UV_EALREADY);
  avow_cancel(p);

  avow_promise_t *next = pump();
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the loop reads */
  assert_rejects(all(), UV_EALREADY);
  assert_says(avow_pump(here(), near(), NULL), UV_EALREADY,
              "pump: already in progress");
  avow_unref(avow_shutdown(here()));

  assert_fulfills_int(next, 0);
  assert_rejects(p, UV_ECANCELED);
  drop_all();
}

static void closed_chunks_channel_permits_reads(void **state) {
  avow_channel_t *channel = avow_chunks(there(), 3, 2);
  assert_rejects(all(), UV_EALREADY);
  avow_channel_close(channel);
  avow_channel_unref(channel);
  write_some();
  avow_unref(avow_shutdown(here()));

  assert_fulfills_bytes(all(), "hello you");
}

static avow_promise_t *read_meanwhile;

static avow_value_t read_cb(const avow_value_t *none, void *end) {
  read_meanwhile = avow_read(there(), 1);
  return avow_none();
}

/* Another read between two steps of a pump takes nothing from the pump. */
static void pump_continues_despite_other_reads(void **state) {
  for (int i = 0; i < JOBS; i++) {
    open_ends(avow_duplex(loop, 100, NULL), more);
    avow_promise_t *p = pump();
    write_some();
    after_jobs(i, read_cb, NULL);
    (void) uv_run(loop, UV_RUN_NOWAIT); /* a server may listen */
    assert_rejects(read_meanwhile, UV_EALREADY);
    avow_unref(avow_shutdown(here()));

    assert_fulfills_int(p, 9);

    assert_fulfills_bytes(avow_read_all(far(), 100), "hello you");
    drop_all();
    world->open();
  }
}

static avow_promise_t *pumped;

static avow_value_t cancel_and_drop_cb(const avow_value_t *none, void *end) {
  avow_cancel(pumped);
  avow_value_clear(&more[0]);
  avow_value_clear(&more[1]);
  return avow_none();
}

static avow_value_t cancel_and_pump_cb(const avow_value_t *none, void *end) {
  avow_cancel(pumped);
  pumped = pump();
  return avow_none();
}

/* The data of the last read must not be written to the freed sink. */
static void canceled_pump_survives_a_freed_sink(void **state) {
  for (int i = 0; i < JOBS; i++) {
    open_more();
    avow_promise_t *p = pump();
    write_some();
    pumped = p;
    after_jobs(i, cancel_and_drop_cb, NULL);

    assert_rejects(p, UV_ECANCELED);

    drop_all();
    world->open();
  }
}

/* The next pump may begin at once. */
static void canceled_pump_permits_the_next_pump(void **state) {
  for (int i = 0; i < JOBS; i++) {
    open_more();
    avow_promise_t *p = pump();
    write_some();
    pumped = p;
    after_jobs(i, cancel_and_pump_cb, NULL);

    assert_rejects(p, UV_ECANCELED);
    assert_int_equal(avow_state(pumped), AVOW_PENDING);

    drop_all();
    assert_rejects(pumped, UV_ECANCELED);
    world->open();
  }
}

static avow_value_t cancel_and_pump_and_drop_cb(const avow_value_t *none,
                                                void *end) {
  (void) cancel_and_pump_cb(none, end);
  avow_value_clear(&more[0]);
  avow_value_clear(&more[1]);
  return avow_none();
}

/* The canceled pump also learns that its sink was freed. */
static void replaced_pump_survives_a_freed_sink(void **state) {
  for (int i = 0; i < JOBS; i++) {
    open_more();
    avow_promise_t *p = pump();
    write_some();
    pumped = p;
    after_jobs(i, cancel_and_pump_and_drop_cb, NULL);

    assert_rejects(p, UV_ECANCELED);
    assert_rejects(pumped, UV_ECANCELED);

    drop_all();
    world->open();
  }
}

static void pump_to_a_closing_stream_is_refused(void **state) {
  open_more();
  avow_promise_t *closed = avow_close(there());
  avow_unref(avow_catch(avow_write(far(), avow_string("x")), ignore, NULL));

  assert_rejects(avow_pump(near(), there(), NULL), UV_EINVAL);

  assert_fulfills_none(closed);
  drop_all();
}

#ifndef NDEBUG

/* Returns the stream of a value that was freed. */
static avow_stream_t freed_stream(void) {
  const avow_stream_t stream = there();
  drop(&ends[1]);
  drop(&ends[0]);
  for (int i = 0; i < 3; i++)
    (void) uv_run(loop, UV_RUN_NOWAIT); /* 0 or 1: a server may listen */
  return stream;
}

static void read_from_freed(void) {
  avow_unref(avow_read(freed_stream(), 1));
}

static void read_into_from_freed(void) {
  avow_unref(avow_read_into(freed_stream(), buffer, 1, 1));
}

static void read_all_of_freed(void) {
  avow_unref(avow_read_all(freed_stream(), 1));
}

static void write_to_freed(void) {
  avow_unref(avow_write(freed_stream(), avow_string("x")));
}

static void shut_down_freed(void) {
  avow_unref(avow_shutdown(freed_stream()));
}

static void close_freed(void) {
  avow_unref(avow_close(freed_stream()));
}

static void pump_from_freed(void) {
  const avow_stream_t stream = freed_stream();
  avow_unref(avow_pump(stream, stream, NULL));
}

static void chunks_of_freed(void) {
  avow_channel_unref(avow_chunks(freed_stream(), 1, 1));
}

static void read_lines_of_freed(void) {
  avow_reader_unref(avow_reader_new(freed_stream()));
}

/* A class of the program is excluded, because the program frees its streams. */
static void use_of_a_freed_stream_is_misuse(void **state) {
  static void (*const uses[])(
      void) = { read_from_freed, read_into_from_freed, read_all_of_freed,
                write_to_freed,  shut_down_freed,      close_freed,
                pump_from_freed, chunks_of_freed,      read_lines_of_freed };
  if (strcmp(world->name, "veil") == 0)
    return;
  for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
    assert_misuse(uses[i],
                  "stream used after the value that owns it was freed");
}

static void new_handle_at_a_freed_address_is_usable(void **state) {
  uv_tcp_t tcp;
  (void) uv_tcp_init(loop, &tcp);
  avow__note_gone(&tcp); /* as if the memory had belonged to another stream */

  const avow_stream_t stream = avow_uv_stream((uv_stream_t *) &tcp);

  assert_rejects(avow_read(stream, 1), UV_ENOTCONN);
  assert_fulfills_none(avow_close(stream));
}

#endif

static void pump_to_another_loop(void) {
  uv_loop_t other;
  assert_int_equal(uv_loop_init(&other), 0);
  assert_int_equal(avow_loop_init(&other, &steady), 0);
  open_ends(avow_duplex(&other, 2, NULL), more);

  assert_says(avow_pump(there(), near(), NULL), AVOW_EMISUSE,
              "pump: misuse of avow; a checked build reports it");

  avow_value_clear(&more[0]);
  avow_value_clear(&more[1]);
  assert_int_equal(avow_loop_close(&other), 0);
  assert_int_equal(uv_loop_close(&other), 0);
}

static void pump_to_another_loop_is_misuse(void **state) {
  assert_misuse(pump_to_another_loop, "streams belong to different loops");
}

SUITE(class_read) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(stream_close_cancels_read_all),
    cmocka_unit_test(stream_close_cancels_read_into),
    cmocka_unit_test(source_close_cancels_pump),
    cmocka_unit_test(sink_close_cancels_pump),
    cmocka_unit_test(stream_close_cancels_chunks),
    cmocka_unit_test(stream_close_cancels_reader),
    cmocka_unit_test(second_read_is_refused),
    cmocka_unit_test(closed_chunks_channel_permits_reads),
    cmocka_unit_test(pump_continues_despite_other_reads),
    cmocka_unit_test(canceled_pump_survives_a_freed_sink),
    cmocka_unit_test(canceled_pump_permits_the_next_pump),
    cmocka_unit_test(replaced_pump_survives_a_freed_sink),
    cmocka_unit_test(pump_to_a_closing_stream_is_refused),
    cmocka_unit_test(pump_to_another_loop_is_misuse),
#ifndef NDEBUG
    cmocka_unit_test(use_of_a_freed_stream_is_misuse),
    cmocka_unit_test(new_handle_at_a_freed_address_is_usable),
#endif
  };
  return RUN_IN_WORLDS(tests);
}
