/* SPDX-License-Identifier: MIT */
#include "outcome_waiters.h"

#include <string.h>

#include "avow/loop.h"

static size_t hash(const char *token) {
  size_t h = 5381;
  for (; *token != '\0'; token++)
    h = h * 33 + (unsigned char) *token;
  return h;
}

static entry_t **list_of(const outcome_waiters_t *p, const char *token) {
  return &p->lists[hash(token) & (p->size - 1)];
}

static void pending_link(outcome_waiters_t *p, entry_t *entry) {
  entry_t **list = list_of(p, entry->token);
  entry->next = *list;
  *list = entry;
}

static bool pending_grow(outcome_waiters_t *p) {
  const outcome_waiters_t old = *p;
  const size_t size = old.size > 0 ? old.size * 2 : 64;
  entry_t **lists = avow_calloc(size, sizeof(entry_t *));
  if (lists == NULL)
    return false;
  p->lists = lists;
  p->size = size;
  for (size_t i = 0; i < old.size; i++)
    for (entry_t *next, *entry = old.lists[i]; entry != NULL; entry = next) {
      next = entry->next;
      pending_link(p, entry);
    }
  avow_free(old.lists);
  return true;
}

bool avow__nats_outcome_waiters_add(outcome_waiters_t *p, entry_t *entry) {
  if (p->count == p->size && !pending_grow(p))
    return false;
  pending_link(p, entry);
  p->count++;
  return true;
}

void avow__nats_outcome_waiters_remove(outcome_waiters_t *p, entry_t *entry) {
  entry_t **at = list_of(p, entry->token);
  while (*at != entry)
    at = &(*at)->next;
  *at = entry->next;
  p->count--;
}

static void wake(entry_t *entry) {
  avow_deferred_t *d = entry->wake;
  entry->noted = true;
  entry->wake = NULL;
  if (d != NULL)
    (void) avow_resolve(d, avow_none()); /* false if canceled */
}

void avow__nats_outcome_waiters_wake(outcome_waiters_t *p, const char *token) {
  for (size_t i = 0; token == NULL && i < p->size; i++)
    for (entry_t *entry = p->lists[i]; entry != NULL; entry = entry->next)
      wake(entry);
  if (token == NULL || p->size == 0)
    return;
  for (entry_t *entry = *list_of(p, token); entry != NULL; entry = entry->next)
    if (strcmp(entry->token, token) == 0)
      wake(entry);
}

void avow__nats_outcome_waiters_free(outcome_waiters_t *p) {
  avow_free(p->lists);
}
