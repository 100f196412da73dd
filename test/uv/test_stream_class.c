/* SPDX-License-Identifier: MIT */
/*
 * Classes of streams: the functions that they may omit, and the results that
 * they must not return.
 */
#include "worlds.h"

#include "avow/stream_class.h"

/* Result of every read of the stream. */
static avow_value_t given;

static uv_loop_t *faulty_loop(void *self) {
  return loop;
}

static avow_promise_t *faulty_read(void *self, size_t max_bytes) {
  return avow_promise_resolve(loop, avow_value_ref(&given));
}

static avow_promise_t *faulty_write(void *self, avow_value_t bytes) {
  avow_value_unref(bytes);
  return avow_promise_resolve(loop, avow_int(1));
}

static avow_stream_t faulty_stream(void) {
  static const avow_stream_class_t faulty_class = { .size =
                                                        sizeof(faulty_class),
                                                    .loop = faulty_loop,
                                                    .read = faulty_read,
                                                    .write = faulty_write };
  static char self;
  return (avow_stream_t){ &faulty_class, &self };
}

/* The test checks the bytes after the buffer. */
static char buffer[64];

static avow_promise_t *into(void) {
  return avow_read_into(faulty_stream(), buffer, 4, 8);
}

static avow_promise_t *all(void) {
  return avow_read_all(faulty_stream(), 100000);
}

static avow_promise_t *chunks(void) {
  return avow_channel_first(avow_chunks(faulty_stream(), 8, 0));
}

static avow_promise_t *pump(void) {
  static char sink;
  return avow_pump(faulty_stream(),
                   (avow_stream_t){ faulty_stream().klass, &sink }, NULL);
}

static avow_promise_t *(*verb)(void);

static void run_verb(void) {
  avow_value_unref(avow_run(verb()));
}

/* Checks the message about `fn`, which names what the class returned. */
static void assert_class_misuse(avow_promise_t *(*fn)(void), avow_value_t v,
                                const char *says) {
  given = v;
  verb = fn;
  assert_misuse(run_verb, says);
#ifdef NDEBUG
  assert_rejects(verb(), AVOW_EMISUSE);
#endif
  avow_value_clear(&given);
}

static avow_value_t much(size_t len) {
  char *bytes;
  const avow_value_t v = avow_bytes_new(len, &bytes);
  assert_false(avow_is_error(&v));
  memset(bytes, 'x', len);
  return v;
}

static void read_above_the_requested_size_is_misuse(void **state) {
  memset(buffer, '.', sizeof(buffer));

  assert_class_misuse(
      into, much(9),
      "called for at most 8 bytes, gave type bytes with 9 bytes; fulfill with "
      "BYTES of 1 byte or more, or with NONE at the end");
  assert_class_misuse(chunks, much(9), "at most 8 bytes, gave");
  assert_class_misuse(all, much(65537), "at most 65536 bytes, gave");
  assert_class_misuse(pump, much(65537), "at most 65536 bytes, gave");

  assert_int_equal(buffer[0], '.');
  assert_int_equal(buffer[8], '.');
}

static void read_of_no_bytes_is_misuse(void **state) {
  avow_promise_t *(*const verbs[])(void) = { into, chunks, all, pump };
  for (size_t i = 0; i < 4; i++)
    assert_class_misuse(verbs[i], avow_string(""), "type bytes with 0");
}

static void read_of_another_type_is_misuse(void **state) {
  avow_promise_t *(*const verbs[])(void) = { into, chunks, all, pump };
  for (size_t i = 0; i < 4; i++)
    assert_class_misuse(verbs[i], avow_int(3), "type int with 0");
}

/* A write of this class returns nothing, and so does its shortcut. */
static avow_promise_t *silent_write(void *self, avow_value_t bytes) {
  avow_value_unref(bytes);
  return avow_promise_resolve(loop, avow_none());
}

static avow_promise_t *silent_pump_to(void *self, avow_stream_t to) {
  return avow_promise_resolve(loop, avow_none());
}

static avow_promise_t *pump_to_silent_class(void) {
  static const avow_stream_class_t silent = { .size = sizeof(silent),
                                              .loop = faulty_loop,
                                              .write = silent_write };
  static char sink;
  return avow_pump(faulty_stream(), (avow_stream_t){ &silent, &sink }, NULL);
}

static avow_promise_t *pump_from_silent_class(void) {
  static const avow_stream_class_t silent = { .size = sizeof(silent),
                                              .loop = faulty_loop,
                                              .read = faulty_read,
                                              .pump_to = silent_pump_to };
  static char source;
  return avow_pump((avow_stream_t){ &silent, &source }, faulty_stream(), NULL);
}

