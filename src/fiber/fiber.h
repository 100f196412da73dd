/* SPDX-License-Identifier: MIT */
/*
 * Fibers: functions on stacks of their own that can be parked and resumed.
 * Knows nothing of promises but that a fiber belongs to one.
 */
#ifndef AVOW_FIBER_H
#define AVOW_FIBER_H

#include "avow/promise.h"
#include "base/compiler.h"
#include "base/list.h"
#include "fiber/exceptions.h"
#include "fiber/stack.h"
#include "fiber/switch.h"

typedef struct avow__locals_s avow__locals_t;

typedef struct avow__fiber_s {
  avow__link_t link; /* among the loop's idle ones, or its busy ones */
  avow_promise_t *promise;
  avow_fn fn; /* what it runs */
  void *data;
  const char *name; /* that the program gave its promise; or NULL */
  avow_value_t (*call)(avow_fn fn, void *data); /* by this; NULL: as it is */
  avow__exceptions_t exceptions;
  avow__locals_t *locals; /* local.c: values that it has; NULL: none */
  avow__spot_t spot;      /* while it is parked */
  avow__spot_t *back;     /* while it runs: of who resumed it */
  bool begun;             /* it has been on its stack before */
  bool over;              /* fn has returned */
  unsigned jobs; /* that it may be in one go; 0: no job has resumed it */
  avow__stack_t stack;
  avow__sanitizer_t sanitizer;
#ifdef AVOW_TRACE
  const void *awaits; /* the place of the await that parked it */
#endif
} avow__fiber_t;

typedef struct avow__fibers_s {
  avow__link_t *idle; /* the one used last is first: its pages are warm */
  avow__link_t *busy;
  unsigned spare; /* how many are idle */
  unsigned keep;  /* at most so many */
  unsigned used;  /* how many are busy */
  unsigned most;  /* that may be; 0: no limit */
  size_t stack_size;
  size_t guard_size;
  bool wipe; /* what was on them, and keep none */
  bool report_overflows;
  avow__fiber_t **now; /* the avow__fiber_now of the thread that is about to
                          resume some, or does; or NULL */
} avow__fibers_t;

/* The fiber that this thread is on; NULL on the thread's own stack. To look for
   it is a call of the system's in a shared library: once a drain, not once a
   job or an await. */
extern AVOW__HIDDEN _Thread_local avow__fiber_t *avow__fiber_now;

/* Around calls of the program's callbacks that are not to await, for whoever
   called us is not ready to be parked with the fiber. */
#ifdef AVOW_NO_ASYNC
static inline avow__fiber_t *avow__fiber_hide(void) {
  return NULL;
}

static inline void avow__fiber_show(avow__fiber_t *f) {
  (void) f;
}
#else
static inline avow__fiber_t *avow__fiber_hide(void) {
  avow__fiber_t *f = avow__fiber_now;
  avow__fiber_now = NULL;
  return f;
}

static inline void avow__fiber_show(avow__fiber_t *f) {
  avow__fiber_now = f;
}
#endif

static inline bool avow__fibers_full(const avow__fibers_t *fibers) {
  return fibers->most != 0 && fibers->used >= fibers->most;
}

/* Takes a fiber, which is to be given a function and then resumed. UV_EAGAIN if
   all are busy that may be, for the program or for the system; UV_ENOMEM. */
int avow__fiber_take(avow__fibers_t *fibers, avow__fiber_t **out);

/* Gives a fiber that is over back to the idle ones. */
void avow__fiber_give(avow__fibers_t *fibers, avow__fiber_t *f);

/* Ends a fiber that is parked and never will be over. */
void avow__fiber_discard(avow__fibers_t *fibers, avow__fiber_t *f);

/* Frees the idle ones. */
void avow__fibers_close(avow__fibers_t *fibers);

/* What is left of the stack for functions. */
static inline size_t avow__fiber_room(const avow__fiber_t *f) {
#ifdef _WIN32
  return f->stack.size;
#else
  return (size_t) ((const char *) f - f->stack.bottom);
#endif
}

/* Makes a fiber that has not begun, on a stack of at least the size that the
   others have. Fails as avow__fiber_take(). */
int avow__fiber_new(const avow__fibers_t *fibers, avow__fiber_t **out);
void avow__fiber_free(const avow__fibers_t *fibers, avow__fiber_t *f);

/* A fiber begins with this function, and never returns from it. */
void avow__fiber_main(void);

/* The slow half of avow__fiber_resume(): the first time. */
avow_value_t avow__fiber_begin(avow__fiber_t *f, avow__spot_t *here);

/* To be called when this thread is about to resume fibers. */
void avow__fibers_begin(avow__fibers_t *fibers);

/* Goes to the fiber, where avow__fiber_park() returns v, and returns when it
   parks, with that call's v, or is over, with fn's result; now is where this
   thread's avow__fiber_now is. */
static inline avow_value_t avow__fiber_resume(avow__fiber_t **now,
                                              avow__fiber_t *f,
                                              avow_value_t v) {
  avow__fiber_t *resumer = *now;
  avow__spot_t here;
  void *frames = NULL;
  here.thread = avow__sanitizer_thread();
  *now = f;
  /* cppcheck-suppress autoVariables ; f is back before this frame goes */
  f->back = &here;
  avow__exceptions_switch(&f->exceptions);
  avow__sanitizer_leave(&frames, f->stack.bottom, avow__fiber_room(f));
  v = AVOW__LIKELY(f->begun) ? avow__spot_switch(&here, &f->spot, v)
                             : avow__fiber_begin(f, &here);
  avow__sanitizer_arrive(frames, NULL);
  avow__exceptions_switch(&f->exceptions);
  *now = resumer;
  return v;
}

/* Goes from the fiber back to whoever resumed it; returns what that gives. */
#if AVOW__ASAN
static inline avow_value_t avow__fiber_park(avow__fiber_t *f, avow_value_t v) {
  void *frames = NULL;
  avow__sanitizer_leave(f->over ? NULL : &frames, f->sanitizer.bottom,
                        f->sanitizer.size);
  v = avow__spot_switch(&f->spot, f->back, v);
  avow__sanitizer_arrive(frames, &f->sanitizer);
  return v;
}
#else
/* NOLINTNEXTLINE(readability-identifier-naming): a function elsewhere */
#  define avow__fiber_park(f, v) avow__spot_switch(&(f)->spot, (f)->back, v)
#endif

#endif
