/* SPDX-License-Identifier: MIT */
/*
 * p-event: a promise or a channel of events from an emitter. The emitter
 * belongs to the program, which wraps it with the code in hear() and
 * hear_all().
 */
#include "npm.h"

#define ARGS "an item is one value, which may be a LIST"

enum { LISTENERS = 4, ROOM = 8 };

typedef void (*listen_fn)(void *self, const char *event, avow_value_t v);

/* Calls all listeners. Takes ownership of the value. */
static struct {
  struct {
    listen_fn fn;
    void *self;
  } listeners[LISTENERS];
} emitter;

static void begin(void) {
  memset(&emitter, 0, sizeof(emitter));
}

static void listen_to(listen_fn fn, void *self) {
  for (size_t i = 0; i < LISTENERS; i++)
    if (emitter.listeners[i].fn == NULL) {
      emitter.listeners[i].fn = fn;
      emitter.listeners[i].self = self;
      return;
    }
}

static void unlisten(void *self) {
  for (size_t i = 0; i < LISTENERS; i++)
    if (emitter.listeners[i].self == self)
      emitter.listeners[i].fn = NULL;
}

static size_t count_listeners(void) {
  size_t n = 0;
  for (size_t i = 0; i < LISTENERS; i++)
    n += emitter.listeners[i].fn != NULL;
  return n;
}

static void emit(const char *event, avow_value_t v) {
  for (size_t i = 0; i < LISTENERS; i++)
    if (emitter.listeners[i].fn != NULL)
      emitter.listeners[i].fn(emitter.listeners[i].self, event,
                              avow_value_ref(&v));
  avow_value_unref(v);
}

/* One event. */

typedef bool (*wanted_fn)(const avow_value_t *v);

typedef struct {
  const char *events; /* one letter for each event */
  const char *bad;    /* events that reject */
  wanted_fn wanted;   /* NULL: all */
  avow_deferred_t *d;
} ear_t;

static void ear_close(void *ear) {
  unlisten(ear);
}

static void ear_cancel(void *self) {
  ear_t *ear = self;
  avow_deferred_drop(ear->d);
  ear->d = NULL;
}

static void ear_hear(void *self, const char *event, avow_value_t v) {
  ear_t *ear = self;
  const bool is_bad = strchr(ear->bad, event[0]) != NULL;
  const bool is_ours = is_bad || strchr(ear->events, event[0]) != NULL;
  if (ear->d == NULL || !is_ours ||
      (!is_bad && ear->wanted != NULL && !ear->wanted(&v))) {
    avow_value_unref(v);
    return;
  }
  avow_deferred_t *d = ear->d;
  ear->d = NULL;
  unlisten(ear);
  (void) (is_bad ? avow_reject(d, v) : avow_resolve(d, v)); /* true: pending */
}

static avow_promise_t *listen_once(ear_t *ear) {
  avow_promise_t *p = avow_promise_new(loop, &ear->d);
  avow_on_cancel(ear->d, ear_cancel, ear);
  listen_to(ear_hear, ear);
  return avow_attach(p, ear, ear_close);
}

/* Events that occur later. */

typedef struct {
  const char *event;
  int64_t value;
} later_t;

static avow_value_t emit_later(const avow_value_t *arg, void *data) {
  const later_t *later = data;
  emit(later->event, later->value < 0 ? avow_error((int) later->value)
                                      : avow_int(later->value));
  return avow_none();
}

static void emit_in(uint64_t ms, later_t *later) {
  avow_unref(avow_then(avow_sleep(loop, ms), emit_later, NULL, later));
}

static later_t a = { "a", 7 }, b = { "b", 8 }, bad = { "e", UV_EPROTO };

static void event_fulfills_the_promise(void **state) {
  ear_t ear = { .events = "a", .bad = "e" };
  emit_in(200, &a);

  assert_fulfills_int(listen_once(&ear), 7);

  assert_int_equal(avow_now(loop), 200);
}

static void any_of_several_events_fulfills(void **state) {
  ear_t ear = { .events = "ab", .bad = "e" }, next = ear;
  emit_in(100, &a);
  assert_fulfills_int(listen_once(&ear), 7);
  emit_in(100, &b);
  assert_fulfills_int(listen_once(&next), 8);
}

static void error_event_rejects(void **state) {
  ear_t ear = { .events = "a", .bad = "e" };
  emit_in(200, &bad);

  assert_rejects(listen_once(&ear), UV_EPROTO);
}

