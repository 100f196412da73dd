/* SPDX-License-Identifier: MIT */
/* What a program asks of a loop by its options. */
#ifndef AVOW_OPTIONS_H
#define AVOW_OPTIONS_H

#include "engine/context.h"

/* Sets what the options say; what is NULL or 0 is the default. UV_EINVAL for
   what is out of range. */
int avow__options_set(avow__context_t *c, const avow_options_t *options);

#endif
