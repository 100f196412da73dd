/* SPDX-License-Identifier: MIT */
#include "sim/socket.h"

#include <assert.h>
#include <string.h>

#include "sim/bind_table.h"
#include "sim/chance.h"

enum { BACKLOG_MOST = 4096 };

sim_socket_t *sim_socket_new(bool is_local, int family) {
  sim_socket_t *socket = sim_alloc(sizeof(*socket));
  socket->is_local = is_local;
  socket->local.family = (int16_t) family;
  socket->id = sim_network_count();
  return socket;
}

void sim_socket_wake(sim_socket_t *socket) {
  if (socket->wake != NULL)
    socket->wake(socket->owner);
}

/* The connections that wait to be accepted. */

void sim_socket_queue(sim_socket_t *listener, sim_socket_t *socket) {
  sim_sockets_t *waiting = &listener->waiting;
  socket->next = NULL;
  if (waiting->last != NULL)
    waiting->last->next = socket;
  else
    waiting->first = socket;
  waiting->last = socket;
  waiting->n++;
  sim_socket_wake(listener);
}

sim_socket_t *sim_socket_accept(sim_socket_t *socket) {
  sim_sockets_t *waiting = &socket->waiting;
  sim_socket_t *first = waiting->first;
  if (first == NULL)
    return NULL;
  waiting->first = first->next;
  if (waiting->first == NULL)
    waiting->last = NULL;
  waiting->n--;
  first->next = NULL;
  return first;
}

int sim_socket_bind(sim_socket_t *socket, const sim_address_t *address) {
  if (socket->is_bound)
    return UV_EINVAL;
  return sim_network_bind(socket, address);
}

int sim_socket_listen(sim_socket_t *socket, int backlog) {
  if (socket->state > SIM_LISTENING)
    return UV_EINVAL;
  sim_network_bind_any(socket);
  const int err = sim_network_check(socket);
  if (err != 0)
    return err;
  socket->backlog =
      backlog < 0 || backlog > BACKLOG_MOST ? BACKLOG_MOST : backlog;
  socket->state = SIM_LISTENING;
  return 0;
}

/* Messages from the peer. */

/* A socket dies once. A pipe that has received a hang-up no longer dies. */
static void socket_dies(sim_socket_t *socket, int err) {
  if (socket->is_dead || socket->is_gone)
    return;
  socket->error = err;
  socket->ended_in = socket->ended_out = true;
  socket->is_dead = true;
  if (socket->state == SIM_CONNECTING)
    socket->state = SIM_FRESH;
}

void sim_socket_hear(void *end, sim_message_t what) {
  sim_socket_t *socket = end;
  switch (what) {
  case SIM_WELCOME:
    socket->state = SIM_CONNECTED;
    break;
  case SIM_BYTES:
  case SIM_ROOM:
    break;
  case SIM_END:
    socket->ended_in = socket->heard_end = true;
    break;
  case SIM_GONE:
    socket->is_gone = true;
    socket->ended_in = socket->ended_out = true;
    break;
  case SIM_RESET:
    socket_dies(socket, socket->heard_end && !socket->is_local ? UV_EPIPE
                                                               : UV_ECONNRESET);
    break;
  case SIM_LOST:
    socket_dies(socket, UV_ETIMEDOUT);
  }
  sim_socket_wake(socket);
}

/* The events that are ready. */

static size_t has_arrived(const sim_socket_t *socket) {
  return socket->link != NULL ? sim_link_arrived(socket->link, socket->end) : 0;
}

static bool takes_more(const sim_socket_t *socket) {
  return socket->ended_out || socket->link == NULL ||
         sim_link_is_writable(socket->link, socket->end);
}

static unsigned connected_events(const sim_socket_t *socket) {
  unsigned events = socket->error != 0 ? SIM_ERROR : 0;
  if (socket->ended_in || has_arrived(socket) > 0)
    events |= SIM_IN;
  if (takes_more(socket))
    events |= SIM_OUT;
  if (socket->link == NULL || (socket->ended_in && socket->ended_out))
    events |= SIM_HANGUP;
  return events;
}

unsigned sim_socket_events(const sim_socket_t *socket) {
  if (socket->state == SIM_LISTENING)
    return socket->waiting.n > 0 ? SIM_IN : 0;
  return socket->state == SIM_CONNECTING ? 0 : connected_events(socket);
}

