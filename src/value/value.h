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
    avow__block_t *next; /* among the dead that wait to be freed */
  } u;
  uint32_t tag;
  bool kept; /* an object's: destroy keeps the block, or frees it */
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
  bool is_limit;  /* UV_ETIMEDOUT by a limit of ours */
  bool is_cancel; /* AVOW_EAGGREGATE of nothing but UV_ECANCELED */
  char message[];
} avow__error_t;

_Static_assert(sizeof(avow_value_t) == 16, "a value fits two registers");

/* A block of size bytes with one reference; NULL without memory. */
void *avow__block_new(uint32_t tag, size_t size);
avow_value_t avow__block_value(avow__block_t *block);

/* A class of the program may have no name. */
static inline const char *avow__class_name(const avow_class_t *klass) {
  return klass->name != NULL ? klass->name : "object";
}

/* Whether a destroy function is on this thread's stack: whoever lets go of a
   value is in the middle of something. */
bool avow__value_is_dying(void);

/* Items are counted by uint32_t, with some numbers to spare. */
#define AVOW__LIST_MAX ((size_t) UINT32_MAX - 8)

/* An empty list with room for n items; NULL without memory, and for more than
   AVOW__LIST_MAX. */
avow__list_t *avow__list_new(size_t n);
/* Room for n items in a list that nobody else has; NULL without memory, and
   then the old one is as it was. */
avow__list_t *avow__list_resize(avow__list_t *list, size_t n);

/* So many bytes in a block that nobody else has, or that is NULL: a new one.
   NULL without memory, and then the old one is as it was. */
avow__bytes_t *avow__bytes_resize(avow__bytes_t *bytes, size_t len);

/* Bytes that nobody else has, cut to len. */
avow_value_t avow__bytes_cut(avow_value_t bytes, size_t len);

/* An object whose self is size bytes inside its block, at *out. */
avow_value_t avow__object_inline(const avow_class_t *klass, size_t size,
                                 void **out);

/* Makes one in advance, which is nobody's value yet; false without memory. Each
   time that its last reference has gone, whoever made it has it again. */
bool avow__object_kept(const avow_class_t *klass, size_t size, void **out);

/* The value of such an object, with one reference. */
avow_value_t avow__object_again(void *self);
void avow__object_free(void *self);

/* What holding a promise as a value takes, and letting go of it. The engine,
   which has promises, says so before there is one. */
typedef struct avow__held_s {
  avow_value_t (*ref)(const avow_promise_t *p);
  void (*unref)(avow_promise_t *p);
} avow__held_t;

void avow__value_may_hold(const avow__held_t *held);

/* What is left out of results. */
static inline bool avow__is_skip(const avow_value_t *v) {
  return v->tag == AVOW_ERROR && v->code == AVOW_ESKIP;
}

static inline bool avow__is_counted(const avow_value_t *v) {
  return (v->tag >= AVOW_OBJECT && v->tag <= AVOW_ERROR && v->u.p != NULL) ||
         v->tag == AVOW_THENABLE;
}

/* Debug builds: is it of a kind that there is, and what it holds still there?
   What nobody returned, or ever set, mostly is of none. */
#if AVOW__DEBUG
void avow__check_value(const avow_value_t *v);
#else
#  define avow__check_value(v) ((void) (v))
#endif

/* The slow half of avow_value_unref(): v holds something. */
void avow__value_drop(avow_value_t v);

static inline void avow__value_unref(avow_value_t v) {
  if (v.tag >= AVOW_OBJECT && v.u.p != NULL)
    avow__value_drop(v);
}

#endif
