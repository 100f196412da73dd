/* SPDX-License-Identifier: MIT */
/* Programs that use stages of channels and task-local values. A canceled
   function may outlive the function that started it. */
#include <string.h>

#include "avow/sim.h"
#include "houses.h"

/* Stages: the items of each source arrive in order, each once and converted. No
   item follows the last one that was taken. */

enum { A_SOURCE = 100, SOURCES = 2, ITEMS = 9, THIRD = 3, MOST = 4 };

static struct {
  uv_loop_t *loop;
  avow_channel_t *sources[SOURCES];
  avow_sender_t *senders[SOURCES]; /* until deliver() has a reference */
  int numbers, sent[SOURCES];
  bool failed;
  int last[SOURCES], passed;
} mill;

static bool is_wanted(int64_t item) {
  return item % A_SOURCE % THIRD != 0;
}

static avow_value_t send_items(const avow_sender_t *sender, int number) {
  for (int i = 1; i <= ITEMS; i++) {
    const avow_value_t item = avow_int(number * A_SOURCE + i);
    AVOW_TRY(avow_await(avow_sender_send(sender, item)));
    mill.sent[number] = i;
    if (avow_sim_choose(2) == 0)
      AVOW_TRY(sleep_a_little(mill.loop));
  }
  return avow_none();
}

/* UV_EPIPE means that the receiver wants no more items. */
static avow_value_t deliver(void *data) {
  const int number = mill.numbers++;
  avow_sender_t *sender = avow_sender_ref(mill.senders[number]);
  const avow_value_t v = send_items(sender, number);
  avow_sender_unref(sender);
  if (avow_error_code(&v) != UV_EPIPE) {
    mill.failed = mill.failed || avow_is_error(&v);
    return v;
  }
  avow_value_unref(v);
  return avow_none();
}

static avow_value_t pass(const avow_value_t *item, void *data) {
  return avow_int(is_wanted(avow_to_int(item)));
}

static avow_value_t negate(const avow_value_t *slept, void *data) {
  const int64_t *item = data;
  return avow_int(-*item);
}

/* Each item takes some time. */
static avow_value_t grind(const avow_value_t *item, void *data) {
  static int64_t items[SOURCES * A_SOURCE];
  int64_t *at = &items[avow_to_int(item)];
  *at = avow_to_int(item);
  avow_promise_t *p = avow_sleep(mill.loop, avow_sim_choose(20));
  return avow_follow(avow_then(p, negate, NULL, at));
}

static avow_channel_t *stages_new(uv_loop_t *loop, size_t n) {
  const avow_map_options_t how = { .concurrency = (unsigned) (1 + some(MOST)) };
  avow_channel_t *c = avow_channel_merge(loop, mill.sources, SOURCES);
  c = avow_channel_filter(c, pass, NULL, NULL);
  c = avow_channel_map(c, grind, NULL, &how);
  c = avow_channel_take(c, n);
  return avow_channel_batch(c, 1 + some(MOST), avow_sim_choose(50));
}

static void take_item(int64_t result) {
  const int source = (int) (-result / A_SOURCE);
  const int n = (int) (-result % A_SOURCE);
  avow_sim_check(result < 0 && is_wanted(n), "%d should not pass", n);
  int next = mill.last[source] + 1;
  next += !is_wanted(next);
  avow_sim_check(n == next, "%d after %d", n, mill.last[source]);
  mill.last[source] = n;
  mill.passed++;
}

static avow_value_t take_batches(const avow_channel_t *batches) {
  for (;;) {
    const avow_value_t v = avow_await(avow_channel_next(batches));
    if (v.tag != AVOW_LIST)
      return v;
    const size_t n = avow_list_len(&v);
    avow_sim_check(n > 0 && n <= MOST, "a batch of %d", (int) n);
    for (size_t i = 0; i < n; i++)
      take_item(avow_to_int(avow_list_at(&v, i)));
    avow_value_unref(v);
    if (avow_sim_choose(2) == 0)
      AVOW_TRY(sleep_a_little(mill.loop));
  }
}

