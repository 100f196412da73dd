/* SPDX-License-Identifier: MIT */
/*
 * A server on all loops. If the loops cannot listen themselves
 * (loops_reuseport.c), the home loop accepts. It hands each connection to the
 * least busy loop, which opens a duplicate of the descriptor. Until then the
 * duplicate belongs to home, so a call that never runs leaves no descriptor
 * open. Windows cannot duplicate a socket in this way, so the home loop serves
 * all connections there.
 */
#include "avow/net.h"
#include "base/alloc.h"
#include "base/options_check.h"
#include "loops/loops.h"
#include "uv/op.h"
#include "uv/serve.h"
#include "uv/stream_value.h"

#ifndef _WIN32
#  include <fcntl.h>
#  include <unistd.h>
#endif

enum { LOOPS_BACKLOG = 511 };

#ifdef _WIN32

static avow_value_t hand_over(avow_value_t stream, void *data) {
  const avow__listen_t *listen = data;
  return avow__attend(stream, listen->fn, listen->data);
}

#else

/* Belongs to home until its call has settled. */
typedef struct {
  int fd; /* -1 once the other loop owns the descriptor */
  uv_handle_type type;
  avow_cb fn;
  void *data;
} handoff_t;

static void handoff_free(void *data) {
  handoff_t *handoff = data;
  if (handoff->fd >= 0)
    (void) close(handoff->fd); /* a socket is closed in any case */
  avow_free(handoff);
}

/* Packs a duplicate of the connection. Returns NULL if out of memory or
   descriptors. */
static handoff_t *pack(const avow__listen_t *listen, uv_stream_t *stream) {
  uv_os_fd_t fd;
  handoff_t *handoff = avow_malloc(sizeof(*handoff));
  if (handoff == NULL)
    return NULL;
  /* cannot fail, because the stream was accepted */
  (void) uv_fileno((uv_handle_t *) stream, &fd);
  *handoff = (handoff_t){ .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0),
                          .type = stream->type,
                          .fn = listen->fn,
                          .data = listen->data };
  if (handoff->fd >= 0)
    return handoff;
  avow_free(handoff);
  return NULL;
}

/* Runs on the other loop. */
static avow_value_t unpack(uv_loop_t *own, void *data) {
  handoff_t *handoff = data;
  const avow_value_t v = avow__owned_open(own, handoff->type, handoff->fd);
  if (avow_is_error(&v))
    return v;
  handoff->fd = -1;
  return avow__attend(v, handoff->fn, handoff->data);
}

/* If memory or descriptors run out, the connection is closed. */
static avow_value_t hand_over(avow_value_t stream, void *data) {
  const avow__listen_t *listen = data;
  handoff_t *handoff = pack(listen, avow__owned_handle(&stream));
  avow__value_unref(stream);
  if (handoff == NULL)
    return avow_none();
  avow_promise_t *p = avow_loops_run(listen->loops, AVOW_LEAST_BUSY,
                                     listen->home, unpack, handoff);
  return avow_follow(avow_attach(p, handoff, handoff_free));
}

#endif

static void listen_free(void *data) {
  avow__listen_t *listen = data;
  avow__loops_unref(listen->loops);
  avow_free(listen);
}

/* Releases the server. */
static avow_promise_t *loops_listen_refuse(uv_loop_t *home, avow_value_t server,
                                           int err) {
  avow__value_unref(server);
  return avow__refuse(home, err, "loops listen", NULL);
}

static avow_promise_t *accept_at_home(avow_value_t server,
                                      const avow__listen_t *wanted) {
  avow__listen_t *listen = avow_malloc(sizeof(*listen));
  if (listen == NULL)
    return loops_listen_refuse(wanted->home, server, UV_ENOMEM);
  *listen = *wanted;
  (void) avow__loops_ref(listen->loops); /* released by listen_free() */
  const avow__service_t service = {
    .serve = hand_over,
    .data = listen,
    .backlog = listen->backlog,
    .concurrency =
        avow__times(listen->concurrency, avow_loops_count(listen->loops)),
  };
  return avow_attach(avow__serve(server, &service), listen, listen_free);
}

static void loops_listen_set_options(
    avow__listen_t *listen, const avow_loops_listen_options_t *options) {
  listen->backlog = LOOPS_BACKLOG;
  listen->concurrency = SIZE_MAX;
  if (options != NULL && options->backlog > 0)
    listen->backlog = options->backlog;
  if (options != NULL && options->concurrency > 0)
    listen->concurrency = options->concurrency;
}

avow_promise_t *avow_loops_listen(const avow_loops_t *loops,
                                  avow_value_t server, avow_cb fn, void *data,
                                  const avow_loops_listen_options_t *options) {
  const uv_stream_t *stream = avow__owned_handle(&server);
  avow__listen_t listen = { .home = stream != NULL ? stream->loop : NULL,
                            .fn = fn,
                            .data = data };
  int err = avow__loops_err(loops);
  if (err == 0 && (stream == NULL || fn == NULL))
    err = UV_EINVAL;
  if (err == 0)
    err = AVOW__RESERVED(options);
  if (err != 0)
    return loops_listen_refuse(listen.home, server, err);
  loops_listen_set_options(&listen, options);
  listen.loops = avow__loops_ref(loops);
  avow_promise_t *p;
  if (!avow__loops_share(server, &listen, &p))
    p = accept_at_home(server, &listen);
  avow__loops_unref(listen.loops);
  return p;
}
