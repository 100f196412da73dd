/* SPDX-License-Identifier: MIT */
/*
 * Sources of channels. tell_source() tells a source of changes in demand, one
 * source at a time. If a source asks for items of another channel meanwhile,
 * that channel's source waits in a list of the loop. The end of the channel is
 * the last message; the source then frees itself.
 */
#include "base/alloc.h"
#include "channel/inside.h"
#include "engine/invariants.h"
#include "engine/port.h"

static void source_tell(avow__source_t *source) {
  const bool news = source->flows != source->told;
  source->told = source->flows;
  if (source->unwanted)
    source->stop(source);
  else if (news && source->flows)
    source->resume(source);
  else if (news && source->pause != NULL)
    source->pause(source);
}

static void tell_first(avow__channels_t *channels) {
  avow__link_t *first = avow__list_take_first(&channels->untold);
  avow__source_t *source = AVOW__CONTAINER(avow__source_t, link, first);
  source->untold = false;
  source_tell(source);
}

/* A source may receive from another channel or release it, and that channel may
   have a source too. The second source is told after the first has returned,
   however long the row of channels is. */
static void tell_source(avow__context_t *c, avow__source_t *source) {
  avow__channels_t *channels = avow__channels_of(c);
  if (channels->telling) {
    if (!source->untold)
      avow__list_append(&channels->untold, &source->link);
    source->untold = true;
    return;
  }
  channels->telling = true;
  source_tell(source);
  while (channels->untold != NULL)
    tell_first(channels);
  channels->telling = false;
}

static void source_await(avow__source_t *source, bool waits) {
  if (source->handle != NULL && !uv_is_closing(source->handle))
    (waits ? uv_ref : uv_unref)(source->handle);
  if (source->port != NULL && waits && !source->awaited)
    avow__port_expect(source->port);
  if (source->port != NULL && !waits && source->awaited)
    avow__port_dismiss(source->port);
  source->awaited = waits;
}

void avow__source_flow(avow_promise_t *ch) {
  avow__source_t *source = ch->source;
  const bool waits = ch->receivers != NULL;
  source_await(source, waits);
  const bool asks = (ch->flags & AVOW__CHANNEL_ASKED) != 0;
  const bool flows = waits || asks || avow__channel_has_room(ch);
  if (flows == source->flows)
    return;
  source->flows = flows;
  tell_source(avow__context(ch), source);
}

void avow__source_end_burst(avow__source_t *source) {
  const avow_promise_t *ch = avow__channel_block(source->channel);
  source->busy = false;
  source->told = source->flows = avow__channel_takes(ch);
  source_await(source, ch->receivers != NULL);
}

/* The code for items that arrive after the end. */
static int end_code(const avow_promise_t *ch) {
  return avow_is_error(&ch->u.value) ? avow_error_code(&ch->u.value) : UV_EPIPE;
}

void avow__source_end(avow_promise_t *ch) {
  avow__source_t *source = ch->source;
  ch->source = NULL;
  if (source == NULL)
    return;
  source_await(source, false);
  source->code = end_code(ch);
  source->unwanted = true;
  tell_source(avow__context(ch), source);
}

/* A source that flows pushes its items by itself. If there is no memory for an
   item, the caller sees none. */
static void resume_for_one(avow_promise_t *ch) {
  if (ch->source->flows || !avow__channel_grow(ch))
    return;
  ch->flags |= AVOW__CHANNEL_ASKED;
  avow__source_flow(ch);
  ch->flags &= (uint16_t) ~AVOW__CHANNEL_ASKED;
  avow__channel_flow(ch);
}

/* Receivers that already wait get items first. */
bool avow__source_ask(avow_promise_t *ch, avow_value_t *out) {
  avow__source_t *source = ch->source;
  if (source == NULL)
    return false;
  if (source->answer != NULL)
    return ch->receivers == NULL && source->answer(source, out);
  resume_for_one(ch);
  if (!avow__channel_gives(ch))
    return false;
  *out = avow__channel_take(ch);
  avow__channel_flow(ch);
  return true;
}

void *avow__source_new(uv_loop_t *loop, size_t size) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  avow__source_t *source =
      c->life >= AVOW__GIVING_UP ? NULL : avow_calloc(1, size);
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

/* A loop that is closing refuses new sources, because it could not end them. */
avow_channel_t *avow__channel_feed(uv_loop_t *loop, size_t room,
                                   avow__source_t *source) {
  avow__context_t *c = avow__context_of(loop);
  avow_promise_t *ch =
      c->life > AVOW__OPEN ? NULL : avow__channel_alloc(c, room);
  if (ch == NULL) {
    source->stop(source);
    return (avow_channel_t *) (c->life > AVOW__OPEN ? avow__ref(c->canceled)
                                                    : avow__no_promise(c));
  }
  ch->flags |= AVOW__CHANNEL_FED;
  ch->source = source;
  source->channel = (avow_channel_t *) ch;
  avow__channel_flow(ch);
  return (avow_channel_t *) ch;
}

int avow__source_attach(const avow_channel_t *channel, avow__source_t *source) {
  avow_promise_t *ch = avow__channel_block(channel);
  if (avow__channel_is_inert(ch))
    return end_code(ch);
  if (avow__context(ch)->life > AVOW__OPEN)
    return UV_ECANCELED;
  if (avow__channel_has_ended(ch))
    return end_code(ch);
  if (ch->source != NULL)
    return UV_EALREADY;
  ch->source = source;
  source->channel = (avow_channel_t *) ch;
  avow__channel_flow(ch);
  return 0;
}

