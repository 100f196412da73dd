/* SPDX-License-Identifier: MIT */
/*
 * Switches stacks together with their shadow stacks. The C library makes a
 * shadow stack for each stack that makecontext() gets, and keeps it until the
 * process ends. swapcontext() switches both stacks, but makes system calls. On
 * threads without shadow stacks, this code is only compiled.
 */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _XOPEN_SOURCE 700

#include "fiber/shadow.h"

#if AVOW__SHADOW

atomic_bool avow__shadowed;

/* fegetround() would make static programs link libm. */
static void read_control(avow__shadow_place_t *place) {
  __asm__ volatile("stmxcsr %0\n\tfnstcw %1"
                   : "=m"(place->mxcsr), "=m"(place->x87));
}

static void write_control(const avow__shadow_place_t *place) {
  __asm__ volatile("ldmxcsr %0\n\tfldcw %1"
                   :
                   : "m"(place->mxcsr), "m"(place->x87));
}

avow_value_t avow__shadow_switch(void **from, avow__shadow_place_t *to,
                                 avow_value_t v) {
  avow__shadow_place_t here;
  read_control(&here);
  to->value = v;
  /* cppcheck-suppress autoVariables ; no code goes there after this returns */
  *from = &here;
  (void) swapcontext(&here.context, &to->context); /* cannot fail */
  write_control(&here);
  return here.value;
}

void avow__shadow_control(avow__shadow_place_t *place) {
  read_control(place);
}

avow_value_t avow__shadow_start(avow__spot_t *from, char *stack, size_t size,
                                void (*entry)(void)) {
  avow__shadow_place_t first;
  (void) getcontext(&first.context); /* cannot fail */
  first.context.uc_stack.ss_sp = stack;
  first.context.uc_stack.ss_size = size;
  first.context.uc_link = NULL;
  makecontext(&first.context, entry, 0);
  return avow__shadow_switch(&from->sp, &first, avow_none());
}

#else

typedef int avow__nothing_t; /* C requires a declaration in each file */

#endif
