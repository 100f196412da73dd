/* SPDX-License-Identifier: MIT */
/*
 * Handlers that start new work while avow_loop_close() runs them: with every
 * kind of channel, used in every way, and with every tool. The loop must still
 * end.
 */
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "disk.h"

enum { LONG = 100000 };

static avow_value_t pass(const avow_value_t *arg, void *data) {
  return avow_value_ref(arg);
}

static avow_value_t forgive(const avow_value_t *error, void *data) {
  return avow_none();
}

/* Channels. */

static int ends[2]; /* sockets */
static uv_tcp_t tcp;
static uv_udp_t udp;

static avow_channel_t *channel(void) {
  return avow_channel_new(loop, 1);
}

static avow_channel_t *ticks(void) {
  return avow_ticks(loop, 1);
}

static avow_channel_t *map(void) {
  return avow_channel_map(ticks(), pass, NULL, NULL);
}

static avow_channel_t *filter(void) {
  return avow_channel_filter(ticks(), pass, NULL, NULL);
}

static avow_channel_t *take(void) {
  return avow_channel_take(channel(), 1);
}

static avow_channel_t *batch(void) {
  return avow_channel_batch(channel(), 2, 5);
}

static avow_channel_t *throttle(void) {
  return avow_channel_throttle(channel(), 1, AVOW_EDGE_LEADING);
}

static avow_channel_t *debounce(void) {
  return avow_channel_debounce(channel(), 1, AVOW_EDGE_TRAILING);
}

static avow_channel_t *merge(void) {
  avow_channel_t *both[] = { ticks(), channel() };
  return avow_channel_merge(loop, both, 2);
}

static avow_channel_t *outcomes(void) {
  avow_promise_t *ps[] = { avow_sleep(loop, LONG) };
  return avow_outcomes(loop, ps, 1);
}

static avow_channel_t *outcomes_new(void) {
  avow_gather_t *g;
  avow_channel_t *c = avow_outcomes_new(loop, &g);
  avow_gather_add(g, avow_sleep(loop, LONG));
  avow_gather_unref(g);
  return c;
}

static avow_channel_t *thread_safe(void) {
  avow_channel_t *c = channel();
  avow_sender_unref(avow_sender_new(c, 1));
  return c;
}

static avow_channel_t *sender(void) {
  avow_channel_t *c = channel();
  avow_sender_t *s = avow_sender_new(c, 0);
  avow_unref(avow_catch(avow_sender_send(s, avow_int(1)), forgive, NULL));
  avow_sender_unref(s);
  return c;
}

static avow_channel_t *broadcast(void) {
  avow_broadcast_t *b = avow_broadcast_new(loop, 1, NULL);
  avow_channel_t *c = avow_broadcast_subscribe(b);
  avow_unref(avow_catch(avow_broadcast_send(b, avow_int(1)), forgive, NULL));
  avow_broadcast_unref(b);
  return c;
}

static avow_channel_t *watch(void) {
  avow_watch_t *w = avow_watch_new(loop, avow_int(1));
  avow_channel_t *c = avow_watch_subscribe(w);
  avow_watch_set(w, avow_int(2));
  avow_watch_unref(w);
  return c;
}

static avow_channel_t *signals(void) {
  return avow_signals(loop, SIGURG);
}

static avow_channel_t *polls(void) {
  return avow_polls(loop, ends[0], UV_READABLE);
}

static avow_channel_t *fs_events(void) {
  return avow_fs_events(loop, at(""), 0);
}

static avow_channel_t *fs_polls(void) {
  return avow_fs_polls(loop, at("missing"), 1);
}

static avow_channel_t *tree_entries(void) {
  return avow_tree_entries(loop, at(""));
}

static avow_channel_t *chunks(void) {
  return avow_chunks(avow_uv_stream((uv_stream_t *) &tcp), 100, 1);
}

static avow_channel_t *connections(void) {
  return avow_connections((uv_stream_t *) &tcp, NULL);
}

static avow_channel_t *datagrams(void) {
  return avow_datagrams(&udp, 1);
}

static avow_channel_t *(*const channels[])(void) = {
  channel,      ticks,       map,       filter,   take,         batch,
  throttle,     debounce,    merge,     outcomes, thread_safe,  sender,
  outcomes_new, broadcast,   watch,     signals,  polls,        fs_events,
  fs_polls,     connections, datagrams, chunks,   tree_entries,
};

enum { CHANNELS = sizeof(channels) / sizeof(channels[0]) };

/* Uses a promise or a channel, and takes ownership of it. */

static avow_promise_t *done_with(avow_promise_t *p, avow_channel_t *c) {
  avow_channel_unref(c);
  return p;
}

static avow_promise_t *by_each(avow_channel_t *c) {
  return done_with(avow_each(c, pass, NULL, NULL), c);
}

