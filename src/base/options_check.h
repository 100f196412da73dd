/* SPDX-License-Identifier: MIT */
/*
 * Checks the reserved fields of option structs, which are kept for later
 * versions. A program compiled for a later version may set a field that this
 * version does not know. An error is better than ignoring the field.
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

/* Whether all words of an array are zero. */
#define AVOW__IS_ZERO(array) \
  avow__are_zeros((array), sizeof(array) / sizeof((array)[0]))

/* Internal code that avow__error_of() turns into UV_EINVAL with a message of
   its own. No program sees it. */
enum { AVOW__ERESERVED = -20999 };

/* 0 if `options` is NULL or its reserved fields are zero, otherwise
   AVOW__ERESERVED. */
#define AVOW__RESERVED(options)                                \
  ((options) == NULL || AVOW__IS_ZERO((options)->reserved) ? 0 \
                                                           : AVOW__ERESERVED)

#endif
