/* SPDX-License-Identifier: MIT */
#include "world.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "names.h"

enum { FILLERS = 4 };

static uv_tcp_t server;
static manners_t manners;
static int connections, greetings;
static int stuck_server, fillers[FILLERS], dead_socket;

static void require(bool ok) {
  if (!ok)
    abort();
}

static int bound_socket(int *port) {
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t len = sizeof(address);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  require(fd >= 0);
  require(bind(fd, (struct sockaddr *) &address, len) == 0);
  require(getsockname(fd, (struct sockaddr *) &address, &len) == 0);
  *port = ntohs(address.sin_port);
  return fd;
}

/* Fills the queue of a listening socket, so that connecting never ends. */
static void open_stuck(void) {
  stuck_server = bound_socket(&names_stuck);
  require(listen(stuck_server, 0) == 0);
  struct sockaddr_in address = { .sin_family = AF_INET };
  address.sin_port = htons((uint16_t) names_stuck);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  for (int i = 0; i < FILLERS; i++) {
    fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    require(fillers[i] >= 0);
    (void) connect(fillers[i], (struct sockaddr *) &address,
                   sizeof(address)); /* the last ones stay pending */
  }
}

static avow_value_t hang_up(void *data) {
  avow_promise_t *p = avow_close_handle(data);
  return avow_follow(avow_attach(p, data, free));
}

static avow_value_t wait_for_end(const avow_value_t *v, void *data) {
  return avow_follow(avow_read(avow_uv_stream(data), 1));
}

static avow_value_t say_rest(const avow_value_t *v, void *data) {
  return avow_follow(avow_write(avow_uv_stream(data), avow_string("lcome\n")));
}

static avow_value_t answer(const avow_value_t *hello, void *data) {
  if (hello->tag != AVOW_BYTES)
    return avow_none();
  greetings++;
  avow_promise_t *p;
  switch (manners) {
  case WELCOMES:
    p = avow_write(avow_uv_stream(data), avow_string(WELCOME));
    break;
  case WELCOMES_IN_PIECES:
    p = avow_write(avow_uv_stream(data), avow_string("we"));
    p = avow_then(p, say_rest, NULL, data);
    break;
  case SAYS_WRONG:
    p = avow_write(avow_uv_stream(data), avow_string("go away\n"));
    break;
  case KEEPS_SILENT:
    p = avow_promise_resolve(server.loop, avow_none());
    break;
  case HANGS_UP:
  default:
    return avow_none();
  }
  return avow_follow(avow_then(p, wait_for_end, NULL, data));
}

static avow_value_t forget(const avow_value_t *error, void *data) {
  return avow_none();
}

static void on_connection(uv_stream_t *stream, int status) {
  uv_tcp_t *tcp = malloc(sizeof(*tcp));
  require(status == 0 && tcp != NULL);
  require(uv_tcp_init(stream->loop, tcp) == 0);
  require(uv_accept(stream, (uv_stream_t *) tcp) == 0);
  connections++;
  avow_promise_t *p =
      avow_read(avow_uv_stream((uv_stream_t *) tcp), sizeof(HELLO) - 1);
  p = avow_then(p, answer, NULL, tcp);
  p = avow_finally(p, hang_up, tcp);
  avow_unref(avow_catch(p, forget, NULL));
}

static void open_server(uv_loop_t *loop) {
  struct sockaddr_in address;
  int len = sizeof(address);
  require(uv_tcp_init(loop, &server) == 0);
  require(uv_ip4_addr("127.0.0.1", 0, &address) == 0);
  require(uv_tcp_bind(&server, (const struct sockaddr *) &address, 0) == 0);
  require(uv_listen((uv_stream_t *) &server, 16, on_connection) == 0);
  require(uv_tcp_getsockname(&server, (struct sockaddr *) &address, &len) == 0);
  names_live = ntohs(address.sin_port);
}

void world_init(void) {
  require(uv_sem_init(&names_slow, 0) == 0);
}

void world_open(uv_loop_t *loop, manners_t how) {
  manners = how;
  while (uv_sem_trywait(&names_slow) == 0)
    continue; /* no resolver waited in the previous test */
  connections = greetings = 0;
  open_server(loop);
  open_stuck();
  dead_socket = bound_socket(&names_dead);
  atomic_store(&names_attempts, 0);
}

int world_attempts(void) {
  return atomic_load(&names_attempts);
}

void world_close(void) {
  avow_unref(avow_close_handle((uv_handle_t *) &server));
  for (int i = 0; i < FILLERS; i++)
    (void) close(fillers[i]); /* the descriptor is valid */
  (void) close(stuck_server);
  (void) close(dead_socket);
}

int world_connections(void) {
  return connections;
}

int world_greetings(void) {
  return greetings;
}

void world_breaks_writing(void) {
  atomic_store(&names_break_write, true);
}

void world_resolves(void) {
  uv_sem_post(&names_slow);
}
