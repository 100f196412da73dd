/*
 * Cancelling: up from a promise through what serves it alone, to the topmost,
 * which is rejected at once; or, where a value is on its way to a handler,
 * through that handler first. No step here is recursive: what nested
 * combinators and parents want to be cancelled, and what callbacks for
 * cancelling cancel in their turn, waits in two lists of the loop's until the
 * step before is over.
 */
#include "avow/cancel.h"

#include "promise.h"

/* Whether p can hand the cancellation on to its upstream. */
static bool can_climb(const avow_promise_t *p, const avow_promise_t *start) {
  const avow_promise_t *from = p->upstream;
  if (from == NULL || p->kind == AVOW__PAIRED || p->kind == AVOW__FINALLY_WAIT)
    return false;
  if (from->kind == AVOW__CLOSE) /* nobody gets past it, alone or not */
    return avow__is_pending(from);
  return avow__is_pending(from) && !avow__is_shared(from) && from != start;
}

static avow_promise_t *topmost(avow_promise_t *start) {
  avow_promise_t *p = start;
  while (can_climb(p, start))
    p = p->upstream;
  return p;
}

/* p's input is there, its handler will run or runs: from here down, what
   handlers return is not to be waited for. */
static void mark_path(avow_promise_t *from, const avow_promise_t *top) {
  for (avow_promise_t *p = from;; p = p->upstream) {
    p->flags |= AVOW__CANCELED;
    if (p == top)
      return;
  }
}

static void reject(avow_promise_t *p) {
  avow__settle(p, avow_error(UV_ECANCELED));
  avow__unref(p);
}

static void cancel_deferred(avow_promise_t *p) {
  const avow_cancel_cb on_cancel = avow__detail(p)->u.deferred.on_cancel;
  void *data = p->data;
  avow__settle(p, avow_error(UV_ECANCELED)); /* its holders keep it */
  if (on_cancel == NULL)
    return;
  avow__context_t *c = avow__context(p);
  avow__fiber_t *fiber = avow__fiber_hide();
  const bool late = c->late;
  c->late = late || c->depth == 0; /* whoever calls need not have the time */
  c->depth++; /* it can neither run the loop nor close it */
  on_cancel(data);
  c->depth--;
  c->late = late;
  avow__fiber_show(fiber);
}

static void cancel_pair(avow_promise_t *p) {
  avow_promise_t *proxy = p->upstream;
  p->upstream = NULL;
  proxy->upstream = NULL;
  proxy->flags |= AVOW__HANDLED;
  reject(p);
  cancel_deferred(proxy);
}

static void cancel_queued(avow_promise_t *p) {
  avow__queue_remove(&p->link);
  const bool holds = p->kind == AVOW__THENABLE;
  const avow_value_t held = holds ? p->u.value : avow_none();
  reject(p);
  avow__value_unref(held); /* last: it may call the program */
}

/* The upstream goes on for others; p no longer waits for it. What must run
   whatever happens waits for the rejection instead. */
static void detach(avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  avow_promise_t *from = p->upstream;
  avow__withdraw(p);
  const bool runs = p->kind == AVOW__FINALLY || p->kind == AVOW__ATTACH ||
                    p->kind == AVOW__ASYNC || p->kind == AVOW__STACKLESS;
  const bool holds = p->kind == AVOW__STOPPED;
  const avow_value_t held = holds ? p->u.value : avow_none();
  p->upstream = runs ? avow_ref(c->canceled) : NULL;
  if (runs) {
    avow__enqueue(c, p);
  } else {
    avow__settle(p, avow_error(UV_ECANCELED));
    if (p->kind == AVOW__UNTIL)
      avow__until_drop_stop(p); /* which may lead back to p */
    avow__unref(p);
  }
  avow__unref(from);
  avow__value_unref(held); /* last: it may call the program */
}

static void cancel_reaction(avow_promise_t *p, avow_promise_t *start) {
  if (avow__is_pending(p->upstream))
    detach(p);
  else
    mark_path(start, p);
}

