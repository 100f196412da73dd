/* SPDX-License-Identifier: MIT */
/*
 * Connects a handle of the program by name. avow_connect() uses handles of its
 * own. When one of them has connected, its connection moves to the program's
 * handle, which is not used before. The program may therefore close that handle
 * or connect it in another way when the promise is canceled or rejects.
 */
#include "avow/net.h"
#include "base/container.h"
#include "engine/cancel.h"
#include "engine/child.h"
#include "uv/op.h"
#include "uv/stream.h"
#include "uv/stream_value.h"
#include "uv/tcp_move.h"

typedef struct {
  avow__parent_t parent;
  avow__reading_t watch; /* registered by handle, to be told when it closes */
  uv_tcp_t *tcp;
} host_connect_t;

static void host_connect_leave(host_connect_t *host_connect) {
  avow__stream_leave(&host_connect->watch, host_connect->parent.context,
                     AVOW__WATCHED);
}

static avow_value_t host_connect_move(uv_tcp_t *tcp,
                                      const avow_value_t *stream) {
  const int err = uv_is_closing((const uv_handle_t *) tcp)
                      ? UV_ECANCELED
                      : avow__tcp_move(avow__owned_handle(stream), tcp);
  return err == 0 ? avow_none() : avow__error_of(err, "connect", NULL);
}

static void host_connect_report(avow__parent_t *parent, uint32_t index,
                                avow_value_t outcome) {
  host_connect_t *host_connect = (host_connect_t *) parent;
  host_connect_leave(host_connect);
  if (avow_is_error(&outcome)) {
    avow__parent_settle(parent, outcome);
    return;
  }
  if (parent->deferred != NULL)
    avow__parent_settle(parent, host_connect_move(host_connect->tcp, &outcome));
  avow__value_unref(outcome);
}

static void host_connect_cancel(avow__parent_t *parent) {
  host_connect_leave((host_connect_t *) parent);
  avow__children_cancel(parent);
}

static const avow__parent_class_t host_connect_class = {
  .report = host_connect_report, .cancel = host_connect_cancel
};

static void host_connect_on_close(avow__reading_t *watch) {
  const host_connect_t *host_connect =
      AVOW__CONTAINER(host_connect_t, watch, watch);
  avow__cancel((avow_promise_t *) host_connect->parent.deferred);
}

/* 0, or an error if the handle cannot be connected. */
static int host_connect_enter(host_connect_t *host_connect, const char *host,
                              const char *service) {
  uv_tcp_t *tcp = host_connect->tcp;
  if (host == NULL || service == NULL || avow__tcp_has_socket(tcp))
    return UV_EINVAL;
  return avow__stream_enter(&host_connect->watch, AVOW__WATCHED,
                            avow_uv_stream((uv_stream_t *) tcp),
                            host_connect_on_close);
}

avow_promise_t *avow_tcp_connect_host(uv_tcp_t *tcp, const char *host,
                                      const char *service) {
  if (tcp == NULL)
    return avow__refuse_null("handle");
  avow_promise_t *p;
  host_connect_t *host_connect =
      avow__parent_new(tcp->loop, &host_connect_class, sizeof(*host_connect),
                       &p);
  if (host_connect == NULL)
    return p;
  host_connect->tcp = tcp;
  const int err = host_connect_enter(host_connect, host, service);
  if (err == 0)
    avow__child_add(&host_connect->parent,
                    avow_follow(avow_connect(tcp->loop, host, service)), 0);
  else
    avow__parent_settle(&host_connect->parent,
                        avow__error_of(err, "connect", host));
  avow__parent_unref(&host_connect->parent);
  return p;
}
