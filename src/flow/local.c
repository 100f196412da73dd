/* SPDX-License-Identifier: MIT */
/*
 * Values of async functions. A function has a block of values, or none. The
 * functions that it starts share its block. A shared block never changes: a
 * function that sets a value in a shared block gets a copy of its own first.
 * Each key is at most once in a block. A block therefore grows with the number
 * of keys in the program, and not with the number of calls or of nested
 * functions. All functions that share a block belong to one loop and its
 * thread.
 */
#include "avow/local.h"

#include "base/alloc.h"
#include "base/misuse.h"
#include "engine/local.h"
#include "value/value.h"

typedef struct {
  const avow_local_t *key;
  avow_value_t value;
} local_t;

typedef struct {
  avow__locals_t base; /* first, because a fiber has a pointer to it */
  size_t count;
  local_t all[];
} locals_t;

static void locals_free(avow__locals_t *base) {
  locals_t *locals = (locals_t *) base;
  for (size_t i = locals->count; i-- > 0;)
    avow__value_unref(locals->all[i].value);
  avow_free(locals);
}

static void locals_each(const avow__locals_t *base, avow__local_fn *fn,
                        void *data) {
  const locals_t *locals = (const locals_t *) base;
  for (size_t i = 0; i < locals->count; i++) {
    const local_t *local = &locals->all[i];
    if (local->key->name != NULL)
      fn(local->key->name, &local->value, data);
  }
}

/* Returns the index of the key, or the count if the key is absent. */
static size_t local_find(const locals_t *locals, const avow_local_t *key) {
  size_t i = 0;
  while (i < locals->count && locals->all[i].key != key)
    i++;
  return i;
}

/* Returns an unshared copy of `old`, which may be NULL, with space for one more
   value. Returns NULL if out of memory. */
static locals_t *local_copy(const locals_t *old) {
  const size_t count = old != NULL ? old->count : 0;
  locals_t *copy =
      avow_malloc(sizeof(*copy) + (count + 1) * sizeof(copy->all[0]));
  if (copy == NULL)
    return NULL;
  copy->base =
      (avow__locals_t){ .refs = 1, .free = locals_free, .each = locals_each };
  copy->count = count;
  for (size_t i = 0; i < count; i++) {
    copy->all[i].key = old->all[i].key;
    copy->all[i].value = avow_value_ref(&old->all[i].value);
  }
  return copy;
}

/* Sets the value in an unshared block and returns the old value. */
static avow_value_t local_put(locals_t *locals, const avow_local_t *key,
                              avow_value_t v) {
  const size_t i = local_find(locals, key);
  const avow_value_t before =
      i < locals->count ? locals->all[i].value : avow_none();
  locals->count += i == locals->count;
  locals->all[i].key = key;
  locals->all[i].value = v;
  return before;
}

static bool is_only_ours(const locals_t *locals, const avow_local_t *key) {
  return locals != NULL && locals->base.refs == 1 &&
         local_find(locals, key) < locals->count;
}

static avow_value_t local_set(avow__fiber_t *f, const avow_local_t *key,
                              avow_value_t v) {
  locals_t *old = (locals_t *) f->locals;
  if (is_only_ours(old, key)) {
    avow__value_unref(local_put(old, key, v));
    return avow_none();
  }
  locals_t *copy = local_copy(old);
  if (copy == NULL) {
    avow__value_unref(v);
    return avow_error(UV_ENOMEM);
  }
  f->locals = &copy->base;
  avow__value_unref(local_put(copy, key, v));
  if (old != NULL)
    avow__locals_unref(&old->base);
  return avow_none();
}

static avow_value_t local_refuse(avow_value_t v, int code) {
  avow__value_unref(v);
  return avow_error(code);
}

avow_value_t avow_local_set(const avow_local_t *key, avow_value_t v) {
  avow__check_value(&v);
  avow__fiber_t *f = avow__fiber_now;
  if (key == NULL) {
    avow__misuse_of_null("key");
    return local_refuse(v, AVOW_EMISUSE);
  }
  if (avow_is_error(&v))
    return v;
  if (f == NULL) {
    avow__misuse(
        "avow_local_set(): called outside an async function; call it in the "
        "function that needs the value");
    return local_refuse(v, AVOW_ENOTASYNC);
  }
  if (v.tag == AVOW_PROMISE) {
    avow__misuse(
        "avow_local_set(): value is a promise; await it and pass its value");
    return local_refuse(v, AVOW_EMISUSE);
  }
  return local_set(f, key, v);
}

const avow_value_t *avow_local_get(const avow_local_t *key) {
  static const avow_value_t none = { .tag = AVOW_NONE };
  const avow__fiber_t *f = avow__fiber_now;
  if (key == NULL)
    avow__misuse_of_null("key");
  if (f == NULL || f->locals == NULL)
    return &none;
  const locals_t *locals = (const locals_t *) f->locals;
  const size_t i = local_find(locals, key);
  return i < locals->count ? &locals->all[i].value : &none;
}
