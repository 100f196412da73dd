/* SPDX-License-Identifier: MIT */
/*
 * Sockets as a system has them, of TCP and of pipes with names: what connect(),
 * accept(), read(), write(), shutdown(), close() and poll() do there. Errors
 * are those of libuv.
 */
#ifndef AVOW_SIM_SOCKET_H
#define AVOW_SIM_SOCKET_H

#include "sim/ip.h"
#include "sim/link.h"

typedef struct sim_socket_s sim_socket_t;

/* Connections that wait to be accepted, the oldest first. */
typedef struct {
  sim_socket_t *first, *last;
  int n;
} sim_sockets_t;

struct sim_socket_s {
  sim_task_t task; /* of connecting */
  enum { SIM_FRESH, SIM_LISTENING, SIM_CONNECTING, SIM_CONNECTED } state;
  bool is_local; /* a pipe */
  bool v6only;
  bool blocks;              /* a write takes all */
  bool keeps_alive;         /* it looks whether the other end lives */
  bool ended_in, ended_out; /* no more will come, no more can be sent */
  bool heard_end, is_gone;  /* what it heard of the other */
  bool is_dead;             /* reset or lost */
  int error;                /* told once */
  uint32_t id;
  sim_address_t local, remote;
  sim_link_t *link;
  int end; /* its place there */

  bool is_bound;     /* in the network's list */
  char *name, *peer; /* of a pipe, and where it is connected to */
  int backlog;
  sim_sockets_t waiting;
  sim_socket_t *previous, *next; /* there, or among those that wait */
  uint64_t patience;             /* until it knocks at a full backlog again */

  void (*wake)(void *owner); /* something has changed */
  void *owner;
};

enum { SIM_UNDER_WAY = 1 }; /* no error, but not done */

enum { SIM_IN = 1, SIM_OUT = 2, SIM_ERROR = 4, SIM_HANGUP = 8 };

sim_socket_t *sim_socket_new(bool is_local, int family);

/* What nobody has read makes a reset of it, as reset does. */
void sim_socket_close(sim_socket_t *socket, bool reset);

unsigned sim_socket_events(const sim_socket_t *socket);

int sim_socket_bind(sim_socket_t *socket, const sim_address_t *address);
int sim_socket_listen(sim_socket_t *socket, int backlog);

/* NULL: nobody waits. */
sim_socket_t *sim_socket_accept(sim_socket_t *socket);

/* What went wrong, once; SIM_UNDER_WAY while it connects. */
int sim_socket_error(sim_socket_t *socket);

/* How many bytes, 0 at the end, or an error. */
ssize_t sim_socket_read(sim_socket_t *socket, char *base, size_t len);
/* The same where no bytes are there, and UV_EAGAIN if some may come. */
int sim_socket_end(sim_socket_t *socket);
bool sim_socket_has_more(const sim_socket_t *socket);
ssize_t sim_socket_write(sim_socket_t *socket, const uv_buf_t bufs[], size_t n);

void sim_socket_keep_alive(sim_socket_t *socket);
int sim_socket_shutdown(sim_socket_t *socket);

/* For socket_connect.c: a connection waits at the listener; what a socket
   hears; its owner looks at it again. */
void sim_socket_queue(sim_socket_t *listener, sim_socket_t *socket);
void sim_socket_hear(void *end, sim_message_t what);
void sim_socket_wake(sim_socket_t *socket);

#endif
