/* SPDX-License-Identifier: MIT */
/* The options that a program sets for a loop. */
#ifndef AVOW_OPTIONS_H
#define AVOW_OPTIONS_H

#include "engine/context.h"

/* Sets the options of c. NULL and 0 select the defaults. Returns UV_EINVAL if
   an option is out of range, and UV_ENOTSUP if this build cannot call
   on_event. */
int avow__options_set(avow__context_t *c, const avow_options_t *options);

#endif
