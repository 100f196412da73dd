/* SPDX-License-Identifier: MIT */
/*
 * Combinators. A gather is a promise with a count of remaining inputs, which
 * starts at 1, and with an element for each input. An element is a reaction
 * without a promise of its own. It stands at its index in the list of outcomes,
 * until it puts the outcome there. An input that is fulfilled already, and is
 * added right after such an element, needs no job: it shares that element's
 * job.
 */
#include "engine/combine.h"

#include "avow/cancel.h"
#include "avow/combine.h"
#include "base/symbol.h"
#include "engine/cancel.h"

#include "engine/gather.h"
#include "engine/name.h"
#include "engine/promise.h"

_Static_assert(sizeof(avow_outcome_t) == 3 * sizeof(void *), "ABI");

static uv_once_t combine_kinds = UV_ONCE_INIT;

static void set_combine_kinds(void) {
  avow__kinds[AVOW__ELEMENT] =
      (avow__kind_row_t){ .name = "input", .run = avow__element_run };
  avow__kinds[AVOW__GATHER] =
      (avow__kind_row_t){ .name = "gather",
                          .is_root = true,
                          .cancel_from = avow__gather_cancel };
  avow__kinds[AVOW__GATHERED] =
      (avow__kind_row_t){ .name = "gather",
                          .cancel_from = avow__gathered_cancel };
}

static avow_promise_t *gather_new(avow__context_t *c, avow_gather_kind_t kind) {
  uv_once(&combine_kinds, set_combine_kinds);
  avow_promise_t *gather = avow__promise_alloc(c, AVOW__GATHER);
  if (gather == NULL)
    return avow__no_promise(c);
  gather->elements = NULL;
  gather->u.gather.list = NULL;
  gather->u.gather.remaining = 1;
  gather->u.gather.kind = kind;
  avow__probe_named(c, gather, avow__gather_name(kind));
  return gather;
}

static bool keeps_list(const avow_promise_t *gather) {
  return gather->u.gather.kind != AVOW_RACE && !avow__is_observed(gather);
}

/* Makes the list large enough for n inputs; false if out of memory. */
static bool resize_list(avow_promise_t *gather, size_t n) {
  avow__list_t *list = gather->u.gather.list;
  list = list != NULL ? avow__list_resize(list, n) : avow__list_new(n);
  if (list != NULL)
    gather->u.gather.list = list;
  return list != NULL;
}

/* Makes a list with a place for each of n inputs; false if out of memory. */
static bool make_list(avow_promise_t *gather, size_t n) {
  if (!resize_list(gather, n))
    return false;
  avow__list_t *list = gather->u.gather.list;
  for (size_t i = 0; i < n; i++)
    list->items[i] = avow_none();
  list->len = n;
  return true;
}

static bool add_item(avow_promise_t *gather, uint32_t *out) {
  if (avow__is_observed(gather))
    *out = gather->u.gather.observer->added++;
  if (!keeps_list(gather))
    return true;
  const avow__list_t *old = gather->u.gather.list;
  const size_t len = old != NULL ? old->len : 0;
  const bool full = old == NULL || len == old->room;
  if (full && !resize_list(gather, len < 4 ? 4 : len * 2))
    return false;
  avow__list_t *list = gather->u.gather.list;
  list->items[list->len++] = avow_none();
  *out = (uint32_t) len;
  return true;
}

static inline bool add_element(avow_promise_t *gather, avow_promise_t *p,
                               uint32_t index) {
  avow_promise_t *element =
      avow__promise_alloc(avow__context(gather), AVOW__ELEMENT);
  if (element == NULL)
    return false;
  element->u.element.gather = gather;
  element->u.element.index = index;
  element->upstream = p;
  if (gather->kind == AVOW__GATHER && keeps_list(gather))
    gather->u.gather.list->items[index] = avow__element_place(element);
  else
    avow__list_element(gather, element);
  avow__subscribe(element);
  return true;
}

/* Whether p is a gather, or was one before it settled. False for the rejection
   that is returned if no gather could be made. */
static bool has_gathered(const avow_promise_t *p) {
  return p->kind == AVOW__GATHER || p->kind == AVOW__GATHERED;
}

/* Whether p, which is added after the outcome is known, is a loser to
   cancel. */
static bool is_late_loser(const avow_promise_t *gather,
                          const avow_promise_t *p) {
  const unsigned wants = AVOW__GATHER_CANCELS | AVOW__GATHER_JOINS;
  return has_gathered(gather) && (gather->flags & wants) != 0 &&
         avow__context(p) == avow__context(gather) && avow__is_pending(p) &&
         !avow__is_shared(p);
}

/* Releases p, which is added too late, or for which there is no memory. A
   gather that waits for its losers waits for p, too. */
static AVOW__APART void drop_late(avow_promise_t *gather, avow_promise_t *p) {
  const bool loses = is_late_loser(gather, p);
  const bool is_joined = loses && gather->kind == AVOW__GATHERED &&
                         avow__is_pending(gather) && add_element(gather, p, 0);
  p->flags |= AVOW__HANDLED;
  if (loses)
    avow__cancel(p);
  if (!is_joined)
    avow__unref(p);
}

