/* SPDX-License-Identifier: MIT */
/* Makes tools, and rejected substitutes for them. */
#include "tools/tool.h"

#include <string.h>

#include "engine/settle.h"

void *avow__tool_of(avow_promise_t *p) {
  avow__note_there(p);
  p->flags |= AVOW__VALUE_TOOL;
  p->flags |= AVOW__HANDLED;
  return p;
}

void *avow__tool_new(uv_loop_t *loop, const avow_class_t *klass, size_t size,
                     void **out) {
  void *self = NULL;
  const avow_value_t v = avow__object_inline(klass, size, &self);
  if (self != NULL)
    memset(self, 0, size);
  avow_promise_t *p = avow__tool_of(avow_promise_resolve(loop, v));
  *out = avow__state(p) == AVOW_FULFILLED ? self : NULL;
  return p;
}

void *avow__tool_wrap(uv_loop_t *loop, const avow_class_t *klass, void *self) {
  const avow_value_t v =
      self != NULL ? avow_object(klass, self) : avow_error(UV_ENOMEM);
  return avow__tool_of(avow_promise_resolve(loop, v));
}

void *avow__tool_refuse(uv_loop_t *loop, int code, const char *name) {
  return avow__tool_of(avow__refuse(loop, code, name, NULL));
}

#if AVOW__DEBUG
static bool is_tool(const avow_promise_t *p, const avow_class_t *klass) {
  if (p->kind == AVOW__FREE || (p->flags & AVOW__VALUE_TOOL) == 0)
    return false;
  return avow__state(p) == AVOW_REJECTED || /* it was refused */
         ((const avow__object_t *) p->u.value.u.p)->klass == klass;
}

void avow__check_tool_in(const void *tool, const avow_class_t *klass,
                         const char *called) {
  if (avow__is_gone(tool) || (tool != NULL && !is_tool(tool, klass)))
    avow__misuse_of_gone_in(tool, klass->name, called);
}
#endif

void *avow__tool_self_in(const void *tool, const avow_class_t *klass,
                         const char *called) {
  const avow_promise_t *p = tool;
  avow__check_tool_in(tool, klass, called);
  if (p == NULL || avow__state(p) != AVOW_FULFILLED)
    return NULL;
  const avow__object_t *object = p->u.value.u.p;
  return object->klass == klass ? object->self : NULL;
}

void avow__tool_unref_in(void *tool, const avow_class_t *klass,
                         const char *called) {
  avow__check_tool_in(tool, klass, called);
  const avow_promise_t *p = tool;
  if (p != NULL && p->refs == 1)
    avow__note_released(p);
  avow_unref(tool);
}

uv_loop_t *avow__tool_loop(const void *tool) {
  return avow__context(tool)->loop;
}

void *avow__tool_ref_in(const void *tool, const char *what,
                        const char *called) {
  return avow__ref(avow__given_in(tool, what, called));
}