static void result_other_than_a_number_is_misuse(void **state) {
  assert_class_misuse(pump_to_silent_class, much(2),
                      "called with 2 bytes, gave type none");
  assert_class_misuse(pump_from_silent_class, much(2),
                      "pump_to() of a stream class gave type none");
}

/* The class reports one byte for each write. */
static void write_of_another_byte_count_is_misuse(void **state) {
  assert_class_misuse(pump, much(2), "called with 2 bytes, gave type int");
}

static void functions_missing_in_a_class_are_refused(void **state) {
  static const avow_stream_class_t idle = { .size = sizeof(idle),
                                            .loop = faulty_loop };
  const avow_stream_t stream = { &idle, buffer };

  assert_says(avow_close(stream), UV_ENOTSUP, "close: operation not supported");
  assert_rejects(avow_read(stream, 1), UV_ENOTSUP);
  assert_rejects(avow_write(stream, avow_string("x")), UV_ENOTSUP);
  assert_rejects(avow_shutdown(stream), UV_ENOTSUP);
  assert_rejects(avow_pump(stream, stream, NULL), UV_ENOTSUP);
}

/* Bound to no loop. */

static const avow_stream_class_t *klass;

static void assert_refuses(avow_promise_t *p) {
  assert_int_equal(avow_error_code(avow_result(p)), AVOW_EMISUSE);
  avow_unref(p);
}

static avow_stream_t unbound_stream(void) {
  return (avow_stream_t){ klass, buffer };
}

static void close_unbound(void) {
  assert_refuses(avow_close(unbound_stream()));
}

static void read_unbound(void) {
  assert_refuses(avow_read_into(unbound_stream(), buffer, 1, 1));
}

static void read_all_unbound(void) {
  assert_refuses(avow_read_all(unbound_stream(), 1));
}

static void write_unbound(void) {
  assert_refuses(avow_write(unbound_stream(), avow_int(1)));
}

static void pump_unbound(void) {
  assert_refuses(avow_pump(unbound_stream(), unbound_stream(), NULL));
}

static void chunks_unbound(void) {
  avow_channel_t *channel = avow_chunks(unbound_stream(), 1, 1);
  assert_refuses(avow_channel_next(channel));
  avow_channel_unref(channel);
}

static void read_lines_of_unbound(void) {
  avow_reader_t *reader = avow_reader_new(unbound_stream());
  assert_refuses(avow_reader_line(reader, 1));
  avow_reader_unref(reader);
}

static void class_without_loop_or_size_is_misuse(void **state) {
  static const avow_stream_class_t no_loop = { .size = sizeof(no_loop) };
  static const avow_stream_class_t no_size = { .loop = faulty_loop };
  static const avow_stream_class_t *const classes[] = { &no_loop, &no_size };
  void (*const mistakes[])(void) = { close_unbound,        read_unbound,
                                     read_all_unbound,     write_unbound,
                                     chunks_unbound,       pump_unbound,
                                     read_lines_of_unbound };
  for (size_t i = 0; i < 2; i++) {
    klass = classes[i];
    for (size_t j = 0; j < sizeof(mistakes) / sizeof(mistakes[0]); j++)
      assert_misuse(mistakes[j], "stream class has no loop()");
  }
}

/* A shortcut for pumps. */

static void open_pair(size_t room) {
  open_ends(avow_duplex(loop, room, NULL), ends);
}

static void drop_pair(void) {
  avow_value_clear(&ends[0]);
  avow_value_clear(&ends[1]);
}

/* Results of the shortcut, one for each digit. */
static const char *pump_results;

static avow_promise_t *pump_next_result(void *self, avow_stream_t to) {
  if (to.self == NULL || *pump_results == '\0')
    return NULL;
  return avow_promise_resolve(loop, avow_int(*pump_results++ - '0'));
}

static avow_promise_t *read_one(void *self, size_t max_bytes) {
  note(max_bytes < 65536 ? "little" : "much");
  return avow_promise_resolve(loop, *pump_results != '\0' ? avow_bytes("x", 1)
                                                          : avow_none());
}

/* After each 0, the pump reads and writes a little. */
static void pump_uses_pump_to_of_the_class(void **state) {
  const avow_stream_class_t quick = { .size = sizeof(quick),
                                      .loop = faulty_loop,
                                      .read = read_one,
                                      .pump_to = pump_next_result };
  const avow_stream_t from = { &quick, &pump_results };
  uint64_t moved = 0;
  const avow_pump_options_t options = { .moved = &moved };
  pump_results = "70580";
  open_pair(100);

  assert_fulfills_int(avow_pump(from, here(), &options), 7 + 1 + 5 + 8);

  assert_notes("little little");
  assert_int_equal(moved, 21);
  assert_fulfills_bytes(avow_read_all(there(), 9), "x");
  drop_pair();
}

