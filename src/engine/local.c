/* SPDX-License-Identifier: MIT */
/*
 * Values of async functions. A function has a block of them, or none; those
 * that it starts have the same block. Nobody changes one that others have, too:
 * who sets a value then has a block of its own. In one no key is there twice,
 * so that it grows with the program's keys, and not with what is set, or with
 * how many functions start one another. All who have a block are of one loop,
 * and of its thread.
 */
#include "avow/async.h"

#include "base/alloc.h"
#include "engine/local.h"
#include "engine/settle.h"

typedef struct {
  const avow_local_t *key;
  avow_value_t value;
} local_t;

struct avow__locals_s {
  size_t refs;
  size_t count;
  local_t all[];
};

void avow__locals_inherit(avow__fiber_t *f, const avow__fiber_t *by) {
  if (avow__context(f->promise) != avow__context(by->promise))
    return;
  f->locals = by->locals;
  f->locals->refs++;
}

void avow__locals_unref(avow__locals_t *locals) {
  if (--locals->refs > 0)
    return;
  for (size_t i = locals->count; i-- > 0;)
    avow__value_unref(locals->all[i].value);
  avow_free(locals);
}

void avow__locals_each(const avow__fiber_t *f,
                       void (*fn)(const char *name, const avow_value_t *v,
                                  void *data),
                       void *data) {
  const size_t count = f->locals != NULL ? f->locals->count : 0;
  for (size_t i = 0; i < count; i++) {
    const local_t *local = &f->locals->all[i];
    if (local->key->name != NULL)
      fn(local->key->name, &local->value, data);
  }
}

/* Where the key is, or would come: behind the last. */
static size_t local_find(const avow__locals_t *locals,
                         const avow_local_t *key) {
  size_t i = 0;
  while (i < locals->count && locals->all[i].key != key)
    i++;
  return i;
}

/* A block that nobody has, like the old one, which may be NULL, with room for
   one more; NULL without memory. */
static avow__locals_t *local_copy(const avow__locals_t *old) {
  const size_t count = old != NULL ? old->count : 0;
  avow__locals_t *copy =
      avow_malloc(sizeof(*copy) + (count + 1) * sizeof(copy->all[0]));
  if (copy == NULL)
    return NULL;
  copy->refs = 1;
  copy->count = count;
  for (size_t i = 0; i < count; i++) {
    copy->all[i].key = old->all[i].key;
    copy->all[i].value = avow_value_ref(&old->all[i].value);
  }
  return copy;
}

/* Sets it in a block that nobody else has; gives what was there. */
static avow_value_t local_put(avow__locals_t *locals, const avow_local_t *key,
                              avow_value_t v) {
  const size_t i = local_find(locals, key);
  const avow_value_t before =
      i < locals->count ? locals->all[i].value : avow_none();
  locals->count += i == locals->count;
  locals->all[i].key = key;
  locals->all[i].value = v;
  return before;
}

static bool is_only_ours(const avow__locals_t *locals,
                         const avow_local_t *key) {
  return locals != NULL && locals->refs == 1 &&
         local_find(locals, key) < locals->count;
}

static avow_value_t local_set(avow__fiber_t *f, const avow_local_t *key,
                              avow_value_t v) {
  avow__locals_t *old = f->locals;
  const bool stays = is_only_ours(old, key);
  if (!stays && (f->locals = local_copy(old)) == NULL) {
    f->locals = old;
    avow__value_unref(v);
    return avow_error(UV_ENOMEM);
  }
  avow__value_unref(local_put(f->locals, key, v));
  if (!stays && old != NULL)
    avow__locals_unref(old);
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
    avow__misuse_of_null("the key of a local value");
    return local_refuse(v, AVOW_EMISUSE);
  }
  if (avow_is_error(&v))
    return v;
  if (f == NULL) {
    avow__misuse(
        "avow_local_set() outside an async function, or in what avow calls "
        "back: set it in the function that is to have it");
    return local_refuse(v, AVOW_ENOTASYNC);
  }
  if (v.tag == AVOW_PROMISE) {
    avow__misuse("avow_local_set() of avow_follow(): await it, and set that");
    return local_refuse(v, AVOW_EMISUSE);
  }
  return local_set(f, key, v);
}

const avow_value_t *avow_local_get(const avow_local_t *key) {
  static const avow_value_t none = { .tag = AVOW_NONE };
  const avow__fiber_t *f = avow__fiber_now;
  if (key == NULL)
    avow__misuse_of_null("the key of a local value");
  if (f == NULL || f->locals == NULL)
    return &none;
  const size_t i = local_find(f->locals, key);
  return i < f->locals->count ? &f->locals->all[i].value : &none;
}
