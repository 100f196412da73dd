/* SPDX-License-Identifier: MIT */
/*
 * Limiters. A caller that waits is a promise in the limiter's queue and holds a
 * reference to the limiter. So does each permit in use. A run holds one until
 * the promise that its function returned settles. A permit that was handed over
 * is an object, whose last release returns it. While callers wait, too few
 * permits are free for the first one. Later callers wait behind it.
 *
 * Permit objects are reused. Objects in use and spare objects together are as
 * many as can be in use at once. They are made when a caller asks. A free
 * permit can therefore always be handed over, even if memory is short.
 */
#include "avow/limiter.h"
#include "engine/await.h"
#include "engine/cancel.h"

#include "engine/cancel_reason.h"
#include "engine/chain.h"
#include "engine/check_stack.h"
#include "engine/settle.h"
#include "tools/tool.h"
#include "tools/waiters.h"

static uv_once_t limit_kinds = UV_ONCE_INIT;

static void set_limit_kinds(void);

#ifdef AVOW_NO_POOL
enum { SPARES = 0 }; /* tools check each block */
#else
enum { SPARES = 16 }; /* more than may be needed */
#endif

typedef struct permit_s permit_t;

typedef struct {
  size_t permits, used; /* used may exceed permits after a resize */
  avow__link_t *queue;  /* promises that wait for permits */
  size_t waiting, most_waiting;
  avow_limiter_t *tool; /* the limiter's own handle */
  permit_t *spares;
  size_t made;            /* permit objects, spare or in use */
  size_t asked;           /* callers that want permit objects, or have them */
  avow__callers_t idlers; /* wait until no permit is in use or requested */
} limiter_t;

struct permit_s {
  union {
    limiter_t *limiter; /* kept alive by a reference to its tool */
    permit_t *next;     /* next spare */
  };
  size_t weight;
};

static avow_value_t permit_take(limiter_t *limiter, size_t weight) {
  permit_t *permit = limiter->spares;
  assert(permit != NULL);
  limiter->spares = permit->next;
  permit->limiter = limiter;
  permit->weight = weight;
  avow_value_t v = avow__object_again(permit);
  v.tag = AVOW_OBJECT; /* known type: the settling code need not check it */
  return v;
}

/* A promise with a function wants one permit. */
static size_t turn_weight(const avow_promise_t *p) {
  return p->u.permit.fn != NULL ? 1 : (size_t) (uintptr_t) p->data;
}

/* Whether `weight` permits are free now. */
static bool limiter_fits(const limiter_t *limiter, size_t weight) {
  return limiter->used < limiter->permits &&
         weight <= limiter->permits - limiter->used;
}

/* Starts the turn of `p`, whose permits are already counted as used. */
static inline void turn_begin(limiter_t *limiter, avow_promise_t *p,
                              size_t weight) {
  if (p->u.permit.fn == NULL) {
    avow__settle(p, permit_take(limiter, weight));
    avow__unref(p);
    return;
  }
  p->kind = AVOW__GRANTED;
  avow__enqueue(avow__context(p), p);
}

static inline void turn_next(limiter_t *limiter, size_t weight) {
  avow__link_t *first = avow__list_take_first(&limiter->queue);
  limiter->waiting--;
  turn_begin(limiter, (avow_promise_t *) first, weight);
}

static void limiter_serve(limiter_t *limiter) {
  while (limiter->queue != NULL) {
    const size_t weight = turn_weight((avow_promise_t *) limiter->queue);
    if (!limiter_fits(limiter, weight))
      return;
    limiter->used += weight;
    turn_next(limiter, weight);
  }
  if (limiter->used == 0 && limiter->idlers.first != NULL) {
    const avow_value_t none = avow_none();
    avow__callers_answer(&limiter->idlers, &none);
  }
}

/* Releases a reference that is usually not the last. */
static void limiter_release(limiter_t *limiter) {
  avow_promise_t *l = (avow_promise_t *) limiter->tool;
  if (AVOW__LIKELY(l->refs > 1))
    l->refs--;
  else
    avow_limiter_unref(limiter->tool);
}

/* The common case is that the next caller wants as many permits as are
   returned. */
