/* SPDX-License-Identifier: MIT */
/*
 * Conversion between JavaScript values and values of avow. Each value becomes
 * an avow object that references an array with that element, because primitives
 * cannot be referenced. The references are strong, so a cycle through a
 * promise's value is never collected. That suffices for tests.
 */
#ifndef BOX_H
#define BOX_H

#include "host.h"

avow_value_t box(napi_value v);

/* Returns the JavaScript value. For a reason, it returns the thrown value.
   Lists and errors that avow made become objects. Each becomes the same object
   every time, except errors that are only a code. */
napi_value unbox(const avow_value_t *v);

/* Returns an error whose reason is the JavaScript value. */
avow_value_t box_reason(napi_value v);

/* Sets the function (code, items) that makes the object of an error of avow. */
void box_set_error_maker(napi_value fn);

/* Sets the function that converts the list with which `p` fulfills. The items
   are an array [rejected, value or reason, …]. Takes ownership of `p`. */
void box_set_list_maker(avow_promise_t *p, napi_value fn);

/* Releases all references. */
void box_close(void);

#endif
