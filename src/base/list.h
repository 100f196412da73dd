/* SPDX-License-Identifier: MIT */
/*
 * A circular doubly linked list, threaded through its elements. The list is a
 * pointer to the first element, whose `prev` is the last. Appending, removing
 * any element and joining two lists take constant time.
 */
#ifndef AVOW_LIST_H
#define AVOW_LIST_H

#include <stddef.h>

typedef struct avow__link_s avow__link_t;

struct avow__link_s {
  avow__link_t *next, *prev;
};

static inline void avow__list_append(avow__link_t **list, avow__link_t *link) {
  avow__link_t *first = *list;
  if (first == NULL) {
    link->next = link->prev = link;
    *list = link;
    return;
  }
  link->next = first;
  link->prev = first->prev;
  first->prev->next = link;
  first->prev = link;
}

static inline void avow__list_remove(avow__link_t **list, avow__link_t *link) {
  if (link->next == link) {
    *list = NULL;
    return;
  }
  link->prev->next = link->next;
  link->next->prev = link->prev;
  if (*list == link)
    *list = link->next;
}

/* Removes and returns the first element; the list must not be empty. */
static inline avow__link_t *avow__list_take_first(avow__link_t **list) {
  avow__link_t *first = *list;
  avow__link_t *next = first->next;
  if (next == first) {
    *list = NULL;
    return first;
  }
  next->prev = first->prev;
  first->prev->next = next;
  *list = next;
  return first;
}

/* Appends all elements of `more`, which must not be empty. */
static inline void avow__list_splice(avow__link_t **list, avow__link_t *more) {
  avow__link_t *first = *list;
  if (first == NULL) {
    *list = more;
    return;
  }
  avow__link_t *last = more->prev;
  first->prev->next = more;
  more->prev = first->prev;
  last->next = first;
  first->prev = last;
}

#endif
