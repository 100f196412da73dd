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
  /* On the loop's thread, between enter and leave: each is a task. */
  void (*deliver)(avow__context_t *c, avow__mail_t *mail);
  /* The loop closes, and delivers nothing more. On its thread. NULL for what
     the loop does not close without. */
  void (*forget)(avow__mail_t *mail);
} avow__mail_class_t;

/* A member of what is sent. The sender owns it until it is posted, then the
   loop. */
struct avow__mail_s {
  avow__mail_t *next;
  const avow__mail_class_t *klass;
};

/* The loop's thread: opens the port unless it is open. An error code where that
   cannot be. */
int avow__port_open(avow__context_t *c);

/* Any thread that has the port: whoever holds it, or owes it something that
   keeps the loop. False if the loop has gone: the mail stays the caller's. */
bool avow__port_post(avow__port_t *port, avow__mail_t *mail);

/* The loop's thread, which has the mail: it is delivered once more, before all
   else that has come. */
void avow__port_again(avow__context_t *c, avow__mail_t *mail);

/* The loop's thread, inside deliver(): the mail is delivered once more in the
   next iteration, before all mail that arrives until then. */
void avow__port_later(avow__context_t *c, avow__mail_t *mail);

/* Who holds a port may post when the loop has gone. Any thread that has it may
   hold it once more; the last to let go frees it. */
void avow__port_ref(avow__port_t *port);
void avow__port_unref(avow__port_t *port);

/* The loop's thread: keeps the loop alive for mail that will arrive, until
   avow__port_dismiss() is called as often. */
void avow__port_expect(avow__port_t *port);
void avow__port_dismiss(avow__port_t *port);

/* The loop's thread: whether the program has closed its handle. */
bool avow__port_is_closing(const avow__port_t *port);

/* The loop's thread: from now on avow__port_is_on_thread() may be called. */
void avow__port_watch(avow__context_t *c);

/* Whether this thread is the one that ran the loop last. */
bool avow__port_is_on_thread(const avow__port_t *port);

/* Blocks until mail has arrived, and delivers it. For the end of the loop. */
void avow__port_wait(avow__context_t *c);

#endif
