/* SPDX-License-Identifier: MIT */
/* TCP: connecting. */
#include "avow/stream.h"
#include "uv/address.h"
#include "uv/op.h"

typedef struct {
  avow__op_t op;
  uv_connect_t req;
  char name[AVOW__ADDRESS_MAX]; /* the peer's address for messages */
} tcp_connect_t;

static avow_value_t tcp_outcome(const tcp_connect_t *connect, int status) {
  return status == 0 ? avow_none()
                     : avow__error_of(status, "connect", connect->name);
}

static void tcp_on_connect(uv_connect_t *req, int status) {
  tcp_connect_t *connect = req->data;
  avow__op_complete(&connect->op, tcp_outcome(connect, status));
}

avow_promise_t *avow_tcp_connect(uv_tcp_t *tcp,
                                 const struct sockaddr *address) {
  if (tcp == NULL)
    return avow__refuse_null("handle");
  avow_promise_t *p;
  tcp_connect_t *connect = avow__op_new(tcp->loop, sizeof(*connect), &p);
  if (connect == NULL)
    return p;
  avow__address_print(address, connect->name);
  connect->req.data = connect;
  int err = UV_EINVAL;
  if (address != NULL && !uv_is_closing((uv_handle_t *) tcp))
    err = uv_tcp_connect(&connect->req, tcp, address, tcp_on_connect);
  if (err == 0)
    avow__op_started_on_handle(&connect->op);
  else
    (void) avow__op_end(&connect->op, tcp_outcome(connect, err));
  return p;
}
