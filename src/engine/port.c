/* SPDX-License-Identifier: MIT */
/*
 * Each loop has at most one port: a stack of mail that other threads push onto,
 * and one uv_async_t. A sender pushes with one atomic exchange. The loop takes
 * the whole stack with another, which leaves a mark: the loop will come back.
 * If it then finds only the mark, it removes the mark. A sender that finds
 * neither mail nor mark pushes under a mutex and wakes the loop, also under the
 * mutex. So no thread uses the handle while it is being closed.
 *
 * No wake-up is lost. uv_async_send() returns early if the handle is still
 * pending, which it finds out with a relaxed load. But a sender that found an
 * empty stack got that from the exchange that removed the mark, and libuv had
 * cleared the flag before. So these exchanges acquire and release. The last
 * reference frees the port, which may happen after the end of the loop.
 */
#include "engine/port.h"

#include "base/alloc.h"
#include "base/thread_id.h"
#include "engine/extension.h"
#include "engine/settle.h"

static const avow__subsystem_t port_subsystem;

/* The loop's thread uses the fields after the handle for each piece of mail.
   They share no cache line with the fields that other threads write. */
struct avow__port_s {
  _Atomic(avow__mail_t *) last; /* the stack, which may be above a mark */
  uv_mutex_t mutex;
  uv_cond_t came;   /* mail has arrived on an empty stack */
  atomic_uint refs; /* of the context and of other holders */
  atomic_uintptr_t
      loop_thread; /* the thread that ran the loop last, if watched */
  uv_async_t async;
  avow__mail_t *due, **last_due; /* taken from the stack by the loop's thread */
  avow__mail_t *later, **last_later; /* for the next iteration */
  uint64_t iteration;                /* in which mail was delivered last */
  uint32_t expected;                 /* pieces of mail that the loop expects */
  bool at_work;                      /* mail is being delivered */
};

/* `mark` is at the bottom of the stack while the loop will come back.
   `port_closed` is alone on the stack when the port is closed. */
static avow__mail_t mark, port_closed;

void avow__port_ref(avow__port_t *port) {
  atomic_fetch_add_explicit(&port->refs, 1, memory_order_relaxed);
}

void avow__port_unref(avow__port_t *port) {
  if (atomic_fetch_sub_explicit(&port->refs, 1, memory_order_acq_rel) > 1)
    return;
  uv_cond_destroy(&port->came);
  uv_mutex_destroy(&port->mutex);
  avow_free(port);
}

void avow__port_expect(avow__port_t *port) {
  if (port->expected++ == 0)
    uv_ref((uv_handle_t *) &port->async);
}

void avow__port_dismiss(avow__port_t *port) {
  if (--port->expected == 0)
    uv_unref((uv_handle_t *) &port->async);
}

bool avow__port_is_closing(const avow__port_t *port) {
  return uv_is_closing((const uv_handle_t *) &port->async) != 0;
}

/* The thread of the loop. */

void avow__port_watch(avow__context_t *c) {
  c->threads.loop_thread = &c->threads.port->loop_thread;
  avow__note_thread(c);
}

bool avow__port_is_on_thread(const avow__port_t *port) {
  return atomic_load_explicit(&port->loop_thread, memory_order_relaxed) ==
         avow__here();
}

/* Sending. */

/* If the program has closed the handle, avow_loop_close() finds the mail. On
   Windows, a closing handle must not be woken. Other systems allow that, and
   there the check would be a race with the loop's thread. */
static void wake(avow__port_t *port) {
#ifdef _WIN32
  if (avow__port_is_closing(port))
    return;
#endif
  (void) uv_async_send(&port->async); /* fails only for other handles */
}

/* Pushes the mail if `*last` is still on top of the stack. Otherwise returns
   false, and `*last` is what is on top now. */
static bool push(avow__port_t *port, avow__mail_t **last, avow__mail_t *mail) {
  mail->next = *last;
  return atomic_compare_exchange_weak_explicit(&port->last, last, mail,
                                               memory_order_acq_rel,
                                               memory_order_relaxed);
}

/* Posts to a stack that was empty or closed. */
static bool post_under_mutex(avow__port_t *port, avow__mail_t *last,
                             avow__mail_t *mail) {
  uv_mutex_lock(&port->mutex);
  while (last != &port_closed && !push(port, &last, mail)) {
  }
  if (last == NULL) {
    uv_cond_signal(&port->came);
    wake(port);
  }
  uv_mutex_unlock(&port->mutex);
  return last != &port_closed;
}

bool avow__port_post(avow__port_t *port, avow__mail_t *mail) {
  avow__mail_t *last = atomic_load_explicit(&port->last, memory_order_relaxed);
  while (last != NULL && last != &port_closed)
    if (push(port, &last, mail))
      return true;
  return post_under_mutex(port, last, mail);
}

/* Receiving. */

/* Takes the mail from the stack, and appends it to `due`, the oldest first.
   Leaves `left` on the stack. */
static void receive(avow__port_t *port, avow__mail_t *left) {
  avow__mail_t *mail =
      atomic_exchange_explicit(&port->last, left, memory_order_acq_rel);
  if (mail == NULL || mail->klass == NULL)
    return; /* no mail, or only `mark` or `port_closed` */
  avow__mail_t *first = NULL;
  avow__mail_t **end = port->last_due;
  port->last_due = &mail->next;
  while (mail != NULL && mail != &mark) {
    avow__mail_t *older = mail->next;
    mail->next = first;
    first = mail;
    mail = older;
  }
  *end = first;
}

