/* SPDX-License-Identifier: MIT */
/* Cancelable operations on other promises. */
#include "avow/closure.h"
#include "subjects.h"

/* Settles the promise that the subject waits for. NULL before the subject
   begins and after it settles. */
static avow_deferred_t *deferred;

static avow_promise_t *pending(void) {
  return avow_promise_new(loop, &deferred);
}

static avow_value_t follow_fn(void *data) {
  return avow_follow(pending());
}

static avow_value_t follow_cb(const avow_value_t *arg, void *data) {
  return avow_follow(pending());
}

static avow_value_t follow_item(size_t i, void *data) {
  return avow_follow(pending());
}

static void resolve(void) {
  if (deferred != NULL)
    (void) avow_resolve(deferred, avow_string("an answer")); /* or canceled */
  deferred = NULL;
}

/* Operations that call back from a job begin after an iteration. */
static void turn_and_resolve(void) {
  (void) uv_run(loop, UV_RUN_NOWAIT); /* the result does not matter */
  resolve();
}

static avow_promise_t *timeout(void) {
  return avow_timeout(pending(), 1 << 20);
}

static avow_promise_t *deadline(void) {
  return avow_deadline(pending(), avow_now(loop) + (1 << 20));
}

static avow_promise_t *shield(void) {
  return avow_shield(pending());
}

static avow_deferred_t *never;
static avow_promise_t *stop;

static void make_stop(void) {
  stop = avow_promise_new(loop, &never);
}

static void end_stop(void) {
  avow_deferred_drop(never);
  avow_unref(stop);
}

static avow_promise_t *until(void) {
  return avow_until(pending(), stop);
}

static avow_group_t *group;

static avow_promise_t *group_of_one(void) {
  avow_promise_t *p = avow_group_new(loop, &group);
  avow_group_add(group, pending());
  avow_group_unref(group);
  return p;
}

static avow_limiter_t *limiter;
static avow_value_t permit;

static void make_limiter(void) {
  limiter = avow_limiter_new(loop, 1);
}

static void take_permit(void) {
  make_limiter();
  permit = made(avow_limiter_acquire(limiter));
}

static void give_permit(void) {
  discard(&permit);
}

static void end_limiter(void) {
  avow_limiter_unref(limiter);
}

static avow_promise_t *limiter_run(void) {
  return avow_limiter_run(limiter, follow_fn, NULL);
}

static avow_promise_t *limiter_acquire(void) {
  return avow_limiter_acquire(limiter);
}

static avow_promise_t *limiter_acquire_many(void) {
  return avow_limiter_acquire_many(limiter, 1);
}

static avow_promise_t *limiter_idle(void) {
  return avow_limiter_idle(limiter);
}

static avow_rate_t *rate;

static void spend_rate(void) {
  use_clock(AVOW_CLOCK_BY_ITSELF);
  rate = avow_rate_new(loop, 1, 5, NULL);
  (void) avow_rate_try(rate, 1); /* the rate was full, or out of memory */
}

static void end_rate(void) {
  avow_rate_unref(rate);
}

static avow_promise_t *rate_acquire(void) {
  return avow_rate_acquire(rate, 1);
}

static avow_promise_t *map(void) {
  return avow_map(loop, 1, follow_item, NULL, NULL);
}

static avow_channel_t *items;

static void make_items(void) {
  items = avow_channel_new(loop, 1);
  avow_unref(avow_channel_send(items, avow_int(1)));
  avow_channel_end(items);
}

static void end_items(void) {
  avow_channel_unref(items);
}

static avow_promise_t *each(void) {
  return avow_each(items, follow_cb, NULL, NULL);
}

static avow_promise_t *map_channel(void) {
  return avow_each(items, follow_cb, NULL,
                   &(avow_map_options_t){ .collects = true });
}

static avow_sender_t *sender;

static void make_sender(void) {
  items = avow_channel_new(loop, 0);
  sender = avow_sender_new(items, 0);
}

static avow_promise_t *sender_send(void) {
  return avow_sender_send(sender, avow_int(1));
}

static void take_item(void) {
  avow_unref(avow_channel_next(items));
}

