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

enum { FIBER_PORTION = 128 }; /* fibers that are freed at a time */

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
  avow__surplus_taken(&fibers->surplus, fibers->spare);
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

/* Frees the idle fiber that was not used for the longest time. */
static void free_last(avow__fibers_t *fibers) {
  avow__link_t *last = fibers->idle->prev;
  avow__list_remove(&fibers->idle, last);
  avow__fiber_free(fibers, (avow__fiber_t *) last);
  fibers->spare--;
}

unsigned avow__fibers_review(avow__fibers_t *fibers, uint64_t now) {
  const size_t surplus =
      avow__surplus_review(&fibers->surplus, fibers->spare, fibers->keep, now);
  size_t n = 0;
  for (; n < surplus && n < FIBER_PORTION; n++)
    free_last(fibers);
  return avow__surplus_freed(&fibers->surplus, n, fibers->spare, fibers->keep);
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
