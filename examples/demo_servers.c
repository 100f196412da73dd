/* SPDX-License-Identifier: MIT */
#include "demo_servers.h"

#include <avow/tls.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "program.h"

enum { REQUEST_MAX = 4096 };

typedef struct {
  demo_server_t *server;
  avow_value_t stream; /* NONE before the handshake */
} visitor_t;

static avow_value_t send_answer(const avow_value_t *none, void *data) {
  const visitor_t *visitor = data;
  return avow_follow(
      avow_write(avow_to_stream(&visitor->stream),
                 avow_string("HTTP/1.0 200 OK\r\nContent-Length: 21\r\n\r\n"
                             "Hello from loopback.\n")));
}

static avow_value_t answer_after(visitor_t *visitor, uint64_t ms) {
  avow_promise_t *p = avow_sleep(visitor->server->loop, ms);
  return avow_follow(avow_then(p, send_answer, NULL, visitor));
}

static avow_value_t answer_soon(const avow_value_t *request, void *data) {
  return answer_after(data, 50);
}

static avow_value_t answer_later(const avow_value_t *request, void *data) {
  return answer_after(data, 100);
}

static avow_value_t answer_late(const avow_value_t *request, void *data) {
  return answer_after(data, 300);
}

/* A linger time of 0 makes closing reset the connection. */
static avow_value_t set_reset(const avow_value_t *none, void *data) {
  const visitor_t *visitor = data;
  const struct linger linger = { .l_onoff = 1, .l_linger = 0 };
  const uv_stream_t *handle =
      avow_stream_handle(avow_to_stream(&visitor->stream));
  uv_os_fd_t fd;
  int err = uv_fileno((const uv_handle_t *) handle, &fd);
  if (err == 0 &&
      setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) != 0)
    err = UV_EIO;
  return err != 0 ? avow_error(err) : avow_none();
}

static avow_value_t reset(const avow_value_t *request, void *data) {
  visitor_t *visitor = data;
  avow_promise_t *p = avow_sleep(visitor->server->loop, 20);
  return avow_follow(avow_then(p, set_reset, NULL, visitor));
}

static avow_value_t answer_third(const avow_value_t *request, void *data) {
  const visitor_t *visitor = data;
  return ++visitor->server->asked < 3 ? reset(request, data)
                                      : answer_soon(request, data);
}

/* Sends nothing until the client gives up. */
static avow_value_t say_nothing(const avow_value_t *request, void *data) {
  const visitor_t *visitor = data;
  return avow_follow(
      avow_read_all(avow_to_stream(&visitor->stream), REQUEST_MAX));
}

static avow_value_t hear(const avow_value_t *stream, void *data) {
  visitor_t *visitor = data;
  visitor->stream = avow_value_ref(stream);
  return avow_follow(avow_read(avow_to_stream(stream), REQUEST_MAX));
}

static avow_value_t hang_up(void *data) {
  const visitor_t *visitor = data;
  if (avow_is_none(&visitor->stream))
    return avow_none();
  return avow_follow(avow_close(avow_to_stream(&visitor->stream)));
}

static void visitor_free(void *data) {
  visitor_t *visitor = data;
  avow_value_unref(visitor->stream);
  free(visitor);
}

static avow_promise_t *shake_hands(const demo_server_t *server,
                                   avow_value_t connection) {
  return avow_is_none(&server->settings)
             ? avow_promise_resolve(server->loop, connection)
             : avow_tls_server(&server->settings, connection);
}

static avow_value_t welcome(const avow_value_t *connection, void *data) {
  demo_server_t *server = data;
  visitor_t *visitor = malloc(sizeof(*visitor));
  if (visitor == NULL)
    return avow_error(UV_ENOMEM);
  *visitor = (visitor_t){ .server = server, .stream = avow_none() };
  avow_promise_t *p = shake_hands(server, avow_value_ref(connection));
  p = avow_then(p, hear, NULL, visitor);
  p = avow_then(p, server->on_request, NULL, visitor);
  p = avow_finally(p, hang_up, visitor);
  return avow_follow(avow_attach(p, visitor, visitor_free));
}

enum { TRUSTED = 1 }; /* its index in this table */

static const struct {
  const char *name;
  avow_cb on_request;
  bool tls;
} roles[DEMO_MOST] = {
  { "quick", answer_soon, false }, { "secure", answer_later, true },
  { "slow", answer_late, false },  { "forged", answer_soon, true },
  { "reset", reset, false },       { "silent", say_nothing, false },
  { "nobody", NULL, false },       { "flaky", answer_third, false },
};

static void start_tls(demo_server_t *server) {
  if (!papers_make(&server->papers, server->name))
    program_fail("cannot make a certificate", UV_ENOMEM);
  const avow_tls_options_t options = {
    .certificate = server->papers.certificate,
    .key = server->papers.key,
  };
  server->settings = avow_tls_settings(&options);
  if (avow_is_error(&server->settings))
    exit(program_complain(server->settings));
}

/* A client that disconnects is not a failure of the server. A port that is
   bound but does not listen refuses connections. */
static void listen_to(demo_server_t *server, uv_stream_t *socket) {
  const avow_map_options_t each = { .kind = AVOW_ALL_SETTLED };
  server->visitors = avow_connections(socket, NULL);
  avow_unref(avow_each(server->visitors, welcome, server, &each));
}

static void start(demo_server_t *server, const char *scheme) {
  server->socket = avow_run(avow_bind(server->loop, "127.0.0.1", "0"));
  if (avow_is_error(&server->socket))
    program_fail("cannot start the servers", avow_error_code(&server->socket));
  uv_stream_t *socket = avow_stream_handle(avow_to_stream(&server->socket));
  const avow_address_t at = avow_local_address((const uv_handle_t *) socket);
  (void) snprintf(server->url, sizeof(server->url), "%s://%s/", scheme,
                  at.text);
  if (server->on_request != NULL)
    listen_to(server, socket);
}

void demo_start(uv_loop_t *loop, demo_server_t servers[], size_t n) {
  for (size_t i = 0; i < n; i++) {
    demo_server_t *server = &servers[i];
    *server = (demo_server_t){ .name = roles[i].name,
                               .loop = loop,
                               .on_request = roles[i].on_request,
                               .settings = avow_none() };
    server->target.url = server->url;
    server->target.authority = servers[TRUSTED].papers.certificate;
    if (roles[i].tls)
      start_tls(server);
    start(server, roles[i].tls ? "https" : "http");
  }
}

void demo_stop(demo_server_t servers[], size_t n) {
  for (size_t i = 0; i < n && servers[i].loop != NULL; i++) {
    demo_server_t *server = &servers[i];
    avow_channel_unref(server->visitors);
    avow_value_unref(server->socket); /* closes it and ends the visitors */
    avow_value_unref(server->settings);
  }
}
