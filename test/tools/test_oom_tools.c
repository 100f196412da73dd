/* SPDX-License-Identifier: MIT */
/* Out of memory: the concurrency tools survive it. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>

#include "torture.h"

static avow_value_t sleep_fn(void *data) {
  use(data);
  return avow_follow(avow_next_iteration(loop));
}

static void unref_limiter(void *l) {
  avow_limiter_unref(l);
}

static avow_promise_t *limited(void) {
  avow_limiter_t *l = avow_limiter_new(loop, 2);
  avow_promise_t *ps[6];
  for (size_t i = 0; i < 4; i++) {
    duty_t *data = duty_new();
    ps[i] = avow_attach(avow_limiter_run(l, sleep_fn, data), data, duty_end);
  }
  ps[4] = avow_limiter_acquire(l);
  ps[5] = avow_limiter_acquire(l);
  avow_cancel(ps[3]);
  avow_cancel(ps[5]);
  return avow_attach(avow_all_settled(loop, ps, 6), l, unref_limiter);
}

static void limiters_survive(void **state) {
  survive(limited);
}

static avow_value_t give_up(const avow_value_t *permit, void *data) {
  use(data);
  return avow_follow(avow_next_iteration(loop));
}

/* Requests three permits at a time, then more. */
static avow_promise_t *weighed(void) {
  avow_limiter_t *l = avow_limiter_new(loop, 3);
  avow_value_t permit = avow_limiter_try(l, 2);
  avow_promise_t *ps[6];
  for (size_t i = 0; i < 5; i++) {
    duty_t *data = duty_new();
    ps[i] = avow_limiter_acquire_many(l, 1 + i % 3);
    ps[i] = avow_attach(avow_then(ps[i], give_up, NULL, data), data, duty_end);
  }
  ps[5] = avow_limiter_idle(l);
  avow_cancel(ps[2]);
  avow_limiter_resize(l, 9);
  avow_value_unref(permit);
  return avow_attach(avow_all_settled(loop, ps, 6), l, unref_limiter);
}

static void weighted_limiters_survive(void **state) {
  survive(weighed);
}

static void unref_rate(void *r) {
  avow_rate_unref(r);
}

/* The first caller has a token. A waiting caller leaves. */
static avow_promise_t *paced(void) {
  avow_rate_t *r = avow_rate_new(loop, 1, 2, NULL);
  avow_promise_t *ps[5];
  for (size_t i = 0; i < 5; i++) {
    duty_t *data = duty_new();
    ps[i] = avow_then(avow_rate_acquire(r, 1), thing_cb, NULL, data);
    ps[i] = avow_attach(ps[i], data, duty_end);
  }
  avow_cancel(ps[1]);
  avow_cancel(ps[3]);
  return avow_attach(avow_all_settled(loop, ps, 5), r, unref_rate);
}

static void rates_survive(void **state) {
  survive_some(paced, 3);
}

/* Returns a result of each type in turn. */
static avow_value_t make(size_t i, void *data) {
  use(data);
  if (i % 4 == 0)
    return duty_object();
  if (i % 4 == 1)
    return avow_error_new(UV_EIO, duty_object(), "item %zu", i);
  avow_promise_t *p = i % 4 == 2 ? avow_promise_resolve(loop, avow_none())
                                 : avow_sleep(loop, 0);
  p = avow_then(p, thing_cb, NULL, data);
  return avow_follow(avow_finally(p, slow_duty_fn, duty_new()));
}

static avow_promise_t *mapped_by(const avow_map_options_t *options) {
  duty_t *data = duty_new();
  avow_promise_t *p = avow_map(loop, 6, make, data, options);
  return avow_attach(p, data, duty_end);
}

static avow_promise_t *mapped(void) {
  const avow_map_options_t settled = { .concurrency = 2,
                                       .kind = AVOW_ALL_SETTLED };
  const avow_map_options_t canceling = { .concurrency = 3, .cancels = true };
  avow_promise_t *ps[] = { mapped_by(NULL), mapped_by(&settled),
                           mapped_by(&canceling), mapped_by(&settled) };
  avow_cancel(ps[3]);
  return avow_all_settled(loop, ps, 4);
}

static void maps_survive(void **state) {
  survive(mapped);
}

/* Uses its data again after a while. */
static avow_promise_t *leave_slowly(void *data) {
  avow_promise_t *p = avow_finally(avow_sleep(loop, 0), sleep_fn, data);
  return avow_finally(p, sleep_fn, data);
}

static avow_promise_t *grouped_with(avow_promise_t *last) {
  avow_group_t *g;
  duty_t *data = duty_new();
  avow_promise_t *p = avow_group_new(loop, &g);
  p = avow_attach(p, data, duty_end);
  for (size_t i = 2; i < 4; i++)
    avow_group_add(g, avow_then(avow_sleep(loop, 0), thing_cb, NULL, data));
  avow_group_add(g, leave_slowly(data));
  avow_group_add(g, last);
  avow_group_unref(g);
  return p;
}

