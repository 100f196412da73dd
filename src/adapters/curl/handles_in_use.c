/* SPDX-License-Identifier: MIT */
/*
 * The set has many short lists. It has one lock, because loops may run on
 * different threads.
 */
#include "handles_in_use.h"

#include <stdint.h>
#include <stdlib.h>

#include "avow/config.h"

enum { LISTS = 1024 };

static uv_once_t once = UV_ONCE_INIT;
static uv_mutex_t lock;
static known_t *lists[LISTS];

static void init(void) {
  if (uv_mutex_init(&lock) != 0)
    abort(); /* as libuv does when it cannot lock */
}

static void enter(void) {
  uv_once(&once, init);
  uv_mutex_lock(&lock);
}

static void leave(void) {
  uv_mutex_unlock(&lock);
}

/* Multiplies, because addresses in use are close to each other. */
static known_t **list_of(const void *what) {
  const uint64_t mixed = (uintptr_t) what * UINT64_C(0x9e3779b97f4a7c15);
  return &lists[mixed >> 54];
}

void avow__curl_known_add(known_t *node, const void *what) {
  known_t **list = list_of(what);
  enter();
  node->what = what;
  node->next = *list;
  *list = node;
  leave();
}

void avow__curl_known_remove(known_t *node) {
  known_t **at = list_of(node->what);
  if (node->what == NULL)
    return;
  enter();
  while (*at != node)
    at = &(*at)->next;
  *at = node->next;
  node->what = NULL;
  leave();
}

bool avow__curl_is_known(const void *what) {
  enter();
  const known_t *node = *list_of(what);
  while (node != NULL && node->what != what)
    node = node->next;
  leave();
  return node != NULL;
}
