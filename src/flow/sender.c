/* SPDX-License-Identifier: MIT */
/* Creating senders, sending, and the program's references. */
#include "flow/sender.h"

#include "base/alloc.h"
#include "base/symbol.h"
#include "channel/inside.h"
#include "value/sendable.h"

/* Substitutes for a sender that could not be allocated, and for NULL. */
static avow_sender_t no_sender = { .code = UV_ENOMEM };
static avow_sender_t null_sender = { .code = AVOW_EMISUSE };

/* The loop on which this thread last failed to allocate a sender. The
   substitute `no_sender` belongs to no loop. */
static _Thread_local struct {
  uv_loop_t *loop;
  avow__context_t *context;
} no_memory_loop;

static avow_sender_t *sender_given(const avow_sender_t *sender,
                                   const char *called) {
  if (avow__is_gone(sender))
    avow__misuse_of_gone_in(sender, "sender", called);
  if (sender != NULL)
    return (void *) avow__mutable(sender);
  avow__misuse_of_null_in("sender", called);
  return &null_sender;
}

static bool sender_is_immortal(const avow_sender_t *sender) {
  return sender == &no_sender || sender == &null_sender;
}

/* An item may have arrived after the channel had ended, because its thread had
   claimed a place before. */
static void sender_free(avow_sender_t *sender) {
  avow_value_t item;
  while (sender->sent != NULL && avow__sender_ring_pop(sender->sent, &item))
    avow__value_unref(item);
  avow_free(sender->sent);
  avow_free(sender->taken);
  avow_free(sender);
}

void avow__sender_unref_memory(avow_sender_t *sender) {
  if (atomic_fetch_sub_explicit(&sender->refs, 1, memory_order_acq_rel) > 1)
    return;
  if (sender->port != NULL) {
    uv_cond_destroy(&sender->changed);
    uv_mutex_destroy(&sender->mutex);
    avow__port_unref(sender->port);
  }
  sender_free(sender);
}

/* Functions for any thread. */

/* Posts the mail of a ring that was idle. */
static void sender_call(avow_sender_t *sender) {
  atomic_fetch_add_explicit(&sender->refs, 1, memory_order_relaxed);
  if (!avow__port_post(sender->port, &sender->mail))
    avow__sender_unref_memory(sender); /* the loop closes */
}

/* Under the mutex. The loop's thread must not overtake its own sends that
   wait. */
static bool would_overtake(const avow_sender_t *sender) {
  return avow__port_is_on_thread(sender->port) &&
         avow__sender_has_queue(sender);
}

/* Under the mutex, while the ring has no place. Claims a place when there is
   one, or returns an error code. An item that is dropped to make the place is
   in *oldest. */
typedef int (*make_place_fn)(avow_sender_t *sender, size_t *next,
                             avow_value_t *oldest);

static int fail_at_once(avow_sender_t *sender, size_t *next,
                        avow_value_t *oldest) {
  return UV_EAGAIN;
}

static int wait_for_place(avow_sender_t *sender, size_t *next,
                          avow_value_t *oldest) {
  if (avow__port_is_on_thread(sender->port)) {
    avow__advise(
        "avow_sender_blocking_send(): called on the loop's thread, which would "
        "wait for itself; call avow_sender_send() or avow_sender_try_send()");
    return AVOW_EMISUSE;
  }
  sender->blocked++;
  while (sender->code == 0 &&
         avow__sender_ring_claim(sender->sent, 0, next) != 0)
    uv_cond_wait(&sender->changed, &sender->mutex);
  sender->blocked--;
  return sender->code;
}

/* Other threads must not claim the place. The thread of the oldest item may not
   have written it yet. */
static int drop_oldest(avow_sender_t *sender, size_t *next,
                       avow_value_t *oldest) {
  const bool was_locked = avow__sender_ring_lock(sender->sent, true);
  while (avow__sender_ring_claim(sender->sent, 0, next) != 0)
    if (!avow__sender_ring_pop(sender->sent, oldest))
      uv_sleep(0);
  (void) avow__sender_ring_lock(sender->sent, was_locked); /* true */
  return 0;
}

static int claim_under_mutex(avow_sender_t *sender, make_place_fn make_place,
                             size_t *next, avow_value_t *oldest) {
  if (sender->code != 0)
    return sender->code;
  if (!would_overtake(sender) &&
      avow__sender_ring_claim(sender->sent, 0, next) == 0)
    return 0;
  return make_place(sender, next, oldest);
}

/* Adds the item at a position that was claimed. */
static inline int put_at(avow_sender_t *sender, size_t next,
                         avow_value_t item) {
  avow__sender_ring_put(sender->sent, next, item);
  if ((next & AVOW__RING_IDLE) != 0)
    sender_call(sender);
  return 0;
}

