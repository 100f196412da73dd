/* SPDX-License-Identifier: MIT */
/*
 * Cancellation goes up from a promise through upstreams that have no other
 * references. It ends at the topmost one, which is rejected at once. If the
 * topmost promise has a value on its way to a handler, the handler runs first.
 * No step is recursive. Inputs of nested combinators, children of parents, and
 * promises that on_cancel cancels wait in lists of the loop until the step
 * before has ended.
 */
#include "engine/cancel.h"

#include "avow/cancel.h"
#include "engine/cancel_reason.h"
#include "engine/parent.h"
#include "engine/promise.h"
#include "engine/settle.h"
#include "fiber/exceptions.h"

/* Whether p settles as if it were not canceled. */
static bool is_firm(const avow_promise_t *p) {
  return p->kind == AVOW__CLOSE ||
         (p->kind == AVOW__SHIELD && !avow__context(p)->close.unshielded);
}

/* Whether p is a finally whose cleanup is not canceled: a CLOSE or a shield.
   When the loop gives up, p stops waiting for any cleanup instead. */
static bool is_undisturbed(const avow_promise_t *p) {
  return p->kind == AVOW__FINALLY_WAIT &&
         (is_firm(p->upstream) || avow__context(p)->life >= AVOW__GIVING_UP);
}

/* Whether p can hand the cancellation on to its upstream. */
static bool can_climb(const avow_promise_t *p, const avow_promise_t *start) {
  const avow_promise_t *from = p->upstream;
  if (from == NULL || p->kind == AVOW__PAIRED || is_firm(p) ||
      is_undisturbed(p))
    return false;
  if (is_firm(from)) /* not canceled, so it may have other references */
    return avow__is_pending(from);
  return avow__is_pending(from) && !avow__is_shared(from) && from != start;
}

/* An async function that got UV_ECANCELED and has not waited since ignores
   further cancellations: they count as the one that it got. */
static bool is_cleaning(const avow_promise_t *p) {
  return (p->flags & AVOW__ASYNC_CLEANS) != 0 &&
         (p->kind == AVOW__RUNNING || p->kind == AVOW__ASYNC ||
          p->kind == AVOW__STACKLESS);
}

static void mark_canceled(avow_promise_t *p) {
  if (is_cleaning(p))
    return;
  p->flags |= AVOW__CANCELED;
  avow__cancel_reason_note(p);
}

static bool waits_for_clean_up(const avow_promise_t *p) {
  return p->kind == AVOW__FINALLY_WAIT && p->upstream != NULL &&
         avow__is_pending(p->upstream);
}

/* A repeat that was canceled begins no other step, and a retry no other
   attempt. */
static bool stays_canceled(const avow_promise_t *p) {
  if (p->kind == AVOW__THEN)
    return (p->flags & AVOW__THEN_KEEPS) != 0;
  return p->kind == AVOW__REPEAT;
}

static avow_promise_t *mark_on_way(avow_promise_t *p) {
  if (stays_canceled(p)) {
    mark_canceled(p);
  } else if (waits_for_clean_up(p)) {
    p->flags |= AVOW__FINALLY_INTERRUPTED;
    avow__cancel_reason_note(p);
  }
  return p;
}

/* The number of promises that p stands for. */
static size_t promises_in(const avow_promise_t *p) {
  return p->kind == AVOW__ADOPT ? (size_t) p->u.hops + 1 : 1;
}

/* The field for the reach of a finally; NULL if p is no finally that waits. */
static size_t *reach_of(avow_promise_t *p) {
  if (p->kind == AVOW__FINALLY)
    return &p->u.reach;
  return p->kind == AVOW__FINALLY_WAIT ? &p->reach : NULL;
}

/* If the upstream of p has settled, the reach of p is not needed: mark_path()
   marks all promises on the way at once. */
static void extend_reach(avow_promise_t *p, size_t below) {
  size_t *reach = reach_of(p);
  if (reach != NULL && *reach < below && p->upstream != NULL &&
      avow__is_pending(p->upstream))
    *reach = below;
}

static avow_promise_t *topmost(avow_promise_t *start) {
  avow_promise_t *p = mark_on_way(start);
  size_t below = 0;
  while (can_climb(p, start)) {
    below += promises_in(p);
    p = mark_on_way(p->upstream);
    extend_reach(p, below);
  }
  return p;
}

/* The last promise on the way from start up to p, before p. */
static avow_promise_t *last_before(avow_promise_t *start,
                                   const avow_promise_t *p) {
  while (start->upstream != p)
    start = start->upstream;
  return start;
}

/* The outcome of `top` is on its way, or its handler runs. The promises from
   `top` down to `from` are marked, so that they do not wait for promises from
   their handlers. */