static avow_value_t fail_fn(void *data) {
  return avow_error_new(UV_EIO, duty_object(), "failed");
}

static avow_promise_t *grouped(void) {
  avow_promise_t *ps[] = {
    grouped_with(avow_sleep(loop, 0)),
    grouped_with(avow_finally(avow_sleep(loop, 0), fail_fn, NULL)),
    grouped_with(avow_sleep(loop, 1)),
  };
  avow_cancel(ps[2]);
  return avow_all_settled(loop, ps, 3);
}

static void groups_survive(void **state) {
  survive(grouped);
}

typedef struct {
  duty_t *duty;
  int attempts;
} tries_t;

static avow_value_t fail_once(void *data) {
  tries_t *tries = data;
  use(tries->duty);
  if (++tries->attempts == 2)
    return duty_object();
  return avow_error_new(UV_EIO, duty_object(), "attempt %d", tries->attempts);
}

static avow_promise_t *retried_by(tries_t *tries,
                                  const avow_retry_options_t *options) {
  *tries = (tries_t){ .duty = duty_new() };
  avow_promise_t *p = avow_retry(loop, fail_once, tries, options);
  return avow_attach(avow_deadline(p, avow_now(loop) + 60000), tries->duty,
                     duty_end);
}

static avow_value_t wait_first(const avow_value_t *error, void *data) {
  use(((tries_t *) data)->duty);
  return avow_follow(avow_sleep(loop, 0));
}

/* Retries with a seed whose delays are 0. */
static avow_promise_t *retried(void) {
  static tries_t tries[3];
  const avow_retry_options_t options = { .delay = 1,
                                         .max_delay = 1,
                                         .timeout = 60000,
                                         .seed = 9 };
  avow_retry_options_t more = options;
  more.prepare = wait_first;
  more.budget = avow_rate_new(loop, 2, 1, NULL);
  avow_promise_t *ps[] = { retried_by(&tries[0], &options),
                           retried_by(&tries[1], &options),
                           retried_by(&tries[2], &more) };
  avow_rate_unref(more.budget);
  avow_cancel(ps[1]);
  return avow_all_settled(loop, ps, 3);
}

static void retries_survive(void **state) {
  survive_some(retried, 3);
}

static avow_value_t make_thing(void *data) {
  use(data);
  avow_promise_t *p = avow_then(avow_sleep(loop, 0), thing_cb, NULL, data);
  return avow_follow(avow_finally(p, slow_duty_fn, duty_new()));
}

static void unref_once(void *o) {
  avow_once_unref(o);
}

static avow_promise_t *memoised(void) {
  duty_t *data = duty_new();
  avow_once_t *o = avow_once_new(loop, make_thing, data, duty_end);
  avow_promise_t *left = avow_once_get(o);
  avow_cancel(left);
  avow_unref(left);
  avow_promise_t *ps[] = { avow_once_get(o), avow_once_get(o),
                           avow_once_get(o) };
  avow_cancel(ps[1]);
  avow_promise_t *p = avow_all_settled(loop, ps, 3);
  return avow_attach(p, o, unref_once);
}

static void memos_survive(void **state) {
  survive(memoised);
}

static avow_value_t make_for_key(const avow_value_t *key, void *data) {
  return make_thing(data);
}

static void unref_cache(void *c) {
  avow_cache_unref(c);
}

static avow_promise_t *cached(void) {
  const avow_cache_options_t options = { .ttl = 60000, .most = 1 };
  duty_t *data = duty_new();
  avow_cache_t *c =
      avow_cache_new(loop, make_for_key, data, duty_end, &options);
  avow_promise_t *ps[5];
  for (size_t i = 0; i < 4; i++)
    ps[i] = avow_cache_get(c, avow_int((int64_t) i / 2));
  ps[4] = avow_cache_refresh(c, avow_string("a key of some length"));
  avow_cancel(ps[1]);
  avow_cache_forget(c, avow_int(1));
  return avow_attach(avow_all_settled(loop, ps, 5), c, unref_cache);
}

static void caches_survive(void **state) {
  survive(cached);
}

static avow_value_t sleep_there(uv_loop_t *own, void *data) {
  use(data);
  avow_value_t items[] = { avow_string("from"), avow_string("there") };
  avow_unref(avow_sleep(own, 0));
  return avow_list(items, 2);
}

static avow_value_t follow_there(uv_loop_t *own, void *data) {
  use(data);
  return avow_follow(avow_sleep(own, 0));
}

static avow_value_t close_loops(void *loops) {
  return avow_follow(avow_loops_close(loops, loop));
}

