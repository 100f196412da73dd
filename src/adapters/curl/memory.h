/* SPDX-License-Identifier: MIT */
/*
 * Memory, from where avow's comes: a program that has replaced the allocator
 * has replaced this one, too.
 */
#ifndef AVOW_CURL_MEMORY_H
#define AVOW_CURL_MEMORY_H

#include <stddef.h>

/* So many zeros; NULL without memory. */
void *avow__curl_calloc(size_t size);

/* Gives back what that has given. NULL is nothing to give. */
void avow__curl_free(void *data);

#endif
