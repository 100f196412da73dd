/* SPDX-License-Identifier: MIT */
/*
 * Channels. A channel is a block of the pool. So is each promise that waits in
 * it: a receiver, which waits for an item, or a sender, which waits with its
 * item for capacity. Buffered items are in a ring. These rules always hold:
 *
 * - Receivers wait only while there is no item, in the ring or with a sender.
 * - Senders wait only while the ring is full.
 * - An ended channel has neither receivers nor a source.
 * - A source flows exactly while there is capacity or a receiver.
 *
 * A channel that could not be made is *inert*: it is the rejected promise that
 * the loop keeps for such failures. Every call on it rejects in the same way.
 */
#include "channel/channel.h"

#include "base/alloc.h"
#include "base/check.h"
#include "base/misuse.h"
#include "channel/inside.h"
#include "engine/cancel.h"

static uv_once_t channel_kinds = UV_ONCE_INIT;

bool avow__channel_grow(avow_promise_t *ch) {
  avow__ring_t *old = ch->ring;
  if (old != NULL && old->count < old->size)
    return true;
  avow__ring_t *ring =
      avow__ring_new(old != NULL ? old->room : 0, avow__ring_next_size(old));
  if (ring == NULL)
    return false;
  while (old != NULL && old->count > 0)
    avow__ring_add(ring, avow__ring_pop(old));
  avow_free(old);
  ch->ring = ring;
  return true;
}

void avow__channel_settle(avow_promise_t *p, avow_value_t v) {
  const avow__kind_row_t *row = &avow__kinds[p->kind];
  if (row->served != NULL)
    row->served(p, v);
  else
    avow__resolve(p, v);
}

static avow_value_t first_item(const avow_promise_t *ch) {
  return ((const avow_promise_t *) ch->senders)->u.value;
}

/* Takes the item of the first sender, and settles that sender's promise with
   `answer`. */
static avow_value_t take_from_sender(avow_promise_t *ch, avow_value_t answer) {
  const avow_value_t item = first_item(ch);
  avow__channel_settle_first(&ch->senders, answer);
  return item;
}

avow_value_t avow__channel_take(avow_promise_t *ch) {
  if (avow__channel_count(ch) == 0)
    return ch->senders != NULL ? take_from_sender(ch, avow_none())
                               : avow_value_ref(&ch->u.value);
  const avow_value_t item = avow__ring_pop(ch->ring);
  if (ch->senders != NULL && avow__channel_has_room(ch)) {
    avow__ring_add(ch->ring, first_item(ch));
    avow__channel_settle_first(&ch->senders, avow_none());
  }
  return item;
}

void avow__channel_give(avow_promise_t *ch, avow_value_t item) {
  if (ch->receivers != NULL)
    avow__channel_settle_first(&ch->receivers, item);
  else
    avow__ring_add(ch->ring, item);
}

/* Makes a promise that waits in one of the channel's lists. */
static inline avow_promise_t *wait_in(avow_promise_t *ch, avow__kind_t kind,
                                      avow__link_t **list) {
  avow__context_t *c = avow__context(ch);
  avow_promise_t *p = avow__promise_alloc(c, kind);
  if (p == NULL)
    return NULL;
  p->data = ch;
  avow__list_append(list, &p->link);
  return p;
}

static AVOW__APART avow_promise_t *next_at_once(avow_promise_t *ch) {
  avow__context_t *c = avow__context(ch);
  avow_promise_t *p = avow__promise_alloc(c, AVOW__VALUE);
  if (p == NULL)
    return avow__no_promise(c);
  avow__resolve_new(p, avow__channel_take(ch));
  avow__channel_flow(ch);
  return p;
}

avow_promise_t *avow_channel_next(const avow_channel_t *channel) {
  avow_promise_t *ch = avow__channel_block(channel);
  if (AVOW__UNLIKELY(avow__channel_is_inert(ch)))
    return avow__ref(ch);
  if (avow__channel_gives(ch))
    return next_at_once(ch);
  avow_promise_t *p = wait_in(ch, AVOW__NEXT, &ch->receivers);
  if (AVOW__UNLIKELY(p == NULL))
    return avow__no_promise(avow__context(ch));
  avow__channel_flow(ch);
  return p;
}

/* The loop ends all channels when it closes. From then on no promise is made,
   so avow_channel_next() and avow_channel_send() reject with UV_ECANCELED. */
static bool is_outlived(const avow_promise_t *ch) {
  return avow__channel_has_ended(ch) && avow__context(ch)->life == AVOW__CLOSED;
}

int avow_channel_try_next(const avow_channel_t *channel, avow_value_t *out) {
  if (out == NULL) {
    avow__misuse_of_null("out pointer");
    return AVOW_EMISUSE;
  }
  avow_promise_t *ch = avow__channel_block(channel);
  *out = avow_none();
  if (avow__channel_is_inert(ch)) {
    *out = avow_value_ref(&ch->u.value);
    return 0;
  }
  if (is_outlived(ch)) {
    *out = avow_error(UV_ECANCELED);
    return 0;
  }
  if (!avow__channel_gives(ch))
    return avow__source_ask(ch, out) ? 0 : UV_EAGAIN;
  *out = avow__channel_take(ch);
  avow__channel_flow(ch);
  return 0;
}

