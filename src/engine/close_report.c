/* SPDX-License-Identifier: MIT */
/*
 * The reports of a checked build while a loop closes, and when it has nothing
 * left to run. They name the promises that can never settle, and those that the
 * close or the program waits for. Each has its kind, its name and its place.
 */
#include "engine/close_report.h"

#include <inttypes.h>

#include "engine/child.h"
#include "engine/cycle.h"
#include "engine/extension.h"
#include "engine/name.h"
#include "engine/origin.h"
#include "value/value.h"

#if AVOW__DEBUG

enum { LINES = 20 }; /* the most promises that a report names */

static void tell_of(const char *before, const avow_promise_t *p,
                    const char *more) {
  const char *name = avow__name_of(p);
  const char *where = avow__where(p);
  avow__advise("  %s%s%s%s%s%s%s%s", before, avow__kind_name(p),
               name != NULL ? " '" : "", name != NULL ? name : "",
               name != NULL ? "'" : "", where != NULL ? ", made in " : "",
               where != NULL ? where : "", more);
}

static void tell_of_one(const avow_promise_t *p) {
  tell_of("", p, "");
}

static void tell_of_rest(size_t n) {
  if (n > LINES)
    avow__advise("  and %zu more", n - LINES);
}

/* The next promise of a cycle. Each promise of a cycle has one. */
static avow_promise_t *after(avow_promise_t *p, avow__next_fn next) {
  avow_promise_t *at = next(p);
  assert(at != NULL);
  return at;
}

static size_t length_of(avow_promise_t *p, avow__next_fn next) {
  size_t n = 1;
  for (avow_promise_t *at = after(p, next); at != p; at = after(at, next))
    n++;
  return n;
}

static void tell_of_each(avow_promise_t *p, avow__next_fn next, size_t n) {
  avow_promise_t *at = p;
  for (size_t i = 0; i < n && i < LINES; i++, at = after(at, next))
    tell_of_one(at);
  tell_of_rest(n);
}

static void tell_of_cycle(avow_promise_t *p, void *data) {
  bool *reported = data;
  if (*reported)
    return;
  *reported = true;
  const size_t n = length_of(p, avow__cycle_next);
  avow__advise(
      "avow_loop_close(): %zu promise%s for %s and never settle%s; cancel one "
      "of them first:",
      n, n > 1 ? "s wait" : " waits", n > 1 ? "each other" : "itself",
      n > 1 ? "" : "s");
  tell_of_each(p, avow__cycle_next, n);
}

void avow__report_cycle(avow__context_t *c) {
  if (!c->reported_cycle)
    avow__cycles_each(c, avow__cycle_next, tell_of_cycle, &c->reported_cycle);
}

/* The first item that is a promise, or that may contain one; NULL if there is
   none. */
static const avow_value_t *look_into(const avow__list_t *list) {
  for (size_t i = 0; i < list->len; i++)
    if (list->items[i].tag == AVOW_PROMISE || list->items[i].tag == AVOW_LIST ||
        list->items[i].tag == AVOW_ERROR)
      return &list->items[i];
  return NULL;
}

/* A promise that the value contains, directly, in lists or as a cause; NULL if
   none is found. */
static avow_promise_t *promise_in(const avow_value_t *v) {
  while (v != NULL && v->tag != AVOW_PROMISE)
    if (v->tag == AVOW_LIST)
      v = look_into(v->u.p);
    else
      v = v->tag == AVOW_ERROR ? avow_error_cause(v) : NULL;
  return v != NULL ? v->u.p : NULL;
}

static avow_promise_t *held_by_value(avow_promise_t *p) {
  if (p->kind == AVOW__CHANNEL || avow__is_pending(p))
    return NULL;
  avow_promise_t *q = promise_in(&p->u.value);
  return q != NULL && avow__context(q) == avow__context(p) ? q : NULL;
}

static void tell_of_value_cycle(avow_promise_t *p, void *data) {
  bool *reported = data;
  if (*reported)
    return;
  *reported = true;
  const size_t n = length_of(p, held_by_value);
  avow__advise(
      "avow_loop_close(): %zu promise%s held by %s value%s and never freed; "
      "settle %s with another value:",
      n, n > 1 ? "s are" : " is", n > 1 ? "each other's" : "its own",
      n > 1 ? "s" : "", n > 1 ? "one of them" : "it");
  tell_of_each(p, held_by_value, n);
}

void avow__tell_of_value_cycle(avow__context_t *c) {
  bool reported = false;
  avow__cycles_each(c, held_by_value, tell_of_value_cycle, &reported);
}

