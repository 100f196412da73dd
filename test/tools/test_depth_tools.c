/* SPDX-License-Identifier: MIT */
/*
 * Depth of nested tools, and of nested functions in the program that cancel or
 * release the next promise.
 */
#include "deep.h"

/* Returns the tool whose only child is `p`. */
typedef avow_promise_t *(*wrap_fn)(avow_promise_t *p);

static avow_limiter_t *limiter;

static avow_value_t give(void *p) {
  return avow_follow(p);
}

static avow_value_t give_first(size_t i, void *p) {
  return avow_follow(p);
}

static avow_value_t give_for(const avow_value_t *item, void *p) {
  return avow_follow(p);
}

static avow_promise_t *in_group(avow_promise_t *p) {
  avow_group_t *group;
  avow_promise_t *outer = avow_group_new(loop, &group);
  avow_group_add(group, p);
  avow_group_unref(group);
  return outer;
}

static avow_promise_t *in_map(avow_promise_t *p) {
  static const avow_map_options_t options = { .cancels = true };
  return avow_map(loop, 1, give_first, p, &options);
}

static avow_promise_t *in_each(avow_promise_t *p) {
  static const avow_map_options_t options = { .cancels = true };
  avow_channel_t *items = avow_channel_new(loop, 1);
  avow_unref(avow_channel_send(items, avow_int(1)));
  avow_channel_end(items);
  avow_promise_t *outer = avow_each(items, give_for, p, &options);
  avow_channel_unref(items);
  return outer;
}

static avow_promise_t *in_once(avow_promise_t *p) {
  avow_once_t *once = avow_once_new(loop, give, p, NULL);
  avow_promise_t *outer = avow_once_get(once);
  avow_once_unref(once);
  return outer;
}

static avow_promise_t *in_retry(avow_promise_t *p) {
  static const avow_retry_options_t options = { .attempts = 1 };
  return avow_retry(loop, give, p, &options);
}

static avow_promise_t *in_limiter(avow_promise_t *p) {
  return avow_limiter_run(limiter, give, p);
}

static const wrap_fn wraps[] = { in_group, in_map,   in_each,
                                 in_once,  in_retry, in_limiter };

enum { WRAPS = sizeof(wraps) / sizeof(wraps[0]) };

/* Wraps `p` in tools of one kind. Each waits for its child. */
static avow_promise_t *nest(wrap_fn wrap, avow_promise_t *p) {
  limiter = avow_limiter_new(loop, SIZE_MAX);
  for (int i = 0; i < levels; i++)
    p = wrap(p);
  (void) uv_run(loop, UV_RUN_DEFAULT); /* all have begun now */
  return p;
}

/* Returns a promise that counts its cancellation. */
static avow_promise_t *innermost(avow_deferred_t **out) {
  avow_promise_t *p = avow_promise_new(loop, out);
  avow_on_cancel(*out, count_end, NULL);
  count = 0;
  return p;
}

static void clear(avow_deferred_t *d) {
  avow_deferred_drop(d);
  avow_limiter_unref(limiter);
  run_dry();
}

DEEP(nested_tools_settle) {
  for (size_t i = 0; i < WRAPS; i++) {
    avow_deferred_t *d;
    avow_promise_t *p = nest(wraps[i], avow_promise_new(loop, &d));

    (void) avow_resolve(d, avow_none());

    expect_code(p, 0);
    avow_limiter_unref(limiter);
    run_dry();
  }
}

DEEP(cancellation_of_nested_tools_reaches_the_innermost) {
  for (size_t i = 0; i < WRAPS; i++) {
    avow_deferred_t *d;
    avow_promise_t *p = nest(wraps[i], innermost(&d));

    expect_cancels(p);

    clear(d);
  }
}

DEEP(released_nested_tools_are_freed) {
  for (size_t i = 0; i < WRAPS; i++) {
    avow_deferred_t *d;
    avow_promise_t *p = nest(wraps[i], innermost(&d));

    avow_unref(p);

    clear(d);
  }
}

static void closes(wrap_fn wrap) {
  avow_deferred_t *d;
  avow_promise_t *p = nest(wrap, innermost(&d));
  avow_limiter_unref(limiter);

  expect_close_cancels(p, d);

  expect(count == 1, "the innermost heard of it");
}