static AVOW__APART int put_slowly(avow_sender_t *sender, avow_value_t item,
                                  make_place_fn make_place) {
  size_t next;
  avow_value_t oldest = avow_none();
  uv_mutex_lock(&sender->mutex);
  int err = claim_under_mutex(sender, make_place, &next, &oldest);
  uv_mutex_unlock(&sender->mutex);
  if (err == 0)
    err = put_at(sender, next, item);
  avow__value_unref(oldest); /* last, because it may call the program */
  return err;
}

static int ring_put(avow_sender_t *sender, avow_value_t item,
                    make_place_fn make_place) {
  size_t next;
  if (AVOW__LIKELY(
          avow__sender_ring_claim(sender->sent, AVOW__RING_LOCKED, &next) == 0))
    return put_at(sender, next, item);
  return put_slowly(sender, item, make_place);
}

/* For capacity 0. Takes ownership of the item as avow_channel_try_send()
   does. */
static int put_directly(const avow_sender_t *sender, avow_value_t item,
                        make_place_fn make_place, const char *called) {
  const int err = avow_channel_try_send(sender->source.channel, item);
  if (err != UV_EAGAIN || make_place == fail_at_once)
    return err;
  avow__advise_in(called,
                  "sender has capacity 0 and cannot block or replace; pass "
                  "avow_sender_new() a capacity, or call avow_sender_send()");
  avow__value_unref(item);
  return AVOW_EMISUSE;
}

static int reason_against(const avow_sender_t *sender, avow_value_t item,
                          const char *called) {
  if (sender->port == NULL && sender->code != 0)
    return sender->code;
  if (item.tag == AVOW_NONE)
    return UV_EINVAL;
  if (sender->port == NULL || avow__crosses(item))
    return 0;
  avow__advise_in(called,
                  "value of type %s cannot change threads; send bytes, numbers "
                  "or a sendable object",
                  avow_type_name(&item));
  return AVOW_EMISUSE;
}

static int sender_take(const avow_sender_t *borrowed, avow_value_t item,
                       make_place_fn make_place, const char *called) {
  avow_sender_t *sender = sender_given(borrowed, called);
  int err = reason_against(sender, item, called);
  if (err == 0 && sender->port == NULL)
    return put_directly(sender, item, make_place, called);
  if (err == 0)
    err = ring_put(sender, item, make_place);
  if (err != 0 && err != UV_EAGAIN)
    avow__value_unref(item);
  return err;
}

int avow_sender_try_send(const avow_sender_t *sender, avow_value_t item) {
  return sender_take(sender, item, fail_at_once, AVOW__CALLED);
}

int avow_sender_blocking_send(const avow_sender_t *sender, avow_value_t item) {
  return sender_take(sender, item, wait_for_place, AVOW__CALLED);
}

int avow_sender_replace(const avow_sender_t *sender, avow_value_t item) {
  return sender_take(sender, item, drop_oldest, AVOW__CALLED);
}

avow_sender_t *avow_sender_ref(const avow_sender_t *borrowed) {
  avow_sender_t *sender = sender_given(borrowed, AVOW__CALLED);
  atomic_fetch_add_explicit(&sender->users, 1, memory_order_relaxed);
  return sender;
}

static void sender_end(avow_sender_t *sender) {
  uv_mutex_lock(&sender->mutex);
  sender->ended = true;
  const bool calls = sender->code == 0 && avow__sender_ring_wake(sender->sent);
  uv_mutex_unlock(&sender->mutex);
  if (calls)
    sender_call(sender);
}

static void sender_release(avow_sender_t *sender, const char *called) {
  if (sender == NULL)
    return;
  sender = sender_given(sender, called);
  if (sender_is_immortal(sender) ||
      atomic_fetch_sub_explicit(&sender->users, 1, memory_order_acq_rel) > 1)
    return;
  avow__note_released(sender);
  if (sender->port != NULL)
    sender_end(sender);
  else if (sender->code == 0)
    avow_channel_end(sender->source.channel);
  avow__sender_unref_memory(sender);
}

void avow_sender_unref(avow_sender_t *sender) {
  avow__site_begin();
  sender_release(sender, AVOW__CALLED);
  avow__site_end();
}

void avow_sender_clear(avow_sender_t **sender) {
  if (sender == NULL) {
    avow__misuse_of_null("sender");
    return;
  }
  avow_sender_t *old = *sender;
  *sender = NULL;
  avow__site_begin();
  sender_release(old, AVOW__CALLED);
  avow__site_end();
}

/* Sending with a promise. */

static avow_promise_t *send_behind(avow_sender_t *sender, avow_value_t item) {
  avow_promise_t *p = avow_channel_send(sender->waiting, item);
  const bool calls = avow__sender_ring_wake(sender->sent);
  uv_mutex_lock(&sender->mutex);
  avow__sender_admit(sender);
  uv_mutex_unlock(&sender->mutex);
  if (calls)
    sender_call(sender);
  return p;
}

