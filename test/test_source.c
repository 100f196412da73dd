/* What feeds a channel: when it is resumed, paused and stopped. */
#include "channel.h"

#include "harness.h"

static void assert_next_int(const avow_channel_t *c, int64_t expected) {
  assert_fulfils_int(avow_channel_next(c), expected);
}

/* A source that pushes when it is told to, and notes what it is told. */
typedef struct {
  avow__source_t source;
  uv_idle_t handle;
} fake_t;

static void fake_resume(avow__source_t *source) {
  note("resume");
}

static void fake_pause(avow__source_t *source) {
  note("pause");
}

static void fake_stop(avow__source_t *source) {
  note("stop");
  avow__source_close(source, (uv_handle_t *) &((fake_t *) source)->handle);
}

static avow_channel_t *fake_new(size_t room) {
  fake_t *fake = avow__source_new(loop, sizeof(*fake));
  assert_non_null(fake);
  assert_int_equal(uv_idle_init(loop, &fake->handle), 0);
  fake->handle.data = fake;
  fake->source.resume = fake_resume;
  fake->source.pause = fake_pause;
  fake->source.stop = fake_stop;
  return avow__channel_feed(loop, room, &fake->source);
}

static void a_source_flows_while_there_is_room(void **state) {
  avow_channel_t *c = fake_new(2);
  assert_notes("resume");

  assert_true(avow__channel_push(c, avow_int(1)));
  assert_notes("");
  assert_false(avow__channel_push(c, avow_int(2)));
  assert_notes("pause");
  assert_next_int(c, 1);
  assert_notes("resume");

  avow_channel_unref(c);
  assert_notes("stop");
}

static void a_source_without_room_flows_while_somebody_waits(void **state) {
  avow_channel_t *c = fake_new(0);
  assert_notes("");

  avow_promise_t *next = avow_channel_next(c);
  assert_notes("resume");
  avow_cancel(next);
  assert_notes("pause");
  assert_rejects(next, UV_ECANCELED);
  next = avow_channel_next(c);
  assert_false(avow__channel_push(c, avow_int(1)));

  assert_notes("resume pause");
  assert_fulfils_int(next, 1);
  avow_channel_unref(c);
}

static void what_is_pushed_beyond_the_room_is_kept(void **state) {
  avow_channel_t *c = fake_new(1);

  for (int64_t i = 0; i < 100; i++)
    (void) avow__channel_push(c, avow_int(i)); /* looked at above */

  for (int64_t i = 0; i < 100; i++)
    assert_next_int(c, i);
  assert_notes("resume pause resume");
  avow_channel_unref(c);
}

static void an_item_that_finds_no_memory_fails_the_channel(void **state) {
  avow_channel_t *c = fake_new(0);

  fail_allocation(1, true);
  assert_false(avow__channel_push(c, avow_int(1)));
  fail_allocation(0, false);

  assert_notes("stop");
  assert_rejects(avow_channel_next(c), UV_ENOMEM);
  avow_channel_unref(c);
}

static void the_end_stops_a_source(void **state) {
  avow_channel_t *c = fake_new(1);

  avow_channel_end(c);

  assert_notes("resume stop");
  avow_channel_unref(c);
}

static void loop_close_stops_sources(void **state) {
  avow_channel_t *c = fake_new(1);

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("resume stop");
  avow_channel_unref(c);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

static avow_value_t begin_cb(const avow_value_t *reason, void *data) {
  avow_channel_t **out = data;
  *out = fake_new(1);
  return avow_none();
}

static void a_loop_that_closes_gives_no_more_sources(void **state) {
  avow_channel_t *c = NULL;
  avow_unref(avow_catch(avow_sleep(loop, 1000), begin_cb, &c));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("stop");
  avow_promise_t *next = avow_channel_next(c);
  assert_int_equal(avow_result(next)->code, UV_ECANCELED);
  avow_unref(next);
  avow_channel_unref(c);
  assert_int_equal(avow_loop_init(loop, NULL), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    CASE(a_source_flows_while_there_is_room),
    CASE(a_source_without_room_flows_while_somebody_waits),
    CASE(what_is_pushed_beyond_the_room_is_kept),
    CASE(an_item_that_finds_no_memory_fails_the_channel),
    CASE(the_end_stops_a_source),
    CASE(loop_close_stops_sources),
    CASE(a_loop_that_closes_gives_no_more_sources),
  };
  return RUN(tests);
}
