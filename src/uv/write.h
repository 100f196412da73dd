/* SPDX-License-Identifier: MIT */
/* Writing to streams. */
#ifndef AVOW_WRITE_H
#define AVOW_WRITE_H

#include "avow/value.h"

/* Whether a value may be written: 0 or an error. */
int avow__write_check(const avow_value_t *bytes);

#endif
