/*
 * Limiters. Whoever waits for a turn is a promise in the limiter's queue, which
 * holds the limiter, and so does who has a permit: a run until what it began
 * has settled, or a permit that was handed over, an object that gives it back
 * with its last reference. Whenever somebody waits none is free.
 *
 * An object that comes back is kept for the next. There are as many, out and
 * spare, as may be out at once, made where somebody asks: so a permit that is
 * free can always be handed over, without memory, too.
 */
#include "avow/limiter.h"

#include "engine/engine.h"
#include "tools/tool.h"

#ifdef AVOW_NO_POOL
enum { SPARES = 0 }; /* tools watch each block */
#else
enum { SPARES = 16 }; /* beyond those that may be needed */
#endif

typedef union permit_u permit_t;

typedef struct {
  size_t permits, available;
  avow__link_t *queue;  /* promises that wait for their turn */
  avow_limiter_t *tool; /* that this is */
  permit_t *spares;
  size_t made;  /* permits as objects, spare or out */
  size_t asked; /* for such: how many wait, or are out */
} limiter_t;

union permit_u {
  limiter_t *limiter; /* kept by a reference to its tool */
  permit_t *next;     /* of the spares */
};

static size_t needed(const limiter_t *limiter) {
  return limiter->asked < limiter->permits ? limiter->asked : limiter->permits;
}

static avow_value_t permit_take(limiter_t *limiter) {
  permit_t *permit = limiter->spares;
  assert(permit != NULL);
  limiter->spares = permit->next;
  permit->limiter = limiter;
  return avow__object_again(permit);
}

static void limiter_give_back(limiter_t *limiter) {
  if (limiter->queue == NULL) {
    limiter->available++;
    return;
  }
  avow_promise_t *p = (avow_promise_t *) avow__list_take_first(&limiter->queue);
  if (p->u.turn.fn == NULL) {
    avow__resolve(p, permit_take(limiter));
    return;
  }
  p->kind = AVOW__GRANTED;
  avow__enqueue(avow__context(p), p);
}

static void destroy_permit(void *self) {
  permit_t *permit = self;
  limiter_t *limiter = permit->limiter;
  limiter->asked--;
  if (limiter->made > needed(limiter) + SPARES) {
    limiter->made--;
    avow__object_free(permit);
  } else {
    permit->next = limiter->spares;
    limiter->spares = permit;
  }
  limiter_give_back(limiter);
  avow_limiter_unref(limiter->tool);
}

/* No permit is out, for each holds it. */
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
static const avow_class_t permit_class = { .name = "permit",
                                           .destroy = destroy_permit };

avow_limiter_t *avow_limiter_new(uv_loop_t *loop, size_t permits) {
  if (permits == 0)
    return avow__tool_refuse(loop, UV_EINVAL, "limiter");
  void *self;
  avow_limiter_t *l =
      avow__tool_new(loop, &limiter_class, sizeof(limiter_t), &self);
  limiter_t *limiter = self;
  if (limiter != NULL)
    *limiter =
        (limiter_t){ .permits = permits, .available = permits, .tool = l };
  return l;
}

/* Makes a promise that waits for its turn, or has it. */
static avow_promise_t *turn_new(limiter_t *limiter, avow_fn fn, void *data) {
  const avow_promise_t *l = (avow_promise_t *) limiter->tool;
  avow__context_t *c = avow__context(l);
  avow__check_thread(c);
  avow_promise_t *p = avow__promise_alloc(c, AVOW__QUEUED);
  if (p == NULL)
    return avow__no_promise(c);
  limiter->asked += fn == NULL;
  (void) avow__ref(l); /* until its turn is over */
  p->u.turn.fn = fn;
  p->u.turn.limiter = limiter;
  p->data = data;
  avow__list_append(&limiter->queue, &p->link);
  if (limiter->available > 0) {
    limiter->available--;
    limiter_give_back(limiter);
  }
  return p;
}

/* Has an object ready for one who asks; false without memory. */
static bool permit_prepare(limiter_t *limiter) {
  if (limiter->made > limiter->asked || limiter->made >= limiter->permits)
    return true;
  void *self;
  if (!avow__object_kept(&permit_class, sizeof(permit_t), &self))
    return false;
  permit_t *permit = self;
  permit->next = limiter->spares;
  limiter->spares = permit;
  limiter->made++;
  return true;
}

avow_promise_t *avow_limiter_acquire(const avow_limiter_t *l) {
  limiter_t *limiter = avow__tool_self(l, &limiter_class);
  if (limiter == NULL)
    return avow__tool_ref(l, "a limiter");
  if (permit_prepare(limiter))
    return turn_new(limiter, NULL, NULL);
  return avow__no_promise(avow__context((const avow_promise_t *) l));
}

avow_promise_t *avow_limiter_run(const avow_limiter_t *l, avow_fn fn,
                                 void *data) {
  limiter_t *limiter = avow__tool_self(l, &limiter_class);
  if (limiter == NULL)
    return avow__tool_ref(l, "a limiter");
  if (fn == NULL)
    return avow__refuse(avow__tool_loop(l), UV_EINVAL, "limiter run", NULL);
  return turn_new(limiter, fn, data);
}

/* The next has its turn before who waits for p hears of this. */
static void turn_end(avow_promise_t *p, avow_value_t outcome) {
  limiter_t *limiter = p->u.turn.limiter;
  limiter_give_back(limiter);
  avow__resolve(p, outcome);
  avow_limiter_unref(limiter->tool);
}

void avow__granted_run(avow_promise_t *p) {
  avow__context_t *c = avow__context(p);
  p->kind = AVOW__RUNNING;
  const avow_value_t result = p->u.turn.fn(p->data);
  if (result.tag < AVOW_PROMISE)
    turn_end(p, result);
  else
    avow__wait_for(c, p, AVOW__LIMITED, avow__awaited(c, result));
}

void avow__limited_run(avow_promise_t *p) {
  turn_end(p, avow__take_upstream(p));
}

void avow__limited_detached(avow_promise_t *p) {
  turn_end(p, avow_error(UV_ECANCELED));
}

void avow__granted_cancel(avow_promise_t *p, avow_promise_t *start) {
  avow__queue_remove(&p->link);
  turn_end(p, avow_error(UV_ECANCELED));
}

void avow__queued_cancel(avow_promise_t *p, avow_promise_t *start) {
  limiter_t *limiter = p->u.turn.limiter;
  avow__list_remove(&limiter->queue, &p->link);
  limiter->asked -= p->u.turn.fn == NULL;
  avow__detached(p);
  avow_limiter_unref(limiter->tool);
}

void avow_limiter_unref(avow_limiter_t *l) {
  avow__tool_unref(l, &limiter_class);
}
