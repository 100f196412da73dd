/* SPDX-License-Identifier: MIT */
/*
 * Awaits of a value with a known type. The headers define them over
 * avow_await(), which is another function in C++ than in C. This file has the
 * code that they share, and a symbol for each of them.
 */
#define AVOW_INLINE AVOW_API inline

#include "avow/async.h"

#include "base/misuse.h"
#include "value/value.h"

extern inline avow_value_t avow_await_value(avow_promise_t *p,
                                            avow_value_t *out);
extern inline avow_value_t avow_await_int(avow_promise_t *p, int64_t *out);
extern inline avow_value_t avow_await_bytes(avow_promise_t *p,
                                            avow_value_t *out);
extern inline avow_value_t avow_await_list(avow_promise_t *p,
                                           avow_value_t *out);
extern inline avow_value_t avow_await_object(avow_promise_t *p,
                                             const avow_class_t *klass,
                                             avow_value_t *out);
extern inline avow_value_t avow_await_done(avow_promise_t *p);

static bool await_expects(const avow_value_t *v, uint32_t tag,
                          const avow_class_t *klass) {
  if (tag == AVOW_OBJECT)
    return klass != NULL && avow_is_object(v, klass);
  const bool is_end = tag == AVOW_BYTES && avow_is_none(v);
  return tag == AVOW_NONE || v->tag == tag || is_end;
}

/* The inline function that called avow_awaited(). */
static const char *await_called(uint32_t tag) {
  const avow_value_t wanted = { .tag = tag };
  if (tag == AVOW_OBJECT)
    return "object"; /* avow_type_name() would need a class */
  return tag == AVOW_NONE ? "value" : avow_type_name(&wanted);
}

static avow_value_t await_refuse(avow_value_t v, uint32_t tag,
                                 const avow_class_t *klass) {
  const avow_value_t wanted = { .tag = tag };
  const char *name =
      klass != NULL ? avow__class_name(klass) : "object of no class";
  if (tag != AVOW_OBJECT)
    name = avow_type_name(&wanted);
  avow__misuse(
      "avow_await_%s(): value has type %s, not %s; await it as that type",
      await_called(tag), avow_type_name(&v), name);
  const avow_value_t error =
      avow_error_new(AVOW_EMISUSE, avow_none(),
                     "avow_await_%s(): value has type %s, not %s",
                     await_called(tag), avow_type_name(&v), name);
  avow_value_unref(v);
  return error;
}

avow_value_t avow_awaited(avow_value_t v, uint32_t tag,
                          const avow_class_t *klass, avow_value_t *out) {
  if (avow_is_error(&v))
    return v;
  if (out == NULL) {
    avow__misuse(
        "avow_await_%s(): out pointer is NULL; pass a valid out pointer",
        await_called(tag));
    avow_value_unref(v);
    return avow_error(AVOW_EMISUSE);
  }
  if (!await_expects(&v, tag, klass))
    return await_refuse(v, tag, klass);
  *out = v;
  return avow_none();
}