static void mark_path(avow_promise_t *from, const avow_promise_t *top) {
  for (avow_promise_t *p = from;; p = p->upstream) {
    mark_canceled(p);
    if (p == top)
      return;
  }
}

/* avow__cancel_below() marks the promises within the reach of p, so p need not
   mark them later. */
static void shorten_reach(avow_promise_t *p, size_t below) {
  size_t *reach = reach_of(p);
  if (reach != NULL && *reach <= below)
    *reach = 0;
}

/* A cancellation passes only through promises without other references. So each
   of them, except the lowest, has exactly one reaction. If this reaction is not
   in `waiters` yet, detach_cleanup() has marked it. */
void avow__cancel_below(avow_promise_t *p, size_t reach, avow_value_t reason) {
  avow__context_t *c = avow__context(p);
  const avow_value_t before = c->cancel.reason;
  c->cancel.reason = reason.u.p != NULL ? reason : avow_none();
  while (reach > 0 && p->waiters != NULL) {
    p = (avow_promise_t *) p->waiters;
    reach -= promises_in(p) < reach ? promises_in(p) : reach;
    mark_canceled(p);
    shorten_reach(p, reach);
  }
  c->cancel.reason = before;
}

void avow__cancel_running(avow_promise_t *p, avow_promise_t *start) {
  mark_path(start, p);
}

/* The outcome of the combinator is known, but it waits for its losers. They are
   canceled again, once in each cancellation. */
void avow__gathered_cancel(avow_promise_t *gather, avow_promise_t *start) {
  if (start != gather)
    mark_path(start, last_before(start, gather));
  if (gather->link.next == NULL)
    avow__list_append(&avow__context(gather)->cancel.to_cancel, &gather->link);
}

void avow__detached(avow_promise_t *p) {
  avow__settle(p, avow__canceled(avow__context(p)));
  avow__unref(p);
}

/* Runs the job of p with a rejection in place of its upstream. */
void avow__detached_runs(avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  p->upstream = avow__canceled_promise(c);
  avow__enqueue(c, p);
}

/* Whether avow_loop_close() gives up p. No other function cancels a promise
   with DELAYS_CLOSE directly. */
static bool is_given_up(const avow_promise_t *p, const avow_promise_t *start) {
  return p == start && (p->flags & AVOW__DEFERRED_DELAYS_CLOSE) != 0;
}

void avow__cancel_deferred(avow_promise_t *p, avow_promise_t *start) {
  const avow_cancel_cb on_cancel = avow__detail(p)->u.deferred.on_cancel;
  void *data = p->data;
  avow__context_t *c = avow__context(p);
  if ((p->flags & AVOW__DEFERRED_OUTLASTS) == 0 || is_given_up(p, start))
    avow__settle(p, avow__canceled(c)); /* its deferreds keep it alive */
  else
    avow__cancel_reason_note(p);
  if (on_cancel == NULL)
    return;
  AVOW__AT_EXIT(avow__exceptions_end) volatile bool inside = true;
  avow__fiber_t *fiber = avow__fiber_hide();
  const bool late = c->time_is_old;
  c->time_is_old = late || c->depth == 0; /* the cached time may be old */
  c->depth++; /* on_cancel can neither run nor close the loop */
  on_cancel(data);
  c->depth--;
  c->time_is_old = late;
  avow__fiber_show(fiber);
  inside = false;
}

void avow__cancel_pair(avow_promise_t *p, avow_promise_t *start) {
  avow_promise_t *proxy = p->upstream;
  p->upstream = NULL;
  proxy->upstream = NULL;
  proxy->flags |= AVOW__HANDLED;
  avow__detached(p);
  avow__cancel_deferred(proxy, start);
}

void avow__cancel_queued(avow_promise_t *p, avow_promise_t *start) {
  avow__queue_remove(&p->link);
  const bool holds = p->kind == AVOW__THENABLE;
  const avow_value_t held = holds ? p->u.value : avow_none();
  avow__detached(p);
  avow__value_unref(held); /* last, because it may call the program */
}

/* Detaches p from its upstream. The upstream has other references and goes on,
   or has no value that could be lost. */
static void cancel_detach(avow_promise_t *p) {
  avow_promise_t *from = p->upstream;
  avow__withdraw(p);
  p->upstream = NULL;
  avow__kinds[p->kind].detached(p);
  avow__unref(from);
}

/* p waits for an upstream that goes on. Returns the topmost promise from start
   to p that may stop waiting. An ATTACH may not, because handlers before it use
   its data. NULL if all of them are ATTACHes. */
static avow_promise_t *nearest_detachable(avow_promise_t *start,
                                          const avow_promise_t *p) {
  avow_promise_t *found = NULL;
  for (avow_promise_t *q = start;; q = q->upstream) {
    if (q->kind != AVOW__ATTACH)
      found = q;
    if (q == p)
      return found;
  }
}

