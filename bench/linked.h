/* SPDX-License-Identifier: MIT */
/* The same work in two libraries: one contains avow, and the other is linked
   with the shared library. */
#ifndef LINKED_H
#define LINKED_H

#include <stddef.h>
#include <stdint.h>

/* See bench_fn. */
typedef uint64_t (*linked_fn)(size_t n, size_t rounds);

typedef struct linked_s {
  linked_fn settle, settled, chain, all, await_settled, await_in_turns;
  void (*close)(void);
} linked_t;

/* The clock that times the work. */
typedef uint64_t (*linked_clock)(void);
__attribute__((visibility("default"))) const linked_t *linked_shared(
    linked_clock clock);
__attribute__((visibility("default"))) const linked_t *linked_static(
    linked_clock clock);

#endif