static void other_events_may_reject(void **state) {
  ear_t ear = { .events = "a", .bad = "fe" };
  emit_in(200, &bad);

  assert_rejects(listen_once(&ear), UV_EPROTO);
}

static avow_value_t emit_pair(const avow_value_t *arg, void *event) {
  avow_value_t pair[] = { avow_int(7), avow_int(8) };
  emit(event, avow_list(pair, 2));
  return avow_none();
}

static void several_arguments_become_a_list(void **state) {
  ear_t ear = { .events = "a", .bad = "e" };
  avow_unref(avow_then(avow_sleep(loop, 200), emit_pair, NULL, "a"));

  assert_outcome(listen_once(&ear), "is=[7 8]");
}

static void canceling_removes_the_listener(void **state) {
  ear_t ear = { .events = "a", .bad = "e" };
  avow_promise_t *p = listen_once(&ear);
  assert_int_equal(count_listeners(), 1);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(count_listeners(), 0);
}

static void canceling_a_timeout_removes_the_listener(void **state) {
  ear_t ear = { .events = "a", .bad = "e" };
  avow_promise_t *p = avow_timeout(listen_once(&ear), 250);

  avow_cancel(p);

  assert_rejects(p, UV_ECANCELED);
  assert_int_equal(count_listeners(), 0);
}

static void awaited_error_event_rejects(void **state) {
  ear_t ear = { .events = "e", .bad = "" };
  emit_in(200, &bad);

  assert_rejects(listen_once(&ear), UV_EPROTO);
}

static void timeout_rejects_before_a_late_event(void **state) {
  ear_t ear = { .events = "a", .bad = "e" };
  emit_in(200, &a);

  assert_rejects(avow_timeout(listen_once(&ear), 50), UV_ETIMEDOUT);

  assert_int_equal(count_listeners(), 0);
  run();
}

static void event_before_the_timeout_fulfills(void **state) {
  ear_t ear = { .events = "a", .bad = "e" };
  emit_in(200, &a);

  assert_fulfills_int(avow_timeout(listen_once(&ear), 250), 7);
}

static bool is_3_or_more(const avow_value_t *v) {
  return avow_to_int(v) >= 3;
}

static avow_value_t emit_all(const avow_value_t *arg, void *values) {
  for (const int64_t *v = values; *v != 0; v++)
    emit(*v < 0 ? "e" : "a", *v < 0 ? avow_error((int) *v) : avow_int(*v));
  return avow_none();
}

static void emit_all_in(uint64_t ms, int64_t values[]) {
  avow_unref(avow_then(avow_sleep(loop, ms), emit_all, NULL, values));
}

static void filter_selects_the_event(void **state) {
  static int64_t values[] = { 1, 2, 4, 3, 0 };
  ear_t ear = { .events = "a", .bad = "e", .wanted = is_3_or_more };
  emit_all_in(200, values);

  assert_fulfills_int(listen_once(&ear), 4);
}

static void error_rejects_before_a_selected_event(void **state) {
  static int64_t values[] = { 1, 2, UV_EPROTO, 4, 3, 0 };
  ear_t ear = { .events = "a", .bad = "e", .wanted = is_3_or_more };
  emit_all_in(200, values);

  assert_rejects(listen_once(&ear), UV_EPROTO);
}

static avow_value_t abort_it(const avow_value_t *arg, void *unused) {
  return avow_error(UV_EPERM);
}

static void signal_rejects_and_removes_the_listener(void **state) {
  ear_t ear = { .events = "a", .bad = "e" };
  avow_promise_t *stop = avow_then(avow_sleep(loop, 5), abort_it, NULL, NULL);
  emit_in(200, &a);

  assert_rejects(avow_until(listen_once(&ear), stop), UV_EPERM);

  assert_int_equal(count_listeners(), 0);
  run();
  avow_unref(stop);
}

static void settled_signal_rejects_at_once(void **state) {
  ear_t ear = { .events = "a", .bad = "e" };
  avow_promise_t *stop = avow_promise_reject(loop, avow_error(UV_EPERM));

  assert_rejects(avow_until(listen_once(&ear), stop), UV_EPERM);

  assert_int_equal(count_listeners(), 0);
  avow_unref(stop);
}

/* All events, as a channel. */

typedef struct {
  const char *events, *ends;
  avow_channel_t *channel;
} ears_t;