/* p waits for start, so the promises form a cycle, and one of them must stop
   waiting. Handlers before an ATTACH use its data, so the reaction to the
   ATTACH stops. */
static avow_promise_t *cycle_member_to_detach(avow_promise_t *start,
                                              avow_promise_t *p) {
  for (avow_promise_t *q = start; q != p; q = q->upstream)
    if (q->kind != AVOW__ATTACH && q->upstream->kind == AVOW__ATTACH)
      return q;
  return p;
}

/* The promise from start to p that stops waiting; NULL if none may. */
static avow_promise_t *reaction_to_detach(avow_promise_t *start,
                                          avow_promise_t *p) {
  if (p->kind == AVOW__ATTACH)
    return nearest_detachable(start, p);
  return p->upstream == start ? cycle_member_to_detach(start, p) : p;
}

static bool only_begins(const avow_promise_t *p) {
  return p->kind == AVOW__THEN && (p->flags & AVOW__THEN_BEGINS) != 0;
}

static void mark_attach_canceled(avow_promise_t *p) {
  p->flags |= AVOW__ATTACH_CANCELED;
  avow__cancel_reason_note(p);
}

void avow__cancel_reaction(avow_promise_t *p, avow_promise_t *start) {
  if (only_begins(p)) {
    cancel_detach(p);
    return;
  }
  if (!avow__is_pending(p->upstream) || is_firm(p)) {
    mark_path(start, p);
    return;
  }
  avow_promise_t *loose = reaction_to_detach(start, p);
  if (loose != NULL)
    cancel_detach(loose);
  else
    mark_attach_canceled(p);
}

/* p may have kept an error, with which it settles at once. The promises down to
   start are marked first, because some may not be in `waiters` yet. */
static void detach_cleanup(avow_promise_t *p, avow_promise_t *start) {
  if (avow_is_error(&p->u.value) &&
      avow_error_code(&p->u.value) != UV_ECANCELED)
    mark_path(start, p);
  cancel_detach(p);
}

/* If the cleanup of p has ended, the outcome of p is on its way. Otherwise p
   stops waiting for a cleanup that is shared, or that the loop gives up. It
   goes on waiting for a shield or a CLOSE. */
void avow__cancel_cleanup(avow_promise_t *p, avow_promise_t *start) {
  if (!waits_for_clean_up(p))
    mark_path(start, p);
  else if (!is_firm(p->upstream) || avow__context(p)->life >= AVOW__GIVING_UP)
    detach_cleanup(p, start);
}

static void cancel_top(avow_promise_t *p, avow_promise_t *start) {
  const avow__kind_row_t *row = &avow__kinds[p->kind];
  if (row->cancel_from != NULL)
    row->cancel_from(p, start);
}

static void cancel_now(avow_promise_t *p) {
  if (!avow__is_pending(p))
    return;
  avow__probe_canceled(avow__context(p), p);
  cancel_top(topmost(p), p);
}

static void cancel_input(avow_promise_t *unwanted) {
  avow_promise_t *input = unwanted->upstream;
  avow__pool_free(&avow__context(unwanted)->pool, unwanted);
  cancel_now(input);
  avow__unref(input);
}

/* The losers stay in the list, because each still reports from its job. So the
   loop moves the head once around the list. */
static void cancel_losers(avow_promise_t *gather) {
  const avow__link_t *last = gather->elements->prev;
  avow__link_t *link;
  do {
    link = gather->elements;
    gather->elements = link->next;
    cancel_now(avow__from_sibling(link)->upstream);
  } while (link != last);
}

static void cancel_first_listed(avow__context_t *c) {
  avow_promise_t *p =
      (avow_promise_t *) avow__list_take_first(&c->cancel.to_cancel);
  if (p->kind == AVOW__GATHERED) {
    avow__list_append(&c->cancel.gathered, &p->link);
    cancel_losers(p);
  } else {
    cancel_input(p);
  }
}

/* Puts a child back into the list of its parent. Returns the promise that the
   child waits for. */
static avow_promise_t *return_to_parent(avow__link_t *sibling) {
  const avow_promise_t *child = avow__from_sibling(sibling);
  avow__list_append(&child->u.child.parent->children, sibling);
  return child->upstream;
}

static void cancel_first_child(avow__context_t *c) {
  avow__link_t *sibling = avow__list_take_first(&c->cancel.children);
  avow_promise_t *input = return_to_parent(sibling);
  if (!avow__is_shared(input))
    cancel_now(input);
}

static void cancel_if_marked(avow_promise_t *p, void *data) {
  if ((p->flags & AVOW__TO_CANCEL) == 0)
    return;
  p->flags &= (uint16_t) ~AVOW__TO_CANCEL;
  cancel_now(p);
}

