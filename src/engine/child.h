/* SPDX-License-Identifier: MIT */
/*
 * Parents and children: a promise that outlives others. Each child is a promise
 * whose outcome its parent waits for, through a reaction without a promise of
 * its own; it reports exactly once, whatever becomes of the memory and of the
 * loop. The parent's promise may settle, or be cancelled, at any time; what the
 * program sees of it comes only when the last child has reported, so that what
 * they use may be freed behind it.
 */
#ifndef AVOW_CHILD_H
#define AVOW_CHILD_H

#include "engine/parent.h"
#include "engine/promise.h"

/* A parent of size zeroed bytes, with one reference; its promise in *out. NULL
   without memory, with the rejection there. */
void *avow__parent_new(uv_loop_t *loop, const avow__parent_class_t *klass,
                       size_t size, avow_promise_t **out);
void avow__parent_unref(avow__parent_t *parent);

/* Makes a parent that holds nothing else from the reserve, where there is no
   other memory. NULL once that is used up. */
avow__parent_t *avow__parent_new_surely(uv_loop_t *loop,
                                        const avow__parent_class_t *klass,
                                        avow_promise_t **out);

/* Makes a parent that has no promise of its own. NULL without memory. */
void *avow__parent_alloc(uv_loop_t *loop, const avow__parent_class_t *klass,
                         size_t size);

/* The parent for the end of whose children a promise waits; NULL if for
   nobody's. */
avow__parent_t *avow__parent_of(const avow_promise_t *p);

/* Whether p is the promise that came of making this parent, and is pending. */
bool avow__parent_is_source(const avow__parent_t *parent,
                            const avow_promise_t *p);

/* Stops, and settles its promise unless that was cancelled. */
void avow__parent_settle(avow__parent_t *parent, avow_value_t v);

/* Adds what v wants to be waited for, and cancels it if the parent has stopped.
   Reports from a job; at once only if not even the reserve has a block left:
   then what is pending is cancelled and reported as UV_ENOMEM. */
void avow__child_add(avow__parent_t *parent, avow_value_t v, uint32_t index);

/* Cancels what nobody else holds. All of them still report. */
void avow__children_cancel(avow__parent_t *parent);

/* The same, because of a reason that avow__cancel_reason() gave. */
void avow__children_cancel_for(avow__parent_t *parent, avow_value_t reason);

#endif
