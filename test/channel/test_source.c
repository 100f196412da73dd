/* SPDX-License-Identifier: MIT */
/* Sources of channels: when they are resumed, paused and stopped. */
#include "channel/channel.h"

#include "harness.h"

static void assert_next_int(const avow_channel_t *c, int64_t expected) {
  assert_fulfills_int(avow_channel_next(c), expected);
}

/* A source that pushes on demand and notes each call. */
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

static avow__source_t *fake_alloc(void (*resume)(avow__source_t *),
                                  void (*pause)(avow__source_t *)) {
  fake_t *fake = avow__source_new(loop, sizeof(*fake));
  assert_non_null(fake);
  assert_int_equal(uv_idle_init(loop, &fake->handle), 0);
  fake->handle.data = fake;
  fake->source.resume = resume;
  fake->source.pause = pause;
  fake->source.stop = fake_stop;
  return &fake->source;
}

static avow_channel_t *fake_new_with(size_t room,
                                     void (*resume)(avow__source_t *),
                                     void (*pause)(avow__source_t *)) {
  return avow__channel_feed(loop, room, fake_alloc(resume, pause));
}

static avow_channel_t *fake_new(size_t room) {
  return fake_new_with(room, fake_resume, fake_pause);
}

static void source_runs_while_the_channel_has_capacity(void **state) {
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

static void unbuffered_source_runs_while_a_receive_waits(void **state) {
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
  assert_fulfills_int(next, 1);
  avow_channel_unref(c);
}

static void items_pushed_beyond_the_capacity_are_kept(void **state) {
  avow_channel_t *c = fake_new(1);

  for (int64_t i = 0; i < 100; i++)
    (void) avow__channel_push(c, avow_int(i)); /* the test checks the result
                                                  above */

  for (int64_t i = 0; i < 100; i++)
    assert_next_int(c, i);
  assert_notes("resume pause resume");
  avow_channel_unref(c);
}

static void push_without_memory_fails_the_channel(void **state) {
  avow_channel_t *c = fake_new(0);

  fail_allocation(1, true);
  assert_false(avow__channel_push(c, avow_int(1)));
  fail_allocation(0, false);

  assert_notes("stop");
  assert_rejects(avow_channel_next(c), UV_ENOMEM);
  avow_channel_unref(c);
}

static void end_stops_the_source(void **state) {
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
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static avow_value_t begin_cb(const avow_value_t *reason, void *data) {
  avow_channel_t **out = data;
  *out = fake_new(1);
  return avow_none();
}

static void closing_loop_stops_new_sources(void **state) {
  avow_channel_t *c = NULL;
  avow_unref(avow_catch(avow_sleep(loop, 3600000), begin_cb, &c));

  assert_int_equal(avow_loop_close(loop), 0);

  assert_notes("stop");
  avow_promise_t *next = avow_channel_next(c);
  assert_int_equal(avow_result(next)->code, UV_ECANCELED);
  avow_unref(next);
  avow_channel_unref(c);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

/* Channel of another source, which is called after this source's callback
   returns. */
static avow_channel_t *other;

static void receive_and_cancel(avow__source_t *source) {
  note("asks");
  avow_promise_t *p = avow_channel_next(other);
  avow_cancel(p);
  avow_unref(p);
}

static void source_is_not_called_if_its_demand_is_unchanged(void **state) {
  other = fake_new(0);
  avow_channel_t *c = fake_new_with(0, receive_and_cancel, NULL);

  avow_promise_t *p = avow_channel_next(c);

  assert_notes("asks");
  avow_cancel(p);
  avow_unref(p);
  avow_channel_unref(c);
  avow_channel_unref(other);
  assert_notes("stop stop");
}

static void end_channel(avow__source_t *source) {
  avow_channel_end(source->channel);
}

static void source_may_end_its_channel_while_being_paused(void **state) {
  avow_channel_t *c = fake_new_with(1, fake_resume, end_channel);

  assert_false(avow__channel_push(c, avow_int(1)));

  assert_notes("resume stop");
  assert_next_int(c, 1);
  assert_fulfills_none(avow_channel_next(c));
  avow_channel_unref(c);
}

static void send_waits_until_capacity_is_free_again(void **state) {
  avow_channel_t *c = avow_channel_new(loop, 1);
  avow__source_t *source = fake_alloc(fake_resume, fake_pause);
  assert_int_equal(avow__source_attach(c, source), 0);
  for (int64_t i = 0; i < 3; i++)
    (void) avow__channel_push(c, avow_int(i)); /* beyond the capacity */
  avow_promise_t *sent = avow_channel_send(c, avow_int(3));

  assert_next_int(c, 0);
  assert_next_int(c, 1);
  assert_int_equal(avow_state(sent), AVOW_PENDING);
  assert_next_int(c, 2);

  assert_fulfills_none(sent);
  assert_next_int(c, 3);
  assert_notes("resume pause resume");
  avow_channel_unref(c);
}

static void items_pushed_with_capacity_zero_are_kept(void **state) {
  avow_channel_t *c = fake_new(0);

  assert_false(avow__channel_push(c, avow_int(1)));

  assert_notes("");
  assert_next_int(c, 1);
  assert_notes("");
  avow_channel_unref(c);
}

static void channel_with_a_source_refuses_sends(void **state) {
  avow_channel_t *c = fake_new(1);

  assert_says(avow_channel_send(c, avow_string("1")), UV_EALREADY,
              "send: already in progress");
  assert_int_equal(avow_channel_try_send(c, avow_string("1")), UV_EALREADY);
  assert_rejects(avow_channel_send(c, avow_none()), UV_EINVAL);

  (void) avow__channel_push(c, avow_int(2));
  assert_next_int(c, 2);
  avow_channel_end(c);
  assert_rejects(avow_channel_send(c, avow_int(3)), UV_EPIPE);
  assert_int_equal(avow_channel_try_send(c, avow_int(3)), UV_EPIPE);
  avow_channel_unref(c);
}

SUITE(source) {
  const struct CMUnitTest tests[] = {
    CASE(source_runs_while_the_channel_has_capacity),
    CASE(unbuffered_source_runs_while_a_receive_waits),
    CASE(items_pushed_beyond_the_capacity_are_kept),
    CASE(push_without_memory_fails_the_channel),
    CASE(end_stops_the_source),
    CASE(loop_close_stops_sources),
    CASE(closing_loop_stops_new_sources),
    CASE(source_is_not_called_if_its_demand_is_unchanged),
    CASE(source_may_end_its_channel_while_being_paused),
    CASE(send_waits_until_capacity_is_free_again),
    CASE(items_pushed_with_capacity_zero_are_kept),
    CASE(channel_with_a_source_refuses_sends),
  };
  return RUN(tests);
}
