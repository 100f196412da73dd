/* SPDX-License-Identifier: MIT */
/*
 * The datagrams that arrive at a socket, as a channel. Each is read into the
 * only buffer, which has space for the longest datagram but not for two. libuv
 * therefore never reads more of them than are wanted. A copy is pushed to the
 * channel. While the channel is full, the system buffers datagrams within its
 * limits.
 */
#include <string.h>

#include "avow/net.h"
#include "base/container.h"
#include "channel/channel.h"
#include "uv/op.h"
#include "uv/stream_lock.h"

enum { DATAGRAM_MOST = 65536 };

typedef struct {
  avow__source_t source;   /* must be first */
  avow__reading_t reading; /* registered by socket */
  uv_udp_t *udp;
  char buffer[DATAGRAM_MOST];
} datagrams_t;

static const avow_class_t datagram_class = { .name = "datagram" };

const avow_datagram_t *avow_to_datagram(const avow_value_t *v) {
  return avow__to_object(v, &datagram_class);
}

static datagrams_t *datagrams_of(void *reading) {
  return AVOW__CONTAINER(datagrams_t, reading, reading);
}

static datagrams_t *datagrams_find(const uv_handle_t *handle) {
  return datagrams_of(
      avow__net_find(avow__context_of(handle->loop), AVOW__READERS, handle));
}

static void datagrams_on_alloc(uv_handle_t *handle, size_t suggested,
                               uv_buf_t *buf) {
  *buf = uv_buf_init(datagrams_find(handle)->buffer, DATAGRAM_MOST);
}

/* The program may have opened a socket of any family. libuv has space for the
   longest address. */
static size_t size_of(const struct sockaddr *address) {
  return address->sa_family == AF_INET6  ? sizeof(struct sockaddr_in6)
         : address->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                         : sizeof(struct sockaddr_storage);
}

static avow_value_t datagram(const uv_buf_t *buf, size_t len,
                             const struct sockaddr *from, unsigned flags) {
  void *self;
  avow_datagram_t head = { .len = len, .flags = flags & UV_UDP_PARTIAL };
  const avow_value_t v =
      avow__object_inline(&datagram_class, sizeof(head) + len, &self);
  if (avow_is_error(&v))
    return v;
  char *data = (char *) self + sizeof(head);
  head.data = data;
  memcpy(&head.from, from, size_of(from));
  memcpy(self, &head, sizeof(head));
  memcpy(data, buf->base, len);
  return v;
}

/* An error is an item too, because the channel can continue: a peer may only
   have been absent, for example. */
static void on_datagram(uv_udp_t *udp, ssize_t nread, const uv_buf_t *buf,
                        const struct sockaddr *from, unsigned flags) {
  datagrams_t *datagrams = datagrams_find((uv_handle_t *) udp);
  avow__context_t *c = datagrams->source.context;
  if (nread >= 0 && from == NULL) /* there was nothing to read */
    return;
  avow__enter(c);
  const avow_value_t v = nread < 0
                             ? avow__error_of((int) nread, "receive", NULL)
                             : datagram(buf, (size_t) nread, from, flags);
  (void) avow__channel_push(datagrams->source.channel, v); /* it may pause us */
  avow__leave(c);
}

static void datagrams_resume(avow__source_t *source) {
  uv_udp_t *udp = ((datagrams_t *) source)->udp;
  const int err = uv_udp_recv_start(udp, datagrams_on_alloc, on_datagram);
  if (err == 0)
    return;
  avow__source_pause(source); /* the program itself receives on that socket */
  avow_channel_fail(source->channel, avow__error_of(err, "receive", NULL));
}

static void datagrams_hold_back(avow__source_t *source) {
  (void) uv_udp_recv_stop(((datagrams_t *) source)->udp); /* always 0 */
}

static void datagrams_stop(avow__source_t *source) {
  datagrams_t *datagrams = (datagrams_t *) source;
  if (!uv_is_closing(source->handle))
    uv_ref(source->handle); /* the program may use it further */
  avow__net_remove(source->context, AVOW__READERS, &datagrams->reading.node);
  if (source->told)
    datagrams_hold_back(source);
  avow__source_free(&datagrams->source);
}

static void datagrams_on_close(avow__reading_t *reading) {
  avow_channel_end(datagrams_of(reading)->source.channel);
}

avow_channel_t *avow_datagrams(uv_udp_t *udp, size_t room) {
  if (udp == NULL)
    return (avow_channel_t *) avow__refuse_null("handle");
  avow__context_t *c = avow__context_of(udp->loop);
  datagrams_t *datagrams = avow__source_new(udp->loop, sizeof(*datagrams));
  if (datagrams == NULL)
    return avow__channel_none(udp->loop);
  datagrams->source.handle = (uv_handle_t *) udp;
  datagrams->source.resume = datagrams_resume;
  datagrams->source.pause = datagrams_hold_back;
  datagrams->source.stop = datagrams_stop;
  datagrams->reading.on_close = datagrams_on_close;
  datagrams->udp = udp;
  const int err =
      avow__reading_begin(c, &datagrams->reading, (uv_handle_t *) udp);
  if (err == 0)
    return avow__channel_feed(udp->loop, room, &datagrams->source);
  avow__source_free(&datagrams->source);
  return avow__channel_refuse(udp->loop, err, "receive", NULL);
}