static int take_error(sim_socket_t *socket) {
  const int err = socket->error;
  socket->error = 0;
  return err;
}

int sim_socket_error(sim_socket_t *socket) {
  return socket->state == SIM_CONNECTING ? SIM_UNDER_WAY : take_error(socket);
}

/* Reading and writing. */

/* Chooses all bytes, one byte, or a number in between. */
static size_t choose_len(size_t len) {
  const uint64_t how = sim_choose(4, "net.cut");
  if (how < 2)
    return len;
  return how == 2 ? 1 : 1 + (size_t) sim_choose(len, "net.cut_at");
}

/* In TCP, the end of the stream comes before errors once it has been
   received. */
int sim_socket_end(sim_socket_t *socket) {
  if (socket->error != 0 && (socket->is_local || !socket->heard_end))
    return take_error(socket);
  return socket->ended_in ? 0 : UV_EAGAIN;
}

ssize_t sim_socket_read(sim_socket_t *socket, char *base, size_t len) {
  const size_t there = has_arrived(socket);
  if (there == 0)
    return sim_socket_end(socket);
  const size_t n = choose_len(there < len ? there : len);
  sim_link_take(socket->link, socket->end, base, n);
  return (ssize_t) n;
}

bool sim_socket_has_more(const sim_socket_t *socket) {
  return has_arrived(socket) > 0;
}

/* The number of bytes that the system accepts; 0: none for now. */
static size_t takes(const sim_socket_t *socket, size_t len) {
  if (socket->blocks)
    return len;
  const size_t room = sim_link_room(socket->link, socket->end);
  const size_t most = len < room ? len : room;
  const uint64_t how = most > 0 ? sim_choose(8, "net.takes") : 0;
  if (how < 6)
    return most;
  return how == 6 ? 0 : 1 + (size_t) sim_choose(most, "net.takes_to");
}

/* A pipe reports its end first, TCP its error. */
static int write_error(sim_socket_t *socket) {
  if (socket->error != 0 && !(socket->is_local && socket->ended_out))
    return take_error(socket);
  return socket->ended_out || socket->link == NULL ? UV_EPIPE : 0;
}

ssize_t sim_socket_write(sim_socket_t *socket, const uv_buf_t bufs[],
                         size_t n) {
  size_t len = 0;
  for (size_t i = 0; i < n; i++)
    len += bufs[i].len;
  const int err = write_error(socket);
  if (err != 0 || len == 0)
    return err;
  const size_t taken = takes(socket, len);
  if (taken == 0)
    return UV_EAGAIN;
  sim_link_send_bytes(socket->link, socket->end, bufs, taken);
  return (ssize_t) taken;
}

/* Ending a connection. */

void sim_socket_keep_alive(sim_socket_t *socket) {
  socket->keeps_alive = true;
  if (socket->link != NULL)
    sim_link_keep_alive(socket->link, socket->end);
}

int sim_socket_shutdown(sim_socket_t *socket) {
  if (socket->link == NULL || (socket->is_dead && !socket->is_local))
    return UV_ENOTCONN;
  if (!socket->ended_out)
    sim_link_send(socket->link, socket->end, SIM_END);
  socket->ended_out = true;
  return 0;
}

/* The peer of a pipe receives a hang-up even if it has received the end
   before. */
static void socket_hang_up(sim_socket_t *socket, bool reset) {
  if (reset || has_arrived(socket) > 0)
    sim_link_reset(socket->link, socket->end);
  else if (socket->is_local)
    sim_link_send(socket->link, socket->end, SIM_GONE);
  else if (!socket->ended_out)
    sim_link_send(socket->link, socket->end, SIM_END);
}

/* Not recursive: a socket in the backlog has no backlog of its own. */
static void socket_free(sim_socket_t *socket, bool reset) {
  sim_task_unset(&socket->task);
  sim_network_leave(socket);
  sim_free(socket->name);
  sim_free(socket->peer);
  if (socket->link != NULL && !socket->is_dead)
    socket_hang_up(socket, reset);
  if (socket->link != NULL)
    sim_link_leave(socket->link, socket->end);
  sim_free(socket);
}

void sim_socket_close(sim_socket_t *socket, bool reset) {
  sim_socket_t *next;
  while ((next = sim_socket_accept(socket)) != NULL)
    socket_free(next, true);
  socket_free(socket, reset);
}
