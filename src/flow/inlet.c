/* SPDX-License-Identifier: MIT */
/*
 * Inlets. What is sent waits in a ring, under a mutex. The loop has a second
 * one, of the same size: it takes what came by exchanging the two, and then
 * hands its channel one item after the other, each a task, for as long as more
 * are wanted.
 *
 * An inlet is mail to its loop. The first to send something calls: it posts the
 * mail, which is the loop's from then on, until that finds nothing sent. So
 * only a call wakes it. While no items are wanted the loop holds the mail. Once
 * all that was taken is handed over, what came meanwhile waits for the next
 * turn, unless the ring is full: to take it by one and two would cost each side
 * a mutex that the other one has, and the cache line of each item.
 *
 * The program's references count as one to the memory. The channel has another,
 * which knows the inlet as its source, and the mail a third while it is the
 * loop's.
 */
#include "avow/inlet.h"

#include "base/alloc.h"
#include "base/container.h"
#include "channel/inside.h"
#include "engine/port.h"
#include "value/sendable.h"

struct avow_inlet_s {
  /* The loop's thread's, but for what the mail is to others. */
  avow__source_t source;
  avow__mail_t mail;
  avow__ring_t *taken;
  bool held;    /* the mail, until items are wanted */
  bool stopped; /* the channel wants nothing more */
  bool rests;   /* all that it has taken in this turn is handed over */
  /* Of all, with a cache line between, or they would fight for one. */
  char apart[AVOW__LINE];
  avow__port_t *port; /* NULL: it could not be made */
  atomic_size_t users;
  atomic_uint refs;
  uv_mutex_t mutex;
  uv_cond_t changed; /* there is room, or nothing is taken any more */
  avow__ring_t *sent;
  unsigned blocked; /* senders, until there is room */
  bool called;      /* the mail is the loop's, or on its way there */
  bool ended;       /* the program has let go of it */
  int code;         /* why nothing is taken any more; 0: it is */
};

/* What a program without memory may use in vain, and what is used in place of
   NULL. */
static avow_inlet_t nobody = { .code = UV_ENOMEM };
static avow_inlet_t nothing = { .code = AVOW_EMISUSE };

static avow_inlet_t *inlet_given(const avow_inlet_t *inlet) {
  if (avow__is_gone(inlet))
    avow__misuse_of_gone("inlet");
  if (inlet != NULL)
    return (void *) avow__mutable(inlet);
  avow__misuse_of_null("an inlet");
  return &nothing;
}

static bool inlet_is_immortal(const avow_inlet_t *inlet) {
  return inlet == &nobody || inlet == &nothing;
}

static void inlet_free(avow_inlet_t *inlet) {
  avow_free(inlet->sent);
  avow_free(inlet->taken);
  avow_free(inlet);
}

static void memory_unref(avow_inlet_t *inlet) {
  if (atomic_fetch_sub_explicit(&inlet->refs, 1, memory_order_acq_rel) > 1)
    return;
  if (inlet->port != NULL) {
    uv_cond_destroy(&inlet->changed);
    uv_mutex_destroy(&inlet->mutex);
    avow__port_unref(inlet->port);
  }
  inlet_free(inlet);
}

/* Any thread. */

static bool inlet_is_full(const avow_inlet_t *inlet) {
  return inlet->sent->count == inlet->sent->size;
}

/* Under the mutex: whether the mail is to be posted. */
static bool inlet_calls(avow_inlet_t *inlet) {
  if (inlet->called)
    return false;
  inlet->called = true;
  atomic_fetch_add_explicit(&inlet->refs, 1, memory_order_relaxed);
  return true;
}

static void inlet_call(avow_inlet_t *inlet) {
  if (!avow__port_post(inlet->port, &inlet->mail))
    memory_unref(inlet); /* the channel has ended, or is about to */
}

/* Under the mutex, and the inlet is full: makes room, or says why not. What has
   to go for it is in *oldest. */
typedef int (*make_room_fn)(avow_inlet_t *inlet, avow_value_t *oldest);

static int fail_at_once(avow_inlet_t *inlet, avow_value_t *oldest) {
  return UV_EAGAIN;
}

