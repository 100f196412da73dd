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
static handle_t *lists[LISTS];
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
static handle_t **find_handle(uintptr_t number) {
  handle_t **at = &lists[number % LISTS];
  while (*at != NULL && (*at)->number != number)
    at = &(*at)->next;
  return at;
}

void *avow__nats_handle_open(handle_t *handle, void *of) {
  lock();
  *handle = (handle_t){ .number = ++last, .of = of };
  *find_handle(handle->number) = handle;
  uv_mutex_unlock(&mutex);
  /* NOLINTNEXTLINE(performance-no-int-to-ptr): it is never dereferenced */
  return (void *) handle->number;
}

handle_t *avow__nats_handle_enter(void *number) {
  lock();
  handle_t *handle = *find_handle((uintptr_t) number);
  if (handle != NULL)
    handle->inside++;
  uv_mutex_unlock(&mutex);
  return handle;
}

void avow__nats_handle_leave(handle_t *handle) {
  lock();
  if (--handle->inside == 0)
    uv_cond_broadcast(&left);
  uv_mutex_unlock(&mutex);
}

void avow__nats_handle_close(handle_t *handle) {
  lock();
  handle_t **at = find_handle(handle->number);
  if (*at != NULL)
    *at = handle->next;
  while (handle->inside > 0)
    uv_cond_wait(&left, &mutex);
  uv_mutex_unlock(&mutex);
}
