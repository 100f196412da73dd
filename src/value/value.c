/* SPDX-License-Identifier: MIT */
/*
 * Values and their counted blocks. The count of a block is atomic, so that
 * values may move between threads. Blocks that are released together, such as a
 * list and its items or an error and its causes, are freed one by one from a
 * list of the thread. The stack does not grow, however deep they nest.
 */
#include "value/value.h"

#include <assert.h>
#include <string.h>
#include <uv.h>

#include "base/alloc.h"
#include "base/misuse.h"
#include "base/options_check.h"
#include "base/symbol.h"
#include "fiber/exceptions.h"
#include "fiber/fiber.h"
#include "value/check_values.h"

#if AVOW__DEBUG
static void check_there(const avow__block_t *block, const char *called) {
  if (avow__value_is_freed(block))
    avow__misuse_in(called,
                    "value used after it was freed%s; call avow_value_ref() "
                    "before passing it on",
                    avow__value_freed_in(block));
}

void avow__check_value_in(const avow_value_t *v, const char *called) {
  if (v->tag > AVOW_THENABLE)
    avow__misuse_in(called,
                    "value is not valid; initialize it, and end every path of "
                    "a handler with a return, such as return avow_none()");
  if (avow__is_counted(v))
    check_there(v->u.p, called);
}
#else
#  define check_there(block, called) ((void) (block))
#endif

void *avow__block_new(uint32_t tag, size_t size) {
  avow__block_t *block = avow__value_malloc(size);
  if (block == NULL)
    return NULL;
  avow__note_there(block);
  atomic_init(&block->u.refs, 1);
  block->tag = tag;
  block->kept = false;
  return block;
}

avow_value_t avow__block_value(avow__block_t *block) {
  avow_value_t v = avow_none();
  v.tag = block->tag;
  v.u.p = block;
  return v;
}

static void release_items(avow__list_t *list) {
  for (size_t i = 0; i < list->len; i++)
    avow__value_unref(list->items[i]);
}

static _Thread_local struct {
  avow__block_t *list;
  bool busy;      /* a caller up the stack frees the blocks added here */
  unsigned calls; /* destroy functions that are on the stack */
} dead;

bool avow__value_is_dying(void) {
  return dead.calls > 0;
}

static void value_destroy(const avow_class_t *klass, void *self) {
  if (klass->destroy == NULL)
    return;
  AVOW__AT_EXIT(avow__exceptions_end) volatile bool inside = true;
  avow__fiber_t *fiber = avow__fiber_hide();
  dead.calls++;
  klass->destroy(self);
  dead.calls--;
  avow__fiber_show(fiber);
  inside = false;
}

/* Whether the block holds no other counted values. */
static bool is_leaf(const avow__block_t *block) {
  return block->tag == AVOW_BYTES;
}

static void block_free(avow__block_t *block) {
  avow__note_gone(block);
  if (block->kept) { /* made by avow; destroy calls no program code */
    const avow__object_t *object = (avow__object_t *) block;
    object->klass->destroy(object->self);
    return;
  }
  switch (block->tag) {
  case AVOW_LIST:
    release_items((avow__list_t *) block);
    break;
  case AVOW_ERROR:
    avow__value_unref(((avow__error_t *) block)->cause);
    break;
  case AVOW_OBJECT:
  case AVOW_THENABLE: {
    const avow__object_t *object = (avow__object_t *) block;
    value_destroy(object->klass, object->self);
    break;
  }
  default:
    break;
  }
  avow__value_free(block);
}

static void bury(avow__block_t *block) {
  if (is_leaf(block)) {
    block_free(block);
    return;
  }
  if (dead.busy) {
    block->u.next = dead.list;
    dead.list = block;
    return;
  }
  dead.busy = true;
  block_free(block);
  while (dead.list != NULL) {
    avow__block_t *next = dead.list;
    dead.list = next->u.next;
    block_free(next);
  }
  dead.busy = false;
}

/* Each thread that opens a loop writes this variable, always with the same
   value. */
static _Atomic(const avow__held_t *) promises;

