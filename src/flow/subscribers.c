/* SPDX-License-Identifier: MIT */
/*
 * Listeners to the same items. A listener is the source of its channel, which
 * has capacity 0, so each receive gets one item. A listener is in the waiting
 * list exactly while its channel wants an item and it has none to give.
 */
#include "flow/subscribers.h"

#include "base/container.h"

void avow__subscribers_ref(avow__subscribers_t *subscribers) {
  subscribers->refs++;
}

void avow__subscribers_unref(avow__subscribers_t *subscribers) {
  if (--subscribers->refs > 0)
    return;
  assert(subscribers->waiting == NULL && subscribers->count == 0);
  subscribers->klass->destroy(subscribers);
}

static void set_waiting(avow__listener_t *listener, bool waits) {
  avow__subscribers_t *subscribers = listener->subscribers;
  if (waits && !listener->waits)
    avow__list_append(&subscribers->waiting, &listener->link);
  if (!waits && listener->waits)
    avow__list_remove(&subscribers->waiting, &listener->link);
  listener->waits = waits;
}

static bool has_more(const avow__listener_t *listener) {
  return !listener->subscribers->is_silent &&
         listener->next != listener->subscribers->next;
}

/* Gives as many items as the channel wants. Each item has a receiver, so this
   calls no function of the program. The listener may be freed afterwards. */
static void serve(avow__listener_t *listener) {
  avow__subscribers_t *subscribers = listener->subscribers;
  const avow__subscribers_class_t *klass = subscribers->klass;
  avow_channel_t *channel = listener->source.channel;
  set_waiting(listener, false);
  while (listener->source.flows && has_more(listener))
    if (!avow__channel_push(channel, klass->tell(subscribers, listener)))
      return;
  if (listener->source.flows && subscribers->is_over)
    avow_channel_end(channel);
  else if (listener->source.flows)
    set_waiting(listener, true);
}

static avow__listener_t *first_waiting(const avow__subscribers_t *subscribers) {
  avow__link_t *link = subscribers->waiting;
  return link != NULL ? AVOW__CONTAINER(avow__listener_t, link, link) : NULL;
}

/* A listener that waits again meanwhile comes after those that already
   waited. */
void avow__subscribers_serve(avow__subscribers_t *subscribers) {
  avow__listener_t *first;
  avow__subscribers_ref(subscribers);
  while ((first = first_waiting(subscribers)) != NULL &&
         (has_more(first) || subscribers->is_over))
    serve(first);
  avow__subscribers_unref(subscribers);
}

static void listener_resume(avow__source_t *source) {
  avow__listener_t *listener = (avow__listener_t *) source;
  avow__subscribers_t *subscribers = listener->subscribers;
  avow__subscribers_ref(subscribers);
  serve(listener);
  avow__subscribers_unref(subscribers);
}

static void listener_hold_back(avow__source_t *source) {
  set_waiting((avow__listener_t *) source, false);
}

static void listener_stop(avow__source_t *source) {
  avow__listener_t *listener = (avow__listener_t *) source;
  avow__subscribers_t *subscribers = listener->subscribers;
  set_waiting(listener, false);
  subscribers->count--;
  if (subscribers->klass->left != NULL)
    subscribers->klass->left(subscribers, listener);
  avow__source_free(source);
  avow__subscribers_unref(
      subscribers); /* last, because it may call the program */
}

avow_channel_t *avow__subscribers_join(avow__subscribers_t *subscribers,
                                       uint64_t from) {
  uv_loop_t *loop = subscribers->context->loop;
  avow__listener_t *listener = avow__source_new(loop, sizeof(*listener));
  if (listener == NULL)
    return avow__channel_none(loop);
  listener->source.resume = listener_resume;
  listener->source.pause = listener_hold_back;
  listener->source.stop = listener_stop;
  listener->subscribers = subscribers;
  listener->next = from;
  subscribers->count++;
  avow__subscribers_ref(subscribers);
  return avow__channel_feed(loop, 0, &listener->source);
}
