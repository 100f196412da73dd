/* SPDX-License-Identifier: MIT */
/*
 * What structs that programs fill in keep for later versions. A program that
 * knows a field which this version does not has it there: to pass over what it
 * asks for would be worse than to refuse it.
 */
#ifndef AVOW_OPTIONS_CHECK_H
#define AVOW_OPTIONS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool avow__are_zeros(const uint64_t *words, size_t n) {
  uint64_t bits = 0;
  for (size_t i = 0; i < n; i++)
    bits |= words[i];
  return bits == 0;
}

/* Whether an array is nothing but zeros. */
#define AVOW__IS_ZERO(array) \
  avow__are_zeros((array), sizeof(array) / sizeof((array)[0]))

/* What avow__error_of() makes UV_EINVAL, and says why. No program sees it. */
enum { AVOW__ERESERVED = -20999 };

/* 0 for options that may be used, or none; else that. */
#define AVOW__RESERVED(options)                                \
  ((options) == NULL || AVOW__IS_ZERO((options)->reserved) ? 0 \
                                                           : AVOW__ERESERVED)

#endif
