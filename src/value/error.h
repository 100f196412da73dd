/* SPDX-License-Identifier: MIT */
/* Errors that avow makes itself. */
#ifndef AVOW_ERROR_PRIVATE_H
#define AVOW_ERROR_PRIVATE_H

#include "avow/value.h"

/* Notes of a new error that a limit of ours is its reason, and returns it. */
avow_value_t avow__error_of_limit(avow_value_t v);

/* Notes of a new error that it is an aggregate of cancellations only. */
avow_value_t avow__error_of_cancel(avow_value_t v);
bool avow__error_is_of_cancel(const avow_value_t *v);

/* An error that reads "name 'object': text of the code"; object may be NULL. */
avow_value_t avow__error_of(int code, const char *name, const char *object);

#endif
