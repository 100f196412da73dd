/* SPDX-License-Identifier: MIT */
/*
 * Classes of streams: the functions that they may omit, and the results that
 * they must not return.
 */
#include "worlds.h"

#include "avow/stream_class.h"

/* Result of every read of the stream. */
static avow_value_t given;

static uv_loop_t *liar_loop(void *self) {
  return loop;
}

static avow_promise_t *liar_read(void *self, size_t max_bytes) {
  return avow_promise_resolve(loop, avow_value_ref(&given));
}

static avow_promise_t *liar_write(void *self, avow_value_t bytes) {
  avow_value_unref(bytes);
  return avow_promise_resolve(loop, avow_int(1));
}

static avow_stream_t liar(void) {
  static const avow_stream_class_t liars = { .size = sizeof(liars),
                                             .loop = liar_loop,
                                             .read = liar_read,
                                             .write = liar_write };
  static char self;
  return (avow_stream_t){ &liars, &self };
}

/* The test checks the bytes after the buffer. */
static char buffer[64];

static avow_promise_t *into(void) {
  return avow_read_into(liar(), buffer, 4, 8);
}

static avow_promise_t *all(void) {
  return avow_read_all(liar(), 100000);
}

static avow_promise_t *chunks(void) {
  return avow_channel_first(avow_chunks(liar(), 8, 0));
}

static avow_promise_t *pump(void) {
  static char sink;
  return avow_pump(liar(), (avow_stream_t){ liar().klass, &sink }, NULL);
}

static avow_promise_t *(*verb)(void);

static void run_verb(void) {
  avow_value_unref(avow_run(verb()));
}

