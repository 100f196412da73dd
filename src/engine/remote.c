/* SPDX-License-Identifier: MIT */
/*
 * Settling promises from other threads: a remote is mail to its loop. Only the
 * loop's thread touches the deferred, because that belongs to the loop. When
 * the loop ends, the remotes that are in use own their memory.
 */
#include "avow/post.h"

#include "avow/cancel.h"
#include "base/cacheline_pool.h"
#include "engine/extension.h"
#include "engine/port.h"
#include "engine/promise.h"
#include "engine/settle.h"
#include "value/sendable.h"

static const avow__subsystem_t remotes_subsystem;

struct avow_remote_s {
  avow__line_t line;
  avow__mail_t mail;
  avow__port_t *port;        /* NULL: there was no memory */
  avow_deferred_t *deferred; /* for the loop's thread; NULL while it is free */
  avow_value_t value;
#if AVOW__DEBUG
  atomic_bool spent; /* used already; the program no longer owns it */
#endif
};

_Static_assert(sizeof(avow_remote_t) <= AVOW__LINE, "a remote fits its line");

/* The remote that a program gets without memory. It settles nothing. */
static avow_remote_t no_remote;

static avow_remote_t *remote_of(avow__mail_t *mail) {
  return AVOW__CONTAINER(avow_remote_t, mail, mail);
}

/* Checked builds: the use of a remote, on any thread. */

#if AVOW__DEBUG
static void remote_spend(avow_remote_t *r, const char *called) {
  if (atomic_exchange(&r->spent, true))
    avow__misuse_in(called,
                    "remote used after it was resolved, rejected or dropped; "
                    "call avow_remote_new() for each result");
}

static void renew(avow_remote_t *r) {
  atomic_store(&r->spent, false);
}
#else
#  define remote_spend(r, called) ((void) (r))
#  define renew(r)                ((void) (r))
#endif

/* Releases a remote after the end of its loop. The holder of r may be on any
   thread, and may be the last user of its memory. */
static int remote_forget(avow_remote_t *r, avow_value_t v) {
  if (v.tag != AVOW_PROMISE) /* it belongs to a loop that is closed */
    avow_value_unref(v);
  if (r == &no_remote)
    return UV_ECANCELED;
  avow__port_t *port = r->port;
  if (avow__line_leave(r))
    avow__port_unref(port);
  return UV_ECANCELED;
}

int avow_remote_resolve(avow_remote_t *r, avow_value_t v) {
  if (r == NULL) {
    avow__misuse_of_null("remote");
    (void) remote_forget(&no_remote, v); /* releases v */
    return AVOW_EMISUSE;
  }
  if (v.tag == AVOW_PROMISE)
    avow__misuse(
        "avow_remote_resolve(): value is a promise, which belongs to one loop; "
        "settle it there and send its value");
  else /* if it cannot cross, it is released on this thread */
    v = avow__crossing("remote", v);
  if (r->port == NULL)
    return remote_forget(r, v);
  remote_spend(r, AVOW__CALLED);
  r->value = v;
  return avow__port_post(r->port, &r->mail) ? 0 : remote_forget(r, v);
}

int avow_remote_reject(avow_remote_t *r, avow_value_t error) {
  avow__check_given(r, "remote");
  return avow_remote_resolve(r, avow__reason(error));
}

void avow_remote_drop(avow_remote_t *r) {
  if (r != NULL)
    (void) avow_remote_resolve(r, avow_error(AVOW_EBROKEN)); /* may be closed */
}

/* The functions below run on the loop's thread. */

static void stop_waiting(void *port) {
  avow__port_dismiss(port);
}

/* A promise cannot cross threads. It is released here, where it belongs. */
static avow_value_t accepted(avow_value_t v) {
  if (v.tag != AVOW_PROMISE)
    return v;
  avow__value_unref(v);
  return avow_error(AVOW_EMISUSE);
}

static void remote_deliver(avow__context_t *c, avow__mail_t *mail) {
  avow_remote_t *r = remote_of(mail);
  avow_deferred_t *d = r->deferred;
  const avow_value_t v = r->value;
  r->deferred = NULL;
  avow__line_give(&c->threads.remotes, r);
  if (avow_resolve(d, accepted(v)))
    avow__port_dismiss(c->threads.port);
}

static void remote_stop(avow__mail_t *mail) {
  avow_remote_t *r = remote_of(mail);
  (void) remote_forget(r, r->value); /* no caller gets the code */
}

static void connect_remote(avow__port_t *port, avow_remote_t *r,
                           avow_deferred_t *d) {
  static const avow__mail_class_t klass = { .deliver = remote_deliver,
                                            .forget = remote_stop };
  renew(r);
  r->mail.klass = &klass;
  r->port = port;
  r->deferred = d;
  avow_on_cancel(d, stop_waiting, port);
  avow__port_expect(port);
}

avow_promise_t *avow_remote_new(uv_loop_t *loop, avow_remote_t **out) {
  if (out == NULL)
    return avow__refuse_null("out pointer");
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  *out = &no_remote;
  const int err = avow__port_open(c);
  if (err != 0)
    return avow_promise_reject(loop, avow_error(err));
  c->subsystems[AVOW__SUBSYSTEM_REMOTES] = &remotes_subsystem;
  avow_deferred_t *d;
  avow_promise_t *p = avow__promise_new(c, &d);
  avow_remote_t *r =
      avow__is_pending(p) ? avow__line_take(&c->threads.remotes) : NULL;
  if (r == NULL) {
    (void) avow_reject(d, avow_error(UV_ENOMEM)); /* false if rejected before */
    return p;
  }
  connect_remote(c->threads.port, r, d);
  *out = r;
  return p;
}

/* Drops the deferreds of remotes in use, because nothing is delivered from now
   on. */
static void drop_deferreds(avow__batch_t *batch) {
  avow_remote_t *r;
  for (unsigned i = 0; (r = avow__batch_line(batch, i)) != NULL; i++)
    if (r->deferred != NULL)
      avow_deferred_drop(r->deferred);
}

/* Runs before the port closes. A thread that finds the port closed may be the
   last to use a batch. */
static void remotes_close(avow__context_t *c) {
  avow__batch_t *batch;
  while ((batch = avow__lines_leave(&c->threads.remotes)) != NULL) {
    drop_deferreds(batch);
    avow__port_ref(c->threads.port);
  }
}

static const avow__subsystem_t remotes_subsystem = { .close = remotes_close };