static int wait_for_room(avow_inlet_t *inlet, avow_value_t *oldest) {
  if (avow__port_is_here(inlet->port)) {
    avow__advise(
        "avow_inlet_send() without room on the loop's own thread would wait "
        "for itself: use avow_inlet_try() there, or avow_channel_send()");
    return AVOW_EMISUSE;
  }
  inlet->blocked++;
  while (inlet->code == 0 && inlet_is_full(inlet))
    uv_cond_wait(&inlet->changed, &inlet->mutex);
  inlet->blocked--;
  return inlet->code;
}

static int drop_oldest(avow_inlet_t *inlet, avow_value_t *oldest) {
  *oldest = avow__ring_pop(inlet->sent);
  return 0;
}

static int inlet_put(avow_inlet_t *inlet, avow_value_t item,
                     make_room_fn make_room) {
  avow_value_t oldest = avow_none();
  bool calls = false;
  uv_mutex_lock(&inlet->mutex);
  int err = inlet->code;
  if (err == 0 && inlet_is_full(inlet))
    err = make_room(inlet, &oldest);
  if (err == 0) {
    avow__ring_add(inlet->sent, item);
    calls = inlet_calls(inlet);
  }
  uv_mutex_unlock(&inlet->mutex);
  if (calls)
    inlet_call(inlet);
  avow__value_unref(oldest); /* last: it may call the program */
  return err;
}

static int reason_against(const avow_inlet_t *inlet, avow_value_t item) {
  if (inlet->port == NULL)
    return inlet->code;
  if (item.tag == AVOW_NONE)
    return UV_EINVAL;
  if (avow__crosses(item))
    return 0;
  avow__advise(
      "an inlet was given a value of type %s: that, or what is in it, cannot "
      "change threads; see avow_remote_resolve()",
      avow_type_name(&item));
  return AVOW_EMISUSE;
}

static int inlet_take_in(const avow_inlet_t *borrowed, avow_value_t item,
                         make_room_fn make_room) {
  avow_inlet_t *inlet = inlet_given(borrowed);
  int err = reason_against(inlet, item);
  if (err == 0)
    err = inlet_put(inlet, item, make_room);
  if (err != 0 && err != UV_EAGAIN)
    avow__value_unref(item);
  return err;
}

int avow_inlet_try(const avow_inlet_t *inlet, avow_value_t item) {
  return inlet_take_in(inlet, item, fail_at_once);
}

int avow_inlet_send(const avow_inlet_t *inlet, avow_value_t item) {
  return inlet_take_in(inlet, item, wait_for_room);
}

int avow_inlet_replace(const avow_inlet_t *inlet, avow_value_t item) {
  return inlet_take_in(inlet, item, drop_oldest);
}

avow_inlet_t *avow_inlet_ref(const avow_inlet_t *borrowed) {
  avow_inlet_t *inlet = inlet_given(borrowed);
  atomic_fetch_add_explicit(&inlet->users, 1, memory_order_relaxed);
  return inlet;
}

static void inlet_end(avow_inlet_t *inlet) {
  uv_mutex_lock(&inlet->mutex);
  inlet->ended = true;
  const bool calls = inlet->code == 0 && inlet_calls(inlet);
  uv_mutex_unlock(&inlet->mutex);
  if (calls)
    inlet_call(inlet);
}

void avow_inlet_unref(avow_inlet_t *inlet) {
  if (inlet == NULL)
    return;
  inlet = inlet_given(inlet);
  if (inlet_is_immortal(inlet) ||
      atomic_fetch_sub_explicit(&inlet->users, 1, memory_order_acq_rel) > 1)
    return;
  avow__note_gone(inlet);
  if (inlet->port != NULL)
    inlet_end(inlet);
  memory_unref(inlet);
}

/* What follows is the loop's thread's. */

/* Takes what was sent, and lets go of the mutex. */
static void exchange_and_unlock(avow_inlet_t *inlet) {
  avow__ring_t *sent = inlet->sent;
  const bool gives_room = inlet->blocked > 0;
  inlet->sent = inlet->taken;
  inlet->taken = sent;
  inlet->rests = false;
  uv_mutex_unlock(&inlet->mutex);
  if (gives_room)
    uv_cond_broadcast(&inlet->changed);
}

