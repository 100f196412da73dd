/* SPDX-License-Identifier: MIT */
/*
 * Fibers: functions on stacks of their own that can be parked and resumed. This
 * layer knows only one fact about promises: each fiber belongs to one.
 */
#ifndef AVOW_FIBER_H
#define AVOW_FIBER_H

#include "avow/promise.h"
#include "base/compiler.h"
#include "base/list.h"
#include "base/surplus.h"
#include "fiber/exceptions.h"
#include "fiber/stack.h"
#include "fiber/switch.h"

typedef struct avow__locals_s avow__locals_t;

typedef struct avow__fiber_s {
  avow__link_t link; /* in the loop's list of idle or busy fibers */
  avow_promise_t *promise;
  avow_fn fn; /* function that the fiber runs */
  void *data;
  const char *name; /* name that the program gave its promise, or NULL */
  avow_value_t (*call)(avow_fn fn, void *data); /* calls fn, unless NULL */
  avow__exceptions_t exceptions;
  avow__locals_t *locals; /* the fiber's locals (see local.c), or NULL */
  avow__spot_t spot;      /* its position while it is parked */
  avow__spot_t *back;     /* position of its resumer while it runs */
  bool begun;             /* it has run on its stack before */
  bool over;              /* fn has returned */
  unsigned jobs; /* jobs that it may still run; 0: not resumed by a job */
  avow__stack_t stack;
  avow__sanitizer_t sanitizer;
#ifdef AVOW_TRACE
  const void *awaits; /* place of the await that parked it */
#endif
} avow__fiber_t;

typedef struct avow__fibers_s {
  avow__link_t *idle; /* most recently used first, because its pages are warm */
  avow__link_t *busy;
  unsigned spare;          /* number of idle fibers */
  avow__surplus_t surplus; /* of the idle fibers */
  unsigned keep;           /* idle fibers that are never freed */
  unsigned used;           /* number of busy fibers */
  unsigned most;           /* limit of `used`; 0: no limit */
  size_t stack_size;
  size_t guard_size;
  bool wipe;           /* wipe the stacks, and keep no idle fibers */
  bool reports;        /* overflows are reported until the loop closes */
  avow__fiber_t **now; /* address of the resuming thread's avow__fiber_now, or
                          NULL */
} avow__fibers_t;

/* The fiber that this thread runs; NULL on the thread's own stack. In a shared
   library, finding this variable is a function call. That is done once for each
   drain, not for each job or await. */
extern AVOW__HIDDEN _Thread_local avow__fiber_t *avow__fiber_now;

/* Enclose calls of callbacks that must not await, because the code that called
   avow cannot be parked with the fiber. */
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

/* Takes a fiber. The caller then sets its function and resumes it. Returns
   UV_EAGAIN if the program's or the system's limit is reached, or UV_ENOMEM. */
int avow__fiber_take(avow__fibers_t *fibers, avow__fiber_t **out);

/* Returns a fiber whose function has returned to the idle ones. */
void avow__fiber_give(avow__fibers_t *fibers, avow__fiber_t *f);

/* Ends a parked fiber whose function will never return. */
void avow__fiber_discard(avow__fibers_t *fibers, avow__fiber_t *f);

/* Frees idle fibers that were not needed for a second. It frees only some of
   them at a time, because that takes long. Returns after how many milliseconds
   it should be called again, or 0 if nothing is left to free. */
unsigned avow__fibers_review(avow__fibers_t *fibers, uint64_t now);

/* Frees the idle fibers. */
void avow__fibers_close(avow__fibers_t *fibers);

/* The part of the stack that is left for functions. */
static inline size_t avow__fiber_room(const avow__fiber_t *f) {
#ifdef _WIN32
  return f->stack.size;
#else
  return (size_t) ((const char *) f - f->stack.bottom);
#endif
}

/* Makes a fiber that has not started, on a stack of at least `stack_size`
   bytes. The errors are those of avow__fiber_take(). */
int avow__fiber_new(const avow__fibers_t *fibers, avow__fiber_t **out);
void avow__fiber_free(const avow__fibers_t *fibers, avow__fiber_t *f);

/* The first function of each fiber; it never returns. */
void avow__fiber_main(void);

/* The slow path of avow__fiber_resume(): starts the fiber for the first time.
 */
avow_value_t avow__fiber_begin(avow__fiber_t *f, avow__spot_t *here);

/* Must be called before this thread resumes fibers. */
void avow__fibers_begin(avow__fibers_t *fibers);

/* Switches to the fiber, where avow__fiber_park() returns `v`. Returns when the
   fiber parks, with the value of that call, or when `fn` has returned, with its
   result. `now` is the address of this thread's avow__fiber_now. */
static inline avow_value_t avow__fiber_resume(avow__fiber_t **now,
                                              avow__fiber_t *f,
                                              avow_value_t v) {
  avow__fiber_t *resumer = *now;
  avow__spot_t here;
  void *frames = NULL;
  here.thread = avow__sanitizer_thread();
  *now = f;
  /* cppcheck-suppress autoVariables ; f switches back before this frame ends */
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

/* Switches from the fiber to its resumer. Returns the value that the next
   resumer passes. */
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
/* NOLINTNEXTLINE(readability-identifier-naming): a function in other builds */
#  define avow__fiber_park(f, v) avow__spot_switch(&(f)->spot, (f)->back, v)
#endif

#endif
