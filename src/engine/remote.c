/*
 * Settling from other threads. Each loop has at most one port: a queue under a
 * mutex and one uv_async_t that is sent only when the queue was empty. The
 * mutex orders the publishing of a value before the test of libuv's pending
 * flag, which a lock-free list with a relaxed early return would not (a wake-up
 * could be lost on weakly ordered processors); it also keeps senders away from
 * a handle that is being closed.
 *
 * The port outlives the loop until its last remote is used. What a remote holds
 * of the loop's (its deferred) only the loop's thread touches.
 */
#include "engine/remote.h"

#include "avow/cancel.h"
#include "avow/remote.h"
#include "base/alloc.h"
#include "engine/engine.h"
#include "engine/parts.h"
#include "value/cross.h"

struct avow_remote_s {
  avow_remote_t *next; /* in the port's queue, or among its spare ones */
  avow__port_t *port;  /* NULL: there was no memory */
  avow_deferred_t *deferred;
  avow_value_t value;
#if AVOW__DEBUG
  bool spent; /* under the mutex: it was used, and is nobody's to use */
#endif
};

struct avow__port_s {
  uv_async_t async;
  uv_mutex_t mutex;
  uv_cond_t came;               /* something has, into an empty queue */
  avow_remote_t *first, **last; /* the queue; under the mutex */
  bool closed;                  /* under the mutex */
  atomic_uint refs;             /* the context's; once closed, the remotes' */
  avow__link_t *outstanding;    /* promises; from here on the loop's thread */
  avow_remote_t *spare;
  avow_remote_t *due, **last_due; /* the queue's, on their way to handlers */
  uint64_t turn;                  /* in which the last was delivered */
  uint32_t waiting;               /* remotes whose promise is pending */
};

/* What a program without memory may settle in vain. */
static avow_remote_t nobody;

static void port_unref(avow__port_t *port) {
  if (atomic_fetch_sub_explicit(&port->refs, 1, memory_order_acq_rel) > 1)
    return;
  uv_cond_destroy(&port->came);
  uv_mutex_destroy(&port->mutex);
  avow__free(port);
}

static avow_remote_t *take_queue(avow__port_t *port) {
  avow_remote_t *first = port->first;
  port->first = NULL;
  port->last = &port->first;
  return first;
}

static void stop_waiting(void *data) {
  avow__port_t *port = data;
  if (--port->waiting == 0)
    uv_unref((uv_handle_t *) &port->async);
}

static void start_waiting(avow__port_t *port) {
  if (port->waiting++ == 0)
    uv_ref((uv_handle_t *) &port->async);
}

/* A deferred's promise is in no list of the engine's, settled or not. */
static avow__link_t *link_of(avow_deferred_t *d) {
  return &((avow_promise_t *) d)->link;
}

/* A promise in a remote's hands is let go of where it belongs. */
static avow_value_t accepted(avow_value_t v) {
  if (v.tag != AVOW_PROMISE)
    return v;
  avow__value_unref(v);
  return avow_error(AVOW_EMISUSE);
}

static void remote_deliver(avow__port_t *port, avow_remote_t *r) {
  avow__list_remove(&port->outstanding, link_of(r->deferred));
  if (avow_resolve(r->deferred, accepted(r->value)))
    stop_waiting(port);
  r->next = port->spare;
  port->spare = r;
}

static avow_remote_t *take_due(avow__port_t *port) {
  avow_remote_t *r = port->due;
  port->due = r->next;
  if (port->due == NULL)
    port->last_due = &port->due;
  return r;
}

/* Each is a task. */
static void deliver_all(avow__context_t *c, avow__port_t *port) {
  while (port->due != NULL && avow__may_deliver(c, &port->turn)) {
    remote_deliver(port, take_due(port));
    avow__end_task(c);
  }
  if (port->due != NULL)
    c->overdue = true;
}

static void receive(avow__port_t *port) {
  uv_mutex_lock(&port->mutex);
  avow_remote_t **last = port->last;
  avow_remote_t *queue = take_queue(port);
  uv_mutex_unlock(&port->mutex);
  assert(queue != NULL); /* who found none there sent for us */
  *port->last_due = queue;
  port->last_due = last;
}

