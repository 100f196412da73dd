/* Making tools, and refusing to. */
#include "tool.h"

#include <string.h>

#include "op.h"

static avow_promise_t *handled(avow_promise_t *p) {
  p->flags |= AVOW__HANDLED;
  return p;
}

void *avow__tool_new(uv_loop_t *loop, const avow_class_t *klass, size_t size,
                     void **out) {
  void *self = NULL;
  const avow_value_t v = avow__object_inline(klass, size, &self);
  if (self != NULL)
    memset(self, 0, size);
  avow_promise_t *p = handled(avow_promise_resolve(loop, v));
  *out = avow__state(p) == AVOW_FULFILLED ? self : NULL;
  return p;
}

void *avow__tool_wrap(uv_loop_t *loop, const avow_class_t *klass, void *self) {
  const avow_value_t v =
      self != NULL ? avow_object(klass, self) : avow_error(UV_ENOMEM);
  return handled(avow_promise_resolve(loop, v));
}

void *avow__tool_refuse(uv_loop_t *loop, int code, const char *name) {
  return handled(avow__op_refuse(loop, code, name, NULL));
}
