/* SPDX-License-Identifier: MIT */
/*
 * Switches to a new stack. Where there is no assembly for the processor, this
 * file switches with the functions of POSIX. It calls makecontext() once for a
 * stack, then sigsetjmp() without the signal mask, which makes no system call,
 * unlike swapcontext().
 */
#undef _FORTIFY_SOURCE /* its longjmp() rejects jumps to another stack */
/* NOLINTNEXTLINE(readability-identifier-naming): the system's name */
#define _XOPEN_SOURCE 700
#ifdef __APPLE__
#  define _DARWIN_C_SOURCE 1
#endif

#include "fiber/shadow.h"

#ifdef AVOW_SWITCH_ASM

#  include <stdint.h>
#  include <string.h>

/* FRAME: words that avow__switch() pops. JUMP_TO: index of the word to which it
   jumps. CALLED: index of the word from which avow__begin() takes the function
   to call. */
#  if defined(__x86_64__)
enum { FRAME = 8, JUMP_TO = 7, CALLED = 5 };
#  elif defined(__aarch64__)
enum { FRAME = 22, JUMP_TO = 11, CALLED = 0 };
#  endif

avow_value_t avow__spot_start(avow__spot_t *from, char *stack, size_t size,
                              void (*entry)(void), void *thread) {
  avow__sanitizer_switch(thread);
#  if AVOW__SHADOW
  if (avow__shadow_is_on())
    return avow__shadow_start(from, stack, size, entry);
#  endif
  const size_t uneven = ((uintptr_t) stack + size) % 16;
  uintptr_t *frame = (uintptr_t *) (void *) (stack + size - uneven);
  frame -= FRAME;
  memset(frame, 0, FRAME * sizeof(*frame));
  frame[JUMP_TO] = (uintptr_t) avow__begin;
  frame[CALLED] = (uintptr_t) entry;
  avow__control(frame);
  return avow__switch(&from->sp, frame, avow_none());
}

#else

#  include <ucontext.h>

/* Restoring all of fegetenv() would take ten times as long. */
static avow_value_t switch_arrive(const avow__spot_t *here) {
  if (fegetround() != here->rounding)
    (void) fesetround(here->rounding); /* it was in force */
  return here->value;
}

avow_value_t avow__spot_start(avow__spot_t *from, char *stack, size_t size,
                              void (*entry)(void), void *thread) {
  ucontext_t context;
  from->rounding = fegetround();
  if (sigsetjmp(from->registers, 0) != 0)
    return switch_arrive(from);
  (void) getcontext(&context); /* cannot fail */
  context.uc_stack.ss_sp = stack;
  context.uc_stack.ss_size = size;
  context.uc_link = NULL;
  makecontext(&context, entry, 0);
  avow__sanitizer_switch(thread);
  (void) setcontext(&context); /* does not return */
  return avow_none();
}

avow_value_t avow__spot_switch(avow__spot_t *from, avow__spot_t *to,
                               avow_value_t v) {
  to->value = v;
  from->rounding = fegetround();
  if (sigsetjmp(from->registers, 0) != 0)
    return switch_arrive(from);
  avow__sanitizer_switch(to->thread);
  siglongjmp(to->registers, 1);
}

void avow__spot_renew(avow__spot_t *spot) {
  spot->rounding = fegetround();
}

#endif