static void on_async(uv_async_t *handle) {
  avow__context_t *c = handle->data;
  avow__enter(c);
  avow__end_task(c); /* of the program's, whose callback came before */
  receive(c->port);
  deliver_all(c, c->port);
  avow__leave(c);
}

static void remote_go_on(avow__context_t *c) {
  if (c->port != NULL)
    deliver_all(c, c->port);
}

/* For the loop's close, where the program has closed our handle: nothing is
   alive there to wait for, but what other threads owe still comes. */
void avow__port_wait(avow__context_t *c) {
  avow__port_t *port = c->port;
  if (port == NULL || port->waiting == 0 ||
      !uv_is_closing((uv_handle_t *) &port->async))
    return;
  if (port->due == NULL) {
    uv_mutex_lock(&port->mutex);
    while (port->first == NULL)
      uv_cond_wait(&port->came, &port->mutex);
    uv_mutex_unlock(&port->mutex);
    receive(port);
  }
  avow__enter(c);
  deliver_all(c, port);
  avow__leave(c);
}

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
  port->last = &port->first;
  port->last_due = &port->due;
  atomic_init(&port->refs, 1);
  return 0;
}

static int port_open(avow__context_t *c) {
  if (c->life == AVOW__CLOSED)
    return UV_ECANCELED;
  if (c->port != NULL && uv_is_closing((uv_handle_t *) &c->port->async)) {
    avow__check_handles(c);
    return UV_ECANCELED;
  }
  if (c->port != NULL)
    return 0;
  avow__port_t *port = avow__calloc(1, sizeof(*port));
  if (port == NULL)
    return UV_ENOMEM;
  const int err = port_init(c, port);
  if (err != 0) {
    avow__free(port);
    return err;
  }
  c->port = port;
  c->port_go_on = remote_go_on;
  return 0;
}

static avow_remote_t *remote_alloc(avow__port_t *port) {
  avow_remote_t *r = port->spare;
  if (r != NULL)
    port->spare = r->next;
  else
    r = avow__malloc(sizeof(*r));
  return r;
}

#if AVOW__DEBUG
/* Ends the use of a remote while its loop is open: its memory is the port's
   then. */
static void remote_spend(avow_remote_t *r) {
  if (r->spent)
    avow__misuse(
        "this remote was used already: it is taken with the first "
        "avow_remote_resolve(), avow_remote_reject() or avow_remote_drop()");
  r->spent = true;
}

static void renew(avow__port_t *port, avow_remote_t *r) {
  uv_mutex_lock(&port->mutex);
  r->spent = false;
  uv_mutex_unlock(&port->mutex);
}
#else
#  define remote_spend(r) ((void) (r))
#  define renew(port, r)  ((void) (r))
#endif

static void connect_remote(avow__port_t *port, avow_remote_t *r,
                           avow_deferred_t *d) {
  renew(port, r);
  r->port = port;
  r->deferred = d;
  avow_on_cancel(d, stop_waiting, port);
  avow__list_append(&port->outstanding, link_of(d));
  start_waiting(port);
}

avow_promise_t *avow_remote_new(uv_loop_t *loop, avow_remote_t **out) {
  if (out == NULL)
    return avow__nothing("the place for a remote");
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  *out = &nobody;
  const int err = port_open(c);
  if (err != 0)
    return avow_promise_reject(loop, avow_error(err));
  avow_deferred_t *d;
  avow_promise_t *p = avow_promise_new(loop, &d);
  avow_remote_t *r = avow__is_pending(p) ? remote_alloc(c->port) : NULL;
  if (r == NULL) {
    (void) avow_reject(d,
                       avow_error(UV_ENOMEM)); /* false: it is that already */
    return p;
  }
  connect_remote(c->port, r, d);
  *out = r;
  return p;
}

/* The holder of r is on some thread, and after the loop's end the last to know
   of it. */
