/* SPDX-License-Identifier: MIT */
/*
 * The connections of a listening stream, as a channel. While the channel is
 * full, nothing is accepted, and libuv then stops listening by itself.
 * Accepting can fail for a while, if files or memory are short. Such a failure
 * is an item. libuv reports a connection that it has accepted only once. If
 * there is no memory for its handle, it is tried again when the channel is
 * asked again.
 */

#include "avow/net.h"
#include "base/container.h"
#include "base/options_check.h"
#include "channel/channel.h"
#include "uv/op.h"
#include "uv/stream.h"

enum { BACKLOG = 511 };

typedef struct {
  avow__source_t source;   /* must be first */
  avow__reading_t reading; /* registered by server */
  uv_stream_t *server;
  bool waiting; /* there may be a connection to accept */
} listen_t;

static listen_t *listener_of(void *reading) {
  return AVOW__CONTAINER(listen_t, reading, reading);
}

/* Must be the last action, because it may free the listener. */
static void accept_next(listen_t *listener) {
  avow_channel_t *channel = listener->source.channel;
  bool again, more;
  do {
    const avow_value_t v = avow_accept(listener->server);
    again = avow_error_code(&v) == UV_ENOMEM; /* no memory for a handle */
    listener->waiting = again;
    more = v.tag != AVOW_NONE && avow__channel_push(channel, v);
  } while (again && more && avow__channel_is_awaited(channel));
  if (again && more)
    avow__source_pause(&listener->source);
}

static void listen_on_connection(uv_stream_t *server, int status) {
  avow__context_t *c = avow__context_of(server->loop);
  avow__node_t *node = avow__net_find(c, AVOW__READERS, server);
  if (node == NULL) /* no channel: the connection waits in libuv */
    return;
  listen_t *listener = listener_of(node);
  const bool flows = listener->source.flows;
  avow__enter(c);
  if (status < 0 && flows)
    (void) avow__channel_push(listener->source.channel,
                              avow__error_of(status, "accept", NULL));
  else if (flows)
    accept_next(listener);
  else if (status == 0)
    listener->waiting = true;
  avow__leave(c);
}

static void listen_resume(avow__source_t *source) {
  listen_t *listener = (listen_t *) source;
  if (listener->waiting)
    accept_next(listener);
}

static void listen_stop(avow__source_t *source) {
  listen_t *listener = (listen_t *) source;
  avow__net_remove(source->context, AVOW__READERS, &listener->reading.node);
  avow__source_free(&listener->source);
}

static void listen_on_close(avow__reading_t *reading) {
  avow_channel_end(listener_of(reading)->source.channel);
}

avow_channel_t *avow_connections(uv_stream_t *server,
                                 const avow_connections_options_t *options) {
  if (server == NULL) {
    avow__misuse_of_no_handle();
    return (avow_channel_t *) avow__refuse_null("handle");
  }
  int err = AVOW__RESERVED(options);
  if (err != 0)
    return avow__channel_refuse(server->loop, err, "listen", NULL);
  const int backlog = options != NULL ? options->backlog : 0;
  const size_t room = options != NULL ? options->capacity : 0;
  listen_t *listener = avow__source_new(server->loop, sizeof(*listener));
  if (listener == NULL)
    return avow__channel_none(server->loop);
  listener->source.resume = listen_resume;
  listener->source.stop = listen_stop;
  listener->reading.on_close = listen_on_close;
  listener->source.handle = (uv_handle_t *) server;
  listener->server = server;
  listener->waiting = true; /* a previous listener may have left one */
  err = avow__reading_listen(avow__context_of(server->loop), &listener->reading,
                             server, backlog > 0 ? backlog : BACKLOG,
                             listen_on_connection);
  if (err == 0)
    return avow__channel_feed(server->loop, room, &listener->source);
  avow__source_free(&listener->source);
  return avow__channel_refuse(server->loop, err, "listen", NULL);
}
