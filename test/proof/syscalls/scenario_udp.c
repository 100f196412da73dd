/* SPDX-License-Identifier: MIT */
/*
 * Datagrams from one socket to another. Each is sent after the previous one was
 * received.
 */
#include "scenario.h"

enum { MESSAGES = 3 };

static const char text[] = "hello";

static struct {
  uv_udp_t from, to;
  struct sockaddr_in address;
  avow_channel_t *channel;
  int heard;
} now;

static avow_value_t compare(const avow_value_t *v, void *data) {
  if (avow_is_none(v))
    return avow_error(UV_EOF);
  const avow_datagram_t *datagram = avow_to_datagram(v);
  if (datagram->len != sizeof(text) - 1 ||
      memcmp(datagram->data, text, datagram->len) != 0)
    return avow_error(UV_EPROTO);
  return ++now.heard < MESSAGES ? avow_none() : avow_int(MESSAGES);
}

static avow_value_t hear(const avow_value_t *sent, void *data) {
  return avow_follow(
      avow_then(avow_channel_next(now.channel), compare, NULL, NULL));
}

static avow_value_t exchange(void *data) {
  avow_promise_t *p = avow_udp_send(&now.from, avow_string(text),
                                    (const struct sockaddr *) &now.address);
  return avow_follow(avow_then(p, hear, NULL, NULL));
}

static int bind_to_loopback(void) {
  int len = sizeof(now.address);
  struct sockaddr *address = (struct sockaddr *) &now.address;
  (void) uv_ip4_addr("127.0.0.1", 0, &now.address); /* the address is valid */
  const int err = uv_udp_bind(&now.to, address, 0);
  return err != 0 ? err : uv_udp_getsockname(&now.to, address, &len);
}

static avow_value_t end(void *data) {
  avow_promise_t *ps[] = { avow_close_handle((uv_handle_t *) &now.from),
                           avow_close_handle((uv_handle_t *) &now.to) };
  avow_channel_unref(now.channel);
  return avow_follow(avow_all(loop, ps, 2));
}

static avow_promise_t *start(void) {
  (void) uv_udp_init(loop, &now.from); /* opens no socket */
  (void) uv_udp_init(loop, &now.to);   /* opens no socket */
  now.heard = 0;
  const int err = bind_to_loopback();
  now.channel = avow_datagrams(&now.to, 1);
  avow_promise_t *p = err == 0 ? avow_repeat(loop, exchange, NULL)
                               : avow_promise_reject(loop, avow_error(err));
  return avow_finally(p, end, NULL);
}

static bool is_heard(void) {
  return now.heard == MESSAGES;
}

const scenario_t sending_datagrams = { .name = "sending datagrams",
                                       .start = start,
                                       .is_intact = is_heard,
                                       .calls = BIT(CALL_SOCKET) |
                                                BIT(CALL_RECEIVE) |
                                                BIT(CALL_SEND) |
                                                BIT(CALL_CLOSE_SOCKET),
                                       .optional = BIT(CALL_CLOSE_SOCKET) };