static void end_sender(void) {
  avow_sender_unref(sender);
  end_items();
}

static avow_broadcast_t *broadcast;

static void make_broadcast(void) {
  broadcast = avow_broadcast_new(loop, 1, NULL);
  items = avow_broadcast_subscribe(broadcast);
}

static void fill_broadcast(void) {
  make_broadcast();
  avow_unref(avow_broadcast_send(broadcast, avow_int(1)));
}

static avow_promise_t *broadcast_send(void) {
  return avow_broadcast_send(broadcast, avow_int(2));
}

static avow_promise_t *broadcast_subscribe(void) {
  return avow_channel_next(items);
}

static void send_to_all(void) {
  avow_unref(avow_broadcast_send(broadcast, avow_int(1)));
}

static void end_broadcast(void) {
  avow_broadcast_unref(broadcast);
  end_items();
}

static avow_watch_t *watch;

static void make_watch(void) {
  watch = avow_watch_new(loop, avow_none());
  items = avow_watch_subscribe(watch);
}

static avow_promise_t *watch_subscribe(void) {
  return avow_channel_next(items);
}

static void set_watch(void) {
  avow_watch_set(watch, avow_int(1));
}

static void end_watch(void) {
  avow_watch_unref(watch);
  end_items();
}

static avow_channel_t *outcomes_made;

static avow_promise_t *outcomes(void) {
  avow_promise_t *p = pending();
  outcomes_made = avow_outcomes(loop, &p, 1);
  return avow_channel_next(outcomes_made);
}

static avow_promise_t *outcomes_new(void) {
  avow_gather_t *g;
  outcomes_made = avow_outcomes_new(loop, &g);
  avow_gather_add(g, pending());
  avow_gather_unref(g);
  return avow_channel_next(outcomes_made);
}

static void end_outcomes(void) {
  avow_channel_unref(outcomes_made);
}

static avow_once_t *once;

static void make_once(void) {
  once = avow_once_new(loop, follow_fn, NULL, NULL);
}

static void end_once(void) {
  avow_once_unref(once);
}

static avow_promise_t *once_get(void) {
  return avow_once_get(once);
}

static avow_cache_t *cache;

static void make_cache(void) {
  const avow_cache_options_t options = { .ttl = 1000 };
  cache = avow_cache_new(loop, follow_cb, NULL, NULL, &options);
}

static void end_cache(void) {
  avow_cache_unref(cache);
}

static avow_promise_t *cache_get(void) {
  return avow_cache_get(cache, avow_int(1));
}

static avow_promise_t *cache_refresh(void) {
  return avow_cache_refresh(cache, avow_string("a key"));
}

static avow_promise_t *retry(void) {
  return avow_retry(loop, follow_fn, NULL, NULL);
}

static avow_frame_t frame;

static avow_value_t step(const avow_value_t *got, void *data) {
  AVOW_BEGIN(&frame);
  AVOW_AWAIT(&frame, pending());
  return avow_value_ref(got);
  AVOW_END;
}

static avow_promise_t *stackless(void) {
  frame = (avow_frame_t){ .line = 0 };
  return avow_stackless(loop, step, &frame);
}

static avow_value_t owned_step(const avow_value_t *got, void *data) {
  return got != NULL ? step(got, data) : avow_none();
}

static avow_promise_t *coroutine(void) {
  avow_promise_t *p = avow_coroutine_new(loop, owned_step, &frame);
  (void) avow_coroutine_start(p); /* it is false if rejected */
  return p;
}

static avow_value_t pass_on(const avow_value_t *got, void *data) {
  return got != NULL ? avow_value_ref(got) : avow_none();
}

static avow_promise_t *closure(void) {
  return avow_then_closure(pending(), pass_on, NULL);
}

#ifndef AVOW_NO_ASYNC

static avow_value_t await_fn(void *data) {
  return avow_await(pending());
}

static avow_promise_t *async(void) {
  return avow_async(loop, await_fn, NULL);
}

/* State of C++ exceptions, with none in flight. */

static void *globals(void) {
  static void *none[3];
  return none;
}

static avow_value_t call_it(avow_fn fn, void *data) {
  return fn(data);
}

