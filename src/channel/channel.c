/*
 * Channels. A channel is a block of the pool, and so is each promise that waits
 * in it: a taker for an item, or a sender, with its item, for room. Items that
 * found room are in a ring. What always holds:
 *
 *   takers wait only while there is no item, in the ring or with a sender;
 *   senders wait only while the ring is full;
 *   once ended, a channel has neither takers nor a source;
 *   a source flows exactly while there is room or a taker.
 *
 * A channel that could not be made is the rejected promise that stands for all
 * that could not: what is asked of it is rejected alike.
 */
#include "channel/channel.h"

#include "base/alloc.h"
#include "channel/ring.h"
#include "engine/engine.h"
#include "engine/invariants.h"
#include "engine/parts.h"

/* Debug builds: is it alive? NULL and inert ones have no block of their own. */
static avow_promise_t *block_of(const avow_channel_t *channel) {
  avow_promise_t *block = avow__given(channel, "a channel");
  avow__check_thread(avow__context(block));
#if AVOW__DEBUG
  if (block->kind == AVOW__FREE)
    avow__misuse(
        "this channel is gone: avow_channel_unref() let go of it before; call "
        "avow_channel_ref() first to give it to two");
#endif
  return block;
}

static bool is_inert(const avow_promise_t *ch) {
  return ch->kind != AVOW__CHANNEL;
}

static bool has_ended(const avow_promise_t *ch) {
  return (ch->flags & AVOW__RESOLVED) != 0;
}

static size_t count_of(const avow_promise_t *ch) {
  return ch->ring != NULL ? ch->ring->count : 0;
}

static bool channel_has_room(const avow_promise_t *ch) {
  return ch->ring != NULL && ch->ring->count < ch->ring->room;
}

/* Makes a place for one more item; false without memory. */
static bool ring_grow(avow_promise_t *ch) {
  avow__ring_t *old = ch->ring;
  if (old != NULL && old->count < old->size)
    return true;
  avow__ring_t *ring =
      avow__ring_new(old != NULL ? old->room : 0, avow__ring_next_size(old));
  if (ring == NULL)
    return false;
  while (old != NULL && old->count > 0)
    avow__ring_add(ring, avow__ring_pop(old));
  avow__free(old);
  ch->ring = ring;
  return true;
}

static void tell_first(avow__context_t *c) {
  avow__link_t *first = avow__list_take_first(&c->untold);
  avow__source_t *source = AVOW__CONTAINER(avow__source_t, link, first);
  source->untold = false;
  const bool news = source->flows != source->told;
  source->told = source->flows;
  if (source->unwanted)
    source->stop(source);
  else if (news && source->flows)
    source->resume(source);
  else if (news && source->pause != NULL)
    source->pause(source);
}

/* A source may ask another channel, or let go of it, and that has a source,
   too: it hears of that when the first has returned, however many there are in
   a row. */
static void tell_source(avow__context_t *c, avow__source_t *source) {
  if (!source->untold)
    avow__list_append(&c->untold, &source->link);
  source->untold = true;
  if (c->telling)
    return;
  c->telling = true;
  while (c->untold != NULL)
    tell_first(c);
  c->telling = false;
}

/* Tells the source what has changed. It may be gone afterwards. */
static void flow(avow_promise_t *ch) {
  avow__source_t *source = ch->source;
  if (source == NULL)
    return;
  const bool waits = ch->takers != NULL;
  if (source->handle != NULL && !uv_is_closing(source->handle))
    (waits ? uv_ref : uv_unref)(source->handle);
  const bool flows = waits || channel_has_room(ch);
  if (flows == source->flows)
    return;
  source->flows = flows;
  tell_source(avow__context(ch), source);
}

static void settle_first(avow__link_t **list, avow_value_t v) {
  avow__resolve((avow_promise_t *) avow__list_take_first(list), v);
}

/* Takes the item of the first sender, whose promise the answer settles. */
static avow_value_t take_from_sender(avow_promise_t *ch, avow_value_t answer) {
  const avow_value_t item = ((avow_promise_t *) ch->senders)->u.value;
  settle_first(&ch->senders, answer);
  return item;
}

