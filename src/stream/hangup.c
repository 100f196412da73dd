/* SPDX-License-Identifier: MIT */
/*
 * Detects when the peer of a stream has hung up. The stream may be closed
 * meanwhile, so a duplicate of its descriptor is polled. The poll requests
 * out-of-band data, which hardly ever arrives. The system reports two events
 * without a request: a reset, and that both directions are closed. It does not
 * report without a request that only one direction is closed. That event would
 * be reported again and again.
 */
#include "avow/pump.h"
#include "engine/cancel.h"
#include "uv/op.h"
#include "uv/stream.h"

#ifdef __linux__

#  include <errno.h>
#  include <fcntl.h>
#  include <poll.h>
#  include <unistd.h>

#  include "avow/net.h"
#  include "base/container.h"
#  include "engine/child.h"

typedef struct {
  avow__parent_t parent;
  avow__reading_t watch; /* registered with the stream */
  avow_channel_t *polls;
  int fd;
} vigil_t;

static void vigil_leave(vigil_t *vigil) {
  avow__stream_leave(&vigil->watch, vigil->parent.context, AVOW__WATCHED);
}

/* Whether the system reports an event that was not requested. The descriptor
   must be open. */
static bool has_hung_up(int fd) {
  struct pollfd now = { .fd = fd };
  return poll(&now, 1, 0) > 0;
}

/* Out-of-band data is not read and stays pending. If the peer has sent some,
   its hangup can no longer be detected. */
static void vigil_report(avow__parent_t *parent, uint32_t index,
                         avow_value_t outcome) {
  vigil_t *vigil = (vigil_t *) parent;
  vigil_leave(vigil);
  if (has_hung_up(vigil->fd))
    avow__parent_settle(parent, avow_none());
  else if (avow_is_error(&outcome))
    avow__parent_settle(parent, avow_value_ref(&outcome));
  else
    avow__parent_settle(parent, avow__error_of(UV_ENOTSUP, "poll", NULL));
  avow__value_unref(outcome);
}

static void vigil_cancel(avow__parent_t *parent) {
  vigil_leave((vigil_t *) parent);
  avow__children_cancel(parent);
}

static void vigil_destroy(avow__parent_t *parent) {
  const vigil_t *vigil = (vigil_t *) parent;
  avow_channel_unref(vigil->polls);
  if (vigil->fd >= 0)
    (void) close(vigil->fd); /* the stream stays open */
}

static const avow__parent_class_t vigil_class = { .report = vigil_report,
                                                  .cancel = vigil_cancel,
                                                  .destroy = vigil_destroy };

static void vigil_on_close(avow__reading_t *watch) {
  const vigil_t *vigil = AVOW__CONTAINER(vigil_t, watch, watch);
  avow__cancel((avow_promise_t *) vigil->parent.deferred);
}

/* Returns 0, or a code if the stream cannot be watched. */
static int vigil_enter(vigil_t *vigil, avow_stream_t stream) {
  uv_os_fd_t fd;
  int err =
      avow__stream_enter(&vigil->watch, AVOW__WATCHED, stream, vigil_on_close);
  if (err == 0)
    err = uv_fileno(stream.self, &fd);
  if (err != 0)
    return err;
  vigil->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return vigil->fd >= 0 ? 0 : uv_translate_sys_error(errno);
}

static avow_promise_t *uv_hangup(avow_stream_t stream) {
  avow_promise_t *p;
  uv_loop_t *loop = avow__stream_loop(stream);
  vigil_t *vigil = avow__parent_new(loop, &vigil_class, sizeof(*vigil), &p);
  if (vigil == NULL)
    return p;
  vigil->fd = -1;
  const int err = vigil_enter(vigil, stream);
  if (err == 0) {
    vigil->polls = avow_polls(loop, vigil->fd, UV_PRIORITIZED);
    avow__child_add(&vigil->parent,
                    avow_follow(avow_channel_next(vigil->polls)), 0);
  } else {
    vigil_leave(vigil);
    avow__parent_settle(&vigil->parent, avow__error_of(err, "poll", NULL));
  }
  avow__parent_unref(&vigil->parent);
  return p;
}

#else

static avow_promise_t *uv_hangup(avow_stream_t stream) {
  return avow__refuse(avow__stream_loop(stream), UV_ENOTSUP, "poll", NULL);
}

#endif

avow_promise_t *avow_hangup(avow_stream_t stream) {
  avow__check_given(stream.klass, "stream");
  return avow__is_uv(stream) ? uv_hangup(stream) : avow__any_hangup(stream);
}
