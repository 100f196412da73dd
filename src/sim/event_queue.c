/* SPDX-License-Identifier: MIT */
#include "sim/event_queue.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#include "sim/world.h"

static bool is_before(const sim_node_t *a, const sim_node_t *b) {
  return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void heap_put(sim_heap_t *heap, sim_node_t *node, size_t place) {
  heap->nodes[place] = node;
  node->place = place;
}

static void heap_rise(sim_heap_t *heap, sim_node_t *node, size_t place) {
  while (place > 1 && is_before(node, heap->nodes[place / 2])) {
    heap_put(heap, heap->nodes[place / 2], place);
    place /= 2;
  }
  heap_put(heap, node, place);
}

static void heap_sink(sim_heap_t *heap, sim_node_t *node, size_t place) {
  for (;;) {
    size_t child = 2 * place;
    if (child > heap->n)
      break;
    if (child < heap->n &&
        is_before(heap->nodes[child + 1], heap->nodes[child]))
      child++;
    if (is_before(node, heap->nodes[child]))
      break;
    heap_put(heap, heap->nodes[child], place);
    place = child;
  }
  heap_put(heap, node, place);
}

static void heap_grow(sim_heap_t *heap) {
  const size_t room = heap->room == 0 ? 64 : 2 * heap->room;
  sim_node_t **nodes = sim_alloc(room * sizeof(sim_node_t *));
  if (heap->nodes != NULL)
    memcpy(nodes, heap->nodes, heap->room * sizeof(sim_node_t *));
  sim_free(heap->nodes);
  heap->nodes = nodes;
  heap->room = room;
}

void sim_heap_add(sim_heap_t *heap, sim_node_t *node) {
  assert(node->place == 0);
  if (heap->n + 1 >= heap->room)
    heap_grow(heap);
  heap->n++;
  heap_rise(heap, node, heap->n);
}

void sim_heap_remove(sim_heap_t *heap, sim_node_t *node) {
  const size_t place = node->place;
  assert(place > 0 && heap->nodes[place] == node);
  node->place = 0;
  sim_node_t *last = heap->nodes[heap->n--];
  if (last == node)
    return;
  heap_rise(heap, last, place);
  heap_sink(heap, last, last->place);
}

void sim_heap_free(sim_heap_t *heap) {
  assert(heap->n == 0);
  sim_free(heap->nodes);
  *heap = (sim_heap_t){ 0 };
}
