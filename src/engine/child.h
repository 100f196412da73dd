/* SPDX-License-Identifier: MIT */
/*
 * Parents and children. The children of a parent are promises. The parent waits
 * for each of them with a CHILD, a reaction that the program never gets. Each
 * child reports exactly once, even if out of memory, and when the loop closes.
 * The parent's promise may settle or be canceled at any time. But the program
 * gets a promise that settles only after the last child has reported, so that
 * its handler may free data of the children.
 */
#ifndef AVOW_CHILD_H
#define AVOW_CHILD_H

#include "engine/parent.h"
#include "engine/promise.h"

/* Makes a parent of `size` zeroed bytes with one reference, and its promise in
   `*out`. Returns NULL if out of memory, with the rejection in `*out`. */
void *avow__parent_new(uv_loop_t *loop, const avow__parent_class_t *klass,
                       size_t size, avow_promise_t **out);
void avow__parent_unref(avow__parent_t *parent);

/* Makes a parent without further fields, which may come from the reserve, and
   its promise in `*out`. NULL if the reserve is used up. */
avow__parent_t *avow__parent_new_surely(uv_loop_t *loop,
                                        const avow__parent_class_t *klass,
                                        avow_promise_t **out);

/* Makes a parent that has no promise of its own. NULL if out of memory. */
void *avow__parent_alloc(uv_loop_t *loop, const avow__parent_class_t *klass,
                         size_t size);

/* The parent whose children p waits for; NULL if p waits for none. */
avow__parent_t *avow__parent_of(const avow_promise_t *p);

/* Whether p is the promise that the program got for this parent, and is
   pending. */
bool avow__parent_is_source(const avow__parent_t *parent,
                            const avow_promise_t *p);

/* Stops the parent: children that are added later are canceled. Settles its
   promise, unless that was canceled. */
void avow__parent_settle(avow__parent_t *parent, avow_value_t v);

/* Adds a child: the promise or thenable v. If the parent has stopped, the child
   is canceled. It reports from a job. If not even the reserve has a block left,
   it reports at once: a pending child is canceled, and reports UV_ENOMEM. */
void avow__child_add(avow__parent_t *parent, avow_value_t v, uint32_t index);

/* Cancels the children that have no other references. All children still
   report. */
void avow__children_cancel(avow__parent_t *parent);

/* Cancels the children for a reason that avow__cancel_reason() gave. */
void avow__children_cancel_for(avow__parent_t *parent, avow_value_t reason);

#endif
