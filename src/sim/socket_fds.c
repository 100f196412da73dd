/* SPDX-License-Identifier: MIT */
#include "sim/socket_fds.h"

#include "sim/event_log.h"
#include "sim/socket_connect.h"
#include "sim/stream_state.h"

/* Socket descriptors have much higher numbers than files. */
enum { FIRST = 1 << 20 };

typedef struct descriptor_s {
  struct descriptor_s *next;
  int fd;
  unsigned ways;
  sim_socket_t *socket;
} descriptor_t;

typedef struct {
  descriptor_t *first; /* the newest */
  int made;
} descriptors_t;

static _Thread_local descriptors_t descriptors;

int sim_descriptor_new(sim_socket_t *socket, unsigned ways) {
  descriptor_t *it = sim_alloc(sizeof(*it));
  it->fd = FIRST + descriptors.made++;
  it->ways = ways;
  it->socket = socket;
  it->next = descriptors.first;
  descriptors.first = it;
  return it->fd;
}

/* The pointer to the descriptor. It points to NULL if there is none. */
static descriptor_t **find_link(int fd) {
  descriptor_t **at = &descriptors.first;
  while (*at != NULL && (*at)->fd != fd)
    at = &(*at)->next;
  return at;
}

sim_socket_t *sim_descriptor_find(int fd) {
  const descriptor_t *it = *find_link(fd);
  return it != NULL ? it->socket : NULL;
}

sim_socket_t *sim_descriptor_take(int fd, unsigned *ways) {
  descriptor_t **at = find_link(fd);
  descriptor_t *it = *at;
  if (it == NULL)
    return NULL;
  sim_socket_t *socket = it->socket;
  *ways = it->ways;
  *at = it->next;
  sim_free(it);
  return socket;
}

/* The list may still hold descriptors of a run that was cut off. They are not
   freed here. */
static void descriptors_begin(void) {
  descriptors = (descriptors_t){ .first = NULL };
}

static void descriptors_end(void) {
  if (descriptors.first != NULL)
    sim_fail("a descriptor of uv_pipe() or uv_socketpair() was left open");
  while (descriptors.first != NULL) {
    unsigned ways;
    sim_socket_close(sim_descriptor_take(descriptors.first->fd, &ways), false);
  }
}

const sim_part_t sim_descriptors = { .begin = descriptors_begin,
                                     .end = descriptors_end };

/* The read end cannot write. The other end could read, but receives nothing. */
int uv_pipe(uv_file fds[2], int read_flags, int write_flags) {
  sim_socket_t *ends[2];
  sim_sockets_pair(ends);
  ends[0]->ended_out = true;
  fds[0] = sim_descriptor_new(ends[0], SIM_READABLE);
  fds[1] = sim_descriptor_new(ends[1], SIM_WRITABLE);
  return 0;
}

int uv_socketpair(int type, int protocol, uv_os_sock_t fds[2], int flags0,
                  int flags1) {
  sim_socket_t *ends[2];
  if (type != SOCK_STREAM || protocol != 0)
    return UV_EPROTONOSUPPORT;
  sim_sockets_pair(ends);
  for (int i = 0; i < 2; i++)
    fds[i] = sim_descriptor_new(ends[i], SIM_READABLE | SIM_WRITABLE);
  return 0;
}

/* The handle takes over the socket. Any other descriptor belongs to the real
   system. */
static int open_with(void *handle, int fd, const char *function) {
  sim_stream_t *stream = sim_stream_of(handle);
  unsigned ways;
  if (stream->socket != NULL)
    return UV_EBUSY;
  sim_socket_t *socket = sim_descriptor_take(fd, &ways);
  if (socket == NULL)
    return fd < 0 ? UV_EBADF : sim_refuse(function);
  sim_stream_take(stream, socket);
  stream->readable = (ways & SIM_READABLE) != 0;
  stream->writable = (ways & SIM_WRITABLE) != 0;
  return 0;
}

int uv_tcp_open(uv_tcp_t *handle, uv_os_sock_t fd) {
  return open_with(handle, fd, "uv_tcp_open");
}

int uv_pipe_open(uv_pipe_t *handle, uv_file fd) {
  return open_with(handle, fd, "uv_pipe_open");
}
