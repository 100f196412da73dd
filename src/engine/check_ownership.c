/* SPDX-License-Identifier: MIT */
/*
 * Checks that the program still owns what it passes. A function that takes
 * ownership of a handle ends the caller's use of it. All builds except release
 * builds report a handle that is used twice.
 */
#include "engine/check_ownership.h"

#include "engine/backtrace.h"
#include "engine/check_thread.h"

#if AVOW__DEBUG
void avow__check_taken(const avow_promise_t *p) {
  if (p->kind == AVOW__FREE)
    avow__misuse(
        "this promise is gone: it was taken or let go before; call "
        "avow_ref() first to use a promise twice");
  const avow__link_t *waiters = avow__is_pending(p) ? p->waiters : NULL;
  const bool one_waiter = waiters != NULL && waiters->next == waiters;
  if (one_waiter && !avow__is_shared(p))
    avow__misuse(
        "this promise was taken already, by the one that waits for "
        "it; call avow_ref() first to use a promise twice");
}

void avow__check_borrowed(const avow_promise_t *p) {
  avow__check_thread(avow__context(p));
  if (p->kind != AVOW__RUNNING)
    avow__check_taken(p);
}

static const char *promise_outcome_of(const avow_promise_t *p) {
  if (p->kind == AVOW__FREE)
    return "its promise is gone";
  if (avow__is_pending(p))
    return "its promise follows another";
  return avow__state(p) == AVOW_FULFILLED ? "its promise is fulfilled"
                                          : "its promise is rejected";
}

static const char *promise_place_of_settling(const avow_promise_t *p) {
#  ifdef AVOW_TRACE
  const char *place = avow__caller_text(p->settled_by);
  return place != NULL ? place : "an unknown function";
#  else
  (void) p;
  return "a function that a trace build would name";
#  endif
}

void avow__check_deferred(const avow_deferred_t *d) {
  const avow_promise_t *p = avow__mutable(d);
  if (p->deferreds == 0 || p->kind == AVOW__FREE)
    avow__misuse(
        "this deferred was settled already, in %s (%s): it is taken with the "
        "first avow_resolve(), avow_reject() or avow_deferred_drop(); call "
        "avow_deferred_ref() first for one more who may try",
        promise_place_of_settling(p), promise_outcome_of(p));
}

/* A pending promise has a reference of its own, which ends when it settles. The
   avow_gather_t of a gather has another. */
void avow__check_unref(const avow_promise_t *p) {
  const uint32_t steering = (p->flags & AVOW__GATHER_STEERED) != 0 ? 1 : 0;
  const uint32_t own = avow__is_pending(p) ? steering + 1 : steering;
  if (own > 0 && p->refs == own)
    avow__misuse(
        "this promise was let go before, and only avow holds it until it "
        "settles, or its gather: call avow_ref() first to let go of a promise "
        "twice");
}
#endif