static int remote_forget(avow_remote_t *r, avow_value_t v) {
  if (v.tag != AVOW_PROMISE) /* another thread's, whose loop has gone */
    avow_value_unref(v);
  if (r == &nobody)
    return UV_ECANCELED;
  port_unref(r->port);
  avow__free(r);
  return UV_ECANCELED;
}

/* Where the program has closed our handle, the loop's close finds what came.
   Windows must not be asked to wake a closing handle; other systems may, and
   there the look would be a race with the loop's thread. */
static void wake(avow__port_t *port) {
#ifdef _WIN32
  if (uv_is_closing((const uv_handle_t *) &port->async))
    return;
#endif
  (void) uv_async_send(&port->async); /* fails on other handles only */
}

static void enqueue(avow__port_t *port, avow_remote_t *r) {
  const bool was_empty = port->first == NULL;
  r->next = NULL;
  *port->last = r;
  port->last = &r->next;
  if (!was_empty)
    return;
  uv_cond_signal(&port->came);
  wake(port);
}

int avow_remote_resolve(avow_remote_t *r, avow_value_t v) {
  if (r == NULL) {
    avow__misuse_of_null("a remote");
    r = &nobody;
  }
  avow__port_t *port = r->port;
  if (v.tag == AVOW_PROMISE)
    avow__misuse(
        "avow_remote_resolve() with a promise, which belongs to one "
        "loop: settle it there, and hand over its value");
  else /* released here, where whoever had it is */
    v = avow__crossing("remote", v);
  if (port == NULL)
    return remote_forget(r, v);
  uv_mutex_lock(&port->mutex);
  const bool closed = port->closed;
  if (!closed) {
    remote_spend(r);
    r->value = v;
    enqueue(port, r);
  }
  uv_mutex_unlock(&port->mutex);
  return closed ? remote_forget(r, v) : 0;
}

int avow_remote_reject(avow_remote_t *r, avow_value_t error) {
  return avow_remote_resolve(r, avow__reason(error));
}

void avow_remote_drop(avow_remote_t *r) {
  if (r != NULL)
    (void) avow_remote_resolve(r, avow_error(AVOW_EBROKEN)); /* or it is gone */
}

/* Under the mutex, for a holder may use and free its remote as soon as the port
   is closed; from then on each remote keeps the port. */
static avow__link_t *detach_outstanding(avow__port_t *port) {
  avow__link_t *promises = port->outstanding;
  port->outstanding = NULL;
  if (promises == NULL)
    return NULL;
  const avow__link_t *link = promises;
  do
    atomic_fetch_add_explicit(&port->refs, 1, memory_order_relaxed);
  while ((link = link->next) != promises);
  return promises;
}

static void drop_promises(avow__link_t *promises) {
  while (promises != NULL) {
    avow__link_t *first = promises;
    avow__list_remove(&promises, first);
    avow_deferred_drop((avow_deferred_t *) first);
  }
}

static void forget_queue(avow_remote_t *queue) {
  while (queue != NULL) {
    avow_remote_t *r = queue;
    queue = r->next;
    (void) remote_forget(r, r->value); /* nobody is there to be told */
  }
}

static void free_spare(avow__port_t *port) {
  while (port->spare != NULL) {
    avow_remote_t *r = port->spare;
    port->spare = r->next;
    avow__free(r);
  }
}

void avow__port_close(avow__context_t *c) {
  avow__port_t *port = c->port;
  if (port == NULL)
    return;
  uv_mutex_lock(&port->mutex);
  port->closed = true;
  avow_remote_t *queue = take_queue(port);
  avow__link_t *promises = detach_outstanding(port);
  avow__close_own(c, (uv_handle_t *) &port->async);
  uv_mutex_unlock(&port->mutex);
  forget_queue(port->due);
  port->due = NULL;
  forget_queue(queue);
  drop_promises(promises);
}

void avow__port_free(avow__context_t *c) {
  if (c->port == NULL)
    return;
  free_spare(c->port);
  port_unref(c->port);
  c->port = NULL;
}