/* Why an item cannot be sent; 0 if it can. */
static int send_error(const avow_promise_t *ch, const avow_value_t *item) {
  avow__check_value(item);
  if (avow__channel_is_inert(ch))
    return avow_error_code(&ch->u.value);
  if (is_outlived(ch))
    return UV_ECANCELED;
  if (item->tag == AVOW_NONE)
    return UV_EINVAL;
  if (!avow__channel_refuses(ch))
    return 0;
  if (!avow__channel_has_ended(ch))
    return UV_EALREADY;
  return avow_is_error(&ch->u.value) ? avow_error_code(&ch->u.value) : UV_EPIPE;
}

avow_value_t avow__channel_refusal(const avow_promise_t *ch) {
  if (!avow__channel_has_ended(ch))
    return avow__error_of(UV_EALREADY, "send", NULL);
  return avow_is_error(&ch->u.value) ? avow_value_ref(&ch->u.value)
                                     : avow__error_of(UV_EPIPE, "send", NULL);
}

/* Makes the answer to a send that is refused; NULL if out of memory. */
static avow_promise_t *channel_refuse(avow_promise_t *ch, uint32_t tag) {
  if (avow__channel_is_inert(ch))
    return avow__ref(ch);
  avow_promise_t *p = avow__promise_alloc(avow__context(ch), AVOW__VALUE);
  if (p == NULL)
    return NULL;
  avow__resolve(p, tag == AVOW_NONE ? avow__error_of(UV_EINVAL, "send", "none")
                                    : avow__channel_refusal(ch));
  return p;
}

/* Gives the item to a receiver or the ring, or makes a sender that waits.
   Returns NULL if out of memory. */
static avow_promise_t *channel_put(avow_promise_t *ch, avow_value_t item) {
  avow__context_t *c = avow__context(ch);
  if (!avow__channel_takes(ch)) {
    avow_promise_t *p = wait_in(ch, AVOW__SEND, &ch->senders);
    if (p != NULL)
      p->u.value = item;
    return p;
  }
  if (ch->receivers == NULL && !avow__channel_grow(ch))
    return NULL;
  avow_promise_t *p = avow__promise_alloc(c, AVOW__VALUE);
  if (p == NULL)
    return NULL;
  avow__channel_give(ch, item);
  avow__resolve_new(p, avow_none());
  return p;
}

avow_promise_t *avow_channel_send(const avow_channel_t *channel,
                                  avow_value_t item) {
  avow_promise_t *ch = avow__channel_block(channel);
  avow__context_t *c = avow__context(ch);
  const bool refuses = send_error(ch, &item) != 0;
  avow_promise_t *p =
      refuses ? channel_refuse(ch, item.tag) : channel_put(ch, item);
  if (p != NULL && !refuses) {
    avow__channel_flow(ch);
    return p;
  }
  if (p == NULL)
    p = avow__no_promise(c);
  avow__value_unref(item); /* last, because it may call the program */
  return p;
}

int avow_channel_try_send(const avow_channel_t *channel, avow_value_t item) {
  avow_promise_t *ch = avow__channel_block(channel);
  int err = send_error(ch, &item);
  if (err == UV_EAGAIN)
    err = UV_EPIPE; /* UV_EAGAIN would leave the item to the caller */
  else if (err == 0 && !avow__channel_takes(ch))
    return UV_EAGAIN;
  else if (err == 0 && ch->receivers == NULL && !avow__channel_grow(ch))
    err = UV_ENOMEM;
  if (err == 0) {
    avow__channel_give(ch, item);
    avow__channel_flow(ch);
    return 0;
  }
  avow__value_unref(item); /* last, because it may call the program */
  return err;
}

void avow__channel_finish(avow_promise_t *ch, avow_value_t last) {
  if (avow__channel_is_inert(ch) || avow__channel_has_ended(ch)) {
    avow__value_unref(last);
    return;
  }
  ch->flags |= AVOW__CHANNEL_ENDED;
  ch->u.value = last;
  while (ch->receivers != NULL)
    avow__channel_settle_first(&ch->receivers, avow_value_ref(&last));
  avow__source_end(ch);
}

/* Rejecting a receiver calls the program's hook, which may release the
   channel. */
static void finish_held(const avow_channel_t *channel, avow_value_t last) {
  avow_channel_t *held = avow_channel_ref(channel);
  avow__channel_finish(avow__channel_block(held), last);
  avow_channel_unref(held);
}

void avow_channel_end(const avow_channel_t *channel) {
  avow__check_channel(channel);
  finish_held(channel, avow_none());
}

void avow_channel_fail(const avow_channel_t *channel, avow_value_t error) {
  avow__check_channel(channel);
  finish_held(channel, avow__reason(error));
}

