/* SPDX-License-Identifier: MIT */
/*
 * A list with a head element that closes the circle. No operation needs a
 * branch for the empty queue, and removing an element does not need the queue.
 */
#ifndef AVOW_QUEUE_H
#define AVOW_QUEUE_H

#include <stdbool.h>

#include "base/list.h"

typedef struct avow__queue_s {
  avow__link_t head; /* `next` is the first element, `prev` the last */
} avow__queue_t;

static inline void avow__queue_init(avow__queue_t *queue) {
  queue->head.next = queue->head.prev = &queue->head;
}

static inline bool avow__queue_is_empty(const avow__queue_t *queue) {
  return queue->head.next == &queue->head;
}

/* Appends the elements that are linked from `first` to `last`. */
static inline void avow__queue_join(avow__queue_t *queue, avow__link_t *first,
                                    avow__link_t *last) {
  avow__link_t *before = queue->head.prev;
  first->prev = before;
  last->next = &queue->head;
  before->next = first;
  queue->head.prev = last;
}

static inline void avow__queue_append(avow__queue_t *queue,
                                      avow__link_t *link) {
  avow__queue_join(queue, link, link);
}

static inline void avow__queue_remove(avow__link_t *link) {
  link->prev->next = link->next;
  link->next->prev = link->prev;
}

/* Appends all elements of `from` and leaves it empty. */
static inline void avow__queue_move(avow__queue_t *queue, avow__queue_t *from) {
  if (avow__queue_is_empty(from))
    return;
  avow__queue_join(queue, from->head.next, from->head.prev);
  avow__queue_init(from);
}

/* Removes and returns the first element; the queue must not be empty. */
static inline avow__link_t *avow__queue_take_first(avow__queue_t *queue) {
  avow__link_t *first = queue->head.next;
  queue->head.next = first->next;
  first->next->prev = &queue->head;
  return first;
}

#endif