/* Rejects once the clean-up is over, or now if the loop cannot wait for it. */
static void cancel_cleanup(avow_promise_t *p) {
  const avow_value_t dropped = p->u.value;
  p->u.value = avow_error(UV_ECANCELED);
  const bool waits = p->upstream != NULL && avow__is_pending(p->upstream);
  if (waits && avow__context(p)->giving_up)
    detach(p);
  avow__value_unref(dropped); /* last: it may call the program */
}

static void cancel_top(avow_promise_t *p, avow_promise_t *start) {
  switch (p->kind) {
  case AVOW__DEFERRED:
    cancel_deferred(p);
    break;
  case AVOW__TIMER:
    avow__timer_remove(p);
    reject(p);
    break;
  case AVOW__PHASE:
    avow__phase_cancel(p);
    break;
  case AVOW__NEXT:
  case AVOW__SEND:
    avow__channel_cancel(p);
    break;
  case AVOW__GATHER:
    avow__gather_settle(p, avow_error(UV_ECANCELED),
                        &avow__context(p)->condemned);
    break;
  case AVOW__RUNNING:
  case AVOW__CLOSE: /* until then the handle's memory must stay */
    mark_path(start, p);
    break;
  case AVOW__PAIRED:
    cancel_pair(p);
    break;
  case AVOW__STEP:
  case AVOW__THENABLE:
    cancel_queued(p);
    break;
  case AVOW__FINALLY_WAIT:
    cancel_cleanup(p);
    break;
  case AVOW__FINALLY_LAST: /* on its way, with nothing left to stop */
    break;
  default:
    cancel_reaction(p, start);
  }
}

static void cancel_now(avow_promise_t *p) {
  if (avow__is_pending(p))
    cancel_top(topmost(p), p);
}

static void cancel_first_condemned(avow__context_t *c) {
  avow_promise_t *element =
      (avow_promise_t *) avow__list_take_first(&c->condemned);
  avow_promise_t *input = element->upstream;
  avow__pool_free(&c->pool, element);
  cancel_now(input);
  avow__unref(input);
}

static void cancel_first_orphan(avow__context_t *c) {
  avow__link_t *sibling = avow__list_take_first(&c->orphans);
  avow_promise_t *input = avow__child_adopt(sibling);
  if (!avow__is_shared(input))
    cancel_now(input);
}

static void cancel_if_condemned(avow_promise_t *p, void *data) {
  if (!p->condemned)
    return;
  p->condemned = false;
  cancel_now(p);
}

static void cancel_unlisted(avow__context_t *c) {
  c->unlisted = false;
  avow__pool_each(&c->pool, cancel_if_condemned, NULL);
}

void avow__cancel_condemned(avow__context_t *c) {
  if (c->cancelling)
    return;
  c->cancelling = true;
  while (c->condemned != NULL || c->orphans != NULL || c->unlisted) {
    if (c->condemned != NULL)
      cancel_first_condemned(c);
    else if (c->orphans != NULL)
      cancel_first_orphan(c);
    else
      cancel_unlisted(c);
  }
  c->cancelling = false;
}

/* Without memory p is marked instead, and will be looked for. */
static void condemn(avow__context_t *c, avow_promise_t *p) {
  avow_promise_t *element = avow__promise_alloc(c, AVOW__ELEMENT);
  if (element == NULL) {
    p->condemned = c->unlisted = true;
    return;
  }
  element->upstream = avow_ref(p);
  avow__list_append(&c->condemned, &element->link);
}

void avow__cancel(avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  if (!avow__is_pending(p))
    return;
  if (c->cancelling) {
    condemn(c, p);
    return;
  }
  c->cancelling = true;
  cancel_now(p);
  c->cancelling = false;
  avow__cancel_condemned(c);
}

void avow_cancel(const avow_promise_t *p) {
  avow__check_thread(avow__context(p));
  /* p is borrowed; a callback may let go of it meanwhile. */
  avow_promise_t *held = avow_ref(p);
  avow__cancel(held);
  avow__unref(held);
}

void avow_on_cancel(const avow_deferred_t *d, avow_cancel_cb cb, void *data) {
  avow_promise_t *p = avow__mutable(d);
  if ((p->flags & (AVOW__RESOLVED | AVOW__STATE)) != 0)
    return;
  avow__detail(p)->u.deferred.on_cancel = cb;
  p->data = data;
}
