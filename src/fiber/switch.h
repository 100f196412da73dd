/* SPDX-License-Identifier: MIT */
/*
 * Switches from one stack to another. A spot holds only the registers that a
 * callee must preserve, including the rounding mode. Signal masks are not
 * switched, and there are no system calls.
 */
#ifndef AVOW_SWITCH_H
#define AVOW_SWITCH_H

#include "avow/value.h"
#include "fiber/sanitizers.h"

#ifdef AVOW_SWITCH_ASM

typedef struct avow__spot_s {
  void *sp;     /* end of that stack, where the registers are stored */
  void *thread; /* see sanitizers.h */
} avow__spot_t;

/* Pushes the registers, stores the stack pointer in `*from`, loads it from
   `to`, pops the registers and returns `v`. It returns by a jump, because
   processors predict that a return leads to the last call, which is on the old
   stack. For the same reason, callers should call it last, so that they only
   have to return after it. */
avow_value_t avow__switch(void **from, void *to, avow_value_t v);

/* Stores the present rounding mode in the frame that avow__switch() left at
   `sp`. */
void avow__control(void *sp);

/* The first frame of a stack. It has no caller, so that debuggers see the end
   of the stack there. Only avow__switch() jumps to it. */
void avow__begin(void);

/* Whether this thread has a shadow stack. Defined only in builds that may run
   on such a thread. */
bool avow__shadow_is_there(void);

/* Stores the caller's spot in `*from` and switches to `*to`, where the call
   that stored that spot returns `v`. It is a macro, because GCC makes no tail
   call from an inlined function that returns a struct. */
/* NOLINTNEXTLINE(readability-identifier-naming): a function in other builds */
#  define avow__spot_switch(from, to, v)   \
    (avow__sanitizer_switch((to)->thread), \
     avow__switch(&(from)->sp, (to)->sp, v))

/* Gives the spot the present rounding mode, as if its stack were new. */
static inline void avow__spot_renew(avow__spot_t *spot) {
  avow__control(spot->sp);
}

#elif defined(_WIN32)

#  include <fenv.h>

typedef struct avow__spot_s {
  void *fiber;        /* the Windows fiber */
  int rounding;       /* a value of <fenv.h> */
  avow_value_t value; /* value that the switch back returns */
  void *thread;
} avow__spot_t;

avow_value_t avow__spot_switch(avow__spot_t *from, avow__spot_t *to,
                               avow_value_t v);

static inline void avow__spot_renew(avow__spot_t *spot) {
  spot->rounding = fegetround();
}

#else

#  include <fenv.h>
#  include <setjmp.h>

typedef struct avow__spot_s {
  sigjmp_buf registers;
  int rounding;       /* a value of <fenv.h> */
  avow_value_t value; /* value that the switch back returns */
  void *thread;
} avow__spot_t;

avow_value_t avow__spot_switch(avow__spot_t *from, avow__spot_t *to,
                               avow_value_t v);

void avow__spot_renew(avow__spot_t *spot);

#endif

/* Stores the caller's spot in `*from` and calls `entry`, which never returns,
   on the given stack. Not available on Windows. */
avow_value_t avow__spot_start(avow__spot_t *from, char *stack, size_t size,
                              void (*entry)(void), void *thread);

#endif
