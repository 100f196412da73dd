/* SPDX-License-Identifier: MIT */
/*
 * The loop's side of senders. While the channel takes no items, the loop holds
 * the mail. After the loop has handed over all received items, it leaves newer
 * items to the next iteration unless the ring is full. Receiving one or two
 * items would cost each side a cache line.
 *
 * Sends that wait enter the ring when the loop has received items. While
 * threads are blocked, the loop leaves the ring to them every second time.
 */
#include "flow/sender.h"

#include "base/container.h"

void avow__sender_admit(avow_sender_t *sender) {
  avow__sender_ring_t *sent = sender->sent;
  const bool yields = sender->yields && sender->blocked > 0;
  size_t next;
  while (!yields && avow__sender_has_queue(sender) &&
         avow__sender_ring_claim(sent, 0, &next) == 0)
    avow__sender_ring_put(sent, next,
                          avow__channel_take(
                              (avow_promise_t *) sender->waiting));
  (void) avow__sender_ring_lock(sent, avow__sender_has_queue(sender));
}

/* Receives the items that were sent, and unlocks the mutex. */
static void receive_and_unlock(avow_sender_t *sender) {
  const bool blocks = sender->blocked > 0;
  avow__sender_ring_move(sender->sent, sender->taken);
  sender->rests = false;
  sender->yields = blocks && !sender->yields;
  avow__sender_admit(sender);
  uv_mutex_unlock(&sender->mutex);
  if (blocks)
    uv_cond_broadcast(&sender->changed);
}

typedef enum { NO_NEWS, END, ITEMS, LATER } news_t;

/* Whether items have been sent that the loop takes now. */
static bool has_news(const avow_sender_t *sender) {
  const avow__sender_ring_t *sent = sender->sent;
  const size_t count =
      avow__sender_ring_count(sent, avow__sender_ring_next(sent));
  return sender->source.flows && count > 0 &&
         (!sender->rests || count == sent->capacity);
}

/* Receives the items that were sent if the channel takes items. If this finds
   no item, the next item posts the mail again. A ring that was left to threads
   stays empty until one of them runs. */
static news_t sender_look(avow_sender_t *sender) {
  uv_mutex_lock(&sender->mutex);
  avow__sender_admit(sender);
  if (!avow__sender_has_queue(sender) && avow__sender_ring_rest(sender->sent)) {
    const bool ended = sender->ended;
    uv_mutex_unlock(&sender->mutex);
    return ended ? END : NO_NEWS;
  }
  if (has_news(sender)) {
    receive_and_unlock(sender);
    return sender->taken->count > 0 ? ITEMS : LATER;
  }
  uv_mutex_unlock(&sender->mutex);
  return sender->source.flows ? LATER : ITEMS;
}

/* Hands over a row of items, each as an event. Returns false if the channel has
   ended. */
static bool hand_over_row(avow__context_t *c, avow_sender_t *sender) {
  avow__source_begin_burst(&sender->source);
  do {
    /* the loop condition checks again, because jobs run before it */
    (void) avow__channel_push(sender->source.channel,
                              avow__ring_pop(sender->taken));
    avow__end_task(c);
    if (sender->stopped)
      return false;
  } while (sender->taken->count > 0 &&
           avow__channel_takes((avow_promise_t *) sender->source.channel) &&
           avow__may_go_on(c));
  avow__source_end_burst(&sender->source);
  return true;
}

/* Hands over received items, as long as the channel takes them. */
static void hand_over_some(avow__context_t *c, avow_sender_t *sender) {
  if (sender->source.flows && !hand_over_row(c, sender)) {
    avow__sender_unref_memory(sender);
    return;
  }
  sender->rests = sender->source.flows;
  sender->held = !sender->source.flows;
  if (sender->source.flows)
    avow__port_again(c, &sender->mail);
}

static void sender_deliver(avow__context_t *c, avow__mail_t *mail) {
  avow_sender_t *sender = AVOW__CONTAINER(avow_sender_t, mail, mail);
  news_t news = NO_NEWS;
  if (!sender->stopped)
    news = sender->taken->count > 0 ? ITEMS : sender_look(sender);
  if (news == ITEMS) {
    hand_over_some(c, sender);
    return;
  }
  sender->rests = false;
  if (news == LATER) {
    avow__port_later(c, mail);
    return;
  }
  if (news == END)
    avow_channel_end(sender->source.channel);
  avow__sender_unref_memory(sender);
}

/* The mail is not delivered, because the channel is about to end. */
static void sender_forget(avow__mail_t *mail) {
  avow__sender_unref_memory(AVOW__CONTAINER(avow_sender_t, mail, mail));
}

/* A receive that does not wait gets the items that are there now, and the mail
   stays where it is. A receiver that takes all items in a row is told once that
   there are no more, and then gets newer items. */
static bool sender_answer(avow__source_t *source, avow_value_t *out) {
  avow_sender_t *sender = (avow_sender_t *) source;
  if (sender->taken->count == 0 && source->busy && !sender->rests) {
    sender->rests = true;
    return false;
  }
  if (sender->taken->count == 0) {
    uv_mutex_lock(&sender->mutex);
    receive_and_unlock(sender);
  }
  if (sender->taken->count == 0)
    return false;
  *out = avow__ring_pop(sender->taken);
  return true;
}

static void sender_resume(avow__source_t *source) {
  avow_sender_t *sender = (avow_sender_t *) source;
  if (!sender->held)
    return;
  sender->held = false;
  avow__port_again(source->context, &sender->mail);
}

/* Threads claim no more places. */
static void rings_empty(avow_sender_t *sender) {
  avow_value_t item;
  while (sender->taken->count > 0)
    avow__value_unref(avow__ring_pop(sender->taken));
  while (avow__sender_ring_pop(sender->sent, &item))
    avow__value_unref(item);
}

static void refuse_from_now_on(avow_sender_t *sender, int code) {
  if (sender->port == NULL) {
    sender->code = code;
    return;
  }
  uv_mutex_lock(&sender->mutex);
  sender->code = code;
  (void) avow__sender_ring_lock(sender->sent, true); /* for ever */
  uv_mutex_unlock(&sender->mutex);
  uv_cond_broadcast(&sender->changed);
}

static void sender_stop(avow__source_t *source) {
  avow_sender_t *sender = (avow_sender_t *) source;
  const bool closes = source->context->life > AVOW__OPEN;
  sender->stopped = true;
  refuse_from_now_on(sender, closes ? UV_ECANCELED : source->code);
  if (sender->held)
    avow__sender_unref_memory(sender);
  if (sender->port != NULL) { /* last, because items may call the program */
    rings_empty(sender);
    avow_channel_unref(sender->waiting);
  }
  avow__sender_unref_memory(sender);
}

void avow__sender_listen(avow_sender_t *sender) {
  static const avow__mail_class_t klass = { .deliver = sender_deliver,
                                            .forget = sender_forget };
  sender->mail.klass = &klass;
  sender->source.resume = sender_resume;
  sender->source.stop = sender_stop;
  sender->source.port = sender->port;
  sender->source.answer = sender->port != NULL ? sender_answer : NULL;
}