typedef enum { NOTHING, END, ITEMS, LATER } news_t;

/* The next call comes once this has found nothing. */
static news_t look_and_unlock(avow_inlet_t *inlet) {
  if (inlet->sent->count == 0) {
    const bool ended = inlet->ended;
    inlet->called = false;
    uv_mutex_unlock(&inlet->mutex);
    return ended ? END : NOTHING;
  }
  if (inlet->source.flows && (!inlet->rests || inlet_is_full(inlet))) {
    exchange_and_unlock(inlet);
    return ITEMS;
  }
  uv_mutex_unlock(&inlet->mutex);
  return inlet->source.flows ? LATER : ITEMS;
}

/* What was sent, which is taken if it is wanted. Who has the mutex is about to
   send something, or has just done so. */
static news_t inlet_look(avow_inlet_t *inlet) {
  if (!inlet->rests)
    uv_mutex_lock(&inlet->mutex);
  else if (uv_mutex_trylock(&inlet->mutex) != 0)
    return LATER;
  return look_and_unlock(inlet);
}

/* In a row, each a task. False: the channel has ended. */
static bool hand_over_row(avow__context_t *c, avow_inlet_t *inlet) {
  avow__source_begin_burst(&inlet->source);
  do {
    (void) avow__channel_push(inlet->source.channel, /* a job may want more */
                              avow__ring_pop(inlet->taken));
    avow__end_task(c);
    if (inlet->stopped)
      return false;
  } while (inlet->taken->count > 0 &&
           avow__channel_takes((avow_promise_t *) inlet->source.channel) &&
           avow__may_go_on(c));
  avow__source_end_burst(&inlet->source);
  return true;
}

/* Some are taken, if they are wanted. */
static void hand_over_some(avow__context_t *c, avow_inlet_t *inlet) {
  if (inlet->source.flows && !hand_over_row(c, inlet)) {
    memory_unref(inlet);
    return;
  }
  inlet->rests = inlet->source.flows;
  inlet->held = !inlet->source.flows;
  if (inlet->source.flows)
    avow__port_again(c, &inlet->mail);
}

static void inlet_deliver(avow__context_t *c, avow__mail_t *mail) {
  avow_inlet_t *inlet = AVOW__CONTAINER(avow_inlet_t, mail, mail);
  news_t news = NOTHING;
  if (!inlet->stopped)
    news = inlet->taken->count > 0 ? ITEMS : inlet_look(inlet);
  if (news == ITEMS) {
    hand_over_some(c, inlet);
    return;
  }
  inlet->rests = false;
  if (news == LATER) {
    avow__port_later(c, mail);
    return;
  }
  if (news == END)
    avow_channel_end(inlet->source.channel);
  memory_unref(inlet);
}

/* Its channel is about to hear of the end. */
static void inlet_forget(avow__mail_t *mail) {
  memory_unref(AVOW__CONTAINER(avow_inlet_t, mail, mail));
}

/* Who does not wait gets what is there now, and the mail stays where it is. One
   who takes all that came with an item hears once that this was all, and then
   of what has come since. */
static bool inlet_answer(avow__source_t *source, avow_value_t *out) {
  avow_inlet_t *inlet = (avow_inlet_t *) source;
  if (inlet->taken->count == 0 && source->busy && !inlet->rests) {
    inlet->rests = true;
    return false;
  }
  if (inlet->taken->count == 0) {
    uv_mutex_lock(&inlet->mutex);
    exchange_and_unlock(inlet);
  }
  if (inlet->taken->count == 0)
    return false;
  *out = avow__ring_pop(inlet->taken);
  return true;
}

static void inlet_resume(avow__source_t *source) {
  avow_inlet_t *inlet = (avow_inlet_t *) source;
  if (!inlet->held)
    return;
  inlet->held = false;
  avow__port_again(source->context, &inlet->mail);
}