static avow_value_t take_item(avow_promise_t *ch) {
  if (count_of(ch) == 0)
    return ch->senders != NULL ? take_from_sender(ch, avow_none())
                               : avow_value_ref(&ch->u.value);
  const avow_value_t item = avow__ring_pop(ch->ring);
  if (ch->senders != NULL && channel_has_room(ch))
    avow__ring_add(ch->ring, take_from_sender(ch, avow_none()));
  return item;
}

/* Makes a promise that waits in a list of the channel's. */
static avow_promise_t *wait_in(avow_promise_t *ch, avow__kind_t kind,
                               avow__link_t **list) {
  avow__context_t *c = avow__context(ch);
  avow_promise_t *p = avow__promise_alloc(c, kind);
  if (p == NULL)
    return NULL;
  p->data = ch;
  avow__list_append(list, &p->link);
  return p;
}

avow_promise_t *avow_channel_next(const avow_channel_t *channel) {
  avow_promise_t *ch = block_of(channel);
  if (is_inert(ch))
    return avow__ref(ch);
  avow__context_t *c = avow__context(ch);
  avow_promise_t *p;
  if (count_of(ch) > 0 || ch->senders != NULL || has_ended(ch)) {
    p = avow__promise_alloc(c, AVOW__VALUE);
    if (p != NULL)
      avow__resolve(p, take_item(ch));
  } else {
    p = wait_in(ch, AVOW__NEXT, &ch->takers);
  }
  if (p == NULL)
    return avow__no_promise(c);
  flow(ch);
  return p;
}

bool avow__channel_is_over(const avow_channel_t *channel) {
  const avow_promise_t *ch = block_of(channel);
  return is_inert(ch) ||
         (has_ended(ch) && count_of(ch) == 0 && ch->senders == NULL);
}

bool avow__channel_is_awaited(const avow_channel_t *channel) {
  return block_of(channel)->takers != NULL;
}

/* Makes the answer to what cannot be sent; NULL without memory. */
static avow_promise_t *channel_refuse(avow_promise_t *ch, uint32_t tag) {
  if (is_inert(ch))
    return avow__ref(ch);
  avow_promise_t *p = avow__promise_alloc(avow__context(ch), AVOW__VALUE);
  if (p == NULL)
    return NULL;
  if (tag == AVOW_NONE)
    avow__resolve(p, avow__error_of(UV_EINVAL, "send", "none"));
  else if (avow_is_error(&ch->u.value))
    avow__resolve(p, avow_value_ref(&ch->u.value));
  else
    avow__resolve(p, avow__error_of(UV_EPIPE, "send", NULL));
  return p;
}

/* Puts the item where it belongs; NULL without memory. */
static avow_promise_t *channel_put(avow_promise_t *ch, avow_value_t item) {
  avow__context_t *c = avow__context(ch);
  if (ch->takers == NULL && !channel_has_room(ch)) {
    avow_promise_t *p = wait_in(ch, AVOW__SEND, &ch->senders);
    if (p != NULL)
      p->u.value = item;
    return p;
  }
  if (ch->takers == NULL && !ring_grow(ch))
    return NULL;
  avow_promise_t *p = avow__promise_alloc(c, AVOW__VALUE);
  if (p == NULL)
    return NULL;
  if (ch->takers != NULL)
    settle_first(&ch->takers, item);
  else
    avow__ring_add(ch->ring, item);
  avow__resolve(p, avow_none());
  return p;
}

avow_promise_t *avow_channel_send(const avow_channel_t *channel,
                                  avow_value_t item) {
  avow_promise_t *ch = block_of(channel);
  avow__context_t *c = avow__context(ch);
  const bool refuses = is_inert(ch) || has_ended(ch) || item.tag == AVOW_NONE;
  avow_promise_t *p =
      refuses ? channel_refuse(ch, item.tag) : channel_put(ch, item);
  if (p != NULL && !refuses) {
    flow(ch);
    return p;
  }
  if (p == NULL)
    p = avow__no_promise(c);
  avow__value_unref(item); /* last: it may call the program */
  return p;
}

static void stop_source(avow_promise_t *ch) {
  avow__source_t *source = ch->source;
  ch->source = NULL;
  if (source == NULL)
    return;
  source->unwanted = true;
  tell_source(avow__context(ch), source);
}

