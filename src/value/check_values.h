/* SPDX-License-Identifier: MIT */
/*
 * Checked builds: the memory of blocks. It is listed until it is freed, and a
 * freed block stays in quarantine for a while. Other builds use the allocator
 * directly.
 */
#ifndef AVOW_CHECK_VALUES_H
#define AVOW_CHECK_VALUES_H

#include "base/alloc.h"
#include "base/misuse.h"
#include "value/value.h"

#if AVOW__DEBUG

/* The memory of a block. These functions do what those of alloc.h do. */
void *avow__value_malloc(size_t size);
void *avow__value_realloc(void *block, size_t size);
void avow__value_free(avow__block_t *block);

/* Keeps the name of the class of an object for the report. */
void avow__value_name(const avow__block_t *block, const char *name);

/* Whether the block was freed. An object that avow keeps for later counts as
   freed while no value refers to it. */
bool avow__value_is_freed(const avow__block_t *block);

/* The text " in PLACE" for the call that freed the block, or "". */
const char *avow__value_freed_in(const avow__block_t *block);

/* Frees the blocks in quarantine. Returns whether there were any. */
bool avow__values_free_quarantine(void);

/* Loops of the process. When one closes, the quarantine is emptied. */
void avow__values_begin(void);
void avow__values_end(void);

/* Prints the values that are left, with their types and places. Values inside
   other values do not count, nor do those that another thread has made. */
void avow__values_report(const char *when);

#else
#  define avow__value_is_freed(block)      avow__is_gone(block)
#  define avow__value_freed_in(block)      ""
#  define avow__values_report(when)        ((void) (when))
#  define avow__value_malloc(size)         avow_malloc(size)
#  define avow__value_realloc(block, size) avow_realloc(block, size)
#  define avow__value_free(block)          avow_free(block)
#  define avow__value_name(block, name)    ((void) 0)
#  define avow__values_begin()             ((void) 0)
#  define avow__values_end()               ((void) 0)
#  define avow__values_free_quarantine()   (false)
#endif

#endif
