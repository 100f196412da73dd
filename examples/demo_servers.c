#include "demo_servers.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { REQUEST_MAX = 4096, BACKLOG = 16 };

static avow_value_t send_answer(const avow_value_t *none, void *data) {
  uv_tcp_t *visitor = data;
  return avow_follow(
      avow_write(avow_uv_stream((uv_stream_t *) visitor),
                 avow_string("HTTP/1.0 200 OK\r\nContent-Length: 21\r\n\r\n"
                             "Hello from loopback.\n")));
}

static avow_value_t answer_after(uv_tcp_t *visitor, uint64_t ms) {
  avow_promise_t *p = avow_sleep(visitor->loop, ms);
  return avow_follow(avow_then(p, send_answer, NULL, visitor));
}

static avow_value_t answer_soon(const avow_value_t *request, void *data) {
  return answer_after(data, 50);
}

static avow_value_t answer_late(const avow_value_t *request, void *data) {
  return answer_after(data, 300);
}

/* With nothing to linger for, closing resets the connection. */
static avow_value_t set_reset(const avow_value_t *none, void *data) {
  uv_tcp_t *visitor = data;
  const struct linger linger = { .l_onoff = 1, .l_linger = 0 };
  uv_os_fd_t fd;
  int err = uv_fileno((uv_handle_t *) visitor, &fd);
  if (err == 0 &&
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) != 0)
    err = UV_EIO;
  return err != 0 ? avow_error(err) : avow_none();
}

static avow_value_t reset(const avow_value_t *request, void *data) {
  uv_tcp_t *visitor = data;
  avow_promise_t *p = avow_sleep(visitor->loop, 20);
  return avow_follow(avow_then(p, set_reset, NULL, visitor));
}

static avow_value_t answer_third(const avow_value_t *request, void *data) {
  demo_server_t *server = ((const uv_tcp_t *) data)->data;
  return ++server->asked < 3 ? reset(request, data)
                             : answer_soon(request, data);
}

/* Until the client gives up. */
static avow_value_t say_nothing(const avow_value_t *request, void *data) {
  uv_tcp_t *visitor = data;
  return avow_follow(
      avow_read_all(avow_uv_stream((uv_stream_t *) visitor), REQUEST_MAX));
}

static avow_value_t close_visitor(void *data) {
  uv_tcp_t *visitor = data;
  return avow_follow(avow_close_handle((uv_handle_t *) visitor));
}

/* A client that went away is no failure of the server's. */
static avow_value_t ignore(const avow_value_t *reason, void *data) {
  return avow_none();
}

static void on_connection(uv_stream_t *listener, int status) {
  demo_server_t *server = listener->data;
  uv_tcp_t *visitor = status == 0 ? malloc(sizeof(*visitor)) : NULL;
  if (visitor == NULL)
    return;
  uv_stream_t *stream = (uv_stream_t *) visitor;
  (void) uv_tcp_init(listener->loop, visitor); /* makes no socket yet */
  visitor->data = server;
  (void) uv_accept(listener, stream); /* if it failed, reading will say so */
  avow_promise_t *p = avow_read(avow_uv_stream(stream), REQUEST_MAX);
  p = avow_then(p, server->on_request, NULL, visitor);
  p = avow_finally(p, close_visitor, visitor);
  p = avow_attach(p, visitor, free);
  avow_unref(avow_catch(p, ignore, NULL));
}

static const struct {
  const char *name;
  avow_cb on_request;
} roles[DEMO_MOST] = {
  { "quick", answer_soon },  { "slow", answer_late }, { "reset", reset },
  { "silent", say_nothing }, { "nobody", NULL },      { "flaky", answer_third },
};

/* Whoever connects to a port that is bound, but not listened on, is refused. */
static int start(uv_loop_t *loop, demo_server_t *server) {
  struct sockaddr_in address;
  int err = uv_ip4_addr("127.0.0.1", 0, &address);
  if (err == 0)
    err = uv_tcp_init(loop, &server->listener);
  server->listener.data = server;
  if (err == 0)
    err = uv_tcp_bind(&server->listener, (struct sockaddr *) &address, 0);
  if (err == 0 && server->on_request != NULL)
    err = uv_listen((uv_stream_t *) &server->listener, BACKLOG, on_connection);
  server->address = avow_local_address((uv_handle_t *) &server->listener);
  return err;
}

int demo_start(uv_loop_t *loop, demo_server_t servers[], size_t n) {
  int err = 0;
  for (size_t i = 0; i < n; i++)
    servers[i] = (demo_server_t){ .name = roles[i].name,
                                  .on_request = roles[i].on_request };
  for (size_t i = 0; i < n && err == 0; i++)
    err = start(loop, &servers[i]);
  return err;
}

void demo_stop(demo_server_t servers[], size_t n) {
  for (size_t i = 0; i < n; i++)
    if (servers[i].listener.loop != NULL) /* it was started */
      uv_close((uv_handle_t *) &servers[i].listener, NULL);
}
