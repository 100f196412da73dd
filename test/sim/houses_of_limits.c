/* SPDX-License-Identifier: MIT */
/* Programs that use limiters, rates, retries and caches. A canceled function
   may outlive the function that started it. Shared data is therefore static and
   released by the last user. */
#include "avow/sim.h"
#include "houses.h"

size_t some(size_t n) {
  return (size_t) avow_sim_choose(n);
}

avow_value_t sleep_a_little(uv_loop_t *loop) {
  return avow_await(avow_sleep(loop, avow_sim_choose(20)));
}

avow_value_t call_all(uv_loop_t *loop, avow_fn caller, void *data) {
  avow_promise_t *all[CALLERS];
  for (int i = 0; i < CALLERS; i++)
    all[i] = avow_async(loop, caller, data);
  return avow_await(avow_all_settled(loop, all, CALLERS));
}

/* Limiters: callers never hold more permits than the limiter has. */

enum { PERMITS = 3 };

typedef struct {
  uv_loop_t *loop;
  avow_limiter_t *limiter;
  size_t inside;
  int users;
} hall_t;

static hall_t hall_of_all;

static void leave_hall(hall_t *hall) {
  if (--hall->users > 0)
    return;
  avow_sim_check(hall->inside == 0, "%zu permits are still held", hall->inside);
  avow_limiter_unref(hall->limiter);
}

static void look_inside(const hall_t *hall) {
  avow_sim_check(hall->inside <= PERMITS, "%zu of %d permits are used",
                 hall->inside, PERMITS);
}

static avow_value_t enter_hall(hall_t *hall) {
  const size_t n = 1 + some(PERMITS);
  avow_value_t permit = avow_limiter_try(hall->limiter, n);
  if (permit.tag == AVOW_NONE)
    permit = avow_await(avow_limiter_acquire_many(hall->limiter, n));
  if (avow_is_error(&permit))
    return permit;
  hall->inside += n;
  look_inside(hall);
  const avow_value_t v = sleep_a_little(hall->loop);
  hall->inside -= n;
  avow_value_unref(permit);
  return v;
}

static avow_value_t visit_hall(void *data) {
  hall_t *hall = data;
  avow_value_t v = avow_none();
  hall->users++;
  for (int i = 0; i < TIMES && !avow_is_error(&v); i++)
    v = enter_hall(hall);
  leave_hall(hall);
  return v;
}

/* Each permit is returned, whatever happened to its holder. */
static avow_value_t wait_for_idle(const hall_t *hall) {
  avow_promise_t *idle = avow_limiter_idle(hall->limiter);
  const avow_value_t v = avow_await(avow_timeout(idle, 1000));
  avow_sim_check(!avow_is_timeout(&v), "permits were never returned");
  return v;
}

avow_value_t live_with_limiter(void *loop) {
  hall_t *hall = &hall_of_all;
  *hall = (hall_t){ .loop = loop, .users = 1 };
  hall->limiter = avow_limiter_new(loop, PERMITS);
  avow_value_t v = call_all(loop, visit_hall, hall);
  if (!avow_is_error(&v)) {
    avow_value_unref(v);
    v = wait_for_idle(hall);
  }
  leave_hall(hall);
  return v;
}

/* Rates: in any time span, a rate grants at most its tokens for that time plus
   the burst. */

enum { TOKENS = 5, PER_MS = 100, GRANTS = CALLERS * TIMES };

typedef struct {
  uv_loop_t *loop;
  avow_rate_t *rate;
  int n;
  uint64_t at[GRANTS], tokens[GRANTS];
  int users;
} till_t;

static till_t till_of_all;

static void leave_till(till_t *till) {
  if (--till->users > 0)
    return;
  avow_sim_check(till->n == 0 || avow_rate_try(till->rate, 0),
                 "somebody waits still");
  avow_rate_unref(till->rate);
}

/* Only a part of the first and of the last millisecond belongs to the span. */
static void look_at_till(const till_t *till) {
  const int last = till->n - 1;
  uint64_t sum = 0;
  for (int i = last; i >= 0; i--) {
    sum += till->tokens[i];
    const uint64_t span = till->at[last] - till->at[i] + 1;
    avow_sim_check(sum <= TOKENS + (span * TOKENS + PER_MS - 1) / PER_MS,
                   "%d tokens within %d ms", (int) sum, (int) span);
  }
}

static avow_value_t pay_once(till_t *till) {
  const uint64_t tokens = 1 + avow_sim_choose(3);
  if (!avow_rate_try(till->rate, tokens))
    AVOW_TRY(avow_await(avow_rate_acquire(till->rate, tokens)));
  till->at[till->n] = uv_now(till->loop);
  till->tokens[till->n++] = tokens;
  look_at_till(till);
  return sleep_a_little(till->loop);
}

static avow_value_t pay(void *data) {
  till_t *till = data;
  avow_value_t v = avow_none();
  till->users++;
  for (int i = 0; i < TIMES && !avow_is_error(&v); i++)
    v = pay_once(till);
  leave_till(till);
  return v;
}

avow_value_t live_with_rate(void *loop) {
  till_t *till = &till_of_all;
  *till = (till_t){ .loop = loop, .users = 1 };
  till->rate = avow_rate_new(loop, TOKENS, PER_MS, NULL);
  const avow_value_t v = call_all(loop, pay, till);
  leave_till(till);
  return v;
}

