/* SPDX-License-Identifier: MIT */
/*
 * Serving. Connections are children of the service, so none outlives it. When
 * the limit is reached, the next connection waits, and libuv then stops
 * listening by itself. A connection for which there is no memory waits in
 * libuv, which reports it only once. So the service tries again after a pause.
 * A channel of connections makes an item of that failure instead and is asked
 * again at once. For that reason this does not use avow_each().
 */
#include "uv/serve.h"

#include "avow/net.h"
#include "avow/timer.h"
#include "base/container.h"
#include "engine/child.h"
#include "uv/op.h"
#include "uv/stream_lock.h"
#include "uv/stream_value.h"

enum { CONNECTION, PAUSE }; /* indexes of children */

enum { PAUSE_MS = 100 };

typedef struct {
  avow__parent_t parent;
  avow__reading_t reading; /* registered by server */
  avow_value_t server;
  avow__service_t service;
  bool waiting; /* there may be a connection to accept */
  bool closed;  /* the server is closed */
  bool filling;
} serve_t;

static serve_t *serve_of(void *reading) {
  return AVOW__CONTAINER(serve_t, reading, reading);
}

static void serve_begin(serve_t *serve, avow_value_t stream) {
  const avow_value_t v = serve->service.serve(stream, serve->service.data);
  if (v.tag >= AVOW_PROMISE)
    avow__child_add(&serve->parent, v, CONNECTION);
  else
    avow__value_unref(v);
}

static void rest(serve_t *serve) {
  avow_promise_t *p = avow_sleep(serve->parent.context->loop, PAUSE_MS);
  avow__child_add(&serve->parent, avow_follow(p), PAUSE);
}

static void accept_one(serve_t *serve) {
  const avow_value_t v = avow_accept(avow__owned_handle(&serve->server));
  serve->waiting = false;
  if (v.tag == AVOW_OBJECT) {
    serve_begin(serve, v);
    return;
  }
  if (avow_is_error(&v))
    rest(serve);
  avow__value_unref(v);
}

static bool serve_has_room(const serve_t *serve) {
  return !serve->closed && serve->parent.running < serve->service.concurrency;
}

/* The service may close its server, or its promise may report, while a
   connection is added. The connection is then not yet a child, or this function
   is already on the stack. */
static void serve_go_on(serve_t *serve) {
  if (serve->filling)
    return;
  serve->filling = true;
  while (serve->waiting && serve_has_room(serve))
    accept_one(serve);
  serve->filling = false;
  if (serve->closed && serve->parent.running == 0)
    avow__parent_settle(&serve->parent, avow_none());
}

static void serve_on_connection(uv_stream_t *server, int status) {
  avow__context_t *c = avow__context_of(server->loop);
  avow__node_t *node = avow__net_find(c, AVOW__READERS, server);
  assert(node != NULL); /* otherwise libuv would not call back */
  if (status < 0)       /* libuv could not accept it */
    return;
  serve_t *serve = serve_of(node);
  avow__enter(c);
  serve->waiting = true;
  serve_go_on(serve);
  avow__leave(c);
}

static void serve_on_close(avow__reading_t *reading) {
  serve_t *serve = serve_of(reading);
  avow__net_remove(serve->parent.context, AVOW__READERS, &reading->node);
  serve->closed = true;
  serve_go_on(serve);
}

/* If the program has closed the handle, the service is not told. */
static void serve_cancel(avow__parent_t *parent) {
  serve_t *serve = (serve_t *) parent;
  avow__owned_close_value(&serve->server);
  if (!serve->closed)
    serve_on_close(&serve->reading);
  avow__children_cancel(parent);
}

static void serve_give_up(serve_t *serve, avow_value_t reason) {
  avow__parent_settle(&serve->parent, reason);
  serve_cancel(&serve->parent);
}

static void serve_report(avow__parent_t *parent, uint32_t index,
                         avow_value_t outcome) {
  serve_t *serve = (serve_t *) parent;
  const int code = avow_error_code(&outcome);
  if (index == PAUSE)
    serve->waiting = true;
  if (!parent->stopped &&
      (code == UV_ECANCELED || (index == PAUSE && code != 0))) {
    serve_give_up(serve, outcome);
    return;
  }
  avow__value_unref(outcome);
  serve_go_on(serve);
}

static void serve_destroy(avow__parent_t *parent) {
  avow__value_unref(((const serve_t *) parent)->server);
}

static const avow__parent_class_t serve_class = { .report = serve_report,
                                                  .cancel = serve_cancel,
                                                  .destroy = serve_destroy };

avow_promise_t *avow__serve(avow_value_t server,
                            const avow__service_t *service) {
  uv_loop_t *loop = avow__owned_handle(&server)->loop;
  avow_promise_t *p;
  serve_t *serve = avow__parent_new(loop, &serve_class, sizeof(*serve), &p);
  if (serve == NULL) {
    avow__value_unref(server);
    return p;
  }
  serve->server = server;
  serve->service = *service;
  serve->reading.on_close = serve_on_close;
  const int err =
      avow__reading_listen(serve->parent.context, &serve->reading,
                           avow__owned_handle(&serve->server),
                           serve->service.backlog, serve_on_connection);
  if (err != 0)
    avow__parent_settle(&serve->parent, avow__error_of(err, "listen", NULL));
  avow__parent_unref(&serve->parent);
  return p;
}

static void serve_let_go(void *block) {
  avow__value_unref(avow__block_value(block));
}

static avow_value_t serve_forget(const avow_value_t *outcome, void *data) {
  return avow_none();
}

avow_value_t avow__attend(avow_value_t stream, avow_cb fn, void *data) {
  uv_loop_t *loop = avow__owned_handle(&stream)->loop;
  const avow_value_t v = fn(&stream, data);
  if (v.tag < AVOW_PROMISE) {
    avow__value_unref(v);
    avow__value_unref(stream);
    return avow_none();
  }
  avow_promise_t *p = avow_promise_resolve(loop, v);
  p = avow_attach(p, stream.u.p, serve_let_go);
  return avow_follow(avow_then(p, serve_forget, serve_forget, NULL));
}
