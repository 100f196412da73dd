/* SPDX-License-Identifier: MIT */
/*
 * Checks that the program still owns what it passes. A function that takes
 * ownership of a handle ends the caller's use of it. All builds except release
 * builds report a handle that is used twice.
 */
#include "engine/check_ownership.h"

#include <stdio.h>

#include "engine/check_thread.h"
#include "engine/origin.h"

#if AVOW__DEBUG
/* The end of the name of the function that made a reaction; NULL if several
   functions make such reactions. */
static const char *taker_of(const avow_promise_t *reaction) {
  switch (reaction->kind) {
  case AVOW__THEN:
    return reaction->u.then.on_fulfilled != NULL ? "then" : "catch";
  case AVOW__CLOSURE:
    return "then_closure";
  case AVOW__ASYNC:
    return "await";
  case AVOW__ADOPT:
    return "follow";
  case AVOW__ELEMENT:
    return avow__gather_name(reaction->u.element.gather->u.gather.kind);
  case AVOW__FINALLY:
  case AVOW__ATTACH:
  case AVOW__SHIELD:
  case AVOW__ON_SETTLED:
    return avow__kinds[reaction->kind].name;
  default:
    return NULL;
  }
}

const char *avow__freed_in(const avow_promise_t *p) {
#  ifdef AVOW__QUARANTINE
  static _Thread_local char text[AVOW__PLACE_TEXT];
  return avow__text_of_place(text, " in ", p->upstream, "");
#  else
  (void) p;
  return "";
#  endif
}

/* The call that made p, which only trace builds know; or "". */
static const char *made_in(const avow_promise_t *p) {
  static _Thread_local char text[AVOW__PLACE_TEXT];
  return avow__text_of_place(text, " (promise made in ", avow__caller_of(p),
                             ")");
}

static void report_taken(const avow_promise_t *p,
                         const avow_promise_t *reaction, const char *called) {
  char taker[48] = "another call";
  if (taker_of(reaction) != NULL)
    (void) snprintf(taker, sizeof(taker), "avow_%s()", taker_of(reaction));
  avow__misuse_in(called,
                  "promise used after %s took ownership of it; call avow_ref() "
                  "before passing it on%s",
                  taker, made_in(p));
}

/* Whether the program has no reference to p left. A pending promise has one of
   its own, which ends when it settles. The avow_gather_t of a gather has
   another. */
static bool is_released(const avow_promise_t *p) {
  const uint32_t steering = (p->flags & AVOW__GATHER_STEERED) != 0 ? 1 : 0;
  const uint32_t own = avow__is_pending(p) ? steering + 1 : steering;
  return own > 0 && p->refs == own;
}

void avow__check_taken_in(const avow_promise_t *p, const char *called) {
  if (p == NULL) {
    avow__misuse_of_null_in("promise", called);
    return;
  }
  if (p->kind == AVOW__FREE)
    avow__misuse_in(called,
                    "promise used after it was freed%s; call avow_ref() before "
                    "passing it on%s",
                    avow__freed_in(p), made_in(p));
  if (is_released(p))
    avow__misuse_in(called,
                    "promise used after it was released; call avow_ref() "
                    "before passing it on%s",
                    made_in(p));
  const avow__link_t *waiters = avow__is_pending(p) ? p->waiters : NULL;
  const bool one_waiter = waiters != NULL && waiters->next == waiters;
  if (one_waiter && !avow__is_shared(p))
    report_taken(p, (const avow_promise_t *) waiters, called);
}

void avow__check_borrowed_in(const avow_promise_t *p, const char *called) {
  avow__check_thread_in(avow__context(p), called);
  if (p->kind != AVOW__RUNNING)
    avow__check_taken_in(p, called);
}

static const char *promise_outcome_of(const avow_promise_t *p) {
  if (p->kind == AVOW__FREE)
    return "its promise was freed";
  if (avow__is_pending(p))
    return "its promise follows another";
  return avow__state(p) == AVOW_FULFILLED ? "its promise is fulfilled"
                                          : "its promise is rejected";
}

/* The place that settled the deferred, which only trace builds know. */
static const char *promise_settled_in(const avow_promise_t *p) {
#  ifdef AVOW_TRACE
  static _Thread_local char text[AVOW__PLACE_TEXT];
  return avow__text_of_place(text, " in ", p->settled_by, "");
#  else
  (void) p;
  return "";
#  endif
}

void avow__check_deferred_in(const avow_deferred_t *d, const char *called) {
  if (d == NULL) {
    avow__misuse_of_null_in("deferred", called);
    return;
  }
  const avow_promise_t *p = avow__mutable(d);
  if (p->deferreds > 0 && p->kind != AVOW__FREE)
    return;
  avow__misuse_in(called,
                  "deferred used after it was settled%s (%s); settle it once, "
                  "or call avow_deferred_ref() to share it%s",
                  promise_settled_in(p), promise_outcome_of(p), made_in(p));
}
#endif
