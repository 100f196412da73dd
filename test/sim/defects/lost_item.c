/* SPDX-License-Identifier: MIT */
/*
 * A desk that takes orders from two queues by a race of their next items. The
 * defect: if both queues have an item, the race takes both items and drops the
 * loser.
 */
#include "programs.h"

enum { ORDERS = 5, GAP = 20, ROOM = 16 };

typedef struct {
  uv_loop_t *loop;
  avow_channel_t *queue;
  uint64_t first; /* ms until the first order */
} shop_t;

static avow_value_t send_orders(void *data) {
  const shop_t *shop = data;
  avow_value_t v = avow_await(avow_sleep(shop->loop, shop->first));
  for (int i = 0; i < ORDERS && !avow_is_error(&v); i++) {
    v = avow_await(avow_channel_send(shop->queue, avow_int(1)));
    if (!avow_is_error(&v))
      v = avow_await(avow_sleep(shop->loop, GAP));
  }
  return v;
}

#ifdef MENDED
static avow_value_t next_order(const shop_t shops[2]) {
  const avow_case_t cases[] = { avow_case_next(shops[0].queue),
                                avow_case_next(shops[1].queue) };
  const avow_value_t v = avow_await(avow_select(cases, 2));
  if (avow_is_error(&v))
    return v;
  const avow_value_t order = avow_value_ref(avow_to_outcome(&v)->value);
  avow_value_unref(v);
  return order;
}
#else
static avow_value_t next_order(const shop_t shops[2]) {
  avow_promise_t *const next[] = { avow_channel_next(shops[0].queue),
                                   avow_channel_next(shops[1].queue) };
  avow_promise_t *p = avow_race(shops[0].loop, next, 2);
  return avow_await(avow_cancel_losers(p));
}
#endif

static avow_value_t pack(void *data) {
  return avow_none();
}

/* Ends when all orders are packed. */
static avow_value_t work_at_desk(void *data) {
  const shop_t *shops = data;
  for (int64_t packed = 0; packed < 2 * ORDERS; packed++) {
    AVOW_TRY(next_order(shops));
    AVOW_TRY(avow_await(avow_work(shops[0].loop, pack, NULL, NULL)));
  }
  return avow_none();
}

static avow_value_t run(void *data) {
  uv_loop_t *loop = data;
  shop_t shops[] = { { loop, avow_channel_new(loop, ROOM), 0 },
                     { loop, avow_channel_new(loop, ROOM), GAP / 2 } };
  avow_promise_t *const parts[] = { avow_async(loop, send_orders, &shops[0]),
                                    avow_async(loop, send_orders, &shops[1]),
                                    avow_async(loop, work_at_desk, shops) };
  const avow_value_t v = avow_await(avow_join_losers(avow_all(loop, parts, 3)));
  avow_channel_unref(shops[0].queue);
  avow_channel_unref(shops[1].queue);
  return v;
}

static avow_promise_t *begin(uv_loop_t *loop, void *data) {
  return avow_async(loop, run, loop);
}

const program_t lost_item = {
  .name = "lost item",
  .defect = "a race between the next items of two channels drops an item",
  .begin = begin,
};