static void cancel_unlisted(avow__context_t *c) {
  c->cancel.unlisted = false;
  avow__pool_each(&c->pool, cancel_if_marked, NULL);
}

/* All promises that a cancellation cancels get its reason. So a promise with
   another reason waits until that cancellation has ended. */
static void cancel_first_later(avow__context_t *c) {
  avow_promise_t *unwanted =
      (avow_promise_t *) avow__list_take_first(&c->cancel.later);
  const avow_value_t before = c->cancel.reason;
  c->cancel.reason = unwanted->u.value;
  cancel_input(unwanted);
  avow__value_unref(before); /* last, because it may call the program */
}

static bool cancel_next(avow__context_t *c) {
  if (c->cancel.to_cancel != NULL)
    cancel_first_listed(c);
  else if (c->cancel.children != NULL)
    cancel_first_child(c);
  else if (c->cancel.unlisted)
    cancel_unlisted(c);
  else if (c->cancel.later != NULL)
    cancel_first_later(c);
  else
    return false;
  return true;
}

static void begin(avow__context_t *c) {
  c->cancel.canceling = true;
  c->cancel.cancellations++;
}

void avow__cancel_listed(avow__context_t *c) {
  if (c->cancel.canceling)
    return;
  begin(c);
  while (cancel_next(c))
    ;
  while (c->cancel.gathered != NULL)
    avow__list_take_first(&c->cancel.gathered)->next = NULL;
  c->cancel.canceling = false;
  const avow_value_t reason = c->cancel.reason;
  c->cancel.reason = avow_none();
  avow__value_unref(reason); /* last, because it may call the program */
}

void avow__cancel_listed_for(avow__context_t *c, avow_value_t reason) {
  if (c->cancel.canceling) {
    avow__value_unref(reason);
    return;
  }
  c->cancel.reason = reason;
  avow__cancel_listed(c);
}

/* Lists p, to be canceled later. If out of memory, p is marked instead, and a
   walk over the pool finds it. */
static void condemn(avow__context_t *c, avow_promise_t *p,
                    avow_value_t reason) {
  avow_promise_t *unwanted = avow__promise_alloc(c, AVOW__UNWANTED);
  if (unwanted == NULL) {
    p->flags |= AVOW__TO_CANCEL;
    c->cancel.unlisted = true;
    avow__value_unref(reason);
    return;
  }
  unwanted->upstream = avow__ref(p);
  unwanted->u.value = reason;
  avow__list_append(reason.tag == AVOW_NONE ? &c->cancel.to_cancel
                                            : &c->cancel.later,
                    &unwanted->link);
}

void avow__cancel_unshared(avow_promise_t *p) {
  if (avow__is_pending(p) && !avow__is_shared(p))
    avow__cancel(p);
}

void avow__cancel_for(avow_promise_t *p, avow_value_t reason) {
  avow__context_t *c = avow__context(p);
  if (!avow__is_pending(p)) {
    avow__value_unref(reason);
    return;
  }
  if (c->cancel.canceling) {
    condemn(c, p, reason);
    return;
  }
  c->cancel.reason = reason;
  begin(c);
  cancel_now(p);
  c->cancel.canceling = false;
  avow__cancel_listed(c);
}

void avow__cancel(avow_promise_t *p) {
  avow__cancel_for(p, avow_none());
}

/* Holds p, because a callback may release it meanwhile. */
void avow__cancel_borrowed(avow_promise_t *p) {
  (void) avow__ref(p); /* returns p */
  avow__cancel(p);
  avow__unref(p);
}

void avow_cancel(const avow_promise_t *p) {
  p = avow__given(p, "promise");
  avow__check_borrowed(p);
  avow__check_thread(avow__context(p));
  avow__cancel_borrowed(avow__mutable(p));
}

void avow_cancel_with(const avow_promise_t *borrowed, avow_value_t reason) {
  borrowed = avow__given(borrowed, "promise");
  avow__check_borrowed(borrowed);
  avow__check_value(&reason);
  avow__check_thread(avow__context(borrowed));
  avow_promise_t *p = avow__ref(borrowed);
  avow__cancel_for(p, avow__cancel_reason(reason));
  avow__unref(p);
}

void avow_on_cancel(const avow_deferred_t *d, avow_cancel_cb cb, void *data) {
  if (d == NULL) {
    avow__misuse_of_null("deferred");
    return;
  }
  avow__check_deferred(d);
  avow_promise_t *p = avow__mutable(d);
  avow__check_thread(avow__context(p));
  if ((p->flags & (AVOW__DEFERRED_RESOLVED | AVOW__STATE)) != 0)
    return;
  avow__detail(p)->u.deferred.on_cancel = cb;
  p->data = data;
}
