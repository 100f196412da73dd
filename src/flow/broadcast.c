/* SPDX-License-Identifier: MIT */
/*
 * Broadcasts. Each item has a number and a place in a ring, until every
 * listener that is owed the item has received it. A listener receives items in
 * order. If it is owed an item, it is owed all later items as well. Items that
 * are owed to no listener are therefore the oldest ones. The oldest item gives
 * up its place when its last listener receives it, or when it is dropped. While
 * the ring is full, sends wait in a channel of capacity 0, and their items are
 * taken as soon as there is a place.
 */
#include "avow/broadcast.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/options_check.h"
#include "flow/subscribers.h"
#include "tools/tool.h"

typedef struct {
  avow_value_t item;
  size_t owed; /* number of listeners that must still receive it */
} broadcast_place_t;

typedef struct {
  avow__subscribers_t subscribers;
  avow_channel_t *queue; /* sends that wait for a place */
  uint64_t oldest;       /* number of the oldest item in the ring */
  size_t room;
  bool drops;
  bool fills; /* fill() is running */
  broadcast_place_t places[];
} broadcast_t;

static broadcast_place_t *place_of(broadcast_t *b, uint64_t number) {
  return &b->places[number % b->room];
}

static bool is_full(const broadcast_t *b) {
  return b->subscribers.next - b->oldest == b->room;
}

/* Takes the oldest item out, even if listeners are still owed it. */
static avow_value_t take_oldest(broadcast_t *b) {
  return avow_steal(&place_of(b, b->oldest++)->item);
}

static void put(broadcast_t *b, avow_value_t item) {
  const size_t owed = b->subscribers.count;
  avow_value_t old = item;
  if (owed > 0) {
    old = is_full(b) ? take_oldest(b) : avow_none();
    *place_of(b, b->subscribers.next) = (broadcast_place_t){ item, owed };
    b->subscribers.next++;
    avow__subscribers_serve(&b->subscribers);
  }
  avow__value_unref(old); /* last, because it may call the program */
}

/* Takes an item from a send that waits. Returns false if no send waits or the
   ring is full. */
static bool take_waiting(broadcast_t *b, avow_value_t *item) {
  return (b->drops || !is_full(b)) && !avow__channel_is_over(b->queue) &&
         avow_channel_try_next(b->queue, item) == 0;
}

/* A call that put() causes returns at once, because the first call goes on. */
static void fill(broadcast_t *b) {
  avow__subscribers_t *subscribers = &b->subscribers;
  avow_value_t item;
  if (b->fills)
    return;
  b->fills = true;
  avow__subscribers_ref(subscribers);
  while (take_waiting(b, &item))
    put(b, item);
  b->fills = false;
  if (!subscribers->is_over && avow__channel_is_over(b->queue)) {
    subscribers->is_over = true;
    avow__subscribers_serve(subscribers);
  }
  avow__subscribers_unref(subscribers);
}

/* Releases the oldest items that are owed to no listener. */
static void release(broadcast_t *b) {
  while (b->oldest != b->subscribers.next && place_of(b, b->oldest)->owed == 0)
    avow__value_unref(take_oldest(b)); /* it may call the program */
}

static avow_value_t missed(uint64_t n) {
  return avow_error_new(AVOW_EMISSED, avow_int((int64_t) n),
                        "%" PRIu64 " items missed", n);
}

static avow_value_t broadcast_tell(avow__subscribers_t *subscribers,
                                   avow__listener_t *listener) {
  broadcast_t *b = (broadcast_t *) subscribers;
  if (listener->next < b->oldest) {
    const uint64_t n = b->oldest - listener->next;
    listener->next = b->oldest;
    return missed(n);
  }
  broadcast_place_t *place = place_of(b, listener->next++);
  const avow_value_t item = avow_value_ref(&place->item);
  place->owed--;
  release(b);
  fill(b);
  return item;
}