/* Marks the end: last is what comes after all items. */
static void channel_finish(avow_promise_t *ch, avow_value_t last) {
  if (is_inert(ch) || has_ended(ch)) {
    avow__value_unref(last);
    return;
  }
  ch->flags |= AVOW__RESOLVED;
  ch->u.value = last;
  while (ch->takers != NULL)
    settle_first(&ch->takers, avow_value_ref(&last));
  stop_source(ch);
}

void avow_channel_end(const avow_channel_t *channel) {
  channel_finish(block_of(channel), avow_none());
}

void avow_channel_fail(const avow_channel_t *channel, avow_value_t error) {
  channel_finish(block_of(channel), avow__reason(error));
}

/* Releasing calls the program, which may come back here. */
static void empty(avow_promise_t *ch) {
  while (count_of(ch) > 0)
    avow__value_unref(avow__ring_pop(ch->ring));
  while (ch->senders != NULL)
    avow__value_unref(take_from_sender(ch, avow_error(UV_EPIPE)));
}

static void close_block(avow_promise_t *ch) {
  channel_finish(ch, avow_none());
  avow_value_clear(&ch->u.value);
  empty(ch);
}

void avow_channel_close(const avow_channel_t *channel) {
  avow_promise_t *ch = block_of(channel);
  if (is_inert(ch))
    return;
  avow_channel_t *held = avow_channel_ref(channel);
  close_block(ch);
  avow_channel_unref(held);
}

avow_channel_t *avow_channel_ref(const avow_channel_t *channel) {
  return (avow_channel_t *) avow__ref(block_of(channel));
}

void avow_channel_unref(avow_channel_t *channel) {
  if (channel == NULL)
    return;
  avow_promise_t *ch = block_of(channel);
  if (is_inert(ch)) {
    avow_unref(ch);
    return;
  }
  if (ch->refs == 1) {
    close_block(ch);
    avow__free(ch->ring);
    ch->ring = NULL;
  }
  avow__unref(ch);
}

/* A taker or a sender waits no longer. */
void avow__channel_cancel(avow_promise_t *p, avow_promise_t *start) {
  avow_promise_t *ch = p->data;
  const bool sends = p->kind == AVOW__SEND;
  const avow_value_t item = sends ? p->u.value : avow_none();
  avow__list_remove(sends ? &ch->senders : &ch->takers, &p->link);
  avow__detached(p);
  flow(ch);
  avow__value_unref(item); /* last: it may call the program */
}

static avow_promise_t *channel_new(avow__context_t *c, size_t room) {
  avow__ring_t *ring = NULL;
  if (room > 0)
    ring = avow__ring_new(room, room < AVOW__RING_MIN ? room : AVOW__RING_MIN);
  avow_promise_t *ch = NULL;
  if (room == 0 || ring != NULL)
    ch = avow__promise_alloc(c, AVOW__CHANNEL);
  if (ch == NULL) {
    avow__free(ring);
    return NULL;
  }
  ch->flags = AVOW_FULFILLED; /* nothing for others to settle */
  ch->takers = ch->senders = NULL;
  ch->ring = ring;
  ch->source = NULL;
  ch->u.value = avow_none();
  return ch;
}

avow_channel_t *avow_channel_new(uv_loop_t *loop, size_t room) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  avow_promise_t *ch = channel_new(c, room);
  return (avow_channel_t *) (ch != NULL ? ch : avow__no_promise(c));
}

static void channel_let_go(void *channel) {
  avow_channel_unref(channel);
}

avow_promise_t *avow_channel_first(avow_channel_t *channel) {
  avow_promise_t *p = avow_channel_next(channel);
  if (avow__is_pending(p))
    return avow_attach(p, channel, channel_let_go);
  avow_channel_unref(channel);
  return p;
}

void *avow__source_new(uv_loop_t *loop, size_t size) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  avow__source_t *source =
      c->life >= AVOW__GIVING_UP ? NULL : avow__calloc(1, size);
  if (source != NULL)
    source->context = c;
  return source;
}

avow_channel_t *avow__channel_none(uv_loop_t *loop) {
  return (avow_channel_t *) avow__no_promise(avow__context_of(loop));
}

avow_channel_t *avow__channel_refuse(uv_loop_t *loop, int code,
                                     const char *name, const char *object) {
  avow_channel_t *channel = avow_channel_new(loop, 0);
  avow_channel_fail(channel, avow__error_of(code, name, object));
  return channel;
}

