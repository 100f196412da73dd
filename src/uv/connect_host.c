/* SPDX-License-Identifier: MIT */
/*
 * Connects a handle of the program by name. The race uses handles of its own,
 * and the program's handle then gets the connection that won. It is not touched
 * before. The program may therefore close it or connect it in another way
 * whenever the promise is canceled or rejects.
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
} hosting_t;

static void hosting_leave(hosting_t *hosting) {
  avow__stream_leave(&hosting->watch, hosting->parent.context, AVOW__WATCHED);
}

static avow_value_t hosting_move(uv_tcp_t *tcp, const avow_value_t *stream) {
  const int err = uv_is_closing((const uv_handle_t *) tcp)
                      ? UV_ECANCELED
                      : avow__tcp_move(avow__owned_handle(stream), tcp);
  return err == 0 ? avow_none() : avow__error_of(err, "connect", NULL);
}

static void hosting_report(avow__parent_t *parent, uint32_t index,
                           avow_value_t outcome) {
  hosting_t *hosting = (hosting_t *) parent;
  hosting_leave(hosting);
  if (avow_is_error(&outcome)) {
    avow__parent_settle(parent, outcome);
    return;
  }
  if (parent->deferred != NULL)
    avow__parent_settle(parent, hosting_move(hosting->tcp, &outcome));
  avow__value_unref(outcome);
}

static void hosting_cancel(avow__parent_t *parent) {
  hosting_leave((hosting_t *) parent);
  avow__children_cancel(parent);
}

static const avow__parent_class_t hosting_class = { .report = hosting_report,
                                                    .cancel = hosting_cancel };

static void hosting_on_close(avow__reading_t *watch) {
  const hosting_t *hosting = AVOW__CONTAINER(hosting_t, watch, watch);
  avow__cancel((avow_promise_t *) hosting->parent.deferred);
}

/* 0, or an error if the handle cannot be connected. */
static int hosting_enter(hosting_t *hosting, const char *host,
                         const char *service) {
  uv_tcp_t *tcp = hosting->tcp;
  if (host == NULL || service == NULL || avow__tcp_has_socket(tcp))
    return UV_EINVAL;
  return avow__stream_enter(&hosting->watch, AVOW__WATCHED,
                            avow_uv_stream((uv_stream_t *) tcp),
                            hosting_on_close);
}

avow_promise_t *avow_tcp_connect_host(uv_tcp_t *tcp, const char *host,
                                      const char *service) {
  if (tcp == NULL)
    return avow__refuse_null("handle");
  avow_promise_t *p;
  hosting_t *hosting =
      avow__parent_new(tcp->loop, &hosting_class, sizeof(*hosting), &p);
  if (hosting == NULL)
    return p;
  hosting->tcp = tcp;
  const int err = hosting_enter(hosting, host, service);
  if (err == 0)
    avow__child_add(&hosting->parent,
                    avow_follow(avow_connect(tcp->loop, host, service)), 0);
  else
    avow__parent_settle(&hosting->parent, avow__error_of(err, "connect", host));
  avow__parent_unref(&hosting->parent);
  return p;
}
