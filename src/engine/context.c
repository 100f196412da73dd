/* SPDX-License-Identifier: MIT */
/*
 * The context of a loop: found by the loop, and freed with the last promise
 * that refers to it. A call for a loop without a context gets the unbound
 * context, which is closed and makes no promise.
 */
#include "engine/context.h"

#include "base/alloc.h"
#include "engine/slab.h"

static avow__context_t unbound = {
  .queue.head = { &unbound.queue.head, &unbound.queue.head },
  .life = AVOW__CLOSED,
};

static uv_once_t unbound_once = UV_ONCE_INIT;

static avow_promise_t *closed_promise; /* avow__closed_promise() */

static avow_promise_t *unbound_rejection(int i, int code) {
  avow_promise_t *p = avow__pool_static(&unbound, i);
  *p = (avow_promise_t){ .u.value = avow_error(code),
                         .refs = UINT32_MAX / 2,
                         .kind = AVOW__VALUE,
                         .deferreds = UINT8_MAX,
                         .flags = AVOW_REJECTED | AVOW__HANDLED };
  return p;
}

static void unbound_init(void) {
  unbound.no_memory = unbound.canceled = unbound_rejection(0, AVOW_EMISUSE);
  closed_promise = unbound_rejection(1, UV_ECANCELED);
}

avow__context_t *avow__unbound_context(void) {
  uv_once(&unbound_once, unbound_init);
  return &unbound;
}

avow_promise_t *avow__closed_promise(void) {
  (void) avow__unbound_context(); /* sets `closed_promise` */
  return avow__ref(closed_promise);
}

avow__context_t *avow__context_find(const uv_loop_t *loop, const char *called) {
  avow__context_t *c = avow__loop_table_find(loop);
  if (c != NULL)
    return c;
  if (loop == NULL)
    avow__misuse_of_null_in("loop", called);
  else
    avow__misuse_in(called,
                    "loop is closed or not initialized; call "
                    "avow_loop_init(loop, NULL) first");
  return avow__unbound_context();
}

static void extensions_free(avow__context_t *c) {
  for (int i = 0; i < AVOW__EXTENSIONS; i++) {
    avow__extension_t *extension = c->extensions[i];
    if (extension != NULL && extension->subsystem->at_end != NULL)
      extension->subsystem->at_end(c);
    c->extensions[i] = NULL;
    avow_free(extension);
  }
}

void avow__context_free(avow__context_t *c) {
  if (c->canceled != NULL)
    avow__pool_free(&c->pool, c->canceled);
  if (c->no_memory != NULL)
    avow__pool_free(&c->pool, c->no_memory);
  avow__pool_close(&c->pool);
  for (int i = 0; i < AVOW__TABLES; i++)
    avow__table_close(&c->tables[i]);
  extensions_free(c);
  avow_free(c);
}

void avow__context_release(avow__context_t *c) {
  assert(c->life == AVOW__CLOSED);
  if (c->close.left > 2 || c->no_memory->refs > 1 || c->canceled->refs > 1 ||
      c->handle_requests > 0)
    return;
  assert(c != &unbound); /* its rejections are never released */
  avow__context_free(c);
}

static void on_own_closed(uv_handle_t *handle) {
  avow__context_t *c = handle->data;
  c->close.closing_own--;
}

void avow__close_own(avow__context_t *c, uv_handle_t *handle) {
  if (uv_is_closing(handle))
    return;
  c->close.closing_own++;
  uv_close(handle, on_own_closed);
}