/* Retries: attempts run one after another, at most as many as allowed, and none
   runs after a success. */

enum { ATTEMPTS = 4 };

typedef struct {
  uv_loop_t *loop;
  unsigned attempt, calls, running;
  bool has_succeeded;
} quest_t;

static avow_value_t attempt_once(quest_t *quest) {
  AVOW_TRY(sleep_a_little(quest->loop));
  quest->has_succeeded = avow_sim_choose(3) != 0;
  return quest->has_succeeded ? avow_int(7) : avow_error(UV_EIO);
}

static avow_value_t attempt(void *data) {
  quest_t *quest = data;
  quest->running++;
  const avow_value_t v = attempt_once(quest);
  quest->running--;
  return v;
}

static avow_value_t begin_attempt(void *data) {
  quest_t *quest = data;
  quest->calls++;
  avow_sim_check(quest->running == 0, "two attempts at a time");
  avow_sim_check(!quest->has_succeeded, "another attempt after a success");
  avow_sim_check(quest->calls <= ATTEMPTS, "%u attempts", quest->calls);
  avow_sim_check(quest->calls <= quest->attempt, "call %u is attempt %u",
                 quest->calls, quest->attempt); /* memory may fail one */
  return avow_follow(avow_async(quest->loop, attempt, quest));
}

/* Attempts that are canceled may go on for a while after avow_retry() has
   settled. */
static quest_t quests[CALLERS];
static int n_quests;

static avow_value_t look_at_quest(const quest_t *quest, avow_value_t v) {
  if (!avow_is_error(&v))
    avow_sim_check(quest->has_succeeded && avow_to_int(&v) == 7,
                   "it failed, and is well");
  else if (avow_error_code(&v) == UV_EIO)
    avow_sim_check(quest->attempt == ATTEMPTS, "it gave up after %u",
                   quest->attempt);
  else
    return v;
  avow_value_unref(v);
  return avow_none();
}

static avow_value_t seek(void *loop) {
  quest_t *quest = &quests[n_quests++];
  *quest = (quest_t){ .loop = loop };
  const avow_retry_options_t options = { .attempts = ATTEMPTS,
                                         .delay = 10,
                                         .seed = 1,
                                         .attempt = &quest->attempt };
  avow_promise_t *p = avow_retry(loop, begin_attempt, quest, &options);
  return look_at_quest(quest, avow_await(p));
}

avow_value_t live_with_retries(void *loop) {
  n_quests = 0;
  return call_all(loop, seek, loop);
}

/* Caches: one run for all callers of a key, and no value that has expired. */

enum { KEYS = 3, TTL = 15, MOST = 2 };

typedef struct {
  uv_loop_t *loop;
  avow_cache_t *cache;
  int running[KEYS];
  int users;
} shop_t;

static shop_t shop_of_all;

static void leave_shop(shop_t *shop) {
  if (--shop->users == 0)
    avow_cache_unref(shop->cache);
}

typedef struct {
  shop_t *shop;
  int key;
} order_t;

/* Returns INT, which holds the time and the key. */
static avow_value_t make(void *data) {
  const order_t order = *(const order_t *) data;
  shop_t *shop = order.shop;
  const int running = ++shop->running[order.key];
  avow_sim_check(running == 1, "%d runs of one key", running);
  const avow_value_t v = sleep_a_little(shop->loop);
  shop->running[order.key]--;
  return avow_is_error(&v)
             ? v
             : avow_int((int64_t) uv_now(shop->loop) * KEYS + order.key);
}

static avow_value_t begin_to_make(const avow_value_t *key, void *data) {
  order_t order = { data, (int) avow_to_int(key) };
  return avow_follow(avow_async(order.shop->loop, make, &order));
}

static avow_value_t buy_once(const shop_t *shop) {
  const int key = (int) avow_sim_choose(KEYS);
  const avow_value_t v = avow_await(avow_cache_get(shop->cache, avow_int(key)));
  if (avow_is_error(&v))
    return v;
  const int64_t age = (int64_t) uv_now(shop->loop) - avow_to_int(&v) / KEYS;
  avow_sim_check(avow_to_int(&v) % KEYS == key,
                 "the value belongs to another key");
  avow_sim_check(age <= TTL, "it is %d ms old", (int) age);
  avow_sim_check(avow_cache_kept(shop->cache) <= MOST, "too many are kept");
  return sleep_a_little(shop->loop);
}

static avow_value_t buy(void *data) {
  shop_t *shop = data;
  avow_value_t v = avow_none();
  shop->users++;
  for (int i = 0; i < TIMES && !avow_is_error(&v); i++)
    v = buy_once(shop);
  leave_shop(shop);
  return v;
}

avow_value_t live_with_cache(void *loop) {
  const avow_cache_options_t options = { .ttl = TTL, .most = MOST };
  shop_t *shop = &shop_of_all;
  *shop = (shop_t){ .loop = loop, .users = 1 };
  shop->cache = avow_cache_new(loop, begin_to_make, shop, NULL, &options);
  const avow_value_t v = call_all(loop, buy, shop);
  leave_shop(shop);
  return v;
}