/* A loop that is being closed gives no more sources: it could not end. */
avow_channel_t *avow__channel_feed(uv_loop_t *loop, size_t room,
                                   avow__source_t *source) {
  avow__context_t *c = avow__context_of(loop);
  avow_promise_t *ch = c->life > AVOW__OPEN ? NULL : channel_new(c, room);
  if (ch == NULL) {
    source->stop(source);
    return (avow_channel_t *) (c->life > AVOW__OPEN ? avow__ref(c->canceled)
                                                    : avow__no_promise(c));
  }
  ch->source = source;
  source->channel = (avow_channel_t *) ch;
  flow(ch);
  return (avow_channel_t *) ch;
}

bool avow__channel_push(avow_channel_t *channel, avow_value_t item) {
  avow_promise_t *ch = (avow_promise_t *) channel;
  if (ch->takers != NULL) {
    settle_first(&ch->takers, item);
  } else if (ring_grow(ch)) {
    avow__ring_add(ch->ring, item);
  } else {
    channel_finish(ch, avow_error(UV_ENOMEM));
    avow__value_unref(item); /* last: it may call the program */
    return false;
  }
  flow(ch);
  return ch->source != NULL && ch->source->flows;
}

void avow__source_free(avow__source_t *source) {
  avow__free(source);
}

static void on_source_closed(uv_handle_t *handle) {
  avow__source_t *source = handle->data;
  source->context->closing_own--;
  avow__free(source);
}

/* Where the program has closed the handle, nobody tells when that is over: the
   source stays until avow_loop_close(). */
void avow__source_close(avow__source_t *source, uv_handle_t *handle) {
  avow__context_t *c = source->context;
  if (!uv_is_closing(handle)) {
    c->closing_own++;
    uv_close(handle, on_source_closed);
    return;
  }
  source->stray =
      (avow__stray_t){ .context = c, .block = source, .free_fn = avow__free };
  avow__stray_add(&source->stray);
}

static void channel_close_one(avow_promise_t *p, void *data) {
  if (p->kind == AVOW__CHANNEL)
    avow_channel_close((avow_channel_t *) p);
}

void avow__channels_close(avow__context_t *c) {
  avow__pool_each(&c->pool, channel_close_one, NULL);
}

uv_loop_t *avow__channel_loop(const avow_channel_t *channel) {
  return avow__context(avow__mutable(channel))->loop;
}

#ifdef AVOW_CHECK

typedef struct {
  size_t takers, senders;
} waiting_t;

static size_t check_list_of(const avow_promise_t *ch, const avow__link_t *list,
                            avow__kind_t kind) {
  const size_t n = avow__check_list(list);
  for (size_t i = 0; i < n; i++, list = list->next) {
    const avow_promise_t *p = (const avow_promise_t *) list;
    AVOW__HOLDS(68, p->kind == kind && avow__is_pending(p));
    AVOW__HOLDS(69, p->data == ch);
  }
  return n;
}

static void check_channel(avow_promise_t *ch, void *data) {
  waiting_t *waiting = data;
  if (is_inert(ch))
    return;
  waiting->takers += check_list_of(ch, ch->takers, AVOW__NEXT);
  waiting->senders += check_list_of(ch, ch->senders, AVOW__SEND);
  const bool has_items = count_of(ch) > 0 || ch->senders != NULL;
  AVOW__HOLDS(70, ch->takers == NULL || !has_items);
  AVOW__HOLDS(71, ch->senders == NULL || !channel_has_room(ch));
  AVOW__HOLDS(72, !has_ended(ch) || ch->takers == NULL);
  AVOW__HOLDS(72, !has_ended(ch) || ch->source == NULL);
  AVOW__HOLDS(73, count_of(ch) == 0 || ch->ring->count <= ch->ring->size);
  if (ch->source != NULL && ch->source->flows)
    AVOW__HOLDS(74, ch->takers != NULL || channel_has_room(ch));
}

void avow__channels_check(avow__context_t *c) {
  waiting_t waiting = { 0 };
  avow__pool_each(&c->pool, check_channel, &waiting);
  AVOW__HOLDS(75, waiting.takers == avow__check_count(c, AVOW__NEXT));
  AVOW__HOLDS(76, waiting.senders == avow__check_count(c, AVOW__SEND));
}

#endif
