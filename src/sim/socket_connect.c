/* SPDX-License-Identifier: MIT */
/*
 * Connecting. A connection attempt arrives after a delay. The connection then
 * waits in the backlog of the listener, and a welcome is sent back. Without a
 * listener, a refusal is sent back. A full backlog does not answer. The client
 * then tries again after one second, after two more, after four, and gives up
 * after more than two minutes.
 */
#include "sim/socket_connect.h"

#include <assert.h>
#include <string.h>

#include "sim/bind_table.h"
#include "sim/chance.h"
#include "sim/event_log.h"

#define SECOND   (UINT64_C(1000) * SIM_MS)
#define PATIENCE (127 * SECOND)

static sim_socket_t *socket_of(sim_task_t *task) {
  return (sim_socket_t *) task;
}

static void fail_connect(sim_socket_t *socket, int err) {
  sim_note("connection %u fails: %s", socket->id, uv_err_name(err));
  socket->state = SIM_FRESH;
  socket->error = err;
  socket->ended_in = socket->ended_out = true;
  sim_socket_wake(socket);
}

static void refuse(sim_task_t *task) {
  fail_connect(socket_of(task), UV_ECONNREFUSED);
}

static void give_up(sim_task_t *task) {
  fail_connect(socket_of(task), UV_ETIMEDOUT);
}

/* An accepted pipe has the name of its listener. */
static sim_socket_t *counterpart(const sim_socket_t *socket,
                                 const sim_socket_t *listener) {
  sim_socket_t *other = sim_alloc(sizeof(*other));
  other->is_local = socket->is_local;
  other->state = SIM_CONNECTED;
  other->id = socket->id;
  other->local = socket->remote;
  other->remote = socket->local;
  if (listener->name != NULL)
    other->name = sim_copy(listener->name);
  return other;
}

/* Both ends have one number in the history, because they are one connection. */
static void link_both(sim_socket_t *socket, sim_socket_t *other) {
  const sim_link_plan_t plan = { .local = socket->is_local,
                                 .id = socket->id,
                                 .host = sim_host_at(&socket->remote),
                                 .ends = { socket, other },
                                 .hear = sim_socket_hear };
  socket->link = other->link = sim_link_new(&plan);
  socket->end = 0;
  other->end = 1;
  if (socket->keeps_alive)
    sim_socket_keep_alive(socket);
}

static void join_backlog(sim_socket_t *socket, sim_socket_t *listener) {
  sim_socket_t *other = counterpart(socket, listener);
  link_both(socket, other);
  sim_note("connection %u waits at %u", socket->id, listener->id);
  sim_socket_queue(listener, other);
}

static bool has_place(const sim_socket_t *listener) {
  return listener->waiting.n <= listener->backlog;
}

static void attempt(sim_task_t *task) {
  sim_socket_t *socket = socket_of(task);
  sim_socket_t *listener = sim_network_find(&socket->remote);
  if (listener == NULL) {
    sim_task_set(task, sim_delay("net.latency"), refuse);
  } else if (has_place(listener)) {
    join_backlog(socket, listener);
    sim_link_send(socket->link, 1, SIM_WELCOME);
  } else if (socket->patience < PATIENCE) {
    sim_task_set(task, socket->patience, attempt);
    socket->patience *= 2;
  } else {
    fail_connect(socket, UV_ETIMEDOUT);
  }
}

/* Chooses the local address of packets to the peer. */
static void choose_source(sim_socket_t *socket) {
  const sim_address_t *to = &socket->remote;
  const uint16_t port = socket->local.port;
  if (socket->is_bound && !sim_address_is_any(&socket->local))
    return;
  socket->local =
      sim_address_is_loopback(to) ? *to : sim_address_of_host(to->family, 1);
  socket->local.port = port != 0 ? port : sim_network_port();
}

static bool is_unanswered(const sim_socket_t *socket, uint64_t after) {
  if (!sim_address_is_nobody(&socket->remote) && after <= PATIENCE &&
      !sim_strikes("net.no_answer"))
    return false;
  sim_note("connection %u gets no answer", socket->id);
  return true;
}

static void set_out(sim_socket_t *socket) {
  const uint64_t whole = sim_host_is_whole_at(sim_host_at(&socket->remote));
  const uint64_t after = whole > sim_now() ? whole - sim_now() : 0;
  const uint64_t delay = sim_delay("net.latency");
  if (is_unanswered(socket, after))
    sim_task_set(&socket->task, PATIENCE, give_up);
  else if (sim_strikes("net.refuses"))
    sim_task_set(&socket->task, delay, refuse);
  else
    sim_task_set(&socket->task, after + delay, attempt);
}

static void note_attempt(const sim_socket_t *socket) {
  char text[SIM_ADDRESS_TEXT];
  sim_address_print(&socket->remote, text);
  sim_note("connection %u connects to %s", socket->id, text);
}

/* An earlier attempt may have failed. */
static void begin_anew(sim_socket_t *socket) {
  socket->error = 0;
  socket->ended_in = socket->ended_out = socket->heard_end = false;
  socket->patience = SECOND;
  socket->state = SIM_CONNECTING;
}

int sim_socket_connect(sim_socket_t *socket, const sim_address_t *to) {
  if (socket->state == SIM_CONNECTING)
    return UV_EALREADY;
  if (socket->state != SIM_FRESH || socket->link != NULL)
    return UV_EISCONN;
  if (to->family != socket->local.family)
    return UV_EAFNOSUPPORT;
  begin_anew(socket);
  socket->remote = *to;
  if (sim_address_is_any(to)) {
    socket->remote = sim_address_loopback(to->family);
    socket->remote.port = to->port;
  }
  choose_source(socket);
  note_attempt(socket);
  set_out(socket);
  return SIM_UNDER_WAY;
}

/* Connecting a pipe completes at once, because both ends are on one machine. */
int sim_socket_connect_name(sim_socket_t *socket, const char *name) {
  sim_socket_t *listener = sim_network_find_name(name);
  if (socket->state != SIM_FRESH || socket->link != NULL)
    return socket->state == SIM_LISTENING ? UV_EINVAL : UV_EISCONN;
  if (listener == NULL)
    return UV_ENOENT;
  if (listener->state != SIM_LISTENING)
    return UV_ECONNREFUSED;
  if (!has_place(listener))
    return UV_EAGAIN;
  join_backlog(socket, listener);
  socket->peer = sim_copy(name);
  socket->state = SIM_CONNECTED;
  return 0;
}

void sim_sockets_pair(sim_socket_t *out[2]) {
  out[0] = sim_socket_new(true, AF_UNSPEC);
  out[1] = sim_socket_new(true, AF_UNSPEC);
  out[0]->state = out[1]->state = SIM_CONNECTED;
  link_both(out[0], out[1]);
}