static avow_promise_t *by_collecting(avow_channel_t *c) {
  const avow_map_options_t options = { .collects = true };
  return done_with(avow_each(c, NULL, NULL, &options), c);
}

static avow_promise_t *by_next(avow_channel_t *c) {
  return done_with(avow_channel_next(c), c);
}

static avow_promise_t *by_first(avow_channel_t *c) {
  return avow_channel_first(c);
}

static avow_promise_t *by_trying(avow_channel_t *c) {
  avow_value_t item;
  if (avow_channel_try_next(c, &item) == 0)
    avow_value_unref(item);
  return by_each(c);
}

static avow_promise_t *by_select(avow_channel_t *c) {
  const avow_case_t cases[] = { avow_case_next(c) };
  return done_with(avow_select(cases, 1), c);
}

static avow_promise_t *by_map(avow_channel_t *c) {
  const avow_map_options_t ahead = { .concurrency = 2 };
  return by_each(avow_channel_map(c, pass, NULL, &ahead));
}

static avow_promise_t *by_filter(avow_channel_t *c) {
  return by_each(avow_channel_filter(c, pass, NULL, NULL));
}

static avow_promise_t *by_take(avow_channel_t *c) {
  return by_each(avow_channel_take(c, 3));
}

static avow_promise_t *by_batch(avow_channel_t *c) {
  return by_each(avow_channel_batch(c, 2, 1));
}

static avow_promise_t *by_throttle(avow_channel_t *c) {
  return by_each(avow_channel_throttle(c, 1, AVOW_EDGE_LEADING));
}

static avow_promise_t *by_debounce(avow_channel_t *c) {
  return by_each(avow_channel_debounce(c, 1, AVOW_EDGE_TRAILING));
}

static avow_promise_t *by_merge(avow_channel_t *c) {
  avow_channel_t *both[] = { c, channel() };
  return by_each(avow_channel_merge(loop, both, 2));
}

static avow_promise_t *(*const uses[])(avow_channel_t *c) = {
  by_each,     by_collecting, by_next,  by_first,  by_trying,
  by_select,   by_map,        by_take,  by_filter, by_throttle,
  by_debounce, by_batch,      by_merge,
};

enum { USES = sizeof(uses) / sizeof(uses[0]) };

/* Tools. */

static avow_value_t sleep_fn(void *data) {
  return avow_follow(avow_sleep(loop, LONG));
}

static avow_value_t sleep_cb(const avow_value_t *arg, void *data) {
  return sleep_fn(data);
}

static avow_value_t sleep_at(size_t i, void *data) {
  return sleep_fn(data);
}

static avow_promise_t *in_group(void) {
  avow_group_t *g;
  avow_promise_t *p = avow_group_new(loop, &g);
  avow_group_add(g, avow_sleep(loop, LONG));
  avow_group_unref(g);
  return p;
}

static avow_promise_t *in_limiter(void) {
  avow_limiter_t *limiter = avow_limiter_new(loop, 1);
  avow_unref(
      avow_catch(avow_limiter_run(limiter, sleep_fn, NULL), forgive, NULL));
  avow_promise_t *p = avow_limiter_acquire(limiter);
  avow_limiter_unref(limiter);
  return p;
}

static avow_promise_t *in_rate(void) {
  avow_rate_t *rate = avow_rate_new(loop, 1, LONG, NULL);
  (void) avow_rate_try(rate, 1); /* it may fail */
  avow_promise_t *p = avow_rate_acquire(rate, 1);
  avow_rate_unref(rate);
  return p;
}

static avow_promise_t *in_once(void) {
  avow_once_t *once = avow_once_new(loop, sleep_fn, NULL, NULL);
  avow_promise_t *p = avow_once_get(once);
  avow_once_unref(once);
  return p;
}

static avow_promise_t *in_cache(void) {
  const avow_cache_options_t options = { .ttl = LONG };
  avow_cache_t *cache = avow_cache_new(loop, sleep_cb, NULL, NULL, &options);
  avow_promise_t *p = avow_cache_get(cache, avow_int(1));
  avow_cache_unref(cache);
  return p;
}

static avow_promise_t *in_map(void) {
  return avow_map(loop, 3, sleep_at, NULL, NULL);
}

static avow_value_t fail_now(void *data) {
  return avow_error(UV_EIO);
}

static avow_promise_t *in_retry(void) {
  return avow_retry(loop, fail_now, NULL, NULL);
}

static avow_promise_t *in_repeat(void) {
  return avow_repeat(loop, sleep_fn, NULL);
}

static avow_promise_t *in_timeout(void) {
  return avow_timeout(avow_sleep(loop, LONG), LONG);
}

static avow_promise_t *in_race(void) {
  avow_promise_t *ps[] = { avow_sleep(loop, LONG), in_group() };
  return avow_join_losers(avow_race(loop, ps, 2));
}