/* Nobody puts anything there any more. */
static void inlet_empty(avow__ring_t *ring) {
  while (ring->count > 0)
    avow__value_unref(avow__ring_pop(ring));
}

static void inlet_stop(avow__source_t *source) {
  avow_inlet_t *inlet = (avow_inlet_t *) source;
  const bool closes = source->context->life > AVOW__OPEN;
  inlet->stopped = true;
  uv_mutex_lock(&inlet->mutex);
  inlet->code = closes ? UV_ECANCELED : source->code;
  uv_mutex_unlock(&inlet->mutex);
  uv_cond_broadcast(&inlet->changed);
  if (inlet->held)
    memory_unref(inlet);
  inlet_empty(inlet->taken); /* last: they may call the program */
  inlet_empty(inlet->sent);
  memory_unref(inlet);
}

/* Making one. */

static avow_inlet_t *inlet_refused(int code) {
  avow_inlet_t *inlet = avow_calloc(1, sizeof(*inlet));
  if (inlet == NULL)
    return &nobody;
  avow__note_there(inlet);
  atomic_init(&inlet->users, 1);
  atomic_init(&inlet->refs, 1);
  inlet->code = code;
  return inlet;
}

static int init_locks(avow_inlet_t *inlet) {
  int err = uv_mutex_init(&inlet->mutex);
  if (err != 0)
    return err;
  err = uv_cond_init(&inlet->changed);
  if (err != 0)
    uv_mutex_destroy(&inlet->mutex);
  return err;
}

static int inlet_alloc(avow_inlet_t *inlet, size_t room) {
  inlet->sent = avow__ring_new(room, room);
  inlet->taken = avow__ring_new(room, room);
  return inlet->sent != NULL && inlet->taken != NULL ? init_locks(inlet)
                                                     : UV_ENOMEM;
}

/* The loop's port is open. From here on the inlet is let go of by its
   references: the program's, and the channel's if that takes it. */
static int inlet_connect(avow__context_t *c, avow_inlet_t *inlet,
                         const avow_channel_t *channel) {
  static const avow__mail_class_t klass = { .deliver = inlet_deliver,
                                            .forget = inlet_forget };
  inlet->mail.klass = &klass;
  inlet->source.context = c;
  inlet->source.resume = inlet_resume;
  inlet->source.answer = inlet_answer;
  inlet->source.stop = inlet_stop;
  inlet->source.port = inlet->port = c->threads.port;
  avow__port_ref(c->threads.port);
  avow__port_watch(c);
  atomic_init(&inlet->users, 1);
  atomic_init(&inlet->refs, 2);
  avow__note_there(inlet);
  const int err = avow__source_attach(channel, &inlet->source);
  if (err == 0)
    return 0;
  atomic_store(&inlet->refs, 1);
  memory_unref(inlet);
  return err;
}

static int inlet_make(const avow_channel_t *channel, size_t room,
                      avow_inlet_t **out) {
  avow__context_t *c = avow__context_of(avow__channel_loop(channel));
  const int err = avow__port_open(c);
  if (err != 0)
    return err;
  avow_inlet_t *inlet = avow_calloc(1, sizeof(*inlet));
  if (inlet == NULL)
    return UV_ENOMEM;
  const int refusal = inlet_alloc(inlet, room);
  *out = inlet;
  if (refusal == 0)
    return inlet_connect(c, inlet, channel);
  inlet_free(inlet);
  return refusal;
}

avow_inlet_t *avow_inlet_new(const avow_channel_t *channel, size_t room) {
  if (channel == NULL) {
    avow__misuse_of_null("a channel");
    return &nothing;
  }
  avow_promise_t *outlived = avow__outlived(channel);
  if (outlived != NULL) {
    avow_unref(outlived);
    return inlet_refused(UV_ECANCELED);
  }
  avow_inlet_t *inlet;
  const int err = inlet_make(channel, room > 0 ? room : 1, &inlet);
  if (err == 0)
    return inlet;
  if (err != UV_EALREADY) /* who waits would wait for ever */
    avow_channel_fail(channel, avow_error(err));
  return inlet_refused(err);
}