bool avow__channel_is_over(const avow_channel_t *channel) {
  const avow_promise_t *ch = avow__channel_block(channel);
  return avow__channel_is_inert(ch) ||
         (avow__channel_has_ended(ch) && avow__channel_count(ch) == 0 &&
          ch->senders == NULL);
}

bool avow__channel_ends_with(const avow_channel_t *channel,
                             const avow_value_t *error) {
  const avow_value_t *last = &avow__channel_block(channel)->u.value;
  return avow__channel_is_over(channel) && last->tag == error->tag &&
         last->code == error->code && last->u.p == error->u.p;
}

bool avow__channel_is_awaited(const avow_channel_t *channel) {
  return avow__channel_block(channel)->receivers != NULL;
}

bool avow__channel_push(avow_channel_t *channel, avow_value_t item) {
  avow_promise_t *ch = (avow_promise_t *) channel;
  if (ch->receivers != NULL) {
    avow__channel_settle_first(&ch->receivers, item);
  } else if (avow__channel_grow(ch)) {
    avow__ring_add(ch->ring, item);
    ch->flags &= (uint16_t) ~AVOW__CHANNEL_ASKED;
  } else {
    avow__channel_finish(ch, avow_error(UV_ENOMEM));
    avow__value_unref(item); /* last, because it may call the program */
    return false;
  }
  avow__channel_flow(ch);
  return ch->source != NULL && ch->source->flows;
}

void avow__source_free(avow__source_t *source) {
  avow_free(source);
}

static void on_source_closed(uv_handle_t *handle) {
  avow__source_t *source = handle->data;
  source->context->close.closing_own--;
  avow_free(source);
}

/* If the program has closed the handle, libuv does not report when that is
   done. The source stays until avow_loop_close(). */
void avow__source_close(avow__source_t *source, uv_handle_t *handle) {
  avow__context_t *c = source->context;
  if (!uv_is_closing(handle)) {
    c->close.closing_own++;
    uv_close(handle, on_source_closed);
    return;
  }
  source->foreign_close = (avow__foreign_close_t){ .context = c,
                                                   .block = source,
                                                   .free_fn = avow_free };
  avow__foreign_close_add(&source->foreign_close);
}

#ifdef AVOW_CHECK

typedef struct {
  size_t receivers, senders, cases;
} waiting_t;

/* A case that sends has an item. */
static bool check_is_case(const avow_promise_t *p, avow__kind_t kind) {
  const bool sends = p->u.value.tag != AVOW_NONE;
  return p->kind == AVOW__CASE && sends == (kind == AVOW__SEND);
}

static size_t check_list_of(const avow_promise_t *ch, const avow__link_t *list,
                            avow__kind_t kind, waiting_t *waiting) {
  const size_t n = avow__check_list(list);
  size_t cases = 0;
  for (size_t i = 0; i < n; i++, list = list->next) {
    const avow_promise_t *p = (const avow_promise_t *) list;
    const bool is_case = check_is_case(p, kind);
    AVOW__HOLDS(68, (p->kind == kind || is_case) && avow__is_pending(p));
    AVOW__HOLDS(69, p->data == ch);
    cases += is_case;
  }
  waiting->cases += cases;
  return n - cases;
}

/* A select may wait both to send to a channel and to receive from it. It does
   not serve itself. */
static bool check_serves_itself(const avow_promise_t *ch) {
  const avow_promise_t *receiver = (const avow_promise_t *) ch->receivers;
  const avow_promise_t *sender = (const avow_promise_t *) ch->senders;
  return receiver->kind == AVOW__CASE && sender->kind == AVOW__CASE &&
         receiver->select == sender->select;
}

static void check_channel(avow_promise_t *ch, void *data) {
  waiting_t *waiting = data;
  if (avow__channel_is_inert(ch))
    return;
  waiting->receivers += check_list_of(ch, ch->receivers, AVOW__NEXT, waiting);
  waiting->senders += check_list_of(ch, ch->senders, AVOW__SEND, waiting);
  AVOW__HOLDS(70, ch->receivers == NULL || avow__channel_count(ch) == 0);
  AVOW__HOLDS(70, ch->receivers == NULL || ch->senders == NULL ||
                      check_serves_itself(ch));
  AVOW__HOLDS(71, ch->senders == NULL || !avow__channel_has_room(ch));
  AVOW__HOLDS(72, !avow__channel_has_ended(ch) || ch->receivers == NULL);
  AVOW__HOLDS(72, !avow__channel_has_ended(ch) || ch->source == NULL);
  AVOW__HOLDS(73, avow__channel_count(ch) == 0 ||
                      ch->ring->count <= ch->ring->size);
  if (ch->source != NULL && ch->source->flows)
    AVOW__HOLDS(74, ch->receivers != NULL || avow__channel_has_room(ch));
}

static void check_case_of_channel(avow_promise_t *p, void *data) {
  size_t *n = data;
  *n += p->kind == AVOW__CASE && p->upstream == NULL;
}

void avow__channels_check(avow__context_t *c) {
  size_t cases = 0;
  waiting_t waiting = { 0 };
  const avow__channels_t *channels = avow__channels_of(c);
  AVOW__HOLDS(45, !channels->telling && channels->untold == NULL);
  avow__pool_each(&c->pool, check_channel, &waiting);
  AVOW__HOLDS(75, waiting.receivers == avow__check_count(c, AVOW__NEXT));
  AVOW__HOLDS(76, waiting.senders == avow__check_count(c, AVOW__SEND));
  avow__pool_each(&c->pool, check_case_of_channel, &cases);
  AVOW__HOLDS(79, waiting.cases == cases);
}

#endif