static void ears_hear(void *self, const char *event, avow_value_t v) {
  const ears_t *ears = self;
  if (event[0] == 'e')
    avow_channel_fail(ears->channel, avow_value_ref(&v));
  else if (strchr(ears->ends, event[0]) != NULL)
    avow_channel_end(ears->channel);
  else if (strchr(ears->events, event[0]) != NULL)
    assert_int_equal(avow_channel_try_send(ears->channel, avow_value_ref(&v)),
                     0);
  avow_value_unref(v);
}

static avow_channel_t *listen_to_all(ears_t *ears) {
  ears->channel = avow_channel_new(loop, ROOM);
  listen_to(ears_hear, ears);
  return avow_channel_ref(ears->channel);
}

static void stop_listening(ears_t *ears, avow_channel_t *c) {
  unlisten(ears);
  avow_channel_unref(ears->channel);
  avow_channel_unref(c);
}

static void events_become_items(void **state) {
  ears_t ears = { .events = "a", .ends = "" };
  avow_channel_t *c = listen_to_all(&ears);
  emit_in(50, &a);
  emit_in(100, &b);
  emit_in(150, &a);

  assert_fulfills_int(avow_channel_next(c), 7);
  assert_fulfills_int(avow_channel_next(c), 7);
  assert_int_equal(avow_now(loop), 150);

  stop_listening(&ears, c);
}

static void closed_channel_is_at_its_end(void **state) {
  ears_t ears = { .events = "a", .ends = "" };
  avow_channel_t *c = listen_to_all(&ears);

  avow_channel_close(c);

  assert_fulfills_none(avow_channel_next(c));
  stop_listening(&ears, c);
}

static void several_events_become_items(void **state) {
  ears_t ears = { .events = "ab", .ends = "" };
  avow_channel_t *c = listen_to_all(&ears);
  emit_in(50, &a);
  emit_in(100, &b);

  assert_fulfills_int(avow_channel_next(c), 7);
  assert_fulfills_int(avow_channel_next(c), 8);

  stop_listening(&ears, c);
}

static int64_t one_two_three[] = { 1, 2, 3, 0 };

static void items_are_buffered_until_received(void **state) {
  ears_t ears = { .events = "a", .ends = "" };
  avow_channel_t *c = listen_to_all(&ears);
  avow_value_unref(emit_all(NULL, one_two_three));

  for (int i = 1; i <= 3; i++)
    assert_fulfills_int(avow_channel_next(c), i);

  stop_listening(&ears, c);
}

static void assert_limited(uint64_t ms) {
  ears_t ears = { .events = "a", .ends = "" };
  avow_channel_t *c = avow_channel_take(listen_to_all(&ears), 2);
  emit_all_in(ms, one_two_three);

  assert_fulfills_int(avow_channel_next(c), 1);
  assert_fulfills_int(avow_channel_next(c), 2);
  assert_fulfills_none(avow_channel_next(c));

  stop_listening(&ears, c);
}

static void take_limits_the_number_of_items(void **state) {
  assert_limited(50);
}

static void take_limits_the_number_of_buffered_items(void **state) {
  assert_limited(0);
}

static void take_of_zero_ends_at_once(void **state) {
  ears_t ears = { .events = "a", .ends = "" };
  avow_channel_t *c = avow_channel_take(listen_to_all(&ears), 0);

  assert_fulfills_none(avow_channel_next(c));

  stop_listening(&ears, c);
}

static void error_event_fails_the_channel(void **state) {
  ears_t ears = { .events = "a", .ends = "" };
  avow_channel_t *c = listen_to_all(&ears);
  emit_in(200, &bad);

  assert_rejects(avow_channel_next(c), UV_EPROTO);
  assert_rejects(avow_channel_next(c), UV_EPROTO);

  stop_listening(&ears, c);
}

static avow_value_t is_wanted(const avow_value_t *v, void *unused) {
  return avow_int(is_3_or_more(v));
}

static void assert_ends(bool filters) {
  static later_t end = { "z", 0 };
  ears_t ears = { .events = "a", .ends = "z" };
  avow_channel_t *c = listen_to_all(&ears);
  if (filters)
    c = avow_channel_filter(c, is_wanted, NULL, NULL);
  emit_in(200, &end);

  assert_fulfills_none(avow_channel_next(c));

  stop_listening(&ears, c);
}

static void end_event_ends_the_channel(void **state) {
  assert_ends(false);
}

static void end_event_ends_a_filtered_channel(void **state) {
  assert_ends(true);
}

