/* SPDX-License-Identifier: MIT */
/* Inputs as texts. */
#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Returns a copy with a NUL behind it, in memory of exactly that size. The
   caller frees it. */
char *text_new(const uint8_t *data, size_t len);

/* The first line, up to a NUL in it; *data and *size are then what follows. */
char *text_line(const uint8_t **data, size_t *size);

#endif
