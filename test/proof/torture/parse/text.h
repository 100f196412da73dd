/* SPDX-License-Identifier: MIT */
/* Inputs as texts. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Returns a copy with a NUL, in a block of exactly that size. The caller frees
   it. */
char *text_new(const uint8_t *data, size_t len);

/* Returns the first line, up to a NUL. Sets *data and *size to the rest. */
char *text_line(const uint8_t **data, size_t *size);

#endif