static avow__mail_t *take_due(avow__port_t *port) {
  avow__mail_t *mail = port->due;
  port->due = mail->next;
  if (port->due == NULL)
    port->last_due = &port->due;
  return mail;
}

/* Outside of deliver(), this also makes sure that the loop delivers. */
void avow__port_again(avow__context_t *c, avow__mail_t *mail) {
  avow__port_t *port = c->threads.port;
  mail->next = port->due;
  port->due = mail;
  if (mail->next == NULL)
    port->last_due = &mail->next;
  if (port->at_work)
    return;
  c->budget.tasks_wait = true;
  if (!c->awake)
    avow__wake(c);
}

void avow__port_later(avow__context_t *c, avow__mail_t *mail) {
  avow__port_t *port = c->threads.port;
  assert(port->at_work);
  mail->next = NULL;
  *port->last_later = mail;
  port->last_later = &mail->next;
}

static void bring_back(avow__port_t *port) {
  if (port->later == NULL)
    return;
  *port->last_due = port->later;
  port->last_due = port->last_later;
  port->later = NULL;
  port->last_later = &port->later;
}

/* Removes the mark. False if mail has arrived since it was set. */
static bool take_mark(avow__port_t *port) {
  avow__mail_t *last = &mark;
  return atomic_compare_exchange_strong_explicit(&port->last, &last, NULL,
                                                 memory_order_acq_rel,
                                                 memory_order_relaxed);
}

/* Mail that arrives meanwhile waits for the next iteration, and does not wake
   the loop. */
static void deliver_all(avow__context_t *c, avow__port_t *port) {
  receive(port, &mark);
  port->at_work = true;
  while (port->due != NULL && avow__may_deliver(c, &port->iteration)) {
    avow__mail_t *mail = take_due(port);
    mail->klass->deliver(c, mail);
    avow__end_task(c);
  }
  port->at_work = false;
  bring_back(port);
  if (port->due != NULL || !take_mark(port))
    c->budget.tasks_wait = true;
}

static void on_async(uv_async_t *handle) {
  avow__context_t *c = handle->data;
  avow__enter(c);
  avow__end_task(c); /* jobs of an earlier callback of the program */
  deliver_all(c, c->threads.port);
  avow__leave(c);
}

static void port_go_on(avow__context_t *c) {
  if (c->threads.port != NULL)
    deliver_all(c, c->threads.port);
}

/* Used by avow_loop_close(). If the program has closed the handle, nothing
   keeps the loop alive, but expected mail still comes from other threads. */
void avow__port_wait(avow__context_t *c) {
  avow__port_t *port = c->threads.port;
  if (port == NULL || port->expected == 0)
    return;
  if (port->due == NULL) {
    uv_mutex_lock(&port->mutex);
    while (atomic_load_explicit(&port->last, memory_order_relaxed) == NULL)
      uv_cond_wait(&port->came, &port->mutex);
    uv_mutex_unlock(&port->mutex);
  }
  avow__enter(c);
  deliver_all(c, port);
  avow__leave(c);
}

/* Beginning and end. */

static int port_init_locks(avow__port_t *port) {
  int err = uv_mutex_init(&port->mutex);
  if (err != 0)
    return err;
  err = uv_cond_init(&port->came);
  if (err != 0)
    uv_mutex_destroy(&port->mutex);
  return err;
}

static int port_init(avow__context_t *c, avow__port_t *port) {
  int err = port_init_locks(port);
  if (err != 0)
    return err;
  err = uv_async_init(c->loop, &port->async, on_async);
  if (err != 0) {
    uv_cond_destroy(&port->came);
    uv_mutex_destroy(&port->mutex);
    return err;
  }
  port->async.data = c;
  uv_unref((uv_handle_t *) &port->async);
  port->last_due = &port->due;
  port->last_later = &port->later;
  atomic_init(&port->last, NULL);
  atomic_init(&port->refs, 1);
  return 0;
}

static AVOW__APART int port_make(avow__context_t *c) {
  avow__port_t *port = avow_calloc(1, sizeof(*port));
  if (port == NULL)
    return UV_ENOMEM;
  const int err = port_init(c, port);
  if (err != 0) {
    avow_free(port);
    return err;
  }
  c->threads.port = port;
  c->threads.port_go_on = port_go_on;
  c->subsystems[AVOW__SUBSYSTEM_PORT] = &port_subsystem;
  return 0;
}

int avow__port_open(avow__context_t *c) {
  if (c->life == AVOW__CLOSED)
    return UV_ECANCELED;
  if (c->threads.port == NULL)
    return port_make(c);
  if (AVOW__LIKELY(!avow__port_is_closing(c->threads.port)))
    return 0;
  avow__check_handles(c);
  return UV_ECANCELED;
}

static void forget_due(avow__port_t *port) {
  while (port->due != NULL) {
    avow__mail_t *mail = take_due(port);
    mail->klass->forget(mail);
  }
}

static void port_close(avow__context_t *c) {
  avow__port_t *port = c->threads.port;
  if (port == NULL)
    return;
  uv_mutex_lock(&port->mutex);
  receive(port, &port_closed);
  avow__close_own(c, (uv_handle_t *) &port->async);
  uv_mutex_unlock(&port->mutex);
  forget_due(port);
}

/* Forgets mail that avow__port_again() has added since port_close(). */
static void port_free(avow__context_t *c) {
  avow__port_t *port = c->threads.port;
  c->threads.port = NULL;
  c->threads.loop_thread = NULL;
  if (port == NULL)
    return;
  forget_due(port);
  avow__port_unref(port);
}

static const avow__subsystem_t port_subsystem = { .close = port_close,
                                                  .free = port_free };
