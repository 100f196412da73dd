/* SPDX-License-Identifier: MIT */
/* All open handles of the process are in one table. The table has one mutex,
   which must outlive the objects of all handles. */
#include "handle_table.h"

#include <stdlib.h>
#include <uv.h>

enum { LISTS = 256 };

static uv_once_t once = UV_ONCE_INIT;
static uv_mutex_t mutex;
static uv_cond_t left;
static door_t *lists[LISTS];
static uintptr_t last; /* number */

static void init(void) {
  if (uv_mutex_init(&mutex) != 0 || uv_cond_init(&left) != 0)
    abort(); /* as libuv does when it cannot lock */
}

static void lock(void) {
  uv_once(&once, init);
  uv_mutex_lock(&mutex);
}

/* Returns the position of the number in its list, or the end of the list. */
static door_t **find_door(uintptr_t number) {
  door_t **at = &lists[number % LISTS];
  while (*at != NULL && (*at)->number != number)
    at = &(*at)->next;
  return at;
}

void *avow__nats_door_open(door_t *door, void *of) {
  lock();
  *door = (door_t){ .number = ++last, .of = of };
  *find_door(door->number) = door;
  uv_mutex_unlock(&mutex);
  /* NOLINTNEXTLINE(performance-no-int-to-ptr): it is never dereferenced */
  return (void *) door->number;
}

door_t *avow__nats_door_enter(void *number) {
  lock();
  door_t *door = *find_door((uintptr_t) number);
  if (door != NULL)
    door->inside++;
  uv_mutex_unlock(&mutex);
  return door;
}

void avow__nats_door_leave(door_t *door) {
  lock();
  if (--door->inside == 0)
    uv_cond_broadcast(&left);
  uv_mutex_unlock(&mutex);
}

void avow__nats_door_shut(door_t *door) {
  lock();
  door_t **at = find_door(door->number);
  if (*at != NULL)
    *at = door->next;
  while (door->inside > 0)
    uv_cond_wait(&left, &mutex);
  uv_mutex_unlock(&mutex);
}