void avow__value_may_hold(const avow__held_t *held) {
  atomic_store_explicit(&promises, held, memory_order_relaxed);
}

static const avow__held_t *held_promises(void) {
  return atomic_load_explicit(&promises, memory_order_relaxed);
}

void avow__value_drop(avow_value_t v) {
  if (v.tag == AVOW_PROMISE) {
    held_promises()->unref(v.u.p);
    return;
  }
  avow__block_t *block = v.u.p;
  check_there(block, AVOW__CALLED);
  /* The release makes this thread's writes visible to the thread that frees the
     block. A thread that holds the only reference frees it and needs no atomic
     write to know that. */
  if (atomic_load_explicit(&block->u.refs, memory_order_acquire) == 1 ||
      atomic_fetch_sub_explicit(&block->u.refs, 1, memory_order_acq_rel) == 1)
    bury(block);
}

void avow_value_unref(avow_value_t v) {
  avow__check_value(&v);
  avow__site_begin();
  avow__value_unref(v);
  avow__site_end();
}

avow_value_t avow_value_ref(const avow_value_t *v) {
  if (v == NULL || (v->tag == AVOW_PROMISE && v->u.p == NULL)) {
    avow__misuse_of_null(v == NULL ? "value" : "promise");
    return avow_none();
  }
  if (avow__is_counted(v)) {
    avow__block_t *block = v->u.p;
    check_there(block, AVOW__CALLED);
    atomic_fetch_add_explicit(&block->u.refs, 1, memory_order_relaxed);
  } else if (v->tag == AVOW_PROMISE) {
    return held_promises()->ref(v->u.p);
  }
  return *v;
}

static avow_value_t null_error(const char *what, const char *called) {
  avow__misuse_of_null_in(what, called);
  return avow_error(AVOW_EMISUSE);
}

/* Only a later version knows what `self` is and whether `destroy` frees it. If
   the class is not initialized, its name is not valid either. */
static avow_value_t class_error(void) {
  avow__misuse(
      "avow_object(): class has nonzero reserved fields; initialize the struct "
      "by field names");
  return avow__error_of(AVOW__ERESERVED, "object", NULL);
}

avow_value_t avow_object(const avow_class_t *klass, void *self) {
  if (klass == NULL)
    return null_error("class", AVOW__CALLED);
  if (!AVOW__IS_ZERO(klass->reserved))
    return class_error();
  avow__object_t *object =
      avow__block_new(klass->then != NULL ? AVOW_THENABLE : AVOW_OBJECT,
                      sizeof(*object));
  if (object == NULL) {
    value_destroy(klass, self);
    return avow_error(UV_ENOMEM);
  }
  object->klass = klass;
  object->self = self;
  avow__value_name(&object->head, avow__class_name(klass));
  return avow__block_value(&object->head);
}

avow_value_t avow__object_inline(const avow_class_t *klass, size_t size,
                                 void **out) {
  assert(AVOW__IS_ZERO(klass->reserved));
  avow__object_t *object =
      avow__block_new(AVOW_OBJECT, avow__plus(sizeof(*object), size));
  if (object == NULL)
    return avow_error(UV_ENOMEM);
  object->klass = klass;
  object->self = object + 1;
  avow__value_name(&object->head, avow__class_name(klass));
  *out = object->self;
  return avow__block_value(&object->head);
}

bool avow__object_kept(const avow_class_t *klass, size_t size, void **out) {
  const avow_value_t v = avow__object_inline(klass, size, out);
  if (avow_is_error(&v))
    return false;
  avow__block_t *block = v.u.p;
  block->kept = true;
  avow__note_gone(block);
  return true;
}

static avow__block_t *block_around(void *self) {
  avow__object_t *object = (avow__object_t *) self - 1;
  assert(object->self == self && object->head.kept);
  return &object->head;
}

avow_value_t avow__object_again(void *self) {
  avow__block_t *block = block_around(self);
  avow__note_there(block);
  atomic_store_explicit(&block->u.refs, 1, memory_order_relaxed);
  return avow__block_value(block);
}

void avow__object_free(void *self) {
  avow__value_free(block_around(self));
}

