/* SPDX-License-Identifier: MIT */
/* Errors that avow creates. */
#ifndef AVOW_ERROR_PRIVATE_H
#define AVOW_ERROR_PRIVATE_H

#include "avow/value.h"

/* Marks a new error as caused by a timeout that avow set, and returns it. */
avow_value_t avow__error_of_limit(avow_value_t v);

/* Marks a new error as an aggregate of cancellations only, and returns it. */
avow_value_t avow__error_of_cancel(avow_value_t v);
bool avow__error_is_of_cancel(const avow_value_t *v);

/* Makes an error that reads "name 'object': text of the code". `object` may be
   NULL. */
avow_value_t avow__error_of(int code, const char *name, const char *object);

#endif
