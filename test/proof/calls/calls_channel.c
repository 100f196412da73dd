/* SPDX-License-Identifier: MIT */
/* Calls for channels: both ends, stages and senders. */
#include "pool.h"

static uv_loop_t *loop(void) {
  return &program.loop;
}

static avow_map_options_t map_options(void) {
  return (avow_map_options_t){ .concurrency = any(4),
                               .kind = (avow_gather_kind_t) any(2),
                               .cancels = any(2) > 0,
                               .collects = any(2) > 0,
                               .unordered = any(2) > 0 };
}

static void new_channel(void) {
  put(CHANNELS, avow_channel_new(loop(), any(4)));
}

static void next(void) {
  avow_channel_t *c = take_channel();
  put(PROMISES, avow_channel_next(c));
  put(CHANNELS, c);
}

static void send_item(void) {
  avow_channel_t *c = take_channel();
  put(PROMISES, avow_channel_send(c, any_value()));
  put(CHANNELS, c);
}

static void try_next(void) {
  avow_value_t v = avow_none();
  avow_channel_t *c = take_channel();
  const int err = avow_channel_try_next(c, &v);
  if (err == 0 && v.tag != AVOW_PROMISE && v.tag != AVOW_THENABLE)
    put_value(v);
  else
    avow_value_unref(v);
  put(CHANNELS, c);
}

static void try_send(void) {
  avow_channel_t *c = take_channel();
  const avow_value_t v = any_item();
  if (avow_channel_try_send(c, v) == UV_EAGAIN)
    avow_value_unref(v);
  put(CHANNELS, c);
}

static void end(void) {
  avow_channel_t *c = take_channel();
  switch (any(4)) {
  case 0:
    avow_channel_end(c);
    break;
  case 1:
    avow_channel_fail(c, any_error());
    break;
  case 2:
    avow_channel_close(c);
    break;
  default:
    break;
  }
  avow_channel_unref(c);
}

static void first(void) {
  put(PROMISES, avow_channel_first(take_channel()));
}

static void map_stage(void) {
  const avow_map_options_t o = map_options();
  const avow_map_options_t *options = any(2) > 0 ? &o : NULL;
  put(CHANNELS, avow_channel_map(take_channel(), handler, NULL, options));
}

static avow_value_t passes(const avow_value_t *item, void *data) {
  some_calls(3);
  return any(6) > 0 ? avow_int(any(2)) : any_error();
}

static void filter(void) {
  const avow_map_options_t o = map_options();
  put(CHANNELS, avow_channel_filter(take_channel(), passes, NULL, &o));
}

static void take_some(void) {
  const size_t n = any_size();
  put(CHANNELS, avow_channel_take(take_channel(), n));
}

static void batch(void) {
  const size_t n = any_size() % 1000;
  const uint64_t ms = any_ms();
  put(CHANNELS, avow_channel_batch(take_channel(), n, ms));
}

static void merge(void) {
  avow_channel_t *channels[4];
  const unsigned n = any(5);
  for (unsigned i = 0; i < n; i++)
    channels[i] = take_channel();
  put(CHANNELS, avow_channel_merge(loop(), channels, n));
}

static void throttle(void) {
  const uint64_t ms = any_ms();
  const unsigned edges = 1 + any(3);
  put(CHANNELS, avow_channel_throttle(take_channel(), ms, edges));
}

static void debounce(void) {
  const uint64_t ms = any_ms();
  const unsigned edges = 1 + any(3);
  put(CHANNELS, avow_channel_debounce(take_channel(), ms, edges));
}

static void ticks(void) {
  put(CHANNELS, avow_ticks(loop(), 1 + any(3)));
}

static void each(void) {
  const avow_map_options_t o = map_options();
  const avow_map_options_t *options = any(2) > 0 ? &o : NULL;
  avow_channel_t *c = take_channel();
  put(PROMISES, avow_each(c, any(4) > 0 ? handler : NULL, NULL, options));
  put(CHANNELS, c);
}

static avow_value_t mapped(size_t i, void *data) {
  return step(data);
}

static void map(void) {
  const avow_map_options_t o = map_options();
  const avow_map_options_t *options = any(2) > 0 ? &o : NULL;
  put(PROMISES, avow_map(loop(), any(7), mapped, NULL, options));
}

enum { CASES = 4 };

static avow_case_t any_case(avow_channel_t **channel, avow_promise_t **p) {
  if (any(3) == 0) {
    *p = take_promise();
    return avow_case_settled(*p);
  }
  *channel = take_channel();
  return any(2) > 0 ? avow_case_next(*channel)
                    : avow_case_send(*channel, any_item());
}

static void choose(void) {
  avow_case_t cases[CASES];
  avow_channel_t *channels[CASES] = { NULL };
  avow_promise_t *promises[CASES] = { NULL };
  const unsigned n = 1 + any(CASES);
  for (unsigned i = 0; i < n; i++)
    cases[i] = any_case(&channels[i], &promises[i]);
  put(PROMISES, avow_select(cases, n));
  for (unsigned i = 0; i < n; i++) {
    if (promises[i] != NULL)
      put(PROMISES, promises[i]);
    avow_channel_unref(channels[i]);
  }
}

static void new_sender(void) {
  avow_channel_t *c = take_channel();
  put(SENDERS, avow_sender_new(c, program.closing ? 0 : any(4)));
  put(CHANNELS, c);
}

static void send_by_sender(void) {
  avow_sender_t *s = take(SENDERS);
  if (s == NULL)
    return;
  const avow_value_t v = any_item();
  const unsigned how = any(4);
  if (how < 2)
    put(PROMISES, avow_sender_send(s, v));
  else if (how == 2)
    (void) avow_sender_replace(s, v);
  else if (avow_sender_try_send(s, v) == UV_EAGAIN)
    avow_value_unref(v);
  if (any(3) > 0)
    put(SENDERS, s);
  else
    avow_sender_unref(s);
}

static void new_broadcast(void) {
  const avow_broadcast_options_t o = { .drops = any(2) > 0 };
  const avow_broadcast_options_t *options = any(2) > 0 ? &o : NULL;
  put(BROADCASTS, avow_broadcast_new(loop(), 1 + any(4), options));
}

static void use_broadcast(void) {
  avow_broadcast_t *b = take(BROADCASTS);
  if (b == NULL)
    return;
  if (any(2) > 0)
    put(PROMISES, avow_broadcast_send(b, any_value()));
  else
    put(CHANNELS, avow_broadcast_subscribe(b));
  (void) avow_broadcast_subscribers(b);
  if (any(4) > 0)
    put(BROADCASTS, b);
  else
    avow_broadcast_unref(b);
}

static void new_watch(void) {
  put(WATCHES, avow_watch_new(loop(), any_item()));
}

static void use_watch(void) {
  avow_watch_t *w = take(WATCHES);
  if (w == NULL)
    return;
  if (any(2) > 0)
    avow_watch_set(w, any_item());
  else
    put(CHANNELS, avow_watch_subscribe(w));
  put_value(avow_value_ref(avow_watch_value(w)));
  if (any(4) > 0)
    put(WATCHES, w);
  else
    avow_watch_unref(w);
}

static const call_t calls[] = {
  new_channel, next,           next,          send_item,     send_item,
  try_next,    try_send,       end,           first,         map_stage,
  filter,      take_some,      batch,         merge,         throttle,
  debounce,    ticks,          each,          map,           choose,
  new_sender,  send_by_sender, new_broadcast, use_broadcast, new_watch,
  use_watch,
};

const calls_t channel_calls = { calls, sizeof(calls) / sizeof(calls[0]) };