/* A substitute or a refused sender may have outlived its loop. */
static avow_promise_t *send_refuse(const avow_sender_t *sender, int code) {
  const bool lacks_memory = sender == &no_sender;
  uv_loop_t *loop = lacks_memory ? no_memory_loop.loop : sender->loop;
  const avow__context_t *c =
      lacks_memory ? no_memory_loop.context : sender->source.context;
  if (sender == &null_sender)
    return avow__no_promise(avow__unbound_context());
  if (loop == NULL || avow__loop_table_find(loop) != c)
    return avow__closed_promise();
  return avow__refuse(loop, code, "send", NULL);
}

avow_promise_t *avow_sender_send(const avow_sender_t *borrowed,
                                 avow_value_t item) {
  avow_sender_t *sender = sender_given(borrowed, AVOW__CALLED);
  const int err = sender->code != 0
                      ? sender->code
                      : reason_against(sender, item, AVOW__CALLED);
  if (err != 0) {
    avow_promise_t *p = send_refuse(sender, err);
    avow__value_unref(item); /* last, because it may call the program */
    return p;
  }
  return sender->port == NULL ? avow_channel_send(sender->source.channel, item)
                              : send_behind(sender, item);
}

/* Creation. */

static avow_sender_t *sender_alloc(avow__context_t *c) {
  avow_sender_t *sender = avow_calloc(1, sizeof(*sender));
  if (sender == NULL)
    return NULL;
  sender->source.context = c;
  sender->loop = c->loop;
  atomic_init(&sender->users, 1);
  atomic_init(&sender->refs, 1);
  return sender;
}

static avow_sender_t *sender_refused(avow__context_t *c, int code) {
  avow_sender_t *sender = sender_alloc(c);
  if (sender == NULL) {
    no_memory_loop.loop = c->loop;
    no_memory_loop.context = c;
    return &no_sender;
  }
  avow__note_there(sender);
  sender->code = code;
  return sender;
}

static int init_locks(avow_sender_t *sender) {
  int err = uv_mutex_init(&sender->mutex);
  if (err != 0)
    return err;
  err = uv_cond_init(&sender->changed);
  if (err != 0)
    uv_mutex_destroy(&sender->mutex);
  return err;
}

/* Prepares the sender for use from any thread. */
static int open_rings(avow__context_t *c, avow_sender_t *sender,
                      size_t capacity) {
  sender->sent = avow__sender_ring_new(capacity);
  sender->taken = avow__ring_new(capacity, capacity);
  if (sender->sent == NULL || sender->taken == NULL)
    return UV_ENOMEM;
  int err = avow__port_open(c);
  if (err == 0)
    err = init_locks(sender);
  if (err != 0)
    return err;
  sender->port = c->threads.port;
  avow__port_ref(c->threads.port);
  avow__port_watch(c);
  sender->waiting = avow_channel_new(c->loop, 0);
  const avow_promise_t *ch = (avow_promise_t *) sender->waiting;
  return avow__channel_is_inert(ch) ? avow_error_code(&ch->u.value) : 0;
}

static int sender_attach(avow__context_t *c, avow_sender_t *sender,
                         const avow_channel_t *channel, size_t capacity) {
  int err = capacity > 0 ? open_rings(c, sender, capacity) : 0;
  if (err != 0)
    return err;
  avow__sender_listen(sender);
  return avow__source_attach(channel, &sender->source);
}

/* `refs` is 1 for the program, and 2 when the channel has the sender as its
   source. The last reference frees *out. */
static int sender_make(const avow_channel_t *channel, size_t capacity,
                       avow_sender_t **out) {
  avow__context_t *c = avow__context((const avow_promise_t *) channel);
  avow_sender_t *sender = sender_alloc(c);
  if (sender == NULL)
    return UV_ENOMEM;
  const int err = sender_attach(c, sender, channel, capacity);
  if (err != 0) {
    avow_channel_unref(sender->waiting);
    avow__sender_unref_memory(sender);
    return err;
  }
  atomic_store_explicit(&sender->refs, 2, memory_order_relaxed);
  avow__note_there(sender);
  *out = sender;
  return 0;
}

avow_sender_t *avow_sender_new(const avow_channel_t *channel, size_t capacity) {
  avow__check_channel(channel);
  if (channel == NULL)
    return &null_sender;
  avow__context_t *c = avow__context((const avow_promise_t *) channel);
  if (c->life == AVOW__CLOSED)
    return sender_refused(c, UV_ECANCELED);
  avow_sender_t *sender;
  const int err = sender_make(channel, capacity, &sender);
  if (err == 0)
    return sender;
  if (err != UV_EALREADY) /* receivers would wait forever */
    avow_channel_fail(channel, avow_error(err));
  return sender_refused(c, err);
}