static inline void limiter_give_back(limiter_t *limiter, size_t weight) {
  assert(limiter->used >= weight);
  const avow__link_t *first = limiter->queue;
  if (AVOW__LIKELY(first != NULL) &&
      AVOW__LIKELY(limiter->used <= limiter->permits) &&
      turn_weight((const avow_promise_t *) first) == weight) {
    turn_next(limiter, weight);
    return;
  }
  limiter->used -= weight;
  limiter_serve(limiter);
}

static void destroy_permit(void *self) {
  permit_t *permit = self;
  limiter_t *limiter = permit->limiter;
  const size_t weight = permit->weight;
  limiter->asked--;
  if (AVOW__UNLIKELY(limiter->made > limiter->asked + SPARES)) {
    limiter->made--;
    avow__object_free(permit);
  } else {
    permit->next = limiter->spares;
    limiter->spares = permit;
  }
  limiter_give_back(limiter, weight);
  limiter_release(limiter);
}

/* No permit is in use, because each holds a reference to the limiter. */
static void destroy_limiter(void *self) {
  permit_t *permit = ((limiter_t *) self)->spares;
  while (permit != NULL) {
    permit_t *next = permit->next;
    avow__object_free(permit);
    permit = next;
  }
}

static const avow_class_t limiter_class = { .name = "limiter",
                                            .destroy = destroy_limiter };
/* NULL if the limiter was refused or is not one. Checked builds check more. */
static inline limiter_t *limiter_self(const avow_limiter_t *l,
                                      const char *called) {
#if !AVOW__DEBUG
  const avow_promise_t *p = (const avow_promise_t *) l;
  if (AVOW__LIKELY(p != NULL && p->u.value.tag == AVOW_OBJECT))
    return ((const avow__object_t *) p->u.value.u.p)->self;
#endif
  return avow__tool_self_in(l, &limiter_class, called);
}

static const avow_class_t permit_class = { .name = "permit",
                                           .destroy = destroy_permit };

static const char no_permits[] = "0 permits";

avow_limiter_t *avow_limiter_new(uv_loop_t *loop, size_t permits) {
  avow__check_ready(loop);
  void *self;
  uv_once(&limit_kinds, set_limit_kinds);
  avow_limiter_t *l =
      avow__tool_new(loop, &limiter_class, sizeof(limiter_t), &self);
  limiter_t *limiter = self;
  if (limiter != NULL)
    *limiter =
        (limiter_t){ .permits = permits, .most_waiting = SIZE_MAX, .tool = l };
  return l;
}

static bool must_wait(const limiter_t *limiter, size_t weight) {
  return limiter->queue != NULL || !limiter_fits(limiter, weight);
}

static AVOW__APART avow_promise_t *turn_refuse(const limiter_t *limiter) {
  uv_loop_t *loop = avow__tool_loop(limiter->tool);
  return avow__refuse(loop, UV_EAGAIN, "limiter", NULL);
}

/* Makes a promise that waits for its turn or has it at once. If `fn` is NULL,
   `data` is the weight. */
static avow_promise_t *turn_new(limiter_t *limiter, avow_fn fn, void *data,
                                size_t weight) {
  const avow_promise_t *l = (avow_promise_t *) limiter->tool;
  avow__context_t *c = avow__context(l);
  avow__check_thread(c);
  const bool waits = must_wait(limiter, weight);
  if (AVOW__UNLIKELY(waits && limiter->waiting >= limiter->most_waiting))
    return turn_refuse(limiter);
  avow_promise_t *p = avow__promise_alloc(c, AVOW__QUEUED);
  if (p == NULL)
    return avow__no_promise(c);
  limiter->asked += fn == NULL;
  (void) avow__ref(l); /* until its turn ends */
  p->u.permit.fn = fn;
  p->u.permit.limiter = limiter;
  p->data = data;
  if (waits) {
    avow__list_append(&limiter->queue, &p->link);
    limiter->waiting++;
  } else {
    limiter->used += weight;
    turn_begin(limiter, p, weight);
  }
  return p;
}

static bool permit_make(limiter_t *limiter) {
  void *self;
  if (!avow__object_kept(&permit_class, sizeof(permit_t), &self))
    return false;
  permit_t *permit = self;
  permit->next = limiter->spares;
  limiter->spares = permit;
  limiter->made++;
  return true;
}

/* Ensures that there is a permit object for one more caller; false if out of
   memory. */