/* Releasing items calls the program, which may call this function again. */
static void empty(avow_promise_t *ch) {
  while (avow__channel_count(ch) > 0)
    avow__value_unref(avow__ring_pop(ch->ring));
  while (ch->senders != NULL)
    avow__value_unref(take_from_sender(ch, avow_error(UV_EPIPE)));
}

static void close_block(avow_promise_t *ch) {
  avow__channel_finish(ch, avow_none());
  avow_value_clear(&ch->u.value);
  empty(ch);
}

void avow_channel_close(const avow_channel_t *channel) {
  avow_promise_t *ch = avow__channel_block(channel);
  if (avow__channel_is_inert(ch))
    return;
  avow_channel_t *held = avow_channel_ref(channel);
  close_block(ch);
  avow_channel_unref(held);
}

avow_channel_t *avow_channel_ref(const avow_channel_t *channel) {
  return (avow_channel_t *) avow__ref(avow__channel_block(channel));
}

static void channel_unref(avow_channel_t *channel, const char *called) {
  if (channel == NULL)
    return;
  avow_promise_t *ch = avow__channel_block_in(channel, called);
  if (avow__channel_is_inert(ch)) {
    avow_unref(ch);
    return;
  }
  if (ch->refs == 1) {
    close_block(ch);
    avow_free(ch->ring);
    ch->ring = NULL;
  }
  avow__unref(ch);
}

void avow_channel_unref(avow_channel_t *channel) {
  avow__site_begin();
  channel_unref(channel, AVOW__CALLED);
  avow__site_end();
}

void avow_channel_clear(avow_channel_t **c) {
  if (c == NULL) {
    avow__misuse_of_null("channel");
    return;
  }
  avow_channel_t *channel = *c;
  *c = NULL;
  avow__site_begin();
  channel_unref(channel, AVOW__CALLED);
  avow__site_end();
}

/* Removes a receiver or a sender that was canceled. */
static void channel_cancel(avow_promise_t *p, avow_promise_t *start) {
  avow_promise_t *ch = p->data;
  const bool sends = p->kind == AVOW__SEND;
  const avow_value_t item = sends ? p->u.value : avow_none();
  avow__list_remove(sends ? &ch->senders : &ch->receivers, &p->link);
  avow__detached(p);
  avow__channel_flow(ch);
  avow__value_unref(item); /* last, because it may call the program */
}

static void channel_close_one(avow_promise_t *p, void *data) {
  if (p->kind == AVOW__CHANNEL)
    avow_channel_close((avow_channel_t *) p);
}

static void channels_close(avow__context_t *c) {
  avow__pool_each(&c->pool, channel_close_one, NULL);
}

static void set_channel_kinds(void) {
  avow__kinds[AVOW__CHANNEL] = (avow__kind_row_t){ .name = "channel" };
  avow__kinds[AVOW__NEXT] = (avow__kind_row_t){ .name = "next",
                                                .is_root = true,
                                                .cancel_from = channel_cancel };
  avow__kinds[AVOW__SEND] = (avow__kind_row_t){ .name = "send",
                                                .is_root = true,
                                                .cancel_from = channel_cancel };
}

avow_promise_t *avow__channel_alloc(avow__context_t *c, size_t room) {
  static const avow__subsystem_t subsystem = { .close = channels_close,
                                               .check = AVOW__CHECKED(
                                                   avow__channels_check) };
  avow__ring_t *ring = NULL;
  uv_once(&channel_kinds, set_channel_kinds);
  if (avow__extension_open(c, AVOW__CHANNEL_EXTENSION, &subsystem,
                           sizeof(avow__channels_t)) == NULL)
    return NULL;
  if (room > 0)
    ring = avow__ring_new(room, room < AVOW__RING_MIN ? room : AVOW__RING_MIN);
  avow_promise_t *ch = NULL;
  if (room == 0 || ring != NULL)
    ch = avow__promise_alloc(c, AVOW__CHANNEL);
  if (ch == NULL) {
    avow_free(ring);
    return NULL;
  }
  ch->flags = AVOW_FULFILLED; /* no other code settles a channel */
  ch->receivers = ch->senders = NULL;
  ch->ring = ring;
  ch->source = NULL;
  ch->u.value = avow_none();
  return ch;
}

avow_channel_t *avow_channel_new(uv_loop_t *loop, size_t room) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  avow_promise_t *ch = avow__channel_alloc(c, room);
  return (avow_channel_t *) (ch != NULL ? ch : avow__no_promise(c));
}

static void channel_release(void *channel) {
  avow_channel_unref(channel);
}

avow_promise_t *avow_channel_first(avow_channel_t *channel) {
  avow__check_channel(channel);
  avow_promise_t *p = avow_channel_next(channel);
  if (avow__is_pending(p))
    return avow_attach(p, channel, channel_release);
  avow_channel_unref(channel);
  return p;
}

uv_loop_t *avow__channel_loop(const avow_channel_t *channel) {
  return avow__context(avow__mutable(channel))->loop;
}
