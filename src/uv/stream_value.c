/* SPDX-License-Identifier: MIT */
/*
 * Streams that values own. A stream closes with the last reference to its
 * value. Its memory is freed when both the value and the handle are closed. The
 * program may close it earlier by avow_close(), or by uv_close() when the loop
 * ends. No callback reports the latter, so such memory stays until the loop is
 * closed. The field handle->data belongs to the program.
 */
#include "uv/stream_value.h"

#include "avow/net.h"
#include "base/alloc.h"
#include "base/container.h"
#include "uv/stream.h"
#include "uv/stream_lock.h"

typedef struct {
  avow__node_t node;                 /* in the loop's table */
  avow__context_t *context;          /* NULL: the handle is closed */
  avow__socket_name_t *name;         /* removed with the socket; or NULL */
  void (*shut)(uv_stream_t *stream); /* replaces uv_shutdown(), or NULL */
  bool held;                         /* its value exists */
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
    uv_tty_t tty;
  } u; /* last, as large as its type; the stream's self */
} owned_t;

static void owned_destroy(void *self);

static owned_t *owned_owner(avow__node_t *node) {
  return AVOW__CONTAINER(owned_t, node, node);
}

static owned_t *owned_of(void *handle) {
  return AVOW__CONTAINER(owned_t, u, handle);
}

static const avow_class_t stream_class = { .name = "stream",
                                           .destroy = owned_destroy,
                                           .stream = &avow__uv_streams };

uv_stream_t *avow__owned_handle_in(const avow_value_t *v, const char *called) {
  return avow__to_object_in(v, &stream_class, called);
}

static void owned_free(owned_t *owned) {
  avow__note_gone(&owned->u);
  avow_free(owned);
}

/* The socket must still be open for its inode to be unique. If the program has
   closed the handle by uv_close(), this runs too late. */
static void lose_name(owned_t *owned) {
  avow__socket_name_t *name = owned->name;
  owned->name = NULL;
  avow__socket_name_end(name, !uv_is_closing(&owned->u.handle));
}

void avow__owned_has_name(const avow_value_t *v, avow__socket_name_t *name) {
  owned_of(avow__owned_handle(v))->name = name;
}

static void closed(owned_t *owned) {
  lose_name(owned);
  avow__net_remove(owned->context, AVOW__OWNED, &owned->node);
  owned->context = NULL;
  if (!owned->held)
    owned_free(owned);
}

static void owned_on_close(uv_handle_t *handle) {
  owned_t *owned = owned_of(handle);
  owned->context->close.closing_own--;
  closed(owned);
}

/* Closes the handle, unless that has begun. */
static void begin_close(owned_t *owned) {
  avow__context_t *c = owned->context;
  lose_name(owned);
  if (!uv_is_closing(&owned->u.handle)) {
    c->close.closing_own++;
    uv_close(&owned->u.handle, owned_on_close);
  }
  avow__reading_close(c, &owned->u.handle);
}

void avow__owned_close_value(const avow_value_t *v) {
  owned_t *owned = owned_of(avow__owned_handle(v));
  if (owned->context != NULL)
    begin_close(owned);
}

static void owned_destroy(void *self) {
  owned_t *owned = owned_of(self);
  owned->held = false;
  if (owned->context == NULL) {
    owned_free(owned);
    return;
  }
  avow__check_thread(owned->context);
  begin_close(owned);
}

static int owned_init(uv_loop_t *loop, owned_t *owned, uv_handle_type type,
                      int fd) {
  if (type == UV_TTY)
    return uv_tty_init(loop, &owned->u.tty, fd, 0);
  return type == UV_TCP ? uv_tcp_init(loop, &owned->u.tcp)
                        : uv_pipe_init(loop, &owned->u.pipe, 0);
}

static void owned_close_one(avow__node_t *node);
static void owned_free_one(avow__node_t *node);

static avow_value_t owned_new(uv_loop_t *loop, uv_handle_type type, int fd) {
  avow__context_t *c = avow__context_of(loop);
  avow__check_thread(c);
  if (c->life > AVOW__OPEN)
    return avow_error(UV_ECANCELED);
  avow__net_t *net = avow__net_open(c);
  if (net == NULL)
    return avow_error(UV_ENOMEM);
  owned_t *owned = avow_calloc(1, offsetof(owned_t, u) + uv_handle_size(type));
  const int err = owned != NULL ? owned_init(loop, owned, type, fd) : UV_ENOMEM;
  if (err != 0) {
    avow_free(owned);
    return avow_error(err);
  }
  avow__note_there(&owned->u);
  owned->context = c;
  owned->held = true;
  owned->node.key = &owned->u;
  avow__net_add(c, AVOW__OWNED, &owned->node);
  net->owned_close = owned_close_one;
  net->owned_free = owned_free_one;
  return avow_object(&stream_class, &owned->u);
}

avow_value_t avow__owned_new(uv_loop_t *loop, uv_handle_type type) {
  return owned_new(loop, type, -1);
}

avow_value_t avow__owned_accept(uv_stream_t *from, uv_handle_type type) {
  const avow_value_t v = avow__owned_new(from->loop, type);
  if (avow_is_error(&v))
    return v;
  const int err = uv_accept(from, avow__owned_handle(&v));
  if (err == 0)
    return v;
  avow__value_unref(v);
  return avow_error(err);
}

static int open_on(owned_t *owned, uv_handle_type type, int fd) {
  if (type == UV_TTY)
    return 0; /* uv_tty_init() opened it */
  return type == UV_TCP ? uv_tcp_open(&owned->u.tcp, (uv_os_sock_t) fd)
                        : uv_pipe_open(&owned->u.pipe, fd);
}

avow_value_t avow__owned_open(uv_loop_t *loop, uv_handle_type type, int fd) {
  const avow_value_t v = owned_new(loop, type, fd);
  if (avow_is_error(&v))
    return v;
  const int err = open_on(owned_of(avow__owned_handle(&v)), type, fd);
  if (err == 0)
    return v;
  avow__value_unref(v);
  return avow_error(err);
}

void avow__owned_shuts_by(const avow_value_t *v,
                          void (*shut)(uv_stream_t *stream)) {
  owned_of(avow__owned_handle(v))->shut = shut;
}

static void owned_shut(uv_stream_t *stream) {
  avow__context_t *c = avow__loop_table_find(stream->loop);
  avow__node_t *node =
      c != NULL ? avow__net_find(c, AVOW__OWNED, stream) : NULL;
  if (node == NULL || owned_owner(node)->shut == NULL)
    return;
  avow__reading_shut(c, stream);
  owned_owner(node)->shut(stream);
}

int avow__shutdown_status(uv_stream_t *stream, int status) {
  if (status != UV_ENOTSOCK)
    return status;
  owned_shut(stream);
  return 0;
}

void avow__owned_about_to_close(avow__context_t *c, const uv_handle_t *handle) {
  avow__node_t *node = avow__net_find(c, AVOW__OWNED, handle);
  if (node != NULL)
    lose_name(owned_owner(node));
}

void avow__owned_forget(avow__context_t *c, const uv_handle_t *handle) {
  avow__node_t *node = avow__net_find(c, AVOW__OWNED, handle);
  if (node != NULL)
    closed(owned_owner(node));
}

static void owned_close_one(avow__node_t *node) {
  begin_close(owned_owner(node));
}

static void owned_free_one(avow__node_t *node) {
  closed(owned_owner(node));
}