static avow_value_t use_stages(uv_loop_t *loop) {
  enum { ALL = SOURCES * (ITEMS - ITEMS / THIRD) };
  const size_t n = some(2 * (size_t) ALL);
  avow_channel_t *batches = stages_new(loop, n);
  const avow_value_t v = take_batches(batches);
  avow_channel_unref(batches);
  const int wanted = n < ALL ? (int) n : ALL;
  avow_sim_check(avow_is_error(&v) || mill.failed || mill.passed == wanted,
                 "%d of %d have passed", mill.passed, wanted);
  return v;
}

avow_value_t live_with_stages(void *loop) {
  memset(&mill, 0, sizeof(mill));
  mill.loop = loop;
  avow_promise_t *sent[SOURCES];
  for (int i = 0; i < SOURCES; i++) {
    mill.sources[i] = avow_channel_new(loop, some(3));
    mill.senders[i] = avow_sender_new(mill.sources[i], 0);
    sent[i] = avow_async(loop, deliver, NULL);
    avow_sender_clear(&mill.senders[i]);
    mill.failed = mill.failed || mill.numbers == i; /* it did not start */
    mill.numbers = i + 1;
  }
  const avow_value_t v = use_stages(loop);
  const avow_value_t w = avow_await(avow_all_settled(loop, sent, SOURCES));
  avow_value_unref(avow_is_error(&v) ? w : v);
  return avow_is_error(&v) ? v : w;
}

/* Local values: a function sees the value that it set. Before that it sees the
   value from the time when it was started, whatever other functions set
   meanwhile. */

enum { A_LEVEL = 1000, LEVELS = 3, CHILDREN = 2 };

static const avow_local_t local = { "house" };

static struct {
  uv_loop_t *loop;
  int serials, level; /* of the function that starts */
} tree;

static int64_t local_now(void) {
  const avow_value_t *v = avow_local_get(&local);
  return v->tag == AVOW_NONE ? 0 : avow_to_int(v);
}

static avow_value_t set_anew(int level, int64_t *own) {
  const int64_t number = level * A_LEVEL + ++tree.serials;
  AVOW_TRY(avow_local_set(&local, avow_int(number)));
  *own = number;
  return avow_none();
}

static avow_value_t rest(int64_t own) {
  const avow_value_t v = sleep_a_little(tree.loop);
  avow_sim_check(local_now() == own, "%d has become %d", (int) own,
                 (int) local_now());
  return v;
}

static avow_value_t branch(void *data);

/* A child does not see what its parent sets later. */
static avow_value_t branch_out(int level, int64_t *own) {
  avow_promise_t *children[CHILDREN];
  for (int i = 0; i < CHILDREN; i++) {
    tree.level = level + 1;
    children[i] = avow_async(tree.loop, branch, own);
  }
  avow_value_t v = set_anew(level, own);
  if (!avow_is_error(&v))
    v = rest(*own);
  const avow_value_t w =
      avow_await(avow_all_settled(tree.loop, children, CHILDREN));
  avow_sim_check(local_now() == *own,
                 "a child has set the value of its parent");
  avow_value_unref(avow_is_error(&v) ? w : v);
  return avow_is_error(&v) ? v : w;
}

static avow_value_t branch(void *data) {
  int64_t own = data != NULL ? *(const int64_t *) data : 0;
  const int level = tree.level;
  avow_sim_check(local_now() == own,
                 "it does not begin with the value of its parent");
  if (avow_sim_choose(2) == 0)
    AVOW_TRY(rest(own));
  AVOW_TRY(set_anew(level, &own));
  AVOW_TRY(rest(own));
  return level < LEVELS ? branch_out(level, &own) : rest(own);
}

avow_value_t live_with_locals(void *loop) {
  tree.loop = loop;
  tree.serials = tree.level = 0;
  return avow_await(avow_async(loop, branch, NULL));
}
