/* SPDX-License-Identifier: MIT */
/*
 * Shields: reactions that a cancellation does not pass. It marks the promises
 * below a shield, as it does below a running handler, and takes effect when the
 * shield has settled. While a loop closes, it spares the promises that its
 * shields wait for: from each shield up, and on into the inputs of combinators
 * and the children of tools. Promises with inputs or children wait in a list
 * meanwhile, so that no step here is recursive.
 */
#include "engine/shield.h"

#include "avow/cancel.h"
#include "engine/cancel.h"
#include "engine/chain.h"
#include "engine/child.h"
#include "engine/gather.h"
#include "engine/promise.h"

static uv_once_t shield_kinds = UV_ONCE_INIT;

/* Whether a shield may be made. A loop that closes accepts only a limited
   number of them. */
static bool may_shield(avow__context_t *c) {
  if (c->life > AVOW__OPEN && !c->close.unshielded)
    c->close.unshielded = c->close.shields_left-- == 0;
  return !c->close.unshielded;
}

static void shield_run(avow_promise_t *shield) {
  avow__context(shield)->close.shields--;
  avow__settle(shield, avow__take_upstream(shield));
  avow__unref(shield);
}

static void shield_detached(avow_promise_t *shield) {
  avow__context(shield)->close.shields--;
  avow__detached(shield);
}

static void set_shield_kinds(void) {
  avow__kinds[AVOW__SHIELD] =
      (avow__kind_row_t){ .name = "shield",
                          .run = shield_run,
                          .cancel_from = avow__cancel_reaction,
                          .detached = shield_detached };
}

avow_promise_t *avow_shield(avow_promise_t *p) {
  p = avow__given(p, "promise");
  avow__check_taken(p);
  avow__context_t *c = avow__context(p);
  avow__check_thread(c);
  uv_once(&shield_kinds, set_shield_kinds);
  avow_promise_t *shield = NULL;
  if (avow__is_pending(p) && may_shield(c))
    shield = avow__react_surely(p, AVOW__SHIELD, NULL);
  if (shield == NULL)
    return p;
  c->close.shields++;
  avow__subscribe(shield);
  return shield;
}

typedef struct {
  avow__link_t *several; /* promises that wait for several others, linked by
                            their free links */
  bool more;
} marking_t;

static void spare(marking_t *marking, avow_promise_t *p) {
  for (; p != NULL && avow__is_pending(p); p = p->upstream) {
    if ((p->flags & AVOW__SPARED) != 0)
      return;
    p->flags |= AVOW__SPARED;
    if (p->kind == AVOW__GATHER || p->kind == AVOW__GATHERED ||
        avow__parent_of(p) != NULL)
      avow__list_append(&marking->several, &p->link);
  }
}

static void spare_inputs(marking_t *marking, avow__link_t *siblings) {
  avow__link_t *link = siblings;
  while (link != NULL) {
    spare(marking, avow__from_sibling(link)->upstream);
    link = link->next != siblings ? link->next : NULL;
  }
}

static void spare_several(marking_t *marking) {
  while (marking->several != NULL) {
    avow_promise_t *p =
        (avow_promise_t *) avow__list_take_first(&marking->several);
    const avow__parent_t *parent = avow__parent_of(p);
    spare_inputs(marking,
                 parent != NULL ? parent->children : avow__list_elements(p));
  }
}

static void unmark(avow_promise_t *p, void *data) {
  p->flags &= (uint16_t) ~AVOW__SPARED;
}

static void mark_shield(avow_promise_t *p, void *data) {
  if (p->kind == AVOW__SHIELD)
    spare(data, p);
}

/* The select of a CASE, or the until of a STOPPER; NULL for other kinds. */
static const avow_promise_t *served_by(const avow_promise_t *p) {
  if (p->kind == AVOW__CASE)
    return p->select;
  return p->kind == AVOW__STOPPER ? p->u.until : NULL;
}

/* Marks the stop of an until that is spared, because it may be a time limit.
   Also marks the promises that a spared select waits for. */
static void mark_stop(avow_promise_t *p, void *data) {
  marking_t *marking = data;
  const avow_promise_t *served = served_by(p);
  if (served == NULL || (p->flags & AVOW__SPARED) != 0 ||
      (served->flags & AVOW__SPARED) == 0)
    return;
  p->flags |= AVOW__SPARED;
  marking->more = true;
  spare(marking, p->upstream);
}

/* Marks the promises that shields wait for. If a stop waits for a promise with
   another stop, each takes a round. */
void avow__shields_mark(avow__context_t *c) {
  marking_t marking = { .more = c->close.shields > 0 && !c->close.unshielded };
  if (c->close.sparing)
    avow__pool_each(&c->pool, unmark, NULL);
  c->close.sparing = marking.more;
  if (marking.more)
    avow__pool_each(&c->pool, mark_shield, &marking);
  while (marking.more) {
    spare_several(&marking);
    marking.more = false;
    avow__pool_each(&c->pool, mark_stop, &marking);
  }
}