static avow_promise_t *in_shield(void) {
  return avow_shield(avow_sleep(loop, 1));
}

static avow_promise_t *in_remote(void) {
  avow_remote_t *remote;
  avow_promise_t *p = avow_remote_new(loop, &remote);
  (void) avow_remote_resolve(remote, avow_int(1)); /* it may fail */
  return p;
}

static avow_value_t nothing(void *data) {
  return avow_none();
}

static void post(void *data) {
}

static avow_promise_t *in_mailbox(void) {
  avow_mailbox_t *mailbox = avow_mailbox_new(loop);
  (void) avow_post(mailbox, post, NULL, NULL); /* it may fail */
  avow_mailbox_unref(mailbox);
  return avow_next_iteration(loop);
}

static avow_promise_t *in_pool(void) {
  return avow_work(loop, nothing, NULL, NULL);
}

static avow_promise_t *in_file(void) {
  return avow_read_file(loop, at("missing"), 100);
}

#ifndef AVOW_NO_ASYNC
static avow_value_t await_twice(void *data) {
  avow_value_unref(avow_await(avow_sleep(loop, LONG)));
  return avow_await(avow_sleep(loop, LONG));
}

static avow_promise_t *in_async(void) {
  return avow_async(loop, await_twice, NULL);
}
#endif

static avow_promise_t *(*const tools[])(void) = {
  in_group,  in_limiter, in_rate,    in_once, in_cache,
  in_map,    in_retry,   in_repeat,  in_race, in_shield,
  in_remote, in_mailbox, in_timeout, in_pool, in_file,
#ifndef AVOW_NO_ASYNC
  in_async,
#endif
};

enum { TOOLS = sizeof(tools) / sizeof(tools[0]) };

/* Handlers that clean up. */

typedef struct {
  avow_channel_t *(*make)(void);
  avow_promise_t *(*use)(avow_channel_t *c);
  avow_promise_t *(*tool)(void);
  bool goes_on;
} late_t;

static avow_promise_t *begin(const late_t *late) {
  return late->tool != NULL ? late->tool() : late->use(late->make());
}

static avow_value_t clean_up(void *data) {
  return avow_follow(begin(data));
}

/* Begins again, after an error too. */
static avow_value_t begin_again(const avow_value_t *arg, void *data) {
  avow_promise_t *p = begin(data);
  return avow_follow(avow_then(p, begin_again, begin_again, data));
}

static void open_handles(void) {
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  assert_int_equal(uv_tcp_init(loop, &tcp), 0);
  assert_int_equal(uv_udp_init(loop, &udp), 0);
}

static void close_handles(void) {
  uv_close((uv_handle_t *) &tcp, NULL);
  uv_close((uv_handle_t *) &udp, NULL);
  run();
  (void) close(ends[0]);
  (void) close(ends[1]);
}

static void assert_closes_with(late_t late) {
  open_handles();
  avow_promise_t *p = avow_finally(avow_sleep(loop, LONG), clean_up, &late);
  if (late.goes_on)
    p = avow_then(p, begin_again, begin_again, &late);
  avow_unref(avow_catch(p, forgive, NULL));

  assert_int_equal(avow_loop_close(loop), 0);

  close_handles();
  assert_int_equal(uv_loop_close(loop), 0);
  assert_int_equal(uv_loop_init(loop), 0);
  assert_int_equal(avow_loop_init(loop, &steady), 0);
}

static void each_use_of_each_channel(bool goes_on) {
  for (size_t i = 0; i < CHANNELS * USES; i++)
    assert_closes_with((late_t){ .make = channels[i / USES],
                                 .use = uses[i % USES],
                                 .goes_on = goes_on });
}

static void cleanup_handlers_may_use_each_channel(void **state) {
  each_use_of_each_channel(false);
}

static void loop_closes_despite_repeated_channel_use(void **state) {
  each_use_of_each_channel(true);
}

static void cleanup_handlers_may_use_each_tool(void **state) {
  for (size_t i = 0; i < TOOLS; i++)
    assert_closes_with((late_t){ .tool = tools[i] });
}

static void loop_closes_despite_repeated_tool_use(void **state) {
  for (size_t i = 0; i < TOOLS; i++)
    assert_closes_with((late_t){ .tool = tools[i], .goes_on = true });
}

SUITE(late) {
  const struct CMUnitTest tests[] = {
    DISK_CASE(cleanup_handlers_may_use_each_channel),
    DISK_CASE(loop_closes_despite_repeated_channel_use),
    DISK_CASE(cleanup_handlers_may_use_each_tool),
    DISK_CASE(loop_closes_despite_repeated_tool_use),
  };
  disk_init();
  return RUN(tests);
}
