/* SPDX-License-Identifier: MIT */
#include "echo.h"

#include <stdlib.h>
#include <string.h>

static char sent[ECHO_LEN];

/* The server: each connection sends back what it reads. */

typedef struct {
  echo_handle_t u;
  uv_shutdown_t shutdown;
} peer_t;

typedef struct {
  uv_write_t req;
  char bytes[];
} reply_t;

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  *buf = uv_buf_init(malloc(512), 512);
}

static void hangup(uv_handle_t *handle) {
  free(handle->data);
}

static void peer_close(peer_t *peer) {
  if (!uv_is_closing(&peer->u.handle))
    uv_close(&peer->u.handle, hangup);
}

static void peer_ended(uv_shutdown_t *req, int status) {
  peer_close(req->handle->data);
}

static void replied(uv_write_t *req, int status) {
  peer_t *peer = req->handle->data;
  free(req);
  if (status != 0)
    peer_close(peer);
}

static void reply(peer_t *peer, const char *bytes, size_t len) {
  reply_t *it = malloc(sizeof(*it) + len);
  memcpy(it->bytes, bytes, len);
  const uv_buf_t buf = uv_buf_init(it->bytes, (unsigned) len);
  if (uv_write(&it->req, &peer->u.stream, &buf, 1, replied) == 0)
    return;
  free(it);
  peer_close(peer);
}

static void peer_reads(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  peer_t *peer = stream->data;
  if (n > 0)
    reply(peer, buf->base, (size_t) n);
  else if (n == UV_EOF && uv_shutdown(&peer->shutdown, stream, peer_ended) == 0)
    (void) uv_read_stop(stream);
  else if (n < 0)
    peer_close(peer);
  free(buf->base);
}

static void init(uv_loop_t *loop, const echo_t *echo, echo_handle_t *handle) {
  if (echo->name != NULL)
    (void) uv_pipe_init(loop, &handle->pipe, 0);
  else
    (void) uv_tcp_init(loop, &handle->tcp);
}

static void on_connection(uv_stream_t *server, int status) {
  if (status != 0)
    return;
  peer_t *peer = malloc(sizeof(*peer));
  init(server->loop, server->data, &peer->u);
  peer->u.handle.data = peer;
  if (uv_accept(server, &peer->u.stream) != 0 ||
      uv_read_start(&peer->u.stream, give_room, peer_reads) != 0)
    peer_close(peer);
}

/* A client: it sends all bytes in pieces and then reads the answer to its
   end. */

static echo_t *echo_of(const uv_stream_t *stream) {
  return stream->data;
}

static echo_client_t *client_of(uv_stream_t *stream) {
  echo_client_t *client = echo_of(stream)->clients;
  while (&client->u.stream != stream)
    client++;
  return client;
}

static void server_gone(uv_handle_t *handle) {
  echo_t *echo = handle->data;
  if (echo->done != NULL)
    echo->done(echo);
}

static void client_gone(uv_handle_t *handle) {
  echo_t *echo = handle->data;
  if (--echo->left == 0)
    uv_close(&echo->server.handle, server_gone);
}

static void client_fails(echo_client_t *client, int err) {
  if (client->err == 0 && err != UV_EOF)
    client->err = err;
  if (!uv_is_closing(&client->u.handle))
    uv_close(&client->u.handle, client_gone);
}

static void client_reads(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf) {
  echo_client_t *client = client_of(stream);
  for (ssize_t i = 0; i < n; i++)
    if (client->got + (size_t) i >= ECHO_LEN ||
        buf->base[i] != sent[client->got + (size_t) i])
      client->err = UV_EINVAL;
  client->got += n > 0 ? (size_t) n : 0;
  client->ended = client->ended || n == UV_EOF;
  free(buf->base);
  if (n < 0)
    client_fails(client, (int) n);
}

static void client_wrote(uv_write_t *req, int status) {
  if (status != 0)
    client_fails(client_of(req->handle), status);
}

static void client_shut(uv_shutdown_t *req, int status) {
  if (status != 0)
    client_fails(client_of(req->handle), status);
}

static void client_sends(echo_client_t *client) {
  uv_stream_t *stream = &client->u.stream;
  for (size_t i = 0, at = 0; i < ECHO_PIECES; i++) {
    const size_t left = ECHO_LEN - at;
    const size_t n = i + 1 < ECHO_PIECES ? left / 2 : left;
    const uv_buf_t buf = uv_buf_init(sent + at, (unsigned) n);
    (void) uv_write(&client->writes[i], stream, &buf, 1, client_wrote);
    at += n;
  }
  (void) uv_shutdown(&client->shutdown, stream, client_shut);
}

static void on_connect(uv_connect_t *req, int status) {
  echo_client_t *client = client_of(req->handle);
  if (status == 0)
    status = uv_read_start(req->handle, give_room, client_reads);
  if (status != 0)
    client_fails(client, status);
  else
    client_sends(client);
}

static int client_begin(echo_t *echo, echo_client_t *client,
                        const struct sockaddr *server) {
  init(echo->loop, echo, &client->u);
  client->u.handle.data = echo;
  if (echo->name == NULL)
    return uv_tcp_connect(&client->connect, &client->u.tcp, server, on_connect);
  uv_pipe_connect(&client->connect, &client->u.pipe, echo->name, on_connect);
  return 0;
}

static int server_begin(echo_t *echo, struct sockaddr *address, int *len) {
  struct sockaddr_in v4;
  init(echo->loop, echo, &echo->server);
  echo->server.handle.data = echo;
  (void) uv_ip4_addr("127.0.0.1", 0, &v4);
  int err = echo->name != NULL ? uv_pipe_bind(&echo->server.pipe, echo->name)
                               : uv_tcp_bind(&echo->server.tcp,
                                             (const struct sockaddr *) &v4, 0);
  if (err == 0)
    err = uv_listen(&echo->server.stream, 8, on_connection);
  if (err == 0 && echo->name == NULL)
    err = uv_tcp_getsockname(&echo->server.tcp, address, len);
  return err;
}

int echo_begin(echo_t *echo, uv_loop_t *loop) {
  struct sockaddr_storage address;
  struct sockaddr *server = (struct sockaddr *) &address;
  int len = sizeof(address);
  for (size_t i = 0; i < ECHO_LEN; i++)
    sent[i] = (char) (i * i % 251);
  echo->loop = loop;
  echo->left = ECHO_CLIENTS;
  int err = server_begin(echo, server, &len);
  for (int i = 0; err == 0 && i < ECHO_CLIENTS; i++)
    err = client_begin(echo, &echo->clients[i], server);
  return err;
}

bool echo_is_right(const echo_t *echo) {
  for (int i = 0; i < ECHO_CLIENTS; i++) {
    const echo_client_t *client = &echo->clients[i];
    if (client->err != 0 || !client->ended || client->got != ECHO_LEN)
      return false;
  }
  return true;
}
