/* SPDX-License-Identifier: MIT */
/* Programs that use groups, channels, selects, ticks, debounced channels and
   senders. */
#include "avow/sim.h"
#include "houses.h"

/* Groups: no child outlives its group. */

static int children;

static avow_value_t grow_up(void *loop) {
  children++;
  const avow_value_t v = sleep_a_little(loop);
  children--;
  if (avow_is_error(&v) || avow_sim_choose(4) != 0)
    return v;
  return avow_error(UV_EIO);
}

/* If this function is canceled, the group unwinds on its own. */
avow_value_t live_in_groups(void *loop) {
  avow_group_t *group;
  avow_promise_t *p = avow_group_new(loop, &group);
  children = 0;
  for (int i = 0; i < CALLERS; i++)
    avow_group_add(group, avow_async(loop, grow_up, loop));
  avow_group_unref(group);
  const avow_value_t v = avow_await(p);
  const int code = avow_error_code(&v);
  avow_sim_check(children == 0 || code == UV_ECANCELED,
                 "%d children outlive their group", children);
  if (code != UV_EIO)
    return v;
  avow_value_unref(v);
  return avow_none();
}

/* Channels: each item is received once, and the items of a sender arrive in
   order. The receiver closes the channels and the senders end them, whatever
   happens to the other side. */

enum { A_SENDER = 100 };

typedef struct {
  uv_loop_t *loop;
  avow_channel_t *channels[2];
  int n; /* channels in use */
  int senders, sent, taken;
  bool failed; /* a sender failed; its last item may be lost */
  int64_t last[CALLERS];
  int users;
} market_t;

static market_t market;

static void leave_market(void) {
  if (--market.users > 0)
    return;
  avow_channel_unref(market.channels[0]);
  avow_channel_unref(market.channels[1]);
}

/* An item holds the number of its sender and its own number. */
static void take_item(int64_t item) {
  const int64_t sender = item / A_SENDER, n = item % A_SENDER;
  avow_sim_check(n > market.last[sender], "item %d after %d", (int) n,
                 (int) market.last[sender]);
  market.last[sender] = n;
  market.taken++;
}

static avow_value_t send_item(int number, int i) {
  const avow_value_t item = avow_int(number * A_SENDER + i);
  const avow_channel_t *to = market.channels[number % market.n];
  if (avow_sim_choose(2) == 0 || avow_channel_try_send(to, item) != 0)
    AVOW_TRY(avow_await(avow_channel_send(to, item)));
  market.sent++;
  return sleep_a_little(market.loop);
}

static avow_value_t sell(void *data) {
  const int number = market.senders++;
  avow_value_t v = avow_none();
  market.users++;
  for (int i = 1; i <= TIMES && !avow_is_error(&v); i++)
    v = send_item(number, i);
  market.failed = market.failed || avow_is_error(&v);
  leave_market();
  return v;
}

static avow_value_t sell_all(void *loop) {
  return call_all(loop, sell, NULL);
}

static avow_value_t end_market(void *data) {
  avow_channel_end(market.channels[0]);
  avow_channel_end(market.channels[1]);
  return avow_none();
}

/* Receives the next item of either channel. Returns NONE when both have
   ended. */
static avow_value_t take_any(bool ended[2]) {
  while (!ended[0] || !ended[1]) {
    avow_case_t cases[2] = { 0 };
    for (int i = 0; i < 2; i++)
      if (!ended[i])
        cases[i] = avow_case_next(market.channels[i]);
    const avow_value_t v = avow_await(avow_select(cases, 2));
    if (avow_is_error(&v))
      return v;
    const avow_outcome_t *one = avow_to_outcome(&v);
    const avow_value_t item = avow_value_ref(one->value);
    ended[one->index] = item.tag == AVOW_NONE;
    avow_value_unref(v);
    if (item.tag != AVOW_NONE)
      return item;
  }
  return avow_none();
}

static avow_value_t take_first(bool ended[2]) {
  return avow_await(avow_channel_next(market.channels[0]));
}

static avow_value_t buy_all(avow_value_t (*take)(bool ended[2])) {
  bool ended[2] = { false, false };
  for (;;) {
    const avow_value_t item = take(ended);
    if (avow_is_error(&item))
      return item;
    if (item.tag == AVOW_NONE)
      break;
    take_item(avow_to_int(&item));
    if (avow_sim_choose(2) != 0)
      AVOW_TRY(sleep_a_little(market.loop));
  }
  avow_sim_check(market.failed || market.taken == market.sent,
                 "%d of %d items were taken", market.taken, market.sent);
  return avow_none();
}

static avow_value_t hold_market(uv_loop_t *loop, int n,
                                avow_value_t (*take)(bool ended[2])) {
  avow_channel_t *first = avow_channel_new(loop, some(3));
  avow_channel_t *second = avow_channel_new(loop, some(3));
  market = (market_t){ .loop = loop, .channels = { first, second }, .n = n };
  market.users = 1;
  avow_promise_t *sold =
      avow_finally(avow_async(loop, sell_all, loop), end_market, NULL);
  const avow_value_t v = buy_all(take);
  avow_channel_close(first);
  avow_channel_close(second);
  const avow_value_t w = avow_await(sold);
  leave_market();
  if (!avow_is_error(&v))
    return w;
  avow_value_unref(w);
  return v;
}

avow_value_t live_with_channels(void *loop) {
  return hold_market(loop, 1, take_first);
}

avow_value_t live_with_select(void *loop) {
  return hold_market(loop, 2, take_any);
}

/* Ticks: their number is that of the periods that have passed. */

