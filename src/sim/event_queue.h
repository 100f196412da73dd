/* SPDX-License-Identifier: MIT */
/*
 * A binary heap that yields the node that is due first. Nodes are embedded in
 * the objects that wait. Each node knows its place, so that it can be removed
 * from anywhere. Of nodes with equal times, the one with the lower order comes
 * first.
 */
#ifndef AVOW_SIM_EVENT_QUEUE_H
#define AVOW_SIM_EVENT_QUEUE_H

#include <stddef.h>
#include <stdint.h>

typedef struct sim_node_s {
  uint64_t due, order;
  size_t place; /* from 1; 0: in no heap */
} sim_node_t;

typedef struct sim_heap_s {
  sim_node_t **nodes; /* nodes[0] is unused */
  size_t n, room;
} sim_heap_t;

void sim_heap_add(sim_heap_t *heap, sim_node_t *node);
void sim_heap_remove(sim_heap_t *heap, sim_node_t *node);

/* The heap must be empty. */
void sim_heap_free(sim_heap_t *heap);

/* NULL if the heap is empty. */
static inline sim_node_t *sim_heap_first(const sim_heap_t *heap) {
  return heap->n > 0 ? heap->nodes[1] : NULL;
}

#endif
