/* SPDX-License-Identifier: MIT */
/*
 * Tools: the common base of limiters, rates and similar objects. A tool is a
 * promise internally. It is fulfilled with its object, or rejected with the
 * reason why it could not be made. That rejection then answers every call on
 * the tool.
 */
#ifndef AVOW_TOOL_H
#define AVOW_TOOL_H

#include "base/symbol.h"
#include "engine/promise.h"

/* Makes a tool whose object is `size` zeroed bytes of that class, stored in
   `*out`. If memory is short, returns a refused tool and sets `*out` to NULL.
 */
void *avow__tool_new(uv_loop_t *loop, const avow_class_t *klass, size_t size,
                     void **out);

/* Makes a tool of `self`, which `klass` releases. `self` is NULL if there was
   no memory for it. */
void *avow__tool_wrap(uv_loop_t *loop, const avow_class_t *klass, void *self);

/* Makes a refused tool of `p`, which is rejected, and takes ownership of `p`.
 */
void *avow__tool_of(avow_promise_t *p);

/* Makes a refused tool with an error of the operation `name`. */
void *avow__tool_refuse(uv_loop_t *loop, int code, const char *name);

#if AVOW__DEBUG
/* Checks that the tool has that class and was not released. NULL is reported by
   other functions. */
#  define avow__check_tool(tool, klass) \
    avow__check_tool_in(tool, klass, __func__)
void avow__check_tool_in(const void *tool, const avow_class_t *klass,
                         const char *called);
#else
#  define avow__check_tool(tool, klass)            ((void) (tool))
#  define avow__check_tool_in(tool, klass, called) ((void) (called))
#endif

/* Returns the tool's object; NULL if the tool was refused. */
#define avow__tool_self(tool, klass) \
  avow__tool_self_in(tool, klass, AVOW__CALLED)
void *avow__tool_self_in(const void *tool, const avow_class_t *klass,
                         const char *called);

/* Releases one reference; `tool` may be NULL. */
#define avow__tool_unref(tool, klass)                                  \
  (avow__site_begin(), avow__tool_unref_in(tool, klass, AVOW__CALLED), \
   avow__site_end())
void avow__tool_unref_in(void *tool, const avow_class_t *klass,
                         const char *called);

uv_loop_t *avow__tool_loop(const void *tool);

/* Adds a reference and returns it. If `tool` is NULL, the reference is to the
   substitute. */
#define avow__tool_ref(tool, what) avow__tool_ref_in(tool, what, AVOW__CALLED)
void *avow__tool_ref_in(const void *tool, const char *what, const char *called);

#endif
