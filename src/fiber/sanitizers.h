/* SPDX-License-Identifier: MIT */
/*
 * Tells AddressSanitizer, ThreadSanitizer and valgrind which stack is in use.
 * To ThreadSanitizer, a fiber is a thread. Without these tools, the functions
 * do nothing.
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

/* Data about a stack that the tools need when it is left. */
typedef struct avow__sanitizer_s {
  const void *bottom; /* of the stack from which the fiber was resumed */
  size_t size;
  unsigned id; /* valgrind's number of the fiber's stack */
} avow__sanitizer_t;

/* Returns TSan's thread for the stack.
   NOLINTBEGIN(readability-non-const-parameter): ASan's functions write there */
static inline void *avow__sanitizer_new(avow__sanitizer_t *sanitizer,
                                        char *bottom, char *top) {
  /* NOLINTEND(readability-non-const-parameter) */
#if AVOW__ASAN /* the previous owner of these addresses left marks there */
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

/* NOLINTBEGIN(readability-non-const-parameter): ASan's functions write there */
static inline void avow__sanitizer_end(avow__sanitizer_t *sanitizer,
                                       char *bottom, char *top, void *thread) {
/* NOLINTEND(readability-non-const-parameter) */
#if AVOW__ASAN /* a function that did not return left marks there */
  __asan_unpoison_memory_region(bottom, (size_t) (top - bottom));
#endif
#if AVOW__TSAN
  __tsan_destroy_fiber(thread);
#endif
#ifdef AVOW_VALGRIND
  VALGRIND_STACK_DEREGISTER(sanitizer->id);
  /* without this, valgrind reports accesses below the last frame */
  (void) VALGRIND_MAKE_MEM_UNDEFINED(bottom, (size_t) (top - bottom));
#endif
  (void) sanitizer;
  (void) bottom;
  (void) top;
  (void) thread;
}

/* Must be called just before the registers change. */
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

/* Enclose a switch, on the stack that is left, which keeps `*frames`. If
   `frames` is NULL, that stack is no longer needed. */
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