/* Checks the message about `fn`, which names what the class returned. */
static void assert_found_out(avow_promise_t *(*fn)(void), avow_value_t v,
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

static void more_than_was_asked_for_goes_nowhere(void **state) {
  memset(buffer, '.', sizeof(buffer));

  assert_found_out(
      into, much(9),
      "called for at most 8 bytes, gave type bytes with 9 bytes; fulfill with "
      "BYTES of 1 byte or more, or with NONE at the end");
  assert_found_out(chunks, much(9), "at most 8 bytes, gave");
  assert_found_out(all, much(65537), "at most 65536 bytes, gave");
  assert_found_out(pump, much(65537), "at most 65536 bytes, gave");

  assert_int_equal(buffer[0], '.');
  assert_int_equal(buffer[8], '.');
}

static void no_bytes_are_not_asked_for_again(void **state) {
  avow_promise_t *(*const verbs[])(void) = { into, chunks, all, pump };
  for (size_t i = 0; i < 4; i++)
    assert_found_out(verbs[i], avow_string(""), "type bytes with 0");
}

static void what_is_no_bytes_is_no_end(void **state) {
  avow_promise_t *(*const verbs[])(void) = { into, chunks, all, pump };
  for (size_t i = 0; i < 4; i++)
    assert_found_out(verbs[i], avow_int(3), "type int with 0");
}

/* A write of this class returns nothing, and so does its shortcut. */
static avow_promise_t *silent_write(void *self, avow_value_t bytes) {
  avow_value_unref(bytes);
  return avow_promise_resolve(loop, avow_none());
}

static avow_promise_t *silent_way(void *self, avow_stream_t to) {
  return avow_promise_resolve(loop, avow_none());
}

static avow_promise_t *pump_to_silence(void) {
  static const avow_stream_class_t silent = { .size = sizeof(silent),
                                              .loop = liar_loop,
                                              .write = silent_write };
  static char sink;
  return avow_pump(liar(), (avow_stream_t){ &silent, &sink }, NULL);
}

static avow_promise_t *pump_by_silence(void) {
  static const avow_stream_class_t silent = { .size = sizeof(silent),
                                              .loop = liar_loop,
                                              .read = liar_read,
                                              .pump_to = silent_way };
  static char source;
  return avow_pump((avow_stream_t){ &silent, &source }, liar(), NULL);
}

static void what_is_no_number_is_no_success(void **state) {
  assert_found_out(pump_to_silence, much(2),
                   "called with 2 bytes, gave type none");
  assert_found_out(pump_by_silence, much(2),
                   "pump_to() of a stream class gave type none");
}

/* The class reports one byte for each write. */
static void other_number_than_was_written_is_no_success(void **state) {
  assert_found_out(pump, much(2), "called with 2 bytes, gave type int");
}

static void what_a_class_cannot_do_is_refused(void **state) {
  static const avow_stream_class_t idle = { .size = sizeof(idle),
                                            .loop = liar_loop };
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

static avow_stream_t lost(void) {
  return (avow_stream_t){ klass, buffer };
}

static void close_lost(void) {
  assert_refuses(avow_close(lost()));
}

static void read_lost(void) {
  assert_refuses(avow_read_into(lost(), buffer, 1, 1));
}

static void read_all_lost(void) {
  assert_refuses(avow_read_all(lost(), 1));
}

static void write_lost(void) {
  assert_refuses(avow_write(lost(), avow_int(1)));
}

static void pump_lost(void) {
  assert_refuses(avow_pump(lost(), lost(), NULL));
}

static void chunks_lost(void) {
  avow_channel_t *channel = avow_chunks(lost(), 1, 1);
  assert_refuses(avow_channel_next(channel));
  avow_channel_unref(channel);
}

static void read_lines_of_lost(void) {
  avow_reader_t *reader = avow_reader_new(lost());
  assert_refuses(avow_reader_line(reader, 1));
  avow_reader_unref(reader);
}

static void class_without_loop_or_size_is_misuse(void **state) {
  static const avow_stream_class_t no_loop = { .size = sizeof(no_loop) };
  static const avow_stream_class_t no_size = { .loop = liar_loop };
  static const avow_stream_class_t *const classes[] = { &no_loop, &no_size };
  void (*const mistakes[])(
      void) = { close_lost,  read_lost, read_all_lost,     write_lost,
                chunks_lost, pump_lost, read_lines_of_lost };
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
static const char *shorter;

static avow_promise_t *move_by_it(void *self, avow_stream_t to) {
  if (to.self == NULL || *shorter == '\0')
    return NULL;
  return avow_promise_resolve(loop, avow_int(*shorter++ - '0'));
}

static avow_promise_t *read_one(void *self, size_t max_bytes) {
  note(max_bytes < 65536 ? "little" : "much");
  return avow_promise_resolve(loop, *shorter != '\0' ? avow_bytes("x", 1)
                                                     : avow_none());
}

/* After each 0, the pump reads and writes a little. */
static void shorter_way_is_taken_where_there_is_one(void **state) {
  const avow_stream_class_t quick = { .size = sizeof(quick),
                                      .loop = liar_loop,
                                      .read = read_one,
                                      .pump_to = move_by_it };
  const avow_stream_t from = { &quick, &shorter };
  uint64_t moved = 0;
  const avow_pump_options_t options = { .moved = &moved };
  shorter = "70580";
  open_pair(100);

  assert_fulfils_int(avow_pump(from, here(), &options), 7 + 1 + 5 + 8);

  assert_notes("little little");
  assert_int_equal(moved, 21);
  assert_fulfils_bytes(avow_read_all(there(), 9), "x");
  drop_pair();
}

static void shorter_way_may_end(void **state) {
  const avow_stream_class_t quick = { .size = sizeof(quick),
                                      .loop = liar_loop,
                                      .read = read_one,
                                      .pump_to = move_by_it };
  const avow_stream_t from = { &quick, &shorter };
  shorter = "34";
  open_pair(100);

  assert_fulfils_int(avow_pump(from, here(), NULL), 7);

  assert_notes("much");
  drop_pair();
}

static avow_promise_t *pump_less_than_nothing(void) {
  static const avow_stream_class_t quick = { .size = sizeof(quick),
                                             .loop = liar_loop,
                                             .read = read_one,
                                             .pump_to = move_by_it };
  static char sink;
  shorter = "/";
  return avow_pump((avow_stream_t){ &quick, &shorter },
                   (avow_stream_t){ liar().klass, &sink }, NULL);
}

static void shorter_way_moves_no_less_than_nothing(void **state) {
  assert_found_out(pump_less_than_nothing, avow_none(),
                   "pump_to() of a stream class gave type int");
}

static avow_promise_t *move_all_there_can_be(void *self, avow_stream_t to) {
  if (*shorter == '\0')
    return NULL;
  shorter++;
  return avow_promise_resolve(loop, avow_int(INT64_MAX));
}

static void shorter_way_moves_no_more_than_can_be_counted(void **state) {
  const avow_stream_class_t quick = { .size = sizeof(quick),
                                      .loop = liar_loop,
                                      .read = read_one,
                                      .pump_to = move_all_there_can_be };
  const avow_stream_t from = { &quick, &shorter };
  uint64_t moved = 0;
  const avow_pump_options_t options = { .moved = &moved };
  shorter = "12";
  open_pair(100);

  assert_fulfils_int(avow_pump(from, here(), &options), INT64_MAX);

  assert_notes("much");
  assert_int_equal(moved, INT64_MAX);
  drop_pair();
}

static avow_promise_t *be_idle(void *self) {
  return avow_promise_resolve(loop, avow_none());
}

/* The class has no function after loop(). */
static void smallest_class_can_do_nothing(void **state) {
  const avow_stream_class_t smallest = { .size = offsetof(avow_stream_class_t,
                                                          read),
                                         .loop = liar_loop,
                                         .read = liar_read,
                                         .write = liar_write,
                                         .shutdown = be_idle,
                                         .close = be_idle,
                                         .hangup = be_idle };
  const avow_stream_t stream = { &smallest, buffer };

  assert_rejects(avow_read(stream, 1), UV_ENOTSUP);
  assert_rejects(avow_write(stream, avow_string("x")), UV_ENOTSUP);
  assert_rejects(avow_shutdown(stream), UV_ENOTSUP);
  assert_rejects(avow_hangup(stream), UV_ENOTSUP);
  assert_rejects(avow_close(stream), UV_ENOTSUP);
}

/* A class of an older version, whose struct ends before that field. */
static void class_is_read_no_further_than_its_size(void **state) {
  const avow_stream_class_t older = { .size = offsetof(avow_stream_class_t,
                                                       pump_to),
                                      .loop = liar_loop,
                                      .pump_to = move_by_it };
  const avow_stream_t from = { &older, NULL };
  shorter = "7";
  open_pair(1);

  assert_rejects(avow_pump(from, here(), NULL), UV_ENOTSUP);
  assert_string_equal(shorter, "7");

  drop_pair();
}

SUITE(stream_class) {
  const struct CMUnitTest tests[] = {
    CASE(more_than_was_asked_for_goes_nowhere),
    CASE(no_bytes_are_not_asked_for_again),
    CASE(what_is_no_bytes_is_no_end),
    CASE(other_number_than_was_written_is_no_success),
    CASE(what_is_no_number_is_no_success),
    CASE(what_a_class_cannot_do_is_refused),
    CASE(class_without_loop_or_size_is_misuse),
    CASE(shorter_way_is_taken_where_there_is_one),
    CASE(shorter_way_may_end),
    CASE(shorter_way_moves_no_less_than_nothing),
    CASE(shorter_way_moves_no_more_than_can_be_counted),
    CASE(smallest_class_can_do_nothing),
    CASE(class_is_read_no_further_than_its_size),
  };
  return RUN(tests);
}
