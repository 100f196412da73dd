/* All memory of avow comes from these four. */
#ifndef AVOW_ALLOC_H
#define AVOW_ALLOC_H

#include <stddef.h>

void *avow__malloc(size_t size);
void *avow__calloc(size_t n, size_t size);
void *avow__realloc(void *p, size_t size);
void avow__free(void *p);

#endif
