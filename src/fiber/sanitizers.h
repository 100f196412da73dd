/* SPDX-License-Identifier: MIT */
/*
 * Telling those who watch memory and threads which stack is in use:
 * AddressSanitizer, ThreadSanitizer (for which a fiber is a thread) and, which
 * counts as one here, valgrind. Nothing where there are none.
 */
#ifndef AVOW_SANITIZERS_H
#define AVOW_SANITIZERS_H

#include <stddef.h>

#ifdef __has_feature
#  define AVOW__HAS(feature) __has_feature(feature)
#else
#  define AVOW__HAS(feature) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || AVOW__HAS(address_sanitizer)
#  define AVOW__ASAN 1
#  include <sanitizer/asan_interface.h>
#  include <sanitizer/common_interface_defs.h>
#else
#  define AVOW__ASAN 0
#endif

#if defined(__SANITIZE_THREAD__) || AVOW__HAS(thread_sanitizer)
#  define AVOW__TSAN 1
#  include <sanitizer/tsan_interface.h>
#else
#  define AVOW__TSAN 0
#endif

#ifdef AVOW_VALGRIND
#  include <valgrind/memcheck.h>
#endif

/* What the tools have to know of a stack that is left. */
typedef struct avow__sanitizer_s {
  const void *bottom; /* of the one that it was resumed from */
  size_t size;
  unsigned id; /* valgrind's, of the stack itself */
} avow__sanitizer_t;

/* Returns TSan's thread for the stack.
   NOLINTBEGIN(readability-non-const-parameter): ASan's functions write there */
static inline void *avow__sanitizer_new(avow__sanitizer_t *sanitizer,
                                        char *bottom, char *top) {
  /* NOLINTEND(readability-non-const-parameter) */
#if AVOW__ASAN /* whoever had these addresses before left marks there */
  __asan_unpoison_memory_region(bottom, (size_t) (top - bottom));
#endif
#ifdef AVOW_VALGRIND
  sanitizer->id = VALGRIND_STACK_REGISTER(bottom, top);
#endif
  (void) sanitizer;
  (void) bottom;
  (void) top;
#if AVOW__TSAN
  return __tsan_create_fiber(0);
#else
  return NULL;
#endif
}

/* NOLINTBEGIN(readability-non-const-parameter): as above */
static inline void avow__sanitizer_end(avow__sanitizer_t *sanitizer,
                                       char *bottom, char *top, void *thread) {
/* NOLINTEND(readability-non-const-parameter) */
#if AVOW__ASAN /* a function that was left as it stood has marks there */
  __asan_unpoison_memory_region(bottom, (size_t) (top - bottom));
#endif
#if AVOW__TSAN
  __tsan_destroy_fiber(thread);
#endif
#ifdef AVOW_VALGRIND
  VALGRIND_STACK_DEREGISTER(sanitizer->id);
  /* else what lay below the function's end is nobody's to look at */
  (void) VALGRIND_MAKE_MEM_UNDEFINED(bottom, (size_t) (top - bottom));
#endif
  (void) sanitizer;
  (void) bottom;
  (void) top;
  (void) thread;
}

/* Right before the registers change. */
static inline void avow__sanitizer_switch(void *thread) {
#if AVOW__TSAN
  __tsan_switch_to_fiber(thread, 0);
#endif
  (void) thread;
}

static inline void *avow__sanitizer_thread(void) {
#if AVOW__TSAN
  return __tsan_get_current_fiber();
#else
  return NULL;
#endif
}

/* Around a switch, on the stack that is left; *frames is kept there. NULL for
   frames: nothing of that stack is needed any more. */
static inline void avow__sanitizer_leave(void **frames, const void *bottom,
                                         size_t size) {
#if AVOW__ASAN
  __sanitizer_start_switch_fiber(frames, bottom, size);
#endif
  (void) frames;
  (void) bottom;
  (void) size;
}

static inline void avow__sanitizer_arrive(void *frames,
                                          avow__sanitizer_t *sanitizer) {
#if AVOW__ASAN
  __sanitizer_finish_switch_fiber(frames,
                                  sanitizer != NULL ? &sanitizer->bottom : NULL,
                                  sanitizer != NULL ? &sanitizer->size : NULL);
#endif
  (void) frames;
  (void) sanitizer;
}

#endif