static const char *missing_time(const avow_promise_t *p) {
  if (avow__context(p)->options.clock == AVOW_CLOCK_BY_HAND)
    return "; call avow_clock_advance()";
  return p->u.timer.is_weak ? "; call avow_sleep(), because a weak sleep does "
                              "not keep the loop alive"
                            : "";
}

static const char *missing_item(const avow_promise_t *channel) {
  return (channel->flags & AVOW__CHANNEL_FED) != 0
             ? "; keep the source of its channel active"
             : "; send an item to its channel, or end the channel";
}

/* The action for which a promise waits that waits for no other promise. */
static const char *missing_for(const avow_promise_t *p) {
  switch (p->kind) {
  case AVOW__DEFERRED:
    if (avow__parent_of(p) != NULL)
      return "; if it is a group, call avow_group_end()";
    return (p->flags & AVOW__DEFERRED_DETAILED) == 0
               ? "; settle it with avow_resolve() or avow_reject()"
               : "; settle it with avow_resolve() or avow_reject(), or keep "
                 "its handle referenced";
  case AVOW__GATHER:
    return (p->flags & (AVOW__GATHER_STEERED | AVOW__GATHER_ENDED)) ==
                   AVOW__GATHER_STEERED
               ? "; call avow_gather_end()"
               : "; give it an input";
  case AVOW__TIMER:
    return missing_time(p);
  case AVOW__NEXT:
    return missing_item(p->data);
  case AVOW__SEND:
    return "; receive its item with avow_channel_next()";
  case AVOW__SELECT:
    return "; make one of its cases ready";
  case AVOW__QUEUED:
    return "; release a permit of its limiter";
  default:
    return "";
  }
}

static void tell_of_link(const char *before, avow_promise_t *p,
                         const avow_promise_t *last) {
  char others[48] = "";
  const size_t n = avow__cycle_inputs(p);
  if (n > 1)
    (void) snprintf(others, sizeof(others), ", and %zu other pending input%s",
                    n - 1, n > 2 ? "s" : "");
  if (p != last)
    tell_of(before, p, others);
  else if (avow__cycle_next(p) != NULL)
    tell_of(before, p, "; cancel it, because it waits for one of these");
  else
    tell_of(before, p, missing_for(p));
}

void avow__report_idle(avow_promise_t *p) {
  const avow__context_t *c = avow__context(p);
  if (uv_is_closing((const uv_handle_t *) &c->thread_check) ||
      c->life > AVOW__OPEN)
    return; /* avow__check_handles() reports closed handles */
  avow_promise_t *last = p;
  const size_t n = avow__cycle_length(p, &last);
  avow__advise(
      "avow_run(): nothing is left to run, and the promise is pending; settle "
      "what it waits for:");
  avow_promise_t *at = p;
  for (size_t i = 0; i < n && i < LINES; i++, at = avow__cycle_next(at))
    tell_of_link("", at, last);
  tell_of_rest(n);
  if (n > LINES)
    tell_of_link("the last is ", last, last);
}

/* Everything that can be canceled was canceled before. So a pending promise
   that waits for no other promise delays the close. */
static void tell_of_holder(avow_promise_t *p, void *data) {
  size_t *n = data;
  if (!avow__is_pending(p) || avow__is_bare(p) || avow__cycle_next(p) != NULL)
    return;
  if (*n < LINES)
    tell_of_one(p);
  ++*n;
}

static void tell_of_wait(avow__context_t *c) {
  size_t n = 0;
  avow__advise("avow_loop_close(): still waiting (requests in flight: %" PRIu32
               ", shields: %" PRIu32 "); cancel or settle what it waits for:",
               c->requests, c->close.shields);
  avow__pool_each(&c->pool, tell_of_holder, &n);
  tell_of_rest(n);
}

static void on_close_guard(uv_timer_t *guard) {
  tell_of_wait(guard->data);
}

static void close_guard_close(avow__context_t *c) {
  if (c->has_close_guard)
    avow__close_own(c, (uv_handle_t *) &c->close_guard);
}

void avow__close_guard_begin(avow__context_t *c) {
  static const avow__subsystem_t subsystem = { .close = close_guard_close };
  (void) uv_timer_init(c->loop, &c->close_guard); /* cannot fail */
  c->close_guard.data = c;
  c->has_close_guard = true;
  c->subsystems[AVOW__SUBSYSTEM_CLOSE_GUARD] = &subsystem;
  uv_unref((uv_handle_t *) &c->close_guard);
  (void) uv_timer_start(&c->close_guard, on_close_guard,
                        c->options.clock_guard_ms, 0); /* cannot fail */
}

#endif
