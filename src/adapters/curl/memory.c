/* SPDX-License-Identifier: MIT */
/*
 * Memory from avow's allocator, which public headers offer as values of bytes:
 * a block is such a value, and begins with it, so that it can let go of itself.
 */
#include "memory.h"

#include <assert.h>
#include <string.h>

#include "avow/error.h"

typedef struct {
  avow_value_t own;
  void *data[]; /* as pointers are aligned */
} block_t;

void *avow__curl_calloc(size_t size) {
  char *at;
  const avow_value_t own = avow_bytes_new(sizeof(block_t) + size, &at);
  if (avow_is_error(&own))
    return NULL;
  assert((uintptr_t) at % sizeof(void *) == 0);
  block_t *block = (void *) at;
  block->own = own;
  return memset(block->data, 0, size);
}

void avow__curl_free(void *data) {
  if (data == NULL)
    return;
  const block_t *block = (void *) ((char *) data - offsetof(block_t, data));
  avow_value_unref(block->own);
}