static bool permit_prepare(limiter_t *limiter) {
  return limiter->made > limiter->asked || limiter->made >= limiter->permits ||
         permit_make(limiter);
}

avow_promise_t *avow_limiter_acquire_many(const avow_limiter_t *l,
                                          size_t permits) {
  limiter_t *limiter = limiter_self(l, AVOW__CALLED);
  if (limiter == NULL)
    return avow__tool_ref(l, "limiter");
  if (permits == 0)
    return avow__refuse(avow__tool_loop(l), UV_EINVAL, "limiter", no_permits);
  if (permit_prepare(limiter))
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): a number */
    return turn_new(limiter, NULL, (void *) (uintptr_t) permits, permits);
  return avow__no_promise(avow__context((const avow_promise_t *) l));
}

avow_promise_t *avow_limiter_acquire(const avow_limiter_t *l) {
  avow__check_given(l, "limiter");
  (void) limiter_self(l, AVOW__CALLED); /* reports one that was freed */
  return avow_limiter_acquire_many(l, 1);
}

/* The reason why the limiter could not be made. */
static avow_value_t limiter_error(const avow_limiter_t *l) {
  avow_promise_t *p = avow__tool_ref(l, "limiter");
  const avow_value_t v = avow_value_ref(&p->u.value);
  avow_unref(p);
  return v;
}

static avow_value_t limiter_try(limiter_t *limiter, size_t permits) {
  if (must_wait(limiter, permits))
    return avow_none();
  if (!permit_prepare(limiter))
    return avow_error(UV_ENOMEM);
  limiter->asked++;
  limiter->used += permits;
  (void) avow__ref(limiter->tool); /* the permit's reference */
  return permit_take(limiter, permits);
}

avow_value_t avow_limiter_try(const avow_limiter_t *l, size_t permits) {
  avow__check_given(l, "limiter");
  limiter_t *limiter = limiter_self(l, AVOW__CALLED);
  if (limiter == NULL)
    return limiter_error(l);
  avow__context_t *c = avow__context((const avow_promise_t *) l);
  avow__check_thread(c);
  if (c->life >= AVOW__GIVING_UP)
    return avow_error(UV_ECANCELED);
  return permits > 0 ? limiter_try(limiter, permits)
                     : avow__error_of(UV_EINVAL, "limiter", no_permits);
}

avow_promise_t *avow_limiter_run(const avow_limiter_t *l, avow_fn fn,
                                 void *data) {
  limiter_t *limiter = limiter_self(l, AVOW__CALLED);
  if (limiter == NULL)
    return avow__tool_ref(l, "limiter");
  if (fn == NULL)
    return avow__refuse(avow__tool_loop(l), UV_EINVAL, "limiter run", NULL);
  avow__check_data(avow__context_of(avow__tool_loop(l)), data);
  return turn_new(limiter, fn, data, 1);
}

/* The next caller gets its turn before the reactions to `p` run. */
static void turn_end(avow_promise_t *p, avow_value_t outcome) {
  limiter_t *limiter = p->u.permit.limiter;
  limiter_give_back(limiter, 1);
  avow__resolve(p, outcome);
  limiter_release(limiter);
}

static void granted_run(avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  p->kind = AVOW__RUNNING;
  const avow_value_t result = p->u.permit.fn(p->data);
  if (result.tag < AVOW_PROMISE)
    turn_end(p, result);
  else
    avow__wait_for(c, p, AVOW__LIMITED, avow__promise_of(c, result));
}

static void limited_run(avow_promise_t *p) {
  turn_end(p, avow__take_upstream(p));
}

static void limited_detached(avow_promise_t *p) {
  turn_end(p, avow__canceled(avow__context(p)));
}

static void granted_cancel(avow_promise_t *p, avow_promise_t *start) {
  avow__queue_remove(&p->link);
  turn_end(p, avow__canceled(avow__context(p)));
}

/* Removes a caller and its reference to the limiter. */
static void limiter_dismiss(limiter_t *limiter, avow_promise_t *p,
                            avow_value_t reason) {
  avow__list_remove(&limiter->queue, &p->link);
  limiter->waiting--;
  limiter->asked -= p->u.permit.fn == NULL;
  avow__resolve(p, reason);
  limiter_release(limiter);
}

/* Callers behind a removed one may want fewer permits and be served now. The
   program may have released the limiter in its hook for rejections. */
