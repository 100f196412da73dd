/* SPDX-License-Identifier: MIT */
/*
 * Shadow stacks: a thread that has one also records each return address there,
 * and the processor faults if a return leads to another one. A fiber's stack
 * then needs a shadow stack too.
 */
#ifndef AVOW_SHADOW_H
#define AVOW_SHADOW_H

#include "base/compiler.h"
#include "fiber/switch.h"

/* Whether this build may run on such a thread. */
#if defined(AVOW_SWITCH_ASM) && defined(__CET__) && (__CET__ & 2) != 0
#  define AVOW__SHADOW 1
#else
#  define AVOW__SHADOW 0
#endif

#if AVOW__SHADOW

#  include <stdatomic.h>
#  include <stdint.h>
#  include <ucontext.h>

/* True on such threads: avow__switch() and avow__control() then jump to the
   functions below. */
extern AVOW__HIDDEN atomic_bool avow__shadowed;

/* A position on a stack in this mode. */
typedef struct avow__shadow_place_s {
  ucontext_t context;
  avow_value_t value; /* value that the switch back returns */
  uint32_t mxcsr;     /* rounding mode of SSE */
  uint16_t x87;       /* rounding mode of the x87 unit */
} avow__shadow_place_t;

/* The assembly code jumps to these functions. */
avow_value_t avow__shadow_switch(void **from, avow__shadow_place_t *to,
                                 avow_value_t v);
void avow__shadow_control(avow__shadow_place_t *place);

static inline bool avow__shadow_is_on(void) {
  if (avow__shadow_is_there())
    atomic_store_explicit(&avow__shadowed, true, memory_order_relaxed);
  return atomic_load_explicit(&avow__shadowed, memory_order_relaxed);
}

/* Does the work of avow__spot_start() in this mode. */
avow_value_t avow__shadow_start(avow__spot_t *from, char *stack, size_t size,
                                void (*entry)(void));

#endif

#endif