static void pump_ends_after_pump_to(void **state) {
  const avow_stream_class_t quick = { .size = sizeof(quick),
                                      .loop = faulty_loop,
                                      .read = read_one,
                                      .pump_to = pump_next_result };
  const avow_stream_t from = { &quick, &pump_results };
  pump_results = "34";
  open_pair(100);

  assert_fulfills_int(avow_pump(from, here(), NULL), 7);

  assert_notes("much");
  drop_pair();
}

static avow_promise_t *pump_negative_count(void) {
  static const avow_stream_class_t quick = { .size = sizeof(quick),
                                             .loop = faulty_loop,
                                             .read = read_one,
                                             .pump_to = pump_next_result };
  static char sink;
  pump_results = "/";
  return avow_pump((avow_stream_t){ &quick, &pump_results },
                   (avow_stream_t){ faulty_stream().klass, &sink }, NULL);
}

static void negative_result_of_pump_to_is_misuse(void **state) {
  assert_class_misuse(pump_negative_count, avow_none(),
                      "pump_to() of a stream class gave type int");
}

static avow_promise_t *pump_maximum(void *self, avow_stream_t to) {
  if (*pump_results == '\0')
    return NULL;
  pump_results++;
  return avow_promise_resolve(loop, avow_int(INT64_MAX));
}

static void count_of_pump_to_saturates(void **state) {
  const avow_stream_class_t quick = { .size = sizeof(quick),
                                      .loop = faulty_loop,
                                      .read = read_one,
                                      .pump_to = pump_maximum };
  const avow_stream_t from = { &quick, &pump_results };
  uint64_t moved = 0;
  const avow_pump_options_t options = { .moved = &moved };
  pump_results = "12";
  open_pair(100);

  assert_fulfills_int(avow_pump(from, here(), &options), INT64_MAX);

  assert_notes("much");
  assert_int_equal(moved, INT64_MAX);
  drop_pair();
}

static avow_promise_t *do_nothing(void *self) {
  return avow_promise_resolve(loop, avow_none());
}

/* The class has no function after loop(). */
static void smallest_class_refuses_all_operations(void **state) {
  const avow_stream_class_t smallest = { .size = offsetof(avow_stream_class_t,
                                                          read),
                                         .loop = faulty_loop,
                                         .read = faulty_read,
                                         .write = faulty_write,
                                         .shutdown = do_nothing,
                                         .close = do_nothing,
                                         .hangup = do_nothing };
  const avow_stream_t stream = { &smallest, buffer };

  assert_rejects(avow_read(stream, 1), UV_ENOTSUP);
  assert_rejects(avow_write(stream, avow_string("x")), UV_ENOTSUP);
  assert_rejects(avow_shutdown(stream), UV_ENOTSUP);
  assert_rejects(avow_hangup(stream), UV_ENOTSUP);
  assert_rejects(avow_close(stream), UV_ENOTSUP);
}

/* A class of an older version, whose struct ends before that field. */
static void functions_beyond_the_class_size_are_ignored(void **state) {
  const avow_stream_class_t older = { .size = offsetof(avow_stream_class_t,
                                                       pump_to),
                                      .loop = faulty_loop,
                                      .pump_to = pump_next_result };
  const avow_stream_t from = { &older, NULL };
  pump_results = "7";
  open_pair(1);

  assert_rejects(avow_pump(from, here(), NULL), UV_ENOTSUP);
  assert_string_equal(pump_results, "7");

  drop_pair();
}

SUITE(stream_class) {
  const struct CMUnitTest tests[] = {
    CASE(read_above_the_requested_size_is_misuse),
    CASE(read_of_no_bytes_is_misuse),
    CASE(read_of_another_type_is_misuse),
    CASE(write_of_another_byte_count_is_misuse),
    CASE(result_other_than_a_number_is_misuse),
    CASE(functions_missing_in_a_class_are_refused),
    CASE(class_without_loop_or_size_is_misuse),
    CASE(pump_uses_pump_to_of_the_class),
    CASE(pump_ends_after_pump_to),
    CASE(negative_result_of_pump_to_is_misuse),
    CASE(count_of_pump_to_saturates),
    CASE(smallest_class_refuses_all_operations),
    CASE(functions_beyond_the_class_size_are_ignored),
  };
  return RUN(tests);
}
