/* SPDX-License-Identifier: MIT */
/*
 * Work in shifts: a repeat in which each step is a chore. The repeat and the
 * running chore, which may outlive it, each have a reference to the work.
 */
#include "sys/sliced_work.h"

#include "avow/timer.h"
#include "base/alloc.h"

enum { SHIFT = 1000 * 1000 }; /* in ns */

typedef struct {
  avow__chore_t chore;
  avow__shifts_t *shifts;
} shift_t;

void *avow__shifts_new(uv_loop_t *loop, size_t size) {
  avow__shifts_t *shifts = avow_calloc(1, size);
  if (shifts == NULL)
    return NULL;
  shifts->loop = loop;
  shifts->refs = 1;
  return shifts;
}

void avow__shifts_unref(void *data) {
  avow__shifts_t *shifts = data;
  if (--shifts->refs > 0)
    return;
  shifts->free_fn(shifts);
  avow_free(shifts);
}

bool avow__shifts_is_over(const avow__shifts_t *shifts) {
  return shifts->chore != NULL && (avow__chore_is_unwanted(shifts->chore) ||
                                   uv_hrtime() > shifts->deadline);
}

static avow_value_t shifts_run(avow__chore_t *chore) {
  avow__shifts_t *shifts = ((shift_t *) chore)->shifts;
  shifts->chore = chore;
  shifts->deadline = uv_hrtime() + SHIFT;
  shifts->wait = 0;
  return shifts->shift(shifts);
}

static void shifts_end(avow__chore_t *chore) {
  avow__shifts_t *shifts = ((shift_t *) chore)->shifts;
  shifts->chore = chore; /* also if it never ran */
  if (shifts->after != NULL)
    shifts->after(shifts);
  avow__shifts_unref(shifts);
}

avow_promise_t *avow__shift_start(avow__shifts_t *shifts) {
  avow_promise_t *p;
  shift_t *shift = avow__chore_new(shifts->loop, sizeof(*shift), &p);
  if (shift == NULL)
    return p;
  shift->shifts = shifts;
  shifts->refs++;
  shift->chore.run = shifts_run;
  shift->chore.end = shifts_end;
  avow__chore_start(&shift->chore);
  return p;
}

static avow_value_t after_wait(const avow_value_t *none, void *data) {
  return avow_follow(avow__shift_start(data));
}

static avow_value_t shifts_step(void *data) {
  avow__shifts_t *shifts = data;
  if (shifts->wait == 0)
    return avow_follow(avow__shift_start(shifts));
  return avow_follow(avow_then(avow_sleep(shifts->loop, shifts->wait),
                               after_wait, NULL, shifts));
}

avow_promise_t *avow__shifts_start(avow__shifts_t *shifts) {
  return avow_attach(avow_repeat(shifts->loop, shifts_step, shifts), shifts,
                     avow__shifts_unref);
}