enum { TICK_MS = 7 };

static avow_value_t count_ticks(uv_loop_t *loop, const avow_channel_t *ticks) {
  const uint64_t begin = uv_now(loop);
  uint64_t n = 0;
  for (int i = 0; i < TIMES; i++) {
    const avow_value_t v = avow_await(avow_channel_next(ticks));
    if (avow_is_error(&v))
      return v;
    n += (uint64_t) avow_to_int(&v);
    const uint64_t ms = uv_now(loop) - begin;
    avow_sim_check(n == ms / TICK_MS, "%d ticks in %d ms", (int) n, (int) ms);
    AVOW_TRY(sleep_a_little(loop));
  }
  return avow_none();
}

avow_value_t live_by_ticks(void *loop) {
  avow_channel_t *ticks = avow_ticks(loop, TICK_MS);
  const avow_value_t v = count_ticks(loop, ticks);
  avow_channel_unref(ticks);
  return v;
}

/* Debounced channels: an item is delivered if no other item follows it for a
   while, or at the end. The last item is always delivered. */

enum { QUIET_MS = 8 };

typedef struct {
  uv_loop_t *loop;
  avow_channel_t *channel;
  int sent;
  uint64_t sent_at[TIMES + 1];
  bool failed;
  int users;
} bell_t;

static bell_t bell;

static void leave_bell(void) {
  if (--bell.users == 0)
    avow_channel_unref(bell.channel);
}

static avow_value_t ring_once(void) {
  AVOW_TRY(sleep_a_little(bell.loop));
  bell.sent_at[++bell.sent] = uv_now(bell.loop);
  return avow_await(avow_channel_send(bell.channel, avow_int(bell.sent)));
}

static avow_value_t ring(void *data) {
  avow_value_t v = avow_none();
  bell.users++;
  while (bell.sent < TIMES && !avow_is_error(&v))
    v = ring_once();
  bell.failed = avow_is_error(&v);
  leave_bell();
  return v;
}

static avow_value_t end_bell(void *data) {
  avow_channel_end(bell.channel);
  return avow_none();
}

/* An item that arrives before the quiet time is over is the last one. */
static avow_value_t hear_bell(const avow_channel_t *debounced) {
  bool was_last = false;
  int last = 0;
  for (;;) {
    const avow_value_t v = avow_await(avow_channel_next(debounced));
    if (avow_is_error(&v))
      return v;
    if (v.tag == AVOW_NONE)
      break;
    const int n = (int) avow_to_int(&v);
    const uint64_t age = uv_now(bell.loop) - bell.sent_at[n];
    avow_sim_check(n > last, "%d after %d", n, last);
    avow_sim_check(!was_last, "%d follows the end", n);
    was_last = age < QUIET_MS;
    last = n;
  }
  avow_sim_check(last == bell.sent || bell.failed, "%d comes last", last);
  return avow_none();
}

avow_value_t live_debounced(void *loop) {
  bell = (bell_t){ .loop = loop, .users = 1 };
  bell.channel = avow_channel_new(loop, some(3));
  avow_promise_t *rung =
      avow_finally(avow_async(loop, ring, NULL), end_bell, NULL);
  avow_channel_t *debounced =
      avow_channel_debounce(avow_channel_ref(bell.channel), QUIET_MS,
                            AVOW_EDGE_TRAILING);
  const avow_value_t v = hear_bell(debounced);
  avow_channel_unref(debounced);
  avow_channel_close(bell.channel);
  const avow_value_t w = avow_await(rung);
  leave_bell();
  if (!avow_is_error(&v))
    return w;
  avow_value_unref(w);
  return v;
}

/* Senders: the items that a sender accepted arrive in order, followed by the
   end. */

static struct {
  uv_loop_t *loop;
  avow_sender_t *sender;
  int accepted;
} post;

static avow_value_t post_all(void *data) {
  while (post.accepted < CALLERS * TIMES) {
    const int err =
        avow_sender_try_send(post.sender, avow_int(post.accepted + 1));
    if (err != 0 && err != UV_EAGAIN)
      return avow_error(err);
    post.accepted += err == 0;
    if (err != 0 || avow_sim_choose(2) == 0)
      AVOW_TRY(sleep_a_little(post.loop));
  }
  return avow_none();
}

static avow_value_t end_post(void *data) {
  avow_sender_clear(&post.sender);
  return avow_none();
}

static avow_value_t read_post(const avow_channel_t *channel) {
  int last = 0;
  for (;;) {
    const avow_value_t v = avow_await(avow_channel_next(channel));
    if (avow_is_error(&v))
      return v;
    if (v.tag == AVOW_NONE)
      break;
    const int n = (int) avow_to_int(&v);
    avow_sim_check(n == last + 1, "%d after %d", n, last);
    last = n;
    if (avow_sim_choose(2) == 0)
      AVOW_TRY(sleep_a_little(post.loop));
  }
  avow_sim_check(last == post.accepted, "%d of %d", last, post.accepted);
  return avow_none();
}

avow_value_t live_with_threads_sender(void *loop) {
  avow_channel_t *channel = avow_channel_new(loop, some(3));
  post.loop = loop;
  post.accepted = 0;
  post.sender = avow_sender_new(channel, 1 + some(3));
  avow_promise_t *posted =
      avow_finally(avow_async(loop, post_all, NULL), end_post, NULL);
  const avow_value_t v = read_post(channel);
  avow_channel_unref(channel);
  const avow_value_t w = avow_await(posted);
  if (!avow_is_error(&v))
    return w;
  avow_value_unref(w);
  return v;
}