#define CLOSES(tool)                          \
  DEEP(closing_the_loop_ends_nested_##tool) { \
    closes(in_##tool);                        \
  }

CLOSES(group)
CLOSES(map)
CLOSES(each)
CLOSES(once)
CLOSES(retry)
CLOSES(limiter)

#ifndef AVOW_NO_ASYNC
static avow_value_t cancel_it(void *p) {
  avow_cancel(p);
  return avow_none();
}

DEEP(async_function_cancels_nested_tools) {
  for (size_t i = 0; i < WRAPS; i++) {
    avow_deferred_t *d;
    avow_promise_t *p = nest(wraps[i], innermost(&d));

    expect_code(avow_async(loop, cancel_it, p), 0);

    expect(count == 1, "the innermost heard of it");
    expect_code(p, UV_ECANCELED);
    clear(d);
  }
}
#endif

static void cancel_next(void *next) {
  avow_cancel(next);
  avow_unref(next);
}

DEEP(cancel_callback_cancels_the_next_promise) {
  avow_deferred_t **d = calloc((size_t) levels + 1, sizeof(avow_deferred_t *));
  avow_promise_t *p = innermost(&d[levels]);
  for (int i = 0; i < levels; i++) {
    avow_promise_t *next = p;
    p = avow_promise_new(loop, &d[i]);
    avow_on_cancel(d[i], cancel_next, next);
  }

  avow_cancel(p);

  expect(count == 1, "the last heard of it");
  expect_code(p, UV_ECANCELED);
  for (int i = 0; i <= levels; i++)
    avow_deferred_drop(d[i]);
  free(d);
}

static void unref_value(void *self) {
  avow_value_t *held = self;
  avow_value_unref(*held);
  free(held);
  count++;
}

static void unref_promise(void *p) {
  avow_unref(p);
  count++;
}

static void unref_channel(void *channel) {
  avow_channel_unref(channel);
  count++;
}

static const avow_class_t holds_value = { .name = "holder of a value",
                                          .destroy = unref_value };
static const avow_class_t holds_promise = { .name = "holder of a promise",
                                            .destroy = unref_promise };
static const avow_class_t holds_channel = { .name = "holder of a channel",
                                            .destroy = unref_channel };

static avow_value_t in_list(avow_value_t v) {
  return avow_list(&v, 1);
}

static avow_value_t in_cause(avow_value_t v) {
  return avow_error_new(UV_EIO, v, NULL);
}

static avow_value_t in_object(avow_value_t v) {
  avow_value_t *held = malloc(sizeof(*held));
  *held = v;
  return avow_object(&holds_value, held);
}

static avow_value_t in_promise(avow_value_t v) {
  return avow_object(&holds_promise, avow_promise_resolve(loop, v));
}

static avow_value_t in_channel(avow_value_t v) {
  avow_channel_t *channel = avow_channel_new(loop, 1);
  avow_unref(avow_channel_send(channel, v));
  return avow_object(&holds_channel, channel);
}

DEEP(nested_values_are_freed) {
  avow_value_t (*const holders[])(
      avow_value_t) = { in_list, in_cause, in_object, in_promise, in_channel };
  for (size_t h = 0; h < sizeof(holders) / sizeof(holders[0]); h++) {
    avow_value_t v = in_object(avow_int(1));
    count = 0;
    for (int i = 0; i < levels; i++)
      v = holders[h](v);

    avow_value_unref(v);

    expect(count == 1 || count == levels + 1, "each was let go of");
    run_dry();
  }
}

static avow_channel_t *debounced(avow_channel_t *channel) {
  for (int i = 0; i < levels; i++)
    channel = avow_channel_debounce(channel, 1, AVOW_EDGE_TRAILING);
  return channel;
}

DEEP(chained_debounced_channels_receive_and_are_freed) {
  avow_channel_t *from = avow_channel_new(loop, 0);
  avow_channel_t *channel = debounced(avow_channel_ref(from));

  avow_promise_t *p = avow_channel_next(channel);
  avow_promise_t *sent = avow_channel_send(from, avow_int(1));
  expect(avow_state(sent) == AVOW_FULFILLED, "the first was asked");
  avow_unref(sent);
  avow_cancel(p);
  expect_code(p, UV_ECANCELED);
  avow_channel_unref(channel);

  avow_channel_unref(from);
  run_dry();
}

static avow_value_t pass_on(const avow_value_t *item, void *data) {
  return avow_value_ref(item);
}

static avow_channel_t *staged(avow_channel_t *channel) {
  for (int i = 0; i < levels; i++)
    channel = avow_channel_map(channel, pass_on, NULL, NULL);
  return channel;
}

DEEP(chained_stages_receive_and_are_freed) {
  avow_channel_t *from = avow_channel_new(loop, 0);
  avow_channel_t *channel = staged(avow_channel_ref(from));

  avow_promise_t *p = avow_channel_next(channel);
  avow_promise_t *sent = avow_channel_send(from, avow_int(1));
  expect(avow_state(sent) == AVOW_FULFILLED, "the first was asked");
  avow_unref(sent);
  expect_code(p, 0);
  p = avow_channel_next(channel);
  avow_cancel(p);
  expect_code(p, UV_ECANCELED);
  avow_channel_unref(channel);

  avow_channel_unref(from);
  run_dry();
}

SUITE(depth_tools) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(nested_tools_settle),
    cmocka_unit_test(cancellation_of_nested_tools_reaches_the_innermost),
    cmocka_unit_test(released_nested_tools_are_freed),
    cmocka_unit_test(closing_the_loop_ends_nested_group),
    cmocka_unit_test(closing_the_loop_ends_nested_map),
    cmocka_unit_test(closing_the_loop_ends_nested_each),
    cmocka_unit_test(closing_the_loop_ends_nested_once),
    cmocka_unit_test(closing_the_loop_ends_nested_retry),
    cmocka_unit_test(closing_the_loop_ends_nested_limiter),
#ifndef AVOW_NO_ASYNC
    cmocka_unit_test(async_function_cancels_nested_tools),
#endif
    cmocka_unit_test(cancel_callback_cancels_the_next_promise),
    cmocka_unit_test(nested_values_are_freed),
    cmocka_unit_test(chained_debounced_channels_receive_and_are_freed),
    cmocka_unit_test(chained_stages_receive_and_are_freed),
  };
  return RUN(tests);
}