/* Whether the last job in the queue reports to the gather. */
static bool is_last_job_of(const avow__context_t *c,
                           const avow_promise_t *gather) {
  const avow__link_t *last = c->queue.head.prev;
  const avow_promise_t *element = (const avow_promise_t *) last;
  return last != &c->queue.head && element->kind == AVOW__ELEMENT &&
         element->u.element.gather == gather;
}

/* An input that is fulfilled already would have the next job. The program sees
   no difference if it shares the job of the element before it. */
static bool take_input(avow_promise_t *gather, avow_promise_t *p,
                       uint32_t index) {
  if (avow__state(p) != AVOW_FULFILLED ||
      gather->u.gather.kind > AVOW_ALL_SETTLED ||
      !is_last_job_of(avow__context(gather), gather))
    return false;
  gather->u.gather.list->items[index] = avow__take_outcome(p);
  return true;
}

static bool add_input(avow_promise_t *gather, avow_promise_t *p,
                      uint32_t index) {
  if (take_input(gather, p, index))
    return true;
  gather->u.gather.remaining++; /* before a hook of the program may run */
  if (add_element(gather, p, index))
    return true;
  gather->u.gather.remaining--;
  return false;
}

/* Rejects the gather because p cannot be added. A hook of the program may
   release the gather meanwhile. */
static AVOW__APART void fail_for(avow_promise_t *gather, avow_promise_t *p,
                                 int err) {
  gather->refs++;
  avow__gather_settle(gather, avow_error(err));
  drop_late(gather, p);
  avow__unref(gather);
}

static void add_at(avow_promise_t *gather, avow_promise_t *p, uint32_t index,
                   const char *called) {
  avow__check_taken_in(p, called);
  if (!avow__is_gather(gather))
    drop_late(gather, p);
  else if (!avow__same_loop_in(avow__context(gather), p, called))
    fail_for(gather, p, AVOW_EMISUSE);
  else if (!add_input(gather, p, index))
    fail_for(gather, p, UV_ENOMEM);
}

/* Rejects a gather that would wait for itself. */
static void add_itself(avow_promise_t *gather, avow_promise_t *p) {
  avow__unref(p); /* the caller has another reference */
  if (avow__is_gather(gather))
    avow__gather_settle(gather, avow_error(AVOW_ECYCLE));
}

void avow__gather_add_in(avow_promise_t *gather, avow_promise_t *p,
                         const char *called) {
  avow__check_thread_in(avow__context(p), called);
  if (p == gather) {
    add_itself(gather, p);
    return;
  }
  uint32_t index = 0;
  if (avow__is_gather(gather) && !add_item(gather, &index))
    fail_for(gather, p, UV_ENOMEM);
  else
    add_at(gather, p, index, called);
}

/* Ends the gather once. In a release build, a second call has no effect. */
void avow__gather_end(avow_promise_t *gather) {
  if ((gather->flags & AVOW__GATHER_ENDED) != 0)
    return;
  if ((gather->flags & AVOW__GATHER_STEERED) != 0)
    gather->flags |= AVOW__GATHER_ENDED;
  if (avow__is_gather(gather))
    avow__gather_count_down(gather);
}

static avow_promise_t *gather_of(uv_loop_t *loop, avow_gather_kind_t kind,
                                 avow_promise_t *const ps[], size_t n,
                                 const char *called) {
  avow__context_t *c = avow__context_of_in(loop, called);
  avow__check_thread_in(c, called);
  if (ps == NULL && n > 0)
    return avow__refuse_null_in("array of promises", called);
  avow_promise_t *gather = gather_new(c, kind);
  if (avow__is_gather(gather) && keeps_list(gather) && !make_list(gather, n))
    avow__gather_settle(gather, avow_error(UV_ENOMEM));
  for (size_t i = 0; i < n; i++)
    add_at(gather, avow__given_in(ps[i], "promise", called), (uint32_t) i,
           called);
  avow__gather_end(gather);
  return gather;
}

avow_promise_t *avow_all(uv_loop_t *loop, avow_promise_t *const ps[],
                         size_t n) {
  avow__check_ready(loop);
  return gather_of(loop, AVOW_ALL, ps, n, AVOW__CALLED);
}

avow_promise_t *avow_all_settled(uv_loop_t *loop, avow_promise_t *const ps[],
                                 size_t n) {
  avow__check_ready(loop);
  return gather_of(loop, AVOW_ALL_SETTLED, ps, n, AVOW__CALLED);
}

avow_promise_t *avow_race(uv_loop_t *loop, avow_promise_t *const ps[],
                          size_t n) {
  avow__check_ready(loop);
  return gather_of(loop, AVOW_RACE, ps, n, AVOW__CALLED);
}

