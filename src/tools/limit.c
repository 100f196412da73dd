/*
 * Limiters. A permit is an object, made when it is asked for: it stands in the
 * queue, is then handed over as a value, or kept by a run, and goes back with
 * its last reference, so that no way of losing a value loses a permit. A
 * limiter does not know the permits that are out; they keep it. Whenever
 * somebody waits none is free.
 */
#include "avow/limiter.h"

#include "avow/cancel.h"
#include "tools/tool.h"

typedef struct {
  size_t available;
  avow__link_t *queue;  /* permits that wait for their turn */
  avow_limiter_t *tool; /* that this is */
} limiter_t;

typedef struct {
  avow__link_t link;
  limiter_t *limiter;        /* kept by a reference to its tool */
  avow_deferred_t *deferred; /* until it is granted */
  avow_fn fn;                /* which has it; NULL: a value has */
  void *data;
} permit_t;

/* What it is handed over as. */
static avow_value_t value_of(permit_t *permit) {
  return permit->fn == NULL ? avow__object_around(permit) : avow_none();
}

static void grant(permit_t *permit) {
  avow_deferred_t *d = permit->deferred;
  permit->deferred = NULL;
  (void) avow_resolve(d, value_of(permit)); /* it was pending */
}

static void limiter_give_back(limiter_t *limiter) {
  if (limiter->queue != NULL)
    grant((permit_t *) avow__list_take_first(&limiter->queue));
  else
    limiter->available++;
}

static void destroy_permit(void *self) {
  permit_t *permit = self;
  if (permit->deferred == NULL)
    limiter_give_back(permit->limiter);
  avow_limiter_unref(permit->limiter->tool);
}

static const avow_class_t limiter_class = { .name = "limiter" };
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
    *limiter = (limiter_t){ .available = permits, .tool = l };
  return l;
}

static void leave_queue(void *data) {
  permit_t *permit = data;
  avow__list_remove(&permit->limiter->queue, &permit->link);
  avow_deferred_drop(permit->deferred);
  avow__value_unref(value_of(permit));
}

static void limiter_ask(permit_t *permit) {
  limiter_t *limiter = permit->limiter;
  if (limiter->available > 0) {
    limiter->available--;
    grant(permit);
    return;
  }
  avow__list_append(&limiter->queue, &permit->link);
  avow_on_cancel(permit->deferred, leave_queue, permit);
}

/* Makes a permit, and its promise in *out. NULL, with the rejection there, if
   it cannot be made. */
static permit_t *permit_new(limiter_t *limiter, avow_promise_t **out) {
  uv_loop_t *loop = avow__tool_loop(limiter->tool);
  void *self = NULL;
  const avow_value_t v =
      avow__object_inline(&permit_class, sizeof(permit_t), &self);
  permit_t *permit = self;
  if (permit == NULL) {
    *out = avow_promise_reject(loop, v);
    return NULL;
  }
  *permit = (permit_t){ .limiter = limiter };
  (void) avow__tool_ref(limiter->tool, "a limiter"); /* destroy_permit()'s */
  *out = avow_promise_new(loop, &permit->deferred);
  if (avow_state(*out) == AVOW_PENDING)
    return permit;
  avow_deferred_drop(permit->deferred);
  avow__value_unref(v);
  return NULL;
}

avow_promise_t *avow_limiter_acquire(const avow_limiter_t *l) {
  limiter_t *limiter = avow__tool_self(l, &limiter_class);
  if (limiter == NULL)
    return avow__tool_ref(l, "a limiter");
  avow_promise_t *p;
  permit_t *permit = permit_new(limiter, &p);
  if (permit != NULL)
    limiter_ask(permit);
  return p;
}

static avow_value_t limiter_call(const avow_value_t *arg, void *data) {
  const permit_t *permit = data;
  return permit->fn(permit->data);
}

static void limiter_release(void *data) {
  avow__value_unref(avow__object_around(data));
}

avow_promise_t *avow_limiter_run(const avow_limiter_t *l, avow_fn fn,
                                 void *data) {
  limiter_t *limiter = avow__tool_self(l, &limiter_class);
  if (limiter == NULL)
    return avow__tool_ref(l, "a limiter");
  if (fn == NULL)
    return avow__refuse(avow__tool_loop(l), UV_EINVAL, "limiter run", NULL);
  avow_promise_t *p;
  permit_t *permit = permit_new(limiter, &p);
  if (permit == NULL)
    return p;
  permit->fn = fn;
  permit->data = data;
  limiter_ask(permit);
  return avow_attach(avow__then_begin(p, limiter_call, permit), permit,
                     limiter_release);
}

void avow_limiter_unref(avow_limiter_t *l) {
  avow__tool_unref(l, &limiter_class);
}
