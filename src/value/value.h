/* SPDX-License-Identifier: MIT */
/* The counted block that bytes, lists, objects and errors share. */
#ifndef AVOW_VALUE_PRIVATE_H
#define AVOW_VALUE_PRIVATE_H

#include <stdatomic.h>

#include "avow/value.h"
#include "base/misuse.h"
#include "value/error.h"

typedef struct avow__block_s avow__block_t;

struct avow__block_s {
  union {
    atomic_size_t refs;
    avow__block_t *next; /* in the list of blocks to be freed */
  } u;
  uint32_t tag;
  bool kept; /* object only: destroy keeps the block or frees it */
};

typedef struct avow__bytes_s {
  avow__block_t head;
  size_t len;
  char data[];
} avow__bytes_t;

typedef struct avow__list_s {
  avow__block_t head;
  size_t len;
  size_t room;
  avow_value_t items[];
} avow__list_t;

typedef struct avow__object_s {
  avow__block_t head;
  const avow_class_t *klass;
  void *self;
} avow__object_t;

typedef struct avow__error_s {
  avow__block_t head;
  avow_value_t cause;
  bool is_limit;  /* UV_ETIMEDOUT of a timeout that avow set */
  bool is_cancel; /* AVOW_EAGGREGATE of UV_ECANCELED only */
  char message[];
} avow__error_t;

_Static_assert(sizeof(avow_value_t) == 16, "a value fits two registers");

/* Makes a block of `size` bytes with one reference; NULL if out of memory. */
void *avow__block_new(uint32_t tag, size_t size);
avow_value_t avow__block_value(avow__block_t *block);

/* A class of the program may have no name. */
static inline const char *avow__class_name(const avow_class_t *klass) {
  return klass->name != NULL ? klass->name : "object";
}

/* Whether a destroy function is on this thread's stack, which means that the
   code that released the value is not finished. */
bool avow__value_is_dying(void);

/* Indexes of items are of type uint32_t; a few numbers are reserved. */
#define AVOW__LIST_MAX ((size_t) UINT32_MAX - 8)

/* Makes an empty list with capacity for `n` items. NULL if out of memory or if
   `n` exceeds AVOW__LIST_MAX. */
avow__list_t *avow__list_new(size_t n);
/* Changes the capacity of a list that has no other references. NULL if out of
   memory; the old list is then unchanged. */
avow__list_t *avow__list_resize(avow__list_t *list, size_t n);

/* Resizes a block that has no other references to `len` bytes, or makes a new
   block if `bytes` is NULL. NULL if out of memory; the old block is then
   unchanged. */
avow__bytes_t *avow__bytes_resize(avow__bytes_t *bytes, size_t len);

/* Shortens bytes that have no other references to `len`. */
avow_value_t avow__bytes_cut(avow_value_t bytes, size_t len);

/* Makes an object whose `self` is `size` bytes inside its block; `self` is
   stored in `*out`. */
avow_value_t avow__object_inline(const avow_class_t *klass, size_t size,
                                 void **out);

/* Makes an object in advance, which is not a value yet; false if out of memory.
   Whenever its last reference is released, the object returns to its maker. */
bool avow__object_kept(const avow_class_t *klass, size_t size, void **out);

/* Returns such an object as a value with one reference. */
avow_value_t avow__object_again(void *self);
void avow__object_free(void *self);

/* The functions that reference and release a promise held as a value. The
   engine, which defines promises, registers them before it makes one. */
typedef struct avow__held_s {
  avow_value_t (*ref)(const avow_promise_t *p);
  void (*unref)(avow_promise_t *p);
} avow__held_t;

void avow__value_may_hold(const avow__held_t *held);

/* Whether a value is omitted from results. */
static inline bool avow__is_skip(const avow_value_t *v) {
  return v->tag == AVOW_ERROR && v->code == AVOW_ESKIP;
}

static inline bool avow__is_counted(const avow_value_t *v) {
  return (v->tag >= AVOW_OBJECT && v->tag <= AVOW_ERROR && v->u.p != NULL) ||
         v->tag == AVOW_THENABLE;
}

/* The slow path of avow__owned(). */
avow_value_t avow__own_borrowed(avow_value_t result);

/* Checks the result of a function of the program. If it is the argument of the
   function, which is only borrowed, and has no further reference, checked
   builds report misuse. Release builds add a reference. */
static inline avow_value_t avow__owned(avow_value_t result,
                                       const avow_value_t *arg) {
  const avow__block_t *block = result.u.p;
  if (!avow__is_counted(&result) || block != arg->u.p ||
      atomic_load(&block->u.refs) > 1)
    return result;
  return avow__own_borrowed(result);
}

/* Checked builds: whether the type of the value exists and its block is not
   freed. A value that was never set or not returned usually has no valid type.
 */
#if AVOW__DEBUG
#  define avow__check_value(v) avow__check_value_in(v, __func__)
void avow__check_value_in(const avow_value_t *v, const char *called);
#else
#  define avow__check_value(v)            ((void) (v))
#  define avow__check_value_in(v, called) ((void) (v))
#endif

/* avow_to_object() inside another public function. */
#define avow__to_object(v, klass) avow__to_object_in(v, klass, AVOW__CALLED)
void *avow__to_object_in(const avow_value_t *v, const avow_class_t *klass,
                         const char *called);

/* The slow path of avow_value_unref(): `v` holds a block or a promise. */
void avow__value_drop(avow_value_t v);

static inline void avow__value_unref(avow_value_t v) {
  if (v.tag >= AVOW_OBJECT && v.u.p != NULL)
    avow__value_drop(v);
}

#endif
