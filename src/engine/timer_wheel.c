/* SPDX-License-Identifier: MIT */
/* The timing wheel. */
#include "engine/timer_wheel.h"

#include "engine/invariants.h"
#include "engine/virtual_clock.h"

enum { BITS = 6 };

_Static_assert(AVOW__SLOTS == 1 << BITS, "BITS bits select a slot");
_Static_assert(AVOW__LATEST == (UINT64_C(1) << (BITS * AVOW__SLOT_LEVELS)) - 1,
               "all deadlines fit in the levels");

static unsigned lowest_bit(uint64_t bits) {
  unsigned n = 0;
  while ((bits & 0xff) == 0) {
    bits >>= 8;
    n += 8;
  }
  for (; (bits & 1) == 0; bits >>= 1)
    n++;
  return n;
}

static unsigned level_of(const avow__timer_wheel_t *wheel, uint64_t deadline) {
  unsigned level = 0;
  for (uint64_t differing = wheel->now ^ deadline; differing >= AVOW__SLOTS;
       differing >>= BITS)
    level++;
  assert(level < AVOW__SLOT_LEVELS); /* AVOW__LATEST is the latest */
  return level;
}

static unsigned digit(uint64_t time, unsigned level) {
  return (unsigned) (time >> (BITS * level)) % AVOW__SLOTS;
}

void avow__wheel_put(avow__timer_wheel_t *wheel, avow_promise_t *p) {
  const uint64_t deadline = p->u.timer.deadline;
  const unsigned level = level_of(wheel, deadline);
  const unsigned index = digit(deadline, level);
  avow__slot_t *slot = &wheel->levels[level][index];
  if (slot->sleeps == NULL || deadline < slot->earliest)
    slot->earliest = deadline;
  avow__list_append(&slot->sleeps, &p->link);
  wheel->used[level] |= UINT64_C(1) << index;
}

void avow__wheel_take(avow__timer_wheel_t *wheel, avow_promise_t *p) {
  const unsigned level = level_of(wheel, p->u.timer.deadline);
  const unsigned index = digit(p->u.timer.deadline, level);
  avow__slot_t *slot = &wheel->levels[level][index];
  avow__list_remove(&slot->sleeps, &p->link);
  if (slot->sleeps == NULL)
    wheel->used[level] &= ~(UINT64_C(1) << index);
}

bool avow__wheel_is_empty(const avow__timer_wheel_t *wheel) {
  uint64_t used = 0;
  for (unsigned level = 0; level < AVOW__SLOT_LEVELS; level++)
    used |= wheel->used[level];
  return used == 0;
}

/* The earliest slot, and its level in `*out`; NULL if all slots are empty. */
static avow__slot_t *first_slot(avow__timer_wheel_t *wheel, unsigned *out) {
  for (unsigned level = 0; level < AVOW__SLOT_LEVELS; level++) {
    if (wheel->used[level] != 0) {
      *out = level;
      return &wheel->levels[level][lowest_bit(wheel->used[level])];
    }
  }
  return NULL;
}

uint64_t avow__wheel_earliest(avow__timer_wheel_t *wheel) {
  unsigned level = 0;
  const avow__slot_t *slot = first_slot(wheel, &level);
  if (slot == NULL)
    return UINT64_MAX;
  assert(slot->sleeps != NULL); /* its bit is set */
  return slot->earliest;
}

void avow__wheel_expire(avow__timer_wheel_t *wheel, uint64_t present,
                        avow__queue_t *due) {
  unsigned level = 0;
  avow__slot_t *slot = first_slot(wheel, &level);
  assert(slot != NULL); /* avow__wheel_earliest() found a slot */
  avow__link_t *list = slot->sleeps;
  wheel->used[level] &= ~(UINT64_C(1) << digit(present, level));
  slot->sleeps = NULL;
  wheel->now = present;
  if (level == 0) {
    avow__queue_join(due, list, list->prev);
    return;
  }
  while (list != NULL)
    avow__wheel_put(wheel, (avow_promise_t *) avow__list_take_first(&list));
}

#ifdef AVOW_CHECK

typedef void (*check_fn)(const avow_promise_t *p, void *data);

static void check_slot(const avow__timer_wheel_t *wheel, unsigned level,
                       unsigned index, check_fn fn, void *data) {
  const avow__link_t *list = wheel->levels[level][index].sleeps;
  const bool used = (wheel->used[level] >> index & 1) != 0;
  AVOW__HOLDS(63, used == (list != NULL));
  const size_t n = avow__check_list(list);
  for (size_t i = 0; i < n; i++, list = list->next) {
    const avow_promise_t *p = (const avow_promise_t *) list;
    AVOW__HOLDS(64, level_of(wheel, p->u.timer.deadline) == level);
    AVOW__HOLDS(64, digit(p->u.timer.deadline, level) == index);
    fn(p, data);
  }
}

void avow__wheel_check(const avow__timer_wheel_t *wheel, check_fn fn,
                       void *data) {
  for (unsigned i = 0; i < AVOW__SLOT_LEVELS * AVOW__SLOTS; i++)
    check_slot(wheel, i / AVOW__SLOTS, i % AVOW__SLOTS, fn, data);
}

#endif