avow_promise_t *avow_any(uv_loop_t *loop, avow_promise_t *const ps[],
                         size_t n) {
  avow__check_ready(loop);
  return gather_of(loop, AVOW_ANY, ps, n, AVOW__CALLED);
}

static avow_promise_t *gather_of_kind(uv_loop_t *loop,
                                      avow_gather_kind_t kind) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  const unsigned one = kind; /* C allows any number in an enum */
  if (one <= AVOW_ANY)
    return gather_new(c, kind);
  return avow__refuse(loop, UV_EINVAL, "gather", NULL);
}

avow_promise_t *avow__gather_observed(avow__context_t *c,
                                      avow__observer_t *observer) {
  avow_promise_t *gather = gather_new(c, AVOW__OBSERVED);
  if (!avow__is_gather(gather))
    return gather;
  gather->u.gather.observer = observer;
  gather->flags |= AVOW__GATHER_CANCELS | AVOW__HANDLED;
  return gather;
}

/* Adds a reference, even to the rejection that is returned if no gather could
   be made. */
avow_gather_t *avow__gather_steer(avow_promise_t *gather) {
  if (has_gathered(gather))
    gather->flags |= AVOW__GATHER_STEERED;
  avow__note_there(gather);
  return (avow_gather_t *) avow__ref(gather);
}

avow_promise_t *avow_gather_new(uv_loop_t *loop, avow_gather_kind_t kind,
                                avow_gather_t **out) {
  avow__check_ready(loop);
  if (out == NULL)
    return avow__refuse_null("out pointer");
  avow_promise_t *gather = gather_of_kind(loop, kind);
  *out = avow__gather_steer(gather);
  return gather;
}

/* Whether the avow_gather_t was released. The promise of the gather may still
   exist. */
static bool was_released(const avow_promise_t *gather) {
  return avow__is_gone(gather) ||
         (has_gathered(gather) && (gather->flags & AVOW__GATHER_STEERED) == 0);
}

static avow_promise_t *steered(const avow_gather_t *g, const char *called) {
  avow_promise_t *gather = avow__given_in(g, "gather", called);
  if (was_released(gather))
    avow__misuse_of_gone_in(gather, "gather", called);
  avow__check_thread_in(avow__context(gather), called);
  return gather;
}

/* The gather of g. It is misuse if the gather has ended. */
static avow_promise_t *open_gather(const avow_gather_t *g, const char *called) {
  avow_promise_t *gather = steered(g, called);
  if ((gather->flags & AVOW__GATHER_ENDED) != 0)
    avow__misuse_in(called,
                    "gather used after avow_gather_end(); add all promises "
                    "before ending it");
  return gather;
}

void avow_gather_add(const avow_gather_t *g, avow_promise_t *p) {
  avow__gather_add(open_gather(g, AVOW__CALLED), avow__given(p, "promise"));
}

void avow_gather_end(const avow_gather_t *g) {
  avow__gather_end(open_gather(g, AVOW__CALLED));
}

void avow_gather_unref(avow_gather_t *g) {
  avow_promise_t *gather = g != NULL ? steered(g, AVOW__CALLED) : NULL;
  if (gather == NULL || was_released(gather))
    return;
  avow__gather_end(gather);
  avow__site_begin();
  if ((gather->flags & AVOW__GATHER_STEERED) != 0)
    avow__note_released(gather);
  avow__site_end();
  gather->flags &= (uint16_t) ~AVOW__GATHER_STEERED;
  avow_unref(gather);
}

/* A rejected promise may be the one that is returned if no combinator could be
   made. */
static bool may_have_losers(const avow_promise_t *p) {
  return has_gathered(p) || avow__state(p) == AVOW_REJECTED;
}

static avow_promise_t *set_losers(avow_promise_t *combined, unsigned flag,
                                  const char *called) {
  combined = avow__given_in(combined, "promise", called);
  avow__check_thread_in(avow__context(combined), called);
  avow__check_taken_in(combined, called);
  if (!may_have_losers(combined))
    avow__misuse_in(called,
                    "promise is not the result of a combinator; call it on the "
                    "result of avow_all() or a similar function");
  if (avow__is_gather(combined))
    combined->flags |= (uint16_t) flag;
  return combined;
}

avow_promise_t *avow_cancel_losers(avow_promise_t *combined) {
  return set_losers(combined, AVOW__GATHER_CANCELS, AVOW__CALLED);
}

avow_promise_t *avow_join_losers(avow_promise_t *combined) {
  return set_losers(combined, AVOW__GATHER_JOINS, AVOW__CALLED);
}

avow_outcome_t avow__outcome_of(const avow_value_t *v, size_t index) {
  const bool failed = avow_is_error(v);
  return (avow_outcome_t){ .index = index,
                           .status = failed ? AVOW_REJECTED : AVOW_FULFILLED,
                           .value = v };
}

avow_outcome_t avow_outcome_at(const avow_value_t *list, size_t i) {
  avow__check_given(list, "value");
  return avow__outcome_of(avow_list_at(list, i), i);
}
