/* SPDX-License-Identifier: MIT */
/*
 * Closes a handle of the program. The callback of uv_close() gets only the
 * handle, whose `data` belongs to the program. So the promise is found by the
 * handle and is all the state there is: closing needs no memory except the
 * reserve.
 */
#include "avow/net.h"

#include "base/alloc.h"
#include "engine/settle.h"
#include "uv/op.h"
#include "uv/stream_lock.h"
#include "uv/stream_value.h"

static void handle_on_close(uv_handle_t *handle) {
  avow__context_t *c = avow__context_of(handle->loop);
  avow__node_t *node = avow__table_find(&c->tables[AVOW__CLOSERS], handle);
  avow__table_remove(&c->tables[AVOW__CLOSERS], node);
  c->requests--;
  avow__owned_forget(c, handle);
  avow__enter(c);
  avow__resolve((avow_promise_t *) node, avow_none());
  avow__leave(c);
}

static avow_promise_t *closer_new(avow__context_t *c, uv_handle_t *handle) {
  void *block = avow__pool_alloc_reserved(&c->pool);
  if (block == NULL)
    return NULL;
  avow_promise_t *p = avow__promise_init(c, block, AVOW__CLOSE);
  p->node.key = handle;
  avow__table_add(&c->tables[AVOW__CLOSERS], &p->node);
  c->requests++;
  return p;
}

static int handle_begin(uv_handle_t *handle, uv_close_cb cb) {
  uv_close(handle, cb);
  return 0;
}

static int begin_reset(uv_handle_t *handle, uv_close_cb cb) {
  return uv_tcp_close_reset((uv_tcp_t *) handle, cb);
}

/* Undoes the registration, because the handle does not close. */
static avow_promise_t *handle_refuse(avow__context_t *c, avow_promise_t *p,
                                     int err) {
  avow__table_remove(&c->tables[AVOW__CLOSERS], &p->node);
  c->requests--;
  avow__resolve(p, avow__error_of(err, "close", NULL));
  return p;
}

static avow_promise_t *close_with(uv_handle_t *handle,
                                  int (*begin_fn)(uv_handle_t *, uv_close_cb)) {
  if (handle == NULL)
    return avow__refuse_null("handle");
  avow__context_t *c = avow__context_of(handle->loop);
  avow__check_thread(c);
  if (uv_is_closing(handle)) {
    avow__reading_close(c, handle); /* uv_close() did not tell the reader */
    return avow__refuse(handle->loop, UV_EALREADY, "close", NULL);
  }
  if (c->life != AVOW__CLOSED)
    avow__owned_about_to_close(c, handle);
  avow_promise_t *p = c->life == AVOW__CLOSED ? NULL : closer_new(c, handle);
  const int err = begin_fn(handle, p != NULL ? handle_on_close : NULL);
  if (err == 0 && c->life != AVOW__CLOSED)
    avow__reading_close(c, handle);
  if (p == NULL)
    return avow__no_promise(c);
  return err == 0 ? p : handle_refuse(c, p, err);
}

avow_promise_t *avow_close_handle(uv_handle_t *handle) {
  avow__check_given(handle, "handle");
  return close_with(handle, handle_begin);
}

avow_promise_t *avow_close_reset(uv_tcp_t *tcp) {
  avow__check_given(tcp, "handle");
  return close_with((uv_handle_t *) tcp, begin_reset);
}
