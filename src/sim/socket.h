/* SPDX-License-Identifier: MIT */
/*
 * The sockets of the simulated system: TCP sockets and named pipes. They behave
 * like connect(), accept(), read(), write(), shutdown(), close() and poll() on
 * a system. Errors are libuv codes.
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
  sim_task_t task; /* of a pending connection attempt */
  enum { SIM_FRESH, SIM_LISTENING, SIM_CONNECTING, SIM_CONNECTED } state;
  bool is_local; /* a pipe */
  bool v6only;
  bool blocks;              /* writes take all bytes */
  bool keeps_alive;         /* it probes whether its peer lives */
  bool ended_in, ended_out; /* no more to receive; no more to send */
  bool heard_end, is_gone;  /* messages received from the peer */
  bool is_dead;             /* reset or lost */
  int error;                /* reported once */
  uint32_t id;
  sim_address_t local, remote;
  sim_link_t *link;
  int end; /* its index in the link */

  bool is_bound;     /* in the list of bound sockets */
  char *name, *peer; /* for pipes: its own name and its peer's */
  int backlog;
  sim_sockets_t waiting;
  sim_socket_t *previous, *next; /* in the bound list or in a backlog */
  uint64_t patience;             /* delay of the next attempt at a full
                                    backlog */

  void (*wake)(void *owner); /* called when the state has changed */
  void *owner;
};

enum { SIM_UNDER_WAY = 1 }; /* not an error, but still connecting */

enum { SIM_IN = 1, SIM_OUT = 2, SIM_ERROR = 4, SIM_HANGUP = 8 };

sim_socket_t *sim_socket_new(bool is_local, int family);

/* Closes the socket. Unread bytes cause a reset, as `reset` does. */
void sim_socket_close(sim_socket_t *socket, bool reset);

unsigned sim_socket_events(const sim_socket_t *socket);

int sim_socket_bind(sim_socket_t *socket, const sim_address_t *address);
int sim_socket_listen(sim_socket_t *socket, int backlog);

/* NULL if no connection waits. */
sim_socket_t *sim_socket_accept(sim_socket_t *socket);

/* Returns the error, once, or SIM_UNDER_WAY while the socket connects. */
int sim_socket_error(sim_socket_t *socket);

/* Returns the number of bytes, 0 at the end, or an error. */
ssize_t sim_socket_read(sim_socket_t *socket, char *base, size_t len);
/* The result of a read without bytes: 0, an error, or UV_EAGAIN if more bytes
   may arrive. */
int sim_socket_end(sim_socket_t *socket);
bool sim_socket_has_more(const sim_socket_t *socket);
ssize_t sim_socket_write(sim_socket_t *socket, const uv_buf_t bufs[], size_t n);

void sim_socket_keep_alive(sim_socket_t *socket);
int sim_socket_shutdown(sim_socket_t *socket);

/* For socket_connect.c: sim_socket_queue() adds a connection to a backlog.
   sim_socket_hear() handles a message of the peer. sim_socket_wake() tells the
   owner that the state has changed. */
void sim_socket_queue(sim_socket_t *listener, sim_socket_t *socket);
void sim_socket_hear(void *end, sim_message_t what);
void sim_socket_wake(sim_socket_t *socket);

#endif