avow__bytes_t *avow__bytes_resize(avow__bytes_t *bytes, size_t len) {
  const size_t size = avow__plus(sizeof(*bytes), avow__plus(len, 1));
  bytes = bytes != NULL ? avow__value_realloc(bytes, size)
                        : avow__block_new(AVOW_BYTES, size);
  if (bytes == NULL)
    return NULL;
  avow__note_there(bytes);
  bytes->len = len;
  bytes->data[len] = '\0';
  return bytes;
}

avow_value_t avow_bytes_new(size_t len, char **out) {
  if (out == NULL)
    return null_error("out pointer", AVOW__CALLED);
  avow__bytes_t *bytes = avow__bytes_resize(NULL, len);
  if (bytes == NULL)
    return avow_error(UV_ENOMEM);
  *out = bytes->data;
  return avow__block_value(&bytes->head);
}

avow_value_t avow_bytes(const void *data, size_t len) {
  if (data == NULL && len > 0)
    return null_error("source of the bytes", AVOW__CALLED);
  char *copy = NULL;
  const avow_value_t v = avow_bytes_new(len, &copy);
  if (copy != NULL && len > 0)
    memcpy(copy, data, len);
  return v;
}

avow_value_t avow_string(const char *s) {
  return s != NULL ? avow_bytes(s, strlen(s))
                   : null_error("string", AVOW__CALLED);
}

avow_value_t avow__bytes_cut(avow_value_t bytes, size_t len) {
  avow__bytes_t *block = bytes.u.p;
  assert(len <= block->len);
  /* Up to an eighth of waste costs less than reallocating. Shrinking should not
     fail; if it does, the old block is used. */
  avow__bytes_t *cut = NULL;
  if (block->len - len > len / 8)
    cut = avow__value_realloc(block, sizeof(*block) + len + 1);
  if (cut == NULL)
    cut = block;
  avow__note_there(cut);
  cut->len = len;
  cut->data[len] = '\0';
  return avow__block_value(&cut->head);
}

avow_value_t avow__own_borrowed(avow_value_t result) {
  avow__misuse(
      "handler returned its borrowed argument; return avow_value_ref(arg)");
  return avow_value_ref(&result);
}

/* The size of a list of n items. For more than AVOW__LIST_MAX items it is
   SIZE_MAX, which no allocation can have. */
static size_t list_size(size_t n) {
  if (n > AVOW__LIST_MAX)
    return SIZE_MAX;
  return avow__plus(sizeof(avow__list_t), avow__times(n, sizeof(avow_value_t)));
}

avow__list_t *avow__list_new(size_t n) {
  avow__list_t *list = avow__block_new(AVOW_LIST, list_size(n));
  if (list == NULL)
    return NULL;
  list->len = 0;
  list->room = n;
  return list;
}

avow__list_t *avow__list_resize(avow__list_t *list, size_t n) {
  list = avow__value_realloc(list, list_size(n));
  if (list == NULL)
    return NULL;
  avow__note_there(list);
  list->room = n;
  return list;
}

avow_value_t avow_list(avow_value_t items[], size_t n) {
  if (items == NULL && n > 0)
    return null_error("array of items", AVOW__CALLED);
  avow__list_t *list = avow__list_new(n);
  if (list == NULL) {
    for (size_t i = 0; i < n; i++)
      avow__value_unref(items[i]);
    return avow_error(UV_ENOMEM);
  }
  for (size_t i = 0; i < n; i++)
    list->items[i] = items[i];
  list->len = n;
  return avow__block_value(&list->head);
}

const char *avow_type_name(const avow_value_t *v) {
  if (v == NULL) {
    avow__misuse_of_null("value");
    return "none";
  }
  if (avow__is_counted(v))
    check_there(v->u.p, AVOW__CALLED);
  static const char *const names[] = { "none",    "int",    "double",
                                       "pointer", "object", "bytes",
                                       "list",    "error",  "promise",
                                       "thenable" };
  if (v->tag == AVOW_OBJECT || v->tag == AVOW_THENABLE)
    return avow__class_name(((const avow__object_t *) v->u.p)->klass);
  return v->tag <= AVOW_THENABLE ? names[v->tag] : "damaged value";
}

