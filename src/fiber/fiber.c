/* SPDX-License-Identifier: MIT */
/*
 * Fibers: those in use, and idle ones kept for reuse. A fiber never ends: when
 * its function has returned, it waits for another one. A warm pool therefore
 * makes no system calls. After a peak, all fibers are kept for a second,
 * because a peak often comes again. Resuming is like a call: the fiber stores
 * who resumed it and switches back there.
 */
#include "fiber/fiber.h"

#include <assert.h>

#include "fiber/overflow.h"

enum { REVIEW = 1000 /* ms */, AT_ONCE = 128 };

_Thread_local avow__fiber_t *avow__fiber_now;

/* Defined here, so that the compiler cannot inline it and look up the
   thread-local variable twice. */
void avow__fibers_begin(avow__fibers_t *fibers) {
  fibers->now = &avow__fiber_now;
}

static int fiber_take(avow__fibers_t *fibers, avow__fiber_t **out) {
  if (AVOW__UNLIKELY(avow__fibers_full(fibers)))
    return UV_EAGAIN;
  if (AVOW__UNLIKELY(fibers->idle == NULL)) {
    avow__overflow_report(&fibers->reports);
    return avow__fiber_new(fibers, out);
  }
  *out = (avow__fiber_t *) avow__list_take_first(&fibers->idle);
  fibers->spare--;
  if (fibers->spare < fibers->least)
    fibers->least = fibers->spare;
  avow__spot_renew(&(*out)->spot);
  return 0;
}

int avow__fiber_take(avow__fibers_t *fibers, avow__fiber_t **out) {
  avow__fiber_t *f;
  const int err = fiber_take(fibers, &f);
  if (AVOW__UNLIKELY(err != 0))
    return err;
  f->over = false;
  f->call = NULL;
  f->name = NULL;
  f->exceptions.globals = NULL;
  avow__list_append(&fibers->busy, &f->link);
  fibers->used++;
  *out = f;
  return 0;
}

void avow__fiber_give(avow__fibers_t *fibers, avow__fiber_t *f) {
  assert(f->locals == NULL);
  assert(f->over && f != avow__fiber_now);
  avow__list_remove(&fibers->busy, &f->link);
  fibers->used--;
  if (fibers->wipe) {
    avow__fiber_free(fibers, f);
    return;
  }
  avow__list_append(&fibers->idle, &f->link);
  fibers->idle = &f->link;
  fibers->spare++;
}

/* The number of idle fibers that were not needed since the last review. */
static unsigned unneeded(const avow__fibers_t *fibers) {
  return fibers->least > fibers->keep ? fibers->least - fibers->keep : 0;
}

/* Frees the idle fiber that was not used for the longest time. */
static void free_last(avow__fibers_t *fibers) {
  avow__link_t *last = fibers->idle->prev;
  avow__list_remove(&fibers->idle, last);
  avow__fiber_free(fibers, (avow__fiber_t *) last);
  fibers->spare--;
  fibers->least--;
  fibers->surplus--;
}

static void free_some(avow__fibers_t *fibers) {
  if (fibers->surplus > unneeded(fibers))
    fibers->surplus = unneeded(fibers); /* some were needed meanwhile */
  for (int i = 0; i < AT_ONCE && fibers->surplus > 0; i++)
    free_last(fibers);
}

unsigned avow__fibers_review(avow__fibers_t *fibers, uint64_t now) {
  if (fibers->surplus == 0 && now - fibers->reviewed >= REVIEW) {
    fibers->surplus = unneeded(fibers);
    fibers->least = fibers->spare;
    fibers->reviewed = now;
  }
  free_some(fibers);
  if (fibers->spare <= fibers->keep)
    return 0;
  return fibers->surplus > 0 ? 1 : REVIEW;
}

void avow__fiber_discard(avow__fibers_t *fibers, avow__fiber_t *f) {
  assert(f->locals == NULL);
  assert(!f->over && f != avow__fiber_now);
  avow__list_remove(&fibers->busy, &f->link);
  fibers->used--;
  avow__fiber_free(fibers, f);
}

void avow__fibers_close(avow__fibers_t *fibers) {
  assert(fibers->busy == NULL);
  assert(fibers->used == 0);
  while (fibers->idle != NULL)
    avow__fiber_free(fibers,
                     (avow__fiber_t *) avow__list_take_first(&fibers->idle));
  fibers->spare = 0;
  avow__overflow_end(fibers->reports);
}

void avow__fiber_main(void) {
  avow__fiber_t *f = avow__fiber_now;
  avow__sanitizer_arrive(NULL, &f->sanitizer);
  for (;;) {
    const avow_value_t result =
        f->call != NULL ? f->call(f->fn, f->data) : f->fn(f->data);
    f->over = true;
    (void) avow__fiber_park(f, result); /* the result is NONE, and there is
                                           another `fn` */
  }
}