/* The listener is owed no items from now on. */
static void broadcast_left(avow__subscribers_t *subscribers,
                           const avow__listener_t *listener) {
  broadcast_t *b = (broadcast_t *) subscribers;
  uint64_t number = listener->next > b->oldest ? listener->next : b->oldest;
  for (; number != subscribers->next; number++)
    place_of(b, number)->owed--;
  release(b);
  fill(b);
}

static void broadcast_destroy(avow__subscribers_t *subscribers) {
  broadcast_t *b = (broadcast_t *) subscribers;
  assert(b->oldest == subscribers->next);
  avow_channel_unref(b->queue);
  avow_free(b);
}

static const avow__subscribers_class_t reached = {
  .tell = broadcast_tell, .left = broadcast_left, .destroy = broadcast_destroy
};

static void broadcast_let_go(void *self) {
  broadcast_t *b = self;
  avow_channel_end(b->queue);
  fill(b);
  avow__subscribers_unref(&b->subscribers);
}

static const avow_class_t broadcast_class = { .name = "broadcast",
                                              .destroy = broadcast_let_go };

/* Returns NULL if out of memory. */
static broadcast_t *broadcast_alloc(uv_loop_t *loop, size_t room) {
  broadcast_t *b =
      avow_calloc(1, avow__plus(sizeof(*b),
                                avow__times(room, sizeof(broadcast_place_t))));
  if (b == NULL)
    return NULL;
  b->queue = avow_channel_new(loop, 0);
  if (avow__channel_is_over(b->queue)) {
    avow_channel_unref(b->queue);
    avow_free(b);
    return NULL;
  }
  avow__mark_in_value((avow_promise_t *) b->queue);
  b->subscribers.klass = &reached;
  b->subscribers.context = avow__context_of(loop);
  b->subscribers.refs = 1;
  b->room = room;
  return b;
}

avow_broadcast_t *avow_broadcast_new(uv_loop_t *loop, size_t room,
                                     const avow_broadcast_options_t *options) {
  avow__check_ready(loop);
  const int err = AVOW__RESERVED(options);
  if (err != 0)
    return avow__tool_refuse(loop, err, "broadcast");
  broadcast_t *b = broadcast_alloc(loop, room > 0 ? room : 1);
  if (b != NULL && options != NULL)
    b->drops = options->drops;
  return avow__tool_wrap(loop, &broadcast_class, b);
}

avow_promise_t *avow_broadcast_send(const avow_broadcast_t *broadcast,
                                    avow_value_t item) {
  broadcast_t *b = avow__tool_self(broadcast, &broadcast_class);
  avow_promise_t *p;
  if (b == NULL)
    p = avow__tool_ref(broadcast, "broadcast");
  else if ((p = avow__refuse_closed(broadcast)) == NULL) {
    p = avow_channel_send(b->queue, item);
    fill(b);
    return p;
  }
  avow__value_unref(item); /* last, because it may call the program */
  return p;
}

avow_channel_t *avow_broadcast_subscribe(const avow_broadcast_t *broadcast) {
  broadcast_t *b = avow__tool_self(broadcast, &broadcast_class);
  if (b == NULL)
    return avow__tool_ref(broadcast, "broadcast");
  avow_promise_t *outlived = avow__refuse_closed(broadcast);
  if (outlived != NULL)
    return (avow_channel_t *) outlived;
  return avow__subscribers_join(&b->subscribers, b->subscribers.next);
}

size_t avow_broadcast_subscribers(const avow_broadcast_t *broadcast) {
  if (broadcast == NULL)
    avow__misuse_of_null("broadcast");
  const broadcast_t *b = avow__tool_self(broadcast, &broadcast_class);
  return b != NULL ? b->subscribers.count : 0;
}

avow_broadcast_t *avow_broadcast_ref(const avow_broadcast_t *b) {
  avow__check_tool(b, &broadcast_class);
  return avow__tool_ref(b, "broadcast");
}

void avow_broadcast_unref(avow_broadcast_t *b) {
  avow__tool_unref(b, &broadcast_class);
}
