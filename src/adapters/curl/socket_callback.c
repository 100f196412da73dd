/* SPDX-License-Identifier: MIT */
/*
 * Descriptors. Each descriptor that libcurl wants polled has a libuv handle.
 * libcurl ends the polling (CURL_POLL_REMOVE) before it closes the descriptor.
 * After uv_close(), libuv no longer knows the descriptor, so a new user of its
 * number may poll it.
 *
 * If the kernel reports an error, libuv stops polling and reports UV_EBADF for
 * any error. libcurl is told of all events then. It reads the bytes that
 * arrived before, and then gets the error itself. If libcurl keeps the
 * descriptor, polling continues.
 */
#include "socket_callback.h"

#include "avow/loop.h"
#include "multi_socket.h"
#include "transfer.h"

struct polled_s {
  uv_poll_t handle;
  client_t *client;
  polled_t *prev, *next;
  curl_socket_t fd;
  int events; /* of libuv; 0 once libcurl wants none */
};

static void on_ready(uv_poll_t *handle, int status, int events);

static int polled_watch(polled_t *polled) {
  return uv_poll_start(&polled->handle, polled->events, on_ready);
}

static void on_ready(uv_poll_t *handle, int status, int events) {
  polled_t *polled = handle->data;
  int ready = 0;
  if (status < 0)
    ready = CURL_CSELECT_ERR | CURL_CSELECT_IN | CURL_CSELECT_OUT;
  if ((events & UV_READABLE) != 0)
    ready |= CURL_CSELECT_IN;
  if ((events & UV_WRITABLE) != 0)
    ready |= CURL_CSELECT_OUT;
  avow__curl_drive(polled->client, polled->fd, ready);
  if (status < 0 && polled->events != 0)
    (void) polled_watch(polled);
}

static void polled_on_close(uv_handle_t *handle) {
  polled_t *polled = handle->data;
  client_t *c = polled->client;
  avow_free(polled);
  avow__curl_handle_closed(c);
}

static void polled_add(client_t *c, polled_t *polled) {
  polled->next = c->polled;
  if (c->polled != NULL)
    c->polled->prev = polled;
  c->polled = polled;
  c->handles++;
}

static void polled_end(polled_t *polled) {
  client_t *c = polled->client;
  if (polled->prev != NULL)
    polled->prev->next = polled->next;
  else
    c->polled = polled->next;
  if (polled->next != NULL)
    polled->next->prev = polled->prev;
  polled->events = 0;
  uv_close((uv_handle_t *) &polled->handle, polled_on_close);
}

/* Returns NULL on failure, with the code in *err. */
static polled_t *polled_new(client_t *c, curl_socket_t fd, int *err) {
  polled_t *polled = avow_calloc(1, sizeof(*polled));
  *err = UV_ENOMEM;
  if (polled == NULL)
    return NULL;
  *err = uv_poll_init_socket(c->loop, &polled->handle, fd);
  if (*err != 0) {
    avow_free(polled);
    return NULL;
  }
  polled->handle.data = polled;
  polled->client = c;
  polled->fd = fd;
  polled_add(c, polled);
  (void) curl_multi_assign(c->multi, fd, polled);
  return polled;
}

static int events_of(int what) {
  return ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
         ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
}

/* An error that is returned to libcurl would end the multi handle. A new
   descriptor belongs to `easy` only, so only this transfer fails. Transfers
   that wait to share its connection make another. */
static void poll_anew(client_t *c, CURL *easy, curl_socket_t fd, int what) {
  int err;
  polled_t *polled = polled_new(c, fd, &err);
  if (polled != NULL) {
    polled->events = events_of(what);
    err = polled_watch(polled);
  }
  if (err != 0)
    avow__curl_fail(c, easy, err);
}

/* libcurl does not report which transfers share the connection, so all fail. */
static void poll_on(polled_t *polled, int what) {
  polled->events = events_of(what);
  const int err = polled_watch(polled);
  if (err != 0)
    avow__curl_fail_all(polled->client, err);
}

int avow__curl_poll(CURL *easy, curl_socket_t fd, int what, void *client,
                    void *assigned) {
  client_t *c = client;
  polled_t *polled = assigned;
  if (what == CURL_POLL_REMOVE) {
    if (polled != NULL)
      polled_end(polled);
    return 0;
  }
  if (c->multi == NULL) /* the client is ending */
    return 0;
  if (polled != NULL)
    poll_on(polled, what);
  else
    poll_anew(c, easy, fd, what);
  return 0;
}

void avow__curl_poll_nothing(client_t *c) {
  while (c->polled != NULL)
    polled_end(c->polled);
}
