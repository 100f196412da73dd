/* SPDX-License-Identifier: MIT */
/*
 * Tools: what limiters, groups and the like have in common. A tool is a promise
 * in disguise: fulfilled with the object that it is, or rejected with why it
 * could not be made, which then answers all that is asked of it.
 */
#ifndef AVOW_TOOL_H
#define AVOW_TOOL_H

#include "engine/promise.h"

/* A tool whose object of that class is size zeroed bytes, in *out. Without
   memory a refused tool, and *out is NULL. */
void *avow__tool_new(uv_loop_t *loop, const avow_class_t *klass, size_t size,
                     void **out);

/* A tool that is self, which klass lets go of. NULL without memory for it. */
void *avow__tool_wrap(uv_loop_t *loop, const avow_class_t *klass, void *self);

/* A tool that is nothing but p, which is rejected and taken. */
void *avow__tool_of(avow_promise_t *p);

/* A tool that is nothing but the error, of the operation by that name. */
void *avow__tool_refuse(uv_loop_t *loop, int code, const char *name);

#if AVOW__DEBUG
/* Is it a tool of that class, or was it let go? NULL is told elsewhere. */
void avow__check_tool(const void *tool, const avow_class_t *klass);
#else
#  define avow__check_tool(tool, klass) ((void) (tool))
#endif

/* The object; NULL of a refused tool. */
void *avow__tool_self(const void *tool, const avow_class_t *klass);

/* Lets go of one reference to it; of NULL, too. */
void avow__tool_unref(void *tool, const avow_class_t *klass);

uv_loop_t *avow__tool_loop(const void *tool);

/* One more reference, of whatever stands for a tool that is NULL, too. */
void *avow__tool_ref(const void *tool, const char *what);

#endif
