/* SPDX-License-Identifier: MIT */
/*
 * Leaving one stack for another: what a function may expect of its registers
 * is kept in a spot, how it has numbers rounded with them, and nothing else. No
 * signal masks, no system calls.
 */
#ifndef AVOW_SWITCH_H
#define AVOW_SWITCH_H

#include "avow/value.h"
#include "fiber/sanitizers.h"

#ifdef AVOW_SWITCH_ASM

typedef struct avow__spot_s {
  void *sp;     /* where that stack ends; the registers lie there */
  void *thread; /* see sanitizers.h */
} avow__spot_t;

/* Pushes the registers, keeps the stack pointer in *from, takes to
   for it, pops the registers and returns v. It returns by a jump: processors
   predict a return to lead to where the last call was made, which is on the
   stack that was left. For the same reason it should be called last, so that
   its caller has nothing to do but to return. */
avow_value_t avow__switch(void **from, void *to, avow_value_t v);

/* Writes to what avow__switch() has kept there how numbers are
   rounded now. */
void avow__control(void *sp);

/* The first frame of a stack, which nothing called: debuggers see
   the end there. Only avow__switch() gets to it. */
void avow__begin(void);

/* Whether this thread has a shadow stack; of builds that may run on one. */
bool avow__shadow_is_there(void);

/* Keeps the caller's spot in *from and goes on at *to, where the call that kept
   that spot returns v. A macro, for GCC sees no last call in what it inlined if
   that returns a struct. */
/* NOLINTNEXTLINE(readability-identifier-naming): else a function */
#  define avow__spot_switch(from, to, v)   \
    (avow__sanitizer_switch((to)->thread), \
     avow__switch(&(from)->sp, (to)->sp, v))

/* Who goes on at the spot has numbers rounded as here, as if it began anew. */
static inline void avow__spot_renew(avow__spot_t *spot) {
  avow__control(spot->sp);
}

#elif defined(_WIN32)

#  include <fenv.h>

typedef struct avow__spot_s {
  void *fiber;        /* the system's */
  int rounding;       /* as <fenv.h> has it */
  avow_value_t value; /* that it goes on with */
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
  int rounding;       /* as <fenv.h> has it */
  avow_value_t value; /* that it goes on with */
  void *thread;
} avow__spot_t;

avow_value_t avow__spot_switch(avow__spot_t *from, avow__spot_t *to,
                               avow_value_t v);

void avow__spot_renew(avow__spot_t *spot);

#endif

/* Keeps the caller's spot in *from and calls entry on the stack given, which
   never returns. Not on Windows. */
avow_value_t avow__spot_start(avow__spot_t *from, char *stack, size_t size,
                              void (*entry)(void), void *thread);

#endif
