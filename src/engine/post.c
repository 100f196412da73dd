/* SPDX-License-Identifier: MIT */
/*
 * Mailboxes. Each post is a piece of mail. The end of a mailbox is one, too: it
 * tells the loop's thread that the mailbox no longer keeps the loop alive.
 */
#include "avow/post.h"

#include "base/alloc.h"
#include "base/container.h"
#include "base/symbol.h"
#include "engine/port.h"
#include "engine/promise.h"

struct avow_mailbox_s {
  avow__mail_t end;
  avow__port_t *port; /* NULL: the mailbox could not be made */
  int code;           /* the error code if `port` is NULL */
  atomic_size_t refs;
};

typedef struct {
  avow__mail_t mail;
  void (*fn)(void *);
  void *data;
  void (*free_fn)(void *);
} post_t;

/* The mailbox that a program gets without memory, and the substitute for
   NULL. */
static avow_mailbox_t no_mailbox = { .code = UV_ENOMEM };
static avow_mailbox_t null_mailbox = { .code = AVOW_EMISUSE };

static avow_mailbox_t *mailbox_given(const avow_mailbox_t *mailbox,
                                     const char *called) {
  if (avow__is_gone(mailbox))
    avow__misuse_of_gone_in(mailbox, "mailbox", called);
  if (mailbox != NULL)
    return (void *) avow__mutable(mailbox);
  avow__misuse_of_null_in("mailbox", called);
  return &null_mailbox;
}

/* Posting. */

static void post_end(post_t *post) {
  if (post->free_fn != NULL)
    post->free_fn(post->data);
  avow_free(post);
}

static void post_deliver(avow__context_t *c, avow__mail_t *mail) {
  AVOW__AT_EXIT(avow__exceptions_end) volatile bool inside = true;
  post_t *post = AVOW__CONTAINER(post_t, mail, mail);
  post->fn(post->data);
  post_end(post);
  inside = false;
}

static void post_forget(avow__mail_t *mail) {
  post_end(AVOW__CONTAINER(post_t, mail, mail));
}

static int post_send(avow__port_t *port, const post_t *model) {
  static const avow__mail_class_t klass = { .deliver = post_deliver,
                                            .forget = post_forget };
  post_t *post = avow_malloc(sizeof(*post));
  if (post == NULL)
    return UV_ENOMEM;
  *post = *model;
  post->mail.klass = &klass;
  if (avow__port_post(port, &post->mail))
    return 0;
  avow_free(post);
  return UV_ECANCELED;
}

int avow_post(const avow_mailbox_t *borrowed, void (*fn)(void *), void *data,
              void (*free_fn)(void *)) {
  const avow_mailbox_t *mailbox = mailbox_given(borrowed, AVOW__CALLED);
  const post_t post = { .fn = fn, .data = data, .free_fn = free_fn };
  int err = mailbox->port == NULL ? mailbox->code : 0;
  if (err == 0)
    err = fn != NULL ? post_send(mailbox->port, &post) : UV_EINVAL;
  if (err != 0 && free_fn != NULL)
    free_fn(data);
  return err;
}

/* Beginning and end. */

static avow_mailbox_t *mailbox_alloc(avow__port_t *port, int code) {
  avow_mailbox_t *mailbox = avow_calloc(1, sizeof(*mailbox));
  if (mailbox == NULL)
    return &no_mailbox;
  avow__note_there(mailbox);
  atomic_init(&mailbox->refs, 1);
  mailbox->code = code;
  mailbox->port = port;
  return mailbox;
}

avow_mailbox_t *avow_mailbox_new(uv_loop_t *loop) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  const int err = avow__port_open(c);
  if (err != 0)
    return mailbox_alloc(NULL, err);
  avow_mailbox_t *mailbox = mailbox_alloc(c->threads.port, 0);
  if (mailbox == &no_mailbox)
    return mailbox;
  avow__port_ref(c->threads.port);
  avow__port_expect(c->threads.port);
  return mailbox;
}

avow_mailbox_t *avow_mailbox_ref(const avow_mailbox_t *borrowed) {
  avow_mailbox_t *mailbox = mailbox_given(borrowed, AVOW__CALLED);
  atomic_fetch_add_explicit(&mailbox->refs, 1, memory_order_relaxed);
  return mailbox;
}

static void mailbox_forget(avow__mail_t *mail) {
  avow_mailbox_t *mailbox = AVOW__CONTAINER(avow_mailbox_t, end, mail);
  avow__port_unref(mailbox->port);
  avow_free(mailbox);
}

static void mailbox_deliver(avow__context_t *c, avow__mail_t *mail) {
  avow__port_dismiss(c->threads.port);
  mailbox_forget(mail);
}

static void mailbox_end(avow_mailbox_t *mailbox) {
  static const avow__mail_class_t klass = { .deliver = mailbox_deliver,
                                            .forget = mailbox_forget };
  mailbox->end.klass = &klass;
  if (!avow__port_post(mailbox->port, &mailbox->end))
    mailbox_forget(&mailbox->end);
}

void avow_mailbox_unref(avow_mailbox_t *mailbox) {
  if (mailbox == NULL)
    return;
  mailbox = mailbox_given(mailbox, AVOW__CALLED);
  if (mailbox == &no_mailbox || mailbox == &null_mailbox ||
      atomic_fetch_sub_explicit(&mailbox->refs, 1, memory_order_acq_rel) > 1)
    return;
  avow__site_begin();
  avow__note_released(mailbox);
  avow__site_end();
  if (mailbox->port != NULL)
    mailbox_end(mailbox);
  else
    avow_free(mailbox);
}
