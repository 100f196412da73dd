/* SPDX-License-Identifier: MIT */
/*
 * Sending of datagrams. Data that the system takes at once needs no request.
 * Other data is queued in a request that owns it.
 */
#include "avow/net.h"

#include <limits.h>
#include <string.h>

#include "uv/address.h"
#include "uv/op.h"

typedef struct {
  avow__op_t op;
  uv_udp_send_t req;
  avow_value_t bytes;
  char name[AVOW__ADDRESS_MAX]; /* for messages; empty if there is none */
} send_t;

static avow_value_t udp_outcome(int status, const avow_value_t *bytes,
                                const char *name) {
  size_t len;
  if (status < 0)
    return avow__error_of(status, "send", name[0] != '\0' ? name : NULL);
  (void) avow_to_bytes(bytes, &len);
  return avow_int((int64_t) len);
}

static void on_send(uv_udp_send_t *req, int status) {
  send_t *send = req->data;
  const avow_value_t v = udp_outcome(status, &send->bytes, send->name);
  avow__value_unref(send->bytes);
  avow__op_complete(&send->op, v);
}

/* If the socket does not exist yet, libuv makes it for IP and aborts for an
   address of another family. */
static bool fits(const uv_udp_t *udp, const struct sockaddr *address) {
  uv_os_fd_t fd;
  return address == NULL || address->sa_family == AF_INET ||
         address->sa_family == AF_INET6 ||
         uv_fileno((const uv_handle_t *) udp, &fd) == 0;
}

static int udp_check(const uv_udp_t *udp, const avow_value_t *bytes,
                     const struct sockaddr *address) {
  if (!fits(udp, address))
    return UV_EINVAL;
  if (avow_is_error(bytes))
    return bytes->code; /* no memory for them */
  if (bytes->tag != AVOW_BYTES || uv_is_closing((const uv_handle_t *) udp))
    return UV_EINVAL;
  return ((const avow__bytes_t *) bytes->u.p)->len > INT_MAX ? UV_EMSGSIZE : 0;
}

static uv_buf_t udp_buffer(const avow_value_t *bytes) {
  avow__bytes_t *block = bytes->u.p;
  return uv_buf_init(block->data, (unsigned) block->len);
}

static avow_promise_t *send_later(uv_udp_t *udp, avow_value_t bytes,
                                  const struct sockaddr *address,
                                  const char *name) {
  avow_promise_t *p;
  send_t *send = avow__op_new(udp->loop, sizeof(*send), &p);
  if (send == NULL) {
    avow__value_unref(bytes);
    return p;
  }
  const uv_buf_t buf = udp_buffer(&bytes);
  send->bytes = bytes;
  memcpy(send->name, name, sizeof(send->name));
  send->req.data = send;
  const int err = uv_udp_send(&send->req, udp, &buf, 1, address, on_send);
  if (err == 0) {
    avow__op_started_on_handle(&send->op);
    return p;
  }
  const avow_value_t error = udp_outcome(err, &bytes, name);
  avow__value_unref(bytes);
  (void) avow__op_end(&send->op, error);
  return p;
}

avow_promise_t *avow_udp_send(uv_udp_t *udp, avow_value_t bytes,
                              const struct sockaddr *address) {
  if (udp == NULL) {
    avow__value_unref(bytes);
    return avow__refuse_null("handle");
  }
  char name[AVOW__ADDRESS_MAX] = "";
  if (address != NULL)
    avow__address_print(address, name);
  int n = udp_check(udp, &bytes, address);
  if (n == 0) {
    const uv_buf_t buf = udp_buffer(&bytes);
    n = uv_udp_try_send(udp, &buf, 1, address);
  }
  if (n == UV_EAGAIN)
    return send_later(udp, bytes, address, name);
  const avow_value_t v = udp_outcome(n, &bytes, name);
  avow__value_unref(bytes);
  return avow_promise_resolve(udp->loop, v);
}