static void signal_rejects_a_receive(void **state) {
  ears_t ears = { .events = "a", .ends = "" };
  avow_channel_t *c = listen_to_all(&ears);
  avow_promise_t *stop = avow_then(avow_sleep(loop, 201), abort_it, NULL, NULL);
  emit_in(200, &a);

  assert_fulfills_int(avow_until(avow_channel_next(c), stop), 7);
  assert_rejects(avow_until(avow_channel_next(c), stop), UV_EPERM);

  stop_listening(&ears, c);
  avow_unref(stop);
}

static void assert_collects(ears_t *ears, const char *outcome) {
  const avow_map_options_t options = { .concurrency = 1, .collects = true };
  avow_channel_t *c = avow_channel_take(listen_to_all(ears), 3);
  for (int i = 0; i < 4; i++)
    emit(i % 2 == 0 ? "a" : "b", avow_int(i));
  assert_outcome(avow_each(c, NULL, NULL, &options), outcome);
  stop_listening(ears, c);
}

static void several_events_are_collected_in_a_list(void **state) {
  ears_t ears = { .events = "ab", .ends = "" };
  assert_collects(&ears, "is=[0 1 2]");
}

static const npm_case_t cases[] = {
  SAME("event to promise", event_fulfills_the_promise),
  SAME("event to promise with multiple event names",
       any_of_several_events_fulfills),
  SAME("error event rejects the promise", error_event_rejects),
  SAME("`rejectionEvents` option", other_events_may_reject),
  DIFFERS("`multiArgs` option on resolve", several_arguments_become_a_list,
          ARGS),
  UNSAID("`multiArgs` option on reject", "a reason is always an error"),
  SAME("`.cancel()` method", canceling_removes_the_listener),
  SAME("`.cancel()` method with `timeout` option",
       canceling_a_timeout_removes_the_listener),
  UNSAID("error on incompatible emitter", "the compiler checks types"),
  UNSAID("works with DOM events", "there is no DOM in C"),
  DIFFERS("event to promise - error", awaited_error_event_rejects,
          "a promise that is resolved with an error rejects"),
  SAME("`timeout` option rejects when short enough",
       timeout_rejects_before_a_late_event),
  SAME("`timeout` option resolves when long enough",
       event_before_the_timeout_fulfills),
  SAME("filter function to match event", filter_selects_the_event),
  SAME("filter option to match event", filter_selects_the_event),
  SAME("filter option caught with error",
       error_rejects_before_a_selected_event),
  UNSAID("filter option to match event with `multiArgs`", ARGS),
  UNSAID("filter option returned with `multiArgs`", ARGS),
  SAME("AbortSignal rejects when aborted",
       signal_rejects_and_removes_the_listener),
  SAME("AbortSignal that is already aborted rejects immediately",
       settled_signal_rejects_at_once),
  SAME("event to AsyncIterator", events_become_items),
  SAME("event to AsyncIterator implements return",
       closed_channel_is_at_its_end),
  SAME("event to AsyncIterator with multiple event names",
       several_events_become_items),
  SAME("event to AsyncIterator (backpressure)",
       items_are_buffered_until_received),
  SAME("event to AsyncIterator - option limit",
       take_limits_the_number_of_items),
  SAME("event to AsyncIterator (backpressure - limit)",
       take_limits_the_number_of_buffered_items),
  SAME("event to AsyncIterator - option limit = 0", take_of_zero_ends_at_once),
  UNSAID("`limit` option should be a non-negative integer or Infinity",
         "the type is unsigned"),
  DIFFERS("error event rejects the next promise and finishes the iterator",
          error_event_fails_the_channel,
          "a failed channel rejects each receive"),
  SAME("resolve event resolves pending promises and finishes the iterator",
       end_event_ends_the_channel),
  SAME("resolve event resolves pending promises and finishes the iterator - "
       "when filter is set",
       end_event_ends_a_filtered_channel),
  SAME("AsyncIterator - AbortSignal rejects when aborted",
       signal_rejects_a_receive),
  UNSAID("AsyncIterator - AbortSignal that is already aborted rejects "
         "immediately",
         "a cancellation applies to a receive, not to the channel"),
  SAME(".multiple()", several_events_are_collected_in_a_list),
  SAME(".multiple() with an array of event names",
       several_events_are_collected_in_a_list),
  UNSAID(".multiple() - `resolveImmediately` option",
         "a value never changes, so receive items from the channel"),
  UNSAID("`count` option should be a zero or more", "the type is unsigned"),
};

SUITE(p_event) {
  return RUN_NPM("p-event 6.0.1", cases, begin);
}