static avow_promise_t *run_there(avow_loops_t *loops, avow_loops_fn fn) {
  duty_t *data = duty_new();
  avow_promise_t *p = avow_loops_run(loops, 0, loop, fn, data);
  return avow_attach(p, data, duty_end);
}

static avow_promise_t *shared_work(void) {
  avow_loops_t *loops = avow_loops_new(1);
  avow_promise_t *ps[] = { run_there(loops, sleep_there),
                           run_there(loops, follow_there),
                           run_there(loops, follow_there) };
  avow_cancel(ps[2]);
  return avow_finally(avow_all_settled(loop, ps, 3), close_loops, loops);
}

static void loops_survive(void **state) {
  survive(shared_work);
}

static avow_value_t pump_there(const avow_value_t *connection, void *data) {
  use(data);
  const avow_stream_t stream = avow_to_stream(connection);
  return avow_follow(avow_pump(stream, stream, NULL));
}

static avow_value_t wait_cb(const avow_value_t *connection, void *data) {
  return avow_follow(avow_sleep(loop, 1));
}

static avow_value_t end_server(void *served) {
  avow_cancel(served);
  avow_unref(served);
  return avow_none();
}

/* Connects if memory suffices, then stops the server. */
static avow_value_t serve_there(const avow_value_t *server, void *loops) {
  struct sockaddr_in address;
  char port[8];
  int len = sizeof(address);
  (void) uv_tcp_getsockname((uv_tcp_t *) avow_stream_handle(
                                avow_to_stream(server)),
                            (struct sockaddr *) &address, &len); /* bound */
  (void) snprintf(port, sizeof(port), "%d", ntohs(address.sin_port)); /* fits */
  duty_t *duty = duty_new();
  avow_promise_t *served =
      avow_loops_listen(loops, avow_value_ref(server), pump_there, duty, NULL);
  served = avow_attach(served, duty, duty_end);
  avow_promise_t *p = avow_connect(loop, "127.0.0.1", port);
  p = avow_then(p, wait_cb, NULL, NULL);
  p = avow_finally(p, end_server, avow_ref(served));
  avow_promise_t *ps[] = { p, served };
  return avow_follow(avow_all_settled(loop, ps, 2));
}

static avow_promise_t *shared_server(void) {
  avow_loops_t *loops = avow_loops_new(2);
  avow_promise_t *p = avow_bind(loop, "127.0.0.1", "0");
  p = avow_then(p, serve_there, NULL, loops);
  return avow_finally(p, close_loops, loops);
}

static void servers_on_all_loops_survive(void **state) {
  survive_some(shared_server, 7);
}

static avow_value_t use_item(const avow_value_t *item, void *data) {
  use(data);
  return avow_follow(
      avow_then(avow_next_iteration(loop), thing_cb, NULL, data));
}

static void unref_channel(void *channel) {
  avow_channel_unref(channel);
}

static avow_channel_t *channel_of(int n) {
  avow_channel_t *channel = avow_channel_new(loop, (size_t) n);
  for (int i = 0; i < n; i++)
    avow_unref(avow_channel_send(channel, duty_object()));
  avow_channel_end(channel);
  return channel;
}

static avow_promise_t *each_item(void) {
  const avow_map_options_t options = { .concurrency = 2 };
  duty_t *data = duty_new();
  avow_channel_t *channel = channel_of(3);
  avow_promise_t *p = avow_each(channel, use_item, data, &options);
  return avow_attach(avow_attach(p, data, duty_end), channel, unref_channel);
}

static avow_promise_t *mapped_channel(void) {
  const avow_map_options_t options = { .collects = true,
                                       .concurrency = 7,
                                       .kind = AVOW_ALL_SETTLED };
  duty_t *data = duty_new();
  avow_channel_t *channel = channel_of(20); /* more items than the capacity */
  avow_promise_t *p = avow_each(channel, use_item, data, &options);
  return avow_attach(avow_attach(p, data, duty_end), channel, unref_channel);
}

static void maps_of_channels_survive(void **state) {
  survive(mapped_channel);
}

static void each_survives(void **state) {
  survive(each_item);
}

SUITE(oom_tools) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(limiters_survive),
    cmocka_unit_test(weighted_limiters_survive),
    cmocka_unit_test(rates_survive),
    cmocka_unit_test(maps_survive),
    cmocka_unit_test(groups_survive),
    cmocka_unit_test(retries_survive),
    cmocka_unit_test(memos_survive),
    cmocka_unit_test(caches_survive),
    cmocka_unit_test(loops_survive),
    cmocka_unit_test(each_survives),
    cmocka_unit_test(maps_of_channels_survive),
    cmocka_unit_test(servers_on_all_loops_survive),
  };
  (void) signal(SIGPIPE, SIG_IGN);
  harness_init();
  return cmocka_run_group_tests(tests, start_pool_alone, NULL);
}
