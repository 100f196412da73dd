/* SPDX-License-Identifier: MIT */
/*
 * Which values may move to another thread. Counts are atomic, but releasing an
 * object's last reference may need its loop. The values are walked with a stack
 * of fixed size, and deeper nesting is refused.
 */
#include "value/sendable.h"

enum { DEPTH = 32 };

typedef struct {
  const avow_value_t *at, *end;
} range_t;

static range_t inside(const avow_value_t *v) {
  if (v->tag == AVOW_LIST) {
    const avow__list_t *list = v->u.p;
    return (range_t){ list->items, list->items + list->len };
  }
  const avow_value_t *cause = NULL;
  if (v->tag == AVOW_ERROR)
    cause = avow_error_cause(v);
  return (range_t){ cause, cause != NULL ? cause + 1 : NULL };
}

static bool stays(const avow_value_t *v) {
  if (v->tag != AVOW_OBJECT)
    return v->tag >= AVOW_PROMISE;
  return !((const avow__object_t *) v->u.p)->klass->sendable;
}

/* The name of a value that must stay on its thread, or NULL. */
static const char *find_stayer(const avow_value_t *v) {
  range_t stack[DEPTH] = { { v, v + 1 } };
  size_t depth = 1;
  while (depth > 0) {
    range_t *top = &stack[depth - 1];
    if (top->at == top->end) {
      depth--;
      continue;
    }
    const avow_value_t *one = top->at++;
    if (stays(one))
      return avow_type_name(one);
    const range_t more = inside(one);
    if (more.at != more.end && depth == DEPTH)
      return "a list nested too deeply";
    if (more.at != more.end)
      stack[depth++] = more;
  }
  return NULL;
}

bool avow__crosses_inside(avow_value_t v) {
  return find_stayer(&v) == NULL;
}

avow_value_t avow__crossing(const char *name, avow_value_t v) {
  if (avow__crosses_plainly(v))
    return v;
  const char *stayer = find_stayer(&v);
  if (stayer == NULL)
    return v;
  const avow_value_t error =
      avow_error_new(AVOW_EMISUSE, avow_none(), "%s: %s cannot change threads",
                     name, stayer);
  avow__value_unref(v);
  return error;
}
