/* SPDX-License-Identifier: MIT */
#include "box.h"

#include <stdlib.h>
#include <sys/queue.h>

typedef struct maker_s {
  LIST_ENTRY(maker_s) link;
  avow_promise_t *p;
  napi_ref fn;
} maker_t;

/* The JavaScript object for a list of avow, or for an error with a list. */
typedef struct twin_s {
  LIST_ENTRY(twin_s) link;
  avow_value_t value;
  napi_ref object;
} twin_t;

static napi_ref error_maker;
static LIST_HEAD(, maker_s) makers;
static LIST_HEAD(, twin_s) twins;

static void destroy(void *self) {
  release_ref(self);
}

static const avow_class_t box_class = { .name = "JavaScript value",
                                        .destroy = destroy };

avow_value_t box(napi_value v) {
  napi_value holder = array_new();
  append(holder, v);
  return avow_object(&box_class, keep(holder));
}

avow_value_t box_reason(napi_value v) {
  return avow_error_new(AVOW_EREASON, box(v), NULL);
}

void box_set_error_maker(napi_value fn) {
  release_ref(error_maker);
  error_maker = keep(fn);
}

void box_set_list_maker(avow_promise_t *p, napi_value fn) {
  maker_t *maker = allocate(sizeof(*maker));
  maker->p = p;
  maker->fn = keep(fn);
  LIST_INSERT_HEAD(&makers, maker, link);
}

static napi_value items_of(const avow_value_t *list) {
  napi_value items = array_new();
  for (size_t i = 0; i < avow_list_len(list); i++) {
    const avow_value_t *item = avow_list_at(list, i);
    napi_value rejected;
    must(napi_get_boolean(host.env, avow_is_error(item), &rejected));
    append(items, rejected);
    append(items, unbox(item));
  }
  return items;
}

static napi_value make_error(const avow_value_t *v) {
  const avow_value_t *cause = avow_error_cause(v);
  napi_value born = array_new(), code, out;
  must(napi_create_int32(host.env, avow_error_code(v), &code));
  append(born, code);
  append(born, cause != NULL ? items_of(cause) : undefined());
  if (!call(kept(error_maker), born, &out))
    fail("promise.js made no error");
  return out;
}

static bool fulfilled_with(const maker_t *maker, const avow_value_t *list) {
  return avow_state(maker->p) == AVOW_FULFILLED &&
         avow_result(maker->p)->u.p == list->u.p;
}

/* The combinator of the list has the function that converts it. */
static napi_value make_list(const avow_value_t *list) {
  const maker_t *maker = LIST_FIRST(&makers);
  while (maker != NULL && !fulfilled_with(maker, list))
    maker = LIST_NEXT(maker, link);
  napi_value out;
  if (maker == NULL || !call(kept(maker->fn), items_of(list), &out))
    fail("promise.js made no list");
  return out;
}

static twin_t *twin_find(const avow_value_t *v) {
  twin_t *twin = LIST_FIRST(&twins);
  while (twin != NULL && twin->value.u.p != v->u.p)
    twin = LIST_NEXT(twin, link);
  return twin;
}

static napi_value twin_of(const avow_value_t *v) {
  twin_t *twin = twin_find(v);
  if (twin != NULL)
    return kept(twin->object);
  napi_value object = v->tag == AVOW_LIST ? make_list(v) : make_error(v);
  twin = allocate(sizeof(*twin));
  twin->object = keep(object);
  twin->value = avow_value_ref(v);
  LIST_INSERT_HEAD(&twins, twin, link);
  return object;
}

napi_value unbox(const avow_value_t *v) {
  if (avow_is_none(v))
    return undefined();
  if (v->tag == AVOW_OBJECT)
    return element(kept(avow_to_object(v, &box_class)), 0);
  if (avow_error_code(v) == AVOW_EREASON)
    return unbox(avow_error_cause(v));
  const bool has_list =
      v->tag == AVOW_LIST || avow_error_code(v) == AVOW_EAGGREGATE;
  return has_list ? twin_of(v) : make_error(v);
}

static void close_makers(void) {
  while (!LIST_EMPTY(&makers)) {
    maker_t *maker = LIST_FIRST(&makers);
    LIST_REMOVE(maker, link);
    release_ref(maker->fn);
    avow_unref(maker->p);
    free(maker);
  }
}

static void close_twins(void) {
  while (!LIST_EMPTY(&twins)) {
    twin_t *twin = LIST_FIRST(&twins);
    LIST_REMOVE(twin, link);
    release_ref(twin->object);
    avow_value_unref(twin->value);
    free(twin);
  }
}

void box_close(void) {
  close_makers();
  close_twins();
  release_ref(error_maker);
}
