/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdlib.h>
#include <string.h>

char *text_new(const uint8_t *data, size_t len) {
  char *text = malloc(len + 1);
  if (text == NULL)
    abort();
  if (len > 0)
    memcpy(text, data, len);
  text[len] = '\0';
  return text;
}

char *text_line(const uint8_t **data, size_t *size) {
  const uint8_t *end = *size > 0 ? memchr(*data, '\n', *size) : NULL;
  const size_t len = end != NULL ? (size_t) (end - *data) : *size;
  char *text = text_new(*data, len);
  const size_t used = end != NULL ? len + 1 : len;
  *data += used;
  *size -= used;
  return text;
}