static avow_promise_t *async_throwing(void) {
  static const avow_exceptions_t with = { .globals = globals, .call = call_it };
  return avow_async_throwing(loop, await_fn, NULL, &with);
}

#endif

static const subject_t subjects[] = {
#ifndef AVOW_NO_ASYNC
  { "avow_async", WHEN_TOLD, UNWINDS, async, .complete = resolve },
  { "avow_async_throwing", WHEN_TOLD, UNWINDS, async_throwing,
    .complete = resolve },
#endif
  { "avow_stackless", WHEN_TOLD, UNWINDS, stackless, .complete = resolve },
  { "avow_coroutine_new", WHEN_TOLD, UNWINDS, coroutine, .complete = resolve },
  { "avow_then_closure", WHEN_TOLD, UNWINDS, closure, .complete = resolve },
  { "avow_timeout", WHEN_TOLD, AT_ONCE, timeout, .complete = resolve },
  { "avow_deadline", WHEN_TOLD, AT_ONCE, deadline, .complete = resolve },
  { "avow_shield", WHEN_TOLD, NEVER, shield, .complete = resolve },
  { "avow_until", WHEN_TOLD, AT_ONCE, until, resolve, .set = make_stop,
    .strike = end_stop },
  { "avow_group_new", WHEN_TOLD, UNWINDS, group_of_one, .complete = resolve },
  { "avow_limiter_run", WHEN_TOLD, UNWINDS, limiter_run, turn_and_resolve,
    .set = make_limiter, .strike = end_limiter },
  { "avow_limiter_acquire", WHEN_TOLD, AT_ONCE, limiter_acquire, give_permit,
    .set = take_permit, .strike = end_limiter },
  { "avow_limiter_acquire_many", WHEN_TOLD, AT_ONCE, limiter_acquire_many,
    give_permit, .set = take_permit, .strike = end_limiter },
  { "avow_limiter_idle", WHEN_TOLD, AT_ONCE, limiter_idle, give_permit,
    .set = take_permit, .strike = end_limiter },
  { "avow_rate_acquire", BY_ITSELF, AT_ONCE, rate_acquire, .set = spend_rate,
    .strike = end_rate },
  { "avow_map", WHEN_TOLD, UNWINDS, map, .complete = turn_and_resolve },
  { "avow_each", WHEN_TOLD, UNWINDS, each, turn_and_resolve, .set = make_items,
    .strike = end_items },
  { "avow_each that collects", WHEN_TOLD, UNWINDS, map_channel,
    turn_and_resolve, .set = make_items, .strike = end_items },
  { "avow_sender_send", WHEN_TOLD, AT_ONCE, sender_send, take_item,
    .set = make_sender, .strike = end_sender },
  { "avow_broadcast_send", WHEN_TOLD, AT_ONCE, broadcast_send, take_item,
    .set = fill_broadcast, .strike = end_broadcast },
  { "avow_broadcast_subscribe", WHEN_TOLD, AT_ONCE, broadcast_subscribe,
    send_to_all, .set = make_broadcast, .strike = end_broadcast },
  { "avow_watch_subscribe", WHEN_TOLD, AT_ONCE, watch_subscribe, set_watch,
    .set = make_watch, .strike = end_watch },
  { "avow_outcomes", WHEN_TOLD, AT_ONCE, outcomes, resolve,
    .strike = end_outcomes },
  { "avow_outcomes_new", WHEN_TOLD, AT_ONCE, outcomes_new, resolve,
    .strike = end_outcomes },
  { "avow_once_get", WHEN_TOLD, AT_ONCE, once_get, turn_and_resolve,
    .set = make_once, .strike = end_once },
  { "avow_cache_get", WHEN_TOLD, AT_ONCE, cache_get, turn_and_resolve,
    .set = make_cache, .strike = end_cache },
  { "avow_cache_refresh", WHEN_TOLD, AT_ONCE, cache_refresh, turn_and_resolve,
    .set = make_cache, .strike = end_cache },
  { "avow_retry", WHEN_TOLD, AT_ONCE, retry, .complete = turn_and_resolve },
};

const subjects_t tool_subjects = SUBJECTS(subjects);
