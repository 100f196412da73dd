/* SPDX-License-Identifier: MIT */
/*
 * Listeners to the same items. A listener is the source of its channel, which
 * has capacity 0, so each receive gets one item. A listener is in the waiting
 * list exactly while its channel wants an item and it has none to give.
 */
#include "flow/subscribers.h"

#include "base/container.h"

void avow__audience_ref(avow__audience_t *audience) {
  audience->refs++;
}

void avow__audience_unref(avow__audience_t *audience) {
  if (--audience->refs > 0)
    return;
  assert(audience->waiting == NULL && audience->count == 0);
  audience->klass->destroy(audience);
}

static void set_waiting(avow__listener_t *listener, bool waits) {
  avow__audience_t *audience = listener->audience;
  if (waits && !listener->waits)
    avow__list_append(&audience->waiting, &listener->link);
  if (!waits && listener->waits)
    avow__list_remove(&audience->waiting, &listener->link);
  listener->waits = waits;
}

static bool has_more(const avow__listener_t *listener) {
  return !listener->audience->is_silent &&
         listener->next != listener->audience->next;
}

/* Gives as many items as the channel wants. Each item has a receiver, so this
   calls no function of the program. The listener may be freed afterwards. */
static void serve(avow__listener_t *listener) {
  avow__audience_t *audience = listener->audience;
  avow_channel_t *channel = listener->source.channel;
  set_waiting(listener, false);
  while (listener->source.flows && has_more(listener))
    if (!avow__channel_push(channel, audience->klass->tell(audience, listener)))
      return;
  if (listener->source.flows && audience->is_over)
    avow_channel_end(channel);
  else if (listener->source.flows)
    set_waiting(listener, true);
}

static avow__listener_t *first_waiting(const avow__audience_t *audience) {
  avow__link_t *link = audience->waiting;
  return link != NULL ? AVOW__CONTAINER(avow__listener_t, link, link) : NULL;
}

/* A listener that waits again meanwhile comes after those that already
   waited. */
void avow__audience_serve(avow__audience_t *audience) {
  avow__listener_t *first;
  avow__audience_ref(audience);
  while ((first = first_waiting(audience)) != NULL &&
         (has_more(first) || audience->is_over))
    serve(first);
  avow__audience_unref(audience);
}

static void listener_resume(avow__source_t *source) {
  avow__listener_t *listener = (avow__listener_t *) source;
  avow__audience_t *audience = listener->audience;
  avow__audience_ref(audience);
  serve(listener);
  avow__audience_unref(audience);
}

static void listener_hold_back(avow__source_t *source) {
  set_waiting((avow__listener_t *) source, false);
}

static void listener_stop(avow__source_t *source) {
  avow__listener_t *listener = (avow__listener_t *) source;
  avow__audience_t *audience = listener->audience;
  set_waiting(listener, false);
  audience->count--;
  if (audience->klass->left != NULL)
    audience->klass->left(audience, listener);
  avow__source_free(source);
  avow__audience_unref(audience); /* last, because it may call the program */
}

avow_channel_t *avow__audience_join(avow__audience_t *audience, uint64_t from) {
  uv_loop_t *loop = audience->context->loop;
  avow__listener_t *listener = avow__source_new(loop, sizeof(*listener));
  if (listener == NULL)
    return avow__channel_none(loop);
  listener->source.resume = listener_resume;
  listener->source.pause = listener_hold_back;
  listener->source.stop = listener_stop;
  listener->audience = audience;
  listener->next = from;
  audience->count++;
  avow__audience_ref(audience);
  return avow__channel_feed(loop, 0, &listener->source);
}