/* The error's own message says more than its type. */
static void misuse_of_type(const avow_value_t *v, const char *wanted,
                           const char *called) {
  avow__check_value_in(v, called);
  if (v->tag == AVOW_ERROR)
    avow__misuse_in(called,
                    "value is an error (%s); check avow_is_error() first",
                    avow_error_message(v));
  else
    avow__misuse_in(called, "value has type %s, not %s; check its type first",
                    avow_type_name(v), wanted);
}

static AVOW__APART bool misuse_of_tag(const avow_value_t *v, uint32_t tag,
                                      const char *called) {
  const avow_value_t wanted = { .tag = tag };
  if (v == NULL)
    avow__misuse_of_null_in("value", called);
  else
    misuse_of_type(v, avow_type_name(&wanted), called);
  return false;
}

static bool has_type(const avow_value_t *v, uint32_t tag, const char *called) {
  if (AVOW__UNLIKELY(v == NULL || v->tag != tag))
    return misuse_of_tag(v, tag, called);
  avow__check_value_in(v, called);
  return true;
}

int64_t avow_to_int(const avow_value_t *v) {
  return has_type(v, AVOW_INT, AVOW__CALLED) ? v->u.i : 0;
}

double avow_to_double(const avow_value_t *v) {
  return has_type(v, AVOW_DOUBLE, AVOW__CALLED) ? v->u.d : 0;
}

void *avow_to_pointer(const avow_value_t *v) {
  return has_type(v, AVOW_POINTER, AVOW__CALLED) ? v->u.p : NULL;
}

void avow_value_clear(avow_value_t *v) {
  if (v == NULL) {
    avow__misuse_of_null("value");
    return;
  }
  avow__check_value(v);
  avow__site_begin();
  avow__value_unref(avow_steal(v));
  avow__site_end();
}

static bool is_of(const avow_value_t *v, const avow_class_t *klass) {
  if (v->tag != AVOW_OBJECT && v->tag != AVOW_THENABLE)
    return false;
  const avow__object_t *object = v->u.p;
  return object->klass == klass;
}

bool avow_is_object(const avow_value_t *v, const avow_class_t *klass) {
  if (v == NULL || klass == NULL) {
    avow__misuse_of_null(v == NULL ? "value" : "class");
    return false;
  }
  avow__check_value(v);
  return is_of(v, klass);
}

void *avow__to_object_in(const avow_value_t *v, const avow_class_t *klass,
                         const char *called) {
  if (v == NULL || klass == NULL) {
    avow__misuse_of_null_in(v == NULL ? "value" : "class", called);
    return NULL;
  }
  avow__check_value_in(v, called);
  if (is_of(v, klass))
    return ((const avow__object_t *) v->u.p)->self;
  misuse_of_type(v, avow__class_name(klass), called);
  return NULL;
}

void *avow_to_object(const avow_value_t *v, const avow_class_t *klass) {
  return avow__to_object(v, klass);
}

const char *avow_to_bytes(const avow_value_t *v, size_t *len) {
  const avow__bytes_t *bytes =
      has_type(v, AVOW_BYTES, AVOW__CALLED) ? v->u.p : NULL;
  if (len != NULL)
    *len = bytes != NULL ? bytes->len : 0;
  return bytes != NULL ? bytes->data : NULL;
}

size_t avow_list_len(const avow_value_t *list) {
  return has_type(list, AVOW_LIST, AVOW__CALLED)
             ? ((const avow__list_t *) list->u.p)->len
             : 0;
}

const avow_value_t *avow_list_at(const avow_value_t *list, size_t i) {
  static const avow_value_t missing = { .tag = AVOW_NONE };
  if (!has_type(list, AVOW_LIST, AVOW__CALLED))
    return &missing;
  const avow__list_t *items = list->u.p;
  if (i < items->len)
    return &items->items[i];
  avow__misuse(
      "avow_list_at(): index %zu is outside a list of %zu items; check "
      "avow_list_len() first",
      i, items->len);
  return &missing;
}