static void limiter_go_on(limiter_t *limiter, avow_promise_t *held) {
  limiter_serve(limiter);
  avow_unref(held);
}

static void queued_cancel(avow_promise_t *p, avow_promise_t *start) {
  limiter_t *limiter = p->u.permit.limiter;
  avow_promise_t *held = avow__ref(limiter->tool);
  limiter_dismiss(limiter, p, avow__canceled(avow__context(p)));
  limiter_go_on(limiter, held);
}

/* For functions that cannot return an error. */
static limiter_t *limiter_behind(const avow_limiter_t *l, const char *called) {
  limiter_t *limiter = limiter_self(l, called);
  if (l == NULL)
    avow__misuse_of_null_in("limiter", called);
  else
    avow__check_thread_in(avow__context((const avow_promise_t *) l), called);
  return limiter;
}

/* The last caller that waits for a permit object; there is one. */
static avow_promise_t *last_asker(const limiter_t *limiter) {
  avow__link_t *link = limiter->queue->prev;
  while (((avow_promise_t *) link)->u.permit.fn != NULL)
    link = link->prev;
  return (avow_promise_t *) link;
}

/* The number of objects that are needed, so that each caller that asked for one
   gets it when its turn comes. */
static size_t needed(const limiter_t *limiter) {
  return limiter->asked < limiter->permits ? limiter->asked : limiter->permits;
}

/* With more permits than before, more waiting callers may need an object at
   once. A caller for which none can be made is rejected. */
void avow_limiter_resize(const avow_limiter_t *l, size_t permits) {
  limiter_t *limiter = limiter_behind(l, AVOW__CALLED);
  if (limiter == NULL)
    return;
  avow_promise_t *held = avow__ref(l);
  limiter->permits = permits;
  while (limiter->made < needed(limiter)) {
    if (!permit_make(limiter))
      limiter_dismiss(limiter, last_asker(limiter), avow_error(UV_ENOMEM));
  }
  limiter_go_on(limiter, held);
}

void avow_limiter_bound(const avow_limiter_t *l, size_t waiting) {
  limiter_t *limiter = limiter_behind(l, AVOW__CALLED);
  if (limiter != NULL)
    limiter->most_waiting = waiting;
}

size_t avow_limiter_waiting(const avow_limiter_t *l) {
  const limiter_t *limiter = limiter_behind(l, AVOW__CALLED);
  return limiter != NULL ? limiter->waiting : 0;
}

void avow_limiter_cancel(const avow_limiter_t *l) {
  limiter_t *limiter = limiter_behind(l, AVOW__CALLED);
  if (limiter == NULL)
    return;
  avow_promise_t *held = avow__ref(l);
  while (limiter->queue != NULL)
    limiter_dismiss(limiter, (avow_promise_t *) limiter->queue,
                    avow_error(UV_ECANCELED));
  limiter_go_on(limiter, held);
}

avow_promise_t *avow_limiter_idle(const avow_limiter_t *l) {
  limiter_t *limiter = limiter_self(l, AVOW__CALLED);
  if (limiter == NULL)
    return avow__tool_ref(l, "limiter");
  avow_promise_t *outlived = avow__refuse_closed(l);
  if (outlived != NULL)
    return outlived;
  uv_loop_t *loop = avow__tool_loop(l);
  if (limiter->used == 0 && limiter->queue == NULL)
    return avow_promise_resolve(loop, avow_none());
  avow__caller_t *caller;
  return avow__callers_add(&limiter->idlers, loop, &caller);
}

void avow_limiter_unref(avow_limiter_t *l) {
  avow__tool_unref(l, &limiter_class);
}

static void set_limit_kinds(void) {
  avow__kinds[AVOW__QUEUED] =
      (avow__kind_row_t){ .name = "limiter",
                          .is_root = true,
                          .cancel_from = queued_cancel };
  avow__kinds[AVOW__GRANTED] =
      (avow__kind_row_t){ .name = "limiter",
                          .is_root = true,
                          .run = granted_run,
                          .cancel_from = granted_cancel };
  avow__kinds[AVOW__LIMITED] =
      (avow__kind_row_t){ .name = "limiter",
                          .run = limited_run,
                          .cancel_from = avow__cancel_reaction,
                          .detached = limited_detached };
}
