/* SPDX-License-Identifier: MIT */
/*
 * Shadow stacks: where a thread has one, each call is noted there as well, and
 * no return may lead to another place. A stack of ours then needs one, too.
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

/* Once it does: what avow__switch() does, and avow__control(), is done here. */
extern AVOW__HIDDEN atomic_bool avow__shadowed;

/* What a spot is then. */
typedef struct avow__place_s {
  ucontext_t context;
  avow_value_t value; /* that it goes on with */
  uint32_t mxcsr;     /* how SSE rounds */
  uint16_t x87;       /* how the x87 unit rounds */
} avow__place_t;

/* The assembly jumps to these. */
avow_value_t avow__shadow_switch(void **from, avow__place_t *to,
                                 avow_value_t v);
void avow__shadow_control(avow__place_t *place);

static inline bool avow__shadow_is_on(void) {
  if (avow__shadow_is_there())
    atomic_store_explicit(&avow__shadowed, true, memory_order_relaxed);
  return atomic_load_explicit(&avow__shadowed, memory_order_relaxed);
}

/* What avow__spot_start() does then. */
avow_value_t avow__shadow_start(avow__spot_t *from, char *stack, size_t size,
                                void (*entry)(void));

#endif

#endif
