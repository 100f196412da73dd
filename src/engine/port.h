/* SPDX-License-Identifier: MIT */
/*
 * The port of a loop: other threads send mail to it, which the loop delivers.
 * Remotes, posts, senders and the loops of loops.c use it.
 */
#ifndef AVOW_PORT_H
#define AVOW_PORT_H

#include "engine/context.h"

typedef struct avow__mail_s avow__mail_t;

typedef struct avow__mail_class_s {
  /* Called on the loop's thread, between avow__enter() and avow__leave(). Each
     call is a task. */
  void (*deliver)(avow__context_t *c, avow__mail_t *mail);
  /* Called on the loop's thread when the loop closes and delivers no more mail.
     NULL: the loop waits for such mail before it closes. */
  void (*forget)(avow__mail_t *mail);
} avow__mail_class_t;

/* A member of each piece of mail. The sender owns the mail until it is posted,
   and the loop from then on. */
struct avow__mail_s {
  avow__mail_t *next;
  const avow__mail_class_t *klass;
};

/* On the loop's thread: opens the port unless it is open. Returns an error code
   if that fails. */
int avow__port_open(avow__context_t *c);

/* On any thread that holds the port, or that owes it expected mail: posts mail.
   False if the loop is closed; then the caller still owns the mail. */
bool avow__port_post(avow__port_t *port, avow__mail_t *mail);

/* On the loop's thread, which owns the mail: delivers it once more, before all
   other mail that has arrived. */
void avow__port_again(avow__context_t *c, avow__mail_t *mail);

/* On the loop's thread, inside deliver(): delivers the mail once more in the
   next iteration, before all mail that arrives until then. */
void avow__port_later(avow__context_t *c, avow__mail_t *mail);

/* A holder of the port may post even after the loop is closed. Any thread with
   a reference may add one. The last release frees the port. */
void avow__port_ref(avow__port_t *port);
void avow__port_unref(avow__port_t *port);

/* On the loop's thread: keeps the loop alive because mail will arrive, until
   avow__port_dismiss() is called as often. */
void avow__port_expect(avow__port_t *port);
void avow__port_dismiss(avow__port_t *port);

/* On the loop's thread: whether the program has closed the port's handle. */
bool avow__port_is_closing(const avow__port_t *port);

/* On the loop's thread: allows calls of avow__port_is_on_thread() from now
   on. */
void avow__port_watch(avow__context_t *c);

/* Whether this thread is the one that ran the loop last. */
bool avow__port_is_on_thread(const avow__port_t *port);

/* Blocks until mail has arrived, and delivers it. The end of the loop uses
   it. */
void avow__port_wait(avow__context_t *c);

#endif
